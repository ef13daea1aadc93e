package assets

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"
)

// Wide reports whether the page is an overview, which uses a wider column.
func (c *pageData) Wide() bool {
	return c.Page == "Security" || c.Page == "History" || c.Page == "DevMessages" || c.F.Desk != nil && c.F.SignedIn
}

// Home is where the seller's shop is.
func (c *pageData) Home() string {
	if c.Config.Home != "" {
		return c.Config.Home
	}
	return c.To("/security")
}

// Language is where the other language is asked for.
func (c *pageData) Language() string {
	return c.To("/language?" + url.Values{"return": {c.F.Path}}.Encode())
}

// OtherLang is the language that the page is not in.
func (c *pageData) OtherLang() string {
	if c.Lang == English {
		return Chinese
	}
	return English
}

// Brand draws the product's key.
func (c *pageData) Brand() template.HTML { return Brand() }

// NotesHere marks the place of notices.
func (c *pageData) NotesHere() template.HTML { return notesHere }

// Raw lets marks of our own templates through a text; it is never given a value from outside.
func (c *pageData) Raw(s string) template.HTML { return template.HTML(s) }

// A navItem is one entry of the navigation in the door.
type navItem struct {
	Path, Text string
	Here       bool
}

// Nav is the navigation of a signed-in seller.
func (c *pageData) Nav() []navItem {
	stations := []navItem{{"/security", "nav.overview", false}, {"/security/password", "nav.password", false},
		{"/security/keys", "nav.keys", false},
		{"/security/codes", "nav.codes", false}, {"/security/browsers", "nav.browsers", false},
		{"/security/sessions", "nav.sessions", false}, {"/security/history", "nav.history", false}}
	best := 0
	for i, s := range stations {
		if c.F.Path == s.Path || strings.HasPrefix(c.F.Path, s.Path+"/") || strings.HasPrefix(c.F.Path, s.Path+"?") {
			best = i
		}
	}
	stations[best].Here = true
	return stations
}

// SignalsJSON is what the script reads for the Signal API.
func (c *pageData) SignalsJSON() (string, error) {
	s := c.F.Signals
	out := map[string]any{"rpId": s.RPID}
	if s.UserID != "" && s.Accepted != nil {
		out["userId"] = s.UserID
		out["accepted"] = s.Accepted
	}
	if s.Unknown != "" {
		out["unknown"] = s.Unknown
	}
	raw, err := json.Marshal(out)
	return string(raw), err
}

// Tone is the class of a notice.
func (c *pageData) Tone(tone string) string {
	switch tone {
	case "warn", "bad", "info":
		return "note-" + tone
	}
	return "note-good"
}

// ToneOf is the tone of a refusal: being unable and having to wait are not the same as being wrong.
func (c *pageData) ToneOf(code string) string {
	switch code {
	case "code-unavailable", "unavailable", "internal", "too-many-requests", "resend-too-soon", "send-limit-reached", "texts-later",
		"export-runs", "export-later", "fresh-step-needed", "must-enrol", "change-pending", "ceremony-expired",
		"ceremony-void", "ceremony-used", "session-ended", "session-required", "key-timed-out", "key-cancelled":
		return "warn"
	}
	return "bad"
}

// DeliveryTone is the tone of what is known of a message on its way.
func (c *pageData) DeliveryTone(state string) string {
	switch state {
	case "failed", "expired":
		return "warn"
	}
	return "info"
}

// DeliveryKey begins the texts about a message on its way: a mail and a call have words of their own where what is
// known of a text would not be true of them.
func (c *pageData) DeliveryKey(state, with string) string {
	key := "delivery." + state
	if own := key + "." + with; c.Has(own + ".title") {
		return own
	}
	return key
}

// A touchWord is what the key's panel says in one state; its name is what the script looks for.
type touchWord struct {
	Word          string
	Title, Detail template.HTML
}

// TouchWords are the sentences of the key's panel. do is "get" or "create".
func (c *pageData) TouchWords(do string) []touchWord {
	words := []touchWord{
		{"waiting", c.text("touch.waiting", nil), c.text("touch.waiting.more", nil)},
		{"anew", c.text("touch.waiting", nil), c.text("touch.anew", nil)},
		{"checking", c.text("touch.checking", nil), c.text("touch.checking.more", nil)},
	}
	failed := map[string]string{"cancelled": "key-cancelled", "timeout": "key-timed-out",
		"SecurityError": "key-insecure-page", "NotSupportedError": "key-not-supported", "other": "key-not-recognised"}
	order := []string{"cancelled", "timeout", "SecurityError", "NotSupportedError", "other"}
	if do == "create" {
		failed["InvalidStateError"], failed["ConstraintError"] = "key-already-registered", "key-pin-needed"
		order = append(order, "InvalidStateError", "ConstraintError")
	}
	for _, name := range order {
		args := Args{"address": c.Config.Host}
		title, detail := c.problem(Problem{Code: failed[name], Args: args})
		words = append(words, touchWord{name, title, detail})
	}
	return words
}

// A passwordRule is one line under a new password. Pattern is what the script looks for, "" for mere advice.
type passwordRule struct {
	Pattern string
	Said    template.HTML
}

// Rules are the lines under a new password. The patterns are those of package password, which decides.
func (c *pageData) Rules(r PasswordRules) []passwordRule {
	length := passwordRule{fmt.Sprintf("^.{%d,}$", max(r.Min, 8)), c.text("rules.min", Args{"min": max(r.Min, 8)})}
	if r.Max > 0 {
		length = passwordRule{fmt.Sprintf("^.{%d,%d}$", r.Min, r.Max), c.text("rules.range", Args{"min": r.Min, "max": r.Max})}
	}
	list := []passwordRule{length}
	if r.Mixed {
		list = append(list, passwordRule{`[\p{Lu}\p{Lt}]`, c.text("rules.upper", nil)},
			passwordRule{`\p{Ll}`, c.text("rules.lower", nil)},
			passwordRule{`\p{Nd}`, c.text("rules.digit", nil)},
			passwordRule{`[^\p{L}\p{M}\p{Nd}\p{C}\p{Zl}\p{Zp}]`, c.text("rules.sign", nil)})
	} else {
		list = append(list, passwordRule{"", c.text("rules.words", nil)})
	}
	return append(list, passwordRule{"", c.text("rules.reuse", nil)})
}

// PasswordRules tells password managers what to make up.
func (c *pageData) PasswordRules(r PasswordRules) string {
	said := fmt.Sprintf("minlength: %d;", max(r.Min, 8))
	if r.Max > 0 {
		said += fmt.Sprintf(" maxlength: %d;", r.Max)
	}
	if r.Mixed {
		said += " required: upper; required: lower; required: digit; required: special;"
	}
	return said
}

// CountryOptions are the options of where a number is dialled. There may be hundreds: their values have no quotes.
func (c *pageData) CountryOptions(x Countries) template.HTML {
	var b strings.Builder
	if x.Chosen == "" {
		b.WriteString(`<option value="">` + string(c.text("field.region.none", nil)) + "</option>")
	}
	for _, one := range x.List {
		b.WriteString("<option value=" + template.HTMLEscapeString(one.Code))
		if one.Code == x.Chosen {
			b.WriteString(" selected")
		}
		b.WriteString(">" + template.HTMLEscapeString(one.Name) + "</option>")
	}
	return template.HTML(b.String()) // escaped above; the codes are of ISO 3166-1
}

// Hidden draws hidden fields from pairs of name and value, leaving empty ones out.
func (c *pageData) Hidden(pairs ...any) template.HTML {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := c.Print("%v", pairs[i]), c.Print("%v", pairs[i+1])
		if pairs[i+1] == nil || value == "" {
			continue
		}
		b.WriteString(`<input type="hidden" name="` + template.HTMLEscapeString(name) + `" value="` +
			template.HTMLEscapeString(value) + `">`)
	}
	return template.HTML(b.String()) // escaped above
}

// Row is what is known of a way; of one that is none, an icon.
func (c *pageData) Row(way any) Row {
	return c.row(func(r *Row) bool { return r.Way == c.Print("%v", way) })
}

// Served reports whether the site has a way: where nobody makes calls, none is offered.
func (c *pageData) Served(way any) bool { return c.Row(way).Served }

func (c *pageData) row(is func(*Row) bool) Row {
	for i := range c.Config.Methods {
		if r := &c.Config.Methods[i]; r.Way != "" && is(r) {
			return *r
		}
	}
	return Row{Icon: "help"}
}

// ChoiceMeta is the second line of a way to choose.
func (c *pageData) ChoiceMeta(m choice) template.HTML {
	key := "choice." + string(m.Way)
	switch {
	case len(m.Names) > 0 && c.Has(key+".named"):
		return c.text(key+".named", Args{"names": c.AnyOf(m.Names, "em")})
	case m.To != "" && c.Row(m.Way).Channel != "":
		return c.text("choice.to", Args{"to": c.Addr(m.To)})
	case m.Left > 0 && c.Has(key+".left"):
		return c.text(key+".left", Args{"n": m.Left})
	}
	return c.text(key+".meta", nil)
}

// VerifyLead is the sentence under the title of a second step.
func (c *pageData) VerifyLead(v *Verify) template.HTML {
	key := "verify." + string(v.With)
	switch sends := c.Row(v.With).Channel != ""; {
	case sends && v.Sent:
		return c.SentLead(v.Help, string(v.With))
	case sends:
		return c.text(key+".before", Args{"to": c.Addr(v.To)})
	case len(v.Keys) == 1 && c.Has(key+".one"):
		return c.text(key+".one", Args{"name": template.HTML(`<b translate="no">` + template.HTMLEscapeString(v.Keys[0]) + "</b>")})
	case len(v.Keys) > 1 && c.Has(key+".many"):
		return c.text(key+".many", Args{"names": c.AnyOf(v.Keys, "b")})
	}
	return c.text(key+".lead", nil)
}

// SentLead says when a code went out, where to and which message counts.
func (c *pageData) SentLead(h Help, with string) template.HTML {
	if with == "" {
		with = "sms"
	}
	said := c.text("verify."+with+".sent", Args{"time": h.SentAt, "to": c.Addr(h.To)})
	if h.Label != "" && with != "call" {
		said += c.Gap() + c.text("verify.label", Args{"label": h.Label})
	}
	return said
}

// MethodMeta is the second line of a method that is set up.
func (c *pageData) MethodMeta(m any) template.HTML {
	v := methodOf(m)
	var parts []string
	add := func(h template.HTML) {
		if h != "" {
			parts = append(parts, string(h))
		}
	}
	if v.Name != "" {
		add(c.text("way."+string(v.Way), nil))
	}
	if v.Model != v.Name {
		add(template.HTML(template.HTMLEscapeString(v.Model)))
	}
	if v.Serial != "" {
		add(c.text("method.serial", Args{"serial": v.Serial}))
	}
	if v.To != "" {
		add(c.Show(c.Addr(v.To)))
	}
	if v.Place != "" {
		add(c.Where(v.Place))
	}
	set := c.Row(v.Way).Set
	if set && v.Total > 0 {
		add(c.text("codes.count", Args{"n": v.Left, "total": v.Total}))
		if !v.Made.IsZero() {
			add(c.text("codes.made", Args{"day": Day(v.Made)}))
		}
	}
	switch {
	case set:
	case !v.Used.IsZero():
		add(c.text("method.used", Args{"when": When(v.Used)}))
	case !v.Made.IsZero():
		add(c.text("method.unused", nil))
	}
	return template.HTML(strings.Join(parts, " · ")) // every part is escaped
}

// MakeOf says what a key has proved about itself, or that its model is what it says.
func (c *pageData) MakeOf(m any) template.HTML {
	v := methodOf(m)
	if !v.Make.Proved {
		if v.Model == "" {
			return ""
		}
		return c.text("key.said", nil)
	}
	var maker Args // without one there are other words
	if v.Make.Maker != "" {
		maker = Args{"maker": v.Make.Maker}
	}
	parts := []string{string(c.text("key.proved", maker))}
	if v.Make.Level != "" {
		parts = append(parts, string(c.text("key.level", Args{"level": v.Make.Level})))
	}
	if v.Make.Firmware != "" {
		parts = append(parts, string(c.text("key.firmware", Args{"version": v.Make.Firmware})))
	}
	return template.HTML(strings.Join(parts, " · ")) // every part is escaped
}

// Until is the value of a state's end.
func (c *pageData) Until(t time.Time) Args { return Args{"time": t} }

// Change is the name of a change, with the item it is about.
func (c *pageData) Change(what, name string) template.HTML {
	key := "change." + what
	if !c.Has(key) {
		key = "change.other"
	}
	said := c.text(key, nil)
	if name != "" {
		return c.text("change.named", Args{"what": said, "name": name})
	}
	return said
}

// Item is what a removal that has yet to happen is about: the name that its owner gave it, or what it is.
func (c *pageData) Item(what, name string) template.HTML {
	if name != "" {
		return c.text("item.named", Args{"name": name})
	}
	return c.text(c.p.texts.itemKey(what), nil)
}

func (t *Texts) itemKey(what string) string {
	if key := "item." + strings.TrimSuffix(what, "-removed"); t.Has(key) {
		return key
	}
	return "item.other"
}

// Full writes a moment with its date, whatever day it is.
func (c *pageData) Full(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	return template.HTML(c.html(c.Lang, "", t, time.Time{})) // html escapes
}

// NewPath is where a method is set up.
func (c *pageData) NewPath(w Way) string {
	if path := c.Row(w).New; path != "" {
		return path
	}
	return "/security/start"
}

// AsBackup adds to a path that what is set up there is to be the backup (R61).
func (c *pageData) AsBackup(path string, backup bool) string {
	switch {
	case !backup || path == "/security/codes":
		return path
	case strings.Contains(path, "?"):
		return path + "&backup=1"
	}
	return path + "?backup=1"
}

// One is the value of a hidden field that is set or left out.
func (c *pageData) One(set bool) string {
	if set {
		return "1"
	}
	return ""
}

// ProposedName is the name that the form of a new key begins with, in the page's language. One that came along
// untouched from the other language is proposed anew.
func (c *pageData) ProposedName(v *KeyNew) string {
	if v.Number == 0 {
		return v.Name
	}
	propose := func(lang string) string {
		if v.Passkey {
			return c.p.texts.browser(lang, v.Browser)
		}
		return c.p.texts.Say(lang, "key-new.proposed", Args{"n": v.Number})
	}
	if v.Name == "" || v.Name == propose(English) || v.Name == propose(Chinese) {
		return propose(c.Lang)
	}
	return v.Name
}

// Browser is the name of a browser in the page's language.
func (c *pageData) Browser(name string) string { return c.p.texts.browser(c.Lang, name) }

// browser puts "Chrome on Windows" into words of the language.
func (t *Texts) browser(lang, name string) string {
	browser, system, ok := strings.Cut(name, " on ")
	if !ok {
		return name
	}
	return t.Say(lang, "browser.on", Args{"browser": browser, "system": system})
}

// StepBack is where "not now" leads within enrolment.
func (c *pageData) StepBack(step int) string {
	if step > 0 {
		return "/security/start"
	}
	return ""
}

// WayOfChannel is the way whose icon stands for a channel.
func (c *pageData) WayOfChannel(channel string) Way {
	return Way(c.row(func(r *Row) bool { return r.Channel == channel }).Way)
}

// IsWeb reports whether an address is one of the web, which alone may be clicked.
func (c *pageData) IsWeb(link string) bool {
	return strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://")
}
