package fault

import (
	"context"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual"
)

// getDataFaults break the authenticator data of a sign-in (Level 3 §6.1).
func getDataFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Authentication, getPlain, check} }
	verified := rowDefaults{Authentication, getVerified, CheckGetVerification}
	length := t(CheckGetDataLength)
	attestedFlag := t(CheckGetAttested)
	eligible := t(CheckGetEligible)
	why := "Reading past the end, or not reading at all, skips the checks of site and touch."
	announced := "What is announced and not there is read from what follows, or not at all."
	eligibleWhy := "A key never changes this; one that seems to was moved to where it can be copied, or is another key."
	cut := func(n int) edit { return authData(func(b []byte) []byte { return b[:n] }) }
	out := []*Fault{
		length.row("data-empty", "The authenticator data have no bytes.", why, cut(0)),
		length.row("data-hash-only", "The authenticator data end behind the RP ID hash.", why, cut(32)),
		length.row("data-flags-only", "The authenticator data end behind the flags.", why, cut(33)),
		length.row("data-short", "The authenticator data lack the last byte of the counter.", why, cut(36)),
		attestedFlag.row("attested-missing", "Flag AT is set, but nothing follows.", announced,
			flags(virtual.FlagAT, 0)),
		attestedFlag.row("attested-cut", "Flag AT is set, but what follows ends within the AAGUID.", announced,
			flags(virtual.FlagAT, 0), behind(1, 2, 3, 4)),
		attestedFlag.row("attested-id-beyond", "Flag AT is set, but the id's length goes beyond the end.", announced,
			flags(virtual.FlagAT, 0), behind(append(make([]byte, 16), 0xff, 0xff)...)),
		eligible.row("eligible-gained", "Flag BE is set, though it was not at registration.", eligibleWhy,
			flags(virtual.FlagBE, 0)),
		eligible.row("eligible-gained-backed-up", "Flags BE and BS are set, though they were not at registration.",
			eligibleWhy, flags(virtual.FlagBE|virtual.FlagBS, 0)),
		eligible.row("eligible-lost", "Flag BE is not set, though it was at registration.", eligibleWhy,
			flags(0, virtual.FlagBE|virtual.FlagBS)).on(getBackup),
	}
	return slices.Concat(out, rpIDFaults(t(CheckGetRPID)), flagFaults(t(CheckGetPresence), verified, t(CheckGetBackup)),
		tailFaults(t(CheckGetExtensions), t(CheckGetLeftover)))
}

// credentialFaults name the wrong credential or the wrong user (Level 3 §7.2 steps 5 and 6).
func credentialFaults() []*Fault {
	t := func(b Baseline, check Check) rowDefaults { return rowDefaults{Authentication, b, check} }
	named, discovered := t(getPlain, CheckGetHandle), t(getDiscoverable, CheckGetHandle)
	present := t(getDiscoverable, CheckGetHandlePresent)
	why := "A right signature by one user's key must not sign another user in."
	presentWhy := "Without a handle nobody says whose key it is, and an id alone may be found in two accounts."
	handle := func(how func(s *harness, right []byte) []byte) edit {
		return inner(func(s *harness, o *object) { o.put("userHandle", byteString(how(s, s.lead.handle))) })
	}
	return []*Fault{
		t(getPlain, CheckGetAllowed).row("credential-not-allowed",
			"The credential is the user's, but was registered after the sign-in began and is not among those asked for.",
			"A relying party that asked for certain keys, such as strong ones, must not take another.").acts(notAllowed).needs(SecondVisit, SecondKey).unless(SharedUser),
		t(getDiscoverable, CheckGetKnown).row("credential-unknown", "The credential was never registered.",
			"A key that nobody bound to an account proves nothing, however right its signature.").acts(unknown),
		t(getPlain, CheckGetOwner).row("credential-of-another",
			"The credential is another user's, who answers for the one named.",
			why).acts(another).unless(SharedUser).also(CheckGetAllowed),
		t(getPlain, CheckGetOwner).row("credential-moved",
			"The credential was the user's when the sign-in began, and is another user's now.", why).
			acts(moved).needs(Removal, SecondKey).unless(SharedUser),
		named.row("handle-other", "The user was named; the response's user handle is one that nobody has.", why,
			handle(func(s *harness, _ []byte) []byte { return s.draw("handle") })),
		named.row("handle-of-another", "The user was named; the response's user handle is another user's.",
			why).acts(handleOfAnother).unless(SharedUser),
		named.row("handle-cut", "The user was named; the response's user handle lacks the last byte.", why,
			handle(func(_ *harness, right []byte) []byte { return right[:len(right)-1] })),
		discovered.row("discoverable-handle-other",
			"The user was not named; the response's user handle is one that nobody has.", why,
			handle(func(s *harness, _ []byte) []byte { return s.draw("handle") })),
		discovered.row("discoverable-handle-of-another",
			"The user was not named; the response's user handle is another user's.",
			why).acts(handleOfAnother).unless(SharedUser),
		discovered.row("discoverable-handle-cut",
			"The user was not named; the response's user handle lacks the last byte.", why,
			handle(func(_ *harness, right []byte) []byte { return right[:len(right)-1] })),
		discovered.row("discoverable-handle-flipped",
			"The user was not named; the response's user handle has one wrong bit.", why,
			handle(func(_ *harness, right []byte) []byte { return flipLast(slices.Clone(right)) })),
		present.row("discoverable-handle-missing", "The user was not named, and the response has no user handle.",
			presentWhy, dropInner("userHandle")),
		present.row("discoverable-handle-null", "The user was not named, and the response's user handle is null.",
			presentWhy, putInner("userHandle", "null")),
	}
}

// notAllowed begins a sign-in with the one key there is, registers a second, and answers with that.
func notAllowed(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	elsewhere, err := lead.again(ctx)
	if err != nil {
		return nil, err
	}
	begun, err := elsewhere.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	lead.device, lead.alter = nil, func(o *virtual.Options) { o.Seed = append(o.Seed, "-second"...) }
	if err := lead.enroll(ctx); err != nil {
		return nil, err
	}
	response, err := lead.getAs(begun, e)
	if err != nil {
		return nil, err
	}
	return elsewhere.finishGet(ctx, begun, response)
}

// unknown answers with a discoverable credential that was never registered: it names the
// user, but no relying party ever saw it.
func unknown(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other := *lead
	device, err := virtual.New(virtual.Options{AAGUID: model(), ResidentKeys: true,
		UserVerification: virtual.UVSucceeds, Seed: s.draw("unknown")})
	if err != nil {
		return nil, err
	}
	key, err := virtual.Derive(s.draw("unknown key"), 0, s.about.RPID, virtual.ES256)
	if err != nil {
		return nil, err
	}
	key.Resident, key.UserHandle = true, lead.handle
	device.Add(key)
	other.device = device
	return other.signIn(ctx, s.setup.wish, e)
}

// another answers a sign-in of the user named with the key of another.
func another(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other, err := s.enter(ctx, "b")
	if err != nil {
		return nil, err
	}
	if err := other.enroll(ctx); err != nil {
		return nil, err
	}
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	dropInner("userHandle")(s, e)
	response, err := other.getAs(begun, e)
	if err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, begun, response)
}

// moved begins a sign-in with the one key there is, which is then taken off, and registered by another user.
func moved(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
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
	other, err := s.enter(ctx, "b")
	if err != nil {
		return nil, err
	}
	other.alter = func(o *virtual.Options) { o.Seed = []byte(lead.user) } // the same seed makes the same key
	if err := other.enroll(ctx); err != nil {
		return nil, err
	}
	dropInner("userHandle")(s, e)
	response, err := lead.get(begun, e)
	if err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, begun, response)
}

// handleOfAnother answers with the right key and the user handle of another user, who exists.
func handleOfAnother(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other, err := s.enter(ctx, "b")
	if err != nil {
		return nil, err
	}
	if err := other.enroll(ctx); err != nil {
		return nil, err
	}
	inner(func(_ *harness, o *object) { o.put("userHandle", byteString(other.handle)) })(s, e)
	return lead.signIn(ctx, s.setup.wish, e)
}
