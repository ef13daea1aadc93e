package server

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// R25 to R29: four ways on one page; those that are not set up are not offered, and a refusal stays with its way.
func TestFourWaysPage(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	w.pass(time.Hour)
	s := p.open("/security/password?by=email").at("/confirm", 200).says("You are about to change your password")
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/security/password", 200).says("Send the link",
		"all sessions end")
	lacks(s, "With the security question", "With the security code")
	s.holds(`href="/security/contact?for=password"`)
	s.holds(`href="/security/password?by=current"`)
	p.fill(s, "/security/password/mail").at("/security", 200).says("We sent a link to your security e-mail")
	if told := w.mailed(auth.TemplateResetLink); told.Recipient != testEmail {
		t.Errorf("got a link to %s, want the security e-mail", told.Recipient)
	}
	p.open("/security/password?by=question").at("/security/password", 200).says("Current password")

	s = p.open("/security/question").at("/security/question", 200).says("It never replaces the second step")
	s = p.fill(s, "/security/question", "question", "My first teacher?", "answer", "teacher").at("/security/question",
		200).says("This answer is easy to guess")
	if f := s.form("/security/question").fields; f.Get("question") != "My first teacher?" || f.Get("answer") != "" {
		t.Errorf("after a refusal: got %v, want the question and no answer", f)
	}
	p.fill(s, "/security/question", "question", "My first teacher?", "answer", "Frau Müller").at("/security",
		200).says("Security question saved")
	s = p.open("/security/password?by=question").says("Your question: “My first teacher?”")
	s = p.fill(s, "/security/password", "answer", "Herr Müller", "password", "Vivid-Marmot7").at("/security/password",
		200).says("This answer is not right", "Tries left before a wait: 4")
	p.fill(s, "/security/password", "answer", "frau  müller", "password", "Vivid-Marmot7").at("/security",
		200).says("Password changed")
	s = p.open("/security/question/remove").says("Remove the security question?")
	p.fill(s, "/security/question/remove").at("/security", 200).says("Security question removed")
	p.open("/security/password?by=question").says("Current password")
}

// R29 to R33: made and shown once, shown again for five minutes in this browser, never again; then it changes the
// password, and is told as used.
func TestSecurityCodePage(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	w.pass(time.Hour)
	s := p.open("/security/security-code").says("Not set", "Bought or took over this account?",
		"it can never be changed")
	s = p.fill(s, "/security/security-code").at("/confirm", 200).says("You are about to set your security code")
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/security/security-code", 200)
	s = p.fill(s, "/security/security-code").at("/security/security-code", 200).says("Write down your security code")
	code := codeOn(t, s)
	if got := codeOn(t, p.open("/security/security-code?made=now")); got != code {
		t.Errorf("loaded again: got %q, want %q", got, code)
	}
	p.fill(s, "/security/security-code/saved", "saved", "yes").at("/security", 200).says("The security code is set")
	s = p.open("/security/security-code?made=now").says("never used")
	lacks(s, code)
	s = p.fill(s, "/security/security-code/use", "security-code", "00000").at("/security/security-code", 200).says(
		"This security code is not right")
	p.fill(s, "/security/security-code/use", "security-code", strings.ToLower(code)).at("/security", 200).says(
		"The security code was right")
	p.open("/security/security-code").says("last used on")
	s = p.open("/security/password?by=security-code")
	p.fill(s, "/security/password", "security-code", code, "password", "Vivid-Marmot7").at("/security", 200).says(
		"Password changed")
	p.open("/security/history").says("Security code set", "Security code used", "Security code refused",
		"Password changed")
}

// codeOn is the security code that a page shows.
func codeOn(t *testing.T, s *sheet) string {
	t.Helper()
	for _, word := range strings.Fields(wordsOf(s.text)) {
		if len(word) == 23 && strings.Count(word, "-") == 3 {
			return word
		}
	}
	t.Fatal("no security code on the page")
	return ""
}

// The same over the API.
func TestSecretsOverTheAPI(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	w.enrolled(p)
	var asked struct{ Question string }
	p.must("GET", "/question", nil, &asked)
	if asked.Question != "" {
		t.Errorf("got %q, want no question", asked.Question)
	}
	p.must("POST", "/question", m{"question": "My first teacher?", "answer": "Frau Müller"}, nil)
	p.must("GET", "/question", nil, &asked)
	if asked.Question != "My first teacher?" {
		t.Errorf("got %q, want the question", asked.Question)
	}
	var next struct{ Token string }
	p.must("POST", "/password/by-answer", m{"answer": "frau müller", "password": "Vivid-Marmot7"}, &next)
	p.bearer = next.Token
	var made struct{ Code string }
	p.must("POST", "/security-code", nil, &made)
	p.must("POST", "/security-code/use", m{"securityCode": made.Code}, &next)
	p.bearer = next.Token
	p.must("POST", "/password/by-security-code", m{"securityCode": made.Code, "password": "Vivid-Marmot8"}, &next)
	p.bearer = next.Token
	var sent struct{ Email string }
	p.must("POST", "/password/mail", nil, &sent)
	var now struct {
		SecurityCode struct{ State string }
		QuestionAt   time.Time
	}
	p.must("GET", "/security", nil, &now)
	if now.SecurityCode.State != "used" || now.QuestionAt.IsZero() || sent.Email != "s•••@example.com" {
		t.Errorf("got %+v and a mail to %q", now, sent.Email)
	}
	p.must("DELETE", "/question", nil, nil)
}

// lacks fails the test of a page that says one of the parts.
func lacks(s *sheet, parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if strings.Contains(wordsOf(s.text), part) {
			s.t.Errorf("%s: got %q, want it nowhere", s.path, part)
		}
	}
}

// R7: what is approved stands on the page that asks for the proof, in this browser's own words; the shop takes it over
// the API, once.
func TestApprovePage(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	w.pass(time.Hour)
	const text = "¥ 12,000.00 to •••• 8000"
	address := "/approve?" + url.Values{"text": {text}}.Encode()
	s := p.open(address).at("/confirm", 200).says("You are about to approve this", text)
	s = p.fill(s, "/confirm", "code", "000000").at("/confirm", 200).says(text)
	w.pass(time.Second)
	p.fill(s, "/confirm", "code", w.code(secret)).at("/approve", 200).says("Approved", text, "until")
	p.open("/approve?text=something+else").at("/confirm", 200).says("something else")
	p.open("/approve?text=+").says("This can’t be shown as it is")
	var done struct{ Text string }
	p.must("POST", "/payout", m{"text": text}, &done)
	if done.Text != text {
		t.Errorf("got %q approved, want %q", done.Text, text)
	}
	w.pass(11 * time.Second) // until then it is the same press
	if got := refused(t, p.api("POST", "/payout", m{"text": text}, nil)); got.Code != string(auth.StepUpRequired) {
		t.Errorf("a second time: got %s, want a fresh step asked for", got.Code)
	}
	p.open("/security/history").says("Approved: “" + text + "”")
	var me struct {
		Payout struct {
			Allowed bool
			Why     string
		}
	}
	p.must("GET", "/session", nil, &me)
	if !me.Payout.Allowed || me.Payout.Why != "" {
		t.Errorf("got %+v, want payouts allowed", me.Payout)
	}
}
