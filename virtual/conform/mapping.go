package conform

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A Mapping describes the HTTP interface of any relying party, so that faults can be played against it without a line
// of Go. It is read from YAML by ReadMapping; the package comment has the manual.
type Mapping struct {
	Name  string
	About string // for people: which version of what
	file  mappingFile
}

// mappingFile is a mapping in YAML.
type mappingFile struct {
	Version  int                    `yaml:"version"` // 1
	Name     string                 `yaml:"name"`
	About    string                 `yaml:"about"`    // for people: which version of what
	Origin   string                 `yaml:"origin"`   // of its pages, where it is not that of the address
	RPID     string                 `yaml:"rp_id"`    // where it is not the host of the origin
	Features []feature              `yaml:"features"` // what it offers beside plain ceremonies
	Vars     map[string]string      `yaml:"vars"`     // constants for templates
	Headers  map[string]*expression `yaml:"headers"`  // of every request
	Visit    []exchange             `yaml:"visit"`    // what a new user's browser does first
	Again    []exchange             `yaml:"again"`    // what a second browser of the same user does first
	Register ceremony               `yaml:"register"`
	SignIn   ceremony               `yaml:"sign_in"`
	Expire   []exchange             `yaml:"expire"`  // feature expiry
	Remove   []exchange             `yaml:"remove"`  // feature removal
	Disable  []exchange             `yaml:"disable"` // feature disabling
	Reasons  *oracleFile            `yaml:"oracle"`
	Expected map[string]expectation `yaml:"policy"` // by the id of a fault: accept or refuse
	Waivers  map[string]string      `yaml:"waive"`  // by the id of a fault: why it may be as it is
}

// A ceremony is how one is begun and finished.
type ceremony struct {
	Begin  begin  `yaml:"begin"`
	Finish finish `yaml:"finish"`
}

// An exchange is one request and what is taken from its answer.
type exchange struct {
	Method   string                 `yaml:"method"` // POST when there is a body, else GET
	Path     *expression            `yaml:"path"`
	Headers  map[string]*expression `yaml:"headers"`
	Body     *expression            `yaml:"body"`
	Accepted accepted               `yaml:"accepted"`
	Take     map[string]take        `yaml:"take"` // variables for later templates
}

// A begin has the options in its answer.
type begin struct {
	exchange `yaml:",inline"`
	Options  place `yaml:"options"` // $ when left out
}

// A finish reports whether, and why not.
type finish struct {
	exchange `yaml:",inline"`
	Code     place `yaml:"code"`
	Text     place `yaml:"text"` // the whole answer when left out or not there
	Step     place `yaml:"step"`
}

// accepted is the rule of success: everything in it must hold. Without status any 2xx will do.
type accepted struct {
	Status []int               `yaml:"status"`
	JSON   values              `yaml:"json"`
	Header map[string]*pattern `yaml:"header"`
	Text   *pattern            `yaml:"text"` // of the body
}

// A take is where a variable comes from: exactly one of its members.
type take struct {
	JSON   place    `yaml:"json"`
	Cookie string   `yaml:"cookie"`
	Header string   `yaml:"header"`
	Text   *pattern `yaml:"text"` // its first group, or all of it
}

// oracleFile is an Oracle in YAML.
type oracleFile struct {
	Codes map[string][]reason `yaml:"codes"`
	Texts []textFile          `yaml:"texts"`
}

type textFile struct {
	Match   *pattern `yaml:"match"`
	Reasons []reason `yaml:"reasons"`
}

// The scalars of a mapping: each is checked where it stands, so that errors have a line.
type (
	feature     fault.Feature
	reason      fault.Reason
	expectation Expectation
	expression  struct{ *template.Template }
	pattern     struct{ *regexp.Regexp }
	place       struct{ jsonPath }
	values      []value
)

// A value is what must lie in one place of a JSON document.
type value struct {
	at   jsonPath
	want string // JSON
}

// scalar reads one scalar by parse, and puts its line before the error.
func scalar[T any](n *yaml.Node, into *T, parse func(string) (T, error)) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: want one value", n.Line)
	}
	v, err := parse(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*into = v
	return nil
}

// oneOf parses a word out of a list.
func oneOf[T ~string, L ~string](what string, list []L) func(string) (T, error) {
	return func(s string) (T, error) {
		if !slices.Contains(list, L(s)) {
			return "", fmt.Errorf("%q is no %s; there are %v", s, what, list)
		}
		return T(s), nil
	}
}

// UnmarshalYAML reads a feature of package fault.
func (f *feature) UnmarshalYAML(n *yaml.Node) error {
	return scalar(n, f, oneOf[feature]("feature", Features()))
}

// UnmarshalYAML reads a reason of package fault.
func (r *reason) UnmarshalYAML(n *yaml.Node) error {
	return scalar(n, r, oneOf[reason]("reason", Reasons()))
}

// UnmarshalYAML reads accept or refuse.
func (e *expectation) UnmarshalYAML(n *yaml.Node) error {
	return scalar(n, e, oneOf[expectation]("expectation", []Expectation{ExpectAccept, ExpectRefuse}))
}

// UnmarshalYAML reads a template.
func (e *expression) UnmarshalYAML(n *yaml.Node) error {
	return scalar(n, e, func(s string) (expression, error) {
		t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
			"json": func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
			"form": func(v any) string { return url.QueryEscape(fmt.Sprint(v)) },
		}).Parse(s)
		return expression{t}, err
	})
}

// UnmarshalYAML reads a regular expression.
func (p *pattern) UnmarshalYAML(n *yaml.Node) error {
	return scalar(n, p, func(s string) (pattern, error) {
		r, err := regexp.Compile(s)
		return pattern{r}, err
	})
}

// UnmarshalYAML reads a path.
func (p *place) UnmarshalYAML(n *yaml.Node) error {
	return scalar(n, p, func(s string) (place, error) {
		path, err := parsePath(s)
		return place{path}, err
	})
}

func (p place) given() bool { return p.text != "" }

// UnmarshalYAML reads paths and the values that must lie there.
func (v *values) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want paths and values", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		var at place
		if err := at.UnmarshalYAML(n.Content[i]); err != nil {
			return err
		}
		var want any
		if err := n.Content[i+1].Decode(&want); err != nil {
			return err
		}
		b, err := json.Marshal(want)
		if err != nil {
			return fmt.Errorf("line %d: %w", n.Content[i+1].Line, err)
		}
		*v = append(*v, value{at.jsonPath, string(b)})
	}
	return nil
}

// ReadMapping reads a mapping. What it does not know is an error, with the line where it stands.
func ReadMapping(r io.Reader) (*Mapping, error) {
	m := &Mapping{}
	if err := decodeYAML(r, &m.file); err != nil {
		return nil, fmt.Errorf("reading a mapping: %w", err)
	}
	if err := m.file.check(); err != nil {
		return nil, fmt.Errorf("reading a mapping: %w", err)
	}
	m.Name, m.About = m.file.Name, m.file.About
	return m, nil
}

// ReadOracle reads an oracle of its own file: the members codes and texts.
func ReadOracle(r io.Reader) (*Oracle, error) {
	f := &oracleFile{}
	if err := decodeYAML(r, f); err != nil {
		return nil, fmt.Errorf("reading an oracle: %w", err)
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("reading an oracle: %w", err)
	}
	return f.oracle(), nil
}

func (f *oracleFile) check() error {
	if len(f.Codes)+len(f.Texts) == 0 {
		return errors.New("neither codes nor texts")
	}
	for i, t := range f.Texts {
		if t.Match == nil || len(t.Reasons) == 0 {
			return fmt.Errorf("texts, entry %d: want match and reasons", i+1)
		}
	}
	return nil
}

// decodeYAML reads exactly one document and no member that into does not have.
func decodeYAML(r io.Reader, into any) error {
	dec := yaml.NewDecoder(r)
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("there is nothing in it")
		}
		var all *yaml.TypeError
		if errors.As(err, &all) {
			text := regexp.MustCompile(` in type \S+`).ReplaceAllString(strings.Join(all.Errors, "; "), "")
			return errors.New(text)
		}
		return err
	}
	if err := dec.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return errors.New("there is a second document in it")
	}
	return nil
}

// check finds what no single value can be blamed for.
func (m *mappingFile) check() error {
	switch {
	case m.Version != 1:
		return fmt.Errorf("version %d: this is for version 1", m.Version)
	case m.Name == "":
		return errors.New("name is missing")
	}
	for name, list := range map[string][]exchange{
		"visit": m.Visit, "again": m.Again, "expire": m.Expire, "remove": m.Remove, "disable": m.Disable,
		"register.begin": {m.Register.Begin.exchange}, "register.finish": {m.Register.Finish.exchange},
		"sign_in.begin": {m.SignIn.Begin.exchange}, "sign_in.finish": {m.SignIn.Finish.exchange},
	} {
		for _, e := range list {
			if err := e.check(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for f, list := range map[fault.Feature][]exchange{
		fault.Expiry: m.Expire, fault.Removal: m.Remove, fault.Disabling: m.Disable,
	} {
		if has := slices.Contains(m.Features, feature(f)); has != (len(list) > 0) {
			return fmt.Errorf("feature %s and the requests for it go together", f)
		}
	}
	for id, why := range m.Waivers {
		if why == "" {
			return fmt.Errorf("waive %s: there is no reason", id)
		}
	}
	if m.Reasons != nil {
		return m.Reasons.check()
	}
	return nil
}

func (e *exchange) check() error {
	if e.Path == nil {
		return errors.New("path is missing")
	}
	for name, t := range e.Take {
		given := 0
		for _, one := range []bool{t.JSON.given(), t.Cookie != "", t.Header != "", t.Text != nil} {
			if one {
				given++
			}
		}
		if given != 1 {
			return fmt.Errorf("take %s: want one of json, cookie, header, text", name)
		}
	}
	return nil
}

// Oracle returns the mapping's own oracle, or WordOracle when it has none.
func (m *Mapping) Oracle() *Oracle {
	if m.file.Reasons == nil {
		return WordOracle()
	}
	return m.file.Reasons.oracle()
}

// Policy returns what the mapping says of policy and hardening rows.
func (m *Mapping) Policy() map[string]Expectation {
	out := make(map[string]Expectation, len(m.file.Expected))
	for id, e := range m.file.Expected {
		out[id] = Expectation(e)
	}
	return out
}

// Waivers returns what the mapping excuses, and why.
func (m *Mapping) Waivers() map[string]string { return maps.Clone(m.file.Waivers) }

func (f *oracleFile) oracle() *Oracle {
	o := &Oracle{Codes: make(map[string][]fault.Reason, len(f.Codes))}
	for code, list := range f.Codes {
		o.Codes[code] = reasons(list)
	}
	for _, t := range f.Texts {
		o.Texts = append(o.Texts, TextRule{Match: t.Match.Regexp, Reasons: reasons(t.Reasons)})
	}
	return o
}

func reasons(list []reason) []fault.Reason {
	out := make([]fault.Reason, 0, len(list))
	for _, r := range list {
		out = append(out, fault.Reason(r))
	}
	return out
}

//go:embed presets/*.yaml
var presets embed.FS

// Presets lists the mappings that come with this package.
func Presets() []string {
	entries, err := presets.ReadDir("presets")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Preset returns a mapping that comes with this package.
func Preset(name string) (*Mapping, error) {
	b, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no preset %q; there are %v", name, Presets())
	}
	return ReadMapping(bytes.NewReader(b))
}
