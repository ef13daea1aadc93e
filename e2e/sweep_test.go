package e2e

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/virtual"
)

// mostWeight is what one page may weigh with its style and script, in bytes, uncompressed.
const mostWeight = 60 << 10

// A sweep stops at every page in every state that matters, and looks at it light and dark, wide and
// narrow.
type sweep struct {
	*person
	key     *key
	axe     string
	reached map[string]bool // routes
	stops   map[string]bool // states, by name
	owners  string          // the security code
	slot    *virtual.YubicoOTP
	routes  []string
}

// TestSweep looks at every page that the server has a route for. One that it did not see fails it.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	axe, err := os.ReadFile("../.cache/axe-core/axe.min.js")
	if err != nil {
		needs.Missing(t, "axe-core is not here (.ci/needs fetches it)")
	}
	routes := pageRoutes(t)
	room := lab(t, s.binary)
	for _, lang := range []string{assets.English, assets.Chinese} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			w := &sweep{person: s.person(t, s.house, lang), axe: string(axe), reached: map[string]bool{},
				stops: map[string]bool{}, routes: routes}
			for _, part := range []func(){w.strangers, w.enrolling, w.settings, w.shops, w.recovering, w.desk, w.notMe,
				w.vouching, w.handingOver, w.dealings, w.responding, w.sleeping,
				w.recalling, w.closing, w.buying, w.reminding, w.signingIn, w.rest,
				func() { w.lab(room) }} {
				if !w.during(t, part) {
					return
				}
			}
			t.Logf("%d states of %d routes, each light and dark, wide and narrow", len(w.stops), len(w.reached))
		})
	}
}

// bringsAxe has axe on the page. Each page that the window will open then has it as well, and has it read only where it
// is asked for: it is half a megabyte, which would else be sent and read for each look.
func (w *sweep) bringsAxe() {
	w.t.Helper()
	if eval[bool](w.person, "typeof bringAxe === 'function' && (bringAxe(), true)") {
		return
	}
	send(w.person, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: "self.bringAxe = () => {" + w.axe + "}"})
	eval[bool](w.person, w.axe+"; true")
}

// during does a part, and shuts what that has opened: the windows that are left behind go on drawing.
func (w *sweep) during(t *testing.T, part func()) bool {
	t.Helper()
	return t.Run("part", func(t *testing.T) {
		outer := w.t
		defer func() { w.t = outer }()
		w.t = t
		part()
	})
}

// pageRoutes reads the paths of the pages that can be opened out of the server's tables.
func pageRoutes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../server/page_*.go")
	if err != nil {
		t.Fatal(err)
	}
	staffs, err := filepath.Glob("../desk/page_*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, staffs...)
	var all []string
	for _, f := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		named := constants(tree)
		ast.Inspect(tree, func(n ast.Node) bool {
			row, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			members := map[string]ast.Expr{}
			for _, e := range row.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if name, ok := kv.Key.(*ast.Ident); ok {
						members[name.Name] = kv.Value
					}
				}
			}
			if members["path"] != nil && members["get"] != nil {
				all = append(all, paths(members["path"], named)...)
			}
			return true
		})
	}
	if len(all) < 50 {
		t.Fatalf("got %d pages of the server, want the whole table: %q", len(all), all)
	}
	return all
}

// constants are the texts that a file gives a name to.
func constants(tree *ast.File) map[string]string {
	named := map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		s, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, value := range s.Values {
			switch value.(type) {
			case *ast.BasicLit, *ast.BinaryExpr: // of texts, and of names of before
				if all := paths(value, named); len(all) == 1 {
					named[s.Names[i].Name] = all[0]
				}
			}
		}
		return true
	})
	return named
}

// paths are the values of an expression of texts, of constants, and of the variable sort, which stands for each kind of
// method.
func paths(e ast.Expr, named map[string]string) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return []string{text}
	case *ast.Ident:
		if text := named[e.Name]; text != "" {
			return []string{text}
		}
		return []string{"keys", "app", "touch", "token", "yubiotp", "phone", "email", "codes"}
	case *ast.BinaryExpr:
		var all []string
		for _, x := range paths(e.X, named) {
			for _, y := range paths(e.Y, named) {
				path := x + y
				counts := strings.HasPrefix(path, "/security/keys/") || strings.HasPrefix(path, "/security/yubiotp/")
				if path == "/security/codes/{id}" || strings.HasSuffix(path, "/unfreeze") && !counts {
					continue // a set of codes has no page of its own, and what counts no touches is never frozen
				}
				all = append(all, path)
			}
		}
		return all
	}
	return nil
}

// route is the route of a path: the one with the fewest free parts.
func (w *sweep) route(path string) string {
	best := ""
	for _, r := range w.routes {
		pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(r), `[^/]+`)
		if regexp.MustCompile("^"+pattern+"$").MatchString(path) &&
			(best == "" || strings.Count(r, "{") < strings.Count(best, "{")) {
			best = r
		}
	}
	return best
}

// look judges the page that the person is at. state names it in what is reported.
func (w *sweep) look(state string) {
	w.t.Helper()
	if path := eval[string](w.person, "location.pathname"); w.route(path) != "" {
		w.reached[w.route(path)] = true
	}
	w.stops[state] = true
	if got := eval[string](w.person, "document.documentElement.lang"); got != w.lang {
		w.t.Errorf("%s: got lang %s, want %s", state, got, w.lang)
	}
	w.weigh(state)
	w.bringsAxe()
	for _, width := range []int64{1280, 320} {
		w.screen(width, 900)
		for _, theme := range []string{"light", "dark"} { // the first by every rule
			send(w.person, emulation.SetEmulatedMedia,
				emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme",
					Value: theme}}})
			w.judge(fmt.Sprintf("%s, %d px, %s", state, width, theme), theme == "dark")
			w.shoot(state, width, theme)
		}
		if over := eval[int](w.person,
			"document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
			w.t.Errorf("%s, %d px: got %d px to scroll sideways, want none", state, width, over)
		}
		w.reach(fmt.Sprintf("%s, %d px", state, width))
	}
	send(w.person, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 640, Height: 450,
		DeviceScaleFactor: 2}) // a desk's screen at 200 %
	w.reach(state + ", 200 %")
	w.screen(1280, 900)
	w.forced(state)
}

// judge wants no violation of WCAG 2.0 to 2.2 A and AA, nor of best practice: by every rule, or by those of colours.
func (w *sweep) judge(state string, colours bool) {
	w.t.Helper()
	rules := `['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']`
	if colours { // nothing else differs in the dark
		rules = `{type: 'rule', values: ['color-contrast', 'link-in-text-block']}`
	}
	found, err := chromedp.Run(w.ctx,
		chromedp.Evaluate[string](`axe.run(document, {preload: false, resultTypes: ['violations'], runOnly: `+rules+`})
		.then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.target + ' ' + n.html.slice(0, 160)).join(' | '))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: judging: %v", state, err)
	}
	var list []string
	if err := json.Unmarshal([]byte(found), &list); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range list {
		w.t.Errorf("%s: %s", state, v)
	}
}

// weigh adds up the page, its style and its script. The icon is the browser's; pictures of documents come when they are
// unfolded.
func (w *sweep) weigh(state string) {
	w.t.Helper()
	got := eval[struct {
		Bytes int
		Files int
	}](w.person,
		`(all => ({Bytes: all.reduce((n, e) => n + e.decodedBodySize, 0), Files: all.length}))([...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource').filter(e => !e.name.includes('/icon') && !e.name.includes('/pictures/'))])`)
	if got.Bytes > mostWeight || got.Bytes == 0 {
		w.t.Errorf("%s: got %d bytes in %d files, want at most %d", state, got.Bytes, got.Files, mostWeight)
	}
	most := 3
	if w.has(`main img[src*="/puzzle/"]`) { // the picture, which must not lie in the page
		most = 4
	}
	if got.Files > most {
		w.t.Errorf("%s: got %d requests, want at most %d", state, got.Files, most)
	}
}

// shoot writes a picture below $PICTURES, for people to look at.
func (w *sweep) shoot(state string, width int64, theme string) {
	w.t.Helper()
	dir := os.Getenv("PICTURES")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(state), "-")
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d-%s.png", name, w.lang, width, theme)), shot, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// see opens a path and looks.
func (w *sweep) see(path string) {
	w.t.Helper()
	w.open(path).until("the page", "document.readyState === 'complete'")
	w.look(path)
}

// strangers are the pages before there is an account.
func (w *sweep) strangers() {
	for _, path := range []string{"/sign-up", "/sign-in", "/sign-in/key", "/forgot", "/help/check", "/help/contact",
		"/help/pictures", "/help/bought", "/recovery/bought", "/sign-out", "/no-such-page",
		"/done/password-changed", "/done/removal-stopped", "/undo/no-such-link",
		"/sign-up/confirm/no-such-link", "/forgot/password/no-such-link",
		"/recovery/case/no-such-link", "/recovery/stop/no-such-link"} {
		w.see(path)
	}
	w.open("/sign-up").fill("email", "lin@").submit("/sign-up")
	w.look("sign-up, refused")
	w.open("/sign-in").fill("identifier", "nobody@example.com", "password", "Wrong-Lamp-57").submit("/sign-in")
	w.look("sign-in, refused")
	w.open("/sign-in").fill("identifier", "nobody@example.com", "password", "Wrong-Lamp-57")
	send(w.person, network.ClearBrowserCookies, cdp.Empty{})
	w.submit("/sign-in")
	w.look("cookies off")

	w.open("/sign-up").fill("email", w.email).submit("/sign-up").at("/sign-up/sent")
	w.look("/sign-up/sent")
	link := w.house.message(w.t, "email", w.email).link(w.t, w.house.origin)
	w.see(link)
	path := strings.TrimPrefix(link, w.house.origin)
	w.fill("name", "Lin Yi", "user-name", "小店", "phone", "138", "password", "abc").press("main [name=terms]")
	w.submit(path)
	w.look("the form of an account, refused")
	w.fill("name", w.name, "user-name", w.user, "phone", w.phone, "password", password).submit(path).at("/security/start")
	w.see(link) // leads to sign-in by now
	w.see("/sign-in/mail")
	w.open("/sign-in/mail").fill("identifier", w.email).submit("/sign-in/mail").at("/sign-in/mail/code")
	w.look("a code by mail")
	w.open("/help/check").follow(`main form[action="/help/ticket"] button`)
	w.look("a ticket")
	w.open("/forgot").fill("identifier", "nobody-"+w.email).submit("/forgot").at("/forgot/check")
	w.look("a puzzle")
	w.fill("signs", "no").submit("/forgot/check").problem("puzzle-wrong")
	w.look("a puzzle, refused")
	w.solve().at("/forgot/sent")
	w.open("/forgot").fill("identifier", w.email).submit("/forgot").at("/forgot/sent")
	w.look("/forgot/sent")
	sent := w.house.letter(w.t, "email", w.email, "/forgot/")
	w.see(sent.link(w.t, w.house.origin))
	w.fill("password", "abc").submit(eval[string](w.person, "location.pathname"))
	w.look("new password, refused")
	w.open("/forgot/sent").fill("code", "0000-0000").submit("/forgot/sent").problem("code-wrong")
	w.look("code of a reset, refused")
	w.fill("code", sent.mailedCode(w.t)).submit("/forgot/sent").at("/forgot/choose")
	w.look("new password by a code")
}

// enrolling are the pages of whoever has to set up a second step.
func (w *sweep) enrolling() {
	w.signIn(remember).at("/security/start")
	w.look("start, must enrol")
	for _, path := range []string{"/security/keys/new", "/security/keys/new?kind=passkey", "/security/app/new",
		"/security/phone/new", "/security/email/new"} {
		w.see(path)
	}
	w.open("/security/app/new").press("main details:has(#sec) summary").fill("code",
		"000000").submit("/security/app/new")
	w.look("app, wrong code")
	w.key = w.plug(usb())
	w.addKey("Red 钥匙").at("/security/start")
	w.look("start, backup")
	w.key.touched(false)
	w.see("/security")
	w.addApp().at("/security")
	w.open("/security/phone/new?other=1").fill("phone", "138").submit("/security/phone/new")
	w.look("phone, refused")
	w.open("/security/phone/new?other=1").fill("phone", w.phone).submit("/security/phone/new")
	w.look("phone, code sent")
	w.fill("code", "000000").submit("/security/phone/new")
	w.look("phone, wrong code")
	w.fill("code", w.house.code(w.t, "sms", w.phone)).submit("/security/phone/new").at("/security")
	w.open("/security/email/new").fill("email", "backup-"+w.email).submit("/security/email/new")
	w.look("e-mail, code sent")
	w.fill("code", w.house.code(w.t, "email", "backup-"+w.email)).submit("/security/email/new").at("/security")
	w.open("/security/keys").follow(w.linkTo("Red 钥匙")).follow(`main a[href$="/touch-code/new"]`)
	w.look("touch codes, to be saved")
	page, secret := eval[string](w.person, "location.pathname"), strings.Join(strings.Fields(w.text("#sec")), "")
	w.fill("code", "000000", "second", "000000").submit(page)
	w.look("touch codes, refused")
	w.fill("code", w.counted(secret, 0), "second", w.counted(secret, 1)).submit(page).says(w.word("holds.touch"))
	w.yubico()
	pc := w.plug(platform())
	w.addPasskey("This PC").at("/security")
	pc.touched(false)
}

// yubico sets up what the key types besides: with values that it has, then with those that are made here.
func (w *sweep) yubico() {
	w.open("/security/keys").follow(w.linkTo("Red 钥匙")).follow(`main a[href$="/yubico-otp/new"]`)
	w.look("Yubico OTP, to be saved")
	page := eval[string](w.person, "location.pathname")
	own := strings.TrimSuffix(page, "new") + "own"
	w.see(own)
	w.fill("public-id", "dteffuje", "private-id", "87", "secret-key", "ecde").submit(own)
	w.look("Yubico OTP, values refused")
	w.fill("private-id", "8792ebfe26cc", "secret-key", "ecde18dbe76fbd0c33330f1c354871db").submit(own).at(page)
	w.look("Yubico OTP, of values that were typed")
	w.open(page + "?anew=1").at(page)
	w.slot = w.programmed()
	w.fill("code", "000000", "second", w.slot.Touch()).submit(page)
	w.look("Yubico OTP, another keyboard")
	w.fill("code", w.slot.Touch(), "second", w.slot.Touch()).submit(page).says(w.word("holds.yubiotp.meta"))
}

// settings are the pages of whoever is signed in.
func (w *sweep) settings() {
	w.see("/security/codes")
	w.submit("/security/codes")
	w.look("recovery codes, shown")
	w.press("main [name=saved]").submit("/security/codes/saved").at("/security")
	w.look("overview, all set up")
	w.see("/security/codes")
	w.letInToMessages()
	for _, path := range []string{"/security/start", "/security/keys", "/security/keys/which", "/security/password",
		"/security/sessions", "/security/browsers",
		"/security/history", "/security/token/new", "/security/data", "/sign-in/trust", "/security/codes/all/remove", "/security/contact/phone/remove", "/security/name",
		"/security/keys/none/picture", "/security/question", "/security/question/remove", "/security/security-code", "/security/password?by=email",
		"/approve?text=Payout+of+100.00",
		"/dev/messages"} {
		w.see(path)
	}
	w.hardwareToken()
	w.secrets()
	w.open("/security/contact").fill("email", "moved-"+
		w.email).submit("/security/contact/email").at("/security/contact")
	w.look("contact, link sent")
	w.see(w.house.letter(w.t, "email", "moved-"+w.email, "/security/contact/email/").link(w.t, w.house.origin))
	w.see("/security/contact/email/no-such-link")
	w.open("/security/password").fill("current", "Wrong-Lamp-57", "password", "abc").submit("/security/password")
	w.look("password, refused")
	w.open("/approve?text=%C2%A5+12%2C000.00+to+account+8000").at("/confirm").follow(`main a[href*="with=app"]`)
	w.look("an approval, asked for")
	w.fill("code", w.code()).submit("/confirm").at("/approve")
	w.look("an approval, given")
	w.open("/sign-in/trust").follow("main button[name=trust][value=yes]")
	w.see("/security/browsers")
	w.open("/security/keys/which")
	w.key.touched(true)
	w.press("main [data-ask]").says(w.word("touch.done"))
	w.look("which key, found")
	w.key.touched(false)
	w.crawl("/security", "/security/keys")
	w.frozenCode()
	w.frozenKey()
}

// frozenCode has a copy of what the key types answer beside it, and lets it work again.
func (w *sweep) frozenCode() {
	copied := *w.slot
	for i, by := range []*virtual.YubicoOTP{w.slot, &copied} {
		w.open("/approve?text=Payout+no.+" + strconv.Itoa(i)).at("/confirm").follow(`main a[href*="with=yubiotp"]`)
		w.fill("code", by.Touch()).submit("/confirm")
	}
	w.look("Yubico OTP, frozen")
	w.open("/security/keys").follow(w.linkTo("Red 钥匙")).follow(`main a[href*="/yubiotp/"]`)
	w.look("a frozen Yubico OTP")
	w.follow(`main a[href$="/unfreeze"]`)
	w.look("a frozen Yubico OTP, asked about")
	w.submit(eval[string](w.person, "location.pathname")).says(w.word("done.key-unfrozen.title"))
}

// frozenKey has the key answer with a count that it has passed already, and work again.
func (w *sweep) frozenKey() {
	w.key = w.key.behind(usb())
	w.open("/security/keys/which").press("main [data-ask]").says(w.word("problem.key-frozen.title"))
	w.look("which key, frozen")
	w.open("/security/keys").follow(w.linkTo("Red 钥匙"))
	w.look("a frozen key")
	w.follow(`main a[href$="/unfreeze"]`)
	w.look("a frozen key, asked about")
	w.submit(eval[string](w.person, "location.pathname")).says(w.word("done.key-unfrozen.title"))
	w.look("a key that works again")
	w.key.touched(false)
}

// hardwareToken claims a hardware token, whose pages are those of any method.
func (w *sweep) hardwareToken() {
	serial, secret := w.tokenInABox()
	w.open("/security/token/new").fill("serial", serial, "code", "000000", "second", "000000").submit("/security/token/new")
	w.look("hardware token, refused")
	w.fill("serial", serial, "code", w.counted(secret, 5), "second", w.counted(secret, 6)).submit("/security/token/new").at("/security")
	w.look("overview, with a hardware token")
}

// secrets sets the question and the security code, and stops where they are asked for.
func (w *sweep) secrets() {
	w.open("/security/question").fill("question", "My first teacher?", "answer", "nobody at all").
		submit("/security/question").at("/security")
	w.open("/security/security-code").submit("/security/security-code").at("/security/security-code")
	w.look("security code, shown")
	w.owners = eval[string](w.person, "document.getElementById('cs').innerText")
	w.press("main [name=saved]").submit("/security/security-code/saved").at("/security")
	for _, by := range []string{"question", "security-code"} {
		w.see("/security/password?by=" + by)
	}
	w.see("/security/question")
	w.see("/security/security-code")
}

// byCode shows the security code in place of the second step, which waits.
func (w *sweep) byCode() {
	w.signOut().signIn().at("/sign-in/verify")
	w.see("/sign-in/security-code")
	w.fill("security-code", "00000").submit("/sign-in/security-code")
	w.look("security code in place of the second step, wrong")
	w.fill("security-code", w.owners).submit("/sign-in/security-code").at("/done/code-waits")
	w.look("security code in place of the second step, right")
	w.see(w.house.letter(w.t, "email", w.email, "/undo/").link(w.t, w.house.origin))
}

// crawl follows links to pages of the settings that it has not seen.
func (w *sweep) crawl(from ...string) {
	w.t.Helper()
	seen := map[string]bool{}
	for len(from) > 0 {
		path := from[0]
		from = from[1:]
		if !w.reached[w.route(path)] {
			w.see(path)
		} else {
			w.open(path)
		}
		for _, next := range eval[[]string](w.person,
			`[...document.querySelectorAll('main a[href^="/security/"]')].map(a => a.pathname)`) {
			if !seen[next] && !w.reached[w.route(next)] {
				seen[next] = true
				from = append(from, next)
			}
		}
	}
}

// signingIn are the pages between the password and the session, and the fresh second step.
func (w *sweep) signingIn() {
	w.byCode()
	w.signIn().at("/sign-in/verify").says(w.word("touch.waiting"))
	w.look("second step, key waiting")
	for _, with := range []string{"passkey", "app", "touch", "token", "yubiotp", "sms", "call", "email", "recovery"} {
		w.see("/sign-in/verify?with=" + with)
	}
	w.open("/sign-in/verify?with=app").fill("code", "000000").submit("/sign-in/verify")
	w.look("second step, wrong code")
	w.open("/sign-in/verify?with=recovery").fill("code", "0000-0000").submit("/sign-in/verify")
	w.look("second step, wrong recovery code")
	w.open("/sign-in/verify?with=sms").press(`main form[action="/sign-in/send"] button.btn-main`).says(w.word("verify.sms.help"))
	w.press("details#help summary")
	w.look("second step, text sent")
	w.follow(`details#help button[name=with][value=call]`).press("details#help summary")
	w.look("second step, call made")
	w.see("/sign-in/help")
	w.open("/sign-in/verify?with=sms").fill("code",
		w.house.code(w.t, "voice", w.phone)).submit("/sign-in/verify").at("/security")
	w.look("overview, a sign-in by the security code waits")
	w.follow(`main form[action$="/stop"] button`).at("/security")
	w.see("/security/password") // a text is too weak for that: the fresh second step
	w.see("/confirm?for=password&next=/security/password&with=app")

	w.signOut().open("/sign-in/key").fill("identifier", w.email).submit("/sign-in/key")
	w.look("key first, waiting")
	w.key.touched(true)
	w.open("/sign-in/key").fill("identifier", w.email).submit("/sign-in/key").says(w.word("sign-in-key.password.title"))
	w.look("key first, password")
	w.fill("password", password).submit("/sign-in/key/password").home()
	w.key.touched(false)

	w.signOut().open("/forgot").fill("identifier", w.email).submit("/forgot").at("/forgot/sent")
	w.fill("code", w.house.letter(w.t, "email", w.email, "/forgot/").mailedCode(w.t)).submit("/forgot/sent").at("/forgot/choose")
	w.follow(`form[action="/forgot/choose/sign-in"] button`).at("/sign-in/verify").open("/sign-in/verify?with=app")
	w.fill("code", w.code()).submit("/sign-in/verify").home().says(w.word("security.temporary.title"))
	w.look("overview, a new password offered")

	w.signOut()
	w.see("/forgot/phone")
	w.fill("phone", w.phone).submit("/forgot/phone").at("/forgot/phone/check")
	w.look("a puzzle before a text")
	w.follow("main [data-work]").at("/forgot/phone/code")
	w.look("code of a reset by phone")
	w.fill("code", w.house.code(w.t, "sms", w.phone)).submit("/forgot/phone/code").at("/forgot/phone/name")
	w.fill("user-name", "another shop").submit("/forgot/phone/name").problem("user-name-wrong")
	w.look("user name of a reset, refused")
	w.signIn().at("/sign-in/verify")
	w.open("/sign-in/verify?with=app").fill("code", w.code()).submit("/sign-in/verify").home()
}

// letInToMessages opens the page of messages by an address that the program printed. Each is good once: once it is
// used up, asking for the page makes the log tell another.
func (w *sweep) letInToMessages() {
	w.t.Helper()
	w.house.mu.Lock()
	defer w.house.mu.Unlock()
	address := regexp.MustCompile(regexp.QuoteMeta(w.house.origin) + `/dev/messages\?token=[\w-]+`)
	if !try(patience, func() bool { // the newest address may be printed a moment after it is asked for
		r, err := http.Get(w.house.origin + "/dev/messages")
		if err != nil {
			w.t.Fatal(err)
		}
		_ = r.Body.Close()
		printed := address.FindAllString(w.house.out.String(), -1)
		if len(printed) == 0 {
			return false
		}
		w.open(strings.TrimPrefix(printed[len(printed)-1], w.house.origin)).until("the page", "document.readyState === 'complete'")
		return strings.Contains(eval[string](w.person, "document.body.innerText"), w.word("dev.title"))
	}) {
		w.t.Fatal("got no address of the messages that opens, in what the program printed")
	}
}

// lab looks, from a window of its own, at pages that say above everything that they are a lab's.
func (w *sweep) lab(origin string) {
	room := &sweep{person: w.s.person(w.t, &program{origin: origin, out: new(output)}, w.lang), axe: w.axe,
		reached: w.reached, stops: w.stops, routes: w.routes}
	for _, path := range []string{"/sign-in", "/sign-up", "/help/check", "/dev/messages"} {
		room.open(path).says(w.word("frame.lab"))
		room.look("a lab: " + path)
	}
}

// rest wants every other route to lead to a page that was seen: it is posted to, never shown.
func (w *sweep) rest() {
	for _, r := range w.routes {
		if w.reached[r] {
			continue
		}
		if strings.HasSuffix(r, "/{case}/pictures/{picture}") || strings.HasSuffix(r, "/file/{form}") {
			continue // a picture or a file is no page
		}
		path := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(r, "0")
		w.open(path).until("the page", "document.readyState === 'complete'")
		at := eval[string](w.person, "location.pathname")
		outside := at == "/desk/sign-in" && r != "/desk" // where it leads whoever may not see it
		if to := w.route(at); to == r || !w.reached[to] || outside {
			w.t.Errorf("route %s: got no page of it swept (opening it leads to %s), want each", r, at)
		}
	}
}
