package notify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// parsed is a mail as its reader sees it.
type parsed struct {
	head  mail.Header
	parts map[string]string
}

func (p *parsed) header(name string) string {
	s, err := new(mime.WordDecoder).DecodeHeader(p.head.Get(name))
	if err != nil {
		return "undecodable: " + err.Error()
	}
	return s
}

func readMail(t *testing.T, raw string) *parsed {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("reading a mail: %v", err)
	}
	p := &parsed{head: m.Header, parts: map[string]string{}}
	kind, args, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("reading a mail's type: %v", err)
	}
	if kind != "multipart/alternative" {
		p.parts[kind] = decodePart(t, m.Header.Get("Content-Transfer-Encoding"), m.Body)
		return p
	}
	parts := multipart.NewReader(m.Body, args["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return p
		}
		kind, args, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if !strings.EqualFold(args["charset"], "utf-8") {
			t.Errorf("got charset %q, want UTF-8", args["charset"])
		}
		p.parts[kind] = decodePart(t, part.Header.Get("Content-Transfer-Encoding"), part)
	}
}

func decodePart(t *testing.T, encoding string, r io.Reader) string {
	t.Helper()
	switch encoding {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	default:
		t.Errorf("got encoding %q", encoding)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("decoding a part: %v", err)
	}
	return string(b)
}

// selfMade returns a certificate for 127.0.0.1 and the file that vouches for it.
func selfMade(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
