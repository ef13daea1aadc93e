package webauthn

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-webauthn/webauthn/metadata"

	"github.com/latchkey-auth/latchkey/auth"
)

// Metadata is what a verified BLOB says of models. It does not change once it is read.
type Metadata struct {
	Number     int64     // no: grows with each BLOB
	NextUpdate time.Time // the day by which there is another one
	Unread     int       // entries that could not be read, of UAF apart

	models map[AAGUID]*Model
	byKey  map[string]*Model // models without an AAGUID (U2F), by the key of their attestation certificate
}

// A Model is one entry of it.
type Model struct {
	AAGUID      AAGUID
	Description string // maker and model in one, as FIDO lists it

	icon    string   // as it came: a data URL, perhaps; see Picture
	roots   [][]byte // DER: what its attestation leads to
	reports []report
}

// A report is a status and when it holds. compromised is the certificate that it is about: nil, of all.
type report struct {
	status      metadata.AuthenticatorStatus
	from, until time.Time // zero: from always, for ever
	compromised []byte
}

// levels are the statuses that say how far a model is certified, the last of them in effect. FIDO_CERTIFIED is
// the test of functions alone, of before there were levels.
var levels = map[metadata.AuthenticatorStatus]auth.Level{
	metadata.NotFidoCertified: auth.Uncertified, metadata.FidoCertified: auth.Uncertified,
	metadata.SelfAssertionSubmitted: auth.Uncertified,
	metadata.FidoCertifiedL1:        auth.L1, metadata.FidoCertifiedL1plus: auth.L1Plus,
	metadata.FidoCertifiedL2: auth.L2, metadata.FidoCertifiedL2plus: auth.L2Plus,
	metadata.FidoCertifiedL3: auth.L3, metadata.FidoCertifiedL3plus: auth.L3Plus,
}

// An entry is the MetadataBLOBPayloadEntry dictionary, as far as it is used. A member that is not as it should
// be is not there: what is unknown of a date or a certificate counts against the model.
type entry struct {
	AAID      string   `json:"aaid"`
	AAGUID    string   `json:"aaguid"`
	Keys      []string `json:"attestationCertificateKeyIdentifiers"`
	Statement struct {
		Description string   `json:"description"`
		Roots       []string `json:"attestationRootCertificates"`
		Icon        string   `json:"icon"`
	} `json:"metadataStatement"`
	Reports []struct {
		Status  metadata.AuthenticatorStatus `json:"status"`
		From    string                       `json:"effectiveDate"`
		Until   string                       `json:"sunsetDate"`
		Batch   string                       `json:"batchCertificate"`
		Another string                       `json:"certificate"`
	} `json:"statusReports"`
}

// add reads one entry. Those of UAF, which no browser speaks, are passed over.
func (m *Metadata) add(raw []byte) {
	var e entry
	if json.Unmarshal(raw, &e) != nil {
		m.Unread++
		return
	}
	model := &Model{Description: clean(e.Statement.Description)}
	if len(e.Statement.Icon) <= maxIcon {
		model.icon = e.Statement.Icon
	}
	for _, text := range e.Statement.Roots {
		if der := certificateOf(text); der != nil {
			model.roots = append(model.roots, der)
		}
	}
	for _, r := range e.Reports {
		model.reports = append(model.reports, report{status: r.Status, from: day(r.From), until: day(r.Until),
			compromised: certificateOf(r.Batch, r.Another)})
	}
	var err error
	switch {
	case e.AAGUID != "":
		if model.AAGUID, err = ParseAAGUID(e.AAGUID); err == nil && model.AAGUID != (AAGUID{}) {
			m.models[model.AAGUID] = model
			return
		}
	case len(e.Keys) > 0:
		for _, key := range e.Keys {
			m.byKey[strings.ToLower(key)] = model
		}
		return
	case e.AAID != "":
		return
	}
	m.Unread++
}

// day reads a day; what is none is no bound.
func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// certificateOf is the first text that is base64 of something; nil if none is.
func certificateOf(texts ...string) []byte {
	for _, text := range texts {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err == nil && len(der) > 0 {
			return der
		}
	}
	return nil
}

// clean is a description as a page may show it: in one line, and not longer than one.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxDescription {
		text = strings.TrimSpace(string(r[:maxDescription]))
	}
	return text
}

const maxDescription = 80

// Models is how many models are described.
func (m *Metadata) Models() int { return len(m.models) + len(m.byKey) }

// Overdue reports whether the next BLOB should be there: the day of NextUpdate is over.
func (m *Metadata) Overdue(now time.Time) bool { return !now.Before(m.NextUpdate.AddDate(0, 0, 1)) }

// Model returns what is said of a model, nil if nothing is. leaf is its attestation certificate, by whose key
// models are known that have no AAGUID.
func (m *Metadata) Model(id AAGUID, leaf *x509.Certificate) *Model {
	switch {
	case m == nil:
		return nil
	case id != AAGUID{}:
		return m.models[id]
	case leaf == nil:
		return nil
	}
	return m.byKey[keyIdentifier(leaf)]
}

// keyIdentifier names the key of a certificate by RFC 5280 §4.2.1.2 method 1: SHA-1 of its bits.
func keyIdentifier(cert *x509.Certificate) string {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &info); err != nil {
		return ""
	}
	sum := sha1.Sum(info.Key.Bytes)
	return hex.EncodeToString(sum[:])
}

// inEffect reports whether a report holds at a time.
func (r *report) inEffect(now time.Time) bool {
	return !r.from.After(now) && (r.until.IsZero() || r.until.After(now))
}

// LevelAt is how far the model is certified at a time: by the latest report that says so, and of two of a day
// by the last one. MDS3 lists the oldest first.
func (m *Model) LevelAt(now time.Time) auth.Level {
	level, since := auth.Uncertified, time.Time{}
	for _, r := range m.reports {
		if l, ok := levels[r.status]; ok && r.inEffect(now) && !r.from.Before(since) {
			level, since = l, r.from
		}
	}
	return level
}

// Broken is the first status, "" if there is none, by which no key of the model should be taken at a time.
// chain are the certificates that one has shown: a report about one certificate is about the keys that it
// stands behind.
func (m *Model) Broken(now time.Time, chain []*x509.Certificate) string {
	for _, r := range m.reports {
		if !metadata.IsUndesiredAuthenticatorStatus(r.status) || !r.inEffect(now) {
			continue
		}
		ofBatch := r.compromised != nil && r.status == metadata.AttestationKeyCompromise
		if !ofBatch || shows(chain, r.compromised) {
			return string(r.status)
		}
	}
	return ""
}

func shows(chain []*x509.Certificate, der []byte) bool {
	return slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, der) })
}

// Summary says in lines of text what there is, for an operator.
func (m *Metadata) Summary(now time.Time) string {
	counts, broken := map[auth.Level]int{}, 0
	for _, list := range []map[string]*Model{m.byKey, m.byText()} {
		for _, model := range list {
			counts[model.LevelAt(now)]++
			if model.Broken(now, nil) != "" {
				broken++
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "number        %d\nnext update   by %s\nmodels        %d", m.Number,
		m.NextUpdate.Format(time.DateOnly), m.Models())
	for l := auth.L1; l <= auth.L3Plus; l++ {
		if counts[l] > 0 {
			fmt.Fprintf(&b, ", %s %d", l, counts[l])
		}
	}
	fmt.Fprintf(&b, "\nbroken        %d\n", broken)
	if m.Unread > 0 {
		fmt.Fprintf(&b, "not readable  %d\n", m.Unread)
	}
	return b.String()
}

func (m *Metadata) byText() map[string]*Model {
	out := make(map[string]*Model, len(m.models))
	for id, model := range m.models {
		out[id.String()] = model
	}
	return out
}
