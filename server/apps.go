package server

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// An AndroidApp may use the site's keys and saved passwords: what stands about it in assetlinks.json.
type AndroidApp struct {
	Package      string   // its application id
	Fingerprints []string // SHA-256 of the certificates that sign it, in hexadecimal with colons
}

// The forms of what names an app.
const (
	androidPackage = `^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`
	fingerprint    = `^([0-9A-F]{2}:){31}[0-9A-F]{2}$`
	appleApp       = `^[A-Z0-9]{10}\.[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`
)

// assetLinks is /.well-known/assetlinks.json (Digital Asset Links), nil without apps.
func assetLinks(apps []AndroidApp) ([]byte, error) {
	type target struct {
		Namespace    string   `json:"namespace"`
		Package      string   `json:"package_name"`
		Fingerprints []string `json:"sha256_cert_fingerprints"`
	}
	type statement struct {
		Relation []string `json:"relation"`
		Target   target   `json:"target"`
	}
	var all []statement
	for _, app := range apps {
		if !regexp.MustCompile(androidPackage).MatchString(app.Package) {
			return nil, fmt.Errorf("android app %q is not an application id like shop.example.seller", app.Package)
		}
		to := target{Namespace: "android_app", Package: app.Package}
		for _, f := range app.Fingerprints {
			f = strings.ToUpper(strings.TrimSpace(f))
			if !regexp.MustCompile(fingerprint).MatchString(f) {
				return nil, fmt.Errorf("android app %s: want the SHA-256 of a certificate, 32 pairs with colons",
					app.Package)
			}
			to.Fingerprints = append(to.Fingerprints, f)
		}
		if len(to.Fingerprints) == 0 {
			return nil, fmt.Errorf("android app %s: want the fingerprint of the certificate that signs it", app.Package)
		}
		relations := []string{"delegate_permission/common.handle_all_urls",
			"delegate_permission/common.get_login_creds"}
		all = append(all, statement{relations, to})
	}
	if all == nil {
		return nil, nil
	}
	return json.Marshal(all)
}

// siteAssociation is /.well-known/apple-app-site-association, nil without apps.
func siteAssociation(apps []string) ([]byte, error) {
	for _, app := range apps {
		if !regexp.MustCompile(appleApp).MatchString(app) {
			return nil, fmt.Errorf("apple app %q is not a team and a bundle like ABCDE12345.shop.example.seller", app)
		}
	}
	if len(apps) == 0 {
		return nil, nil
	}
	return json.Marshal(map[string]map[string][]string{"webcredentials": {"apps": apps}})
}

// forApps answers with a file for apps, if it was configured.
func forApps(body []byte) func(*request) error {
	if body == nil {
		return func(*request) error { return auth.Refuse(auth.NotFound) }
	}
	return fixed("application/json", body)
}
