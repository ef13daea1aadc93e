package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// Mails that wait for a relay to come back must not hold up the codes that
// people are waiting for, however many they are.
func TestWaitingMailsHoldNothingUp(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.seller("seller@example.com", phoneIndex)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), phoneIndex)
	w.mail()
	outbox := store.NewCollection[auth.Message]("outbox", w.keys)
	err := w.db.Update(ctx, func(tx store.Tx) error {
		for i := range 1200 {
			m := auth.Message{ID: fmt.Sprint("-", i), Channel: auth.Mail, Recipient: "x@example.com",
				Template: auth.TemplateReset,
				State:    auth.Queued, NextAt: w.time().Add(3 * time.Hour), Expires: w.time().Add(24 * time.Hour)}
			if err := outbox.Put(tx, m.ID, &m); err != nil {
				return err
			}
		}
		return nil
	})
	ok(t, "fill the outbox", err)
	w.pass(time.Hour)
	info := w.signIn(caller("home"), "seller@example.com")
	_, err = w.s.SignInBegin(ctx, caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(t, "begin", err)
	list := w.mail()
	if len(list) != 1 || list[0].Channel != auth.SMS {
		t.Fatalf("a code behind 1200 waiting mails: got %d messages, want the code", len(list))
	}
	w.pass(2 * time.Hour)
	seen := 0
	for range 20 {
		seen += len(w.mail())
	}
	if seen != 1200 {
		t.Errorf("mails after their wait: got %d, want 1200", seen)
	}
}
