package assets

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Err returns the words of the problems of a form field, each title and detail together, and notes that the field has
// shown them.
func (c *pageData) Err(field string) []template.HTML {
	c.fields = append(c.fields, field)
	var words []template.HTML
	for _, p := range c.F.Problems {
		if p.Field == field {
			words = append(words, c.Line(p))
		}
	}
	return words
}

// join makes one line of what happened and what to do; titles stand without a stop of their own.
func (c *pageData) join(title, detail template.HTML) template.HTML {
	switch {
	case detail == "":
		return title
	case strings.HasSuffix(string(title), "?") || strings.HasSuffix(string(title), "？"):
		return title + c.Gap() + detail
	}
	return title + c.text("list.stop", nil) + detail
}

// Focus reports whether a field gets the focus: the first refused one of the page does, or the one that the page is
// for. One field alone has it.
func (c *pageData) Focus(field string, wanted any) bool {
	on, _ := wanted.(bool)
	on = on || slices.ContainsFunc(c.F.Problems, func(p Problem) bool { return p.Field == field })
	if c.focused == "" && on {
		c.focused = field
		return true
	}
	return false
}

func (c *pageData) problem(p Problem) (title, detail template.HTML) {
	key := c.p.texts.problemKey(p.Code)
	args := p.Args
	if c.F.Ticket != "" && args["ticket"] == nil {
		args = Args{"ticket": c.F.Ticket}
		for k, v := range p.Args {
			args[k] = v
		}
	}
	return c.text(key+".title", args), c.text(key+".detail", args)
}

// Problem is the words of one problem, for the page of a refusal.
func (c *pageData) Problem(p Problem) template.HTML { t, _ := c.problem(p); return t }

// Detail is what to do about one problem.
func (c *pageData) Detail(p Problem) template.HTML { _, d := c.problem(p); return d }

// wayOut is a link that helps after a refusal.
type wayOut struct{ Path, Text string }

// WayOut returns the link that helps after a refusal of this code, if there is one.
func (c *pageData) WayOut(code string) *wayOut {
	path, key := "", ""
	switch code {
	case "sign-in-locked", "link-used":
		path, key = "/forgot", "act.reset"
	case "mail-code-needed":
		path, key = "/sign-in/key", "sign-in.key"
	case "key-frozen", "key-model-refused", "key-model-revoked", "key-level-too-low":
		path, key = "/security/keys", "nav.keys"
	case "key-not-supported", "cookies-off", "key-insecure-page":
		path, key = "/help/check", "foot.check"
	case "ceremony-expired", "ceremony-void", "ceremony-used", "ceremony-other-browser":
		if c.F.Who != "" || slices.Contains([]string{"SignIn", "Forgot", "ForgotPhone"}, c.Page) {
			return nil // signed in, signing in, or where one begins anew: the way on is on the page
		}
		path, key = "/sign-in", "act.sign-in"
	case "session-ended", "session-required":
		path, key = "/sign-in", "act.sign-in"
	case "account-disabled", "internal", "key-not-recognised":
		path, key = "/help/contact", "act.support"
	case "must-enrol":
		path, key = "/security/start", "act.start"
	default:
		return nil
	}
	return &wayOut{c.To(path), key}
}

// notes draws the notice of the last act and every problem that no field has shown.
func (c *pageData) notes() (string, error) {
	if c.Page == "Failure" {
		return "", nil
	}
	var general, shown []Problem
	for _, p := range c.F.Problems {
		if p.Field != "" && slices.Contains(c.fields, p.Field) {
			shown = append(shown, p)
		} else {
			general = append(general, p)
		}
	}
	if len(shown) < 2 {
		shown = nil // one field alone needs no summary: it has the focus
	}
	said := Args{"General": general, "Fields": shown, "Refused": len(general) + len(shown)}
	room := max(1, maxNotes-c.noted)
	for _, n := range []struct {
		name  string
		there bool
	}{{"", len(general)+len(shown) > 0}, {"Notice", c.F.Notice != nil}, {"WeChat", c.F.WeChat},
		{"Banner", c.F.Banner != ""}} {
		if n.there && room > 0 {
			said[n.name] = true
			room--
		}
	}
	return c.run("notes", part{c, said})
}

// maxNotes is how many notices a page has at most: of more, none is read. What was refused comes first.
const maxNotes = 2

// Noted says that a part draws a notice.
func (c *pageData) Noted() string { c.noted++; return "" }

// Line is a problem as one line of a list.
func (c *pageData) Line(p Problem) template.HTML {
	title, detail := c.problem(p)
	return c.join(title, detail)
}

// Refused reports whether the page answers with a refusal; its title then begins with "Error:".
func (c *pageData) Refused() bool { return len(c.F.Problems) > 0 && c.Page != "Failure" }

// Now reports whether t has come: a new code may be asked for.
func (c *pageData) Now(t time.Time) bool { return t.IsZero() || !t.After(c.F.Now) }

// Seconds until t, rounded up.
func (c *pageData) Seconds(t time.Time) int {
	return int((t.Sub(c.F.Now) + time.Second - 1) / time.Second)
}

// Millis is a moment as scripts write it.
func (c *pageData) Millis(t time.Time) int64 { return t.UnixMilli() }

// Day, When, At and Clock form moments for Say and for pages.
func (c *pageData) Day(t time.Time) Day { return Day(t) }

// When forms a past moment.
func (c *pageData) When(t time.Time) When { return When(t) }

// Clock forms a time of the day.
func (c *pageData) Clock(t time.Time) Clock { return Clock(t) }

// Show writes a value the way a text would.
func (c *pageData) Show(v any) template.HTML {
	return template.HTML(c.html(c.Lang, "", v, c.F.Now)) // html escapes
}

// Addr writes a number or address, numbers with their digits together.
func (c *pageData) Addr(s string) any {
	if strings.HasPrefix(s, "+") {
		return Phone(s)
	}
	return s
}

// Name is what a method is called: the seller's word for it, or its kind's.
func (c *pageData) Name(m Method) template.HTML {
	if m.Name != "" {
		return template.HTML(keep(template.HTMLEscapeString(m.Name)))
	}
	return c.text("way."+string(m.Way), nil)
}

// Names joins the names of methods as a list of the language; the empty list is "nothing".
func (c *pageData) Names(methods []Method) template.HTML {
	if len(methods) == 0 {
		return c.text("list.none", nil)
	}
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = string(c.Name(m))
	}
	return template.HTML(strings.Join(names, string(c.text("list.and", nil)))) // each one is escaped
}

// Colon stands between a name for a thing and the thing.
func (c *pageData) Colon() string { return colon(c.Lang) + string(c.Gap()) }

// Gap stands between two sentences: a blank, or nothing in Chinese.
func (c *pageData) Gap() template.HTML {
	return template.HTML(gap(c.Lang))
}

// Quoted is Names within a sentence: what its owner named stands in quotes.
func (c *pageData) Quoted(methods []Method) template.HTML {
	names := make([]string, len(methods))
	for i, m := range methods {
		if names[i] = string(c.Name(m)); m.Name != "" {
			names[i] = string(c.text("item.named", Args{"name": m.Name}))
		}
	}
	return template.HTML(strings.Join(names, string(c.text("list.and", nil)))) // each one is escaped
}

// AnyOf joins names by "or", each in the element given; beyond three it says how many.
func (c *pageData) AnyOf(names []string, element string) template.HTML {
	if len(names) > 3 {
		return c.text("list.any", Args{"n": len(names)})
	}
	marked := make([]string, len(names))
	for i, n := range names {
		marked[i] = "“<" + element + ` translate="no">` + template.HTMLEscapeString(n) + "</" + element + ">”"
	}
	return template.HTML(strings.Join(marked, string(c.text("list.or", nil)))) // each one is escaped
}

// Where is the place of a method: one of our words, or the seller's own.
func (c *pageData) Where(place string) template.HTML {
	if key := "place." + place; c.Has(key) {
		return c.text(key, nil)
	}
	return template.HTML(template.HTMLEscapeString(place))
}

// IconOf is the icon of a way.
func (c *pageData) IconOf(w Way, classes ...string) template.HTML {
	return c.Icon(c.Row(w).Icon, classes...)
}

// KeyIcon is the mark of a method: a key's own cut, or the icon of its kind.
func (c *pageData) KeyIcon(m any) template.HTML {
	v := methodOf(m)
	if c.Row(v.Way).Cut {
		return Bitting(v.ID)
	}
	return c.IconOf(v.Way)
}

// methodOf takes a method as templates hold it, by value or by pointer.
func methodOf(m any) Method {
	switch m := m.(type) {
	case Method:
		return m
	case *Method:
		return *m
	}
	return Method{}
}

// PathOf is the settings page of a method; recovery codes have none but the one that makes them.
func (c *pageData) PathOf(m Method) string {
	r := c.Row(m.Way)
	if r.Set || r.Path == "" {
		return c.To("/security/codes")
	}
	return c.To("/security/" + r.Path + "/" + url.PathEscape(m.ID))
}

// ActOn is where what is done to a method is posted. Of recovery codes there is one set, and "all" names it.
func (c *pageData) ActOn(m Method) string {
	if r := c.Row(m.Way); r.Set {
		return c.To("/security/" + r.Path + "/all")
	}
	return c.PathOf(m)
}

// A choice is one row of "use another method"; several keys are one row, as the browser asks for all of them.
type choice struct {
	Method
	Names []string
	Send  bool // choosing it sends a code, so it is a button and not a link
}

// Choices groups methods for choosing.
func (c *pageData) Choices(methods []Method) []choice {
	var out []choice
	at := map[Way]int{}
	for _, m := range methods {
		r := c.Row(m.Way)
		if i, seen := at[m.Way]; seen && r.Joined {
			if m.Name != "" {
				out[i].Names = append(out[i].Names, m.Name)
			}
			out[i].ID = ""
			continue
		}
		at[m.Way] = len(out)
		row := choice{Method: m, Send: r.Channel != ""}
		if m.Name != "" {
			row.Names = []string{m.Name}
		}
		out = append(out, row)
	}
	return out
}

// VerifyPath is where a second step is done: at sign-in, or for an act.
func (c *pageData) VerifyPath(act string) string {
	if act == "" {
		return c.To("/sign-in/verify")
	}
	return c.To("/confirm")
}

// SendPath is where a code is asked for.
func (c *pageData) SendPath(act string) string {
	if act == "" {
		return c.To("/sign-in/send")
	}
	return c.To("/confirm/send")
}

// Query is the query of a link to a way.
func (c *pageData) Query(way Way, id, act, next string) template.URL {
	q := url.Values{"with": {string(way)}}
	for k, v := range map[string]string{"id": id, "for": act, "next": next} {
		if v != "" {
			q.Set(k, v)
		}
	}
	return template.URL("?" + q.Encode()) // encoded
}

// Link lets an address with the scheme of authenticator apps through; html/template knows only those of the web.
func (c *pageData) Link(s string) template.URL {
	if strings.HasPrefix(s, "otpauth://") {
		return template.URL(s) // the scheme is fixed, and attributes are still escaped
	}
	return ""
}

// Fours writes a secret in groups of four.
func (c *pageData) Fours(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Steps numbers the steps of a page, for the drawing of the blade.
func (c *pageData) Steps(n int) []int {
	steps := make([]int, n)
	for i := range steps {
		steps[i] = i + 1
	}
	return steps
}

// Print is fmt.Sprintf for templates.
func (c *pageData) Print(format string, v ...any) string { return fmt.Sprintf(format, v...) }
