package inventory

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// Keys are what opens a file: a key that the buyer and the maker share, or a passphrase.
type Keys struct {
	Shared     []byte // 16, 24 or 32 bytes; nil: none
	Passphrase string
}

type xmlEncryptionKey struct {
	KeyName    []string
	DerivedKey []struct {
		KeyDerivationMethod []struct {
			Algorithm string `xml:",attr"`
			Params    []struct {
				Salt                      []struct{ Specified []string }
				IterationCount, KeyLength []string
				PRF                       []struct {
					Algorithm string `xml:",attr"`
				}
			} `xml:"PBKDF2-params"`
		}
	}
}

type xmlMACMethod struct {
	Algorithm string `xml:",attr"`
	MACKey    []xmlEncrypted
}

// maxRounds bounds what a file can make a reader derive: some ten seconds of work, once for a file.
const maxRounds = 10_000_000

// An opener decrypts the secrets of a file. AES in CBC mode takes any bytes: whether they are the maker's, the MAC says.
type opener struct {
	key    []byte // nil: nothing is encrypted
	wanted bool   // the file has an encryption key
	hashes func() hash.Hash
	macKey []byte
}

// takeKey settles the key of a file (RFC 6030 §6.1, §6.2).
func (o *opener) takeKey(k *xmlEncryptionKey, keys Keys) error {
	if o.wanted || o.hashes != nil {
		return errors.New("its keys stand twice, or in another order")
	}
	o.wanted = true
	if len(k.DerivedKey) == 0 {
		o.key = keys.Shared
		return checkKey(o.key)
	}
	if keys.Passphrase == "" {
		return nil
	}
	if len(k.DerivedKey) > 1 || len(k.DerivedKey[0].KeyDerivationMethod) != 1 {
		return ErrTwice
	}
	m := k.DerivedKey[0].KeyDerivationMethod[0]
	if !strings.HasSuffix(m.Algorithm, "#pbkdf2") || len(m.Params) != 1 {
		return fmt.Errorf("the key is derived by %q: %w", m.Algorithm, ErrCipher)
	}
	p := m.Params[0]
	if len(p.Salt) != 1 || len(p.PRF) > 1 {
		return ErrCipher
	}
	salt64, err1 := only(p.Salt[0].Specified)
	salt, err2 := unbase64(salt64)
	rounds, err3 := positive(p.IterationCount, 0)
	size, err4 := positive(p.KeyLength, 16)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	prf := ""
	if len(p.PRF) == 1 {
		prf = p.PRF[0].Algorithm
	}
	with, err := hashBy(prf)
	if err != nil {
		return err
	}
	if rounds < 1 || rounds > maxRounds || size > 32 || len(salt) == 0 {
		return fmt.Errorf("deriving the key takes %d rounds: %w", rounds, ErrCipher)
	}
	o.key, err = pbkdf2.Key(with, keys.Passphrase, salt, rounds, size)
	if err != nil {
		return err
	}
	return checkKey(o.key)
}

func checkKey(key []byte) error {
	if len(key) == 0 || IsKey(key) {
		return nil
	}
	return fmt.Errorf("a key of %d bytes is none of AES", len(key))
}

// IsKey reports whether it is as long as a key of AES.
func IsKey(key []byte) bool { return len(key) == 16 || len(key) == 24 || len(key) == 32 }

func positive(list []string, otherwise int) (int, error) {
	text, err := only(list)
	if err != nil || text == "" {
		return otherwise, err
	}
	return strconv.Atoi(text)
}

// hashBy is the hash of an HMAC by its address: SHA-1 where there is none (RFC 8018 §A.2).
func hashBy(address string) (func() hash.Hash, error) {
	switch {
	case address == "" || strings.HasSuffix(address, "hmac-sha1") || strings.HasSuffix(address, "hmacWithSHA1"):
		return sha1.New, nil
	case strings.HasSuffix(address, "hmac-sha256") || strings.HasSuffix(address, "hmacWithSHA256"):
		return sha256.New, nil
	case strings.HasSuffix(address, "hmac-sha384") || strings.HasSuffix(address, "hmacWithSHA384"):
		return sha512.New384, nil
	case strings.HasSuffix(address, "hmac-sha512") || strings.HasSuffix(address, "hmacWithSHA512"):
		return sha512.New, nil
	}
	return nil, fmt.Errorf("%q: %w", address, ErrCipher)
}

// takeMAC settles what proves secrets whole: by a key of its own, which is encrypted as they are, or by theirs.
func (o *opener) takeMAC(m *xmlMACMethod) (err error) {
	if o.hashes != nil || len(m.MACKey) > 1 {
		return ErrTwice
	}
	if o.hashes, err = hashBy(m.Algorithm); err != nil {
		return err
	}
	if o.key == nil {
		return nil // nothing can be opened, and nothing need be proved
	}
	o.macKey = o.key
	if len(m.MACKey) == 1 {
		sealed, err := o.sealed(m.MACKey[0])
		if err != nil {
			return err
		}
		if o.macKey, err = o.decrypt(sealed); err != nil {
			return fmt.Errorf("the key of the proofs: %w", ErrMAC)
		}
	}
	return nil
}

// open is a value in the clear: decrypted, once it is proved. Of a plain one, text says whether it is base64.
func (o *opener) open(v xmlValue, text bool) ([]byte, error) {
	if len(v.EncryptedValue) > 1 || len(v.PlainValue) > 1 || len(v.ValueMAC) > 1 ||
		len(v.EncryptedValue) == 1 && len(v.PlainValue) == 1 {
		return nil, ErrTwice
	}
	if len(v.EncryptedValue) == 0 {
		if len(v.PlainValue) == 0 || !text {
			return nil, ErrNoSecret
		}
		return unbase64(v.PlainValue[0])
	}
	if o.key == nil {
		return nil, ErrNoKey
	}
	sealed, err := o.sealed(v.EncryptedValue[0])
	if err != nil {
		return nil, err
	}
	if len(v.ValueMAC) == 0 || o.hashes == nil || len(o.macKey) == 0 {
		return nil, ErrNoMAC
	}
	want, err := unbase64(v.ValueMAC[0])
	if err != nil {
		return nil, ErrMAC
	}
	mac := hmac.New(o.hashes, o.macKey)
	mac.Write(sealed)
	if !hmac.Equal(mac.Sum(nil), want) {
		return nil, ErrMAC
	}
	return o.decrypt(sealed)
}

// sealed reads an encrypted value: its vector and what follows.
func (o *opener) sealed(v xmlEncrypted) ([]byte, error) {
	if len(v.EncryptionMethod) != 1 || len(v.CipherData) != 1 || len(v.CipherData[0].CipherValue) != 1 {
		return nil, ErrCipher
	}
	if want := fmt.Sprintf("#aes%d-cbc", 8*len(o.key)); !strings.HasSuffix(v.EncryptionMethod[0].Algorithm, want) {
		if strings.HasSuffix(v.EncryptionMethod[0].Algorithm, "-cbc") {
			return nil, fmt.Errorf("a key of %d bytes is not its: %w", len(o.key), ErrMAC)
		}
		return nil, ErrCipher
	}
	raw, err := unbase64(v.CipherData[0].CipherValue[0])
	if err != nil || len(raw) < 2*aes.BlockSize || len(raw)%aes.BlockSize != 0 {
		return nil, ErrMAC
	}
	return raw, nil
}

// decrypt undoes AES-CBC with the padding of XML Encryption (§5.2): its last byte says how many there are.
func (o *opener) decrypt(sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(o.key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(sealed)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, sealed[:aes.BlockSize]).CryptBlocks(plain, sealed[aes.BlockSize:])
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, ErrMAC
	}
	return plain[:len(plain)-pad], nil
}
