package conform

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

const plainMapping = `version: 1
name: plain
register:
  begin: {path: /a}
  finish: {path: /b, body: '{{.response}}'}
sign_in:
  begin: {path: /c}
  finish: {path: /d, body: '{{.response}}'}
`

func TestMappingsAreStrict(t *testing.T) {
	if _, err := ReadMapping(strings.NewReader(plainMapping)); err != nil {
		t.Fatalf("a plain mapping: %v", err)
	}
	for _, c := range []struct{ name, add, want string }{
		{"unknown member", "colour: red\n", "line 9: field colour not found"},
		{"unknown member further down", "visit:\n  - {path: /x, colour: red}\n", "line 10: field colour not found"},
		{"member twice", "name: again\n", "line 9: mapping key \"name\" already defined at line 2"},
		{"unknown feature", "features: [second-visit,\n  flying]\n", "line 10: \"flying\" is no feature"},
		{"unknown reason", "oracle:\n  codes: {x: [mood]}\n", "line 10: \"mood\" is no reason"},
		{"bad pattern", "oracle:\n  texts:\n  - {match: '(', reasons: [origin]}\n", "line 11: error parsing regexp"},
		{"bad template", "headers: {X: '{{.csrf'}\n", "line 9: template"},
		{"bad path", "visit:\n  - path: /x\n    take: {a: {json: a.b}}\n", "line 11: path \"a.b\": want $"},
		{"bad rule", "visit:\n  - path: /x\n    accepted: {json: {'$.a[x]': 1}}\n", "line 11: path \"$.a[x]\""},
		{"two sources", "visit:\n  - path: /x\n    take: {a: {json: $.a, cookie: a}}\n", "take a: want one of"},
		{"no source", "visit:\n  - path: /x\n    take: {a: {}}\n", "take a: want one of"},
		{"no path", "visit:\n  - method: GET\n", "visit: path is missing"},
		{"feature without requests", "features: [expiry]\n", "expiry and the requests"},
		{"requests without feature", "disable: [{path: /x}]\n", "disabling and the requests"},
		{"bad policy", "policy: {a: perhaps}\n", "line 9: \"perhaps\" is no expectation"},
		{"empty oracle", "oracle: {}\n", "neither codes nor texts"},
		{"rule without reasons", "oracle: {texts: [{match: a}]}\n", "texts, entry 1"},
		{"second document", "---\nversion: 1\n", "second document"},
	} {
		_, err := ReadMapping(strings.NewReader(plainMapping + c.add))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"", "nothing in it"},
		{"version: 2\nname: x\n", "version 2"},
		{"version: 1\n", "name is missing"},
		{"version: 1\nname: x\n", "path is missing"},
	} {
		if _, err := ReadMapping(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want an error with %q", c.text, err, c.want)
		}
	}
}

func TestOraclesOfTheirOwn(t *testing.T) {
	o, err := ReadOracle(strings.NewReader(`
codes: {bad-origin: [origin]}
texts:
  - {match: '(?i)^challenge', reasons: [challenge, spent]}
  - {match: 'origin', reasons: [origin]}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code, text string
		want       []fault.Reason
	}{
		{"bad-origin", "challenge", []fault.Reason{fault.WrongOrigin}},
		{"unheard-of", "Challenge of another origin", []fault.Reason{fault.WrongChallenge, fault.Spent}},
		{"", "an origin", []fault.Reason{fault.WrongOrigin}},
		{"", "no idea", nil},
	} {
		got, _ := o.Reasons(&fault.Answer{Code: c.code, Text: c.text})
		if join(got) != join(c.want) {
			t.Errorf("code %q, text %q: got %v, want %v", c.code, c.text, got, c.want)
		}
	}
	if _, err := ReadOracle(strings.NewReader("codes: {a: [origin]}\nwords: {}\n")); err == nil {
		t.Error("got an oracle with an unknown member, want an error")
	}
}

func TestPresets(t *testing.T) {
	if len(Presets()) == 0 {
		t.Fatal("got no presets")
	}
	for _, name := range Presets() {
		m, err := Preset(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Name != name || m.About == "" || len(m.Oracle().Texts) == 0 {
			t.Errorf("%s: got name %q, about %q and %d rules", name, m.Name, m.About, len(m.Oracle().Texts))
		}
	}
	if _, err := Preset("../mapping"); err == nil {
		t.Error("got a preset from outside, want an error")
	}
}

func TestPaths(t *testing.T) {
	var document any
	if err := json.Unmarshal([]byte(`{"a":{"b":[1,{"c":"x"}],"na.me":true,"n":null},"e":""}`), &document); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"$.a.b[0]": "1", "$.a.b[-1].c": "x", "$['a']['na.me']": "true", `$.a["na.me"]`: "true", "$.a.b[1]": `{"c":"x"}`,
		"$.a.b[2]": "", "$.a.b[-3]": "", "$.a.c": "", "$.a.n": "", "$.e": "", "$.a.b.c": "", "$.e[0]": "",
	} {
		p, err := parsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := p.findText(document); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{"", "a", "$a", "$.", "$..a", "$.*", "$[", "$[a]", "$['a", "$['a'", "$.a b",
		"$[?(@.a)]"} {
		if p, err := parsePath(path); err == nil {
			t.Errorf("%q: got %v, want an error", path, p.steps)
		}
	}
}

func TestFIDOCredentials(t *testing.T) {
	for _, c := range []struct {
		in      string
		noRawID bool
		want    string
	}{
		{`{"id":"a","rawId":"a","clientExtensionResults":{"x":1}}`, false,
			`{"id":"a","rawId":"a","getClientExtensionResults":{"x":1}}`},
		{`{"id":"a","rawId":"a","type":"public-key"}`, true, `{"id":"a","type":"public-key"}`},
		{`{"id":"a","rawId":"b"}`, true, `{"id":"a","rawId":"b"}`},
		{`{"rawId":"b"}`, true, `{"rawId":"b"}`},
		{`{"id" : "a\"\\", "clientExtensionResults" : {} , "id":"b"}`, false,
			`{"id":"a\"\\","getClientExtensionResults":{},"id":"b"}`},
		{`{"response":{"clientExtensionResults": 1.50}}`, false, `{"response":{"clientExtensionResults": 1.50}}`},
		{`{"clientExtensionResults":{}} x`, false, `{"clientExtensionResults":{}} x`},
		{`{"clientExtensionResults":{}`, false, `{"clientExtensionResults":{}`},
		{`["clientExtensionResults"]`, false, `["clientExtensionResults"]`},
		{`{}`, false, `{}`},
		{``, false, ``},
	} {
		if got := string(fidoCredential([]byte(c.in), c.noRawID)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

// The mapping in the package comment is one.
func TestTheManualsMapping(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var manual strings.Builder
	for line := range strings.Lines(string(source)) {
		text, ok := strings.CutPrefix(line, "//\t")
		if manual.Len() == 0 && text != "version: 1\n" {
			continue
		}
		if !ok {
			break
		}
		manual.WriteString(text)
	}
	m, err := ReadMapping(strings.NewReader(manual.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, manual.String())
	}
	if m.Name != "shop" || m.Policy()["reg-json-duplicate-type"] != ExpectRefuse || len(m.Oracle().Texts) != 1 ||
		len(m.file.Again) != 1 {
		t.Errorf("got %+v, want what the manual says", m)
	}
}

// What the catalogue has, mappings can name.
func TestFeaturesAndReasonsAreComplete(t *testing.T) {
	for _, f := range fault.Catalogue() {
		for _, feature := range slices.Concat(f.Needs, f.Unless) {
			if !slices.Contains(Features(), feature) {
				t.Errorf("%s: feature %s is not among Features", f.ID, feature)
			}
		}
		if f.Reason != "" && !slices.Contains(Reasons(), f.Reason) {
			t.Errorf("%s: reason %s is not among Reasons", f.ID, f.Reason)
		}
		if f.Step == "" || f.Clause == "" || stepTitle(f.Step) == "Section "+f.Step {
			t.Errorf("%s: got no title for step %q, clause %q", f.ID, f.Step, f.Clause)
		}
	}
}
