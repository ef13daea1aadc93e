package virtual

import (
	"context"
)

// maxMessage is the longest request: what CTAPHID can carry (CTAP 2.1 §11.2.4).
const maxMessage = 7609

const maxListed = 64 // credentials in an allow or exclude list

// speaksU2F reports whether CTAP1 is answered. An authenticator that always verifies its user cannot (CTAP 2.1 §7.2.4).
func (a *Authenticator) speaksU2F() bool {
	if a.options.Protocol == U2F {
		return true
	}
	return !a.options.NoU2F && !a.alwaysUV() && a.signsES256()
}

func (a *Authenticator) signsES256() bool {
	for _, alg := range a.options.Algorithms {
		if alg == ES256 {
			return true
		}
	}
	return false
}

// manages reports whether credential management is there, configures whether authenticatorConfig is.
func (a *Authenticator) manages() bool    { return a.options.ResidentKeys && a.options.verifies() }
func (a *Authenticator) configures() bool { return a.options.verifies() && a.options.Version != FIDO20 }

// commandInfo is authenticatorGetInfo (CTAP 2.1 §6.4).
func (a *Authenticator) commandInfo(context.Context, *reader) (any, error) {
	out := map[int]any{1: a.versions(), 3: a.options.AAGUID[:], 4: a.infoOptions(), 5: maxMessage}
	if len(a.options.Extensions) > 0 {
		out[2] = a.options.Extensions
	}
	if a.options.Version == FIDO20 {
		out[6] = []int{1}
		return out, nil
	}
	out[6] = []int{2, 1}
	out[7] = maxListed
	out[8] = a.maxIDSize()
	out[9] = a.options.Transports
	var algorithms []any
	for _, alg := range a.options.Algorithms {
		algorithms = append(algorithms, map[string]any{"alg": int64(alg), "type": "public-key"})
	}
	out[10] = algorithms
	if a.has(extLargeBlobKey) {
		out[11] = maxLargeBlobs
	}
	if a.options.Version == FIDO22 {
		out[22] = a.options.attestationFormats()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.options.ClientPIN {
		out[12], out[13] = a.pin.change, a.pin.minimum
	}
	out[14] = 1 // firmwareVersion
	if a.has(extCredBlob) {
		out[15] = maxCredBlob
	}
	if a.has(extMinPINLength) {
		out[16] = maxMinPINReaders
	}
	if a.options.ResidentLimit > 0 {
		out[20] = max(0, a.options.ResidentLimit-a.resident())
	}
	return out, nil
}

func (a *Authenticator) versions() []string {
	var out []string
	if a.speaksU2F() {
		out = append(out, "U2F_V2")
	}
	out = append(out, string(FIDO20))
	switch a.options.Version {
	case FIDO20:
		if a.manages() {
			out = append(out, "FIDO_2_1_PRE") // by which credential management was known before CTAP 2.1
		}
	case FIDO21:
		out = append(out, string(FIDO21))
	case FIDO22:
		out = append(out, string(FIDO21), string(FIDO22))
	}
	return out
}

// infoOptions is the options of getInfo. One that is absent is not supported, one that is false not set up.
func (a *Authenticator) infoOptions() map[string]bool {
	o := &a.options
	out := map[string]bool{"rk": o.ResidentKeys, "up": true, "plat": o.Platform}
	if o.ClientPIN {
		out["clientPin"] = a.pinSet()
	}
	if a.builtIn() {
		out["uv"] = true
	}
	if o.Version == FIDO20 {
		if a.manages() {
			out["credentialMgmtPreview"] = true
		}
		return out
	}
	always := a.alwaysUV()
	out["makeCredUvNotRqd"] = !always
	if o.verifies() {
		out["pinUvAuthToken"] = true
		out["alwaysUv"] = always
		out["authnrCfg"] = true
		out["setMinPINLength"] = o.ClientPIN
	}
	if a.manages() {
		out["credMgmt"] = true
	}
	if a.has(extLargeBlobKey) {
		out["largeBlobs"] = true
	}
	return out
}

// maxIDSize is the longest identifier the authenticator knows, of credentials that came from elsewhere as well.
func (a *Authenticator) maxIDSize() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	longest := max(a.options.IDSize, u2fIDSize)
	for _, c := range a.credentials {
		longest = max(longest, len(c.ID))
	}
	return longest
}
