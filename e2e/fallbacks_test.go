package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-auth/latchkey/needs"
)

func fallbackJourneys() []journey {
	return []journey{
		{"every method in place of the key", (*person).fallbacks},
		{"an app that reads the picture", (*person).picture},
		{"a text, then a call", (*person).textThenCall},
		{"recovery codes", (*person).recovery},
	}
}

// fallbacks leaves the key at home and signs in with everything else, each chosen on the key's page.
func (p *person) fallbacks() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addApp().at("/security").says(p.word("done.app-added.title"))
	p.addPhone("sms").at("/security").says(p.word("done.phone-added.title"))
	mailbox := "backup-" + p.email
	p.open("/security/email/new").fill("email",
		mailbox).submit("/security/email/new").says(p.word("verify.email.title"))
	p.fill("code",
		p.house.code(p.t, "email",
			mailbox)).submit("/security/email/new").at("/security").says(p.word("done.email-added.title"))
	codes := p.saveCodes()
	k.unplug()

	lacking := p.word("verify.no-key")
	for _, way := range []struct {
		with, channel, to, code string
	}{
		{with: "app"},
		{with: "sms", channel: "sms", to: p.phone},
		{with: "call", channel: "voice", to: p.phone},
		{with: "email", channel: "email", to: mailbox},
		{with: "recovery", code: codes[0]},
	} {
		p.signOut().signIn().at("/sign-in/verify").says(lacking)
		if way.channel == "" {
			p.follow(`main a[href*="with=` + way.with + `"]`)
		} else {
			p.follow(`main button[name=with][value=` + way.with + `]`)
			way.code = p.house.code(p.t, way.channel, way.to)
		}
		if way.with == "app" {
			way.code = p.code()
		}
		p.says(p.word("verify." + way.with + ".title"))
		p.fill("code", way.code).submit("/sign-in/verify").at("/security")
	}
	p.says(p.word("codes.count", "n", 9, "total", 10))
}

// addPhone adds the seller's number, which he does not type again.
func (p *person) addPhone(via string) *person {
	p.t.Helper()
	p.open("/security/phone/new").press("main [name=via][value=" + via + "]")
	p.submit("/security/phone/new")
	channel := map[string]string{"sms": "sms", "call": "voice"}[via]
	return p.fill("code", p.house.code(p.t, channel, p.phone)).submit("/security/phone/new")
}

// saveCodes makes recovery codes and returns them.
func (p *person) saveCodes() []string {
	p.t.Helper()
	p.open("/security/codes").submit("/security/codes").says(p.word("codes-shown.title", "n", 10))
	codes := eval[[]string](p, "[...document.querySelectorAll('#cs li')].map(e => e.textContent)")
	if len(codes) != 10 {
		p.t.Fatalf("got %d recovery codes, want 10", len(codes))
	}
	p.press("main [name=saved]").submit("/security/codes/saved").at("/security").says(p.word("done.codes-saved.title"))
	return codes
}

// picture scans the QR code as it is drawn, with a reader that nobody here wrote, and answers with
// an app that nobody here wrote.
func (p *person) picture() {
	reader, app := needs.Program(p.t, "zbarimg"), needs.Program(p.t, "oathtool")
	p.registered().signIn().at("/security/start")
	p.open("/security/app/new").at("/security/app/new").says(p.word("app-new.title"))
	shot, err := chromedp.Run(p.ctx, chromedp.Screenshot(chromedp.CSS(".qr")))
	if err != nil {
		p.t.Fatal(err)
	}
	file := filepath.Join(p.t.TempDir(), "qr.png")
	if err := os.WriteFile(file, shot, 0o600); err != nil {
		p.t.Fatal(err)
	}
	out, err := exec.Command(reader, "--quiet", "--raw", file).Output() // it complains of a desk it has not
	if err != nil {
		p.t.Fatalf("reading the picture: %v", err)
	}
	uri := strings.TrimSpace(string(out))
	secret := regexp.MustCompile(`[?&]secret=([A-Z2-7]+)`).FindStringSubmatch(uri)
	if !strings.HasPrefix(uri, "otpauth://totp/Latchkey") || secret == nil {
		p.t.Fatalf("the picture says %q, want otpauth://totp/Latchkey… with a secret", uri)
	}
	p.press("main details:has(#sec) summary")
	if text := strings.Join(strings.Fields(p.text("#sec")), ""); text != secret[1] {
		p.t.Errorf("the picture and the text differ: got %q and %q", secret[1], text)
	}
	code := func(at time.Time) string {
		out, err := exec.Command(app, "--totp", "--base32", "--now", at.UTC().Format("2006-01-02 15:04:05 UTC"),
			secret[1]).CombinedOutput()
		if err != nil {
			p.t.Fatalf("the app: %v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	p.fill("code", "000000").submit("/security/app/new").problem("code-wrong")
	used := code(time.Now())
	p.fill("code", used).submit("/security/app/new").at("/security/start").says(p.word("done.enrolled.title"))

	p.signOut().signIn().at("/sign-in/verify").says(p.word("verify.app.title"))
	// The code that has been used is told from a wrong one.
	p.fill("code", used).submit("/sign-in/verify").problem("code-used")
	p.fill("code", code(time.Now().Add(30*time.Second))).submit("/sign-in/verify").at("/security")
}

// textThenCall is the first-line help of R64 to R66: the text does not come, so we call.
func (p *person) textThenCall() {
	p.registered().signIn().at("/security/start")
	p.addPhone("sms").at("/security/start").says(p.word("done.enrolled.title"))
	p.signOut()
	// The number is as good an identifier as the address (R1).
	p.open("/sign-in").fill("identifier", p.phone, "password", password).submit("/sign-in")
	p.at("/sign-in/verify").press(`main form[action="/sign-in/send"] button.btn-main`)
	p.says(p.word("verify.sms.title"))
	text := p.house.message(p.t, "sms", p.phone)
	p.says(text.Label)
	p.until("help in sight, closed",
		"document.querySelector('details#help') && !document.querySelector('details#help').open")
	p.press("details#help summary").says(p.word("verify.sms.help"), p.word("help.call"), p.word("help.phone"),
		p.word("help.travel"), p.word("help.lost"))
	p.follow(`details#help button[name=with][value=call]`).says(p.word("verify.call.title"))
	call := p.house.message(p.t, "voice", p.phone)
	if call.code(p.t) != text.code(p.t) {
		p.t.Errorf("text and call: got different codes, want one that counts on both")
	}
	p.fill("code", "12345").submit("/sign-in/verify").problem("code-malformed")
	p.fill("code", call.code(p.t)).submit("/sign-in/verify").home()
}

// downloads presses a button and reads the file of that name that comes of it.
func (p *person) downloads(selector, name string) string {
	p.t.Helper()
	dir := p.t.TempDir()
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior,
		browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID, DownloadPath: dir}); err != nil {
		p.t.Fatal(err)
	}
	p.press(selector)
	var file []byte
	within(p.t, "the downloaded file", func() bool {
		var err error
		file, err = os.ReadFile(filepath.Join(dir, name))
		return err == nil && len(file) > 0
	})
	return string(file)
}

// recovery makes codes, downloads them, uses one, and finds that it works once.
func (p *person) recovery() {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	p.open("/security/codes").submit("/security/codes").says(p.word("codes-shown.title", "n", 10))
	codes := eval[[]string](p, "[...document.querySelectorAll('#cs li')].map(e => e.textContent)")
	file := p.downloads(`form[action="/security/codes/file"] button`, "recovery-codes.txt")
	lines := strings.Fields(file)
	for _, c := range codes {
		if !slices.Contains(lines, c) {
			p.t.Errorf("the file: got no code %q as on the page; it holds %q", c, file)
		}
	}
	// Without the tick the page stays.
	p.press("main [name=saved]").submit("/security/codes/saved").at("/security").says(p.word("codes.count", "n", 10,
		"total", 10))
	// Codes alone are no backup (R61).
	p.says(p.word("security.backup.title"))

	p.signOut().signIn().at("/sign-in/verify")
	p.follow(`main a[href*="with=recovery"]`).says(p.word("verify.recovery.title"))
	typed := strings.ToLower(strings.ReplaceAll(codes[3], "-", " ")) // as somebody copies it from paper
	p.fill("code", " "+typed+" ").submit("/sign-in/verify").at("/security").says(p.word("codes.count", "n", 9,
		"total", 10))
	p.signOut().signIn().at("/sign-in/verify").open("/sign-in/verify?with=recovery")
	p.fill("code", codes[3]).submit("/sign-in/verify").problem("recovery-code-used")
	p.fill("code", codes[4]).submit("/sign-in/verify").at("/security").says(p.word("codes.count", "n", 8, "total", 10))
}
