package webauthn

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/metadata"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what metadata say of the models of keys that are bound already (MDS3 §3.1.4). A status that is
// bad when a key is added may come years later: until then nothing was wrong.

// recallTime is how long an owner has to register another key if nobody says otherwise.
const recallTime = 30 * 24 * time.Hour

// recallStatuses are those by which a model is recalled, the gravest first: of several the first counts. A
// model that is merely not made any more is none of them.
func recallStatuses() []metadata.AuthenticatorStatus {
	return []metadata.AuthenticatorStatus{metadata.UserKeyRemoteCompromise, metadata.UserKeyPhysicalCompromise,
		metadata.UserVerificationBypass, metadata.Revoked, metadata.AttestationKeyCompromise}
}

var _ auth.Recaller = (*Factor)(nil)

// Recalls implements auth.Recaller by the metadata in use. Those that are overdue say nothing: what has changed
// since is not known.
func (f *Factor) Recalls(now time.Time) *auth.Recalls {
	m := f.metadata()
	if m == nil || m.Overdue(now) {
		return nil
	}
	return &auth.Recalls{Number: m.Number, Time: f.config.Attestation.Recall,
		Of: func(x *auth.Authenticator) auth.ModelNews { return m.newsOf(x, now) }}
}

// newsOf is what is said of the model of a bound key. A model that the list does not have, or whose entry could
// not be read, is not listed: that takes nothing back.
func (m *Metadata) newsOf(x *auth.Authenticator, now time.Time) auth.ModelNews {
	r, err := readRecord(x)
	if err != nil || x.Kind != auth.WebAuthn {
		return auth.ModelNews{}
	}
	var id AAGUID
	copy(id[:], r.Model)
	news := auth.ModelNews{Model: id.String()}
	model := m.models[id]
	if id == (AAGUID{}) {
		news.Model, model = r.Maker, m.byKey[r.Maker]
	}
	if model == nil || news.Model == "" {
		return auth.ModelNews{}
	}
	news.Listed, news.Status = true, model.recalled(now, r.Shown)
	return news
}

// recalled is the gravest status by which the model is recalled at a time, "" if it is not. shown are the
// certificates that a key has shown: a report about one of them is about the keys that it stands behind. Of a
// key that was bound before they were kept nobody knows, so that it is not meant.
func (m *Model) recalled(now time.Time, shown [][]byte) string {
	for _, status := range recallStatuses() {
		if slices.ContainsFunc(m.reports, func(r report) bool {
			if r.status != status || !r.inEffect(now) {
				return false
			}
			ofBatch := r.compromised != nil && status == metadata.AttestationKeyCompromise
			return !ofBatch || slices.ContainsFunc(shown, func(sum []byte) bool { return r.isOf(sum) })
		}) {
			return string(status)
		}
	}
	return ""
}

// isOf reports whether a report is about the certificate with that SHA-256.
func (r *report) isOf(sum []byte) bool {
	want := sha256.Sum256(r.compromised)
	return string(want[:]) == string(sum)
}

// papers are what is kept of the certificates that a key has shown when it was bound: the SHA-256 of each, and
// of a key without an AAGUID what names its model. Whether they lead anywhere does not matter: what is bad of a
// model counts where it is only claimed, too.
func papers(x *finding) (sums [][]byte, maker string) {
	for _, c := range x.shown {
		sum := sha256.Sum256(c.Raw)
		if !slices.ContainsFunc(sums, func(o []byte) bool { return string(o) == string(sum[:]) }) {
			sums = append(sums, sum[:])
		}
	}
	if x.id == (AAGUID{}) && len(x.shown) > 0 {
		maker = keyIdentifier(x.shown[0])
	}
	return sums, maker
}
