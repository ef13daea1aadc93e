package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/xaesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/prf/hkdfprf"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrSealed says that something sealed cannot be opened: another key, purpose or place, or damage.
var ErrSealed = errors.New("cannot be opened with these keys")

// Keys seal documents and blind indexes, and whatever else a purpose is named for. They hold one or
// more roots; every purpose has keys of its own, derived from each root with HKDF-SHA-256, so that
// nothing sealed for one purpose opens for another. They serve any number of goroutines.
//
//	root (Tink keyset, 32 bytes each, one of them primary)
//	 ├─ HKDF "document"     → XAES-256-GCM   documents of Collections, bound to collection NUL id
//	 ├─ HKDF "index"        → HMAC-SHA-256   Blind indexes, over collection.index NUL value
//	 ├─ HKDF "seal/"+name   → XAES-256-GCM   Seal and Open
//	 └─ HKDF "mac/"+name    → HMAC-SHA-256   MAC and CheckMAC
//
// The primary root seals; every root opens and finds.
type Keys struct {
	plain bool
	roots atomic.Pointer[ring]
	mu    sync.Mutex // one rotation at a time
	wrap  tink.AEAD  // seals the keyset itself
	save  func(sealed []byte) error
}

// A ring is one state of the roots; a rotation makes a new one.
type ring struct {
	handle    *keyset.Handle
	prfs      *prf.Set
	order     []uint32 // ids, the primary first
	head      []byte   // what documents that the primary root has sealed begin with
	documents tink.AEAD
	index     []*mac   // in order
	seals     sync.Map // purpose → tink.AEAD
	macs      sync.Map // purpose → []*mac
}

// keysetPlace is the associated data of a sealed keyset.
var keysetPlace = []byte("latchkey keyset 1")

// NewKeys makes new keys and gives them, sealed with secret, to save, which must return only when they
// are durable: documents sealed with a lost keyset are lost.
func NewKeys(secret Secret, save func(sealed []byte) error) (*Keys, error) {
	root := secret.fresh()
	handle, err := addRoot(keyset.NewManager(), root[:], true)
	if err != nil {
		return nil, fmt.Errorf("creating keys: %w", err)
	}
	k := &Keys{save: save}
	if k.wrap, err = secret.aead(); err != nil {
		return nil, fmt.Errorf("creating keys: %w", err)
	}
	if err := k.become(handle); err != nil {
		return nil, fmt.Errorf("creating keys: %w", err)
	}
	return k, nil
}

// LoadKeys returns the keys in a sealed keyset; save as in NewKeys serves later rotations. A wrong
// secret is ErrSealed.
func LoadKeys(sealed []byte, secret Secret, save func(sealed []byte) error) (*Keys, error) {
	k := &Keys{save: save}
	var err error
	if k.wrap, err = secret.aead(); err != nil {
		return nil, fmt.Errorf("loading keys: %w", err)
	}
	if err := k.Reload(sealed); err != nil {
		return nil, err
	}
	return k, nil
}

// Plain returns keys that leave documents in the clear, for tests and for looking at formats. Indexes
// and purposes use a root of 32 zero bytes: their format is the real one, their protection none.
func Plain() *Keys {
	handle, err := addRoot(keyset.NewManager(), make([]byte, 32), true)
	k := &Keys{plain: true, save: func([]byte) error { return nil }}
	if err == nil {
		k.wrap, err = Secret{}.aead()
	}
	if err == nil {
		err = k.become(handle)
	}
	if err != nil {
		panic(err) // a constant key of the right length: only a broken build comes here
	}
	return k
}

// Reload takes over a keyset that another process has saved (see Prepare).
func (k *Keys) Reload(sealed []byte) error {
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(sealed)), k.wrap, keysetPlace)
	if err != nil {
		return fmt.Errorf("loading keys: %w", ErrSealed) // Tink's text adds nothing that helps
	}
	r, err := newRing(handle)
	if err != nil {
		return fmt.Errorf("loading keys: %w", err)
	}
	k.roots.Store(r)
	return nil
}

// Prepare adds a root that opens and finds but does not seal yet, and saves it. With several processes
// on one store every one must Reload between Prepare and Rotate: one that did not know the new root
// would miss what others index under it, and give a unique value away twice.
func (k *Keys) Prepare() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.addRoot(false)
}

// Rotate makes the prepared root the primary one; without one it adds a root first, which is right for
// a single process. What older roots sealed and indexed stays readable, findable and unique;
// Collection.Renew moves it to the new root. Nothing changes unless the new keyset was saved.
func (k *Keys) Rotate() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	handle := k.roots.Load().handle
	last, err := handle.Entry(handle.Len() - 1)
	if err != nil {
		return fmt.Errorf("rotating keys: %w", err)
	}
	if last.IsPrimary() {
		return k.addRoot(true)
	}
	m := keyset.NewManagerFromHandle(handle)
	if err := m.SetPrimary(last.KeyID()); err != nil {
		return fmt.Errorf("rotating keys: %w", err)
	}
	if handle, err = m.Handle(); err != nil {
		return fmt.Errorf("rotating keys: %w", err)
	}
	return k.become(handle)
}

// Roots returns how many roots there are; a new one is added at the end and older ones stay.
func (k *Keys) Roots() int { return len(k.roots.Load().order) }

func (k *Keys) addRoot(primary bool) error {
	root := Secret{}.fresh()
	handle, err := addRoot(keyset.NewManagerFromHandle(k.roots.Load().handle), root[:], primary)
	if err != nil {
		return fmt.Errorf("adding a key: %w", err)
	}
	return k.become(handle)
}

// become saves a keyset and only then uses it: nothing may be sealed with a root that a crash loses.
func (k *Keys) become(handle *keyset.Handle) error {
	r, err := newRing(handle)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), k.wrap, keysetPlace); err != nil {
		return fmt.Errorf("sealing keys: %w", err)
	}
	if err := k.save(out.Bytes()); err != nil {
		return fmt.Errorf("saving keys: %w", err)
	}
	k.roots.Store(r)
	return nil
}

func addRoot(m *keyset.Manager, root []byte, primary bool) (*keyset.Handle, error) {
	params, err := hkdfprf.NewParameters(len(root), hkdfprf.SHA256, nil)
	if err != nil {
		return nil, err
	}
	key, err := hkdfprf.NewKey(secretdata.NewBytesFromData(root, insecuresecretdataaccess.Token{}), params)
	if err != nil {
		return nil, err
	}
	id, err := m.AddKey(key)
	if err != nil {
		return nil, err
	}
	if primary {
		if err := m.SetPrimary(id); err != nil {
			return nil, err
		}
	}
	return m.Handle()
}

func newRing(handle *keyset.Handle) (*ring, error) {
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return nil, err
	}
	r := &ring{handle: handle, prfs: set, order: []uint32{set.PrimaryID}}
	r.head = binary.BigEndian.AppendUint32([]byte{frameSealed}, set.PrimaryID)
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, err
		}
		if id := entry.KeyID(); id != set.PrimaryID {
			r.order = append(r.order, id)
		}
	}
	if r.documents, err = r.aead("document"); err != nil {
		return nil, err
	}
	r.index, err = r.mac("index")
	return r, err
}

// aead derives the XAES-256-GCM keys of one purpose; each carries the id of its root, with which what
// it seals begins.
func (r *ring) aead(info string) (tink.AEAD, error) {
	params, err := xaesgcm.NewParameters(xaesgcm.VariantTink, 12)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManager()
	for _, id := range r.order {
		sub, err := r.prfs.PRFs[id].ComputePRF([]byte(info), 32)
		if err != nil {
			return nil, err
		}
		key, err := xaesgcm.NewKey(secretdata.NewBytesFromData(sub, insecuresecretdataaccess.Token{}), id, params)
		if err != nil {
			return nil, err
		}
		if _, err := m.AddKey(key); err != nil {
			return nil, err
		}
	}
	if err := m.SetPrimary(r.order[0]); err != nil {
		return nil, err
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, err
	}
	return aead.New(handle)
}

// mac derives the HMAC keys of one purpose, the primary root's first.
func (r *ring) mac(info string) ([]*mac, error) {
	macs := make([]*mac, len(r.order))
	for i, id := range r.order {
		sub, err := r.prfs.PRFs[id].ComputePRF([]byte(info), sha256.Size)
		if err != nil {
			return nil, err
		}
		macs[i] = &mac{pool: sync.Pool{New: func() any { return hmac.New(sha256.New, sub) }}}
	}
	return macs, nil
}

// A mac is HMAC-SHA-256 under one key; it keeps primed hashes, since priming costs more than hashing.
type mac struct{ pool sync.Pool }

// sum appends the MAC over the parts, joined, to out.
func (m *mac) sum(out []byte, parts ...[]byte) []byte {
	h := m.pool.Get().(hash.Hash)
	h.Reset()
	for _, part := range parts {
		h.Write(part)
	}
	out = h.Sum(out)
	m.pool.Put(h)
	return out
}

// Seal encrypts plaintext for a purpose with XAES-256-GCM and binds it to aad, which is not part of
// the result: 45 bytes longer than plaintext. Purposes are constants of the program: each one used
// stays in memory.
func (k *Keys) Seal(purpose string, aad, plaintext []byte) ([]byte, error) {
	a, err := k.roots.Load().sealer(purpose)
	if err != nil {
		return nil, fmt.Errorf("sealing for %s: %w", purpose, err)
	}
	sealed, err := a.Encrypt(plaintext, aad)
	if err != nil {
		return nil, fmt.Errorf("sealing for %s: %w", purpose, err)
	}
	return sealed, nil
}

// Open returns the plaintext of what Seal returned for the same purpose and aad, or ErrSealed.
func (k *Keys) Open(purpose string, aad, sealed []byte) ([]byte, error) {
	a, err := k.roots.Load().sealer(purpose)
	if err != nil {
		return nil, fmt.Errorf("opening for %s: %w", purpose, err)
	}
	plaintext, err := a.Decrypt(sealed, aad)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// MAC returns the 32 bytes of HMAC-SHA-256 over data under the purpose's key of the primary root. It
// changes with a rotation: compare with CheckMAC.
func (k *Keys) MAC(purpose string, data []byte) []byte {
	return k.roots.Load().purposeMACs(purpose)[0].sum(nil, data)
}

// CheckMAC reports whether mac is what MAC returned for the same purpose and data, now or before a
// rotation. It compares in constant time.
func (k *Keys) CheckMAC(purpose string, data, mac []byte) bool {
	var buf [sha256.Size]byte
	for _, m := range k.roots.Load().purposeMACs(purpose) {
		if hmac.Equal(m.sum(buf[:0], data), mac) {
			return true
		}
	}
	return false
}

func (r *ring) sealer(purpose string) (tink.AEAD, error) {
	if a, ok := r.seals.Load(purpose); ok {
		return a.(tink.AEAD), nil
	}
	a, err := r.aead("seal/" + purpose)
	if err != nil {
		return nil, err
	}
	r.seals.Store(purpose, a)
	return a, nil
}

func (r *ring) purposeMACs(purpose string) []*mac {
	if m, ok := r.macs.Load(purpose); ok {
		return m.([]*mac)
	}
	m, err := r.mac("mac/" + purpose)
	if err != nil {
		panic(err) // HKDF for 32 bytes cannot fail
	}
	r.macs.Store(purpose, m)
	return m
}
