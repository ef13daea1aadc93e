package server

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// codesOfDomain reads the constants of type Code from the domain's source: the list that nobody can forget to extend.
func codesOfDomain(t *testing.T) map[string]auth.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../auth/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]auth.Code{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			if typ, ok := v.Type.(*ast.Ident); !ok || typ.Name != "Code" {
				continue
			}
			text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out[v.Names[0].Name] = auth.Code(text)
		}
	}
	if len(out) < 50 {
		t.Fatalf("got %d codes, want all of them", len(out))
	}
	return out
}

func TestEveryCodeHasStatusAndTexts(t *testing.T) {
	w := newWorld(t)
	all := codesOfDomain(t)
	for name, code := range all {
		if status := w.server.statuses[code]; status < 400 {
			t.Errorf("%s (%s): got status %d, want one of refusals", name, code, status)
		}
		for _, part := range []string{".title", ".detail"} {
			key := "problem." + string(code) + part
			if !w.texts.Has(key) {
				t.Errorf("%s: got no text %s, want one in both languages", name, key)
			}
		}
	}
	for code := range w.server.statuses {
		if !slices.Contains(slices.Collect(maps.Values(all)), code) {
			t.Errorf("got a status for %q, want a code of the domain", code)
		}
	}
}

// A trial is one world in which one code is provoked.
type trial struct {
	*world
	t      *testing.T
	p      *person         // a program: signed in beyond the second step
	lang   string          // of the request that is refused
	key    *virtual.Client // with the seller's USB key
	secret string          // of his app
	codes  []string        // his recovery codes
}

// A provocation is a request that is refused with one code. change is what the site is like.
type provocation struct {
	change func(*testing.T, *auth.Config, *Config)
	do     func(*trial) *httptest.ResponseRecorder
	lab    bool // in an empty lab instead
}

// estate is what every trial begins with, made once: a seller with everything, and one who must enrol.
type estate struct {
	left   []byte
	at     time.Time
	bearer string
	key    *virtual.Authenticator
	secret string
	codes  []string
}

const otherEmail = "other@example.com"

func newEstate(t *testing.T) *estate {
	t.Helper()
	w := newWorld(t)
	p := w.program()
	e := &estate{secret: w.enrolled(p)}
	e.key = p.addKey("Red key").Authenticators[0]
	var a answer
	p.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613800138000", "channel": "sms"}, &a)
	p.must("POST", "/methods/finish",
		m{"ceremony": a.Ceremony, "response": m{"code": w.mailed(auth.TemplateCode).Args["code"]}}, nil)
	p.must("POST", "/recovery-codes", nil, &a)
	q := w.program()
	w.signUp(q, otherEmail, m{"name": "Li", "userName": "li", "phone": "+8613900139000"})
	w.pass(time.Minute)
	e.codes = a.Codes
	e.bearer = p.bearer
	e.at = w.time()
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if e.left, err = os.ReadFile(w.file); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *estate) trial(t *testing.T, lang string, pr provocation) *trial {
	t.Helper()
	left := e.left
	if pr.lab {
		left = nil
	}
	w := newWorldAt(t, e.at, left, func(a *auth.Config, c *Config) {
		if pr.lab {
			asLab(a, c)
		}
		if pr.change != nil {
			pr.change(t, a, c)
		}
	})
	p := w.program()
	p.bearer, p.lang = e.bearer, lang
	return &trial{world: w, t: t, p: p, lang: lang, secret: e.secret, codes: e.codes,
		key: &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{e.key.Clone()}}}
}

// stranger is a program that is not signed in.
func (c *trial) stranger() *person {
	p := c.program()
	p.lang = c.lang
	return p
}

// known is a browser that the account knows, signed out.
func (c *trial) known() *person {
	p := c.browser()
	p.lang = c.lang
	var begun answer
	p.must("POST", "/sign-in/begin", m{"ceremony": p.password().Ceremony, "kind": "totp"}, &begun)
	p.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": c.code(c.secret)}}, nil)
	p.must("DELETE", "/session", nil, nil)
	return p
}

func (c *trial) post(path string, in any) *httptest.ResponseRecorder {
	return c.p.api("POST", path, in, nil)
}

// signIn takes the first step as somebody new and begins the second by a method.
func (c *trial) signIn(kind string, more m) (*person, answer) {
	p := c.stranger()
	info := p.password()
	in := m{"ceremony": info.Ceremony, "kind": kind}
	maps.Copy(in, more)
	var begun answer
	p.must("POST", "/sign-in/begin", in, &begun)
	return p, begun
}

// assert finishes a sign-in with the key, with a fault.
func (c *trial) assert(h virtual.Hooks) *httptest.ResponseRecorder {
	p, begun := c.signIn("webauthn", nil)
	client := *c.key
	client.Hooks = &h
	response, err := client.Get(begun.Prompt)
	if err != nil {
		c.t.Fatal(err)
	}
	return p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": json.RawMessage(response)}, nil)
}

// register binds a key, with a fault.
func (c *trial) register(o virtual.Options, flavour string, h virtual.Hooks) *httptest.ResponseRecorder {
	var begun answer
	c.p.must("POST", "/methods/begin", m{"kind": "webauthn", "flavour": flavour}, &begun)
	device, err := virtual.New(o)
	if err != nil {
		c.t.Fatal(err)
	}
	client := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}, Hooks: &h}
	response, err := client.Create(begun.Prompt)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.post("/methods/finish", m{"ceremony": begun.Ceremony, "response": json.RawMessage(response)})
}

// app finishes a sign-in with an app's code.
func (c *trial) app(code string) *httptest.ResponseRecorder {
	p, begun := c.signIn("totp", nil)
	return p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, nil)
}

// recovery finishes a sign-in with a recovery code.
func (c *trial) recovery(code string) *httptest.ResponseRecorder {
	p, begun := c.signIn("lookup", nil)
	return p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, nil)
}

// weak is a session whose second step was a text message.
func (c *trial) weak() *person {
	p, begun := c.signIn("phone", m{"channel": "sms"})
	var done answer
	p.must("POST", "/sign-in/finish",
		m{"ceremony": begun.Ceremony, "response": m{"code": c.mailed(auth.TemplateCode).Args["code"]}}, &done)
	p.bearer = done.Token
	return p
}

// signUpWith fills in the form of an account with one thing changed.
func signUpWith(member string, value any) provocation {
	return provocation{do: func(c *trial) *httptest.ResponseRecorder {
		return c.signUpWith(m{member: value})
	}}
}

func (c *trial) signUpWith(changed m) *httptest.ResponseRecorder {
	p := c.stranger()
	p.must("POST", "/sign-up", m{"email": "new@example.com"}, nil)
	in := m{"link": lastPart(c.mailed(auth.TemplateSignUp).Args["link"]), "name": "Wei", "userName": "wei-shop",
		"phone": "+8613700137000", "password": "Vivid-Marmot7", "terms": true}
	maps.Copy(in, changed)
	return p.api("POST", "/sign-up/confirm", in, nil)
}

func do(fn func(*trial) *httptest.ResponseRecorder) provocation { return provocation{do: fn} }

func hooked(h virtual.Hooks) provocation {
	return do(func(c *trial) *httptest.ResponseRecorder { return c.assert(h) })
}

// flags changes the flags of authenticator data.
func flags(set, clear byte) func([]byte) []byte {
	return func(b []byte) []byte {
		b[32] = b[32]&^clear | set
		return b
	}
}

func provocations() map[auth.Code]provocation {
	all := map[auth.Code]provocation{}
	for _, part := range []map[auth.Code]provocation{envelopeFaults(), sessionFaults(), formFaults(), phoneFaults(),
		typedFaults(), storeFaults(), methodFaults(), keyFaults(), labFaults(), shopFaults(), recoveryFaults(),
		pictureFaults(), handOverFaults(), accountHandFaults(), closingFaults(), heldFaults(), keysOnlyFaults()} {
		maps.Copy(all, part)
	}
	return all
}

// toldAtTheDesk are the codes that the staff is told, by no route of sellers.
func toldAtTheDesk() []auth.Code {
	return []auth.Code{auth.AddressTaken, auth.NotRegistered, auth.ChecksMissing, auth.AccountsMissing,
		auth.TooManyAccounts, auth.NetworkMalformed, auth.HoursMalformed,
		auth.ListNotText, auth.ListTooLarge,
		auth.TimeMalformed, auth.TimesReversed, auth.AccountUnknown, auth.TicketUnknown,
		auth.TokenUnknown, auth.TokenMoved, auth.RecallPushed, auth.NoteMalformed, auth.ExportRuns, auth.ExportLater}
}

// TestEveryCodeOverHTTP provokes every code of the domain in both languages.
func TestEveryCodeOverHTTP(t *testing.T) {
	estate := newEstate(t)
	tries := provocations()
	byRoute := map[string][]auth.Code{}
	for _, rt := range slices.Concat(routes(), labRoutes()) {
		byRoute[rt.method+" "+rt.path] = rt.answers()
	}
	desk := toldAtTheDesk()
	for name, code := range codesOfDomain(t) {
		pr, there := tries[code]
		if slices.Contains(desk, code) {
			if there {
				t.Errorf("%s: got a request of a seller's that meets it, want it the desk's alone", name)
			}
			continue
		}
		if !there {
			t.Errorf("%s: got no request that meets it, want one", name)
			continue
		}
		t.Run(string(code), func(t *testing.T) {
			titles := map[string]bool{}
			for _, lang := range []string{"en", "zh-CN"} {
				c := estate.trial(t, lang, pr)
				got := pr.do(c)
				p := refused(t, got)
				if p.Code != string(code) {
					t.Fatalf("%s: got %d %s, want %s", lang, got.Code, got.Body, code)
				}
				if want := c.server.statuses[code]; got.Code != want {
					t.Errorf("%s: got status %d, want %d", lang, got.Code, want)
				}
				if p.Type != testOrigin+"/problems/"+string(code) || p.Title == "" || p.Detail == "" ||
					p.RequestID == "" {
					t.Errorf("%s: got %+v, want type, title, detail and request id", lang, p)
				}
				if h := got.Header(); h.Get("Content-Language") != lang || strings.Contains(p.Title+p.Detail, "{{") {
					t.Errorf("%s: got language %q and %q, want the words of it", lang, h.Get("Content-Language"),
						p.Title)
				}
				route := c.routes[len(c.routes)-1]
				if list, known := byRoute[route]; known && !slices.Contains(list, code) {
					t.Errorf("%s: got %s, want it among the codes that the route declares", route, code)
				}
				titles[p.Title] = true
			}
			if len(titles) != 2 {
				t.Errorf("got titles %v, want one in each language", titles)
			}
		})
	}
}
