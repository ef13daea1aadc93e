package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A cloud is a provider whose gateway wants the whole request signed: method,
// path, query, some headers and the hash of the body, in one canonical form.
//
//	scheme  provider       time of the request   key
//	acs3    Alibaba Cloud  x-acs-date            the secret
//	tc3     Tencent Cloud  X-TC-Timestamp        "TC3"+secret by date, service, tc3_request
//	aws4    Amazon         X-Amz-Date            "AWS4"+secret by date, region, service, aws4_request
//
// Each is held to the examples that its provider publishes.
type cloud struct {
	algorithm string
	signs     []string // beginnings of the names of headers that are signed besides content-type and host
	needs     []string // headers that the gateway's settings must name
	lower     bool     // values of headers are signed in small letters
	comma     string   // between the parts of the proof
	secret    string   // goes before the secret in the first key

	stamp func(r *http.Request, body string, at time.Time, nonce string) // sets the headers of time
	// the same time in what is signed; nil: not there
	time  func(at time.Time) string
	scope func(s Signing, at time.Time) []string // what the key is made for; nil: for everything
	path  func(u *url.URL) string
	query func(r *http.Request) string
}

// clouds lists the schemes that sign whole requests.
func clouds() map[string]cloud {
	return map[string]cloud{
		// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
		"acs3": {
			algorithm: "ACS3-HMAC-SHA256", signs: []string{"x-acs-"}, comma: ",",
			needs: []string{"x-acs-action", "x-acs-version"},
			stamp: func(r *http.Request, body string, at time.Time, nonce string) {
				r.Header.Set("x-acs-date", at.Format(time.RFC3339))
				r.Header.Set("x-acs-signature-nonce", nonce)
				r.Header.Set("x-acs-content-sha256", hexHash(body))
			},
			path: oncePath, query: sortedQuery,
		},
		// https://www.tencentcloud.com/document/api/1005/34678
		"tc3": {
			algorithm: "TC3-HMAC-SHA256", signs: []string{"x-tc-action"}, lower: true, comma: ", ", secret: "TC3",
			needs: []string{"X-TC-Action", "X-TC-Version"},
			stamp: func(r *http.Request, _ string, at time.Time, _ string) {
				r.Header.Set("X-TC-Timestamp", strconv.FormatInt(at.Unix(), 10))
			},
			time: func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) },
			scope: func(s Signing, at time.Time) []string {
				return []string{at.Format(time.DateOnly), s.Service, "tc3_request"}
			},
			path: func(*url.URL) string { return "/" },
			query: func(r *http.Request) string {
				if r.Method != http.MethodGet {
					return ""
				}
				return r.URL.RawQuery
			},
		},
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
		"aws4": {
			algorithm: "AWS4-HMAC-SHA256", signs: []string{"x-amz-"}, comma: ", ", secret: "AWS4",
			stamp: func(r *http.Request, _ string, at time.Time, _ string) {
				r.Header.Set("X-Amz-Date", at.Format(amzTime))
			},
			time: func(at time.Time) string { return at.Format(amzTime) },
			scope: func(s Signing, at time.Time) []string {
				return []string{at.Format("20060102"), s.Region, s.Service, "aws4_request"}
			},
			path: func(u *url.URL) string { // encoded once more than it travels, as every service but S3 wants
				return strings.ReplaceAll(plainEscape(oncePath(u)), "%2F", "/")
			},
			query: sortedQuery,
		},
	}
}

const amzTime = "20060102T150405Z"

// prepareCloud checks the settings of a scheme that signs whole requests.
func (g *signer) prepareCloud(c cloud) error {
	g.cloud = &c
	switch {
	case g.User == "" || strings.ContainsAny(g.User, ",/ \t\r\n"):
		return fmt.Errorf("%s needs a user: the id of the access key", g.Scheme)
	case c.scope != nil && g.Service == "":
		return fmt.Errorf("%s needs a service, as its provider calls it", g.Scheme)
	case g.Scheme == "aws4" && g.Region == "":
		return errors.New("aws4 needs a region")
	case g.Prefix != "" || g.Header != "" || g.TimestampHeader != "" || g.Over != "":
		return fmt.Errorf("%s knows its own headers: leave header, prefix, timestamp-header and over out", g.Scheme)
	}
	g.Header = "Authorization"
	return nil
}

// fits reports what a gateway's settings lack for its scheme.
func (g *signer) fits(headers map[string]string, contentType string) error {
	if g.cloud == nil {
		return nil
	}
	for _, want := range g.cloud.needs {
		found := false
		for name := range headers {
			found = found || strings.EqualFold(name, want)
		}
		if !found {
			return fmt.Errorf("signing: %s needs the header %s", g.Scheme, want)
		}
	}
	if g.Scheme == "tc3" && contentType == "" {
		return errors.New("signing: tc3 needs a content-type")
	}
	return nil
}

// signCloud adds the headers of the scheme to r.
func (g *signer) signCloud(r *http.Request, body string) {
	c, at := g.cloud, g.now().UTC()
	c.stamp(r, body, at, g.nonce())
	names, lines := c.headers(r)
	form := strings.Join([]string{r.Method, c.path(r.URL), c.query(r), lines, names, hexHash(body)}, "\n")
	key := []byte(c.secret + g.secret)
	credential := g.User
	said := []string{c.algorithm}
	if c.time != nil {
		said = append(said, c.time(at))
	}
	if c.scope != nil {
		scope := c.scope(g.Signing, at)
		for _, part := range scope {
			key = hmac256(key, part)
		}
		said = append(said, strings.Join(scope, "/"))
		credential += "/" + strings.Join(scope, "/")
	}
	said = append(said, hexHash(form))
	proof := hex.EncodeToString(hmac256(key, strings.Join(said, "\n")))
	r.Header.Set(g.Header, c.algorithm+" Credential="+credential+c.comma+"SignedHeaders="+names+c.comma+
		"Signature="+proof)
}

// headers returns the names of the headers that are signed and their lines.
func (c *cloud) headers(r *http.Request) (names, lines string) {
	signed := map[string]string{"host": r.URL.Host}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		wanted := slices.ContainsFunc(c.signs, func(s string) bool { return strings.HasPrefix(name, s) })
		if wanted || name == "content-type" {
			signed[name] = strings.Join(strings.Fields(strings.Join(values, ",")), " ")
		}
	}
	var list []string
	for name := range signed {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, name := range list {
		value := signed[name]
		if c.lower {
			value = strings.ToLower(value)
		}
		lines += name + ":" + value + "\n"
	}
	return strings.Join(list, ";"), lines
}

// oncePath is the path as it travels.
func oncePath(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// sortedQuery is the query of r in the order and the escapes of RFC 3986.
func sortedQuery(r *http.Request) string {
	var pairs [][2]string
	for name, values := range r.URL.Query() {
		for _, v := range values {
			pairs = append(pairs, [2]string{plainEscape(name), plainEscape(v)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if n := strings.Compare(a[0], b[0]); n != 0 {
			return n
		}
		return strings.Compare(a[1], b[1])
	})
	var list []string
	for _, p := range pairs {
		list = append(list, p[0]+"="+p[1])
	}
	return strings.Join(list, "&")
}

// plainEscape escapes everything but the unreserved characters of RFC 3986.
func plainEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hexHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func hmac256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// freshNonce is a number used once: a gateway refuses to take one twice.
func freshNonce() string { return rand.Text() }
