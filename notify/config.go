package notify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
)

// Config is the notify section of the configuration. See the package comment
// for an example.
type Config struct {
	SMTP     SMTPConfig
	Gateways []Gateway // in order of preference
	Sink     SinkConfig
	Limits   Limits

	Site      string // the site's name; set by the program
	Origin    string // where the site is found; set by the program
	Signature string // see SignatureOf
	CodeLine  string // whether texts end with "@host #code": fit, always, never; see assets.Config

	// Wall is the clock that gateways and mailboxes have, too; set by the program.
	Wall func() time.Time `json:"-"`
}

// mostSignature is how long a signature may be, in UTF-16 units: whatever else
// has to go, a text of one segment then has room for the code and its purpose.
const mostSignature = 20

// SignatureOf returns the name that texts are signed with: what is set, else
// the site's name, cut if it is too long. Carriers in mainland China deliver
// only texts whose signature is registered with them, so that one is never cut.
func SignatureOf(set, site string) (string, error) {
	for _, r := range set {
		if !unicode.IsGraphic(r) || strings.ContainsRune("【】", r) {
			return "", errors.New("signature: want the bare name, without brackets")
		}
	}
	if len(utf16.Encode([]rune(set))) > mostSignature {
		return "", fmt.Errorf("signature: want at most %d characters", mostSignature)
	}
	if set = strings.TrimSpace(set); set != "" {
		return set, nil
	}
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("【】", r) || !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, site)
	name = strings.Join(strings.Fields(name), " ")
	for len(utf16.Encode([]rune(name))) > mostSignature {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return strings.TrimSpace(name), nil
}

// A Secret is a password or key of a provider. It never prints: not by fmt,
// not by slog, not as JSON.
type Secret string

const hidden = "[hidden]"

// Format prints a placeholder for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue is a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText is a placeholder, so that a dumped configuration shows none.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// reveal returns the secret, read from a file if one is named. A line end
// at the end of the file is not part of it, nor a byte order mark at its beginning.
func reveal(s Secret, file string) (string, error) {
	if file == "" {
		return string(s), nil
	}
	if s != "" {
		return "", errors.New("both a secret and a file for it are given")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	text := strings.TrimRight(strings.TrimPrefix(string(b), "\ufeff"), "\r\n")
	if text == "" {
		return "", fmt.Errorf("reading a secret: %s is empty", file)
	}
	return text, nil
}

// New builds every driver that the configuration names and the Dispatcher
// that uses them. Whatever is wrong with the configuration is an error here,
// not at the first message. now is the clock of expiry and retries; that of dates
// and signatures is Config.Wall.
func New(c Config, o Outbox, r Render, now func() time.Time, log *slog.Logger) (*Dispatcher, error) {
	wall := c.Wall
	if wall == nil {
		wall = now
	}
	drivers, err := c.drivers(wall)
	if err != nil {
		return nil, fmt.Errorf("configuring notify: %w", err)
	}
	d := NewDispatcher(c.Limits, o, r, now, log, drivers...)
	for _, ch := range channels() {
		if len(d.lanes[ch]) == 0 {
			log.Warn("nothing is configured to deliver on a channel: no code is offered by it", "channel", ch)
		}
	}
	if d.sink != nil {
		log.Warn("messages go to a file, not to people", "channels", d.sink.Channels(), "file", d.sink.path)
	}
	return d, nil
}

func channels() []auth.Channel { return []auth.Channel{auth.SMS, auth.Voice, auth.Mail} }

// Channels are those that somebody delivers by.
func (c Config) Channels() []auth.Channel {
	found := slices.Clone(c.Sink.Channels)
	if c.SMTP.Host != "" {
		found = append(found, auth.Mail)
	}
	for _, g := range c.Gateways {
		found = append(found, g.Channels...)
	}
	if len(found) == 0 {
		return channels() // to the file, as drivers has it
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// drivers returns the SMTP relay, the gateways in their order and the sink.
func (c Config) drivers(now func() time.Time) ([]Driver, error) {
	var list []Driver
	if c.SMTP.Host != "" {
		s, err := NewSMTP(c.SMTP, now)
		if err != nil {
			return nil, fmt.Errorf("smtp: %w", err)
		}
		list = append(list, s)
	} else if c.SMTP.From != "" || c.SMTP.Username != "" {
		return nil, errors.New("smtp: host is missing")
	}
	names := map[string]bool{smtpName: true, sinkName: true}
	for i, g := range c.Gateways {
		if names[g.Name] {
			return nil, fmt.Errorf("gateway %d: the name %q is taken", i+1, g.Name)
		}
		names[g.Name] = true
		g.site, g.signature = c.Site, c.Signature
		h, err := NewHTTP(g, now)
		if err != nil {
			return nil, fmt.Errorf("gateway %d (%s): %w", i+1, g.Name, err)
		}
		list = append(list, h)
	}
	if len(list) == 0 && len(c.Sink.Channels) == 0 {
		c.Sink.Channels = channels()
	}
	if len(c.Sink.Channels) > 0 {
		s, err := NewSink(c.Sink, now)
		if err != nil {
			return nil, fmt.Errorf("sink: %w", err)
		}
		list = append(list, s)
	}
	return list, nil
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

func checkChannels(list []auth.Channel) error {
	if len(list) == 0 {
		return errors.New("channels are missing: sms, voice or email")
	}
	for _, c := range list {
		switch c {
		case auth.SMS, auth.Voice, auth.Mail:
		default:
			return fmt.Errorf("channel %q is none of sms, voice, email", c)
		}
	}
	return nil
}

// loopback reports whether host is this machine by its name alone; nothing is
// looked up, for a name server could lie.
func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// trust returns the TLS settings for a provider. caFile adds to nothing: with
// it, only certificates of those authorities are believed.
func trust(host, caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("reading ca-file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading ca-file: no certificate in %s", caFile)
	}
	return c, nil
}

// connectionDetail returns the text of errors that speak of a connection
// alone. Others may quote a provider, an address or a request's URL.
func connectionDetail(err error) string {
	text := ""
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		text = e.Error()
	} else if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		text = e.Error()
	} else if e, ok := errors.AsType[*net.OpError](err); ok {
		text = e.Error()
	}
	return text[:min(len(text), 300)]
}
