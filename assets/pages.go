package assets

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Pages renders every page. It is safe for concurrent use and never changes.
type Pages struct {
	config    Config
	texts     *Texts
	static    *Static
	templates func() (*template.Template, error) // parsed when the first page is drawn
}

// NewPages hashes the static files. texts is usually NewTexts(config.Zone).
func NewPages(config Config, texts *Texts) (*Pages, error) {
	config.Site = cmp.Or(config.Site, "Latchkey")
	static, err := NewStatic(config.Base)
	if err != nil {
		return nil, err
	}
	return &Pages{config: config, texts: texts, static: static, templates: sync.OnceValues(parse)}, nil
}

func parse() (*template.Template, error) {
	t, err := template.New("pages").Funcs(template.FuncMap{"list": list}).ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing pages: %w", err)
	}
	return t, nil
}

// draw executes one template.
func (p *Pages) draw(w io.Writer, name string, data any) error {
	templates, err := p.templates()
	if err != nil {
		return err
	}
	return templates.ExecuteTemplate(w, name, data)
}

// Texts returns the catalogue that the pages speak from.
func (p *Pages) Texts() *Texts { return p.texts }

// Static returns the style sheet, the script and the icon, to be served under Config.Base + "/assets/".
func (p *Pages) Static() *Static { return p.static }

// Render writes the page of v. See Renderer.
func (p *Pages) Render(w io.Writer, lang string, v View) error {
	name := reflect.TypeOf(v).Elem().Name()
	c := &pageData{p: p, F: v.frame(), V: v, Lang: known(lang), Page: name, Config: p.config}
	main, err := c.run(name, c)
	if err != nil {
		return fmt.Errorf("rendering page %s: %w", name, err)
	}
	notes, err := c.notes()
	if err != nil {
		return fmt.Errorf("rendering notices of page %s: %w", name, err)
	}
	c.Main = template.HTML(strings.Replace(main, notesHere, notes, 1)) // both come from templates that escape
	out, err := c.run("frame", c)
	if err != nil {
		return fmt.Errorf("rendering frame of page %s: %w", name, err)
	}
	_, err = io.WriteString(w, out)
	return err
}

// notesHere marks, in a rendered page, where notices and refusals that belong to no field go. It is cut out before
// the page leaves; a value that somebody typed cannot be it, as values are escaped.
const notesHere = "<!--notes-->"

var marks = regexp.MustCompile(`<[^>]*>`)

// A pageData is one page while it is being drawn: what templates call, and what they have used. What the frame has to
// know of a page its parts say while they are drawn: it is not looked for in what came out.
type pageData struct {
	p        *Pages
	F        *Frame
	V        View
	Lang     string
	Page     string
	Config   Config
	Main     template.HTML
	Title    template.HTML // the heading, without its marks: window and page never disagree
	Secret   bool          // something is asked for that must not be given to another site
	HasForm  bool          // a form may be half filled: see Form
	HasTimes bool          // a time of day is written: the foot names the zone

	icons   []string
	fields  []string // those that have shown their problems
	focused string   // the field that has the focus
	noted   int      // notices that the page's own parts have drawn
}

// A part is a component with its arguments; the page data's own methods are at hand in it.
type part struct {
	*pageData
	A map[string]any
}

func (c *pageData) run(name string, data any) (string, error) {
	var b bytes.Buffer
	if err := c.p.draw(&b, name, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

// Part draws the component name with arguments given as pairs.
func (c *pageData) Part(name string, pairs ...any) (template.HTML, error) {
	a, err := argsOf(pairs)
	if err != nil {
		return "", fmt.Errorf("part %s: %w", name, err)
	}
	out, err := c.run(name, part{c, a})
	return template.HTML(out), err
}

// Say writes a text; the arguments are pairs of placeholder and value. Values are escaped, times become <time>, numbers
// of phones keep together, and the marks that the catalogue itself holds stay. template.HTML is taken as it is.
func (c *pageData) Say(key string, pairs ...any) (template.HTML, error) {
	a, err := argsOf(pairs)
	if err != nil {
		return "", fmt.Errorf("text %s: %w", key, err)
	}
	return c.text(key, a), nil
}

func (c *pageData) text(key string, a Args) template.HTML {
	with := Args{"now": c.F.Now, "site": c.Config.Site}
	for k, v := range a {
		with[k] = v
	}
	return template.HTML(c.p.texts.fill(c.Lang, key, with, c.html)) // the catalogue is ours; html escapes every value
}

// html forms a value for the page.
func (c *pageData) html(lang, name string, v any, now time.Time) string {
	c.HasTimes = c.HasTimes || isMoment(v)
	return c.p.texts.marked(lang, name, v, now)
}

// Heading is the page's heading, which names its window as well.
func (c *pageData) Heading(said any) template.HTML {
	h, ok := said.(template.HTML)
	if !ok {
		h = template.HTML(template.HTMLEscapeString(fmt.Sprint(said)))
	}
	c.Title = template.HTML(strings.TrimSpace(marks.ReplaceAllString(string(h), ""))) // escaped by whoever said it
	return h
}

// AsksSecret says that the page asks for a password, a code or a key.
func (c *pageData) AsksSecret() string { c.Secret = true; return "" }

// Form names a form that may be half filled. The language button then belongs to it, so that what was typed comes
// along; without script, too. Before it stands a hidden button of the form, as Enter presses the first.
func (c *pageData) Form() template.HTMLAttr { c.HasForm = true; return `id="form"` }

// With writes a text whose values are already together.
func (c *pageData) With(key string, a Args) template.HTML { return c.text(key, a) }

// Has reports whether a text exists.
func (c *pageData) Has(key string) bool { return c.p.texts.Has(key) }

// Or is the text of key, or of other when there is none.
func (c *pageData) Or(key, other string) template.HTML {
	if c.Has(key) {
		return c.text(key, nil)
	}
	return c.text(other, nil)
}

func argsOf(pairs []any) (Args, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("%d arguments are not pairs", len(pairs))
	}
	a := Args{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("argument %d is not a name", i)
		}
		a[name] = pairs[i+1]
	}
	return a, nil
}

func list(items ...any) []any { return items }

// To is a path of ours with the installation's prefix.
func (c *pageData) To(path string) string { return c.Config.Base + path }

// File is the path of a static file.
func (c *pageData) File(name string) string { return c.p.static.Path(name) }

// Icon draws an icon and has its symbol carried by the page.
func (c *pageData) Icon(name string, classes ...string) template.HTML {
	if !slices.Contains(c.icons, name) {
		c.icons = append(c.icons, name)
	}
	class := strings.Join(append([]string{"i"}, classes...), " ")
	// names from templates only
	return template.HTML(`<svg class="` + class + `" viewBox="0 0 24 24" aria-hidden="true"><use href="#i-` + name +
		`"/></svg>`)
}

// Sprite draws the symbols of the icons that the page has used.
func (c *pageData) Sprite() (template.HTML, error) {
	var b strings.Builder
	for _, name := range c.icons {
		path, err := c.run("i-"+name, nil)
		if err != nil {
			return "", err
		}
		b.WriteString(`<symbol id="i-` + name + `" viewBox="0 0 24 24">` + path + `</symbol>`)
	}
	return template.HTML(b.String()), nil
}

// Bit draws the cut of a key.
func (c *pageData) Bit(id string) template.HTML { return Bitting(id) }

// QR draws a bar code.
func (c *pageData) QR(text string) (template.HTML, error) {
	return QR(text, c.p.texts.Say(c.Lang, "app-new.qr", nil))
}

// Offset names the zone in which the page writes its times.
func (c *pageData) Offset() string { return offset(c.p.texts.in(c.Lang, c.F.Now)) }

// Layouts is how the script writes the page's times in the reader's zone.
func (c *pageData) Layouts() (string, error) {
	raw, err := json.Marshal(layoutsOf(c.Lang))
	return string(raw), err
}
