package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func TestTLS(t *testing.T) {
	cert, ca := selfMade(t)
	_, otherCA := selfMade(t)
	secured := func(s *smtp.Server) {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
		s.AllowInsecureAuth = false
	}
	tests := []struct {
		name   string
		server func(*smtp.Server)
		change func(*SMTPConfig)
		class  Class
		word   string // "" for accepted
	}{
		{"STARTTLS with password", secured, func(c *SMTPConfig) {
			c.TLS = "mandatory"
			c.CAFile = ca
			c.Username = "shop"
			c.Password = canarySecret
		}, 0, ""},
		{"password from a file", secured, func(c *SMTPConfig) {
			c.TLS = "mandatory"
			c.CAFile = ca
			c.Username = "shop"
			c.PasswordFile = filepath.Join(filepath.Dir(ca), "password")
			if err := os.WriteFile(c.PasswordFile, []byte(canarySecret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 0, ""},
		{"opportunistic, offered", secured, func(c *SMTPConfig) { c.TLS, c.CAFile = "opportunistic", ca }, 0, ""},
		{"opportunistic, not offered", nil, func(c *SMTPConfig) { c.TLS = "opportunistic" }, 0, ""},
		{"mandatory, not offered", nil, func(c *SMTPConfig) { c.TLS = "mandatory" }, Later, WordUnreachable},
		{"an authority that is not ours", secured, func(c *SMTPConfig) { c.TLS, c.CAFile = "mandatory", otherCA },
			Later, WordUnreachable},
		{"an authority of nobody", secured, func(c *SMTPConfig) { c.TLS = "mandatory" }, Later, WordUnreachable},
		{"wrong password", secured, func(c *SMTPConfig) {
			c.TLS = "mandatory"
			c.CAFile = ca
			c.Username = "shop"
			c.Password = "wrong"
		}, Later, WordRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRelay(t, always("ok"), tt.server)
			c := r.config()
			tt.change(&c)
			s, err := NewSMTP(c, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Deliver(context.Background(), letter("m1", time.Now()), Text{Subject: "a", Body: "b"})
			if tt.word == "" {
				if err != nil || len(r.taken()) != 1 || len(r.users) == 0 && c.Username != "" {
					t.Errorf("got %v, %d mails, users %q, want it taken", err, len(r.taken()), r.users)
				}
				return
			}
			if f, _ := errors.AsType[*Failure](err); f == nil || f.Class != tt.class || f.Word != tt.word ||
				len(r.taken()) != 0 {
				t.Errorf("got %#v with %d mails, want %s %s with none", f, len(r.taken()), tt.class, tt.word)
			}
		})
	}
}

func TestImplicitTLS(t *testing.T) {
	cert, ca := selfMade(t)
	s := smtp.NewServer(nil)
	r := &relay{t: t, manner: always("ok"), stop: make(chan struct{})}
	s.Backend = smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &exchange{r: r, c: c}, nil })
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	defer func() { _ = s.Close() }()
	r.address = l.Addr().String()
	c := r.config()
	c.TLS = "implicit"
	c.CAFile = ca
	c.Username = "shop"
	c.Password = canarySecret
	d, err := NewSMTP(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Deliver(context.Background(), letter("m1", time.Now()), Text{Subject: "a", Body: "b"}); err != nil ||
		len(r.taken()) != 1 || len(r.users) != 1 {
		t.Errorf("got %v, %d mails, %d sign-ins, want one of each", err, len(r.taken()), len(r.users))
	}
}

func TestSMTPSettings(t *testing.T) {
	good := SMTPConfig{Host: "mail.example.com", From: "a@example.com"}
	if _, err := NewSMTP(good, time.Now); err != nil {
		t.Fatalf("got %v for good settings", err)
	}
	tests := []struct {
		name   string
		change func(*SMTPConfig)
		want   string
	}{
		{"from", func(c *SMTPConfig) { c.From = "nobody" }, "from"},
		{"from with a line end", func(c *SMTPConfig) { c.From = "a@example.com\r\nBcc: b@example.com" }, "from"},
		{"tls", func(c *SMTPConfig) { c.TLS = "maybe" }, "maybe"},
		{"plain text to another machine", func(c *SMTPConfig) { c.TLS = "none" }, "this machine"},
		{"password that may be stripped", func(c *SMTPConfig) {
			c.TLS = "opportunistic"
			c.Username = "a"
			c.Password = "b"
		}, "STARTTLS"},
		{"password without user", func(c *SMTPConfig) { c.Password = "b" }, "username"},
		{"user without password", func(c *SMTPConfig) { c.Username = "b" }, "password"},
		{"auth", func(c *SMTPConfig) {
			c.Username = "a"
			c.Password = "b"
			c.Auth = "magic"
		}, "magic"},
		{"port", func(c *SMTPConfig) { c.Port = 70000 }, "70000"},
		{"timeout", func(c *SMTPConfig) { c.Timeout = time.Hour }, "timeout"},
		{"hello", func(c *SMTPConfig) { c.Hello = "a\r\nMAIL FROM:<b>" }, "hello"},
		{"authorities", func(c *SMTPConfig) { c.CAFile = "/does/not/exist" }, "ca-file"},
		{"password file", func(c *SMTPConfig) { c.Username, c.PasswordFile = "a", "/does/not/exist" }, "secret"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			if _, err := NewSMTP(c, time.Now); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
}
