package webauthn

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-auth/latchkey/auth"
)

// Config is what the factor must know. RPID and Origins are required.
type Config struct {
	RPID       string   // the domain that credentials are scoped to, such as "shop.example"
	RPName     string   // shown by browsers; RPID when empty
	Origins    []string // where the pages are served, exactly as browsers serialise it; or "android:apk-key-hash:…"
	TopOrigins []string // sites that may show the pages in a frame; empty: none, and framed answers are refused

	// UserVerification is asked of a USB key: "discouraged" (the default: a touch, the password is the other
	// factor), "preferred" or "required" (a PIN or a finger every time).
	UserVerification string

	Attestation AttestationPolicy
	Models      map[AAGUID]string // names beside WellKnownModels, and before them
	Metadata    func() *Metadata  // what is in use now, which may be nil; nil: there is never any
	Random      io.Reader         // challenges; the operating system when nil
}

// AttestationPolicy says which keys may be registered (Level 3 §7.1 steps 21 to 24). The zero value takes any
// key and asks none for its papers.
type AttestationPolicy struct {
	Ask     bool     // ask for attestation ("direct"); without it browsers blank the statement
	Require bool     // take certified keys only: a statement that chains to Roots or the metadata. Implies Ask
	Roots   []Root   // trust anchors beside those that metadata name
	Allow   []AAGUID // if set, only these models, proved by a chain. Implies Require
	Deny    []AAGUID // never these models, whether proved or only claimed

	// Least is what every key and passkey must be. ProvedKey implies Require, and a level needs metadata.
	Least auth.Grade

	// Recall is how long the owner of a key whose model is recalled has to register another one: 30 days when zero.
	// Nothing ends with it.
	Recall time.Duration

	// AnyU2FModel takes fido-u2f statements with an AAGUID. U2F knows none, so one is refused as forged by
	// default.
	AnyU2FModel bool
}

// A Root is a trust anchor for attestation.
type Root struct {
	Certificate *x509.Certificate
	Models      []AAGUID // the models that it may vouch for; empty: any
}

// Factor implements auth.Factor and auth.Identifier. It is safe for concurrent use and keeps nothing.
type Factor struct {
	rp        *webauthn.WebAuthn
	config    Config
	rpIDHash  [sha256.Size]byte
	params    []protocol.CredentialParameter
	models    map[AAGUID]string
	needVerif protocol.UserVerificationRequirement
}

var (
	_ auth.Factor     = (*Factor)(nil)
	_ auth.Identifier = (*Factor)(nil)
)

// New returns the factor. It errors on a configuration that could not work or would be weaker than it looks.
func New(c Config) (*Factor, error) {
	if c.RPName == "" {
		c.RPName = c.RPID
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Attestation.Recall == 0 {
		c.Attestation.Recall = recallTime
	}
	if c.UserVerification == "" {
		c.UserVerification = string(protocol.VerificationDiscouraged)
	}
	if len(c.Attestation.Allow) > 0 {
		c.Attestation.Require = true
	}
	if c.Attestation.Least >= auth.ProvedKey {
		c.Attestation.Require = true
	}
	if c.Attestation.Require {
		c.Attestation.Ask = true
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("configuring webauthn: %w", err)
	}
	sites, apps := split(c.Origins)
	rp, err := webauthn.New(&webauthn.Config{
		RPID: c.RPID, RPDisplayName: c.RPName, RPOrigins: sites, RPOpaqueOrigins: apps, RPTopOrigins: c.TopOrigins,
		RPTopOriginVerificationMode: protocol.TopOriginExplicitVerificationMode,
		RPAllowCrossOrigin:          len(c.TopOrigins) > 0,
		// Real clients volunteer outputs such as credProps; the default would fail them.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, errors.New("configuring webauthn: the library takes neither this RP ID nor these origins")
	}
	f := &Factor{
		rp: rp, config: c, rpIDHash: sha256.Sum256([]byte(c.RPID)), params: offered(), models: WellKnownModels(),
		needVerif: protocol.UserVerificationRequirement(c.UserVerification),
	}
	for id, name := range c.Models {
		f.models[id] = name
	}
	return f, nil
}

func (c *Config) check() error {
	if err := protocol.ValidateRPID(c.RPID); err != nil {
		return fmt.Errorf("RP ID %q is not a domain", c.RPID)
	}
	if len(c.Origins) == 0 {
		return errors.New("no origin")
	}
	sites, _ := split(c.Origins)
	for _, o := range slices.Concat(sites, c.TopOrigins) {
		if err := checkOrigin(o); err != nil {
			return err
		}
	}
	switch c.UserVerification {
	case "discouraged", "preferred", "required":
	default:
		return fmt.Errorf("user verification %q is none of discouraged, preferred, required", c.UserVerification)
	}
	if c.Attestation.Require && len(c.Attestation.Roots) == 0 && c.Metadata == nil {
		return errors.New("certified keys are required, but there is no root to trust") // nobody could register
	}
	if c.Attestation.Recall < 24*time.Hour {
		return errors.New("owners of recalled keys have less than a day")
	}
	if l := c.Attestation.Least.Level(); l != auth.Uncertified && c.Metadata == nil {
		return fmt.Errorf("keys of level %s are required, but there are no metadata that certify any", l)
	}
	return nil
}

// split tells the origins of Android apps, the hash of the certificate that signs them, from those of sites.
func split(origins []string) (sites, apps []string) {
	for _, o := range origins {
		hash, android := strings.CutPrefix(o, "android:apk-key-hash:")
		raw, err := base64.RawURLEncoding.Strict().DecodeString(hash)
		if android && err == nil && len(raw) == sha256.Size {
			apps = append(apps, o)
		} else {
			sites = append(sites, o)
		}
	}
	return sites, apps
}

// checkOrigin takes only what a browser would send: origins are compared as strings, so a slash at the end or a
// capital letter would lock everybody out.
func checkOrigin(o string) error {
	if strings.HasPrefix(o, "android:") {
		return fmt.Errorf("origin %q is not android:apk-key-hash: and a SHA-256 in base64 for URLs", o)
	}
	u, err := url.Parse(o)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o || o != strings.ToLower(o) {
		return fmt.Errorf("origin %q is not of the form scheme://host or scheme://host:port in lower case", o)
	}
	local := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost")
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return fmt.Errorf("origin %q: browsers offer keys on https only", o)
	}
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return fmt.Errorf("origin %q: browsers leave out the usual port", o)
	}
	return nil
}

// offered lists the algorithms asked for, best known first. It holds only what can be verified later: the
// library would register Ed448 (-53) and then never be able to check a signature.
func offered() []protocol.CredentialParameter {
	var params []protocol.CredentialParameter
	for _, alg := range []webauthncose.COSEAlgorithmIdentifier{
		webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgES384, webauthncose.AlgES512,
		webauthncose.AlgRS256,
	} {
		params = append(params, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: alg})
	}
	return params
}

// Kind returns auth.WebAuthn.
func (f *Factor) Kind() auth.Kind { return auth.WebAuthn }
