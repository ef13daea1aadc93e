package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/latchkey-auth/latchkey/auth"
)

// SMTPConfig names the relay that takes the mails.
type SMTPConfig struct {
	Host         string
	Port         int    // 587; 465 where TLS is implicit
	TLS          string // mandatory (STARTTLS, the default), implicit, opportunistic, none
	CAFile       string
	Username     string // no authentication if ""
	Password     Secret
	PasswordFile string
	Auth         string        // plain (the default), login, cram-md5, scram-sha-256
	From         string        // RFC 5322 mailbox, with a name if wanted
	Hello        string        // our name in EHLO; the domain of From if ""
	Timeout      time.Duration // of one mail, 20 s; below Hold
	Slots        int           // mails at one time, 6
}

const smtpName = "smtp"

// SMTP is the Driver of a mail relay. Each mail has a connection of its own.
type SMTP struct {
	c       SMTPConfig
	from    *mail.Address
	domain  string
	options []gomail.Option
	tls     *tls.Config // for implicit TLS, else nil
	now     func() time.Time
}

// NewSMTP checks c and returns its driver. A password is never sent over a
// connection that could be read, loopback apart.
func NewSMTP(c SMTPConfig, now func() time.Time) (*SMTP, error) {
	if c.TLS == "" {
		c.TLS = "mandatory"
	}
	if c.Port == 0 {
		c.Port = map[bool]int{true: 465, false: 587}[c.TLS == "implicit"]
	}
	if c.Timeout == 0 {
		c.Timeout = 20 * time.Second
	}
	if c.Slots == 0 {
		c.Slots = 6
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, errors.New("from is no mail address")
	}
	s := &SMTP{c: c, from: from, now: now}
	s.domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	if c.Hello == "" {
		c.Hello = s.domain
	}
	if err := s.prepare(c); err != nil {
		return nil, err
	}
	if _, err := gomail.NewClient(c.Host, s.options...); err != nil {
		return nil, fmt.Errorf("settings refused: %w", err)
	}
	return s, nil
}

// prepare turns c into options of the client.
func (s *SMTP) prepare(c SMTPConfig) error {
	policy, ok := map[string]gomail.TLSPolicy{
		"mandatory": gomail.TLSMandatory, "opportunistic": gomail.TLSOpportunistic,
		"implicit": gomail.NoTLS, "none": gomail.NoTLS,
	}[c.TLS]
	switch {
	case !ok:
		return fmt.Errorf("tls %q is none of mandatory, implicit, opportunistic, none", c.TLS)
	case c.TLS == "none" && !loopback(c.Host):
		return errors.New("tls: none is for a relay on this machine only")
	case c.TLS == "opportunistic" && c.Username != "" && !loopback(c.Host):
		return errors.New("tls: opportunistic would show the password to whoever strips STARTTLS")
	case c.Timeout < 0 || c.Timeout >= Hold:
		return fmt.Errorf("timeout must be positive and below %s", Hold)
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("port %d is none", c.Port)
	case strings.ContainsFunc(c.Hello, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("hello is no host name")
	}
	config, err := trust(c.Host, c.CAFile)
	if err != nil {
		return err
	}
	if c.TLS == "implicit" {
		s.tls = config
	}
	s.options = []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout), gomail.WithHELO(c.Hello),
		gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(config),
		// After the mail was taken nothing may turn that into an error.
		gomail.WithoutNoop(), gomail.WithoutRset(),
	}
	return s.authenticate(c)
}

func (s *SMTP) authenticate(c SMTPConfig) error {
	password, err := reveal(c.Password, c.PasswordFile)
	if err != nil {
		return err
	}
	if c.Username == "" {
		if password != "" {
			return errors.New("a password without a username")
		}
		return nil
	}
	if password == "" {
		return errors.New("a username without a password")
	}
	kind, ok := c.authType()
	if !ok {
		return fmt.Errorf("auth %q is none of plain, login, cram-md5, scram-sha-256", c.Auth)
	}
	s.options = append(s.options, gomail.WithSMTPAuth(kind),
		gomail.WithUsername(c.Username), gomail.WithPassword(password))
	return nil
}

// authType is how the password is told, where the library may see that the connection is encrypted, or not.
func (c SMTPConfig) authType() (gomail.SMTPAuthType, bool) {
	kind, ok := map[string][2]gomail.SMTPAuthType{ // encrypted, or else
		"plain":         {gomail.SMTPAuthPlain, gomail.SMTPAuthPlainNoEnc},
		"login":         {gomail.SMTPAuthLogin, gomail.SMTPAuthLoginNoEnc},
		"cram-md5":      {gomail.SMTPAuthCramMD5, gomail.SMTPAuthCramMD5},
		"scram-sha-256": {gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA256},
	}[cmp.Or(c.Auth, "plain")]
	// The library sees no TLS below implicit TLS, since the dialling is ours.
	if c.TLS == "implicit" || loopback(c.Host) {
		return kind[1], ok
	}
	return kind[0], ok
}

// Name returns "smtp".
func (s *SMTP) Name() string { return smtpName }

// Channels returns e-mail.
func (s *SMTP) Channels() []auth.Channel { return []auth.Channel{auth.Mail} }

func (s *SMTP) slots() int { return s.c.Slots }

// Deliver sends one mail on a connection of its own and returns its
// Message-ID.
//
// The connection is closed by us whatever happens, and QUIT is said only after
// the mail was taken: said within DATA, it would end the text and have half a
// mail delivered.
func (s *SMTP) Deliver(ctx context.Context, m auth.Message, t Text) (string, error) {
	msg, id, err := s.compose(m, t)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	line := &wire{tls: s.tls}
	defer line.close()
	defer context.AfterFunc(ctx, line.close)()
	client, err := gomail.NewClient(s.c.Host, append(s.options, gomail.WithDialContextFunc(line.dial))...)
	if err != nil {
		return "", &Failure{Class: Never, Word: WordFault}
	}
	relay, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", refusedBy(err, false)
	}
	err = client.SendWithSMTPClient(relay, msg)
	if msg.IsDelivered() {
		quit(relay)
		return id, nil
	}
	return "", refusedBy(err, true)
}

// quit says goodbye; the answer does not matter any more.
func quit(relay *smtp.Client) { _ = relay.Quit() }

// refusedBy classes an error by the reply code, if the relay gave one. A refusal of the greeting, of TLS or of the
// password is none of this mail: it waits until that is mended. Without a code the mail may be with the relay only if
// the final dot was sent: RFC 5321 §4.1.1.4 forbids delivering a text that was not ended.
func refusedBy(err error, sending bool) error {
	code := 0
	ended := false
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		code = e.Code
	}
	if e, ok := errors.AsType[*gomail.SendError](err); ok && sending {
		code = e.ErrorCode()
		ended = e.Reason == gomail.ErrSMTPDataClose
	}
	switch {
	case code >= 500 && code <= 599 && sending:
		return &Failure{Class: Never, Word: WordRefused, Status: code}
	case code >= 500 && code <= 599:
		return &Failure{Class: Later, Word: WordRefused, Status: code}
	case code >= 400 && code <= 499:
		return &Failure{Class: Later, Word: WordBusy, Status: code}
	case ended:
		return &Failure{Class: Unsure, Word: WordNoAnswer}
	}
	return &Failure{Class: Later, Word: WordUnreachable, Detail: connectionDetail(err)}
}

// A wire is the connection of one mail. It is ours to close, because the
// library leaves it open when the greeting, STARTTLS or AUTH fails.
type wire struct {
	tls  *tls.Config
	mu   sync.Mutex
	conn net.Conn
	shut bool
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	var conn net.Conn
	var err error
	if w.tls != nil {
		conn, err = (&tls.Dialer{NetDialer: &d, Config: w.tls}).DialContext(ctx, network, address)
	} else {
		conn, err = d.DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	w.conn = conn
	return conn, nil
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
	if w.conn != nil {
		_ = w.conn.Close()
	}
}

// compose makes the mail. Whatever a header gets has lost its control
// characters and is an encoded word where it is not ASCII (RFC 2047), so that
// no name or subject can begin a header of its own.
func (s *SMTP) compose(m auth.Message, t Text) (*gomail.Msg, string, error) {
	encoding := gomail.EncodingQP
	if mostlyForeign(t.Body) {
		encoding = gomail.EncodingB64
	}
	msg := gomail.NewMsg(gomail.WithEncoding(encoding), gomail.WithNoDefaultUserAgent())
	mailbox := string(m.Recipient)
	to, err := mail.ParseAddress(mailbox)
	if err != nil || to.Address != mailbox { // as it stands: no name, no quotes, no blanks
		return nil, "", &Failure{Class: Never, Word: WordAddress}
	}
	if msg.FromFormat(oneLine(s.from.Name), s.from.Address) != nil || msg.To(mailbox) != nil {
		return nil, "", &Failure{Class: Never, Word: WordAddress}
	}
	sum := sha256.Sum256([]byte("message-id\x00" + m.ID))
	id := hex.EncodeToString(sum[:16]) + "@" + s.domain
	msg.SetMessageIDWithValue(id) // RFC 5322 §3.6.4: the same for every try
	msg.SetDateWithValue(s.now())
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: nobody's holiday answers it
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", oneLine(m.Language))
	}
	msg.Subject(oneLine(t.Subject))
	msg.SetBodyString(gomail.TypeTextPlain, lineEnds(t.Body))
	if t.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, lineEnds(t.HTML))
	}
	return msg, id, nil
}

// lineEnds makes every line end CRLF, as text must have them before it is put
// into base64 (RFC 2045 §6.8).
func lineEnds(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

// oneLine turns what could end a line into a blank.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// mostlyForeign reports whether base64 is shorter than quoted-printable.
func mostlyForeign(s string) bool {
	n := 0
	for i := range len(s) {
		if s[i] >= 0x80 {
			n++
		}
	}
	return n*6 > len(s)
}
