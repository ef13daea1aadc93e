package assets

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// newYork is a reader's zone that is another day than China for half of every day.
func newYork(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// moments are what a page of the catalogue's layouts would show: a clock, a date in either language.
var moments = regexp.MustCompile(`\d{1,2}:\d\d|\d 月 \d|\d (January|February|March|April|May|June|July|August|` +
	`September|October|November|December) \d|\d{4}-\d\d-\d\d`)

// Every time on every page is one that the script finds: it has a moment, and the sort of its form.
func TestEveryTimeOnAPageIsOne(t *testing.T) {
	p := newPages(t, Config{})
	seen := map[string]bool{}
	for _, lang := range []string{English, Chinese} {
		for _, s := range Samples(noon) {
			doc, err := html.Parse(strings.NewReader(render(t, p, lang, s.View)))
			if err != nil {
				t.Fatal(err)
			}
			for n := range doc.Descendants() {
				if n.Type == html.ElementNode && n.Data == "time" {
					at, _ := attribute(n, "datetime")
					if _, err := time.Parse(time.RFC3339, at); err != nil {
						t.Errorf("%s/%s: %v", lang, s.Name, err)
					}
					sort, _ := attribute(n, "data-time")
					seen[sort] = true
				}
				for _, a := range n.Attr {
					read := slices.Contains([]string{"aria-label", "title", "alt", "placeholder"}, a.Key)
					if read && moments.MatchString(a.Val) {
						t.Errorf("%s/%s: got a time in %s: %q, want it where the script can write it", lang, s.Name,
							a.Key, a.Val)
					}
				}
				if n.Type == html.TextNode && n.Parent.Data != "time" && moments.MatchString(n.Data) {
					t.Errorf("%s/%s: got %q in <%s>, want the time in <time>", lang, s.Name, n.Data, n.Parent.Data)
				}
			}
		}
	}
	want := []string{"clock", "day", "full", "time", "when"}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("got the forms %v, want each shown by a sample: %v", got, want)
	}
}

// In another zone the script writes what the server would have written for a site there; the foot need not name it.
func TestTimesInTheReadersZone(t *testing.T) {
	s := newStage(t)
	there, err := NewTexts(newYork(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPages(Config{Host: "localhost", Methods: builtIn(t)}, there)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, emulation.SetTimezoneOverride,
		emulation.SetTimezoneOverrideParams{TimezoneID: "America/New_York"}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf("Date.now = () => %d", noon.UnixMilli())}); err != nil {
		t.Fatal(err)
	}
	between := regexp.MustCompile(`(?s)<time [^>]*data-time="([a-z]+)">(.*?)</time>`)
	for _, s.lang = range []string{English, Chinese} {
		sorts := map[string]bool{}
		for _, sample := range Samples(noon) {
			var want []string
			for _, m := range between.FindAllStringSubmatch(render(t, p, s.lang, sample.View), -1) {
				want = append(want, m[2])
				if sorts[m[1]] {
					continue
				}
				sorts[m[1]] = true
				want = append(want, "new")
			}
			if !slices.Contains(want, "new") {
				continue // nothing that was not looked at
			}
			want = slices.DeleteFunc(want, func(one string) bool { return one == "new" })
			s.show(sample.View)
			got, err := chromedp.Run(s.ctx,
				chromedp.Evaluate[[]string](`[...document.querySelectorAll('time')].map(t => t.textContent)`))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s/%s: got %q, want %q", s.lang, sample.Name, got, want)
			}
			hidden, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool](`document.querySelector('.zone').hidden`))
			if err != nil || !hidden {
				t.Errorf("%s/%s: got the page's zone named beside times of the reader's (%v)", s.lang, sample.Name, err)
			}
		}
		if len(sorts) != 5 {
			t.Errorf("%s: got the forms %v, want five", s.lang, sorts)
		}
	}
}

// Without a zone of the site, each language has its own.
func TestZoneByLanguage(t *testing.T) {
	at := time.Date(2026, 3, 3, 20, 3, 0, 0, time.UTC)
	for _, c := range []struct {
		zone     *time.Location
		lang     string
		day, off string
	}{
		{nil, English, "3 March 2026", "UTC"}, {nil, Chinese, "2026 年 3 月 4 日", "UTC+8"},
		{time.UTC, Chinese, "2026 年 3 月 3 日", "UTC"}, {newYork(t), English, "3 March 2026", "UTC-5"},
	} {
		texts, err := NewTexts(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPages(Config{Methods: builtIn(t)}, texts)
		if err != nil {
			t.Fatal(err)
		}
		if got := texts.plain(c.lang, Day(at), at); got != c.day {
			t.Errorf("%v, %s: got %s, want %s", c.zone, c.lang, got, c.day)
		}
		shown := render(t, p, c.lang, &History{Frame: Frame{Now: at}, Events: []Event{{At: at, What: "sign-out"}}})
		if !strings.Contains(shown, c.off) {
			t.Errorf("%v, %s: the page does not name %s", c.zone, c.lang, c.off)
		}
	}
}

// A program may show the words of a refusal to anybody, and they name the zone as well.
func TestProblemsNameTheZone(t *testing.T) {
	texts, err := NewTexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{
		English: "Sign-in with a password is locked until 06:03 (UTC)", Chinese: "密码登录已锁定至 14:03（UTC+8）"} {
		if title, _ := texts.Problem(lang, "sign-in-locked", Args{"time": noon, "now": noon}); title != want {
			t.Errorf("got %q, want %q", title, want)
		}
	}
	_, detail := texts.Problem(Chinese, "texts-later", Args{"time": noon, "now": noon})
	if !strings.Contains(detail, "14:03（UTC+8）后可再试") {
		t.Errorf("got %q, want no blank after the zone", detail)
	}
}

// A mail is read anywhere: it names the zone of every time in it.
func TestMailsNameTheZone(t *testing.T) {
	texts, err := NewTexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPages(Config{Site: "Shop"}, texts)
	if err != nil {
		t.Fatal(err)
	}
	clock := regexp.MustCompile(`\d\d:\d\d( on \d+ \w+ \d{4})?( \(UTC\)|（UTC\+8）)?`)
	times := 0
	for _, lang := range []string{English, Chinese} {
		for _, key := range texts.Keys() {
			name, isSubject := strings.CutSuffix(key, ".subject")
			if !isSubject || !strings.HasPrefix(name, "mail.") {
				continue
			}
			for _, undo := range []bool{false, true} {
				subject, text, body, err := p.Message(lang, name, Args{"what": "password", "name": "Red", "at": noon,
					"until": noon, "link": "https://shop.example/x", "code": "1234", "minutes": 10, "undo": undo,
					"browser": "Chrome · Windows", "place": "192.0.2.1", "person": "Wei"})
				if err != nil {
					t.Fatal(err)
				}
				for _, part := range []string{subject, text, body} {
					for _, m := range clock.FindAllStringSubmatch(html.UnescapeString(part), -1) {
						if times++; m[2] == "" {
							t.Errorf("%s in %s: got %q without its zone", name, lang, m[0])
						}
					}
				}
			}
		}
	}
	if times < 20 {
		t.Errorf("got %d times in all mails, want those that are there", times)
	}
}
