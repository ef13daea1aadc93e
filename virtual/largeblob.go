package virtual

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
)

const (
	maxLargeBlobs        = 4096            // bytes of the serialized large-blob array
	maxLargeBlobFragment = maxMessage - 64 // CTAP 2.1 §6.10.2
	leastLargeBlobs      = 17              // an empty array and its hash
)

// emptyLargeBlobs is the serialized large-blob array of a new authenticator: an empty array and the first 16 bytes of
// its SHA-256 (CTAP 2.1 §6.10).
func emptyLargeBlobs() []byte { return sealLargeBlobs([]byte{0x80}) }

func sealLargeBlobs(array []byte) []byte {
	sum := sha256.Sum256(array)
	return append(bytes.Clone(array), sum[:16]...)
}

// A largeBlobUpload is an array of which not all fragments have come.
type largeBlobUpload struct {
	length int
	data   []byte
}

// commandLargeBlobs is authenticatorLargeBlobs (CTAP 2.1 §6.10.2).
func (a *Authenticator) commandLargeBlobs(_ context.Context, r *reader) (any, error) {
	get := r.small(1)
	set := take[[]byte](r, 2)
	offset := r.small(3)
	length := r.small(4)
	param := take[[]byte](r, 5)
	protocol := r.small(6)
	switch {
	case r.err() != nil:
		return nil, r.err()
	case !r.has(3) || r.has(1) == r.has(2):
		return nil, StatusInvalidParameter
	case r.has(1) && (r.has(4) || r.has(5) || r.has(6)):
		return nil, StatusInvalidParameter
	case get > maxLargeBlobFragment || len(set) > maxLargeBlobFragment:
		return nil, StatusInvalidLength
	}
	if r.has(1) {
		return a.readLargeBlobs(offset, get)
	}
	if err := a.beginLargeBlobs(offset, length, r.has(4)); err != nil {
		return nil, err
	}
	if a.protected() || a.alwaysUV() {
		if param == nil {
			return nil, StatusPUATRequired
		}
		if err := a.checkProtocol(r.has(6), protocol); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(set)
		message := append(bytes.Repeat([]byte{0xff}, 32), CommandLargeBlobs, 0)
		message = append(binary.LittleEndian.AppendUint32(message, uint32(offset)), sum[:]...)
		if err := a.authorise(protocol, message, param, PermitLargeBlobWrite, ""); err != nil {
			return nil, err
		}
	}
	return nil, a.writeLargeBlobs(set)
}

func (a *Authenticator) readLargeBlobs(offset, n int) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if offset > len(a.largeBlobs) {
		return nil, StatusInvalidParameter
	}
	end := min(len(a.largeBlobs), offset+n)
	return map[int]any{1: bytes.Clone(a.largeBlobs[offset:end])}, nil
}

// beginLargeBlobs checks where a fragment belongs: the first one tells the length of the whole.
func (a *Authenticator) beginLargeBlobs(offset, length int, told bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if offset == 0 {
		switch {
		case !told:
			return StatusInvalidParameter
		case length > maxLargeBlobs:
			return StatusLargeBlobStorageFull
		case length < leastLargeBlobs:
			return StatusInvalidParameter
		}
		a.session.blobs = &largeBlobUpload{length: length}
		return nil
	}
	switch {
	case told:
		return StatusInvalidParameter
	case a.session.blobs == nil || len(a.session.blobs.data) != offset:
		return StatusInvalidSequence
	}
	return nil
}

// writeLargeBlobs takes a fragment; the last one replaces the array, if its hash is right.
func (a *Authenticator) writeLargeBlobs(fragment []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	up := a.session.blobs
	if len(up.data)+len(fragment) > up.length {
		return StatusInvalidParameter
	}
	up.data = append(up.data, fragment...)
	if len(up.data) < up.length {
		return nil
	}
	a.session.blobs = nil
	if !bytes.Equal(sealLargeBlobs(up.data[:up.length-16]), up.data) {
		return StatusIntegrityFailure
	}
	a.largeBlobs = up.data
	return nil
}
