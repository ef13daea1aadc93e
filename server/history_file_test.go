package server

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cells are the rows of a history as a table, behind its mark and without the heads.
func cells(t *testing.T, text string) [][]string {
	t.Helper()
	text, marked := strings.CutPrefix(text, "\ufeff")
	if !marked {
		t.Error("got no mark, want that of UTF-8 for spreadsheets")
	}
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("got the table %q: %v", text, err)
	}
	return all
}

// A history that is taken away says what the page says, in the page's language and zone, whole or of one thing, as a
// table and as lines, and nothing more.
func TestHistoryIsTakenAsFiles(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	shop := p.shop("Blue shop")
	p.addKey("Blue key")
	key := p.methodID("webauthn")
	for lang, said := range map[string]struct{ heads, zone, key, shop string }{
		"en": {"Time,What happened,Times,Browser,Network address", "2026-03-03T14:00:00Z",
			"Security key added: “Blue key”",
			"Shop created: “Blue shop”"},
		"zh-CN": {"时间,内容,次数,浏览器,网络地址", "2026-03-03T22:00:00+08:00", "添加安全密钥“Blue key”", "创建店铺“Blue shop”"},
	} {
		p.lang = lang
		page := wordsOf(p.open("/security/history").text)
		for about, only := range map[string]string{"": "", "?about=" + key: said.key, "?about=" + shop: said.shop} {
			table := p.send("GET", "/security/history/file/csv"+about, "", "")
			lines := p.send("GET", "/security/history/file/lines"+about, "", "")
			for media, got := range map[string]http.Header{"text/csv": table.Header(),
				"application/jsonl": lines.Header()} {
				if !strings.HasPrefix(got.Get("Content-Type"), media) || got.Get("Content-Language") != lang ||
					!strings.HasPrefix(got.Get("Content-Disposition"), "attachment") {
					t.Errorf("got %v, want a file of %s in %s", got, media, lang)
				}
			}
			rows := cells(t, table.Body.String())
			if got := strings.Join(rows[0], ","); got != said.heads {
				t.Errorf("got the heads %s, want %s", got, said.heads)
			}
			all := strings.Split(strings.TrimSpace(lines.Body.String()), "\n")
			if len(all) != len(rows)-1 || only != "" && len(all) != 1 || only == "" && len(all) < 5 {
				t.Fatalf("%s: got %d lines and %d rows", about, len(all), len(rows)-1)
			}
			for i, raw := range all {
				var line struct {
					Time, What, Browser, Place string
					Times                      int
				}
				if err := json.Unmarshal([]byte(raw), &line); err != nil {
					t.Fatal(err)
				}
				row := []string{line.Time, line.What, strconv.Itoa(line.Times), line.Browser, line.Place}
				if !slices.Equal(row, rows[i+1]) {
					t.Errorf("got the line %q, want the row %q", row, rows[i+1])
				}
				if !strings.Contains(page, line.What) || only != "" && line.What != only || line.Time != said.zone {
					t.Errorf("%s: got %s %q, want what the page says", about, line.Time, line.What)
				}
			}
		}
	}
	if got := p.send("GET", "/security/history/file/pdf", "", ""); got.Code != 404 {
		t.Errorf("another form: got %d, want 404", got.Code)
	}
	stranger := w.browser()
	if s := stranger.open("/security/history/file/csv"); s.path != "/sign-in" {
		t.Errorf("a stranger: got %s, want to sign in", s.path)
	}
}

// The history of one thing has its own page, and its entries alone.
func TestHistoryOfOneThing(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	shop := p.shop("Blue shop")
	p.addKey("Blue key")
	p.open("/security/history").says("Everything", "Shop: Blue shop", "Blue key")
	s := p.open("/security/history?about=" + shop).says("Shop created: “Blue shop”")
	if strings.Contains(wordsOf(s.text), "Security key added") {
		t.Error("the history of a shop: got that of a key")
	}
	if !strings.Contains(s.text, "/security/history/file/csv?about="+shop) {
		t.Error("got no file of the shop's history")
	}
	var list struct{ Events []struct{ Action string } }
	p.must("GET", "/history/"+shop, nil, &list)
	if len(list.Events) != 1 || list.Events[0].Action != "shop-create" {
		t.Errorf("the API: got %v, want how the shop was made", list.Events)
	}
	var have struct {
		Methods []struct{ ID, Name, Device string }
	}
	p.must("GET", "/security", nil, &have)
	at := slices.IndexFunc(have.Methods, func(m struct{ ID, Name, Device string }) bool { return m.Name == "Blue key" })
	for _, id := range []string{have.Methods[at].ID, have.Methods[at].Device} {
		p.must("GET", "/history/"+id, nil, &list)
		if len(list.Events) != 1 || list.Events[0].Action != "add-method" {
			t.Errorf("a key, and what it lives on: got %v of %s, want how it was added", list.Events, id)
		}
	}
	if got := refused(t, p.api("GET", "/history/"+shop+"?cursor=x", nil, nil)); got.Code != "malformed-request" {
		t.Errorf("a cursor of nothing: got %s", got.Code)
	}
}

// No cell of a table begins as formulas do, in spreadsheets of any language.
func TestNoCellIsAFormula(t *testing.T) {
	for _, v := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  =1", "　=1",
		"\u00a0=1", "＝1",
		"＋1", "－1", "＠A", "|cmd", "%0", "=cmd|' /C calc'!A0"} {
		if got := plainCell(v); got != "'"+v {
			t.Errorf("%q: got %q, want it marked as text", v, got)
		}
	}
	for _, v := range []string{"", " ", "Signed in", "“=1”", "192.0.2.1", "::1", "添加", "Firefox on Linux", "1-1"} {
		if got := plainCell(v); got != v {
			t.Errorf("%q: got %q, want it as it is", v, got)
		}
	}
}

// A cuttingWriter does something when the first of an answer is written.
type cuttingWriter struct {
	*httptest.ResponseRecorder
	first func()
}

func (c *cuttingWriter) Write(b []byte) (int, error) {
	if c.first != nil {
		c.first()
		c.first = nil
	}
	return c.ResponseRecorder.Write(b)
}

// What fails once a file has begun cuts it off: half a history does not look like a whole one.
func TestHalfAHistoryIsNoHistory(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	id := p.methodID("totp")
	for i := range 510 {
		p.must("PATCH", "/methods/"+id, m{"name": "App " + strconv.Itoa(i)}, nil)
		w.pass(time.Second)
	}
	r := httptest.NewRequest("GET", testOrigin+"/security/history/file/csv", nil)
	r.RemoteAddr = p.address
	for _, c := range p.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	got := &cuttingWriter{httptest.NewRecorder(), func() { p.must("DELETE", "/session", nil, nil) }}
	defer func() {
		if why := recover(); why != http.ErrAbortHandler {
			t.Errorf("signed out half-way: got %v and %d bytes, want it cut off", why, got.Body.Len())
		}
		if n := len(cells(t, got.Body.String())); n != 501 {
			t.Errorf("got %d rows, want the heads and one slice", n)
		}
	}()
	w.server.ServeHTTP(got, r)
}
