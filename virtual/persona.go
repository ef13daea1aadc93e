package virtual

// A Persona is an authenticator of a sort that people have, for tables of what a relying party makes of each.
type Persona struct {
	Name    string
	Options Options
}

// Personas lists them. Those that are certified are certified by ca; each is of a model of its own, but the oldest keys,
// which have none.
func Personas(ca *CA) []Persona {
	certified := func(f Format, o Options) Options {
		o.Attestation, o.CA = f, ca
		return o
	}
	list := []Persona{
		{"touch-only key of before FIDO2", certified(AttestFIDOU2F, Options{Protocol: U2F})},
		{"touch-only key", certified(AttestPacked, Options{})},
		{"key with a PIN", certified(AttestPacked, Options{ResidentKeys: true, PIN: "2468"})},
		{"key with a finger", certified(AttestPacked, Options{ResidentKeys: true, UserVerification: UVSucceeds})},
		{"key with two statements", certified(AttestCompound, Options{})},
		{"key that attests itself", Options{Attestation: AttestSelf}},
		{"key that tells nothing", Options{}},
		{"PC with a TPM", certified(AttestTPM,
			Options{Platform: true, ResidentKeys: true, UserVerification: UVSucceeds})},
		{"passkey of one phone", Options{Platform: true, ResidentKeys: true, UserVerification: UVSucceeds}},
		{"passkey that is synced", Options{Platform: true, ResidentKeys: true, UserVerification: UVSucceeds,
			Backup: true, BackedUp: true}},
	}
	for i := range list {
		o := &list[i].Options
		if o.Protocol != U2F {
			o.AAGUID = [16]byte{0x76, 0x69, 0x72, 0x74, 15: byte(i + 1)} // "virt"
		}
		o.Seed = []byte("persona " + list[i].Name)
	}
	return list
}
