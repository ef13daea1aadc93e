package e2e

import (
	"github.com/chromedp/cdproto/emulation"
)

// outOfReach names what somebody before this screen cannot read or press: what stands beside the page, lies under
// something else, or is cut off.
const outOfReach = `(() => {
	const bad = [], wide = document.documentElement.clientWidth, name = e => e.outerHTML.slice(0, 100);
	if (document.documentElement.scrollWidth > wide) bad.push('the page scrolls sideways');
	for (const e of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
		if (!e.checkVisibility({visibilityProperty: true}) || e.closest('.vh, .skip, [aria-hidden=true]')) continue;
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = e.getClientRects()[0];
		if (!r || r.width < 1) continue;
		if (r.left < -1 || r.right > wide + 1) bad.push('beside the page: ' + name(e));
		const top = document.elementFromPoint(Math.floor(r.x + r.width / 2), Math.floor(r.y + r.height / 2));
		if (!top || !(e.contains(top) || top.closest('label')?.control === e)) bad.push('under something: ' + name(e));
	}
	for (const e of document.querySelectorAll('main *')) {
		const cut = ['hidden', 'clip'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1;
		if (cut && e.clientWidth > 1 && !e.closest('.vh, svg, input')) bad.push('cut off: ' + name(e));
	}
	scrollTo({top: 0, behavior: 'instant'});
	return bad;
})()`

// reach wants everything on the page within reach.
func (w *sweep) reach(state string) {
	w.t.Helper()
	for _, bad := range eval[[]string](w.person, outOfReach) {
		w.t.Errorf("%s: %s", state, bad)
	}
}

// alike reports whether the main button and a second one look the same.
const alike = `(() => {
	const shown = s => [...document.querySelectorAll(s)].find(e => e.checkVisibility({visibilityProperty: true}));
	const main = shown('main .btn-main'), second = shown('main .btn:not(.btn-main):not([aria-disabled])');
	const look = e => (c => [c.backgroundColor, c.borderTopColor, c.color].join())(getComputedStyle(e));
	return !!main && !!second && look(main) === look(second);
})()`

// forced looks at the page in colours that the person has forced on it: words in one colour on one ground.
func (w *sweep) forced(state string) {
	w.t.Helper()
	media := func(list ...*emulation.MediaFeature) {
		send(w.person, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: list})
	}
	media(&emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	if !eval[bool](w.person, "matchMedia('(forced-colors: active)').matches") {
		w.t.Errorf("%s: got no forced colours from the browser", state)
	}
	if eval[bool](w.person, alike) {
		w.t.Errorf("%s, forced colours: got the main button and a second one alike, want them apart", state)
	}
	w.reach(state + ", forced colours")
	media()
}
