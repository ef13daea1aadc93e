// Package e2e tests the whole program as people meet it: the real binary, a real Chromium with the
// software authenticators of the DevTools protocol, and the messages that the program writes while
// no gateway is configured.
//
//	stage     what all journeys share: the built program, one browser process, one running server
//	  program   latchkey serve on a port and a data folder of its own            program_test.go
//	  person    one incognito window of that browser, in one language             person_test.go
//	    key       a software authenticator in that window                          key_test.go
//	    seller    the account that the person has, and the app on his phone        seller_test.go
//
// A person notices what nobody should ever see: requests to other hosts, errors on the console,
// breaches of the Content-Security-Policy. Each fails his test. A test that fails writes a picture
// and the page into its artifact directory (go test -artifacts) and says what stood on the page.
//
// Tools that are missing skip what needs them, and fail it where LATCHKEY_TEST_ALL or CI is set.
package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/needs"
)

// A stage is what all journeys share.
type stage struct {
	binary  string
	browser context.Context // its browser process runs as long as this
	agent   string          // what the browser calls itself
	texts   *assets.Texts
	house   *program
	hasty   *program     // where a ceremony lasts seconds
	number  atomic.Int64 // of the next seller
}

// A journey is one way through the pages, gone in both languages.
type journey struct {
	name string
	walk func(p *person)
}

func TestJourneys(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	all := slices.Concat(keyJourneys(), fallbackJourneys(), stepUpJourneys(), refusalJourneys(), passkeyJourneys(),
		trustJourneys(), hardshipJourneys(), keyboardJourneys(), shopJourneys(), secretJourneys(), recoveryJourneys(),
		vouchJourneys(), handOverJourneys(), forgotJourneys(), deskJourneys(), dormantJourneys(), closingJourneys(), responseJourneys(),
		boughtJourneys(), reminderJourneys(), notMeJourneys(), countedJourneys(), yubicoJourneys(), recallJourneys())
	for _, j := range all {
		for _, lang := range []string{assets.English, assets.Chinese} {
			t.Run(j.name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				j.walk(s.person(t, s.house, lang))
			})
		}
	}
	for i, j := range walkJourneys() { // these are of the browser: one language each will do
		lang := []string{assets.English, assets.Chinese}[i%2]
		t.Run(j.name+"/"+lang, func(t *testing.T) {
			t.Parallel()
			j.walk(s.person(t, s.house, lang))
		})
	}
}

// newStage builds the program, starts it with what a machine at hand needs, and starts the browser.
func newStage(t *testing.T) *stage {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow to start")
	}
	s := &stage{binary: build(t)}
	var err error
	if s.texts, err = assets.NewTexts(nil); err != nil {
		t.Fatal(err)
	}
	s.startBrowser(t)
	// One machine is every seller's here; and nobody waits half a minute for a second code, or for
	// the app's next one.
	quick := []string{"LATCHKEY_SERVER_RATE_BURST=-1", "LATCHKEY_POLICY_RESEND_AFTER=0s", "LATCHKEY_TOTP_WINDOW=4",
		"LATCHKEY_RECOVERY_CASES=true", "LATCHKEY_DESK=true"}
	s.house = startProgram(t, s.binary, t.TempDir(), quick...)
	s.hasty = startProgram(t, s.binary, t.TempDir(), append(quick, "LATCHKEY_POLICY_CEREMONY_LIFE=20s")...)
	return s
}

// startBrowser starts the one browser process. Each person has an incognito window of it.
func (s *stage) startBrowser(t *testing.T) {
	t.Helper()
	path := needs.Chromium(t)
	// A process for each page, a spare one, and painting as on a graphics card would be a quarter of the work.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.CombinedOutput(io.Discard),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-site-isolation-trials", true),
		chromedp.Flag("renderer-process-limit", "4"),
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,SpareRendererForSitePerProcess"),
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.Flag("lang", "en-GB"))
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(options...))
	t.Cleanup(func() {
		cancel()
		if err := chromedp.WaitClosed(ctx); err != nil {
			t.Logf("closing the browser: %v", err)
		}
	})
	agent, err := chromedp.Run(ctx, chromedp.Evaluate[string]("navigator.userAgent"))
	if err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	s.browser, s.agent = ctx, strings.Replace(agent, "HeadlessChrome", "Chrome", 1)
}

// build makes the program once for the tests of one function.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latchkey")
	c := exec.Command("go", "build", "-trimpath", "-o", path, "../cmd/latchkey")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	return path
}

// within asks again and again until ok, and fails the test after a time that only a hang takes.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !try(30*time.Second, ok) {
		t.Fatalf("waited 30 s for %s", what)
	}
}

func try(long time.Duration, ok func() bool) bool {
	end := time.Now().Add(long)
	for !ok() {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(25 * time.Millisecond) // a poll: nothing tells us
	}
	return true
}

// whereToPress is a script that finds the middle of an element, if that is what a press there would
// hit: nothing may lie above it, but the words that label it. Of a link that goes on in another line it is that of
// the first.
func whereToPress(selector string) string {
	return fmt.Sprintf(`(e => {
		if (!e) return null;
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = e.getClientRects()[0] ?? e.getBoundingClientRect(), x = Math.floor(r.x + r.width / 2), y = Math.floor(r.y + r.height / 2), top = document.elementFromPoint(x, y);
		return top && (e.contains(top) || top.closest('label')?.control === e) ? [x, y] : null })(document.querySelector(%s))`, quote(selector))
}

// settled asks where to press until two answers agree: what still moves would be missed.
func settled(where func() (*[2]float64, error)) (at [2]float64, err error) {
	var last *[2]float64
	if !try(patience, func() bool {
		var now *[2]float64
		now, err = where()
		still := err == nil && now != nil && last != nil && *now == *last
		last = now
		return still
	}) {
		return at, fmt.Errorf("nothing there that can be pressed (%w)", err)
	}
	return *last, nil
}

func (s *stage) say(lang, key string, pairs ...any) string {
	if !s.texts.Has(key) && !s.texts.Has(key+".one") {
		panic(fmt.Sprintf("no text %q", key))
	}
	args := assets.Args{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	return s.texts.Say(lang, key, args)
}
