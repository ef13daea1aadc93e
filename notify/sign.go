package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"text/template"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Signing says how a request proves who sent it: ours to a gateway, or a
// gateway's receipt to us.
type Signing struct {
	Scheme          string // none, basic, bearer, hmac-sha256; to a gateway also acs3, tc3, aws4
	User            string // basic; acs3, tc3, aws4: the id of the access key
	Service         string // tc3, aws4: as the provider calls it, for example sms
	Region          string // aws4
	Secret          Secret
	SecretFile      string
	Header          string        // of the signature; bearer: Authorization
	Prefix          string        // before the value; bearer: "Bearer "
	Encoding        string        // hmac: hex (default) or base64
	TimestampHeader string        // hmac: carries Unix seconds; none if ""
	Over            string        // hmac: what is signed; see signed
	Tolerance       time.Duration // hmac receipts: allowed age and lead of the timestamp; 5 min
}

// signed is what the template Signing.Over sees. Method, Path and Host are
// "" for receipts.
type signed struct {
	Timestamp, Body, Method, Path, Host, ID string
}

// A signer is a Signing ready for use.
type signer struct {
	Signing
	secret string
	over   *template.Template
	cloud  *cloud // nil: the scheme does not sign whole requests
	nonce  func() string
	now    func() time.Time
}

func newSigner(s Signing, now func() time.Time) (*signer, error) {
	secret, err := reveal(s.Secret, s.SecretFile)
	if err != nil {
		return nil, err
	}
	g := &signer{Signing: s, secret: secret, nonce: freshNonce, now: now}
	c, whole := clouds()[s.Scheme]
	switch s.Scheme {
	case "", "none":
		g.Scheme = "none"
		return g, nil
	case "basic":
		if s.User == "" || strings.Contains(s.User, ":") {
			err = errors.New("basic needs a user without a colon")
		}
		g.Header, g.Prefix = "Authorization", "Basic "
	case "bearer":
		if s.Header == "" {
			g.Header, g.Prefix = "Authorization", "Bearer "
		}
	case "hmac-sha256":
		err = g.prepareHMAC()
	default:
		if !whole {
			return nil, fmt.Errorf("signing: scheme %q is none of none, basic, bearer, hmac-sha256, acs3, tc3, aws4",
				s.Scheme)
		}
		err = g.prepareCloud(c)
	}
	if err == nil && secret == "" {
		err = fmt.Errorf("%s needs a secret", s.Scheme)
	}
	if err == nil && !httpguts.ValidHeaderFieldValue(g.Prefix+g.secret) {
		err = errors.New("the secret or prefix has characters that a header cannot carry")
	}
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return g, nil
}

func (g *signer) prepareHMAC() error {
	if g.Over == "" {
		g.Over = "{{.Body}}"
		if g.TimestampHeader != "" {
			g.Over = "{{.Timestamp}}.{{.Body}}"
		}
	}
	if g.Tolerance <= 0 {
		g.Tolerance = 5 * time.Minute
	}
	switch {
	case !httpguts.ValidHeaderFieldName(g.Header):
		return errors.New("hmac-sha256 needs the name of a header")
	case g.TimestampHeader != "" && !httpguts.ValidHeaderFieldName(g.TimestampHeader):
		return errors.New("timestamp-header is no name of a header")
	case g.Encoding == "":
		g.Encoding = "hex"
	case g.Encoding != "hex" && g.Encoding != "base64":
		return fmt.Errorf("encoding %q is neither hex nor base64", g.Encoding)
	}
	t, err := parse("over", g.Over)
	if err != nil {
		return err
	}
	g.over = t
	a, err := execute(t, signed{Body: "a"})
	if err != nil {
		return err
	}
	if b, _ := execute(t, signed{Body: "b"}); a == b {
		return errors.New("over must cover {{.Body}}")
	}
	return nil
}

// sign adds the proof to r, whose body is body.
func (g *signer) sign(r *http.Request, body, id string) error {
	switch g.Scheme {
	case "basic":
		r.SetBasicAuth(g.User, g.secret)
	case "bearer":
		r.Header.Set(g.Header, g.Prefix+g.secret)
	case "acs3", "tc3", "aws4":
		g.signCloud(r, body)
	case "hmac-sha256":
		stamp := strconv.FormatInt(g.now().Unix(), 10)
		mac, err := g.mac(signed{stamp, body, r.Method, r.URL.RequestURI(), r.URL.Host, id})
		if err != nil {
			return err
		}
		if g.TimestampHeader != "" {
			r.Header.Set(g.TimestampHeader, stamp)
		}
		r.Header.Set(g.Header, g.Prefix+g.encode(mac))
	}
	return nil
}

func (g *signer) mac(s signed) ([]byte, error) {
	text, err := execute(g.over, s)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, []byte(g.secret))
	h.Write([]byte(text))
	return h.Sum(nil), nil
}

func (g *signer) encode(b []byte) string {
	if g.Encoding == "base64" {
		return base64.StdEncoding.EncodeToString(b)
	}
	return hex.EncodeToString(b)
}

// proves reports whether header proves that the holder of the secret sent
// body. Comparisons take the same time whatever differs. A header that is
// there twice proves nothing: proxies disagree about which one counts.
func (g *signer) proves(header http.Header, body []byte) bool {
	got := header.Values(g.Header)
	if len(got) != 1 {
		return false
	}
	switch g.Scheme {
	case "basic":
		pair := base64.StdEncoding.EncodeToString([]byte(g.User + ":" + g.secret))
		return same(got[0], g.Prefix+pair)
	case "bearer":
		return same(got[0], g.Prefix+g.secret)
	case "hmac-sha256":
		stamp, ok := g.fresh(header)
		if !ok {
			return false
		}
		mac, err := g.mac(signed{Timestamp: stamp, Body: string(body)})
		if err != nil {
			return false
		}
		want, value := g.Prefix+g.encode(mac), got[0]
		if g.Encoding == "hex" {
			want, value = strings.ToLower(want), strings.ToLower(value)
		}
		return same(value, want)
	}
	return false
}

// fresh returns the timestamp of a receipt; one that is old or early was
// recorded and played again.
func (g *signer) fresh(header http.Header) (string, bool) {
	if g.TimestampHeader == "" {
		return "", true
	}
	list := header.Values(g.TimestampHeader)
	if len(list) != 1 {
		return "", false
	}
	seconds, err := strconv.ParseInt(list[0], 10, 64)
	if err != nil {
		return "", false
	}
	age := g.now().Sub(time.Unix(seconds, 0))
	return list[0], age <= g.Tolerance && age >= -g.Tolerance
}

// same compares hashes, so that not even the length of want shows.
func same(got, want string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return hmac.Equal(a[:], b[:])
}
