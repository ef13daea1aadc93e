package conform

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Open checks the target and returns it as a party that is spoken to as the mapping says. The target's own origin and
// RP ID, when given, win over the mapping's.
func (m *Mapping) Open(t Target) (fault.Party, error) {
	if t.Origin == "" {
		t.Origin = m.file.Origin
	}
	if t.RPID == "" {
		t.RPID = m.file.RPID
	}
	w, err := t.open()
	if err != nil {
		return nil, err
	}
	features := make([]fault.Feature, 0, len(m.file.Features))
	for _, f := range m.file.Features {
		features = append(features, fault.Feature(f))
	}
	return &mappedParty{web: w, mapping: &m.file, about: w.about(features)}, nil
}

type mappedParty struct {
	web     *web
	mapping *mappingFile
	about   fault.About
}

// About tells origin, RP ID and features.
func (p *mappedParty) About() fault.About { return p.about }

// Visit opens a browser and sends what the mapping says that a new user sends first.
func (p *mappedParty) Visit(ctx context.Context, name string) (fault.Visit, error) {
	v := &mappedVisit{party: p, browser: p.web.browser(), name: name, vars: map[string]any{}}
	for k, value := range p.mapping.Vars {
		v.vars[k] = value
	}
	v.vars["name"] = name
	v.vars["origin"] = p.web.origin
	v.vars["rp_id"] = p.web.rpID
	if err := v.sequence(ctx, "visit", p.mapping.Visit, v.vars); err != nil {
		return nil, err
	}
	return v, nil
}

// A mappedVisit is one browser. What a ceremony takes is in its Begun; its own vars change by what is done at the desk.
type mappedVisit struct {
	party   *mappedParty
	browser *browser
	name    string

	mu    sync.Mutex
	vars  map[string]any // replaced, never changed
	later map[string]any // what was taken at the desk: it goes before what older ceremonies have
}

// known is what the browser knows by now.
func (v *mappedVisit) known() map[string]any {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.vars)
}

// desk sends what is done to the user, and keeps what is taken from the answers.
func (v *mappedVisit) desk(ctx context.Context, doing string, list []exchange, more map[string]any) error {
	vars := v.known()
	maps.Copy(vars, more)
	err := v.sequence(ctx, doing, list, vars)
	v.mu.Lock()
	defer v.mu.Unlock()
	own, later := maps.Clone(v.vars), maps.Clone(v.later)
	if later == nil {
		later = map[string]any{}
	}
	for i := range list {
		for name := range list[i].Take {
			if value, ok := vars[name]; ok {
				own[name], later[name] = value, value
			}
		}
	}
	v.vars, v.later = own, later
	return err
}

// sequence sends requests one after the other; each may use what those before have taken.
func (v *mappedVisit) sequence(ctx context.Context, doing string, list []exchange, vars map[string]any) error {
	for i := range list {
		if _, err := v.send(ctx, &list[i], vars); err != nil {
			return fmt.Errorf("%s, request %d: %w", doing, i+1, err)
		}
	}
	return nil
}

// send makes one request that must be accepted, and takes from its answer.
func (v *mappedVisit) send(ctx context.Context, e *exchange, vars map[string]any) (*reply, error) {
	r, err := v.request(ctx, e, vars)
	if err != nil {
		return nil, err
	}
	if ok, why := e.Accepted.holds(r); !ok {
		return nil, fmt.Errorf("%s: %w", why, r.refused("not accepted"))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Take)) {
		if vars[name], err = v.take(e.Take[name], r); err != nil {
			return nil, fmt.Errorf("taking %s: %w", name, err)
		}
	}
	return r, nil
}

// request builds and sends one request.
func (v *mappedVisit) request(ctx context.Context, e *exchange, vars map[string]any) (*reply, error) {
	data := maps.Clone(vars)
	data["cookies"] = v.browser.jar.values()
	path, err := e.Path.expand(data)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("path %q: want / at the beginning", path)
	}
	out := request{method: e.Method, path: path, header: map[string]string{}}
	if e.Body != nil {
		body, err := e.Body.expand(data)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		out.body = []byte(body)
	}
	for _, headers := range []map[string]*expression{v.party.mapping.Headers, e.Headers} {
		for name, value := range headers {
			if out.header[name], err = value.expand(data); err != nil {
				return nil, fmt.Errorf("header %s: %w", name, err)
			}
		}
	}
	if out.method == "" && out.body == nil {
		out.method = http.MethodGet
	} else if out.method == "" {
		out.method = http.MethodPost
	}
	return v.browser.do(ctx, out)
}

// expand fills a template in. What is not known is an error.
func (e *expression) expand(data map[string]any) (string, error) {
	var out strings.Builder
	if err := e.Execute(&out, data); err != nil {
		return "", err
	}
	return out.String(), nil
}

// take finds one variable in an answer.
func (v *mappedVisit) take(t take, r *reply) (string, error) {
	found := ""
	switch {
	case t.JSON.given():
		document, _ := document(r.body)
		found = t.JSON.findText(document)
	case t.Cookie != "":
		found = v.browser.jar.value(t.Cookie)
	case t.Header != "":
		found = r.header.Get(t.Header)
	default:
		if m := t.Text.FindSubmatch(r.body); m != nil {
			found = string(m[min(1, len(m)-1)])
		}
	}
	if found == "" {
		return "", fmt.Errorf("it is not in the answer: %s", excerpt(r.body))
	}
	return found, nil
}

// document reads any JSON, numbers as they were written.
func document(body []byte) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	err := dec.Decode(&v)
	return v, err == nil
}

// holds applies the rule of success; why names what did not hold.
func (a *accepted) holds(r *reply) (ok bool, why string) {
	if len(a.Status) == 0 && r.status/100 != 2 || len(a.Status) > 0 && !slices.Contains(a.Status, r.status) {
		return false, fmt.Sprintf("status is %d", r.status)
	}
	if len(a.JSON) > 0 {
		body, _ := document(r.body)
		for _, v := range a.JSON {
			found, there := v.at.find(body)
			if got, err := json.Marshal(found); !there || err != nil || string(got) != v.want {
				return false, fmt.Sprintf("%s is not %s", v.at.text, v.want)
			}
		}
	}
	for name, p := range a.Header {
		if !p.MatchString(r.header.Get(name)) {
			return false, fmt.Sprintf("header %s does not match %q", name, p)
		}
	}
	if a.Text != nil && !a.Text.Match(r.body) {
		return false, fmt.Sprintf("the answer does not match %q", a.Text)
	}
	return true, ""
}

// begin starts a ceremony: its variables are those of the visit, the wish, and what is taken now.
func (v *mappedVisit) begin(ctx context.Context, b *begin, w fault.Wish) (*fault.Begun, error) {
	vars := v.known()
	vars["verify"] = w.Verify
	vars["discoverable"] = w.Discoverable
	vars["trust"] = w.Trust
	vars["verification"], vars["resident"] = verification(w), "discouraged"
	if w.Discoverable {
		vars["resident"] = "required"
	}
	r, err := v.send(ctx, &b.exchange, vars)
	if err != nil {
		return nil, fmt.Errorf("asking for options: %w", err)
	}
	body, ok := document(r.body)
	if !ok {
		return nil, r.refused("asking for options: the answer is no JSON")
	}
	found, ok := b.Options.find(body)
	if !ok {
		return nil, r.refused("asking for options: nothing at " + b.Options.text)
	}
	options, err := json.Marshal(found)
	if s, isText := found.(string); isText {
		options = []byte(s) // options that were put into a string
	}
	return &fault.Begun{Options: Unpadded(options), State: vars}, err
}

// finish sends a response and judges the answer.
func (v *mappedVisit) finish(ctx context.Context, f *finish, b *fault.Begun, response []byte) (*fault.Answer, error) {
	vars, _ := b.State.(map[string]any)
	if vars == nil {
		vars = v.known()
	}
	vars = maps.Clone(vars)
	v.mu.Lock()
	maps.Copy(vars, v.later)
	v.mu.Unlock()
	vars["response"], vars["credential"] = string(response), ""
	if object, ok := decodeObject(response); ok {
		vars["credential"] = text(object["id"])
	}
	r, err := v.request(ctx, &f.exchange, vars)
	if err != nil {
		return nil, err
	}
	a := r.answer()
	var why string
	if a.Accepted, why = f.Accepted.holds(r); a.Accepted {
		return a, nil
	}
	body, _ := document(r.body)
	a.Code = f.Code.textIn(body)
	a.Step = f.Step.textIn(body)
	a.Text = f.Text.textIn(body)
	if a.Text == "" {
		a.Text = excerpt(r.body)
	}
	if a.Text == "" {
		a.Text = why
	}
	return a, nil
}

// textIn is findText of a place that may not have been given.
func (p place) textIn(document any) string {
	if !p.given() {
		return ""
	}
	return p.findText(document)
}

// RegisterBegin asks for creation options.
func (v *mappedVisit) RegisterBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	return v.begin(ctx, &v.party.mapping.Register.Begin, w)
}

// RegisterFinish sends a registration response.
func (v *mappedVisit) RegisterFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(ctx, &v.party.mapping.Register.Finish, b, response)
}

// SignInBegin asks for request options.
func (v *mappedVisit) SignInBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	return v.begin(ctx, &v.party.mapping.SignIn.Begin, w)
}

// SignInFinish sends an assertion.
func (v *mappedVisit) SignInFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(ctx, &v.party.mapping.SignIn.Finish, b, response)
}

// Again opens a second browser of the same user.
func (v *mappedVisit) Again(ctx context.Context) (fault.Visit, error) {
	again := &mappedVisit{party: v.party, browser: v.party.web.browser(), name: v.name, vars: v.known()}
	if err := again.sequence(ctx, "again", v.party.mapping.Again, again.vars); err != nil {
		return nil, err
	}
	return again, nil
}

// Expire sends what makes the ceremonies begun so far too old.
func (v *mappedVisit) Expire(ctx context.Context) error {
	return v.desk(ctx, "expire", v.party.mapping.Expire, nil)
}

// Remove sends what deletes a credential.
func (v *mappedVisit) Remove(ctx context.Context, credential []byte) error {
	told := map[string]any{"credential": base64.RawURLEncoding.EncodeToString(credential)}
	return v.desk(ctx, "remove", v.party.mapping.Remove, told)
}

// Disable sends what keeps the user from signing in.
func (v *mappedVisit) Disable(ctx context.Context) error {
	return v.desk(ctx, "disable", v.party.mapping.Disable, nil)
}
