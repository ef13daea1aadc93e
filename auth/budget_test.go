package auth_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// from is a caller at an address of his own, far from every other.
func from(i int) auth.Caller {
	c := caller(fmt.Sprint("browser ", i))
	c.IP = netip.AddrFrom4([4]byte{byte(11 + i/250), byte(i % 250), 0, 1})
	return c
}

// newcomer has a fresh account, which must enrol, at an address.
func (w *world) newcomer(c auth.Caller, email string) auth.Caller {
	w.t.Helper()
	w.seller(email, fmt.Sprintf("+861370013%04d", crc32.ChecksumIEEE([]byte(email))%10000))
	return with(c, w.signIn(c, email).Token)
}

// text asks for a text that would bind a number.
func (w *world) text(c auth.Caller, number string) error {
	_, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: number, Channel: auth.SMS})
	return err
}

// texted counts the texts that a number of requests cause; all others must be refused.
func (w *world) texted(n int, ask func(i int) error) (sent int) {
	w.t.Helper()
	for i := range n {
		err := ask(i)
		var e *auth.Error
		switch {
		case err == nil:
			sent++
		case !errors.As(err, &e) || e.Code != auth.TextsLater && e.Code != auth.SendLimitReached:
			w.t.Fatalf("text %d: got %v, want it sent or refused for the day", i, err)
		}
	}
	return sent
}

// Whoever has one address, or one mailbox by whatever aliases, causes a handful of texts a day, however many accounts.
func TestOneNetworkAndOneMailboxCauseAFewTexts(t *testing.T) {
	w := newWorld(t)
	sent := w.texted(40, func(i int) error {
		c := w.newcomer(caller(fmt.Sprint("browser ", i)), fmt.Sprintf("stranger%d@example.com", i))
		return w.text(c, fmt.Sprintf("+86138%08d", 10000*i))
	})
	if sent != 30 {
		t.Errorf("40 accounts of one address: got %d texts, want 30", sent)
	}
	w = newWorld(t, func(c *auth.Config) { c.Policy.SignUpsPerDay = 1000 })
	sessions := map[string]auth.Caller{}
	sent = w.texted(250, func(i int) error {
		email := fmt.Sprintf("stranger+%d@example.com", i/10)
		if i%10 == 0 {
			w.pass(time.Minute)
			sessions[email] = w.newcomer(from(i), email)
		}
		return w.text(sessions[email], fmt.Sprintf("+861399%07d", i))
	})
	if sent != 10 {
		t.Errorf("25 accounts of one mailbox: got %d texts, want 10", sent)
	}
}

// Strangers spend their own part of what a block of numbers, a country and the site are sent in a day: who has a second
// step still binds a number there, and owners are still sent their codes.
func TestStrangersTextsStopNobodysSignIn(t *testing.T) {
	for name, change := range map[string]func(*auth.Policy){
		"numbers that begin alike": func(p *auth.Policy) { p.SendsPerPrefix = 40 },
		"a country":                func(p *auth.Policy) { p.SendsPerCountry = 16 * 8 },
		"the site":                 func(p *auth.Policy) { p.SendsPerSite = 16 * 8 },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			w := newWorld(t, func(c *auth.Config) {
				change(&c.Policy)
				c.Log = slog.New(slog.NewTextHandler(&log, nil))
			})
			_, owner := w.enrolled("seller@example.com", sellerNumber)
			w.addPhone(owner, sellerNumber)
			w.pass(time.Minute)
			w.mail()
			number := func(i int) string { return fmt.Sprintf("+861380013%04d", i) }
			sent := w.texted(50, func(i int) error {
				return w.text(w.newcomer(from(i), fmt.Sprintf("stranger%d@example.com", i)), number(i))
			})
			if sent < 10 || sent > 32 {
				t.Errorf("50 strangers: got %d texts, want their part", sent)
			}
			late := w.newcomer(from(99), "late@example.com")
			before := w.documents("throttle", "outbox")
			for i := range 5 {
				var e *auth.Error
				if err := w.text(late, number(i)); errors.As(err, &e) && e.Code == auth.TextsLater {
					if !e.Until.Equal(w.time().Add(24 * time.Hour)) {
						t.Errorf("one more stranger: got it until %s, want the day's end", e.Until)
					}
				} else if name == "numbers that begin alike" {
					t.Errorf("one more stranger: got %v, want texts later", err)
				}
			}
			if name == "numbers that begin alike" && w.documents("throttle", "outbox") != before {
				t.Error("refused texts: got something counted, want nothing")
			}
			ok(t, "a second number by who has a second step", w.text(owner, "+8613800137777"))
			info := w.signIn(caller("home"), "seller@example.com")
			_, err := w.s.SignInBegin(t.Context(), caller("home"), info.Ceremony,
				auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
			ok(t, "the owner's own code", err)
			if rings := strings.Count(log.String(), "budget is used up"); (rings > 0) != (name == "the site") {
				t.Errorf("got %d alarms: %s", rings, log.String())
			}
		})
	}
}

// A site that allows no codes sends none: 0 is no limit only where the policy says so.
func TestNoCodesAllowedIsNone(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.SendsPerDay = 0 })
	wantCode(t, "a text", w.text(w.newcomer(from(1), "seller@example.com"), "+8613800138000"), auth.SendLimitReached)
	w = newWorld(t, func(c *auth.Config) {
		c.Policy.SendsPerNumber, c.Policy.SendsPerPrefix = 0, 0
		c.Policy.SendsPerCountry, c.Policy.SendsPerSite = 0, 0
		c.Policy.BindsPerNetwork = 0
	})
	ok(t, "a text without those limits", w.text(w.newcomer(from(1), "seller@example.com"), "+8613800138000"))
}

// The operator is told when little is left of what the site pays for in a day, and once when nothing is.
func TestTheOperatorIsToldOfABudget(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, func(c *auth.Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.Policy.SendsPerSite = 160 // five for the sign-ins of one part
	})
	owner(w)
	log.Reset()
	flow := w.signIn(caller("home"), sellerMail).Ceremony
	for i := range 6 {
		w.pass(31 * time.Second)
		err := lastErr(w.s.SignInBegin(t.Context(), caller("home"), flow, bySMS))
		if i < 5 {
			ok(t, "a text", err)
		} else {
			wantCode(t, "beyond the budget", err, auth.SendLimitReached)
		}
		lines := strings.Count(log.String(), "day's budget")
		warned, failed := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "level=ERROR")
		if want := max(0, min(i-2, 2)); lines != want || warned != min(want, 1) || failed != max(0, want-1) {
			t.Errorf("after %d texts: got %s, want %d lines, the second an error", i+1, log.String(), want)
		}
	}
}
