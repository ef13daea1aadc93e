package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A visit is one way through the pages in Firefox, gone in both languages.
type visit struct {
	name string
	walk func(v *visitor)
}

// TestFirefox goes the ways that need no key in a browser that shares no code with Chromium, and
// sees that the pages that ask for one say what to do where none answers.
func TestFirefox(t *testing.T) {
	t.Parallel()
	s := newFirefoxStage(t)
	f := startFirefox(t)
	visits(t, s, f, []visit{
		{"sign up, enrol an app, sign in", (*visitor).firstDay},
		{"a text, then a call, then a mail", (*visitor).phoneAndMail},
		{"recovery codes", (*visitor).recoverySheet},
		{"the other language", (*visitor).otherLanguage},
	})
	t.Run("no key answers", func(t *testing.T) {
		t.Parallel()
		// USB keys are on, and none is plugged in. A key is asked in the foremost window only, so these
		// windows have a Firefox of their own and open one after the other.
		f := startFirefox(t)
		t.Run("in time/"+assets.English, func(t *testing.T) { s.visitor(t, f, assets.English).timeRunsOut() })
		t.Run("yet/"+assets.Chinese, func(t *testing.T) { s.visitor(t, f, assets.Chinese).keyAtHome() })
	})
	visits(t, s, startFirefox(t, `user_pref("security.webauth.webauthn", false);`), []visit{
		{"a browser without keys", (*visitor).unsupported},
	})
}

// visits goes all the ways at once, each in both languages.
func visits(t *testing.T, s *stage, f *firefox, all []visit) {
	for _, one := range all {
		for _, lang := range []string{assets.English, assets.Chinese} {
			t.Run(one.name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				one.walk(s.visitor(t, f, lang))
			})
		}
	}
}

// newFirefoxStage is newStage without a Chromium.
func newFirefoxStage(t *testing.T) *stage {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow to start")
	}
	needs.Program(t, "firefox-esr")
	s := &stage{binary: build(t)}
	var err error
	if s.texts, err = assets.NewTexts(nil); err != nil {
		t.Fatal(err)
	}
	quick := []string{"LATCHKEY_SERVER_RATE_BURST=-1", "LATCHKEY_POLICY_RESEND_AFTER=0s", "LATCHKEY_TOTP_WINDOW=4"}
	s.house = startProgram(t, s.binary, t.TempDir(), quick...)
	// Firefox waits for a key 15 s at least, whatever a page asks for.
	s.hasty = startProgram(t, s.binary, t.TempDir(), append(quick, "LATCHKEY_POLICY_CEREMONY_LIFE=20s")...)
	return s
}

// firstDay is a seller's: he signs up, opens the mailed link, has to enrol before anything else
// opens, connects an app, and signs in with it.
func (v *visitor) firstDay() {
	v.open("/sign-up").at("/sign-up").says(v.word("sign-up.title"))
	v.fill("email", v.email).submit("/sign-up").at("/sign-up/sent").says(v.email)
	m := v.house.message(v.t, "email", v.email)
	if m.Language != v.lang {
		v.t.Errorf("the mail: got language %s, want %s", m.Language, v.lang)
	}
	link := m.link(v.t, v.house.origin)
	path := strings.TrimPrefix(link, v.house.origin)
	v.open(link).at(path).says(v.word("sign-up-confirm.title"))
	v.fill("name", v.name, "user-name", v.user, "phone", v.phone, "password", password)
	v.press("main [name=terms]").submit(path).at("/security/start")

	v.signIn().at("/security/start").says(v.word("start.title"), v.word("problem.must-enrol.title"),
		v.word("state.off"))
	for _, closed := range []string{"/security", "/security/password", "/security/sessions"} {
		v.open(closed).at("/security/start").says(v.word("problem.must-enrol.title"))
	}
	v.addApp().at("/security/start").says(v.word("done.enrolled.title"), v.word("state.on"))

	v.signOut().open("/security").at("/sign-in")
	v.signIn().at("/sign-in/verify").says(v.word("verify.app.title"))
	v.fill("code", "000000").submit("/sign-in/verify").problem("code-wrong")
	v.fill("code", v.code()).submit("/sign-in/verify").home().says(v.word("security.second"),
		v.word("security.backup.title"))
}

// phoneAndMail sets up a number and a mailbox and signs in by each: the text does not come, so we
// call; and without the phone, the mail.
func (v *visitor) phoneAndMail() {
	v.registered()
	v.signIn().at("/security/start").open("/security/phone/new")
	v.press("main [name=via][value=sms]").submit("/security/phone/new").says(v.word("verify.sms.title"))
	v.fill("code",
		v.house.code(v.t, "sms",
			v.phone)).submit("/security/phone/new").at("/security/start").says(v.word("done.enrolled.title"))
	mailbox := "backup-" + v.email
	v.open("/security/email/new").fill("email",
		mailbox).submit("/security/email/new").says(v.word("verify.email.title"))
	v.fill("code",
		v.house.code(v.t, "email",
			mailbox)).submit("/security/email/new").at("/security").says(v.word("done.email-added.title"))

	// The number is as good an identifier as the address (R1).
	v.signOut().open("/sign-in").fill("identifier", v.phone, "password", password).submit("/sign-in")
	v.at("/sign-in/verify").follow(`main form[action="/sign-in/send"] button.btn-main`).says(v.word("verify.sms.title"))
	text := v.house.message(v.t, "sms", v.phone)
	v.says(text.Label).press("details#help summary").says(v.word("verify.sms.help"), v.word("help.call"),
		v.word("help.travel"))
	v.follow(`details#help button[name=with][value=call]`).says(v.word("verify.call.title"))
	call := v.house.message(v.t, "voice", v.phone)
	if call.code(v.t) != text.code(v.t) {
		v.t.Errorf("text and call: got different codes, want one that counts on both")
	}
	v.fill("code", "12345").submit("/sign-in/verify").problem("code-malformed")
	v.fill("code", call.code(v.t)).submit("/sign-in/verify").home()

	v.signOut().signIn().at("/sign-in/verify").follow(`main button[name=with][value=email]`).says(v.word("verify.email.title"))
	v.fill("code", v.house.code(v.t, "email", mailbox)).submit("/sign-in/verify").home()
}

// recoverySheet makes codes, downloads them, uses one, and finds that it works once.
func (v *visitor) recoverySheet() {
	v.registered()
	v.signIn().at("/security/start")
	v.addApp().at("/security/start")
	v.open("/security/codes").submit("/security/codes").says(v.word("codes-shown.title", "n", 10))
	var codes []string
	v.ask("[...document.querySelectorAll('#cs li')].map(e => e.textContent)", &codes)
	lines := strings.Fields(v.download(`form[action="/security/codes/file"] button`))
	if len(codes) != 10 || slices.ContainsFunc(codes, func(c string) bool { return !slices.Contains(lines, c) }) {
		v.t.Fatalf("got %d codes on the page, want ten, each in the downloaded file, which holds %q", len(codes), lines)
	}
	v.press("main [name=saved]").submit("/security/codes/saved").at("/security").says(v.word("codes.count", "n", 10,
		"total", 10))

	v.signOut().signIn().at("/sign-in/verify").follow(`main a[href*="with=recovery"]`).says(v.word("verify.recovery.title"))
	typed := strings.ToLower(strings.ReplaceAll(codes[3], "-", " ")) // as somebody copies it from paper
	v.fill("code", typed).submit("/sign-in/verify").home().says(v.word("codes.count", "n", 9, "total", 10))
	v.signOut().signIn().at("/sign-in/verify").open("/sign-in/verify?with=recovery")
	v.fill("code", codes[3]).submit("/sign-in/verify").problem("recovery-code-used")
}

// download presses a button and reads the file that comes of it.
func (v *visitor) download(selector string) string {
	v.t.Helper()
	v.press(selector)
	var path string
	within(v.t, "the downloaded file", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.loaded) > 0 {
			path = v.loaded[0]
		}
		return path != ""
	})
	raw, err := os.ReadFile(path)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(raw)
}

// otherLanguage chooses it on a page; it stays chosen, whatever the browser prefers.
func (v *visitor) otherLanguage() {
	other := map[string]string{assets.English: assets.Chinese, assets.Chinese: assets.English}[v.lang]
	v.open("/sign-in").at("/sign-in").speaks(v.lang)
	v.follow(".langs button[value=" + other + "]").at("/sign-in").speaks(other)
	v.lang = other
	v.says(v.word("sign-in.title"))
	v.registered()
	v.signIn().at("/security/start").speaks(other).says(v.word("start.title"))
	v.open("/security/app/new").fill("code", "123456").submit("/security/app/new").speaks(other).problem("code-wrong")
	v.open("/security/start").signOut().speaks(other)
}

// speaks wants the page to say that it is written in the language, as a screen reader asks.
func (v *visitor) speaks(lang string) *visitor {
	v.t.Helper()
	return v.until("page in "+lang, "document.documentElement.lang === "+quote(lang))
}

// withKey gives the seller's new account a key, as a program would.
func (v *visitor) withKey() *visitor {
	v.t.Helper()
	v.registered()
	var in struct{ Token string }
	v.house.api(v.person, http.MethodPost, "/sign-in", "", obj{"identifier": v.email, "password": password}, &in)
	var begun struct {
		Ceremony string
		Prompt   json.RawMessage
	}
	v.house.api(v.person, http.MethodPost, "/methods/begin", in.Token, obj{"kind": "webauthn", "flavour": "key"},
		&begun)
	stick, err := virtual.New(virtual.Options{})
	if err != nil {
		v.t.Fatal(err)
	}
	browser := &virtual.Client{Origin: v.house.origin, Authenticators: []*virtual.Authenticator{stick}}
	response, err := browser.Create(begun.Prompt)
	if err != nil {
		v.t.Fatal(err)
	}
	var done struct{ Token string }
	v.house.api(v.person, http.MethodPost, "/methods/finish", in.Token, obj{"ceremony": begun.Ceremony, "name": "Red",
		"response": json.RawMessage(response)}, &done)
	var app struct {
		Ceremony string
		Prompt   struct{ Secret string }
	}
	v.house.api(v.person, http.MethodPost, "/methods/begin", done.Token, obj{"kind": "totp"}, &app)
	v.secret = app.Prompt.Secret
	v.house.api(v.person, http.MethodPost, "/methods/finish", done.Token,
		obj{"ceremony": app.Ceremony, "response": obj{"code": v.code()}}, nil)
	return v
}

// keyAtHome signs in where a key is asked and none answers: the page waits and says so, other ways
// stay in sight all the while, and one of them lets him in.
func (v *visitor) keyAtHome() {
	v.withKey().signIn().at("/sign-in/verify").says(v.word("verify.key.title"))
	v.touch("waiting", "touch.waiting") // by itself: this browser needs no click for it
	v.says(v.word("verify.no-key"), v.word("choice.app")).shot("waiting")
	v.follow(`main a[href*="with=app"]`).says(v.word("verify.app.title"))
	v.fill("code", v.code()).submit("/sign-in/verify").home()
}

// timeRunsOut waits until Firefox gives up: the page tells it from a refusal, says what to do, asks
// again when told to, and the other ways still work. Then a key that is not there is to be
// registered: that page waits too, and leads to another method.
func (v *visitor) timeRunsOut() {
	v.house = v.s.hasty
	v.withKey().signIn().at("/sign-in/verify").touch("waiting", "touch.waiting")
	v.touch("failed", "problem.key-timed-out.title").says(v.word("problem.key-timed-out.detail"), v.word("touch.again"),
		v.word("verify.no-key")).shot("timed-out")
	v.press("main [data-ask]").touch("waiting", "touch.waiting")
	v.follow(`main a[href*="with=app"]`).says(v.word("verify.app.title"))
	v.fill("code", v.code()).submit("/sign-in/verify").home()

	v.open("/security/keys/new").says(v.word("key-new.what"), v.word("key-new.1"))
	v.fill("name", "Blue").press("main [data-ask]").touch("waiting", "touch.waiting")
	v.press(`main details:has(a[href="/security/app/new"]) > summary`).follow(`main details a[href="/security/app/new"]`).at("/security/app/new").says(v.word("app-new.title"))
}

// touch wants the key's panel in a state, and to say so.
func (v *visitor) touch(state, key string) *visitor {
	v.t.Helper()
	v.until("key's panel "+state, `document.querySelector("[data-key]")?.dataset.state === `+quote(state))
	return v.says(v.word(key))
}

// unsupported signs in where the browser knows nothing of keys.
func (v *visitor) unsupported() {
	v.open("/help/check").at("/help/check").says(v.word("check.key.no"))
	v.withKey().signIn().at("/sign-in/verify")
	v.touch("failed", "problem.key-not-supported.title").says(v.word("problem.key-not-supported.detail"),
		v.word("verify.no-key"))
	v.follow(`main a[href*="with=app"]`).fill("code", v.code()).submit("/sign-in/verify").home()
	v.open("/security/keys/new").press("main [data-ask]").touch("failed", "problem.key-not-supported.title")
}
