package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-auth/latchkey/auth"
)

func load(t *testing.T, yaml string, environ []string, flags map[string]string) *Config {
	t.Helper()
	path := ""
	if yaml != "" {
		path = filepath.Join(t.TempDir(), "latchkey.yaml")
		writeFile(t, path, yaml)
	}
	c, _, err := loadConfig(path, environ, flags)
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return c
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNothingSetIsTheDefault(t *testing.T) {
	want := defaults()
	want.Policy = auth.Marketplace()
	want.Origin = "http://localhost:8080"
	if diff := cmp.Diff(want, *load(t, "", nil, nil)); diff != "" {
		t.Errorf("got a difference (-want +got):\n%s", diff)
	}
}

// Whoever tries it out on another port finds it there, not where nobody listens.
func TestOriginFollowsThePort(t *testing.T) {
	for _, c := range []struct {
		yaml  string
		flags map[string]string
		want  string
	}{
		{"", map[string]string{"listen": "127.0.0.1:9000"}, "http://localhost:9000"},
		{"listen: 0.0.0.0:9001", nil, "http://localhost:9001"},
		{"", map[string]string{"listen": "[::1]:9002"}, "http://localhost:9002"},
		{"origin: https://account.shop.example", map[string]string{"listen": "127.0.0.1:9000"},
			"https://account.shop.example"},
		{"origin: http://localhost:8080", map[string]string{"listen": "127.0.0.1:9000"}, "http://localhost:8080"},
	} {
		if got := load(t, c.yaml, nil, c.flags).Origin; got != c.want {
			t.Errorf("%s %v: got %s, want %s", c.yaml, c.flags, got, c.want)
		}
	}
}

func TestPrecedence(t *testing.T) {
	for _, c := range []struct {
		name, yaml string
		environ    []string
		flags      map[string]string
		want       string
	}{
		{"default", "", nil, nil, "127.0.0.1:8080"},
		{"file", "listen: 127.0.0.1:1", nil, nil, "127.0.0.1:1"},
		{"environment over file", "listen: 127.0.0.1:1", []string{"LATCHKEY_LISTEN=127.0.0.1:2"}, nil, "127.0.0.1:2"},
		{"flag over environment", "listen: 127.0.0.1:1", []string{"LATCHKEY_LISTEN=127.0.0.1:2"},
			map[string]string{"listen": "127.0.0.1:3"}, "127.0.0.1:3"},
		{"flag over file", "listen: 127.0.0.1:1", nil, map[string]string{"listen": "127.0.0.1:3"}, "127.0.0.1:3"},
	} {
		if got := load(t, c.yaml, c.environ, c.flags).Listen; got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPresetThenWhatOverridesIt(t *testing.T) {
	c := load(t, "policy: {session-idle: 2h, Guesses: {free: 3}, countries: [CN, DE]}",
		[]string{"LATCHKEY_PRESET=nist", "LATCHKEY_POLICY_SIGN_IN_LIFE=3m", "LATCHKEY_POLICY_PASSWORD_MIN=16"}, nil)
	want := auth.NIST()
	want.SessionIdle = 2 * time.Hour
	want.Guesses.Free = 3
	want.Countries = []string{"CN", "DE"}
	want.SignInLife = 3 * time.Minute
	want.Password.Min = 16
	if diff := cmp.Diff(want, c.Policy); diff != "" {
		t.Errorf("got a difference (-want +got):\n%s", diff)
	}
}

func TestListsInTheEnvironment(t *testing.T) {
	c := load(t, "", []string{"LATCHKEY_KEY_ROOTS=/a b.pem , /c.pem"}, nil) // blanks around an entry are none of it
	if diff := cmp.Diff([]string{"/a b.pem", "/c.pem"}, c.KeyRoots); diff != "" {
		t.Errorf("got a difference (-want +got):\n%s", diff)
	}
}

// Every section can be set; what this program sets itself cannot.
func TestSections(t *testing.T) {
	c := load(t, `
origin: https://account.shop.example
policy: {countries: [CN]}
server: {trusted-proxies: [10.0.0.0/8, "fd00::/8"], contact: "mailto:help@shop.example", rate: {burst: 7, per-second: 0.5}}
webauthn: {rpid: shop.example, user-verification: required}
pages: {zone: Asia/Shanghai, privacy: "https://shop.example/privacy"}
notify: {gateways: [{name: first, channels: [sms], url: "https://sms.shop.example", headers: {X-Api.Key: k}}], limits: {tries: 3}}
lookup: {iterations: 2000}
totp: {digits: 8}
`, []string{"LATCHKEY_SERVER_LOG_ADDRESSES=true", "LATCHKEY_NOTIFY_SMTP_HOST=mail.shop.example"}, nil)
	for what, ok := range map[string]bool{
		"proxies":   len(c.Server.TrustedProxies) == 2 && c.Server.TrustedProxies[0].Bits() == 8,
		"rate":      c.Server.Rate.Burst == 7 && c.Server.Rate.PerSecond == 0.5,
		"addresses": c.Server.LogAddresses,
		"rpid":      c.WebAuthn.RPID == "shop.example" && c.WebAuthn.UserVerification == "required",
		"zone":      c.Pages.Zone != nil && c.Pages.Zone.String() == "Asia/Shanghai",
		"gateway":   len(c.Notify.Gateways) == 1 && c.Notify.Gateways[0].Headers["X-Api.Key"] == "k",
		"limits":    c.Notify.Limits.Tries == 3,
		"smtp":      c.Notify.SMTP.Host == "mail.shop.example",
		"lookup":    c.Lookup.Iterations == 2000,
		"totp":      c.TOTP.Digits == 8,
	} {
		if !ok {
			t.Errorf("%s: got %+v, want what the file says", what, c)
		}
	}
	if got := load(t, "", []string{"LATCHKEY_SERVER_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.0/24"},
		nil).Server.TrustedProxies; len(got) != 2 {
		t.Errorf("proxies in the environment: got %v, want two", got)
	}
}

// Where texts or calls cost money, the countries they go to are named; a gateway of mails needs none.
func TestCountriesOfGateways(t *testing.T) {
	const gateway = "notify: {gateways: [{name: a, channels: [CHANNELS]}]}\n"
	for _, c := range []struct {
		channels, countries string
		good                bool
	}{
		{"sms", "", false}, {"voice", "", false}, {"email, voice", "", false}, {"email", "", true},
		{"sms", "CN", true}, {"voice, sms", "CN, HK", true}, {"sms", "  ", false},
	} {
		path := filepath.Join(t.TempDir(), "latchkey.yaml")
		writeFile(t, path, strings.Replace(gateway, "CHANNELS", c.channels, 1)+"policy: {countries: ["+
			c.countries+"]}\n")
		_, _, err := loadConfig(path, nil, nil)
		if (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "policy.countries") {
			t.Errorf("%s to [%s]: got %v, want good %t", c.channels, c.countries, err, c.good)
		}
	}
}

func TestRefusedSettings(t *testing.T) {
	for yaml, want := range map[string]string{
		"server: {origin: https://x.example}":              "unknown key server.origin",
		"server: {policy: {password: {min: 1}}}":           "unknown key",
		"server: {site: x}":                                "unknown key server.site",
		"webauthn: {origins: [https://x.example]}":         "unknown key webauthn.origins",
		"oob: {code-life: 1m}":                             "unknown key oob.codelife",
		"policy: {code-life: 15}":                          "with its unit",
		"policy: {password: {min: many}}":                  "policy.password.min",
		"server: {trusted-proxies: [10.0.0.0/99]}":         "trustedproxies",
		"notify: {smtp: {pasword: hunter2}}":               "unknown key notify.smtp.pasword",
		"notify: {gateways: [{name: a, chanels: [sms]}]}":  "chanels",
		"policy: {session-idle: hunter2}":                  "policy.sessionidle",
		"origin: ftp://x.example":                          "origin",
		"origin: https://u:hunter2@x.example":              "origin",
		"listen: nowhere":                                  "listen",
		"store: mysql://x":                                 "store",
		"data: ''":                                         "data",
		"listen: a:1\n\nlisten: b:2":                       "line 3: mapping key",
		"listen: a:1\nListen: b:2":                         "line 2: key listen: set twice",
		"site: Shop\npolicy:\n  lab: true":                 "line 3: unknown key policy.lab",
		"policy:\n  colour:\n    red: 1":                   "line 2: unknown key policy.colour",
		"lab: yes please\nTOTP: {digits: 6.5}":             "line 1: key lab: want true or false; line 2: key totp.digits: want a whole number",
		"totp: {digits: '6'}":                              "totp.digits: want a whole number",
		"site: 12":                                         "site: want text",
		"policy: {countries: CN}":                          "policy.countries: want a list",
		"policy: [CN]":                                     "policy: want names and values",
		"site: {a: b}":                                     "site: want text",
		"pages: {zone: hunter2}":                           "pages.zone: want a time zone",
		"webauthn: {models: {hunter2: x}}":                 "webauthn.models",
		"notify: {gateways: [{headers: {a: [hunter2]}}]}":  "notify.gateways[0].headers[a]",
		"just text":                                        "the whole file",
		"notify: {site: x}":                                "unknown key notify.site",
		"notify: {signature: 【店】}":                         "notify.signature: want the bare name",
		"notify: {code-line: sometimes}":                   "notify.code-line: want fit, always or never",
		"notify: {gateways: [{name: a, channels: [sms]}]}": "policy.countries: the gateway a",
		"site: x\n---\nsite: y\n":                          "a second document",
		"site: x\n---\n":                                   "a second document",
		"site: [":                                          "line 1",
		"totp: {digits: 99999999999999999999}":             "totp.digits",
	} {
		path := filepath.Join(t.TempDir(), "latchkey.yaml")
		writeFile(t, path, yaml)
		_, _, err := loadConfig(path, nil, nil)
		var misused usageError
		if !errors.As(err, &misused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a misuse that says %q", yaml, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %q, want one line without the value", yaml, err)
		}
	}
}

// What YAML offers besides plain values is understood, too: nothing at all, null, anchors and merged mappings.
func TestFormsOfYAML(t *testing.T) {
	for yaml, want := range map[string]func(c *Config) bool{
		"# nothing\n":         func(c *Config) bool { return c.Site == "Latchkey" },
		"---\nsite: x\n...\n": func(c *Config) bool { return c.Site == "x" },
		"site:\npolicy:\n": func(c *Config) bool {
			return c.Site == "Latchkey" &&
				c.Policy.Password.Min > 0
		},
		"policy: {countries: []}": func(c *Config) bool { return len(c.Policy.Countries) == 0 },
		"policy: {countries: &a [CN]}\nserver: {related-origins: *a}": func(c *Config) bool {
			return len(c.Server.RelatedOrigins) == 1
		},
		"policy: {guesses: &a {free: 3, cap: 2h}, passwords: {<<: *a, free: 4}}": func(c *Config) bool {
			return c.Policy.Passwords.Free == 4 && c.Policy.Passwords.Cap == 2*time.Hour
		},
		"server: {rate: {per-second: 2}}": func(c *Config) bool { return c.Server.Rate.PerSecond == 2 },
		"totp: {digits: 0x8}":             func(c *Config) bool { return c.TOTP.Digits == 8 },
		"webauthn: {models: {00000000-0000-0000-0000-000000000001: A key}}": func(c *Config) bool {
			return len(c.WebAuthn.Models) == 1
		},
	} {
		if c := load(t, yaml, nil, nil); !want(c) {
			t.Errorf("%q: got %+v, want what the file says", yaml, c)
		}
	}
}

// Every setting that a line of text can say is read from the environment; what is none is refused without its value.
func TestSettingsInTheEnvironment(t *testing.T) {
	for _, path := range settings(reflect.TypeFor[Config](), "") {
		v := reflect.ValueOf(new(Config)).Elem()
		for name := range strings.SplitSeq(path, ".") {
			v = v.FieldByName(name)
		}
		line := envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_")) + "="
		_, ignored, err := loadConfig("", []string{line + "hunter2 ="}, nil)
		if len(ignored) > 0 {
			t.Errorf("%s: got it ignored, want it read", path)
		}
		textual := v.Kind() == reflect.String || v.Kind() == reflect.Slice
		if err == nil && !textual {
			t.Errorf("%s: got nonsense taken, want it refused", path)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the value", path, err)
		}
	}
}

// A setting that names a part of the program, not a value, must be one that this program sets itself.
func TestWiredMembersAreOutOfReach(t *testing.T) {
	reachable := settings(reflect.TypeFor[Config](), "")
	for _, path := range reachable {
		if isWired(path) {
			t.Errorf("got %s from the environment, want it out of reach", path)
		}
	}
	for _, want := range []string{"Listen", "Origin", "Data", "Store", "Server.TrustedProxies", "Policy.Guesses.Free"} {
		if !slices.Contains(reachable, want) {
			t.Errorf("got no setting %s among %v", want, reachable)
		}
	}
}

func TestUnknownNamesInTheEnvironmentAreTold(t *testing.T) {
	_, ignored, err := loadConfig("", []string{"LATCHKEY_LISTN=x", "LATCHKEY_CONFIG=", "HOME=/"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"LATCHKEY_LISTN"}, ignored); diff != "" {
		t.Errorf("got a difference (-want +got):\n%s", diff)
	}
}

// Proxies are written as lists, as one text with commas or blanks, and one by one.
func TestProxiesInEveryForm(t *testing.T) {
	for _, yaml := range []string{"trusted-proxies: [10.0.0.1, 192.0.2.0/24]", "trusted-proxies: 10.0.0.1 192.0.2.0/24",
		"trusted-proxies: \"::ffff:10.0.0.1,192.0.2.0/24\"", "trusted-proxies:\n    - 10.0.0.1\n    - 192.0.2.9/24"} {
		got := load(t, "server:\n  "+yaml, nil, nil).Server.TrustedProxies
		if len(got) != 2 || got[0].String() != "10.0.0.1/32" || got[1].String() != "192.0.2.0/24" {
			t.Errorf("%s: got %v, want both", yaml, got)
		}
	}
	got := load(t, "", []string{"LATCHKEY_SERVER_TRUSTED_PROXIES=10.0.0.1 192.0.2.0/24"}, nil).Server.TrustedProxies
	if len(got) != 2 || got[0].String() != "10.0.0.1/32" {
		t.Errorf("from the environment: got %v, want both", got)
	}
	_, _, err := loadConfig("", []string{"LATCHKEY_SERVER_TRUSTED_PROXIES=proxy.example"}, nil)
	if err == nil || strings.Contains(err.Error(), "proxy.example") {
		t.Errorf("a name: got %v, want an error that does not repeat it", err)
	}
}
