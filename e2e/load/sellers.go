package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	hashing "github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// password is every seeded seller's: its hash is made once, so that seeding does not take hours.
const password = "Long-Jetty-41"

// Sellers are who the load is done as. Every one is made from his number alone.
type sellers struct {
	port     int
	origin   string
	began    time.Time
	keys     []keySeller
	apps     []appSeller
	appsUsed int
}

// A keySeller has one USB key that verifies its user.
type keySeller struct {
	email   string
	handle  []byte
	key     *virtual.Credential
	counter uint32
	browser browser
}

// An appSeller has one authenticator app.
type appSeller struct {
	email  string
	secret []byte
}

// seed fills a new data folder: first the sellers with one key each, whose room on the disk is
// measured, then those with an app.
func (p *plan) seed(ctx context.Context, data string, r *report) (*sellers, error) {
	if most := 4 * len(p.clients); p.sellers < 64 || p.sellers < most {
		return nil, errors.New("at least 64 sellers are needed")
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &sellers{port: port, origin: originOf(port), began: time.Now()}
	db, keys, err := newData(data)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	m, err := newMaker(ctx, s.origin)
	if err != nil {
		return nil, err
	}
	empty, err := compacted(db, data)
	if err != nil {
		return nil, err
	}
	all, err := m.keySellers(s, p.sellers)
	if err == nil {
		err = auth.Seed(ctx, db, keys, all)
	}
	if err != nil {
		return nil, err
	}
	full, err := compacted(db, data)
	if err != nil {
		return nil, err
	}
	r.fact("bytes on disk per seller with one key, compacted", float64(full-empty)/float64(p.sellers), "B", "<= 3072")
	if all, err = m.appSellers(s, p.codes*p.rounds); err != nil {
		return nil, err
	}
	return s, auth.Seed(ctx, db, keys, all)
}

// newData makes what the server makes at its first start.
func newData(data string) (*bolt.DB, *store.Keys, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("making the data folder: %w", err)
	}
	secret, err := store.CreateSecret(filepath.Join(data, "secret"))
	if err != nil {
		return nil, nil, err
	}
	keys, err := store.CreateKeys(filepath.Join(data, "keyset"), secret)
	if err != nil {
		return nil, nil, err
	}
	db, err := bolt.Open(filepath.Join(data, "latchkey.db"), bolt.Options{})
	return db, keys, err
}

// compacted is the size of a compacted copy.
func compacted(db *bolt.DB, dir string) (int64, error) {
	path := filepath.Join(dir, "compacted")
	if err := db.Compact(path); err != nil {
		return 0, fmt.Errorf("compacting: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("compacting: %w", err)
	}
	return info.Size(), os.Remove(path)
}

// A maker makes accounts. Authenticators come from the factors themselves, as in a real binding.
type maker struct {
	key    auth.Factor
	app    auth.Factor
	origin string
	hash   string
	at     time.Time
}

func newMaker(ctx context.Context, origin string) (*maker, error) {
	key, err := webauthn.New(webauthn.Config{RPID: "localhost", Origins: []string{origin}})
	if err != nil {
		return nil, err
	}
	app, err := totp.New(totp.Config{})
	if err != nil {
		return nil, err
	}
	hash, err := hashing.NewHasher(rand.Reader, 1, 1).Hash(ctx, password)
	if err != nil {
		return nil, fmt.Errorf("hashing the password: %w", err)
	}
	// Bound some time ago: the codes of that time are used up, today's are not.
	return &maker{key: key, app: app, origin: origin, hash: hash, at: time.Now().Add(-time.Hour)}, nil
}

// numberOf is the number of seller i of a family.
func numberOf(i int) string { return fmt.Sprintf("+8613%09d", i) }

// account is seller i of a family, everything about him drawn from the two.
func (m *maker) account(family string, i int) auth.Account {
	name := fmt.Sprintf("%s%d", family, i)
	id := sha256.Sum256([]byte("account" + name))
	first, second := sha256.Sum256([]byte("handle a"+name)), sha256.Sum256([]byte("handle b"+name))
	return auth.Account{
		ID: auth.AccountID(base64.RawURLEncoding.EncodeToString(id[:16])), Name: "Seller " + name,
		UserName: ident.UserName(name), Email: ident.Email(name + "@example.com"), Language: "en",
		Phone:  ident.Phone(numberOf(i)),
		Handle: append(first[:], second[:]...), Password: m.hash, PasswordAt: m.at, CreatedAt: m.at, EnrolledAt: m.at,
	}
}

// keySellers makes n sellers with a key each; keys take their time, so all processors help.
func (m *maker) keySellers(s *sellers, n int) ([]auth.Seeded, error) {
	all := make([]auth.Seeded, n)
	s.keys = make([]keySeller, n)
	failed := make([]error, runtime.NumCPU())
	var work sync.WaitGroup
	for cpu := range failed {
		work.Go(func() {
			for i := cpu; i < n && failed[cpu] == nil; i += len(failed) {
				all[i], s.keys[i], failed[cpu] = m.keySeller(i)
			}
		})
	}
	work.Wait()
	return all, errors.Join(failed...)
}

func (m *maker) keySeller(i int) (one auth.Seeded, k keySeller, err error) {
	a := m.account("key", i)
	device, err := virtual.New(virtual.Options{
		UserVerification: virtual.UVSucceeds, Seed: fmt.Append(nil, "key", i),
	})
	if err != nil {
		return one, k, fmt.Errorf("making key %d: %w", i, err)
	}
	browser := &virtual.Client{Origin: m.origin, Authenticators: []*virtual.Authenticator{device}}
	one, err = m.bind(m.key, a, auth.Stick, browser.Create)
	if err != nil {
		return one, k, fmt.Errorf("binding key %d: %w", i, err)
	}
	made := device.Credentials()[0]
	return one, keySeller{email: string(a.Email), handle: a.Handle, key: made, counter: made.Counter}, nil
}

func (m *maker) appSellers(s *sellers, n int) ([]auth.Seeded, error) {
	all := make([]auth.Seeded, n)
	s.apps = make([]appSeller, n)
	for i := range n {
		a := m.account("app", i)
		app := &s.apps[i]
		app.email = string(a.Email)
		var err error
		all[i], err = m.bind(m.app, a, auth.Handset, func(prompt []byte) ([]byte, error) {
			var p struct {
				Secret string `json:"secret"`
			}
			if err := json.Unmarshal(prompt, &p); err != nil {
				return nil, err
			}
			var err error
			app.secret, err = decodeSecret(p.Secret)
			return fmt.Appendf(nil, `{"code":%q}`, app.code(m.at)), err
		})
		if err != nil {
			return nil, fmt.Errorf("binding app %d: %w", i, err)
		}
	}
	return all, nil
}

// bind lets a factor bind what answers its prompt, and puts the result beside the account.
func (m *maker) bind(f auth.Factor, a auth.Account, kind auth.DeviceKind, answer func([]byte) ([]byte, error)) (one auth.Seeded, err error) {
	c := &auth.Ceremony{
		ID: "seed", Account: a.ID, Purpose: auth.ForBind, Kind: f.Kind(),
		Begun: m.at, Now: m.at, Expires: m.at.Add(5 * time.Minute), Input: json.RawMessage("{}"), Language: "en",
	}
	err = f.BeginBind(c, auth.Subject{Handle: a.Handle, Name: string(a.Email), Display: a.Name, Site: "Latchkey"})
	if err != nil {
		return one, err
	}
	response, err := answer(c.Prompt)
	if err != nil {
		return one, err
	}
	bound, err := f.FinishBind(c, response)
	if err != nil {
		return one, err
	}
	device := auth.Device{ID: strings.ToLower(string(kind)), Kind: kind, Name: string(kind)}
	bound.ID = string(f.Kind())
	bound.Account = a.ID
	bound.Device = device.ID
	bound.Name = "the first"
	bound.BoundAt = m.at
	bound.State = auth.Active
	bound.Rev = 1
	return auth.Seeded{Account: a, Devices: []auth.Device{device}, Authenticators: []auth.Authenticator{*bound}}, nil
}
