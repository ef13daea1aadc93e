package inventory

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"iter"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/store"
)

// A person is an account with an app.
type person struct {
	w  *world
	id auth.AccountID
}

func (w *world) person(name string) *person {
	w.t.Helper()
	_, err := w.lab.Make(w.t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Email: name + "@example.com",
		Methods: []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return &person{w, lab.FixtureID(name)}
}

// signedIn is a session that has just shown his strongest method.
func (p *person) signedIn() auth.Caller {
	p.w.t.Helper()
	info, err := p.w.lab.Session(p.w.t.Context(), auth.Caller{}, p.id)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return auth.Caller{Token: info.Token, Language: "en"}
}

// shows is what a token displays at a place of its count (RFC 4226 §5.3), or of its clock.
func shows(x *record, place uint64) string {
	of := map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New}[x.Hash]
	h := hmac.New(of, x.Secret)
	_ = binary.Write(h, binary.BigEndian, place)
	sum := h.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	code := fmt.Sprintf("%010d", n)
	return code[len(code)-x.Digits:]
}

// A begun claim is one whose codes are not typed yet.
type begun struct {
	w        *world
	c        auth.Caller
	ceremony string
}

func (p *person) begins(serial string) *begun {
	p.w.t.Helper()
	c := p.signedIn()
	ch, err := p.w.s.BindBegin(p.w.t.Context(), c, auth.BindForm{Kind: auth.HOTP, Serial: serial})
	if err != nil {
		p.w.t.Fatal(err)
	}
	return &begun{p.w, c, ch.Ceremony}
}

// types ends a claim by two codes in a row.
func (b *begun) types(first, second string) (*auth.AuthenticatorInfo, error) {
	response, err := json.Marshal(auth.PairResponse{Code: first, Second: second})
	if err != nil {
		return nil, err
	}
	info, err := b.w.s.BindFinish(b.w.t.Context(), b.c, auth.BindDone{Ceremony: b.ceremony, Response: response})
	if err != nil {
		return nil, err
	}
	return &info.Authenticator, nil
}

// claims claims a token by what it displays at two places in a row.
func (p *person) claims(serial string, x *record, place uint64) (*auth.AuthenticatorInfo, error) {
	p.w.t.Helper()
	return p.begins(serial).types(shows(x, place), shows(x, place+1))
}

// counted is a box of one token by presses and one by time.
func (w *world) counted() (pressed, timed *record) {
	w.t.Helper()
	w.imports("serial,secret,manufacturer,model,type,counter,period,hash,digits\nAB-1001,"+inHex+
		",ACME,Card 3,hotp,40,,SHA1,6\n1002,"+secretOf(2)+secretOf(3)[:24]+",ACME,,totp,,60,SHA256,8\n",
		Order{Box: "A"})
	return w.one("ACME", "AB-1001"), w.one("ACME", "1002")
}

func refusedWith(err error, code auth.Code) bool { return errors.Is(err, auth.Refuse(code)) }

// A token is claimed by its number and what it displays, is its owner's until he takes it off, and comes back with how
// far it has come: no code of before counts then. Until the house says otherwise it is nobody else's.
func TestClaim(t *testing.T) {
	w := newWorld(t)
	pressed, _ := w.counted()
	ann, bob := w.person("ann"), w.person("bob")
	if _, err := ann.begins("AB-1001").types("000000", "000001"); !refusedWith(err, auth.TokenWrong) {
		t.Fatalf("got %v for wrong codes, want %s", err, auth.TokenWrong)
	}
	method, err := ann.claims("ab 1001", pressed, 45)
	x := w.one("ACME", "AB-1001")
	if err != nil || method.Serial != "AB-1001" || method.Model != "Card 3" || x.State != Assigned ||
		x.Owner != ann.id ||
		!x.MovedAt.Equal(w.now()) {
		t.Fatalf("got %+v, %v and %v, want it to be ann's", method, err, fields(x))
	}
	if _, err := bob.claims("AB-1001", pressed, 50); !refusedWith(err, auth.TokenWrong) {
		t.Errorf("got %v for another, want %s", err, auth.TokenWrong)
	}
	if _, err := w.s.Remove(t.Context(), ann.signedIn(), method.ID); err != nil {
		t.Fatal(err)
	}
	if x = w.one("ACME", "AB-1001"); x.State != Returned || x.Owner != ann.id || x.Counter != 47 {
		t.Errorf("got %v, want it back, at 47", fields(x))
	}
	if _, err := bob.claims("AB-1001", pressed, 50); !refusedWith(err, auth.TokenWrong) {
		t.Errorf("got %v for another, want %s", err, auth.TokenWrong)
	}
	if _, err := ann.claims("AB-1001", pressed, 45); !refusedWith(err, auth.TokenWrong) {
		t.Errorf("got %v for the codes of before, want %s", err, auth.TokenWrong)
	}
	if _, err := ann.claims("AB-1001", pressed, 47); err != nil {
		t.Errorf("got %v for who had it, want it bound again", err)
	}
}

// What the house says of a token decides who claims it next; one by time is claimed likewise.
func TestClaimAfterTheHouse(t *testing.T) {
	w := newWorld(t)
	_, timed := w.counted()
	ann, bob := w.person("ann"), w.person("bob")
	here := func() uint64 { return uint64(w.now().Unix()) / 60 }
	method, err := ann.claims("1002", timed, here()+2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.LoseDevice(t.Context(), ann.signedIn(), method.Device); err != nil {
		t.Fatal(err)
	}
	if x := w.one("ACME", "1002"); x.State != Lost || x.Drift != 3 || x.Last != int64(here()+3) || x.Counter != 0 {
		t.Errorf("got %v, want it lost, 3 periods ahead, and used up to %d", fields(x), here()+3)
	}
	w.pass(time.Hour)
	for name, p := range map[string]*person{"who lost it": ann, "another": bob} {
		if _, err := p.claims("1002", timed, here()+3); !refusedWith(err, auth.TokenWrong) {
			t.Errorf("lost: got %v for %s, want %s", err, name, auth.TokenWrong)
		}
	}
	if _, err := w.stock.Regain(t.Context(), "lin", "1002", ""); err != nil {
		t.Fatal(err)
	}
	if info, err := w.stock.Give(t.Context(), "lin", "1002", "", "bob@example.com"); err != nil ||
		info.Owner != bob.id {
		t.Fatalf("got %v, %v, want it set aside for bob", info, err)
	}
	if _, err := ann.claims("1002", timed, here()+3); !refusedWith(err, auth.TokenWrong) {
		t.Errorf("set aside: got %v for another, want %s", err, auth.TokenWrong)
	}
	if _, err := bob.claims("1002", timed, here()+3); err != nil {
		t.Errorf("set aside: got %v for him, want it bound", err)
	}
	for _, do := range []func() (*Info, error){
		func() (*Info, error) { return w.stock.Give(t.Context(), "lin", "1002", "", string(ann.id)) },
		func() (*Info, error) { return w.stock.Retire(t.Context(), "lin", "1002", "") },
	} {
		if _, err := do(); err != ErrAssigned {
			t.Errorf("assigned: got %v, want %q", err, ErrAssigned)
		}
	}
	if _, err := w.stock.Give(t.Context(), "lin", "AB1001", "", "nobody@example.com"); err != ErrNoAccount {
		t.Errorf("got %v, want %q", err, ErrNoAccount)
	}
}

// asks runs what auth asks in a pass.
func (w *world) asks(fn func(*auth.Work) error) error {
	return w.stock.door.Do(w.t.Context(), w.stock.door.Operator(""), ActTake, fn)
}

// Who may claim a token, and to whom it can be given back, by its state and by whose it is.
func TestWhoMayHaveAToken(t *testing.T) {
	type may struct{ claim, assign bool }
	want := map[State]map[auth.AccountID]may{
		InStock:  {"": {true, true}, "me": {true, true}, "other": {false, false}},
		Assigned: {"": {false, false}, "me": {false, true}, "other": {false, false}},
		Returned: {"": {false, true}, "me": {true, true}, "other": {false, false}},
		Lost:     {"": {false, true}, "me": {false, true}, "other": {false, false}},
		Retired:  {"": {false, false}, "me": {false, false}, "other": {false, false}},
	}
	w := newWorld(t)
	w.imports(manyTokens(2), Order{})
	for _, state := range States() {
		for owner, want := range want[state] {
			w.sets("0000001", func(x *record) { x.State, x.Owner = state, owner })
			var found *auth.Token
			err := w.asks(func(p *auth.Work) (err error) {
				found, err = w.stock.FindToken(p, "me", "0000001")
				return err
			})
			if err != nil || (found != nil) != want.claim || found != nil && found.Given != (state == InStock &&
				owner == "me") {
				t.Errorf("%s, of %q: got %v, %v, want it found: %v", state, owner, found, err, want.claim)
			}
			key := w.stock.keyOf("ACME", "0000001")
			err = w.asks(func(p *auth.Work) error { return w.stock.AssignToken(p, "me", key) })
			x := w.one("ACME", "0000001")
			if want.assign && (err != nil || x.State != Assigned || x.Owner != "me") ||
				!want.assign && (!refusedWith(err, auth.NoSuchMethod) || x.State != state || x.Owner != owner) {
				t.Errorf("%s, of %q: got %v and %v, want it assigned: %v", state, owner, err, fields(x), want.assign)
			}
		}
	}
	w.sets("0000001", func(x *record) { x.State, x.Owner = InStock, "" })
	w.sets("0000001", func(x *record) { x.Until = at() })
	for serial, why := range map[string]string{"0000001": "its maker's day has come",
		"0000007": "there is none", "": "it is none"} {
		err := w.asks(func(p *auth.Work) error {
			if found, err := w.stock.FindToken(p, "me", serial); found != nil || err != nil {
				t.Errorf("%s: got %v, %v, want none", why, found, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A read store counts what is read of it.
type read struct {
	store.DB
	n int
}

func (r *read) View(ctx context.Context, fn func(store.Tx) error) error {
	return r.DB.View(ctx, func(tx store.Tx) error { return fn(readTx{tx, r}) })
}

type readTx struct {
	store.Tx
	r *read
}

func (t readTx) Get(collection, key string) ([]byte, error) {
	doc, err := t.Tx.Get(collection, key)
	if err == nil {
		t.r.n++
	}
	return doc, err
}

func (t readTx) Scan(collection, from, to string, limit int) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		for doc, err := range t.Tx.Scan(collection, from, to, limit) {
			if t.r.n++; !yield(doc, err) {
				return
			}
		}
	}
}

// As much is read of a number that is no token's as of one that is, whoever has it, wherever in the stock it would lie.
func TestFindingATokenReadsAlike(t *testing.T) {
	var r *read
	w := newWorldIn(t, t.TempDir(), func(db store.DB) store.DB {
		r = &read{DB: db}
		return r
	})
	w.imports(manyTokens(3), Order{})
	w.sets("0000001", func(x *record) { x.State, x.Owner = Assigned, "other" })
	w.sets("0000002", func(x *record) { x.State = Retired })
	serials := []string{"0000000", "0000001", "0000002"}
	for i := range 20 {
		serials = append(serials, fmt.Sprint("nowhere", i))
	}
	for _, serial := range serials {
		r.n = 0
		err := w.stock.door.Do(t.Context(), w.stock.door.Operator(""), ActLook, func(p *auth.Work) error {
			_, err := w.stock.FindToken(p, "me", serial)
			return err
		})
		if err != nil || r.n != 2 {
			t.Errorf("%s: got %d reads, %v, want an entry and a token", serial, r.n, err)
		}
	}
}

// A number of two makers is nobody's guess: one who holds either of them gets it from the house.
func TestClaimOfTwoMakers(t *testing.T) {
	w := newWorld(t)
	w.imports("serial,secret,maker,counter\n1001,"+inHex+",ACME,0\n1001,"+secretOf(1)+",Bolt,0\n", Order{})
	ann := w.person("ann")
	for _, maker := range []string{"ACME", "Bolt"} {
		if _, err := ann.claims("1001", w.one(maker, "1001"), 0); !refusedWith(err, auth.TokenWrong) {
			t.Errorf("%s: got %v, want %s", maker, err, auth.TokenWrong)
		}
	}
	if _, err := w.stock.Give(t.Context(), "lin", "1001", "Bolt", string(ann.id)); err != nil {
		t.Fatal(err)
	}
	if _, err := ann.claims("1001", w.one("ACME", "1001"), 0); !refusedWith(err, auth.TokenWrong) {
		t.Errorf("the other maker's: got %v, want %s", err, auth.TokenWrong)
	}
	if _, err := ann.claims("1001", w.one("Bolt", "1001"), 0); err != nil || w.one("Bolt", "1001").Owner != ann.id ||
		w.one("ACME", "1001").State != InStock {
		t.Errorf("got %v, want the one that was set aside, and no other", err)
	}
}

// Of 64 who claim a token at once, with the right codes, one has it.
func TestOneTokenOneOwner(t *testing.T) {
	w := newWorld(t)
	pressed, _ := w.counted()
	var all []*begun
	var people []*person
	for i := range 64 {
		p := w.person(fmt.Sprintf("p%d", i))
		people, all = append(people, p), append(all, p.begins("AB-1001"))
	}
	won := make([]error, len(all))
	var wait sync.WaitGroup
	for i, b := range all {
		wait.Go(func() { _, won[i] = b.types(shows(pressed, 41), shows(pressed, 42)) })
	}
	wait.Wait()
	winners := 0
	for i, err := range won {
		if err == nil {
			winners++
		} else if !refusedWith(err, auth.TokenWrong) {
			t.Errorf("got %v, want %s", err, auth.TokenWrong)
		}
		if owns := w.one("ACME", "AB-1001").Owner == people[i].id; owns != (err == nil) {
			t.Errorf("%d: got %v, and it is his: %v", i, err, owns)
		}
	}
	if winners != 1 {
		t.Errorf("got %d owners, want one", winners)
	}
}

// heir is an act by which a test hands accounts over.
const heir auth.Action = "heir-hand-over"

// When an account is closed or changes hands, its tokens are nobody's: they come back with how far they have come, what
// was set aside for it is free, and what it has given back before is not its any more.
func TestTokensOfAnAccountThatEnds(t *testing.T) {
	for name, ends := range map[string]func(w *world, p *person) error{
		"closed": func(w *world, p *person) error {
			_, err := w.s.CloseAccount(t.Context(), p.signedIn(), true)
			for range 16 {
				w.pass(24 * time.Hour)
			}
			if _, gone := w.s.AccountState(t.Context(), p.id); !refusedWith(gone, auth.NotFound) {
				t.Errorf("got %v, want the account closed", gone)
			}
			return err
		},
		"handed over": func(w *world, p *person) error {
			door, err := auth.Register(w.s, auth.Part{Name: "heir", Rules: map[auth.Action]auth.Rule{
				heir: {Who: auth.System, Audit: true}}})
			if err != nil {
				return err
			}
			return door.Do(t.Context(), door.Operator("lin"), heir, func(x *auth.Work) error {
				return x.HandOver(p.id, auth.Successor{Name: "Mei", Email: "mei@example.com", Language: "en"})
			})
		},
	} {
		w := newWorld(t)
		pressed, _ := w.counted()
		w.imports(manyTokens(3), Order{})
		ann, bob := w.person("ann"), w.person("bob")
		if _, err := ann.claims("AB-1001", pressed, 45); err != nil {
			t.Fatal(err)
		}
		w.sets("0000001", func(x *record) { x.State, x.Owner = Returned, ann.id })
		w.sets("0000002", func(x *record) { x.State, x.Owner = InStock, ann.id })
		w.sets("0000000", func(x *record) { x.State, x.Owner = InStock, bob.id })
		if err := ends(w, ann); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for serial, want := range map[string]record{"AB-1001": {State: Returned, Counter: 47},
			"0000001": {State: Returned},
			"0000002": {State: InStock}, "0000000": {State: InStock, Owner: bob.id}} {
			x := w.one("ACME", serial)
			if x.State != want.State || x.Owner != want.Owner || x.Counter != want.Counter || x.Leaves {
				t.Errorf("%s, %s: got %v, want %s and of %q", name, serial, fields(x), want.State, want.Owner)
			}
		}
	}
}

// What the successor of an account brings goes with him into it: his own one ends, and his token with it, in the pass
// that gives it to the other.
func TestTokenOfASuccessor(t *testing.T) {
	w := newWorld(t)
	pressed, _ := w.counted()
	ann, bob := w.person("ann"), w.person("bob")
	if _, err := bob.claims("AB-1001", pressed, 45); err != nil {
		t.Fatal(err)
	}
	key := w.stock.keyOf("ACME", "AB-1001")
	err := w.asks(func(p *auth.Work) error {
		return errors.Join(w.stock.leave(p, bob.id), w.stock.ReturnToken(p, bob.id, key, auth.Reached{Counter: 50}),
			w.stock.AssignToken(p, ann.id, key), w.stock.ReturnToken(p, bob.id, key, auth.Reached{Counter: 60}))
	})
	x := w.one("ACME", "AB-1001")
	if err != nil || x.State != Assigned || x.Owner != ann.id || x.Counter != 50 || x.Leaves {
		t.Errorf("got %v and %v, want it to be ann's, at 50", err, fields(x))
	}
	if err := w.asks(func(p *auth.Work) error {
		return errors.Join(w.stock.ReturnToken(p, ann.id, key, auth.Reached{Counter: 48}),
			w.stock.ReturnToken(p, ann.id, "nothing", auth.Reached{}))
	}); err != nil {
		t.Error(err)
	}
	if x := w.one("ACME", "AB-1001"); x.State != Returned || x.Owner != ann.id || x.Counter != 50 {
		t.Errorf("got %v, want it back, and no lower than it was", fields(x))
	}
}

// The codes that have proved a token by time do not claim it once it was taken off, whoever has seen them.
func TestATakenOffTokenIsNotClaimedByItsOldCodes(t *testing.T) {
	w := newWorld(t)
	_, timed := w.counted()
	ann := w.person("ann")
	at := uint64(w.now().Unix()) / 60
	method, err := ann.claims("1002", timed, at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Remove(t.Context(), ann.signedIn(), method.ID); err != nil {
		t.Fatal(err)
	}
	for first, want := range map[uint64]auth.Code{at: auth.TokenWrong, at + 1: auth.TokenWrong} {
		if _, err := ann.claims("1002", timed, first); !refusedWith(err, want) {
			t.Errorf("codes %d steps later: got %v, want %s", first-at, err, want)
		}
	}
	if _, err := ann.claims("1002", timed, at+2); err != nil {
		t.Errorf("the next two codes: got %v, want it bound again", err)
	}
}

// Its owner takes away which tokens he has, and nothing that makes a code.
func TestHeldTokens(t *testing.T) {
	w := newWorld(t)
	pressed, _ := w.counted()
	ann := w.person("ann")
	if _, err := ann.claims("AB-1001", pressed, 45); err != nil {
		t.Fatal(err)
	}
	data, err := w.s.TakeData(t.Context(), ann.signedIn())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	want := `"inventory":{"tokens":[{"serial":"AB-1001","maker":"ACME","model":"Card 3","state":"assigned","since":"2026-03-03T14:00:00Z"}]}`
	if !strings.Contains(string(text), want) {
		t.Errorf("got %s, want %s in it", text, want)
	}
	for _, secret := range []string{inHex, in32, publishedSecret, "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("got the secret %s in what is taken away", secret)
		}
	}
}

// A token that nobody here wrote is claimed by what it displays.
func TestClaimByOathtool(t *testing.T) {
	oathtool := needs.Program(t, "oathtool")
	codes := func(args ...string) (first, second string) {
		out, err := exec.Command(oathtool, append(args, "--window=1")...).Output()
		lines := strings.Fields(string(out))
		if err != nil || len(lines) != 2 {
			t.Fatalf("got %q, %v", out, err)
		}
		return lines[0], lines[1]
	}
	w := newWorld(t)
	pressed, timed := w.counted()
	ann := w.person("ann")
	first, second := codes("--hotp", "--counter=44", hex.EncodeToString(pressed.Secret))
	if _, err := ann.begins("ab1001").types(first, second); err != nil {
		t.Errorf("by presses: %v", err)
	}
	first, second = codes("--totp=SHA256", "--digits=8", "--time-step-size=60s", "--now=2026-03-03 14:02:00 UTC",
		hex.EncodeToString(timed.Secret))
	if _, err := ann.begins("1002").types(first, second); err != nil {
		t.Errorf("by time: %v", err)
	}
}
