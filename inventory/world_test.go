package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
	"github.com/latchkey-auth/latchkey/totp"
)

// A world is a stock over a real store with real keys, behind the decorator that runs every pass twice.
type world struct {
	t     testing.TB
	s     *auth.Service
	lab   *lab.Service // makes its people
	stock *Service
	db    *bolt.DB
	path  string
	later atomic.Int64 // how much later than at it is
}

func (w *world) now() time.Time { return at().Add(time.Duration(w.later.Load())) }

// pass lets time pass, and does what comes due.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.later.Add(int64(d))
	if err := w.s.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir(), func(db store.DB) store.DB { return storetest.Twice(db, 1) })
}

// newWorldIn is one over the data of a folder, whose store is seen through something.
func newWorldIn(t testing.TB, folder string, through func(store.DB) store.DB) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(folder, "latchkey.db")}
	var err error
	if w.db, err = bolt.Open(w.path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	apps, err := totp.New(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := totp.NewHOTP(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w.s, err = auth.New(auth.Config{DB: through(w.db), Keys: keysIn(t, folder), Factors: []auth.Factor{apps, counts},
		Policy: auth.Marketplace(), Site: "Latchkey", Origin: "http://localhost:8080", RPID: "localhost",
		Lab: auth.NewClock(w.now), Pace: auth.Pace{Burst: -1}})
	if err != nil {
		t.Fatal(err)
	}
	if w.lab, err = lab.New(w.s, nil); err != nil {
		t.Fatal(err)
	}
	if w.stock, err = New(w.s); err != nil {
		t.Fatal(err)
	}
	return w
}

// keysIn are the keys in a folder, made if there are none.
func keysIn(t testing.TB, folder string) *store.Keys {
	t.Helper()
	path := filepath.Join(folder, "keyset")
	save := func(sealed []byte) error { return os.WriteFile(path, sealed, 0o600) }
	sealed, err := os.ReadFile(path)
	var keys *store.Keys
	if err == nil {
		keys, err = store.LoadKeys(sealed, store.Secret{1}, save)
	} else {
		keys, err = store.NewKeys(store.Secret{1}, save)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// bytes is the store's file, once it is closed.
func (w *world) bytes() []byte {
	w.t.Helper()
	w.db.Close()
	raw, err := os.ReadFile(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// told is what an import said of tokens that it did not take.
type told struct {
	lines []string
	why   []error
}

func (x *told) tell(f *Fault) error {
	x.lines, x.why = append(x.lines, f.Error()), append(x.why, f.Why)
	return nil
}

// imports takes a text as a file.
func (w *world) imports(text string, o Order) (Tally, *told) {
	w.t.Helper()
	said := new(told)
	sum, err := w.stock.Import(w.t.Context(), "ann (uid 0)", strings.NewReader(text), o, said.tell)
	if err != nil {
		w.t.Fatal(err)
	}
	return sum, said
}

// holds fails unless the stock has exactly the first n of manyTokens, each with its secret.
func (w *world) holds(n int) {
	w.t.Helper()
	seen := map[int]bool{}
	for _, x := range w.all() {
		number, err := strconv.Atoi(x.Serial)
		if err != nil || number >= n || seen[number] || hex.EncodeToString(x.Secret) != secretOf(number) {
			w.t.Errorf("got %v, want it once and with its own secret", x)
		}
		seen[number] = true
	}
	if len(seen) != n {
		w.t.Errorf("got %d tokens, want %d", len(seen), n)
	}
}

// all are the tokens that are stored.
func (w *world) all() []*record {
	w.t.Helper()
	list, err := auth.Do(w.t.Context(), w.stock.door, w.stock.door.Operator(""), ActLook,
		func(x *auth.Work) ([]*record, error) {
			ids, err := w.stock.tokens.IDs(x, "", 1<<20)
			var list []*record
			for _, id := range ids {
				rec, err := w.stock.tokens.Get(x, id)
				if err != nil {
					return nil, err
				}
				list = append(list, rec)
			}
			return list, err
		})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// one is the token of a maker and a number, nil if there is none.
func (w *world) one(maker, serial string) *record {
	w.t.Helper()
	for _, x := range w.all() {
		if x.Maker == maker && x.Serial == serial {
			return x
		}
	}
	return nil
}

// trail is what stands in the audit trail.
func (w *world) trail() []string {
	w.t.Helper()
	list, err := auth.Do(w.t.Context(), w.stock.door, w.stock.door.Operator(""), ActLook,
		func(x *auth.Work) ([]string, error) {
			lines, _, err := x.TrailLines("", "", 1000)
			var list []string
			for i := range lines {
				e := &lines[i]
				list = append(list, fmt.Sprintf("%s%s by %s: %s", e.Action, e.Outcome, e.Who, e.Item))
			}
			return list, err
		})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// secretOf is a secret of its own for each number, as hexadecimal digits.
func secretOf(n int) string { return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, n)))[:40] }

// manyTokens is a table of n tokens by time.
func manyTokens(n int) string {
	var b strings.Builder
	b.WriteString("serial,secret,manufacturer,model\n")
	for i := range n {
		fmt.Fprintf(&b, "%07d,%s,ACME,Card 3\n", i, secretOf(i))
	}
	return b.String()
}

// manyPackages is a container of as many tokens.
func manyPackages(n int) string {
	head, rest, _ := strings.Cut(sampleContainer(), "<KeyPackage>")
	one, tail, _ := strings.Cut(rest, "</KeyPackage>")
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		fmt.Fprintf(&b, "<KeyPackage>%s</KeyPackage>\n", strings.Replace(one, "S-1", fmt.Sprintf("S-%07d", i), 1))
	}
	return b.String() + tail
}

// A failing file cannot be read beyond some byte, once it has been begun anew some times.
type failing struct {
	io.ReadSeeker
	begun, from int // from the beginning of this number on
	at          int64
	fails       func() error
}

var errDisk = errors.New("the disk is gone")

func (f *failing) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 && whence == io.SeekStart {
		f.begun++
	}
	return f.ReadSeeker.Seek(offset, whence)
}

func (f *failing) Read(p []byte) (int, error) {
	where, err := f.ReadSeeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	if f.begun >= f.from && where >= f.at {
		return 0, f.fails()
	}
	return f.ReadSeeker.Read(p[:min(len(p), 1000)])
}
