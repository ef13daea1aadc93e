package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// refusedAs is the code of a refusal, "" of none.
func refusedAs(err error) Code {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// Whatever a session asks to be changed, it can ask no more than its pace, and what is beyond costs no transaction;
// tokens that open no session are not remembered.
func TestNoSessionActsWithoutEnd(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), func() time.Time { return at })
	defer end()
	s.pacer = newPacer(Pace{Burst: 5, PerSecond: 1})
	account := AccountID(base64.RawURLEncoding.EncodeToString(make([]byte, 16)))
	err := s.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
		return s.accounts.Insert(w.tx, string(account), &Account{ID: account})
	})
	if err != nil {
		t.Fatal(err)
	}
	open := func(i int) Caller {
		secret := make([]byte, sessionSecretBytes)
		copy(secret, fmt.Sprint("session ", i))
		x := &session{ID: sessionID(secret), Account: account, Opened: at, Seen: at, Expires: at.Add(time.Hour)}
		err := s.do(t.Context(), Caller{system: true}, ActSweep, func(w *Work) error {
			return s.sessions.Insert(w.tx, sessionKey(account, x.ID), x)
		})
		if err != nil {
			t.Fatal(err)
		}
		return Caller{Token: s.tokenMark() + base64.RawURLEncoding.EncodeToString(append(make([]byte, 16), secret...))}
	}
	tried := 0
	for a, rule := range rules() {
		if !rule.Who.signedIn() || rule.Reads {
			continue
		}
		tried++
		c := open(tried)
		ran := 0
		ask := func() Code {
			return refusedAs(s.do(t.Context(), c, a, func(*Work) error { ran++; return Refuse(NotFound) }))
		}
		for i := range 5 {
			if code := ask(); code == TooManyRequests {
				t.Errorf("%s: got request %d refused, want five taken", a, i)
			}
		}
		before := ran
		if code := ask(); code != TooManyRequests || ran != before {
			t.Errorf("%s: the sixth at once: got %q and %d runs, want it refused before it runs", a, code, ran-before)
		}
		at = at.Add(2 * time.Second)
		if code := ask(); code == TooManyRequests {
			t.Errorf("%s: got it refused two seconds later, want it taken", a)
		}
		c.Token = c.Token[:len(c.Token)-2] + "BA"
		for range 10 {
			if code := ask(); code == TooManyRequests {
				t.Errorf("%s: got a token that opens nothing counted", a)
			}
		}
	}
	if tried < 15 {
		t.Errorf("got %d acts tried, want those of the whole table", tried)
	}
	if n := len(s.pacer.found); n != tried {
		t.Errorf("got %d sessions remembered, want the %d that there are", n, tried)
	}
}

// The pacer's memory is bounded, and whoever is in need of it is the last to be forgotten.
func TestThePacerForgetsWhoIsAtRest(t *testing.T) {
	p, at := newPacer(Pace{Burst: 2, PerSecond: 1}), time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for i := range maxPaced - 1 {
		p.spend(fmt.Sprint(i), at)
	}
	at = at.Add(time.Minute)
	p.spend("busy", at)
	p.spend("busy", at)
	p.spend("one more", at)
	if n := len(p.found); n > 2 {
		t.Errorf("got %d sessions remembered, want the two that asked lately", n)
	}
	if refusedAs(p.refuse("busy", at)) != TooManyRequests {
		t.Error("the busy one: got it taken, want it refused")
	}
}

// A session has its acts again at its pace, each once, and a site that says nothing has the usual pace.
func TestASessionHasItsActsAgain(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	p := newPacer(Pace{})
	for i := range 60 {
		if err := p.refuse("busy", at); err != nil {
			t.Fatalf("act %d: got %v, want it taken", i, err)
		}
		p.spend("busy", at)
	}
	var e *Error
	err := p.refuse("busy", at)
	if !errors.As(err, &e) || e.Code != TooManyRequests || !e.Until.Equal(at.Add(time.Second)) {
		t.Errorf("the next: got %+v, want it to wait a second", err)
	}
	for range 3 {
		at = at.Add(time.Second)
		if err := p.refuse("busy", at); err != nil {
			t.Errorf("a second later: got %v, want one taken", err)
		}
		p.spend("busy", at)
		if p.refuse("busy", at) == nil {
			t.Error("another in that second: got it taken")
		}
	}
	if p.refuse("busy", at.Add(-time.Hour)) == nil {
		t.Error("a clock that went back gave an act")
	}
	if off := newPacer(Pace{Burst: -1}); !off.off() || p.off() {
		t.Error("got a pace where there is to be none, or none where there is to be one")
	}
}

// Where all are busy all are forgotten: the memory is bounded.
func TestAPacerOfBusySessionsIsBounded(t *testing.T) {
	p, at := newPacer(Pace{Burst: 2, PerSecond: 1}), time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for i := range maxPaced {
		p.spend(fmt.Sprint(i), at)
	}
	if len(p.found) != maxPaced {
		t.Fatalf("got %d sessions remembered, want %d", len(p.found), maxPaced)
	}
	p.spend("1", at)
	if len(p.found) != maxPaced {
		t.Errorf("one that is known: got %d remembered, want %d", len(p.found), maxPaced)
	}
	p.spend("one more", at)
	if len(p.found) != 1 {
		t.Errorf("got %d remembered, want the newest alone", len(p.found))
	}
}
