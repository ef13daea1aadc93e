package auth_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// Every template has its rank: one that is new is put here on purpose.
func TestRankOfEveryTemplate(t *testing.T) {
	want := map[string]auth.Rank{
		"code": auth.RankCode, "introduce": auth.RankCode, "reset": auth.RankReset,
		"reset-link": auth.RankReset, "email-change": auth.RankReset,
		"sign-up": auth.RankSignUp, "sign-up-existing": auth.RankSignUp, "shop-invite": auth.RankSignUp,
		"recovery-link": auth.RankReset, "recovery-new": auth.RankSignUp, "desk-invitation": auth.RankReset,
		"desk-key": auth.RankNotice, "hand-over-link": auth.RankSignUp,
		"account-hand-link": auth.RankSignUp,
	}
	file, err := parser.ParseFile(gotoken.NewFileSet(), "message.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is || !strings.HasPrefix(spec.Names[0].Name, "Template") {
			return true
		}
		template, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		rank, named := want[template]
		if !named {
			rank = auth.RankNotice
		}
		if got := (&auth.Message{Template: template}).Rank(); got != rank {
			t.Errorf("%s: got rank %d, want %d", template, got, rank)
		}
		found++
		return true
	})
	if found < 10 {
		t.Errorf("got %d templates, want all", found)
	}
}

// What people wait for leaves first, whatever was written before it; asked for by itself, it comes by itself; and what
// an older version wrote, without a rank in its id, comes as well.
// Whoever asks for a few messages gets no more, and leaves the others to the next.
func TestDueIsAsManyAsAreAskedFor(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		_, err := w.s.SignUp(t.Context(), caller(fmt.Sprint("browser", i)), fmt.Sprintf("new%d@example.com", i))
		ok(t, "sign up", err)
	}
	seen := map[string]bool{}
	for _, want := range []int{3, 3, 1, 0} {
		list, err := w.s.Due(t.Context(), 3)
		ok(t, "due", err)
		if len(list) != want {
			t.Errorf("got %d messages, want %d", len(list), want)
		}
		for _, m := range list {
			seen[m.ID] = true
		}
	}
	if len(seen) != 7 {
		t.Errorf("got %d of 7 messages", len(seen))
	}
}

func TestOutboxLeavesByRank(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.seller("seller@example.com", sellerNumber)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
	w.mail()
	for i := range 20 {
		_, err := w.s.SignUp(ctx, caller(fmt.Sprint("browser", i)), fmt.Sprintf("new%d@example.com", i))
		ok(t, "sign up", err)
	}
	ok(t, "forgot", forgot(ctx, w.s, caller("elsewhere"), "seller@example.com"))
	w.pass(5 * time.Minute)
	info := w.signIn(caller("elsewhere"), "seller@example.com")
	text := auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS}
	challenge, err := w.s.SignInBegin(ctx, caller("elsewhere"), info.Ceremony, text)
	ok(t, "begin", err)
	if challenge.Delivery == nil || challenge.Delivery.State != auth.Queued {
		t.Errorf("got %+v of the code's way, want it queued", challenge.Delivery)
	}
	outbox := store.NewCollection[auth.Message]("outbox", w.keys)
	old := []string{"-old", "0ld", "old", "zold", "_old", "3old"}
	err = w.db.Update(ctx, func(tx store.Tx) error {
		for _, id := range old {
			m := auth.Message{ID: id, Channel: auth.Mail, Recipient: "x@example.com", Template: auth.TemplateChange,
				State: auth.Queued, Expires: w.time().Add(time.Hour)}
			if err := outbox.Put(tx, id, &m); err != nil {
				return err
			}
		}
		return nil
	})
	ok(t, "write as an older version did", err)

	soon, err := w.s.DueUpTo(ctx, 100, auth.RankReset)
	ok(t, "lease what is urgent", err)
	var ranks []auth.Rank
	for _, m := range soon {
		if !strings.HasSuffix(m.ID, "ld") {
			ranks = append(ranks, m.Rank())
		}
	}
	if fmt.Sprint(ranks) != fmt.Sprint([]auth.Rank{auth.RankCode, auth.RankReset}) {
		t.Errorf("urgent ones: got ranks %v, want a code and a reset", ranks)
	}
	rest, err := w.s.DueUpTo(ctx, 100, auth.RankSignUp)
	ok(t, "lease the rest", err)
	seen := map[string]int{}
	for _, m := range append(soon, rest...) {
		seen[m.ID]++
	}
	for _, id := range old {
		if seen[id] != 1 {
			t.Errorf("%s of an older version: got it %d times, want once", id, seen[id])
		}
	}
	if len(seen) != 22+len(old) || len(soon)+len(rest) != len(seen) {
		t.Errorf("got %d messages, %d of them different, want %d", len(soon)+len(rest), len(seen), 22+len(old))
	}
}

// A code's way can be followed by the ceremony that holds its message's name, from the outbox to the sent box; and what
// was said is nowhere any more once the message is over, whichever way it ended.
func TestSaidIsForgottenWhenItIsOver(t *testing.T) {
	ends := []auth.Delivery{auth.Accepted, auth.Failed, auth.Expired, auth.Delivered, "lapsed", "restored"}
	for _, end := range ends {
		t.Run(string(end), func(t *testing.T) {
			w := newWorld(t)
			ctx := t.Context()
			w.seller("seller@example.com", sellerNumber)
			w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
			w.mail()
			w.pass(time.Hour)
			info := w.signIn(caller("home"), "seller@example.com")
			text := auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS}
			_, err := w.s.SignInBegin(ctx, caller("home"), info.Ceremony, text)
			ok(t, "begin", err)
			ok(t, "forgot", forgot(ctx, w.s, caller("home"), "seller@example.com"))
			switch end {
			case "lapsed": // its life ended before anybody took it
				w.pass(48 * time.Hour)
			case "restored":
				w.putBack(w.backup())
				_, err := w.s.Restored(ctx, false)
				ok(t, "say that it is a backup", err)
			}
			list, err := w.s.Due(ctx, 100)
			ok(t, "lease", err)
			for _, m := range list {
				if m.Args["code"]+m.Args["link"] == "" {
					t.Errorf("%s: got nothing to say on its way out", m.Template)
				}
				state := end
				if end == auth.Delivered {
					state = auth.Accepted
				}
				o := auth.Outcome{State: state, Gateway: "g", Reference: m.ID}
				ok(t, "settle", w.s.Settle(ctx, m.ID, o))
				ok(t, "settle again", w.s.Settle(ctx, m.ID, o))
				if end == auth.Delivered {
					ok(t, "receipt", w.s.Receipt(ctx, "g", m.ID, auth.Delivered, ""))
				}
			}
			sent := store.NewCollection[auth.Message]("sent", w.keys)
			outbox := store.NewCollection[auth.Message]("outbox", w.keys)
			over := 0
			err = w.db.View(ctx, func(tx store.Tx) error {
				for range outbox.Scan(tx, "", "", 100) {
					t.Error("got a message in the outbox after its end")
				}
				for item, err := range sent.Scan(tx, "", "", 100) {
					if err != nil {
						return err
					}
					over++
					if len(item.Doc.Args) != 0 {
						t.Errorf("%s: got %v in the sent box, want nothing of what it said",
							item.Doc.Template, item.Doc.Args)
					}
				}
				return nil
			})
			ok(t, "look", err)
			if over < 2 {
				t.Errorf("got %d messages in the sent box, want the code and the link at least", over)
			}
		})
	}
}

// A receipt says what became of a message, and does nothing: no message is written or sent again, no gateway is chosen,
// and nothing of an account changes, its numbers least of all.
func TestAReceiptChangesWhatIsShownAlone(t *testing.T) {
	unmoved := []string{"account", "authenticator", "device", "session", "browser", "throttle", "outbox",
		"link", "change"}
	for _, state := range []auth.Delivery{auth.Delivered, auth.Failed} {
		t.Run(string(state), func(t *testing.T) {
			w := newWorld(t)
			ctx := t.Context()
			w.seller("seller@example.com", sellerNumber)
			c := with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token)
			begun, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Channel: auth.SMS, Number: sellerNumber})
			ok(t, "begin to bind a number that is not proved", err)
			list, err := w.s.Due(ctx, 100)
			ok(t, "lease", err)
			var text auth.Message
			for _, m := range list {
				o := auth.Outcome{State: auth.Accepted, Gateway: "g", Reference: "ref" + m.ID}
				ok(t, "settle", w.s.Settle(ctx, m.ID, o))
				if m.Channel == auth.SMS {
					text = m
				}
			}
			before := w.documents(unmoved...)
			ok(t, "receipt", w.s.Receipt(ctx, "g", "ref"+text.ID, state, "undelivered"))
			after := w.documents(unmoved...)
			if before != after {
				t.Errorf("got documents changed by a receipt:\n%s\nbefore:\n%s", after, before)
			}
			again, err := w.s.Challenge(ctx, c, auth.ForBind, begun.Ceremony)
			ok(t, "look", err)
			if again.Delivery == nil || again.Delivery.State != state {
				t.Errorf("got %+v shown, want %s", again.Delivery, state)
			}
			if due, err := w.s.Due(ctx, 100); err != nil || len(due) != 0 {
				t.Errorf("got %d messages after a receipt, %v, want none", len(due), err)
			}
			w.pass(time.Hour)
			if due, err := w.s.Due(ctx, 100); err != nil || len(due) != 0 {
				t.Errorf("got %d messages an hour after a receipt, %v, want none", len(due), err)
			}
		})
	}
}

// documents are the stored documents of collections, as they lie there.
func (w *world) documents(collections ...string) string {
	w.t.Helper()
	var all strings.Builder
	err := w.db.View(w.t.Context(), func(tx store.Tx) error {
		all.Reset()
		for _, c := range collections {
			for d, err := range tx.Scan(c, "", "", 1000) {
				if err != nil {
					return err
				}
				fmt.Fprintf(&all, "%s %s %x\n", c, d.Key, d.Data)
			}
		}
		return nil
	})
	ok(w.t, "read the documents", err)
	return all.String()
}

// Mails that wait for a relay to come back must not hold up the codes that
// people are waiting for, however many they are.
func TestWaitingMailsHoldNothingUp(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.seller("seller@example.com", sellerNumber)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
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
