package auth_test

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// A box is a stock of hardware tokens in small.
type box struct {
	door  *auth.Door
	items *auth.Records[boxed]
	found []string // what was asked for, in every pass
	mu    sync.Mutex
}

type boxed struct {
	Owner   auth.AccountID `json:"o"` // "" in stock
	Last    auth.AccountID `json:"l"`
	Given   auth.AccountID `json:"g"`
	State   string         `json:"s"` // "" or what keeps it from being claimed
	Counter uint64         `json:"c"`
}

const actBox auth.Action = "box-look"

// withBox gives a world a box with the tokens of these numbers.
func withBox(w *world, serials ...string) *box {
	w.t.Helper()
	b := &box{items: auth.NewRecords[boxed]("item")}
	b.join(w)
	b.edit(w, func(p *auth.Work) error {
		for _, s := range serials {
			if err := b.items.Insert(p, ident.SerialKey(s), &boxed{Counter: 7}); err != nil {
				return err
			}
		}
		return nil
	})
	return b
}

func (b *box) join(w *world) {
	w.t.Helper()
	var err error
	b.door, err = auth.Register(w.s, auth.Part{Name: "box", Tokens: b, Collections: []auth.Collection{b.items},
		Rules: map[auth.Action]auth.Rule{actBox: {Who: auth.Anyone}}})
	ok(w.t, "register the box", err)
}

func (b *box) edit(w *world, fn func(*auth.Work) error) {
	w.t.Helper()
	ok(w.t, "a pass", b.door.Do(w.t.Context(), caller(""), actBox, fn))
}

// item is what the box knows of a token.
func (b *box) item(w *world, serial string) boxed {
	w.t.Helper()
	var got boxed
	b.edit(w, func(p *auth.Work) error {
		x, err := b.items.Get(p, ident.SerialKey(serial))
		if err == nil {
			got = *x
		}
		return err
	})
	return got
}

func (b *box) put(w *world, serial string, x boxed) {
	w.t.Helper()
	b.edit(w, func(p *auth.Work) error { return b.items.Put(p, ident.SerialKey(serial), &x) })
}

func (b *box) FindToken(w *auth.Work, a auth.AccountID, serial string) (*auth.Token, error) {
	b.mu.Lock()
	b.found = append(b.found, serial)
	b.mu.Unlock()
	x, err := b.items.Get(w, ident.SerialKey(serial))
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, nil
	}
	if err != nil || x.State != "" || x.Owner != "" || x.Given != "" && x.Given != a || x.Last != "" && x.Last != a {
		return nil, err
	}
	return &auth.Token{ID: ident.SerialKey(serial), Serial: serial, Model: "Model C", Kind: auth.HOTP,
		Secret: tokenSecret(serial), Algorithm: "SHA1", Digits: 6, Counter: x.Counter, Given: x.Given == a}, nil
}

func (b *box) AssignToken(w *auth.Work, a auth.AccountID, id string) error {
	x, err := b.items.Get(w, id)
	if err != nil {
		return err
	}
	if x.Owner != "" && x.Owner != a {
		return auth.Refuse(auth.NoSuchMethod)
	}
	x.Owner, x.State = a, ""
	return b.items.Put(w, id, x)
}

func (b *box) ReturnToken(w *auth.Work, a auth.AccountID, id string, r auth.Reached) error {
	x, err := b.items.Get(w, id)
	if err != nil || x.Owner != a {
		return err
	}
	x.Owner, x.Last = "", a
	x.Counter = max(x.Counter, r.Counter)
	if r.Lost {
		x.State = "lost"
	}
	return b.items.Put(w, id, x)
}

func tokenSecret(serial string) []byte { return []byte(fmt.Sprintf("%020s", ident.SerialKey(serial))) }

// shown is what a token of the box shows at a counter.
func shown(t *testing.T, serial string, at uint64) string {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(base32.StdEncoding.EncodeToString(tokenSecret(serial)), at, hotp.ValidateOpts{Digits: otp.DigitsSix})
	ok(t, "compute a code", err)
	return code
}

func twoCodes(code, second string) json.RawMessage {
	text, _ := json.Marshal(auth.PairResponse{Code: code, Second: second})
	return text
}

// beginClaim begins the claim of a token.
func (w *world) beginClaim(c auth.Caller, serial string) *auth.Challenge {
	w.t.Helper()
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.HOTP, Serial: serial})
	ok(w.t, "begin a claim", err)
	return ch
}

// claim claims a token with its codes at a counter and the next.
func (w *world) claim(c auth.Caller, serial string, at uint64) (*auth.BindInfo, error) {
	w.t.Helper()
	ch := w.beginClaim(c, serial)
	return w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony,
		Response: twoCodes(shown(w.t, serial, at), shown(w.t, serial, at+1))})
}

var byToken = auth.MethodChoice{Kind: auth.HOTP}

func TestClaimIsABinding(t *testing.T) {
	w := newWorld(t)
	b := withBox(w, "AB-1234")
	_, c := w.enrolled(sellerMail, sellerNumber)
	info, err := w.claim(c, " ab 1234 ", 9)
	ok(t, "claim", err)
	if got := info.Authenticator; got.Serial != "ab 1234" || got.Model != "Model C" || got.Flavour != auth.HardwareToken {
		t.Errorf("got %+v, want the token", got)
	}
	me, err := w.s.Me(t.Context(), c)
	ok(t, "me", err)
	if got := b.item(w, "AB-1234"); got.Owner != me.Account {
		t.Errorf("in the box: got %+v, want it to be the seller's", got)
	}
	ch := w.begun(caller("home"), byToken)
	ok(t, "sign in", lastErr(w.s.SignInFinish(t.Context(), caller("home"), ch.Ceremony, typed(shown(t, "ab1234", 12)))))
	again := w.begun(caller("home"), byToken)
	wantCode(t, "the same code again",
		lastErr(w.s.SignInFinish(t.Context(), caller("home"), again.Ceremony, typed(shown(t, "ab1234", 12)))), auth.CodeUsed)
}

// The beginning asks nobody: it is the same for every number, and costs no commit.
func TestBeginningOfAClaimTellsNothing(t *testing.T) {
	w := newWorld(t)
	b := withBox(w, "AB-1234")
	_, c := w.enrolled(sellerMail, sellerNumber)
	lengths := map[int]bool{}
	for _, serial := range []string{"AB-1234", "AB-1235"} {
		var ch *auth.Challenge
		if n := w.between.counted(func() { ch = w.beginClaim(c, serial) }); n != 0 {
			t.Errorf("%s: got %d commits, want none", serial, n)
		}
		lengths[len(ch.Ceremony)] = true
		if want := `{"serial":"` + serial + `"}`; string(ch.Prompt) != want {
			t.Errorf("got %s, want %s", ch.Prompt, want)
		}
	}
	if len(b.found) != 0 || len(lengths) != 1 {
		t.Errorf("got %d questions and %d lengths, want none and one", len(b.found), len(lengths))
	}
}

// Whatever is wrong with a claim, the answer is one.
func TestClaimsAreRefusedAlike(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Free = 10 })
	b := withBox(w, "free", "lost", "retired", "bound", "given")
	w.seller(otherMail, "+8613800138001")
	_, other := w.enrolApp(with(caller("other"), w.signIn(caller("other"), otherMail).Token))
	ok(t, "another's claim", lastErr(w.claim(other, "bound", 7)))
	b.put(w, "lost", boxed{State: "lost"})
	b.put(w, "retired", boxed{State: "retired"})
	b.put(w, "given", boxed{Given: "somebody"})
	_, c := w.enrolled(sellerMail, sellerNumber)
	answers := map[string]string{}
	for _, serial := range []string{"lost", "retired", "bound", "given", "nowhere"} {
		answers[serial] = answer(t, lastErr(w.claim(c, serial, 9)))
	}
	ch := w.beginClaim(c, "free")
	answers["wrong codes"] = answer(t, lastErr(w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony,
		Response: twoCodes("000000", "000000")})))
	for what, got := range answers {
		if got != answers["nowhere"] || !strings.Contains(got, string(auth.TokenWrong)) {
			t.Errorf("%s: got %s, want %s", what, got, answers["nowhere"])
		}
	}
	if got := b.item(w, "free"); got.Owner != "" {
		t.Errorf("after wrong codes: got %+v, want it free", got)
	}
}

// answer is a refusal without what depends on how many there were before.
func answer(t *testing.T, err error) string {
	t.Helper()
	refused := new(auth.Error)
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return fmt.Sprint(refused.Code, " ", refused.Field, " ", refused.Cause)
}

func TestOneTokenOneOwner(t *testing.T) {
	w := newWorld(t)
	b := withBox(w, "AB-1234")
	const sellers = 8
	type claimed struct {
		c  auth.Caller
		ch *auth.Challenge
	}
	var all []claimed
	for i := range sellers {
		mail, home := fmt.Sprintf("s%d@example.com", i), caller(fmt.Sprintf("home%d", i))
		w.seller(mail, fmt.Sprintf("+861380013800%d", i))
		_, c := w.enrolApp(with(home, w.signIn(home, mail).Token))
		all = append(all, claimed{c, w.beginClaim(c, "AB-1234")})
	}
	response := twoCodes(shown(t, "AB-1234", 9), shown(t, "AB-1234", 10))
	won := make([]error, sellers)
	var wait sync.WaitGroup
	for i, x := range all {
		wait.Go(func() {
			_, won[i] = w.s.BindFinish(t.Context(), x.c, auth.BindDone{Ceremony: x.ch.Ceremony, Response: response})
		})
	}
	wait.Wait()
	winners := 0
	for i, err := range won {
		me, whose := w.s.Me(t.Context(), all[i].c)
		ok(t, "me", whose)
		if owns := b.item(w, "AB-1234").Owner == me.Account; owns != (err == nil) {
			t.Errorf("seller %d: got %v, and owns it: %v", i, err, owns)
		}
		if err == nil {
			winners++
			continue
		}
		wantCode(t, "who came later", err, auth.TokenWrong)
	}
	if winners != 1 {
		t.Errorf("got %d owners, want 1", winners)
	}
}

// A binding that is refused after all leaves the token where it was.
func TestRefusedClaimLeavesTheToken(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.MaxMethods = 2 })
	b := withBox(w, "one", "two")
	_, c := w.enrolled(sellerMail, sellerNumber)
	late := w.beginClaim(c, "two")
	ok(t, "claim", lastErr(w.claim(c, "one", 9)))
	_, err := w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: late.Ceremony,
		Response: twoCodes(shown(t, "two", 9), shown(t, "two", 10))})
	wantCode(t, "one too many", err, auth.TooManyMethods)
	if got := b.item(w, "two"); got.Owner != "" {
		t.Errorf("got %+v, want it free", got)
	}
}

func TestTokensComeBack(t *testing.T) {
	for name, x := range map[string]struct {
		goes func(w *world, c auth.Caller, a auth.AuthenticatorInfo) error
		lost string
	}{
		"removed": {func(w *world, c auth.Caller, a auth.AuthenticatorInfo) error {
			return lastErr(w.s.Remove(w.t.Context(), c, a.ID))
		}, ""},
		"lost": {func(w *world, c auth.Caller, a auth.AuthenticatorInfo) error {
			return lastErr(w.s.LoseDevice(w.t.Context(), c, a.Device))
		}, "lost"},
	} {
		w := newWorld(t)
		b := withBox(w, "AB-1234")
		_, c := w.enrolled(sellerMail, sellerNumber)
		info, err := w.claim(c, "AB-1234", 9)
		ok(t, "claim", err)
		ok(t, name, x.goes(w, c, info.Authenticator))
		got := b.item(w, "AB-1234")
		if got.Owner != "" || got.State != x.lost || got.Counter != 11 {
			t.Errorf("%s: got %+v, want it back, counted to 11, %q", name, got, x.lost)
		}
	}
}

// What a weak proof called lost goes later, as lost; the link in its notice brings it back, unless it is
// another's by then.
func TestTokenThatWasPutBack(t *testing.T) {
	for _, taken := range []bool{false, true} {
		g := guard(t, false)
		b := withBox(g.world, "AB-1234")
		info, err := g.claim(g.c, "AB-1234", 9)
		ok(t, "claim", err)
		g.pass(time.Hour)
		weak := g.byText("home")
		later, err := g.s.LoseDevice(t.Context(), weak, info.Authenticator.Device)
		ok(t, "lose", err)
		if later.Due.IsZero() || b.item(g.world, "AB-1234").Owner == "" {
			t.Fatalf("got %+v, want the loss to wait", later)
		}
		g.pass(25 * time.Hour)
		g.mail()
		ok(t, "sweep", g.s.Sweep(t.Context()))
		gone := b.item(g.world, "AB-1234")
		if gone.Owner != "" || gone.State != "lost" {
			t.Fatalf("when it came due: got %+v, want it lost", gone)
		}
		if taken {
			b.put(g.world, "AB-1234", boxed{Owner: "somebody"})
		}
		link := g.undo(auth.TemplateChange, otherMail)
		ok(t, "undo", lastErr(g.s.Undo(t.Context(), caller("elsewhere"), link)))
		again := b.item(g.world, "AB-1234")
		if taken != (again.Owner == "somebody") || again.State != "" {
			t.Errorf("taken %v, undone: got %+v", taken, again)
		}
	}
}

// Claims are bounded by number: however many accounts try, and without a word for the owner of the token.
func TestWrongClaimsAreBounded(t *testing.T) {
	w := newWorld(t, longFlows, func(c *auth.Config) { c.Policy.Guesses.Free, c.Policy.Guesses.Limit = 1000, 0 })
	b := withBox(w, "AB-1234", "CD-1", "EF-1")
	secret, c := w.enrolled(sellerMail, sellerNumber)
	ok(t, "claim", lastErr(w.claim(c, "AB-1234", 9)))
	me, err := w.s.Me(t.Context(), c)
	ok(t, "me", err)
	b.put(w, "EF-1", boxed{Given: me.Account, Counter: 7})
	var thieves []auth.Caller
	for i := range 2 {
		mail, home := fmt.Sprintf("s%d@example.com", i), caller(fmt.Sprintf("home%d", i))
		w.seller(mail, fmt.Sprintf("+861380013801%d", i))
		_, thief := w.enrolApp(with(home, w.signIn(home, mail).Token))
		thieves = append(thieves, thief)
	}
	for _, serial := range []string{"ab1234", "cd-1", "ef-1", "of nobody"} {
		for i := range 100 {
			thief := thieves[i%2]
			spelt := []string{serial, serial[:1] + " - " + strings.ToUpper(serial[1:])}[i/2%2] // it is one number
			ch := w.beginClaim(thief, spelt)
			_, err := w.s.BindFinish(t.Context(), thief, auth.BindDone{Ceremony: ch.Ceremony, Response: twoCodes("000000", "000000")})
			wantCode(t, serial, err, auth.TokenWrong)
		}
		_, err := w.claim(c, serial, 9)
		if serial == "ef-1" {
			ok(t, "that was given to the very account", err)
			continue
		}
		e := wantCode(t, serial+", by another", err, auth.MethodResting)
		if e.Until.IsZero() || e.Field != "serial" {
			t.Errorf("%s: got %+v, want the number and until when", serial, e)
		}
	}
	ch := w.begun(caller("home"), byToken)
	ok(t, "its owner signs in",
		lastErr(w.s.SignInFinish(t.Context(), caller("home"), ch.Ceremony, typed(shown(t, "AB-1234", 11)))))
	w.pass(day)
	_, err = w.claim(with(c, w.second(c, w.signIn(c, sellerMail), secret).Token), "cd1", 9)
	ok(t, "a day later", err)
}

func TestStockIsOne(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.HOTP, Serial: "AB-1234"})
	wantCode(t, "without a stock", err, auth.NoSuchMethod)
	b := withBox(w)
	for _, serial := range []string{"-", strings.Repeat("1", 65), "a\x00b"} {
		_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.HOTP, Serial: serial})
		wantCode(t, serial, err, auth.SerialMalformed)
	}
	if _, err := auth.Register(w.s, auth.Part{Name: "other", Tokens: b}); err == nil {
		t.Error("a second stock: got no error, want one")
	}
}

// What a successor has bound goes with him into the account that he takes over, his token too; that of the
// owner before comes back.
func TestTokenOfASuccessor(t *testing.T) {
	w := newWorld(t)
	b := withBox(w, "old", "new")
	o := owner(w)
	ok(t, "the owner's", lastErr(w.claim(o.owner, "old", 9)))
	n := w.notary()
	bought := w.numberOf(sellerNumber)
	brings := n.successor()
	ok(t, "the buyer's", lastErr(w.claim(n.own, "new", 9)))
	ok(t, "give", n.give(bought, auth.Successor{From: brings}))
	if got := b.item(w, "new").Owner; got != bought {
		t.Errorf("the buyer's: got it with %q, want it with the account that he took over, %q", got, bought)
	}
	if got := b.item(w, "old"); got.Owner != "" || got.Last != bought {
		t.Errorf("the former owner's: got %+v, want it back", got)
	}
}
