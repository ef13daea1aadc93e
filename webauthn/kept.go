package webauthn

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// What a keeper has in its folder.
//
//	blob      the BLOB in use, as it was signed
//	previous  the one before
//	state     a keeping: the highest number that was ever taken, and when
//
// The state is written first: a number that was taken once is never gone below, whatever is cut off in between.
const (
	blobFile     = "blob"
	previousFile = "previous"
	stateFile    = "state"
)

// A keeping is what is known of the BLOB in use.
//
//	{"no": its number, "sum": its SHA-256, "taken": when it was taken, "before": when the one before it was,
//	 "tried": when its source was last read, "error": why that came to nothing}
type keeping struct {
	Number int64     `json:"no"`
	Sum    string    `json:"sum"`
	Taken  time.Time `json:"taken"`
	Before time.Time `json:"before,omitzero"`
	Tried  time.Time `json:"tried,omitzero"`
	Error  string    `json:"error,omitempty"`
}

// Kept is what a keeper has in its folder, for who looks at it.
type Kept struct {
	keeping
	Current, Previous *Metadata // nil: not there, or of no use
}

// ReadKept reads the folder of a keeper, of what is there as much as is good. Certificates are judged by the
// time when a BLOB was taken: it does not fall because its signer's certificate ends.
func ReadKept(folder string, trust Trust, now time.Time) (*Kept, error) {
	s, errState := readKeeping(folder)
	k := &Kept{keeping: s}
	if !s.Taken.IsZero() {
		now = s.Taken
	}
	current, sum, errCurrent := parseKept(folder, blobFile, trust, now)
	if k.Current = current; current != nil && (current.Number > s.Number || s.Sum == "") {
		k.keeping.Number, k.keeping.Sum = current.Number, sum
		k.keeping.Taken = now
	}
	var errPrevious error
	k.Previous, _, errPrevious = parseKept(folder, previousFile, trust, cmp.Or(s.Before, now))
	if k.Previous != nil && k.Previous.Number > k.keeping.Number { // the state is lost
		k.keeping.Number = k.Previous.Number
	}
	return k, errors.Join(errState, errCurrent, errPrevious)
}

// parseKept reads a BLOB of the folder; one that is not there is no fault.
func parseKept(folder, name string, trust Trust, at time.Time) (*Metadata, string, error) {
	blob, err := ReadMetadataFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	var m *Metadata
	if err == nil {
		m, err = ParseMetadata(blob, trust, at)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	return m, checksum(blob), nil
}

// Newer refuses a BLOB that a keeper with this folder would not take after what it has.
func (k *Kept) Newer(m *Metadata, blob []byte) error { return k.follows(m.Number, checksum(blob)) }

func readKeeping(folder string) (keeping, error) {
	var s keeping
	f, err := os.Open(filepath.Join(folder, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading the state of metadata: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHeader))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return keeping{}, fmt.Errorf("reading the state of metadata: %w", err)
	}
	return s, nil
}

func checksum(blob []byte) string {
	sum := sha256.Sum256(blob)
	return hex.EncodeToString(sum[:])
}
