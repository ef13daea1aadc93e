package auth_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A quiet is a log that several goroutines may write to.
type quiet struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (q *quiet) Write(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.buf.Write(b)
}

// Promise 10: what a seller entrusts to a sealed store is found neither in its
// file nor in the log, in none of the spellings that a dump would be searched for.
func TestCanariesStaySealed(t *testing.T) {
	log := new(quiet)
	w := newWorld(t, func(c *auth.Config) {
		keys, err := store.NewKeys(store.Secret{1, 2, 3}, func([]byte) error { return nil })
		ok(t, "keys", err)
		c.Keys = keys
		c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	canaries := w.live(t)
	raw, err := os.ReadFile(w.path)
	ok(t, "read the file", err)
	if !bytes.Contains(raw, []byte("account.email")) {
		t.Fatal("the file does not hold what it should: the search would find nothing anywhere")
	}
	for what, secret := range canaries {
		if len(secret) < 6 {
			t.Fatalf("canary %s is too short to be searched for: %q", what, secret)
		}
		for how, form := range spellings(secret) {
			if bytes.Contains(raw, []byte(form)) {
				t.Errorf("the file holds the %s, %s", what, how)
			}
			if strings.Contains(log.buf.String(), form) {
				t.Errorf("the log holds the %s, %s", what, how)
			}
		}
	}
}

// spellings are the ways in which a secret may lie in a file.
func spellings(s string) map[string]string {
	forms := map[string]string{
		"as it is": s, "in lower case": strings.ToLower(s), "in hex": hex.EncodeToString([]byte(s)),
	}
	for shift := range 3 { // base64 of s inside a longer text, whole groups only
		coded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), s...))
		from := []int{0, 4, 4}[shift]
		if end := len(coded) - 4; end-from >= 8 {
			forms["in base64, shifted by "+string(rune('0'+shift))] = coded[from:end]
		}
	}
	if b, err := base64.RawURLEncoding.DecodeString(s); err == nil && len(b) >= 16 {
		forms["as bytes"] = string(b)
	}
	if b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s); err == nil && len(b) >= 10 {
		forms["as bytes"] = string(b)
	}
	return forms
}

// live lets a seller do all that leaves something behind, and returns what must
// not be found.
func (w *world) live(t *testing.T) map[string]string {
	t.Helper()
	ctx := t.Context()
	const email, phone = "canary.address@example.com", "+8613912345678"
	out := map[string]string{"password": password, "address": "canary.address", "phone": phone[1:],
		"name": "Canary-Person", "user name": "金丝雀商店账户"}
	f := form(phone)
	f.Name, f.UserName = out["name"], out["user name"]
	_, err := w.s.SignUp(ctx, caller("canary-cookie"), email)
	ok(t, "sign up", err)
	out["browser cookie"] = "canary-cookie"
	out["sign-up link"] = token(w.lastMail(auth.TemplateSignUp).Args["link"])
	_, err = w.s.ConfirmSignUp(ctx, caller("canary-cookie"), out["sign-up link"], f)
	ok(t, "confirm", err)
	info := w.signIn(caller("canary-cookie"), email)
	out["restricted token"] = info.Token
	secret, c := w.enrolApp(with(caller("canary-cookie"), info.Token))
	out["secret of the app"], out["token"] = secret, c.Token
	_, c = w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Canary-Key-Name")
	out["name of a key"] = "Canary-Key-Name"
	ch, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Number: phone, Channel: auth.SMS})
	ok(t, "begin to add a number", err)
	code, m := w.code(auth.SMS)
	out["code by text, as a response"], out["code by text, as a member"] = string(code), `"code":"`+m.Args["code"]+`"`
	_, err = w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Response: code})
	ok(t, "add a number", err)
	set, err := w.s.RecoveryCodes(ctx, c)
	ok(t, "recovery codes", err)
	out["recovery code"], out["last recovery code"] = set.Codes[0], set.Codes[9]
	out["recovery code, cleaned"] = ident.CleanCode(set.Codes[0])
	trusted, err := w.s.TrustBrowser(ctx, c)
	ok(t, "trust", err)
	out["cookie of the trusted browser"] = trusted.Cookie
	w.pass(time.Hour)
	_, err = w.s.SignIn(ctx, caller("thief-cookie"), auth.SignInForm{Identifier: email, Password: "Wrong-Canary9"})
	wantCode(t, "a wrong password", err, auth.SignInRefused)
	out["wrong password"] = "Wrong-Canary9"
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), email)) // stays in the outbox
	out["token after an hour"] = w.signIn(caller(trusted.Cookie), email).Token
	ok(t, "sweep", w.s.Sweep(ctx))
	return out
}
