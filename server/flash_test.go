package server

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/web"
)

// What an act leaves is said once, on the next page that is shown; what is too long, or no word of ours, is left
// unsaid.
func TestWhatIsLeftToBeSaid(t *testing.T) {
	s := newServer(t, nil)
	now := s.now()
	left := func(p flash) (cookie string) {
		x := asking(s, http.MethodPost, "/")
		x.leaveFlash(p)
		c := x.ResponseWriter.(*httptest.ResponseRecorder).Result().Cookies()
		if len(c) == 0 {
			return ""
		}
		return c[0].Value
	}
	taken := func(method, cookie string) (*assets.Notice, *assets.Signals, *request) {
		x := asking(s, method, "/")
		if cookie != "none" {
			x.r.Header.Set("Cookie", s.cookieName(noticeCookie)+"="+cookie)
		}
		n, sig := x.takeFlash()
		return n, sig, x
	}
	for _, c := range []struct {
		p    flash
		said bool
		time any
	}{
		{flash{Key: "renamed", Name: "Blue"}, true, time.Time{}},
		{flash{Key: "asked", Time: now.Add(time.Minute)}, true, assets.Clock(now.Add(time.Minute))},
		{flash{Key: "asked", Time: now.Add(time.Hour)}, true, now.Add(time.Hour)},
		{flash{Key: "asked", Time: now.Add(time.Hour - time.Second)}, true,
			assets.Clock(now.Add(time.Hour - time.Second))},
		{flash{Key: "asked", Time: now}, true, now}, {flash{Key: "asked", Time: now.Add(-time.Minute)}, true,
			now.Add(-time.Minute)},
		{flash{Found: "Blue"}, false, nil},
	} {
		n, _, x := taken(http.MethodGet, left(c.p))
		if (n != nil) != c.said || x.found != c.p.Found {
			t.Errorf("%+v: got %v and the key %q, want it said %v", c.p, n, x.found, c.said)
			continue
		}
		if n != nil && (n.Key != c.p.Key || n.Args["name"] != c.p.Name || !sameTime(n.Args["time"], c.time) ||
			n.Args["now"] != now) {
			t.Errorf("%+v: got %+v, want time %v", c.p, n, c.time)
		}
		if set := x.Header().Get("Set-Cookie"); !strings.Contains(set, "Max-Age=0") {
			t.Errorf("%+v: got %q, want the cookie dropped", c.p, set)
		}
	}
	_, sig, _ := taken(http.MethodGet, left(flash{Unknown: &auth.UnknownCredential{RPID: "rp", CredentialID: "id"}}))
	if sig == nil || sig.RPID != "rp" || sig.Unknown != "id" {
		t.Errorf("an unknown credential: got %+v, want it told", sig)
	}
	_, sig, _ = taken(http.MethodGet, left(flash{Signals: &auth.Signal{RPID: "rp", UserID: "u",
		Accepted: []string{"a"}},
		Unknown: &auth.UnknownCredential{RPID: "other"}}))
	if sig == nil || sig.RPID != "rp" || sig.UserID != "u" || len(sig.Accepted) != 1 || sig.Unknown != "" {
		t.Errorf("the accepted credentials: got %+v, want them told", sig)
	}
	good := left(flash{Key: "renamed"})
	for name, c := range map[string]struct{ method, cookie string }{"a form": {http.MethodPost, good},
		"a head":  {http.MethodHead, good},
		"nothing": {http.MethodGet, "none"}} {
		if n, sig, x := taken(c.method, c.cookie); n != nil || sig != nil || x.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: got %v, %v, want nothing said or dropped", name, n, sig)
		}
	}
	for _, bad := range []string{"!", "AAAA", base64.RawURLEncoding.EncodeToString([]byte("[]"))} {
		if n, sig, x := taken(http.MethodGet, bad); n != nil || sig != nil || x.Header().Get("Set-Cookie") == "" {
			t.Errorf("%q: got %v, %v, want nothing said and it dropped", bad, n, sig)
		}
	}
	// {"k":"","n":"…"} in base64, four signs for three bytes
	fits := (maxFlash/4*3 - len(`{"n":""}`))
	if left(flash{Name: strings.Repeat("a", fits)}) == "" || left(flash{Name: strings.Repeat("a", fits+1)}) != "" {
		t.Errorf("got the longest name left unsaid, or one that is longer said")
	}
}

func sameTime(got, want any) bool {
	a, is := got.(time.Time)
	b, was := want.(time.Time)
	return is == was && (!is || a.Equal(b)) && (is || got == want)
}

// Where forms and links may lead back to: paths of this site.
func TestPathsToReturnTo(t *testing.T) {
	long := "/" + strings.Repeat("a", 1023)
	for v, ok := range map[string]bool{"/": true, "/a?b=c#d": true, "/a//b": true, long: true, "": false, long +
		"a": false,
		"a": false, "//a": false, "/\\a": false, "/a\rb": false, "/a\nb": false, "/a\tb": false, "/a\x00b": false,
		"https://a": false,
		"mailto:a":  false, "/%zz": false, "/a:b": true} {
		if got := safeReturn(v); ok && got != v || !ok && got != "" {
			t.Errorf("%q: got %q, want it taken: %v", v, got, ok)
		}
		want := v
		if !ok {
			want = "/security"
		}
		if got := next(v); got != want {
			t.Errorf("%q: got to go on to %q, want %q", v, got, want)
		}
	}
}

// The field of a form that a refusal stands beside.
func TestFieldsOfRefusals(t *testing.T) {
	for _, c := range []struct {
		code        auth.Code
		field, want string
	}{
		{auth.UserNameMalformed, "userName", "user-name"}, {auth.EmailMalformed, "email", "email"}, {auth.CodeWrong,
			"", "code"},
		{auth.CodeUnavailable, "", ""}, {auth.CodeWrong, "response", "response"}, {auth.RecoveryWrong, "", "code"},
		{auth.RecoveryUsed, "", "code"}, {auth.AppClock, "", "code"}, {auth.PasswordWrong, "", "password"},
		{auth.PasswordTooShort, "", "password"}, {auth.PasswordTooShort, "password", "password"},
		{auth.SignInRefused, "", ""},
		{auth.KeyWrong, "", ""},
	} {
		if got := formField(auth.RefuseField(c.code, c.field)); got != c.want {
			t.Errorf("%s at %q: got %q, want %q", c.code, c.field, got, c.want)
		}
	}
}

// A key's answer in a field is read as strictly as the API reads it.
func TestAnswersInFields(t *testing.T) {
	whole := `{"a":"` + strings.Repeat("a", web.MaxBody-8) + `"}`
	for text, ok := range map[string]bool{"{}": true, `{"a":1}`: true, whole: true, "": false, "[]": false,
		`"a"`: false, " {}": false,
		"{": false, `{"a":1,"a":2}`: false, `{"a":1,"A":2}`: false, whole + " ": false, "{}x": false} {
		raw, err := rawJSON(text)
		if (err == nil) != ok || ok && string(raw) != text {
			t.Errorf("%.20q (%d): got %v, want it taken: %v", text, len(text), err, ok)
		}
	}
	if got := string(codeJSON(`1"2`)); got != `{"code":"1\"2"}` {
		t.Errorf("got %s, want the code as it was typed", got)
	}
}

// What was typed is kept but for secrets, and not at all on a shared computer.
func TestWhatIsKeptOfAForm(t *testing.T) {
	s := newServer(t, nil)
	posted := url.Values{"name": {strings.Repeat("a", 254)}, "email": {strings.Repeat("a", 255)}, "phone": {""},
		"password": {"p"},
		"code":     {"1"}, "response": {"{}"}, "identifier": {"i"}}
	for _, c := range []struct {
		name   string
		shared string
		cookie bool
		want   int
	}{{"his own", "", false, 3}, {"shared, just said", "yes", false, 0}, {"shared, said before", "", true, 0},
		{"not shared", "no", false, 4}} {
		x := asking(s, http.MethodPost, "/")
		if c.cookie {
			x.r.Header.Set("Cookie", s.cookieName(sharedCookie)+"=1")
		}
		x.posted = url.Values{}
		for k, v := range posted {
			x.posted[k] = v
		}
		if c.shared != "" {
			x.posted.Set("shared", c.shared)
		}
		if got := x.typed(); len(got) != c.want || c.want > 0 && (len(got["name"]) != 254 || got["identifier"] != "i") {
			t.Errorf("%s: got %d fields kept, want %d", c.name, len(got), c.want)
		}
	}
	if clip("abc", 3) != "abc" || clip("abcd", 3) != "" {
		t.Error("got something longer kept, or what just fits left out")
	}
}

// Which refusals of a form move on to the page at its address: those of what was read, of a form of ours, that are no
// failures.
func TestRefusalsThatMoveOn(t *testing.T) {
	s := newServer(t, nil)
	stays := map[auth.Code]bool{auth.MalformedRequest: true, auth.UnknownMember: true, auth.DuplicateMember: true,
		auth.TooLarge: true, auth.TooSlow: true, auth.CrossOrigin: true}
	shown := &page{get: func(*request) error { return nil }}
	moves := 0
	for code, status := range s.statuses {
		x := asking(s, http.MethodPost, "/")
		want := !stays[code] && status < 500
		if got := x.movesOn(shown, auth.Refuse(code)); got != want {
			t.Errorf("%s: got it moved on %v, want %v", code, got, want)
		}
		if want {
			moves++
		}
		fresh, reading := asking(s, http.MethodPost, "/"), asking(s, http.MethodGet, "/")
		fresh.fresh = true
		if fresh.movesOn(shown, auth.Refuse(code)) || reading.movesOn(shown, auth.Refuse(code)) || x.movesOn(&page{},
			auth.Refuse(code)) {
			t.Errorf("%s: got it moved on from a browser without our cookie, from GET, or to no page", code)
		}
	}
	if moves < 40 {
		t.Errorf("got %d codes that move on, want most", moves)
	}
	for code := range s.statuses {
		first := code == auth.SessionRequired || code == auth.SessionEnded || code == auth.MustEnrol ||
			code == auth.StepUpRequired || code == auth.TooWeak
		if leadsElsewhere(auth.Refuse(code)) != first {
			t.Errorf("%s: got it led elsewhere %v", code, !first)
		}
		again := code == auth.CeremonyExpired || code == auth.CeremonyVoid || code == auth.CeremonyUsed ||
			code == auth.CeremonyOtherBrowser
		if startAgain(auth.Refuse(code)) != again {
			t.Errorf("%s: got the flow over %v", code, !again)
		}
	}
}

// A refused form is told of for half a minute, and what was typed is kept for five, each to the second, on its own page
// alone.
func TestHowLongARefusedFormIsTold(t *testing.T) {
	now := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	s := newServer(t, func(c *Config) { c.Now = func() time.Time { return now } })
	left := asking(s, http.MethodPost, "/forgot")
	left.caller.Browser = strings.Repeat("A", 43)
	left.posted = url.Values{"identifier": {"wei"}, "password": {"secret"}}
	if err := left.leaveSetback("/forgot",
		auth.Refuse(auth.SendLimitReached).At(now.Add(time.Hour))); err != errAnswered {
		t.Fatalf("got %v, want it answered", err)
	}
	w := left.ResponseWriter.(*httptest.ResponseRecorder)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/forgot" || w.Header().Get("Retry-After") != "" {
		t.Errorf("got %d to %q with Retry-After %q, want a redirect that says no time", w.Code,
			w.Header().Get("Location"),
			w.Header().Get("Retry-After"))
	}
	kept := w.Result().Cookies()[0]
	begun := now
	for _, c := range []struct {
		after time.Duration
		path  string
		told  bool
		typed string
	}{
		{0, "/forgot", true, "wei"}, {setbackTold - 1, "/forgot", true, "wei"}, {setbackTold, "/forgot", false, "wei"},
		{setbackLife - 1, "/forgot", false, "wei"}, {setbackLife, "/forgot", false, ""}, {0, "/sign-in", false, ""},
	} {
		now = begun.Add(c.after)
		x := asking(s, http.MethodGet, c.path)
		x.caller.Browser = left.caller.Browser
		x.r.AddCookie(kept)
		x.takeSetback()
		if x.setBack() != c.told || x.field("identifier") != c.typed || x.field("password") != "" {
			t.Errorf("%s after %s: got it told %v beside %q, want %v, %q", c.path, c.after, x.setBack(),
				x.field("identifier"),
				c.told, c.typed)
		}
		if x.setBack(auth.SendLimitReached) != c.told || x.setBack(auth.CodeWrong) || x.setBack(auth.CodeWrong,
			auth.SendLimitReached) != c.told {
			t.Errorf("%s after %s: got another refusal told of than was left", c.path, c.after)
		}
	}
}

// A page is answered with a page, also to who does not say that he wants one.
func TestPagesRefuseWithPages(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/done/nothing", "/undo/nothing"} {
		got := ask(w.server, "GET", path, "")
		if media := got.Header().Get("Content-Type"); got.Code < 400 || !strings.HasPrefix(media, "text/html") {
			t.Errorf("%s: got %d as %s, want a page", path, got.Code, media)
		}
	}
}

// A key that is refused is told of to the browser once: on the page that says so, or on the one that comes before it.
func TestARefusedKeyIsToldOfOnce(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	client := stick(t, "refused")
	client.Hooks = &virtual.Hooks{ClientData: func(c *virtual.ClientData) { c.Type = "webauthn.get" }}
	s := p.touch(p.open("/security/keys/new"), client, "/security/keys/new", "name", "Red key")
	s.at("/security/keys/new", 200).says("Error:")
	if strings.Count(s.text, "&#34;unknown&#34;")+strings.Count(s.text, `"unknown"`) != 1 {
		t.Errorf("got %s, want the browser told that the key is unknown", s.text)
	}
	if left := p.cookie("__Host-" + noticeCookie); left != "" {
		t.Errorf("got the notice %s left for another page, want it told here alone", left)
	}
}
