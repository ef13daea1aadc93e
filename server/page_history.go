package server

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// This file is the history on pages, and as a file to take away.

func historyPages() []page {
	return []page{
		{path: "/security/history", who: enrolled, uses: []string{"Security", "History", "ItemHistory", "OwnReports"},
			get: historyView},
		{path: "/security/history/file/{form}", who: enrolled, uses: []string{"TakeHistory"}, get: historyFile},
	}
}

func historyView(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	v := &assets.History{Frame: f, About: x.query("about"), Methods: x.s.historyItems(info.Methods)}
	for _, m := range info.Me.Shops {
		v.Shops = append(v.Shops, assets.ShopLine{ID: m.ID, Name: m.Name, Role: m.Role})
	}
	list, err := x.historyPart(v.About, strings.TrimSpace(x.query("before")))
	if err != nil {
		return err
	}
	said, err := x.s.recovery.OwnReports(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	v.Older, v.NotMes = list.Next, len(said)
	for _, e := range list.Events {
		v.Events = append(v.Events, x.s.event(e))
	}
	return x.show(http.StatusOK, v)
}

// historyPart is a page of the history: of one thing, "" for everything.
func (x *request) historyPart(about, cursor string) (*auth.HistoryInfo, error) {
	if about == "" {
		return x.s.service.History(x.r.Context(), x.caller, cursor, historyPage)
	}
	return x.s.service.ItemHistory(x.r.Context(), x.caller, about, cursor)
}

// historyItems are the methods whose history can be asked for. A stick that is touched and keeps codes is one of them:
// its id is the device's.
func (s *Server) historyItems(list []auth.AuthenticatorInfo) []assets.Method {
	var out []assets.Method
	for _, h := range s.holders(list) {
		m := h.Method
		for i := range list {
			if len(h.Holds) > 0 && list[i].ID == m.ID {
				m.ID = list[i].Device
			}
		}
		out = append(out, m)
	}
	return out
}

// An entryFile writes entries of the history one by one.
type entryFile interface {
	write(assets.EntryWords) error
	flush() error
}

// historyFiles are the forms in which a history can be taken away.
func (x *request) historyFiles() map[string]struct {
	name, media string
	open        func(io.Writer) (entryFile, error)
} {
	return map[string]struct {
		name, media string
		open        func(io.Writer) (entryFile, error)
	}{
		"csv":   {"history.csv", "text/csv; charset=utf-8", x.openTable},
		"lines": {"history.jsonl", "application/jsonl; charset=utf-8", openLines},
	}
}

// leastRate is how long a slice of a file may take to whoever reads it.
const leastRate = 30 * time.Second

// historyFile writes the history slice by slice. What fails once it has begun cuts the answer off: half a history must
// not look like a whole one.
func historyFile(x *request) error {
	form, ok := x.historyFiles()[x.param("form")]
	if !ok {
		return auth.Refuse(auth.NotFound)
	}
	err := x.writeHistory(x.query("about"), &lateFile{open: func() (entryFile, error) {
		x.beginFile(form.media, form.name)
		return form.open(x)
	}})
	if err != nil && x.Status != 0 {
		panic(http.ErrAbortHandler)
	}
	return err
}

// beginFile says that the answer is a file.
func (x *request) beginFile(media, name string) {
	h := x.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Language", x.caller.Language)
}

// writeHistory writes the history, or that of one thing, as it is read: each slice has as long as any answer has.
func (x *request) writeHistory(about string, file entryFile) error {
	wire := http.NewResponseController(x)
	return x.s.service.TakeHistory(x.r.Context(), x.caller, about, func(events []auth.EventInfo) error {
		_ = wire.SetWriteDeadline(time.Now().Add(leastRate)) // where there is a connection; by the machine's clock, as it is
		for _, e := range events {
			if err := file.write(x.s.texts.Entry(x.caller.Language, x.s.event(e))); err != nil {
				return err
			}
		}
		return file.flush()
	})
}

// A lateFile is opened by what is first written to it: until then a refusal can still be told.
type lateFile struct {
	open func() (entryFile, error)
	file entryFile
}

func (l *lateFile) begin() (err error) {
	if l.file == nil {
		l.file, err = l.open()
	}
	return err
}

func (l *lateFile) write(e assets.EntryWords) error {
	if err := l.begin(); err != nil {
		return err
	}
	return l.file.write(e)
}

func (l *lateFile) flush() error {
	if err := l.begin(); err != nil {
		return err
	}
	return l.file.flush()
}

// An entryTable is a history for a spreadsheet.
type entryTable struct{ w *csv.Writer }

// openTable writes the heads of the columns, behind the mark by which spreadsheets know UTF-8.
func (x *request) openTable(w io.Writer) (entryFile, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := x.s.texts.EntryColumns(x.caller.Language)
	t := entryTable{csv.NewWriter(w)}
	t.w.UseCRLF = true // RFC 4180
	return t, t.w.Write([]string{c.Time, c.What, c.Times, c.Browser, c.Place})
}

func (t entryTable) write(e assets.EntryWords) error {
	return t.w.Write([]string{e.Time, plainCell(e.What), strconv.Itoa(max(e.Times, 1)), plainCell(e.Browser),
		plainCell(e.Place)})
}

func (t entryTable) flush() error {
	t.w.Flush()
	return t.w.Error()
}

// plainCell is a value that no spreadsheet takes for a formula: whoever names a key or a browser must not have the
// reader's program compute anything (CSV injection). Full-width signs count in Chinese ones.
func plainCell(v string) string {
	if strings.ContainsAny(firstSign(v), "=+-@|%\t\r\n＝＋－＠") {
		return "'" + v
	}
	return v
}

// firstSign is the first sign of a text that is no blank, "" for none. Tabs and line ends are signs: they begin formulas.
func firstSign(v string) string {
	for _, r := range strings.TrimLeft(v, " \u00a0\u3000") {
		return string(r)
	}
	return ""
}

// entryLines is a history for programs: {"time", "what", "times", "browser", "place"}, a line each.
type entryLines struct{ e *json.Encoder }

func openLines(w io.Writer) (entryFile, error) {
	return entryLines{plainJSON(w)}, nil
}

// plainJSON writes values as they are: nothing of it is put into a page.
func plainJSON(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

func (l entryLines) write(e assets.EntryWords) error {
	return l.e.Encode(struct {
		Time    string `json:"time"`
		What    string `json:"what"`
		Times   int    `json:"times"`
		Browser string `json:"browser,omitempty"`
		Place   string `json:"place,omitempty"`
	}{e.Time, e.What, max(e.Times, 1), e.Browser, e.Place})
}

func (l entryLines) flush() error { return nil }
