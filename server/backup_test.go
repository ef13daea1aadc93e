package server

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// R61: the backup that the pages ask for must not be lost together with the rest, and they say why.
func TestBackupThatFallsWithTheRest(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	s := p.open("/security/start").says("Now a backup")
	for _, link := range []string{"/security/keys/new?backup=1", "/security/keys/new?kind=passkey&amp;backup=1",
		"/security/app/new?backup=1", "/security/phone/new?backup=1", "/security/email/new?backup=1"} {
		if !strings.Contains(s.text, `href="`+link+`"`) {
			t.Errorf("got no link to %s, want one", link)
		}
	}
	w.pass(time.Second)
	s = p.open("/security/phone/new?backup=1").says("Step 3 of 3")
	s = p.fill(s, "/security/phone/new", "phone", "+8613800138000", "via", "sms").at("/security/phone/new", 200)
	code := w.mailed(auth.TemplateCode).Args["code"]
	s = p.fill(s, "/security/phone/new", "code", code).at("/security/phone/new", 200).says("Error:", "This can’t be the backup",
		"Choose something on another device or number")
	p.fill(s, "/security/phone/new", "code", code, "place", "new").at("/security", 200).says("The number is set up")
}

// Outside of that step the same number is welcome: it is no backup, and nobody said it was.
func TestSecondMethodOnTheSamePhone(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	w.pass(time.Second)
	s := p.fill(p.open("/security/phone/new"), "/security/phone/new", "phone", "+8613800138000", "via",
		"sms").at("/security/phone/new", 200)
	p.fill(s, "/security/phone/new", "code", w.mailed(auth.TemplateCode).Args["code"]).at("/security/start",
		200).says("The number is set up")
}

func TestBackupAppOnAnotherPhone(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	s := p.open("/security/app/new?backup=1").says("On another phone")
	secret := secretOf(s)
	s = p.fill(s, "/security/app/new", "code", w.code(secret), "place", "phone").says("This can’t be the backup")
	if got := secretOf(s); got != secret {
		t.Errorf("after the refusal: got another secret, want the one that was scanned")
	}
	p.fill(s, "/security/app/new", "code", w.code(secret), "place", "new").at("/security", 200)
}

// R72: unable to check is not wrong, and nothing was counted.
func TestPageWhenACodeCannotBeChecked(t *testing.T) {
	var disk *fullDisk
	w := newWorld(t, func(a *auth.Config, _ *Config) { disk = &fullDisk{DB: a.DB}; a.DB = disk })
	p, secret := w.withApp()
	p.fill(p.open("/security"), "/sign-out")
	w.pass(time.Minute)
	s := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "shared",
		"yes").at("/sign-in/verify", 200)
	disk.full = true
	s = p.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/sign-in/verify",
		200).says("We can’t check codes right now", "nothing was counted against you")
	if !strings.Contains(s.text, "note-warn") || strings.Contains(s.text, "note-bad") {
		t.Error("got it told as an error, want a warning: wrong and unable look different")
	}
	disk.full = false
	p.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/security", 200)
}
