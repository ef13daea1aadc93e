package virtual

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The names under which settings are written in exports and on command lines, in the order of their constants.
func protocolNames() []string     { return []string{"ctap2", "u2f"} }
func verificationNames() []string { return []string{"none", "succeeds", "fails", "blocked"} }
func counterNames() []string {
	return []string{"global", "per-credential", "zero", "fixed", "scripted"}
}
func formatNames() []string {
	return []string{"none", "self", "packed", "fido-u2f", "tpm", "android-key", "apple", "compound"}
}

func nameOf(names []string, i int) ([]byte, error) {
	if i < 0 || i >= len(names) {
		return nil, fmt.Errorf("naming a setting: %d is none of %s", i, strings.Join(names, ", "))
	}
	return []byte(names[i]), nil
}

func indexOf(names []string, text []byte) (int, error) {
	i := slices.Index(names, string(text))
	if i < 0 {
		return 0, fmt.Errorf("reading a setting: %q is none of %s", text, strings.Join(names, ", "))
	}
	return i, nil
}

// MarshalText writes "ctap2" or "u2f".
func (p Protocol) MarshalText() ([]byte, error) { return nameOf(protocolNames(), int(p)) }

// UnmarshalText reads what MarshalText writes.
func (p *Protocol) UnmarshalText(text []byte) error {
	i, err := indexOf(protocolNames(), text)
	*p = Protocol(i)
	return err
}

// MarshalText writes "none", "succeeds", "fails" or "blocked".
func (v Verification) MarshalText() ([]byte, error) { return nameOf(verificationNames(), int(v)) }

// UnmarshalText reads what MarshalText writes.
func (v *Verification) UnmarshalText(text []byte) error {
	i, err := indexOf(verificationNames(), text)
	*v = Verification(i)
	return err
}

// MarshalText writes "global", "per-credential", "zero", "fixed" or "scripted".
func (m CounterMode) MarshalText() ([]byte, error) { return nameOf(counterNames(), int(m)) }

// UnmarshalText reads what MarshalText writes.
func (m *CounterMode) UnmarshalText(text []byte) error {
	i, err := indexOf(counterNames(), text)
	*m = CounterMode(i)
	return err
}

// MarshalText writes the identifier of the format, and "self" for packed self attestation.
func (f Format) MarshalText() ([]byte, error) { return nameOf(formatNames(), int(f)) }

// UnmarshalText reads what MarshalText writes.
func (f *Format) UnmarshalText(text []byte) error {
	i, err := indexOf(formatNames(), text)
	*f = Format(i)
	return err
}

// String returns the name in the IANA registry, or the number of an algorithm that is not here.
func (a Algorithm) String() string {
	switch a {
	case ES256:
		return "ES256"
	case EdDSA:
		return "EdDSA"
	case ES384:
		return "ES384"
	case ES512:
		return "ES512"
	case RS256:
		return "RS256"
	}
	return strconv.FormatInt(int64(a), 10)
}

// ParseAlgorithm reads what Algorithm.String writes, of the algorithms an Authenticator can sign with.
func ParseAlgorithm(name string) (Algorithm, error) {
	for _, a := range []Algorithm{ES256, EdDSA, ES384, ES512, RS256} {
		if a.String() == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("no such algorithm: %q", name)
}

// FormatAAGUID writes an AAGUID as registries do: in groups of 4, 2, 2, 2 and 6 bytes.
func FormatAAGUID(id [16]byte) string { return formatAAGUID(id) }

// ParseAAGUID reads what FormatAAGUID writes, and plain hexadecimal.
func ParseAAGUID(text string) ([16]byte, error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != 16 {
		return [16]byte{}, fmt.Errorf("reading an AAGUID: %q is not 16 bytes of hexadecimal", text)
	}
	return [16]byte(raw), nil
}
