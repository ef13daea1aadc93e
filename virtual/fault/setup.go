package fault

import (
	"github.com/latchkey-auth/latchkey/virtual"
)

// A setup is what comes before a fault, and the honest ceremony that it breaks.
type setup struct {
	baseline Baseline
	ceremony Ceremony
	needs    []Feature
	wish     Wish // of the ceremony that is judged
	first    Wish // of the registration before a sign-in
	device   func(s *harness, o *virtual.Options) error
	framed   bool // within a page of About.TopOrigins
}

// The set-ups.
const (
	createPlain        Baseline = "registration"
	createVerified     Baseline = "registration-verified"
	createDiscoverable Baseline = "registration-discoverable"
	createBackup       Baseline = "registration-backup"
	createFramed       Baseline = "registration-framed"
	createLongID       Baseline = "registration-long-id"
	createShortID      Baseline = "registration-short-id"
	createNoModel      Baseline = "registration-no-model"
	createNoCounter    Baseline = "registration-counterless"
	createSynced       Baseline = "registration-backed-up"
	createRS256        Baseline = "registration-rs256"
	createEdDSA        Baseline = "registration-eddsa"
	createES384        Baseline = "registration-es384"
	createES512        Baseline = "registration-es512"
	createSelf         Baseline = "registration-self"
	createPacked       Baseline = "registration-packed"
	createU2F          Baseline = "registration-fido-u2f"
	createTPM          Baseline = "registration-tpm"
	createAndroidKey   Baseline = "registration-android-key"
	createApple        Baseline = "registration-apple"
	createCompound     Baseline = "registration-compound"
	createTrusted      Baseline = "registration-trusted"
	getPlain           Baseline = "sign-in"
	getVerified        Baseline = "sign-in-verified"
	getDiscoverable    Baseline = "sign-in-discoverable"
	getResident        Baseline = "sign-in-resident"
	getBackup          Baseline = "sign-in-backup"
	getSynced          Baseline = "sign-in-backed-up"
	getCounterless     Baseline = "sign-in-counterless"
	getFramed          Baseline = "sign-in-framed"
	getEdDSA           Baseline = "sign-in-eddsa"
	getES384           Baseline = "sign-in-es384"
	getES512           Baseline = "sign-in-es512"
	getU2F             Baseline = "sign-in-u2f"
)

func setups() []setup {
	const create, get = Registration, Authentication
	resident := Wish{Discoverable: true}
	return []setup{
		{baseline: createPlain, ceremony: create},
		{baseline: createVerified, ceremony: create, wish: Wish{Verify: true}, needs: []Feature{Verification}},
		{baseline: createDiscoverable, ceremony: create, wish: resident, needs: []Feature{Discoverable}},
		{baseline: createBackup, ceremony: create, device: backup},
		{baseline: createFramed, ceremony: create, needs: []Feature{Framing}, framed: true},
		{baseline: createLongID, ceremony: create, device: alters(func(o *virtual.Options) { o.IDSize = 1023 })},
		{baseline: createShortID, ceremony: create, device: alters(func(o *virtual.Options) { o.IDSize = 16 })},
		{baseline: createNoModel, ceremony: create, device: alters(func(o *virtual.Options) { o.AAGUID = [16]byte{} })},
		{baseline: createNoCounter, ceremony: create, device: counterless},
		{baseline: createSynced, ceremony: create, device: synced},
		{baseline: createRS256, ceremony: create, needs: []Feature{OffersRS256}},
		{baseline: createEdDSA, ceremony: create, needs: []Feature{OffersEdDSA}, device: signs(virtual.EdDSA)},
		{baseline: createES384, ceremony: create, needs: []Feature{OffersES384}, device: signs(virtual.ES384)},
		{baseline: createES512, ceremony: create, needs: []Feature{OffersES512}, device: signs(virtual.ES512)},
		{baseline: createSelf, ceremony: create, needs: []Feature{Attestation}, device: attests(virtual.AttestSelf)},
		{baseline: createPacked, ceremony: create, needs: []Feature{Attestation},
			device: attests(virtual.AttestPacked)},
		{baseline: createU2F, ceremony: create, needs: []Feature{Attestation, FormatU2F},
			device: u2f(virtual.AttestFIDOU2F)},
		{baseline: createTPM, ceremony: create, needs: []Feature{Attestation, FormatTPM},
			device: attests(virtual.AttestTPM)},
		{baseline: createAndroidKey, ceremony: create, needs: []Feature{Attestation, FormatAndroidKey},
			device: attests(virtual.AttestAndroidKey)},
		{baseline: createApple, ceremony: create, needs: []Feature{Attestation, FormatApple},
			device: attests(virtual.AttestApple)},
		{baseline: createCompound, ceremony: create, needs: []Feature{Attestation, FormatCompound}, device: compound},
		{baseline: createTrusted, ceremony: create, needs: []Feature{Attestation, Trust}, wish: Wish{Trust: true},
			device: attests(virtual.AttestPacked)},
		{baseline: getPlain, ceremony: get},
		{baseline: getVerified, ceremony: get, wish: Wish{Verify: true}, needs: []Feature{Verification}},
		{baseline: getDiscoverable, ceremony: get, wish: resident, first: resident, needs: []Feature{Discoverable}},
		{baseline: getResident, ceremony: get, first: resident, needs: []Feature{Discoverable}},
		{baseline: getBackup, ceremony: get, device: backup},
		{baseline: getSynced, ceremony: get, device: synced},
		{baseline: getCounterless, ceremony: get, device: counterless},
		{baseline: getFramed, ceremony: get, needs: []Feature{Framing}, framed: true},
		{baseline: getEdDSA, ceremony: get, needs: []Feature{OffersEdDSA}, device: signs(virtual.EdDSA)},
		{baseline: getES384, ceremony: get, needs: []Feature{OffersES384}, device: signs(virtual.ES384)},
		{baseline: getES512, ceremony: get, needs: []Feature{OffersES512}, device: signs(virtual.ES512)},
		{baseline: getU2F, ceremony: get, device: u2f(virtual.AttestNone)},
	}
}

func signs(alg virtual.Algorithm) func(*harness, *virtual.Options) error {
	return func(_ *harness, o *virtual.Options) error {
		o.Algorithms = []virtual.Algorithm{alg}
		return nil
	}
}

func attests(format virtual.Format) func(*harness, *virtual.Options) error {
	return func(s *harness, o *virtual.Options) (err error) {
		o.Attestation = format
		o.CA, err = s.ca()
		return err
	}
}

func compound(s *harness, o *virtual.Options) error {
	o.Compound = []virtual.Format{virtual.AttestPacked, virtual.AttestSelf}
	return attests(virtual.AttestCompound)(s, o)
}

func u2f(format virtual.Format) func(*harness, *virtual.Options) error {
	return func(s *harness, o *virtual.Options) error {
		o.Protocol = virtual.U2F
		o.AAGUID = [16]byte{}
		o.ResidentKeys = false
		o.UserVerification = virtual.UVNone
		o.Platform = false
		return attests(format)(s, o)
	}
}

func alters(change func(o *virtual.Options)) func(*harness, *virtual.Options) error {
	return func(_ *harness, o *virtual.Options) error {
		change(o)
		return nil
	}
}

func backup(_ *harness, o *virtual.Options) error {
	o.Backup = true
	return nil
}

func synced(_ *harness, o *virtual.Options) error {
	o.Backup, o.BackedUp = true, true
	return nil
}

func counterless(_ *harness, o *virtual.Options) error {
	o.Counter = virtual.CounterZero
	return nil
}
