package notify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/needs"
)

// relay is a real SMTP server that behaves as manner says, for the n-th mail.
type relay struct {
	t       *testing.T
	manner  func(n int) string
	address string
	stop    chan struct{}

	mu    sync.Mutex
	n     int
	mails []string // taken in full
	hello []string
	users []string
	torn  int // texts that broke off
}

func newRelay(t *testing.T, manner func(n int) string, change func(*smtp.Server)) *relay {
	t.Helper()
	r := &relay{t: t, manner: manner, stop: make(chan struct{})}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &exchange{r: r, c: c},
			nil
	}))
	s.Domain = "localhost"
	s.MaxMessageBytes = 64 << 20
	s.AllowInsecureAuth = true
	s.ErrorLog = quiet{}
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() {
		close(r.stop)
		_ = s.Close()
	})
	return r
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type exchange struct {
	r    *relay
	c    *smtp.Conn
	play string
}

func (x *exchange) AuthMechanisms() []string { return []string{sasl.Plain} }
func (x *exchange) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != canarySecret {
			return smtp.ErrAuthFailed
		}
		x.r.mu.Lock()
		defer x.r.mu.Unlock()
		x.r.users = append(x.r.users, user)
		return nil
	}), nil
}
func (x *exchange) Reset()        {}
func (x *exchange) Logout() error { return nil }
func (x *exchange) Mail(string, *smtp.MailOptions) error {
	x.r.mu.Lock()
	defer x.r.mu.Unlock()
	x.r.n++
	x.r.hello = append(x.r.hello, x.c.Hostname())
	x.play = x.r.manner(x.r.n)
	return nil
}
func (x *exchange) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch x.play {
	case "451":
		return &smtp.SMTPError{Code: 451, Message: canaryAnswer + " " + to}
	case "550":
		return &smtp.SMTPError{Code: 550, Message: canaryAnswer + " " + to}
	}
	return nil
}
func (x *exchange) Data(r io.Reader) error {
	switch x.play {
	case "drop mid":
		_, _ = io.CopyN(io.Discard, r, 1000)
		return x.c.Close()
	case "stall mid":
		_, _ = io.CopyN(io.Discard, r, 1000)
		<-x.r.stop
		return errors.New("stalled")
	}
	b, err := io.ReadAll(r)
	x.r.mu.Lock()
	if err != nil {
		x.r.torn++
	} else if !strings.HasPrefix(x.play, "refuse") {
		x.r.mails = append(x.r.mails, string(b))
	}
	x.r.mu.Unlock()
	switch x.play {
	case "take and drop":
		return x.c.Close()
	case "take and hang":
		<-x.r.stop
	case "refuse 554":
		return &smtp.SMTPError{Code: 554, Message: canaryAnswer}
	}
	return err
}

func (r *relay) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.mails...)
}

func (r *relay) config() SMTPConfig {
	host, port, _ := net.SplitHostPort(r.address)
	c := SMTPConfig{Host: host, TLS: "none", From: "山口商城 <no-reply@example.com>", Timeout: 5 * time.Second}
	_, _ = fmt.Sscan(port, &c.Port)
	return c
}

// always plays one manner, first another if one is given.
func always(manner string, before ...string) func(int) string {
	return func(n int) string {
		if n <= len(before) {
			return before[n-1]
		}
		return manner
	}
}

func TestMail(t *testing.T) {
	r := newRelay(t, always("ok"), nil)
	c, log := newClock(), &journal{}
	b := newBox(c.now)
	d, err := New(Config{SMTP: r.config()}, b, func(m auth.Message) (Text, error) {
		return Text{Subject: "您的登录验证码：请勿告知任何人，五分钟内有效，编号 K7", Body: "您好，\n.\n您的验证码是 " + m.Args["code"] + "。\n",
			HTML: "<p>您的验证码是 <b>" + m.Args["code"] + "</b>。</p>"}, nil
	}, c.now, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	b.put(letter("id-1", c.now()))
	pump(d)
	got := b.get("id-1")
	if got.State != auth.Accepted || got.Gateway != "smtp" || len(r.taken()) != 1 {
		t.Fatalf("got %s by %q with %d mails, want accepted by smtp with 1\n%s", got.State, got.Gateway, len(r.taken()),
			log)
	}
	m := readMail(t, r.taken()[0])
	for name, want := range map[string]string{
		"Subject": "您的登录验证码：请勿告知任何人，五分钟内有效，编号 K7", "To": "<" + canaryMail + ">",
		"Auto-Submitted": "auto-generated", "Content-Language": "zh-CN", "Message-Id": "<" + got.Reference + ">",
		"Date": c.now().Format(time.RFC1123Z), "User-Agent": "", "X-Mailer": "",
	} {
		if m.header(name) != want {
			t.Errorf("%s: got %q, want %q", name, m.header(name), want)
		}
	}
	if from, err := m.head.AddressList("From"); err != nil || from[0].Name != "山口商城" ||
		from[0].Address != "no-reply@example.com" {
		t.Errorf("From: got %v, %v", from, err)
	}
	if want := "您好，\r\n.\r\n您的验证码是 918273。\r\n"; m.parts["text/plain"] != want {
		t.Errorf("text: got %q, want %q", m.parts["text/plain"], want)
	}
	if want := "<p>您的验证码是 <b>918273</b>。</p>"; m.parts["text/html"] != want {
		t.Errorf("html: got %q, want %q", m.parts["text/html"], want)
	}
	if r.hello[0] != "example.com" {
		t.Errorf("EHLO: got %q, want the domain of From", r.hello[0])
	}
	for line := range strings.SplitSeq(r.taken()[0], "\r\n") {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("got a line that is too long or not ASCII: %q", line)
		}
	}
	log.clean(t)
}

// TestRelayManners has relays that misbehave: what each try comes to, and how
// many whole mails were taken in the end.
func TestRelayManners(t *testing.T) {
	tests := []struct {
		name   string
		manner func(int) string
		big    bool
		class  Class
		word   string
		status int
		after  int // mails taken after the second try
		state  auth.Delivery
	}{
		{"451 once", always("ok", "451"), false, Later, WordBusy, 451, 1, auth.Accepted},
		{"550", always("550"), false, Never, WordRefused, 550, 0, auth.Failed},
		{"554 after the text", always("refuse 554"), false, Never, WordRefused, 554, 0, auth.Failed},
		{"drops within the text", always("ok", "drop mid"), true, Later, WordUnreachable, 0, 1, auth.Accepted},
		{"stalls within the text", always("ok", "stall mid"), true, Later, WordUnreachable, 0, 1, auth.Accepted},
		{"takes it and drops", always("ok", "take and drop"), false, Unsure, WordNoAnswer, 0, 2, auth.Accepted},
		{"takes it and hangs", always("ok", "take and hang"), false, Unsure, WordNoAnswer, 0, 2, auth.Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, _ := render(letter("m", time.Now()))
			words := func(m auth.Message) (Text, error) {
				if t := text; tt.big && m.Tries == 0 { // more than the sockets between hold
					t.Body = strings.Repeat("long line of text\n", 1<<20)
					return t, nil
				}
				return text, nil
			}
			r := newRelay(t, tt.manner, nil)
			config := r.config()
			if strings.Contains(tt.name, "hangs") || strings.Contains(tt.name, "stalls") {
				config.Timeout = time.Second
			}
			c, log := newClock(), &journal{}
			b := newBox(c.now)
			s, err := NewSMTP(config, c.now)
			if err != nil {
				t.Fatal(err)
			}
			var first *Failure
			spy := &watched{Driver: s, err: func(err error) {
				if f, ok := errors.AsType[*Failure](err); ok && first == nil {
					first = f
				}
			}}
			d := NewDispatcher(Limits{}, b, words, c.now, log.logger(), spy)
			b.put(letter("m1", c.now()))
			pump(d)
			config.Timeout = 20 * time.Second // the second try is not hurried
			if spy.Driver, err = NewSMTP(config, c.now); err != nil {
				t.Fatal(err)
			}
			c.add(10 * time.Second)
			pump(d)
			if first == nil || first.Class != tt.class || first.Word != tt.word || first.Status != tt.status {
				t.Errorf("first try: got %#v, want %s %s %d", first, tt.class, tt.word, tt.status)
			}
			mails := r.taken()
			if m := b.get("m1"); m.State != tt.state || len(mails) != tt.after {
				t.Errorf("got %s with %d mails taken, want %s with %d\n%s", m.State, len(mails), tt.state,
					tt.after, log)
			}
			if len(mails) == 2 {
				if a, b := readMail(t, mails[0]),
					readMail(t, mails[1]); a.header("Message-Id") != b.header("Message-Id") ||
					a.header("Message-Id") == "" {
					t.Errorf("got Message-ID %q then %q, want the same", a.header("Message-Id"), b.header("Message-Id"))
				}
			}
			for _, m := range mails { // never half a mail
				if got := readMail(t, m).parts["text/plain"]; strings.ReplaceAll(got, "\r\n", "\n") != text.Body {
					t.Errorf("got %d bytes of text, want %d", len(got), len(text.Body))
				}
			}
			log.clean(t)
		})
	}
}

// watched shows the errors of a driver.
type watched struct {
	Driver
	err func(error)
}

func (w *watched) Deliver(ctx context.Context, m auth.Message, t Text) (string, error) {
	ref, err := w.Driver.Deliver(ctx, m, t)
	w.err(err)
	return ref, err
}

func TestRelayGoneAfterItTookTheMail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }() // before QUIT is answered
		in := bufio.NewScanner(c)
		_, _ = io.WriteString(c, "220 localhost\r\n")
		for _, reply := range []string{"250 localhost", "250 ok", "250 ok", "354 go"} {
			in.Scan()
			_, _ = io.WriteString(c, reply+"\r\n")
		}
		for in.Scan() && in.Text() != "." {
		}
		_, _ = io.WriteString(c, "250 taken\r\n")
	}()
	r := &relay{address: l.Addr().String()}
	s, err := NewSMTP(r.config(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := render(letter("m1", time.Now()))
	if ref, err := s.Deliver(context.Background(), letter("m1", time.Now()), text); err != nil || ref == "" {
		t.Errorf("got %q, %v, want it accepted: the goodbye does not matter", ref, err)
	}
}

func TestRelayThatSaysNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	r := &relay{address: l.Addr().String()}
	c := r.config()
	c.Timeout = 200 * time.Millisecond
	s, err := NewSMTP(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Deliver(context.Background(), letter("m1", time.Now()), Text{Subject: "a", Body: "b"})
	if f, _ := errors.AsType[*Failure](err); f == nil || f.Class != Later || f.Word != WordUnreachable {
		t.Errorf("got %#v, want later unreachable", f)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	r := newRelay(t, always("ok"), nil)
	s, err := NewSMTP(r.config(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	const bad = "a\r\nBcc: other@example.com\r\n\r\nbody\u2028x"
	m := letter("id\r\nBcc: other@example.com", time.Now())
	m.Language = bad
	if _, err := s.Deliver(context.Background(), m, Text{Subject: bad, Body: "text", HTML: "<p>"}); err != nil {
		t.Fatal(err)
	}
	got := readMail(t, r.taken()[0])
	if got.head.Get("Bcc") != "" || strings.Contains(strings.SplitN(r.taken()[0], "\r\n\r\n", 2)[0], "\nBcc") {
		t.Errorf("got a header from a value:\n%s", r.taken()[0])
	}
	if want := oneLine(bad); got.header("Subject") != want {
		t.Errorf("got subject %q, want %q", got.header("Subject"), want)
	}
	for _, to := range []string{"", "nobody", "a@example.com\r\nRCPT TO:<b@example.com>",
		"a@example.com, b@example.com", "A <a@example.com>", "a@example.com\x00", "<a@example.com>"} {
		m.Recipient = ident.Recipient(to)
		_, err := s.Deliver(context.Background(), m, Text{Subject: "a", Body: "b"})
		if f, _ := errors.AsType[*Failure](err); f == nil || f.Class != Never || f.Word != WordAddress {
			t.Errorf("to %q: got %v, want never bad-address", to, err)
		}
	}
	if n := len(r.taken()); n != 1 {
		t.Errorf("got %d mails, want 1", n)
	}
}

// TestAiosmtpd sends to a server that shares no code with ours.
func TestAiosmtpd(t *testing.T) {
	const program = `
import asyncio, json, sys
from aiosmtpd.smtp import SMTP
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"to": envelope.rcpt_tos, "from": envelope.mail_from, "data": envelope.content.decode("ascii")}), flush=True)
        return "250 taken"
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
asyncio.run(main())
`
	python := needs.Python(t, "aiosmtpd")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, python, "-c", program)
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close() // ends it
		if err := child.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}()
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		t.Fatal("the server printed no port")
	}
	r := &relay{address: "127.0.0.1:" + lines.Text()}
	c := newClock()
	b := newBox(c.now)
	d, err := New(Config{SMTP: r.config()}, b, render, c.now, (&journal{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	b.put(letter("m1", c.now()))
	pump(d)
	if m := b.get("m1"); m.State != auth.Accepted {
		t.Fatalf("got %s %q, want accepted", m.State, m.Reason)
	}
	if !lines.Scan() {
		t.Fatal("the server took no mail")
	}
	var got struct {
		To   []string
		From string
		Data string
	}
	if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	m := readMail(t, got.Data)
	if len(got.To) != 1 || got.To[0] != canaryMail || got.From != "no-reply@example.com" ||
		m.header("Subject") != "您的验证码" || !strings.Contains(m.parts["text/plain"], canaryCode) {
		t.Errorf("got %v from %q, subject %q, text %q", got.To, got.From, m.header("Subject"), m.parts["text/plain"])
	}
}
