package main

import (
	"encoding"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/latchkey-auth/latchkey/virtual"
)

// keyFlags are the flags that describe a new key, as they are typed.
type keyFlags struct {
	protocol, ctap, aaguid   string
	algorithms, transports   []string
	resident                 bool
	residentLimit            int
	uv, pin                  string
	clientPIN, alwaysUV      bool
	minPIN                   int
	minPINReaders            []string
	noU2F, platform          bool
	backupEligible, backedUp bool
	counter                  string
	counterStart             uint32
	counterScript            []uint
	attestation, ca, seed    string
	compound, extensions     []string
	idSize                   int
	latency                  time.Duration
}

func (k *keyFlags) add(f *pflag.FlagSet) {
	f.StringVar(&k.protocol, "protocol", "ctap2", "`generation`: ctap2 or u2f")
	f.StringVar(&k.ctap, "ctap", "2.1", "`version` of CTAP2: 2.0, 2.1 or 2.2")
	f.StringVar(&k.aaguid, "aaguid", "00000000-0000-0000-0000-000000000000", "the model, as a `UUID`")
	f.StringSliceVar(&k.algorithms, "algorithms", []string{"ES256"},
		"`list` of what it signs with: ES256, ES384, ES512, EdDSA, RS256")
	f.BoolVar(&k.resident, "resident", true, "it stores discoverable credentials")
	f.IntVar(&k.residentLimit, "resident-limit", 0, "so `many` discoverable credentials; 0: no limit")
	f.StringVar(&k.uv, "uv", "none",
		"built-in verification of the user: none, succeeds, fails or blocked (`what` happens)")
	f.BoolVar(&k.clientPIN, "client-pin", false, "it can have a PIN that is typed into the browser")
	f.StringVar(&k.pin, "pin", "", "the `PIN` it comes with")
	f.IntVar(&k.minPIN, "min-pin-length", 0, "at least so `many` characters; 4 when 0")
	f.StringSliceVar(&k.minPINReaders, "min-pin-rp-ids", nil,
		"`list` of RP IDs that may read the minimum length of the PIN")
	f.BoolVar(&k.alwaysUV, "always-uv", false, "it verifies the user even when not asked to")
	f.BoolVar(&k.noU2F, "no-u2f", false, "it does not speak U2F besides CTAP2")
	f.BoolVar(&k.platform, "platform", false, "it is part of the computer or phone")
	f.StringSliceVar(&k.transports, "transports", nil,
		"`list` of what it says of itself; usb, or internal with --platform, when not given")
	f.BoolVar(&k.backupEligible, "backup-eligible", false,
		"its credentials may be backed up (flag BE): a synced passkey")
	f.BoolVar(&k.backedUp, "backed-up", false, "its credentials are backed up (flag BS)")
	f.StringVar(&k.counter, "counter", "global", "`way` of counting: global, per-credential, zero, fixed or scripted")
	f.Uint32Var(&k.counterStart, "counter-start", 0, "the `value` before the first signature; that of a fixed counter")
	f.UintSliceVar(&k.counterScript, "counter-script", nil,
		"`list` of the values of a scripted counter; a registration takes one as well")
	f.StringVar(&k.attestation, "attestation", "none",
		"`format`: none, self, packed, fido-u2f, tpm, android-key, apple or compound")
	f.StringSliceVar(&k.compound, "compound", nil,
		"`list` of the parts of a compound statement; packed,tpm when not given")
	f.StringVar(&k.ca, "ca", "", "`name` of the CA that certifies it (virtualkey ca init); its own when not given")
	f.StringSliceVar(&k.extensions, "extensions", nil,
		"`list` of CTAP extensions; all that the rest allows when not given, none for \"\"")
	f.IntVar(&k.idSize, "id-size", 0, "`bytes` of a credential identifier; 32, or 64 for u2f, when 0")
	f.StringVar(&k.seed, "seed", "",
		"`text` from which all that is secret or random comes: the same text makes the same key")
	f.DurationVar(&k.latency, "latency", 0, "`time` that passes before each command is worked on")
}

// words reads a list of names by a type's own UnmarshalText.
func words[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](list []string) ([]T, error) {
	out := make([]T, len(list))
	for i, s := range list {
		if err := P(&out[i]).UnmarshalText([]byte(s)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// options turns the flags into options; given tells which flags were typed.
func (k *keyFlags) options(h home, given func(string) bool) (virtual.Options, error) {
	o := virtual.Options{
		ResidentKeys: k.resident, ResidentLimit: k.residentLimit, ClientPIN: k.clientPIN, PIN: k.pin,
		MinPINLength:      k.minPIN,
		MinPINLengthRPIDs: k.minPINReaders, AlwaysUV: k.alwaysUV, NoU2F: k.noU2F, Platform: k.platform,
		Transports: k.transports, Backup: k.backupEligible || k.backedUp, BackedUp: k.backedUp,
		CounterStart: k.counterStart,
		IDSize:       k.idSize, Seed: []byte(k.seed), Latency: k.latency,
	}
	var err error
	if o.AAGUID, err = virtual.ParseAAGUID(k.aaguid); err != nil {
		return o, err
	}
	for _, one := range []struct {
		text string
		into encoding.TextUnmarshaler
	}{{k.protocol, &o.Protocol}, {k.uv, &o.UserVerification}, {k.counter, &o.Counter},
		{k.attestation, &o.Attestation}} {
		if err := one.into.UnmarshalText([]byte(one.text)); err != nil {
			return o, err
		}
	}
	if o.Version = map[string]virtual.Version{"2.0": virtual.FIDO20, "2.1": virtual.FIDO21,
		"2.2": virtual.FIDO22}[k.ctap]; o.Version == "" {
		return o, fmt.Errorf("version %q of CTAP2: want 2.0, 2.1 or 2.2", k.ctap)
	}
	if o.Protocol == virtual.U2F && !given("resident") {
		o.ResidentKeys = false
	}
	if len(k.counterScript) > 0 && !given("counter") {
		o.Counter = virtual.CounterScripted
	}
	for _, n := range k.counterScript {
		if uint64(n) > 1<<32-1 {
			return o, fmt.Errorf("counter %d: want 4294967295 at most", n)
		}
		o.CounterScript = append(o.CounterScript, uint32(n))
	}
	if o.Compound, err = words[virtual.Format](k.compound); err != nil {
		return o, err
	}
	if given("extensions") {
		o.Extensions = slices.DeleteFunc(append([]string{}, k.extensions...), func(s string) bool { return s == "" })
	}
	return o, k.rest(h, &o)
}

// rest reads what has to be looked up.
func (k *keyFlags) rest(h home, o *virtual.Options) error {
	for _, name := range k.algorithms {
		alg, err := virtual.ParseAlgorithm(strings.TrimSpace(name))
		if err != nil {
			return err
		}
		o.Algorithms = append(o.Algorithms, alg)
	}
	if k.ca == "" {
		return nil
	}
	var err error
	o.CA, err = h.ca(k.ca)
	return err
}
