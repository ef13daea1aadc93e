package assets

import (
	"fmt"
	"html/template"
	"maps"
	"time"
)

// EntryWords is an entry of the history in plain words, as the page shows it.
type EntryWords struct {
	Time    string // ISO 8601, with the zone that the page writes its times in
	What    string
	Times   int // how often, if more than once
	Browser string
	Place   string
}

// EntryHeads are the heads of the columns of a table of entries.
type EntryHeads struct{ Time, What, Times, Browser, Place string }

// EntryColumns are the heads in a language.
func (t *Texts) EntryColumns(lang string) EntryHeads {
	head := func(name string) string { return t.Say(lang, "history.column."+name, nil) }
	return EntryHeads{Time: head("time"), What: head("what"), Times: head("times"), Browser: head("browser"),
		Place: head("place")}
}

// Entry puts an entry of the history into words of a language.
func (t *Texts) Entry(lang string, e Event) EntryWords {
	lang = known(lang)
	args := maps.Clone(e.Args)
	if way, ok := args["way"]; ok {
		args["way"] = t.Say(lang, t.usedKey(way), nil)
	}
	return EntryWords{Time: t.in(lang, e.At).Format(time.RFC3339), What: t.fill(lang, t.eventKey(e), args,
		anyName(t.zonedWords)),
		Times: e.Times, Browser: t.browser(lang, e.Browser), Place: e.Place}
}

// EventText is the sentence of a history entry.
func (c *pageData) EventText(e Event) template.HTML {
	args := maps.Clone(e.Args)
	if way, ok := args["way"]; ok {
		args["way"] = c.Used(way)
	}
	return c.text(c.p.texts.eventKey(e), args)
}

// eventKey is the text of an entry.
func (t *Texts) eventKey(e Event) string {
	for _, name := range []string{e.What, e.Else} {
		if key := "event." + name; t.Has(key) {
			return key
		}
	}
	return "event.other"
}

// Used is what a method is called where one act used it: one recovery code, not the set.
func (c *pageData) Used(way any) template.HTML { return c.text(c.p.texts.usedKey(way), nil) }

func (t *Texts) usedKey(way any) string {
	if key := "used." + fmt.Sprint(way); t.Has(key) {
		return key
	}
	return "way." + fmt.Sprint(way)
}
