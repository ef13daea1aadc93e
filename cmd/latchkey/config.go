package main

import (
	"encoding"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lookup"
	"github.com/latchkey-auth/latchkey/notify"
	"github.com/latchkey-auth/latchkey/oob"
	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/server"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// envPrefix begins the name of every environment variable that is read.
const envPrefix = "LATCHKEY_"

// A Config is all that an operator may set. What is set nearest to the command wins:
//
//	flag  >  environment variable  >  file  >  default
//	--listen  LATCHKEY_LISTEN         listen: …
//	          LATCHKEY_POLICY_SESSION_IDLE   policy: {session-idle: 1h}
//
// Names are those of the fields; capitals, hyphens and underscores in them do not matter.
type Config struct {
	Listen string // host:port to listen on
	Origin string // where browsers find the site: scheme, host, port, perhaps a path; "": http://localhost and the port
	Data   string // folder for what is kept; "" in a lab: one of its own, gone when it ends
	Store  string // data source name; "": one file in Data
	Site   string // the site's name, as sellers know it
	Preset string // the policy to start from: marketplace or nist
	Desk   bool   // serve the staff's desk under /desk
	Lab    bool   // serve a lab for tests instead of a site: only over data that were made for one

	AnyClock bool // open the data though the clock is far ahead of them: for commands that only look, or mend it

	StartEmpty bool // make a new store beside a keyset whose store is gone

	Fresh bool // the store was not there before: an empty site

	SecretFile string   // holds the secret that seals the keys; "": made in Data at the first start
	HostToken  string   // file with the token of the marketplace's own program; "": it may do nothing
	KeyRoots   []string // PEM files with trust anchors for certified keys

	Policy   auth.Policy
	Password password.Config
	Server   server.Config
	Pages    assets.Config
	WebAuthn webauthn.Config
	Metadata webauthn.MetadataConfig
	TOTP     totp.Config
	OOB      oob.Config
	Lookup   lookup.Config
	Recovery recovery.Config
	Audit    audit.Config
	Notify   notify.Config
}

// wired are the members of the sections that this program sets itself, from other settings or from
// the parts it has made. To set one is an error, as it would have no effect.
func wired() []string {
	return []string{
		"server.service", "server.texts", "server.hosttoken", "server.pages", "server.static", "server.origin", "server.site",
		"server.policy",
		"server.logger", "server.ready", "server.alarms", "server.receipts", "server.sink", "server.pictures", "server.desk", "server.inbox", "server.now",
		"server.random",
		"anyclock", "fresh", "notify.site", "notify.origin", "notify.wall", "pages.base", "pages.site",
		"pages.host", "pages.lab", "pages.methods",
		"pages.signature", "pages.codeline",
		"webauthn.rpname", "webauthn.origins", "webauthn.random", "webauthn.attestation.roots", "webauthn.metadata",
		"oob.codelife", // policy.codelife
	}
}

func isWired(path string) bool {
	return slices.ContainsFunc(wired(), func(w string) bool {
		rest, ok := strings.CutPrefix(plainName(path), w)
		return ok && (rest == "" || rest[0] == '.')
	})
}

// A usageError is something that the operator wrote and that cannot be meant.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func misuse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// defaults is a Config that works with nothing set.
func defaults() Config {
	return Config{
		Listen: "127.0.0.1:8080",
		Data:   "./latchkey-data",
		Site:   "Latchkey",
		Preset: "marketplace",

		Recovery: recovery.Default(),
		Audit:    audit.Default(),
		Metadata: webauthn.MetadataConfig{Every: 24 * time.Hour},
	}
}

// presets are the policies that a site may start from.
var presets = map[string]func() auth.Policy{"marketplace": auth.Marketplace, "nist": auth.NIST}

// loadConfig reads the layers: path names the file ("" for none), environ is NAME=value pairs, and
// flags is what was set on the command line, by name. ignored are names in environ that begin like
// ours and mean nothing; they are no error, because container platforms invent such names.
func loadConfig(path string, environ []string, flags map[string]string) (c *Config, ignored []string, err error) {
	var layers []layer
	if path != "" {
		file, err := fileLayer(path)
		if err != nil {
			return nil, nil, err
		}
		layers = append(layers, file)
	}
	environment, ignored := envLayer(environ)
	set, unknown := textValues(flags)
	if len(unknown) > 0 {
		return nil, nil, fmt.Errorf("reading the flags: no setting for %s", strings.Join(unknown, ", "))
	}
	layers = append(layers, environment, textLayer("flags", set))

	// The preset decides what the policy is before anything overrides it, and may itself be set in any
	// layer: so a first reading finds the preset, and a second one starts from it.
	first := defaults()
	if err := apply(&first, layers); err != nil {
		return nil, nil, err
	}
	preset, ok := presets[first.Preset]
	if !ok {
		return nil, nil, misuse("preset: want marketplace or nist")
	}
	full := defaults()
	full.Policy = preset()
	if first.Lab {
		full.forLab()
	}
	if err := apply(&full, layers); err != nil {
		return nil, nil, err
	}
	return &full, ignored, full.check()
}

// apply lays each layer over c, the last one on top.
func apply(c *Config, layers []layer) error {
	for _, lay := range layers {
		if err := lay(c); err != nil {
			return err
		}
	}
	return nil
}

// plainName makes ceremony-life, ceremony_life and CeremonyLife one name.
func plainName(s string) string {
	// a Replacer costs more to make than to use
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(s, "-", ""), "_", ""))
}

// settings lists the paths of all settings that one line of text can say.
func settings(t reflect.Type, above string) []string {
	textual := reflect.TypeFor[encoding.TextUnmarshaler]()
	var paths []string
	for f := range t.Fields() {
		path := above + f.Name
		if !f.IsExported() || isWired(path) {
			continue
		}
		switch f.Type.Kind() {
		case reflect.Struct:
			paths = append(paths, settings(f.Type, path+".")...)
		case reflect.Slice:
			if e := f.Type.Elem(); e.Kind() != reflect.Struct || reflect.PointerTo(e).Implements(textual) {
				paths = append(paths, path)
			}
		case reflect.Func, reflect.Chan, reflect.Interface, reflect.Pointer, reflect.Map:
		default:
			paths = append(paths, path)
		}
	}
	return paths
}

// check refuses what would only fail later, and less clearly.
func (c *Config) check() error {
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return misuse("listen: want host:port, for example 127.0.0.1:8080")
	}
	if port != "0" { // else it is not known before somebody listens
		c.followListen()
	}
	if err := c.checkOrigin(); err != nil {
		return err
	}
	if err := c.checkPolicy(); err != nil {
		return err
	}
	if err := c.checkRPID(); err != nil {
		return err
	}
	if err := c.checkNotify(); err != nil {
		return err
	}
	if err := c.checkMetadata(); err != nil {
		return err
	}
	if c.Lab {
		return c.checkLab()
	}
	if c.Data == "" {
		return misuse("data: want a folder")
	}
	if c.Audit.Every < time.Minute {
		return misuse("audit.every: want a minute at least")
	}
	return c.checkStore()
}

// checkNotify looks at the settings of delivery. Texts and calls cost money, by country: where a
// gateway is set, strangers could otherwise have them sent to numbers that cost most.
func (c *Config) checkNotify() error {
	n := &c.Notify
	if _, err := notify.SignatureOf(n.Signature, c.Site); err != nil {
		return misuse("notify.%w", err)
	}
	if !slices.Contains([]string{"", "fit", "always", "never"}, n.CodeLine) {
		return misuse("notify.code-line: want fit, always or never")
	}
	for _, g := range n.Gateways {
		costs := slices.Contains(g.Channels, auth.SMS) || slices.Contains(g.Channels, auth.Voice)
		if costs && len(c.Policy.Countries) == 0 {
			return misuse("policy.countries: the gateway %s sends texts or calls: name the countries that it may send to",
				g.Name)
		}
	}
	return nil
}

func (c *Config) checkStore() error {
	if c.Store != "" && !strings.HasPrefix(c.Store, "bolt:") {
		return misuse("store: want bolt:FILE, or nothing for one file in the data folder")
	}
	return nil
}

func (c *Config) checkOrigin() error {
	if c.Origin == "" {
		return nil // it will follow the port
	}
	c.Origin = strings.TrimRight(c.Origin, "/") // paths are put behind it
	u, err := url.Parse(c.Origin)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return misuse("origin: want an address such as https://account.example.com")
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return misuse("origin: want scheme, host, port and perhaps a path, nothing else")
	}
	// Browsers offer security keys and keep __Host- cookies only in a secure context.
	if u.Scheme == "http" && u.Hostname() != "localhost" {
		return misuse("origin: want https, or http://localhost while trying things out")
	}
	return nil
}

// checkRPID refuses a domain of keys that is none of the origin's: browsers would refuse every key. The domain may be
// another's only where its sites are related, which browsers look up there.
func (c *Config) checkRPID() error {
	related := func(origin string) bool { return strings.HasPrefix(origin, "https://") }
	if c.WebAuthn.RPID == "" || slices.ContainsFunc(c.Server.RelatedOrigins, related) {
		return nil
	}
	host := "localhost" // where no origin is set
	if u, err := url.Parse(c.Origin); err == nil && c.Origin != "" {
		host = strings.ToLower(u.Hostname())
	}
	if host != c.WebAuthn.RPID && !strings.HasSuffix(host, "."+c.WebAuthn.RPID) {
		return misuse("webauthn.rpid: want the host of origin, %s, or a domain above it", host)
	}
	return nil
}
