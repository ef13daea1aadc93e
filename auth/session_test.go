package auth

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An opened is a service with one account and one session in it.
type opened struct {
	*Service
	t       *testing.T
	at      time.Time
	account AccountID
	session session
	token   string
}

func open(t *testing.T) *opened {
	o := &opened{t: t, at: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC),
		account: AccountID(base64.RawURLEncoding.EncodeToString(make([]byte, 16)))}
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), func() time.Time { return o.at })
	t.Cleanup(end)
	o.Service = s
	secret := []byte(strings.Repeat("s", sessionSecretBytes))
	o.session = session{ID: sessionID(secret), Account: o.account, Opened: o.at, Seen: o.at,
		Expires: o.at.Add(time.Hour), Proofs: []Proof{{Kind: Password, At: o.at}}}
	o.token = s.sessionToken(o.account, secret)
	o.write(func(w *Work) error {
		x := o.session
		a := &Account{ID: o.account, Email: "a@example.com"}
		if err := s.accounts.Insert(w.tx, string(o.account), a); err != nil {
			return err
		}
		return s.sessions.Insert(w.tx, sessionKey(o.account, x.ID), &x)
	})
	return o
}

func (o *opened) write(fn func(*Work) error) {
	o.t.Helper()
	if err := o.do(o.t.Context(), Caller{system: true}, ActSweep, fn); err != nil {
		o.t.Fatal(err)
	}
}

// me is what a token is told.
func (o *opened) me(token string) Code {
	_, err := o.Me(o.t.Context(), Caller{Token: token, Browser: "home"})
	if err != nil && refusedAs(err) == "" {
		o.t.Errorf("got the failure %v, want a refusal", err)
	}
	return refusedAs(err)
}

// Only a token that is exactly as it was given out opens a session; whatever else is typed is refused, and names
// nobody.
func TestTokensAreExact(t *testing.T) {
	o := open(t)
	if code := o.me(o.token); code != "" {
		t.Fatalf("the token: got %s, want it to open", code)
	}
	raw := make([]byte, 16+sessionSecretBytes)
	loose := o.token[:len(o.token)-1] + string(o.token[len(o.token)-1]+1) // bits that nothing says
	for name, token := range map[string]string{
		"a byte less": o.token[:len(o.token)-2], "a byte more": o.token + "AA", "padded": o.token + "=",
		"a sign that is none": "." + o.token[1:], "the account alone": o.token[:22], "of nobody": o.token + o.token,
		"other bits at its end": loose, "a blank before": " " + o.token, "a lab's": labToken + o.token,
		"a secret less": base64.RawURLEncoding.EncodeToString(raw[:16+sessionSecretBytes-1]),
		"nothing of it": base64.RawURLEncoding.EncodeToString(raw),
	} {
		if code := o.me(token); code != SessionEnded {
			t.Errorf("%s: got %q, want %s", name, code, SessionEnded)
		}
		if name == "nothing of it" {
			continue
		}
		if a, id, ok := o.parseToken(token); ok || a != "" || id != "" {
			t.Errorf("%s: got %q, %q, %v, want it to name nobody", name, a, id, ok)
		}
	}
	o.lab = &Lab{}
	if marked := o.sessionToken(o.account, raw[16:]); !strings.HasPrefix(marked, labToken) {
		t.Errorf("a lab's token: got %s, want its mark", marked)
	}
	if a, id, ok := o.parseToken(o.token); ok || a != "" || id != "" {
		t.Errorf("a site's token in a lab: got %q, %q, %v, want it to name nobody", a, id, ok)
	}
	o.lab = nil
	if code := o.me(""); code != SessionRequired {
		t.Errorf("none: got %q, want %s", code, SessionRequired)
	}
}

// A session is over with its account, when that is switched off and when it is gone.
func TestASessionEndsWithItsAccount(t *testing.T) {
	for name, change := range map[string]func(o *opened, w *Work) error{
		"switched off": func(o *opened, w *Work) error { return w.setFrozen(o.account, w.now) },
		"gone":         func(o *opened, w *Work) error { return o.accounts.Delete(w.tx, string(o.account)) },
	} {
		o := open(t)
		o.write(func(w *Work) error { return change(o, w) })
		if code := o.me(o.token); code != SessionEnded {
			t.Errorf("%s: got %q, want %s", name, code, SessionEnded)
		}
	}
}

// A token of before whose session has gone says that it is over.
func TestATokenWhoseNextIsGone(t *testing.T) {
	o := open(t)
	o.write(func(w *Work) error {
		x := o.session
		x.Next, x.NextAt = "gone", w.now
		x.Browser = o.browserID(Caller{Browser: "home"})
		return o.sessions.Put(w.tx, sessionKey(o.account, x.ID), &x)
	})
	if code := o.me(o.token); code != SessionEnded {
		t.Errorf("got %q, want %s", code, SessionEnded)
	}
}

// The gate: where there is a second step, no session comes into being without it, whatever asks for one; and a token
// that has been exchanged is not exchanged again.
func TestNoSessionComesWithoutTheSecondStep(t *testing.T) {
	o := open(t)
	secret := []byte(strings.Repeat("n", sessionSecretBytes))
	err := o.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
		x := &Authenticator{ID: "m", Account: o.account, Kind: TOTP, State: Disabled}
		if err := o.authenticators.Insert(w.tx, authenticatorKey(o.account, x.ID), x); err != nil {
			return err
		}
		a, err := w.existingAccount(o.account)
		if err != nil {
			return err
		}
		_, err = w.grant(a, secret, []Proof{{Kind: Password, At: w.now}}, false)
		return err
	})
	if err == nil || refusedAs(err) != "" {
		t.Errorf("the password alone: got %v, want a failure", err)
	}
	if code := o.me(o.sessionToken(o.account, secret)); code != SessionEnded {
		t.Errorf("its token: got %q, want none", code)
	}
	err = o.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
		a, err := w.existingAccount(o.account)
		if err != nil {
			return err
		}
		x := &Authenticator{ID: "m", Account: o.account, Kind: TOTP, State: Active}
		if err := o.authenticators.Put(w.tx, authenticatorKey(o.account, x.ID), x); err != nil {
			return err
		}
		a.KeysOnlyAt = w.now
		_, err = w.grant(a, secret, []Proof{{Kind: Password, At: w.now}, {Kind: TOTP, At: w.now, Class: Strong}}, false)
		return err
	})
	if refusedAs(err) != KeysOnly {
		t.Errorf("an app, of an account that takes keys alone: got %v, want %s", err, KeysOnly)
	}
	err = o.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
		old, next := o.session, o.session
		old.Next, next.ID = "next", "other"
		return w.exchange(&old, &next, false)
	})
	if err == nil || refusedAs(err) != "" {
		t.Errorf("a token that was exchanged: got %v, want a failure", err)
	}
}

// An act that the table of notices does not have for what is told is a failure: no mail in other words.
func TestNothingIsToldByAnActThatIsNotInTheTable(t *testing.T) {
	o := open(t)
	for _, what := range []told{toldNewBrowser, toldRemoved, "nothing"} {
		err := o.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
			a, err := w.existingAccount(o.account)
			if err != nil {
				return err
			}
			return w.tell(a, what, nil, "ids", &Authenticator{ID: "m", Kind: TOTP})
		})
		if err == nil || refusedAs(err) != "" {
			t.Errorf("%s by a sweep: got %v, want a failure", what, err)
		}
	}
}
