package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-auth/latchkey/needs"
)

func countedJourneys() []journey {
	return []journey{
		{"a key that types codes", func(p *person) { p.typingKey() }},
		{"a hardware token out of a box", func(p *person) { p.claimsToken() }},
		{"a hardware token from the desk", func(p *person) { p.givenToken() }},
	}
}

// counted is the code of a secret at a counter, by a program that nobody here wrote.
func (p *person) counted(secret string, at int) string {
	p.t.Helper()
	out, err := exec.Command(needs.Program(p.t, "oathtool"), "--hotp", "--base32", "--counter="+strconv.Itoa(at),
		secret).CombinedOutput()
	if err != nil {
		p.t.Fatalf("the key: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// typingKey saves a secret on a key, which then types: digits and Enter, as from a keyboard. It signs in with that where
// the browser is not to ask the key, and comes back after it was touched for nothing.
func (p *person) typingKey() {
	key := p.plug(usb())
	p.signUp().open("/security/keys/new").fill("name", "Till key")
	p.follow("main [data-ask]").at("/security/start")
	p.open("/security/keys").follow(p.linkTo("Till key")).says(p.word("key.type.touch"))
	p.follow(`main a[href$="/touch-code/new"]`).says(p.word("touch-new.save"), p.word("touch-new.type"))
	secret := strings.Join(strings.Fields(p.text("#sec")), "")

	// Enter behind the first code leads to the field of the second.
	p.press("#f-code").hit(p.counted(secret, 0)).hit(kb.Enter)
	p.until("the field of the second code", "document.activeElement.id === 'f-second'")
	p.hit(p.counted(secret, 1))
	p.fresh(func() { p.hit(kb.Enter) })
	p.says(p.word("done.touch-added.title"), p.word("holds.touch"))

	key.touched(false) // nobody touches it when the browser asks
	p.signOut().signIn().at("/sign-in/verify")
	p.open("/sign-in/verify?with=touch").at("/sign-in/verify").says(p.word("verify.touch.title"))
	p.until("the focus in the field", "document.activeElement.id === 'f-code'")
	p.hit(p.counted(secret, 40)) // it was touched for nothing many times
	p.fresh(func() { p.hit(kb.Enter) })
	p.problem("code-wrong").says(p.word("help.count"))
	p.press("#f-code").hit(p.counted(secret, 41))
	p.fresh(func() { p.hit(kb.Enter) })
	p.at("/security")
}

// claimsToken takes a token out of a box that was imported on the host, by its number and two codes, as the first second
// step there is, and signs in with it.
func (p *person) claimsToken() {
	serial, secret := p.tokenInABox()
	p.signUp().at("/security/start").follow(`main a[href="/security/token/new"]`).says(p.word("token-new.title"))
	two := func(serial string, at int) *person {
		return p.fill("serial", serial, "code", p.counted(secret, at), "second", p.counted(secret, at+1)).submit("/security/token/new")
	}
	two(serial+"0", 5).problem("token-wrong")
	two(serial, 0).problem("token-wrong") // before it was delivered
	two(strings.ToLower(serial), 5).at("/security/start").says(p.word("done.enrolled.title"))
	p.signOut().signIn().at("/sign-in/verify").says(p.word("verify.token.title"))
	p.fill("code", p.counted(secret, 6)).submit("/sign-in/verify").problem("code-used")
	p.fill("code", p.counted(secret, 8)).submit("/sign-in/verify").says(serial)
}

// givenToken is given a token by support: it is the seller's alone to add, whatever others know of it, and support
// sees that he has it.
func (p *person) givenToken() {
	serial, secret := p.tokenInABox()
	p.signUp().at("/security/start")
	q, _ := p.worksAs("support", unseen)
	q.open("/desk/tokens").fill("serial", serial+"0").submit("/desk/tokens").problem("token-unknown")
	q.fill("serial", strings.ToLower(serial)).submit("/desk/tokens").says(serial, q.word("desk-token.stock"))
	page := eval[string](q, "location.pathname")
	q.fill("identifier", "nobody@example.com").submit(page + "/give").problem("account-unknown")
	q.fill("identifier", p.email).submit(page + "/give").says(q.word("desk-token.for"))

	claims := func(r *person) *person {
		return r.open("/security/token/new").fill("serial", serial, "code", p.counted(secret, 5), "second",
			p.counted(secret, 6)).submit("/security/token/new")
	}
	other := p.s.person(p.t, p.house, p.lang)
	other.signUp().at("/security/start")
	claims(other).problem("token-wrong")
	claims(p).at("/security/start").says(p.word("done.enrolled.title"))
	q.open(page).says(q.word("desk-token.assigned"), q.word("desk-token.his"))
}

// tokensAtTheDesk are the pages of the stock, as an administrator has them.
func (w *sweep) tokensAtTheDesk() {
	serial, _ := w.tokenInABox()
	w.open("/desk/tokens")
	w.look("the desk, finding a token")
	w.fill("serial", "0000").submit("/desk/tokens").problem("token-unknown")
	w.look("the desk, no such token")
	w.fill("serial", serial).submit("/desk/tokens").says(serial)
	w.look("the desk, a token")
	page := eval[string](w.person, "location.pathname")
	w.open(page + "/retire")
	w.look("the desk, retiring a token")
	w.open("/desk/tokens/stock")
	w.look("the desk, the stock")
	w.open("/desk/tokens/import")
	w.look("the desk, a box")
	box := "manufacturer,serial,secret,type\nExample," + serial + " B,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,hotp\n"
	w.chooses("box.csv", box+"Example,"+serial+" C,GEZD,hotp\n").follow("main button[value=check]").says(w.word("desk-import.checked"))
	w.look("the desk, a box checked")
	w.follow("main button[value=import]").says(w.word("stock-why.no-file"))
	w.look("the desk, no file")
	w.chooses("box.csv", box).follow("main button[value=import]").says(w.word("desk-import.done", "n", "1"))
	w.look("the desk, a box taken")
}

// tokenInABox imports a token on the host, whose next code is that of the counter 3.
func (p *person) tokenInABox() (serial, secret string) {
	p.t.Helper()
	secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	serial = "HT " + strings.TrimPrefix(p.phone, "+")
	file := filepath.Join(p.t.TempDir(), "box.csv")
	table := "manufacturer,serial,secret,type,digits,counter\nExample," + serial + "," + secret + ",hotp,6,3\n"
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		p.t.Fatal(err)
	}
	c := exec.Command(p.house.binary, "token", "import", "--data", p.house.data, file)
	c.Env = p.house.cmd.Env
	if out, err := c.CombinedOutput(); err != nil {
		p.t.Fatalf("token import: %v %s", err, out)
	}
	return serial, secret
}
