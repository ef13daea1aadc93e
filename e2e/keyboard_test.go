package e2e

import (
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func keyboardJourneys() []journey {
	return []journey{{"with the keyboard alone", (*person).keyboard}}
}

// keyboard signs in without ever pointing at anything, and always sees where he is.
func (p *person) keyboard() {
	p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.signOut()

	p.open("/sign-in").at("/sign-in")
	p.tab("a.skip")
	p.hit(kb.Enter)
	p.until("the focus in main", "document.activeElement.closest('main')")
	p.tab("[name=identifier]").hit(p.email)
	p.tab("[name=password]").hit(password)
	p.tab("[name=remember]").hit(" ")
	p.until("the choice", "document.querySelector('[name=remember][value=yes]').checked")
	p.tab(`main form[action="/sign-in"] button.btn-main`)
	p.fresh(func() { p.hit(kb.Enter) })
	p.at("/sign-in/trust").tab("button[name=trust][value=no]")
	p.fresh(func() { p.hit(kb.Enter) })
	p.at("/security").tab(`main a[href="/security/keys/new"]`)
	p.fresh(func() { p.hit(kb.Enter) })
	p.at("/security/keys/new").tab("main details summary").hit(kb.Enter)
	p.until("an open answer", "document.querySelector('main details').open")
}

// tab presses Tab until the element has the focus. At every stop a ring must be seen.
func (p *person) tab(selector string) *person {
	p.t.Helper()
	for range 40 {
		p.hit(kb.Tab)
		stop := eval[struct {
			There bool
			Ring  float64
			Shown bool
			What  string
		}](p, `(e => { const s = getComputedStyle(e), r = e.getBoundingClientRect(), around = e.closest('label') ?? e, a = getComputedStyle(around);
			const ring = c => c.outlineStyle === 'none' ? 0 : parseFloat(c.outlineWidth);
			return {There: e.matches(`+quote(selector)+
			`), Ring: Math.max(ring(s), ring(a)), Shown: r.width > 0 && r.height > 0, What: e.outerHTML.slice(0, 120)} })(document.activeElement)`)
		if stop.Ring < 2 || !stop.Shown {
			p.t.Errorf("the focus at %s: got a ring of %v px, shown %v, want one of 2 px at least", stop.What,
				stop.Ring, stop.Shown)
		}
		if stop.There {
			return p
		}
	}
	p.t.Fatalf("got no focus on %s after 40 presses of Tab", selector)
	return p
}

// hit presses keys.
func (p *person) hit(keys string) *person {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(keys)); err != nil {
		p.t.Fatal(err)
	}
	return p
}
