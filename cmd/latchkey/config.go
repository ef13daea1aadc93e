package main

import (
	"encoding"
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lookup"
	"github.com/latchkey-auth/latchkey/notify"
	"github.com/latchkey-auth/latchkey/oob"
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
	Origin string // where browsers find the site: scheme, host, port, and a path if it is behind one; "": http://localhost and the port
	Data   string // folder for what is kept; "" in a lab: one of its own, gone when it ends
	Store  string // data source name; "": one file in Data
	Site   string // the site's name, as sellers know it
	Preset string // the policy to start from: marketplace or nist
	Lab    bool   // serve a lab for tests instead of a site: only over data that were made for one

	SecretFile string   // holds the secret that seals the keys; "": made in Data at the first start
	KeyRoots   []string // PEM files with trust anchors for certified keys

	Policy   auth.Policy
	Server   server.Config
	Pages    assets.Config
	WebAuthn webauthn.Config
	TOTP     totp.Config
	OOB      oob.Config
	Lookup   lookup.Config
	Notify   notify.Config
}

// wired are the members of the sections that this program sets itself, from other settings or from
// the parts it has made. To set one is an error, as it would have no effect.
func wired() []string {
	return []string{
		"server.service", "server.texts", "server.pages", "server.static", "server.origin", "server.site", "server.policy",
		"server.logger", "server.ready", "server.receipts", "server.sink", "server.inbox", "server.now", "server.random",
		"pages.base", "pages.site", "pages.lab",
		"webauthn.rpname", "webauthn.origins", "webauthn.random", "webauthn.attestation.roots",
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
		values, err := fileValues(path)
		if err != nil {
			return nil, nil, err
		}
		layers = append(layers, layer{name: path, values: values})
	}
	values, ignored, err := envValues(environ)
	if err != nil {
		return nil, nil, err
	}
	layers = append(layers, layer{name: "environment", values: values, text: true})
	set := make(map[string]any, len(flags))
	for name, value := range flags {
		set[name] = value
	}
	layers = append(layers, layer{name: "flags", values: set, text: true})

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

// A layer is one place that settings come from.
type layer struct {
	name   string
	values map[string]any
	text   bool // every value is text: numbers and lists have to be read from it
}

// apply lays each layer over c, the last one on top.
func apply(c *Config, layers []layer) error {
	for _, l := range layers {
		var seen mapstructure.Metadata
		hooks := []mapstructure.DecodeHookFunc{
			durationsHaveUnits, mapstructure.StringToTimeDurationHookFunc(), mapstructure.StringToTimeLocationHookFunc(),
			mapstructure.StringToNetIPPrefixHookFunc(), mapstructure.TextUnmarshallerHookFunc(),
		}
		if l.text {
			hooks = append(hooks, mapstructure.StringToWeakSliceHookFunc(","))
		}
		dec, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
			Result:           c,
			Metadata:         &seen,
			TagName:          "koanf",
			WeaklyTypedInput: l.text,
			MatchName:        func(key, field string) bool { return plainName(key) == plainName(field) },
			DecodeHook:       mapstructure.ComposeDecodeHookFunc(hooks...),
		})
		if err != nil {
			return fmt.Errorf("preparing to read settings: %w", err)
		}
		if err := dec.Decode(l.values); err != nil {
			return misuse("%s: %s", l.name, decodeErrors(err))
		}
		for _, key := range seen.Keys {
			if isWired(key) {
				seen.Unused = append(seen.Unused, key)
			}
		}
		if len(seen.Unused) > 0 {
			return misuse("%s: unknown key %s", l.name, strings.ToLower(strings.Join(seen.Unused, ", ")))
		}
	}
	return nil
}

// durationsHaveUnits refuses a bare number for a length of time: 15 would be 15 ns.
func durationsHaveUnits(from, to reflect.Type, value any) (any, error) {
	if to == reflect.TypeFor[time.Duration]() && from.Kind() != reflect.String {
		return nil, errors.New("want a length of time with its unit, such as 15m")
	}
	return value, nil
}

// decodeErrors tells in one line which keys could not be read. It never shows a value: it may be a
// password.
func decodeErrors(err error) string {
	var bad *mapstructure.DecodeError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var lines []string
		for _, e := range many.Unwrap() {
			lines = append(lines, decodeErrors(e))
		}
		return strings.Join(lines, "; ")
	}
	if errors.As(err, &bad) {
		return fmt.Sprintf("key %s: %s", strings.ToLower(bad.Name()), firstLine(bad.Unwrap().Error()))
	}
	return firstLine(err.Error())
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// plainName makes ceremony-life, ceremony_life and CeremonyLife one name.
func plainName(s string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(s, "-", ""), "_", "")) // a Replacer costs more to make than to use
}

// fileValues reads a YAML file. Its keys are split at nothing: a header may have a dot in its name.
func fileValues(path string) (map[string]any, error) {
	k := koanf.New("\x1f")
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return nil, misuse("reading %s: %s", path, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return k.Raw(), nil
}

// envValues reads the environment variables that mean a setting.
func envValues(environ []string) (values map[string]any, ignored []string, err error) {
	known := map[string]string{}
	for _, path := range settings(reflect.TypeFor[Config](), "") {
		known[plainName(strings.ReplaceAll(path, ".", ""))] = path
	}
	k := koanf.New(".")
	err = k.Load(env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			path, ok := known[plainName(strings.TrimPrefix(name, envPrefix))]
			switch {
			case ok:
				return path, value
			case name != envPrefix+"CONFIG":
				ignored = append(ignored, name)
			}
			return "", nil
		},
	}), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the environment: %w", err)
	}
	return k.Raw(), ignored, nil
}

// settings lists the paths of all settings that one line of text can say.
func settings(t reflect.Type, above string) []string {
	textual := reflect.TypeFor[encoding.TextUnmarshaler]()
	var paths []string
	for f := range t.Fields() {
		name := f.Name
		if tag, _, _ := strings.Cut(f.Tag.Get("koanf"), ","); tag == "-" || !f.IsExported() {
			continue
		} else if tag != "" {
			name = tag
		}
		path := above + name
		if isWired(path) {
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
	if c.Lab {
		return c.checkLab()
	}
	if c.Data == "" {
		return misuse("data: want a folder")
	}
	return c.checkStore()
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
