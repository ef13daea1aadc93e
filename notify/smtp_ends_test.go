package notify

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// TestEndsOfSMTPSettings holds each bound from both sides, and what is chosen where nothing is said.
func TestEndsOfSMTPSettings(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*SMTPConfig)
		want   string // "" for good
	}{
		{"no encryption on this machine", func(c *SMTPConfig) { c.TLS, c.Host = "none", "localhost" }, ""},
		{"opportunistic without a password", func(c *SMTPConfig) { c.TLS = "opportunistic" }, ""},
		{"opportunistic on this machine", func(c *SMTPConfig) {
			c.TLS, c.Host = "opportunistic", "127.0.0.1"
			c.Username, c.Password = "a", "b"
		}, ""},
		{"no time", func(c *SMTPConfig) { c.Timeout = -1 }, "below 45s"},
		{"all the time there is", func(c *SMTPConfig) { c.Timeout = Hold }, "below 45s"},
		{"a little less", func(c *SMTPConfig) { c.Timeout = Hold - 1 }, ""},
		{"port -1", func(c *SMTPConfig) { c.Port = -1 }, "port -1"},
		{"port 1", func(c *SMTPConfig) { c.Port = 1 }, ""},
		{"port 65535", func(c *SMTPConfig) { c.Port = 65535 }, ""},
		{"port 65536", func(c *SMTPConfig) { c.Port = 65536 }, "port 65536"},
		{"hello with a blank", func(c *SMTPConfig) { c.Hello = "a b" }, "hello"},
		{"hello of the first and the last sign", func(c *SMTPConfig) { c.Hello = "!~" }, ""},
		{"hello beyond", func(c *SMTPConfig) { c.Hello = "a\x7f" }, "hello"},
	} {
		c := SMTPConfig{Host: "mail.example.com", From: "a@example.com"}
		tt.change(&c)
		_, err := NewSMTP(c, time.Now)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that says %q", tt.name, err, tt.want)
		}
	}
	for _, tt := range []struct {
		tls         string
		slots       int
		port, lanes int
	}{{"", 0, 587, 6}, {"mandatory", 3, 587, 3}, {"implicit", 0, 465, 6}, {"opportunistic", 1, 587, 1}} {
		s, err := NewSMTP(SMTPConfig{Host: "a.example", From: "a@example.com", TLS: tt.tls, Slots: tt.slots}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if s.c.Port != tt.port || newLane(s).slots != tt.lanes || s.c.Timeout != 20*time.Second {
			t.Errorf("%q: got port %d, %d slots, %s, want %d, %d, 20 s",
				tt.tls, s.c.Port, newLane(s).slots, s.c.Timeout, tt.port, tt.lanes)
		}
	}
}

// TestPasswordsGoEncrypted: the library is told that it may do without encryption only where it cannot see ours, and
// on this machine.
func TestPasswordsGoEncrypted(t *testing.T) {
	for _, tt := range []struct {
		host, tls, auth string
		want            gomail.SMTPAuthType
	}{
		{"mail.example.com", "mandatory", "", gomail.SMTPAuthPlain},
		{"mail.example.com", "mandatory", "plain", gomail.SMTPAuthPlain},
		{"mail.example.com", "implicit", "plain", gomail.SMTPAuthPlainNoEnc},
		{"127.0.0.1", "mandatory", "plain", gomail.SMTPAuthPlainNoEnc},
		{"mail.example.com", "mandatory", "login", gomail.SMTPAuthLogin},
		{"mail.example.com", "implicit", "login", gomail.SMTPAuthLoginNoEnc},
		{"localhost", "none", "login", gomail.SMTPAuthLoginNoEnc},
		{"mail.example.com", "mandatory", "cram-md5", gomail.SMTPAuthCramMD5},
		{"mail.example.com", "implicit", "scram-sha-256", gomail.SMTPAuthSCRAMSHA256},
	} {
		got, ok := SMTPConfig{Host: tt.host, TLS: tt.tls, Auth: tt.auth}.authType()
		if !ok || got != tt.want {
			t.Errorf("%s, %s, %q: got %s, %v, want %s", tt.host, tt.tls, tt.auth, got, ok, tt.want)
		}
	}
}

// TestRepliesOfRelays takes the first and the last of each hundred, and what an error without a code may mean.
func TestRepliesOfRelays(t *testing.T) {
	reply := func(code int) error { return &textproto.Error{Code: code, Msg: canaryAnswer} }
	ended := &gomail.SendError{Reason: gomail.ErrSMTPDataClose}
	for _, tt := range []struct {
		err     error
		sending bool
		class   Class
		word    string
		status  int
	}{
		{reply(399), false, Later, WordUnreachable, 0},
		{reply(400), false, Later, WordBusy, 400},
		{reply(499), false, Later, WordBusy, 499},
		{reply(500), true, Never, WordRefused, 500},
		{reply(500), false, Later, WordRefused, 500}, // of the greeting or the password: none of the mail
		{reply(599), false, Later, WordRefused, 599},
		{reply(600), false, Later, WordUnreachable, 0},
		{ended, true, Unsure, WordNoAnswer, 0},
		{ended, false, Later, WordUnreachable, 0},
		{&gomail.SendError{Reason: gomail.ErrSMTPData}, true, Later, WordUnreachable, 0},
		{io.ErrUnexpectedEOF, true, Later, WordUnreachable, 0},
	} {
		f, _ := errors.AsType[*Failure](refusedBy(tt.err, tt.sending))
		if f == nil || f.Class != tt.class || f.Word != tt.word || f.Status != tt.status {
			t.Errorf("%v, %v: got %#v, want %s %s %d", tt.err, tt.sending, f, tt.class, tt.word, tt.status)
		}
	}
}

// TestQuitIsSaidAfterTheMail, and the connection closed after that.
func TestQuitIsSaidAfterTheMail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	said := make(chan string, 1)
	go func() {
		defer close(said)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		in := bufio.NewScanner(c)
		_, _ = io.WriteString(c, "220 localhost\r\n")
		for _, reply := range []string{"250 localhost", "250 ok", "250 ok", "354 go"} {
			in.Scan()
			_, _ = io.WriteString(c, reply+"\r\n")
		}
		for in.Scan() && in.Text() != "." {
		}
		_, _ = io.WriteString(c, "250 taken\r\n")
		in.Scan()
		last := in.Text()
		_, _ = io.WriteString(c, "221 bye\r\n")
		if in.Scan() {
			last += " and then " + in.Text()
		}
		said <- last
	}()
	s, err := NewSMTP((&relay{address: l.Addr().String()}).config(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := render(letter("m1", time.Now()))
	if _, err := s.Deliver(t.Context(), letter("m1", time.Now()), text); err != nil {
		t.Fatal(err)
	}
	if got := <-said; got != "QUIT" {
		t.Errorf("got %q after the mail, want QUIT and the end", got)
	}
}

// TestWireIsClosed: a connection that comes after its mail was given up is closed at once, one that is there with it.
func TestWireIsClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	closed := func() {
		t.Helper()
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = far.Close() }()
		_ = far.SetReadDeadline(time.Now().Add(10 * time.Second)) // only for a test that fails
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("got %v from the other end, want it closed", err)
		}
	}
	w := &wire{}
	conn, err := w.dial(context.Background(), "tcp", l.Addr().String())
	if err != nil || conn == nil {
		t.Fatal(err)
	}
	w.close()
	closed()
	w.close()
	late := &wire{}
	late.close()
	if conn, err := late.dial(context.Background(), "tcp", l.Addr().String()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, %v, want %v", conn, err, net.ErrClosed)
	}
	closed()
}

// TestEncodingOfMails is the shorter one; and no sign of a sender's name ends its place.
func TestEncodingOfMails(t *testing.T) {
	for body, foreign := range map[string]bool{"": false, "aaaaaa": false, "\x7f": false, "\x80aaaa": true,
		"\x80aaaaa": false, "店": true} {
		if got := mostlyForeign(body); got != foreign {
			t.Errorf("%q: got mostly foreign %v, want %v", body, got, foreign)
		}
	}
	for in, want := range map[string]string{"a\r\nb": "a  b", "\x00\t\x7f\u0085": "    ", "a\u2028b\u2029c": "a b c",
		"é~ 店": "é~ 店"} {
		if got := oneLine(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	for name, shown := range map[string]string{"Shop": "Shop", "店, Ltd. (a)": "店, Ltd. (a)", "a;b:c@d": "a;b:c@d",
		`The "best" \ shop`: "The  best   shop"} {
		from := (&mail.Address{Name: name, Address: "a@example.com"}).String()
		s, err := NewSMTP(SMTPConfig{Host: "a.example", From: from}, time.Now)
		if err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		for body, want := range map[string]string{"plain text": "quoted-printable", "您的验证码": "base64"} {
			msg, _, err := s.compose(letter("m1", time.Now()), Text{Subject: "s", Body: body})
			if err != nil {
				t.Errorf("%s: got %v, want a mail", from, err)
				continue
			}
			var b bytes.Buffer
			if _, err := msg.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			m := readMail(t, b.String())
			if got := m.head.Get("Content-Transfer-Encoding"); got != want {
				t.Errorf("%q: got the encoding %q, want %q", body, got, want)
			}
			if list, err := m.head.AddressList("From"); err != nil || len(list) != 1 || list[0].Name != shown {
				t.Errorf("From: got %v, %v, want %q", list, err, shown)
			}
		}
	}
}
