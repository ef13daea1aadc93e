package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"

	"github.com/latchkey-auth/latchkey/virtual"
)

func recallJourneys() []journey {
	return []journey{{"a key whose model is recalled", (*person).recalled}}
}

// recalledModel is a model that the list of a recall's lab has revoked.
const recalledModel = "b1000000-0000-0000-0000-000000000000"

// recallLab is a lab with a desk and a list of models, signed by a tester's CA.
func (p *person) recallLab() *program {
	p.t.Helper()
	must := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("metadata")})
	must(err)
	key, err := virtual.New(virtual.Options{AAGUID: [16]byte{0xb1}, Attestation: virtual.AttestPacked, CA: ca})
	must(err)
	blob, err := ca.SignMetadata(virtual.Metadata{Entries: []virtual.MetadataEntry{{Authenticator: key,
		Description: "Harbour Key 5", Status: []virtual.StatusReport{{Status: "REVOKED",
			EffectiveDate: "2026-01-01"}}}}})
	must(err)
	folder := p.t.TempDir()
	list, root := filepath.Join(folder, "list.jwt"), filepath.Join(folder, "root.pem")
	must(os.WriteFile(list, blob, 0o600))
	must(os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Root().Raw}), 0o600))
	return startLab(p.t, p.s.binary, "LATCHKEY_DESK=true", "LATCHKEY_METADATA_SOURCE="+list,
		"LATCHKEY_METADATA_ROOTS="+root)
}

// holdsRecalled is somebody in such a lab who has a key of that model, which he has had from before the list.
func (p *person) holdsRecalled() (*person, *key) {
	p.t.Helper()
	q := p.s.person(p.t, p.recallLab(), p.lang)
	q.name, q.email = "wei", "wei@example.com"
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		p.t.Fatal(err)
	}
	id := []byte("a key of the house")
	q.house.api(q, http.MethodPost, "/lab/accounts", "", map[string]any{"name": q.name, "email": q.email,
		"password": password, "language": p.lang, "methods": []map[string]any{{"kind": "webauthn",
			"name": "Blue 钥匙", "aaguid": recalledModel, "virtual": map[string]any{
				"credentialId": text64(id), "rpId": "localhost", "privateKey": base64.StdEncoding.EncodeToString(der)}}}}, nil)
	k := q.plug(usb())
	send(q, cdp.Command[addCredentialParams, cdp.Empty]{Method: webauthn.CommandAddCredential},
		addCredentialParams{k.id, credential{CredentialID: id, RpID: "localhost", PrivateKey: der}})
	return q, k
}

// recalled is told that his key is recalled, signs in by it all the same, reads what is known, and adds another
// one; at the desk the counts move, and who has done nothing is told once more.
func (p *person) recalled() {
	q, blue := p.holdsRecalled()
	q.passes(25 * time.Hour)
	m := q.house.message(q.t, "email", q.email)
	if want := q.word("mail.key-recalled.subject", "name", "Blue 钥匙"); m.Subject != want {
		q.t.Errorf("got the mail %q, want %q", m.Subject, want)
	}
	s := q.colleague("support")
	s.open("/desk/recalls").says("Harbour Key 5").counts("waiting", 1).counts("replaced", 0).counts("gone", 0)

	q.signIn(remember).home().says(q.word("advice.recalled-key.title", "name", "Blue 钥匙"))
	q.follow(`main section[aria-labelledby=rm] a`)
	q.says(q.word("recall.revoked"), q.word("recall.does"), q.word("recall.claimed"))
	blue.unplug()
	q.plug(usb())
	q.follow(`main a[href="/security/keys/new"].btn-main`).at("/security/keys/new")
	q.fill("name", "Red 钥匙").follow("main [data-ask]").at("/security")

	q.passes(25 * time.Hour)
	boss := q.colleague("administrator")
	boss.open("/desk/recalls").counts("waiting", 0).counts("replaced", 1).counts("gone", 0)
	boss.follow(`main a[href$="/push"]`).submit("/desk/recalls/" + recalledModel + "/push")
	boss.at("/desk/recalls").says(boss.word("done.desk-recall-pushed.title"))

	q.signIn(remember).home()
	q.open("/security/keys").follow(q.linkTo("Blue 钥匙")).follow(`main a[href$="/remove"]`)
	q.submit(eval[string](q, "location.pathname")).says(q.word("done.removed.title", "name", "Blue 钥匙"))
	q.passes(25 * time.Hour)
	again := q.colleague("support")
	again.open("/desk/recalls").counts("waiting", 0).counts("replaced", 0).counts("gone", 1)
}

// counts wants a number behind one of the desk's facts.
func (p *person) counts(fact string, want int) *person {
	p.t.Helper()
	name := p.word("desk-recalls." + fact)
	got := eval[string](p, `[...document.querySelectorAll('main dt')].find(e => e.textContent === `+
		strconv.Quote(name)+`)?.nextElementSibling.textContent.trim() ?? ''`)
	if got != strconv.Itoa(want) {
		p.t.Errorf("%s: got %q, want %d", fact, got, want)
	}
	return p
}

// recalling are the pages about a recalled model, in a lab of its own.
func (w *sweep) recalling() {
	q, _ := w.holdsRecalled()
	q.passes(25 * time.Hour)
	v := w.beside(q)
	q.signIn(remember).home()
	v.look("overview, with a recalled key")
	q.follow(`main section[aria-labelledby=rm] a`)
	v.look("a key whose model is recalled")
	boss := q.colleague("administrator")
	d := w.beside(boss)
	d.see("/desk/recalls")
	boss.follow(`main a[href$="/push"]`)
	d.look("the desk, before owners are told once more")
	boss.submit("/desk/recalls/" + recalledModel + "/push").at("/desk/recalls")
	d.look("the desk, owners are told once more")
}
