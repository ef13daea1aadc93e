package fault

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual"
)

// shapeTwins are correct, unusual ways to write a response, in both ceremonies. step counts within 7.1 or 7.2.
func shapeTwins(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, "", "")
	section := "7.1."
	bytesStep := "5"
	parsed := "6"
	if c == Authentication {
		section = "7.2."
		bytesStep = "8"
		parsed = "9"
	}
	tolerate := "Clients grow new members; a relying party that refuses what it does not know breaks with the next browser."
	spelling := "JSON may be written in many ways; only the bytes that are signed have one."
	utf8 := "The specification decodes client data as web pages are decoded, which replaces bad bytes and drops a byte order mark."
	return []*Fault{
		t.twin("unknown-members", section+"3", "The response has members that nobody knows.", tolerate,
			put("unknown", `{"a":[1,2,null]}`)),
		t.twin("unknown-inner-members", section+"3", "The member response has members that nobody knows.", tolerate,
			putInner("unknown", `"x"`)),
		t.twin("members-reversed", section+"3", "The members of the response come in the reverse order.", spelling,
			members(func(_ *harness, o *object) { slices.Reverse(*o) })),
		t.twin("members-spaced", section+"3", "The response has white space within and around.", spelling,
			text(func(b []byte) []byte { return slices.Concat([]byte(" {\n\t"), b[1:len(b)-1], []byte("\r\n }\n")) })),
		t.twin("members-escaped", section+"3", "Letters of the response are written as escapes.", spelling,
			text(func(b []byte) []byte {
				return bytes.Replace(b, []byte("public-key"), []byte(`\u0070ublic\u002dkey`), 1)
			})),
		t.twin("attachment-missing", section+"3", "The response does not tell the authenticator's attachment.",
			"The member is optional.", drop("authenticatorAttachment")),
		t.twin("extension-unknown-output", section+"4", "There is an output of a client extension that nobody knows.",
			tolerate,
			put("clientExtensionResults", `{"example":{"a":1}}`)),
		t.twin("client-data-mark", section+bytesStep, "A byte order mark stands before the client data.", utf8,
			clientText(func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) })),
		t.twin("client-data-bad-utf-8", section+bytesStep,
			"An unknown member of the client data has bytes that are no UTF-8.", utf8,
			clientText(func(b []byte) []byte { return before(b, "\"unknown\":\"\xff\xfe\"") })),
		t.twin("client-data-unknown", section+parsed, "The client data have members that nobody knows.", tolerate,
			clientText(func(b []byte) []byte { return before(b, `"unknown":{"a":[{"b":"}"}]}`) })),
		t.twin("client-data-reversed", section+parsed, "The members of the client data come in the reverse order.",
			spelling,
			clientMembers(func(o *object) { slices.Reverse(*o) })),
		t.twin("client-data-spaced", section+parsed, "The client data have white space within.", spelling,
			clientText(func(b []byte) []byte {
				return slices.Concat([]byte("{ \n"), b[1:len(b)-1],
					[]byte("\t\r\n}"))
			})),
		t.twin("client-data-escaped", section+parsed, "Letters of the client data are written as escapes.", spelling,
			clientText(func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"webauthn`), []byte(`"\u0077ebauthn`),
					1)
			})),
	}
}

// dataTwins are correct, unusual authenticator data, in both ceremonies.
func dataTwins(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, "", "")
	backed, synced := createBackup, createSynced
	cross := "7.1.10"
	verification := "7.1.16"
	eligible := "7.1.18"
	state := "7.1.19"
	extension := "7.1.28"
	data := "7.1.13"
	if c == Authentication {
		backed, synced = getBackup, getSynced
		cross = "7.2.13"
		verification = "7.2.17"
		eligible = "7.2.18"
		state = "7.2.19"
		extension = "7.2.23"
		data = "7.2.7"
	}
	output := []byte{0xa1, 0x6b, 'c', 'r', 'e', 'd', 'P', 'r', 'o', 't', 'e', 'c', 't', 2} // {"credProtect": 2}
	return []*Fault{
		t.twin("cross-origin-missing", cross, "The client data have no member crossOrigin.",
			"Clients before Level 2 did not send it.", silent("crossOrigin")),
		t.twin("verification-not-required", verification, "The user was not verified, which was not required.",
			"Keys without PIN or finger are keys, too.", flags(0, virtual.FlagUV)),
		t.twin("backup-eligible", eligible, "The key may be backed up, and is not yet.",
			"Passkeys begin like this.").on(backed),
		t.twin("backed-up", state, "The key is backed up.", "Most passkeys are.").on(synced),
		t.twin("reserved-flags", data, "The flags that are reserved for the future are set.",
			"A relying party that refuses them breaks with the next authenticator.",
			flags(1<<1|1<<5, 0)).clause("#sctn-authenticator-data"),
		t.twin("extension-output", extension, "The authenticator answers an extension that was not asked for.",
			"Clients may ask for extensions of their own accord.", flags(virtual.FlagED, 0), behind(output...)),
		t.twin("extension-empty", extension, "The authenticator's extension outputs are an empty map.",
			"The map is there, as the flag says.", flags(virtual.FlagED, 0), behind(0xa0)),
	}
}

func (f *Fault) clause(c string) *Fault { f.Clause = c; return f }

// createTwins are correct, unusual registrations.
func createTwins() []*Fault {
	t := rowDefaults{Registration, createPlain, ""}
	out := []*Fault{
		t.twin("plain", "7.1.2", "An honest registration without attestation.",
			"Without it nothing else can be judged."),
		t.twin("verified", "7.1.1", "User verification is required and done.",
			"Sites that ask for a PIN depend on it.").on(createVerified),
		t.twin("discoverable", "7.1.1", "A discoverable credential is required and made.",
			"Sign-in without a name depends on it.").on(createDiscoverable),
		t.twin("extension-cred-props", "7.1.4",
			"The client tells whether the credential is discoverable, though nobody asked.",
			"Some clients volunteer this output.", put("clientExtensionResults", `{"credProps":{"rk":true}}`)),
		t.twin("framed", "7.1.11", "The ceremony is held in a frame of a page that may show it.",
			"The relying party allows it.").on(createFramed),
		t.twin("model-none", "7.1.13", "The authenticator tells no model: its AAGUID is zero.",
			"U2F tokens and privacy-minded clients do so.").on(createNoModel).clause("#sctn-attested-credential-data"),
		t.twin("counter-none", "7.1.27", "The authenticator does not count: its counter is zero.",
			"Passkeys do not count.").on(createNoCounter).clause("#sctn-sign-counter"),
		t.twin("counter-high", "7.1.27", "The authenticator's counter is at its end.",
			"Any counter will do to begin with.", counter(0xffffffff)).clause("#sctn-sign-counter"),
		t.twin("key-order", "7.1.13", "The entries of the COSE key are not in canonical order.",
			"Some authenticators write them so, and their meaning is the same.",
			keyBytes(reordered)).clause("#sctn-attested-credential-data"),
		t.twin("eddsa", "7.1.20", "The key is an Ed25519 key, which was offered.",
			"What is offered must be taken.").on(createEdDSA),
		t.twin("es384", "7.1.20", "The key is an ES384 key, which was offered.",
			"What is offered must be taken.").on(createES384),
		t.twin("es512", "7.1.20", "The key is an ES512 key, which was offered.",
			"What is offered must be taken.").on(createES512),
		t.twin("rs256", "7.1.20", "The key is an RS256 key, which was offered.", "Windows makes these.",
			rsa(virtual.RS256, 2048, 65537), told(virtual.RS256)).on(createRS256),
		t.twin("id-1023", "7.1.25", "The credential id has 1023 bytes.", "So long may it be.").on(createLongID),
		t.twin("id-16", "7.1.25", "The credential id has 16 bytes.", "So short may it be.").on(createShortID),
		t.twin("second-key", "7.1.27", "The user registers a second key.",
			"A user with one key is locked out when it is lost.").acts(secondKey).needs(SecondKey),
		t.twin("transports-unknown", "7.1.27", "The client tells a transport that nobody knows.",
			"The list of transports grows.", putInner("transports", `["usb","telepathy"]`)),
		t.twin("transports-none", "7.1.27", "The client tells no transport.", "The list may be empty.",
			putInner("transports", `[]`)),
		t.twin("stored", "7.1.29", "The key signs in after it was registered.",
			"A registration that was not stored was none.").acts(thenSignIn),
		t.twin("id-released", "7.1.26", "A credential that was deleted is registered again.",
			"A user who takes a key off and puts it on again must not be locked out.").acts(released).needs(Removal,
			SecondKey),
	}
	return slices.Concat(out, shapeTwins(Registration), dataTwins(Registration))
}

// reordered writes the entries of an ES256 key backwards.
func reordered(s *harness, key []byte) []byte {
	if len(key) != 77 { // a5 | 01 02 | 03 26 | 20 01 | 21 58 20 x | 22 58 20 y
		return s.fail(fmt.Errorf("a COSE key of %d bytes is no ES256 key", len(key)))
	}
	return slices.Concat(key[:1], key[42:77], key[7:42], key[5:7], key[3:5], key[1:3])
}

func secondKey(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if err := lead.enroll(ctx); err != nil {
		return nil, err
	}
	return lead.second().register(ctx, s.setup.wish, e)
}

func thenSignIn(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if err := honest(lead.register(ctx, s.setup.wish, e)); err != nil {
		return nil, err
	}
	return lead.signIn(ctx, Wish{}, nil)
}

func released(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if err := lead.enroll(ctx); err != nil {
		return nil, err
	}
	if err := honest(lead.second().register(ctx, s.setup.wish, nil)); err != nil { // so that one key is left
		return nil, err
	}
	desk, err := lead.desk()
	if err != nil {
		return nil, err
	}
	if err := desk.Remove(ctx, lead.id); err != nil {
		return nil, err
	}
	lead.device = nil // the same seed makes the same key
	return lead.register(ctx, s.setup.wish, e)
}

// formatTwins are honest attestations of every format.
func formatTwins() []*Fault {
	t := rowDefaults{Registration, createPlain, ""}
	why := "Every format of the specification is in use."
	return []*Fault{
		t.twin("packed-self", "7.1.22", "The key attests itself.", why).on(createSelf),
		t.twin("packed", "7.1.22", "The key is attested by a certificate.", why).on(createPacked),
		t.twin("packed-no-model", "7.1.22", "The certificate names no model.",
			"A root for one model alone need not name it.",
			leaf(func(c *x509.Certificate) { c.ExtraExtensions = nil })).on(createPacked),
		t.twin("fido-u2f", "7.1.21", "The key is attested by a U2F token.", why).on(createU2F),
		t.twin("tpm", "7.1.21", "The key is attested by a TPM.", why).on(createTPM),
		t.twin("tpm-no-model", "7.1.22", "The TPM's certificate names no model.", "The extension is optional.",
			leaf(func(c *x509.Certificate) { c.ExtraExtensions = c.ExtraExtensions[:1] })).on(createTPM),
		t.twin("android-key", "7.1.21", "The key is attested by an Android keystore.", why).on(createAndroidKey),
		t.twin("apple", "7.1.21", "The key is attested by Apple's anonymous CA.", why).on(createApple),
		t.twin("compound", "7.1.21", "The key is attested in two formats.", why).on(createCompound),
		t.twin("trusted", "7.1.23", "The certificate is under a trusted root.",
			"This is what attestation is for.").on(createTrusted),
		t.twin("trusted-intermediate", "7.1.24", "The certificate is under an intermediate of a trusted root.",
			"Makers keep their roots offline.", below(nil)).on(createTrusted),
		t.twin("trusted-with-root", "7.1.24", "The chain shows the root itself as well.", "Some makers show it.",
			attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) {
				root := a.CA.Root().Raw
				a.Chain = func(x5c [][]byte) [][]byte { return append(x5c, root) }
			})).on(createTrusted),
	}
}

// getTwins are correct, unusual sign-ins.
func getTwins() []*Fault {
	t := rowDefaults{Authentication, getPlain, ""}
	out := []*Fault{
		t.twin("plain", "7.2.2", "An honest sign-in.", "Without it nothing else can be judged."),
		t.twin("verified", "7.2.1", "User verification is required and done.",
			"Sites that ask for a PIN depend on it.").on(getVerified),
		t.twin("either-key", "7.2.5", "The user has two keys and takes the second.",
			"Any of the keys asked for will do.").acts(eitherKey).needs(SecondKey),
		t.twin("handle-missing", "7.2.6", "The user was named, and the response has no user handle.",
			"Keys that are not discoverable do not keep it.", dropInner("userHandle")).on(getResident),
		t.twin("handle-null", "7.2.6", "The user was named, and the response's user handle is null.",
			"Some clients send null.", putInner("userHandle", "null")).on(getResident),
		t.twin("handle-right", "7.2.6", "The user was named, and the response has the right user handle.",
			"Some keys send it always.",
			inner(func(s *harness, o *object) { o.put("userHandle", byteString(s.lead.handle)) })),
		t.twin("discoverable", "7.2.6", "The user was not named.", "Sign-in with a passkey alone.").on(getDiscoverable),
		t.twin("framed", "7.2.14", "The ceremony is held in a frame of a page that may show it.",
			"The relying party allows it.").on(getFramed),
		t.twin("backup-gained", "7.2.19", "The key has been backed up since it was registered.",
			"Backups begin late, and end.", flags(virtual.FlagBS, 0)).on(getBackup),
		t.twin("backup-lost", "7.2.19", "The key is not backed up any more.", "Backups begin late, and end.",
			flags(0, virtual.FlagBS)).on(getSynced),
		t.twin("signature-mirrored", "7.2.21",
			"The second number of the signature is the other of the two that are right.",
			"Level 3 does not ask for the smaller one, so half of all signatures have the greater.",
			signature(mirrored)),
		t.twin("eddsa", "7.2.21", "The signature is by an Ed25519 key.",
			"What was registered must sign in.").on(getEdDSA),
		t.twin("es384", "7.2.21", "The signature is by an ES384 key.",
			"What was registered must sign in.").on(getES384),
		t.twin("es512", "7.2.21", "The signature is by an ES512 key.",
			"What was registered must sign in.").on(getES512),
		t.twin("u2f", "7.2.21", "The signature is by a U2F token.",
			"U2F signatures are compatible by design.").on(getU2F),
		t.twin("counter-none", "7.2.22", "The counter is zero as ever.", "Passkeys do not count.").on(getCounterless),
		t.twin("counter-end", "7.2.22", "The counter is at its end.", "It has 32 bits.", counter(0xffffffff)),
		t.twin("counter-jump", "7.2.22", "The counter jumps.", "One counter may serve all the sites of a key.",
			counter(1<<20)),
		t.twin("counter-begun", "7.2.22", "The counter was zero and counts now.", "Firmware learns to count.",
			counter(7)).on(getCounterless),
		t.twin("again", "7.2.24", "The user signs in three times in a row.",
			"The record must be kept up to date.").acts(threeTimes),
		t.twin("elsewhere", "7.2.25", "The user signs in in another browser.",
			"Keys go with their users.").acts(signInElsewhere).needs(SecondVisit),
		t.twin("two-begun", "7.2.25", "Two sign-ins are begun, and the second is ended.",
			"Users reload pages.").acts(secondBegun),
	}
	return slices.Concat(out, shapeTwins(Authentication), dataTwins(Authentication))
}

func eitherKey(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other := lead.second()
	if err := other.enroll(ctx); err != nil {
		return nil, err
	}
	s.lead = other
	return other.signIn(ctx, s.setup.wish, e)
}

func threeTimes(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	for range 2 {
		if err := honest(lead.signIn(ctx, s.setup.wish, nil)); err != nil {
			return nil, err
		}
	}
	return lead.signIn(ctx, s.setup.wish, e)
}

func signInElsewhere(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other, err := lead.again(ctx)
	if err != nil {
		return nil, err
	}
	return other.signIn(ctx, s.setup.wish, e)
}

func secondBegun(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if _, err := lead.beginGet(ctx, s.setup.wish); err != nil {
		return nil, err
	}
	return lead.signIn(ctx, s.setup.wish, e)
}
