package virtual

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// A largeBlob is one entry of the large-blob array (CTAP 2.1 §6.10.3): DEFLATE, then AES-256-GCM under the key of the
// credential, with "blob" and the size before compression as associated data.
type largeBlob struct {
	Ciphertext []byte `cbor:"1,keyasint"`
	Nonce      []byte `cbor:"2,keyasint"`
	Size       uint64 `cbor:"3,keyasint"`
}

func largeBlobCipher(key []byte, size uint64) (cipher.AEAD, []byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("opening a large blob: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	return gcm, binary.LittleEndian.AppendUint64([]byte("blob"), size), err
}

// open decrypts and inflates; false if the entry is another credential's, or broken.
func (b *largeBlob) open(key []byte) ([]byte, bool) {
	gcm, data, err := largeBlobCipher(key, b.Size)
	if err != nil || len(b.Nonce) != gcm.NonceSize() || b.Size > 1<<20 {
		return nil, false
	}
	packed, err := gcm.Open(nil, b.Nonce, b.Ciphertext, data)
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), int64(b.Size)+1))
	return plain, err == nil && uint64(len(plain)) == b.Size
}

func newLargeBlob(random io.Reader, key, plain []byte) (*largeBlob, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return nil, fmt.Errorf("compressing a large blob: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("compressing a large blob: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing a large blob: %w", err)
	}
	b := &largeBlob{Size: uint64(len(plain))}
	gcm, data, err := largeBlobCipher(key, b.Size)
	if err != nil {
		return nil, err
	}
	b.Nonce = make([]byte, gcm.NonceSize())
	if _, err := io.ReadFull(random, b.Nonce); err != nil {
		return nil, fmt.Errorf("drawing a nonce: %w", err)
	}
	b.Ciphertext = gcm.Seal(nil, b.Nonce, packed.Bytes(), data)
	return b, nil
}

// readLargeBlobArray splits a serialized array into its entries; one whose hash is wrong counts as empty
// (CTAP 2.1 §6.10.1).
func readLargeBlobArray(serialized []byte) []cbor.RawMessage {
	if len(serialized) < leastLargeBlobs {
		return nil
	}
	array := serialized[:len(serialized)-16]
	var entries []cbor.RawMessage
	if !bytes.Equal(sealLargeBlobs(array), serialized) || cbor.Unmarshal(array, &entries) != nil {
		return nil
	}
	return entries
}

// findLargeBlob returns the blob of a key, and where it is: -1 when there is none.
func findLargeBlob(entries []cbor.RawMessage, key []byte) ([]byte, int) {
	for i, raw := range entries {
		var b largeBlob
		if cbor.Unmarshal(raw, &b) != nil { // an entry of a kind that is not known here stays as it is
			continue
		}
		if plain, ok := b.open(key); ok {
			return plain, i
		}
	}
	return nil, -1
}

// LargeBlob reads the blob stored under a credential's largeBlobKey; nil: there is none.
func (p *Platform) LargeBlob(ctx context.Context, key []byte) ([]byte, error) {
	serialized, err := p.largeBlobArray(ctx)
	if err != nil {
		return nil, err
	}
	plain, _ := findLargeBlob(readLargeBlobArray(serialized), key)
	return plain, nil
}

func (p *Platform) largeBlobArray(ctx context.Context) ([]byte, error) {
	var all []byte
	for {
		out, err := p.Call(ctx, CommandLargeBlobs, map[int]any{1: largeBlobStep, 3: len(all)})
		if err != nil {
			return nil, err
		}
		part, ok := out[1].([]byte)
		if !ok {
			return nil, errors.New("reading large blobs: a response without them")
		}
		if all = append(all, part...); len(part) < largeBlobStep {
			return all, nil
		}
	}
}

// largeBlobStep is the bytes of one fragment: every authenticator takes that many (CTAP 2.1 §6.4, maxMsgSize).
const largeBlobStep = 1024 - 64

// WriteLargeBlob stores a blob under a credential's largeBlobKey, in place of an older one. The token needs
// PermitLargeBlobWrite; nil for an authenticator without PIN or finger.
func (p *Platform) WriteLargeBlob(ctx context.Context, token *Token, key, plain []byte) error {
	serialized, err := p.largeBlobArray(ctx)
	if err != nil {
		return err
	}
	entries := readLargeBlobArray(serialized)
	b, err := newLargeBlob(p.rand(), key, plain)
	if err != nil {
		return err
	}
	raw, err := encode(b)
	if err != nil {
		return err
	}
	if _, i := findLargeBlob(entries, key); i >= 0 {
		entries[i] = raw
	} else {
		entries = append(entries, raw)
	}
	array, err := encode(entries)
	if err != nil {
		return err
	}
	return p.sendLargeBlobs(ctx, token, sealLargeBlobs(array))
}

func (p *Platform) sendLargeBlobs(ctx context.Context, token *Token, serialized []byte) error {
	for offset := 0; offset < len(serialized); offset += largeBlobStep {
		part := serialized[offset:min(len(serialized), offset+largeBlobStep)]
		params := map[int]any{2: part, 3: offset}
		if offset == 0 {
			params[4] = len(serialized)
		}
		if token != nil {
			sum := sha256.Sum256(part)
			message := append(bytes.Repeat([]byte{0xff}, 32), CommandLargeBlobs, 0)
			message = append(binary.LittleEndian.AppendUint32(message, uint32(offset)), sum[:]...)
			params[5], params[6] = token.Authenticate(message), token.Protocol
		}
		if _, err := p.Call(ctx, CommandLargeBlobs, params); err != nil {
			return err
		}
	}
	return nil
}
