package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// password is what sellers type unless a test is about it.
const password = "Brass-Lamp-58"

// A seller is somebody with an account, or about to have one.
type seller struct {
	name, user, email, phone string
	secret                   string        // of his app
	step                     int64         // of the last code that he used
	ahead                    time.Duration // of our clock is his service's
}

// seller is a new one.
func (s *stage) seller() *seller {
	n := s.number.Add(1)
	return &seller{name: "Lin Yi", user: fmt.Sprintf("小店🏮%d", n), email: fmt.Sprintf("seller%d@example.com", n),
		phone: fmt.Sprintf("+86138001%05d", n)}
}

// signUp asks for the mail and fills in the form behind its link: he is signed in, and must enrol.
func (p *person) signUp() *person {
	p.t.Helper()
	p.open("/sign-up").at("/sign-up")
	p.fill("email", p.email).submit("/sign-up").at("/sign-up/sent").says(p.email)
	m := p.house.message(p.t, "email", p.email)
	if m.Language != p.lang {
		p.t.Errorf("the mail: got language %s, want %s", m.Language, p.lang)
	}
	link := m.link(p.t, p.house.origin)
	path := strings.TrimPrefix(link, p.house.origin)
	p.open(link).at(path).says(p.word("sign-up-confirm.title"))
	p.fill("name", p.name, "user-name", p.user, "phone", p.phone, "password", password)
	return p.press("main [name=terms]").submit(path).at("/security/start")
}

// registered gives the person an account the short way: over the API, as a program would.
func (p *person) registered() *person {
	p.t.Helper()
	p.house.api(p, http.MethodPost, "/sign-up", "", map[string]any{"email": p.email}, nil)
	link := p.house.message(p.t, "email", p.email).link(p.t, p.house.origin)
	p.house.api(p, http.MethodPost, "/sign-up/confirm", "",
		map[string]any{"link": link[strings.LastIndex(link, "/")+1:], "name": p.name, "userName": p.user, "phone": p.phone,
			"password": password, "terms": true}, nil)
	return p
}

// api calls an operation as a program does and fails the test unless it is answered well.
func (h *program) api(p *person, method, path, token string, in, out any) {
	p.t.Helper()
	status, body := h.ask(p, method, path, token, in)
	if status >= 300 {
		p.t.Fatalf("%s %s: got %d %s, want it done", method, path, status, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			p.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// ask is api that takes any answer.
func (h *program) ask(p *person, method, path, token string, in any) (status int, body []byte) {
	p.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequest(method, fmt.Sprintf("http://127.0.0.1:%d/api/v1%s", h.port, path), bytes.NewReader(raw))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", p.lang)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Body = http.NoBody
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer a.Body.Close()
	if body, err = io.ReadAll(a.Body); err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a.StatusCode, body
}

// signIn takes the first step: identifier and password.
func (p *person) signIn(more ...string) *person {
	p.t.Helper()
	p.open("/sign-in").at("/sign-in")
	p.fill("identifier", p.email, "password", password)
	if len(more) == 0 { // and no question follows
		more = []string{"main [name=shared]"}
	}
	for _, press := range more {
		p.press(press)
	}
	return p.submit("/sign-in")
}

// home waits for the overview, and wants no trust for this browser if it is offered on the way.
func (p *person) home() *person {
	p.t.Helper()
	p.until("page after the sign-in",
		`['/security', '/sign-in/trust'].includes(location.pathname) && document.readyState === 'complete'`)
	if p.has("main button[name=trust]") {
		p.follow("main button[name=trust][value=no]")
	}
	return p.at("/security")
}

// remember is the choice "this is my own device".
const remember = "main [name=remember][value=yes]"

// signOut presses the button at the head of each page.
func (p *person) signOut() *person {
	p.t.Helper()
	return p.follow(`form[action="/sign-out"] button`).at("/sign-out")
}

// addKey registers the plugged key under a name. The path to go on to is for the caller to check.
func (p *person) addKey(name string) *person {
	p.t.Helper()
	p.open("/security/keys/new").at("/security/keys/new")
	p.fill("name", name)
	return p.follow("main [data-ask]")
}

// addApp connects the seller's app by the secret that the page shows to whoever can't scan.
func (p *person) addApp() *person {
	p.t.Helper()
	p.open("/security/app/new").at("/security/app/new")
	p.press("main details:has(#sec) summary")
	p.says(p.word("app-new.cant"))
	p.secret = strings.Join(strings.Fields(p.text("#sec")), "")
	p.fill("code", p.code())
	return p.submit("/security/app/new")
}

// code is the next code of the seller's app that he has not used. The server takes some steps on
// either side of now, so nobody has to wait for the next.
func (p *person) code() string {
	p.t.Helper()
	now := time.Now().Add(p.ahead).Unix() / 30
	p.step = max(p.step+1, now-2)
	if p.step > now+4 {
		p.t.Fatal("this seller has used too many codes at once")
	}
	code, err := totp.GenerateCodeCustom(p.secret, time.Unix(p.step*30, 0),
		totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix})
	if err != nil {
		p.t.Fatal(err)
	}
	return code
}
