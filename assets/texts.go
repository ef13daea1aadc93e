package assets

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// English and Chinese are the languages of every text, as they stand in <html lang>.
const (
	English = "en"
	Chinese = "zh-CN"
)

//go:embed texts/*.json
var catalogues embed.FS

// Args are the values of a text's placeholders by name. A time.Time is written as a clock time when it is on the day
// of the value "now", else with its date; Day, When, Clock, time.Duration and Phone have forms of their own; everything
// else is written as fmt does. The integer "n" chooses singular or plural.
type Args map[string]any

// Texts is the catalogue of every text in both languages. It is safe for concurrent use and never changes.
type Texts struct {
	zone *time.Location                    // nil: by the language, see in
	all  map[string]func() map[string]text // by language; read when first needed, which is not at the start
	says map[string]func() *i18n.Localizer
}

// A text is one entry of a catalogue: a string, or an object of the forms one and other.
type text struct {
	one, other string   // one is "" where the language or the text has a single form
	names      []string // its placeholders
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, &t.other)
	}
	var forms struct{ One, Other string }
	if err := json.Unmarshal(raw, &forms); err != nil {
		return err
	}
	t.one, t.other = forms.One, forms.Other
	return nil
}

var placeholder = regexp.MustCompile(`{{\.([a-z0-9]+)}}`)

// NewTexts reads the catalogues. Times are written in zone; nil is UTC in English, and China's time in
// Chinese. more are those of methods that are not built
// in: each holds the same files, whose texts come on top.
func NewTexts(zone *time.Location, more ...fs.FS) (*Texts, error) {
	t := &Texts{zone: zone, all: map[string]func() map[string]text{}, says: map[string]func() *i18n.Localizer{}}
	for lang, tag := range map[string]language.Tag{English: language.English, Chinese: language.SimplifiedChinese} {
		var layers [][]byte
		for _, from := range append([]fs.FS{catalogues}, more...) {
			raw, err := fs.ReadFile(from, "texts/"+lang+".json")
			if err != nil {
				return nil, fmt.Errorf("reading texts: %w", err)
			}
			layers = append(layers, raw)
		}
		t.all[lang] = sync.OnceValue(func() map[string]text { return catalogue(layers) })
		t.says[lang] = sync.OnceValue(func() *i18n.Localizer { return localizer(tag, t.all[lang]()) })
	}
	return t, nil
}

// catalogue reads the texts of one language. A file that is not JSON is a mistake of ours, which a test finds; it
// would have no text at all.
func catalogue(layers [][]byte) map[string]text {
	var all map[string]text
	for _, raw := range layers {
		if json.Unmarshal(raw, &all) != nil { // into a map: adds to what is there
			return nil
		}
	}
	for key, said := range all {
		if said.names = namesIn(said.other); said.names != nil {
			all[key] = said
		}
	}
	return all
}

// localizer fills in texts by the rules of one language. Those without values need none.
func localizer(tag language.Tag, all map[string]text) *i18n.Localizer {
	bundle := i18n.NewBundle(tag)
	messages := make([]*i18n.Message, 0, len(all))
	for key, said := range all {
		if said.names != nil || said.one != "" {
			messages = append(messages, &i18n.Message{ID: key, One: said.one, Other: said.other})
		}
	}
	bundle.MustAddMessages(tag, messages...)
	return i18n.NewLocalizer(bundle, tag.String())
}

func namesIn(s string) []string {
	if !strings.Contains(s, "{{") {
		return nil
	}
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return names
}

// Keys returns the key of every text, sorted.
func (t *Texts) Keys() []string { return slices.Sorted(maps.Keys(t.all[English]())) }

// Has reports whether there is a text of this key.
func (t *Texts) Has(key string) bool { _, ok := t.all[English]()[key]; return ok }

// Match chooses the language of an answer: the cookie's if it names one of ours, else the best of the header
// Accept-Language, else English. Any Chinese is answered in simplified Chinese, as there is no other.
func (t *Texts) Match(cookie, accept string) string {
	if cookie == English || cookie == Chinese {
		return cookie
	}
	if len(accept) > 256 { // long lists cost time to parse and say nothing more
		accept = accept[:256]
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wanted) == 0 {
		return English
	}
	for _, tag := range wanted {
		switch base, _ := tag.Base(); base.String() {
		case "zh":
			return Chinese
		case "en":
			return English
		}
	}
	return English
}

func known(lang string) string {
	if lang == Chinese {
		return Chinese
	}
	return English
}

// Say returns the text of key in lang as plain text. Sentences whose values are missing from args are left out. A key
// that is not in the catalogue returns the key itself, so that it is seen.
func (t *Texts) Say(lang, key string, args Args) string {
	return t.fill(known(lang), key, args, anyName(t.plain))
}

// anyName forms values alike, whatever their placeholders are called.
func anyName(form func(lang string, v any, now time.Time) string) func(lang, name string, v any, now time.Time) string {
	return func(lang, _ string, v any, now time.Time) string { return form(lang, v, now) }
}

// marked is html for the value of a placeholder: what somebody has named himself, and what is a sign to be compared,
// is no word of a language, and a page that a browser translates must keep it.
func (t *Texts) marked(lang, name string, v any, now time.Time) string {
	said := t.html(lang, v, now)
	if _, typed := v.(string); !typed {
		return said
	}
	switch name {
	case "name", "label", "account", "email", "address", "ticket", "site", "to":
		return keep(said)
	}
	return said
}

// keep marks escaped text as no word of a language.
func keep(escaped string) string { return `<span translate="no">` + escaped + `</span>` }

// Problem returns the two sentences of a refusal, for programs: what happened, and what to do now. Who shows them to
// whom is not known, so that times name their zone. A code without a text gets the calm general one.
func (t *Texts) Problem(lang, code string, args Args) (title, detail string) {
	key := t.problemKey(code)
	return t.zoned(known(lang), key+".title", args), t.zoned(known(lang), key+".detail", args)
}

// zoned is Say with the zone of every time named: a reader may be anywhere.
func (t *Texts) zoned(lang, key string, args Args) string {
	said := t.fill(lang, key, args, anyName(t.zonedWords))
	if lang == Chinese {
		return strings.ReplaceAll(said, "） ", "）") // no blank beside full-width marks
	}
	return said
}

func (t *Texts) problemKey(code string) string {
	if key := "problem." + code; t.Has(key + ".title") {
		return key
	}
	return "problem.internal"
}

// fill writes the text of key with args, each value formed by form.
func (t *Texts) fill(lang, key string, args Args, form func(lang, name string, v any, now time.Time) string) string {
	text, ok := t.all[lang]()[key]
	if !ok {
		return key
	}
	if len(text.names) == 0 && text.one == "" {
		return text.other
	}
	now, _ := args["now"].(time.Time)
	values := make(map[string]string, len(text.names))
	for _, name := range text.names {
		if v, ok := args[name]; ok && !missing(v) {
			values[name] = form(lang, name, v, now)
		}
	}
	if len(values) < len(text.names) {
		return t.without(lang, key, values, count(args["n"]))
	}
	config := &i18n.LocalizeConfig{MessageID: key, TemplateData: values}
	if text.one != "" {
		config.PluralCount = count(args["n"])
	}
	said, err := t.says[lang]().Localize(config)
	if err != nil { // a catalogue that the tests let through cannot come here
		return key
	}
	return said
}

func missing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case Phone:
		return v == ""
	case time.Time:
		return v.IsZero()
	case Day:
		return time.Time(v).IsZero()
	case When:
		return time.Time(v).IsZero()
	case Clock:
		return time.Time(v).IsZero()
	}
	return false
}

func count(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case int64:
		return int(v)
	case float64: // from JSON
		return int(v)
	}
	return 2
}

var sentence = regexp.MustCompile(`[^。？?]*?(?:[.?](?:\s+|$)|[。？])|[^。？?]+$`)

// without writes what can be said when values are missing: the text under key + "-bare" if there is one, else the
// sentences that need nothing.
func (t *Texts) without(lang, key string, values map[string]string, n int) string {
	if bare, ok := t.all[lang]()[key+"-bare"]; ok {
		return replace(bare.other, values)
	}
	said := t.all[lang]()[key].other
	if one := t.all[lang]()[key].one; one != "" && n == 1 {
		said = one
	}
	var kept strings.Builder
	for _, s := range sentence.FindAllString(said, -1) {
		if s = replace(s, values); !placeholder.MatchString(s) {
			kept.WriteString(s)
		}
	}
	return strings.TrimSpace(kept.String())
}

func replace(s string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(s, func(p string) string {
		if v, ok := values[p[3:len(p)-2]]; ok {
			return v
		}
		return p
	})
}
