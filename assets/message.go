package assets

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message writes one message in lang. name is its text's stem:
//
//	mail.sign-up-confirm  link, until, person            mail.sign-up-known  link, at, person
//	mail.code             code, label, minutes, purpose, person
//	mail.reset            link, code, until, person
//	mail.reset-link       link, until, person
//	mail.changed          what, name, at, link, until, undo, pause, ends, browser, place, person
//	mail.new-browser      link, at, until, undo, ends, browser, place, person
//	mail.locked           link, until, person
//	mail.removal-delayed  what, name, link, until, browser, place, person
//	mail.codes-void       link, at, person                mail.password-out   link, at, browser, place, person
//	mail.key-recalled, mail.recall-lifted                name, link, until, at, person
//	mail.shop-invite      link, until                     mail.shop-people    shop, member, did, role, link, at, person
//	mail.shop-joined, mail.shop-role, mail.shop-paused, mail.shop-back, mail.shop-removed, mail.shop-left
//	                      shop, role, link, at, person
//	mail.shop-keys        shop, until, link, at, person
//	mail.recovery-link, mail.recovery-new                link, until, person
//	mail.recovery-news    stands, link, at                mail.recovery-approved    link, at, until, person
//	mail.recovery-opened, mail.recovery-stopped, mail.recovery-done
//	                      link, at, becomes, payout, person
//	mail.recovery-vouched                                member, link, at, person
//	mail.contact-move     by, shop, email, phone, link, at, until, person
//	mail.hand-over-link   link, until                     mail.hand-over-taker  step, shop, by, link, at, until, person
//	mail.hand-over        step, shop, member, link, at, until, person
//	mail.hand-over-stopped, mail.hand-over-done, mail.hand-over-yours
//	                      shop, member, payout, link, at, person
//	sms.code, sms.enrol, sms.confirm, sms.reset          code, label, minutes, host
//	mail.code-waits, mail.keys-only-ends, mail.reset-closed
//	                      link, until, browser, place, person
//	sms.changed, sms.waiting                             what, name
//	sms.code-waits, sms.keys-only-ends, sms.handing
//	voice.code            code
//
// notme, sayuntil: beside where the mail leads, the link that says "this was not me", and until when.
//
// becomes is the address that an account moves to, masked. role and did are words of the texts "role.<role>" and
// "did.<did>", stands of "case.<stands>", step of "handing.<step>".
// what is a change, as in the texts "change.<what>"; undo says that link undoes it (with pause, it ends sessions and
// pauses changes; with ends, it ends all access), else it leads to where the password is reset. purpose is what a code
// is for, as in the texts "purpose.<purpose>"; minutes is how long it is valid; host is for the last line of a text,
// which lets a browser fill in the code for that host alone. site is Config.Site unless given. Values that are
// missing make the text shorter, but a code without its digits is an error. Text messages and calls have neither
// subject nor HTML; a text is one segment, signed with Config.Signature.
func (p *Pages) Message(lang, name string, args Args) (subject, text, html string, err error) {
	l := &mailDraft{p: p, lang: known(lang), name: name, args: Args{"site": p.config.Site,
		"signature": cmp.Or(p.config.Signature, p.config.Site)}}
	for k, v := range args {
		l.args[k] = v
	}
	stem, kind, _ := strings.Cut(name, ".")
	what, _ := l.args["what"].(string)
	purpose, _ := l.args["purpose"].(string)
	if l.about = cmp.Or(what, purpose); purpose != "" && p.texts.Has("purpose."+purpose) {
		l.args["purpose"] = l.say("purpose." + purpose)
	}
	if kind == "changed" {
		l.args["what"] = l.change(what)
	}
	if kind == "removal-delayed" {
		l.args["item"] = l.item(what)
	}
	l.shopWords()
	needsCode := kind == "code" || kind == "enrol" || kind == "confirm" || name == "sms.reset"
	if needsCode && missing(l.args["code"]) {
		return "", "", "", fmt.Errorf("writing message %s: no code", name)
	}
	switch {
	case stem == "sms" && needsCode && p.texts.Has(name):
		return "", l.codeText(), "", nil
	case stem == "sms" && slices.Contains([]string{"changed", "waiting", "code-waits", "moving", "handing",
		"handing-account", "closing", "keys-only-ends"}, kind):
		return "", l.noticeText(kind, what), "", nil
	case stem == "voice" && p.texts.Has(name):
		l.args["digits"] = l.digits()
		return "", l.say(name), "", nil
	case stem == "mail" && p.texts.Has(name+".subject"):
		return l.mail()
	}
	return "", "", "", fmt.Errorf("writing message: no template %q", name)
}

// shopWords puts what messages say of people in shops, and of cases, into words.
func (l *mailDraft) shopWords() {
	if role, _ := l.args["role"].(string); role != "" {
		l.args["role"] = l.say("role." + role)
	}
	if did, _ := l.args["did"].(string); did != "" {
		l.args["did"] = l.say("did." + did)
	}
	if step, _ := l.args["step"].(string); step != "" {
		l.args["step"] = l.say("handing." + step)
	}
	if stands, _ := l.args["stands"].(string); stands != "" {
		l.args["stands"] = l.say("case." + stands)
	}
	var moved []string
	for _, what := range []string{"email", "phone"} {
		if !missing(l.args[what]) {
			moved = append(moved, l.say("moved."+what))
		}
	}
	if len(moved) > 0 {
		l.args["moved"] = strings.Join(moved, gap(l.lang))
	}
}

// A mailDraft is one message while it is being written.
type mailDraft struct {
	p    *Pages
	lang string
	name string
	args Args

	about string // the change that it tells of, or what its code is for
}

func (l *mailDraft) say(key string) string { return l.p.texts.zoned(l.lang, key, l.args) }

// zonedWords forms a value like plain, but a time says its zone.
func (t *Texts) zonedWords(lang string, v any, now time.Time) string {
	said := t.plain(lang, v, now)
	at, ok := v.(time.Time)
	switch {
	case !ok:
		return said
	case lang == Chinese:
		return said + "（" + offset(t.in(lang, at)) + "）"
	}
	return said + " (" + offset(t.in(lang, at)) + ")"
}

func (l *mailDraft) changeKey(what string) string {
	if key := "change." + what; l.p.texts.Has(key) {
		return key
	}
	return "change.other"
}

func (l *mailDraft) change(what string) string {
	said := l.p.texts.Say(l.lang, l.changeKey(what), nil)
	if missing(l.args["name"]) {
		return said
	}
	return l.p.texts.Say(l.lang, "change.named", Args{"what": said, "name": l.args["name"]})
}

// item is what a removal is about, as on a page. One that is not known has no name either.
func (l *mailDraft) item(what string) string {
	switch {
	case what == "":
		return ""
	case missing(l.args["name"]):
		return l.p.texts.Say(l.lang, l.p.texts.itemKey(what), nil)
	}
	return l.p.texts.Say(l.lang, "item.named", Args{"name": l.args["name"]})
}

// digits spells a code for the ear: one digit at a time, with a pause between.
func (l *mailDraft) digits() string {
	pause := ", "
	if l.lang == Chinese {
		pause = "，"
	}
	return strings.Join(strings.Split(fmt.Sprint(l.args["code"]), ""), pause)
}

// A mailParts is what the HTML of a mail shows; the plain text says the same in the same order.
type mailParts struct {
	Lang, Subject, Hello, Lead, Code, Act, Link, LinkSay, After, Where, Foot, Site string
	Brand                                                                          string
	Undo                                                                           string
	NotMe, NotMeAct, NotMeLink                                                     string // beside where the mail leads
}

func (l *mailDraft) mail() (subject, text, html string, err error) {
	s := mailParts{Lang: l.lang, Subject: l.say(l.name + ".subject"), Hello: l.say("mail.hello"),
		Lead:  l.say(l.name + ".lead"),
		After: l.say(l.name + ".after"), Foot: l.say("mail.foot"), Site: l.say("mail.site"),
		Brand: fmt.Sprint(l.args["site"])}
	if !missing(l.args["becomes"]) {
		s.Lead += gap(l.lang) + l.say("mail.becomes")
	}
	if code, ok := l.args["code"]; ok {
		s.Code = fmt.Sprint(code)
	}
	if link, ok := l.args["link"].(string); ok && link != "" && l.p.texts.Has(l.name+".act") {
		s.Link = link
		s.Act = l.say(l.name + ".act")
		s.LinkSay = l.say("mail.link")
	}
	if name, ok := l.args["browser"].(string); ok && name != "" {
		l.args["browser"] = l.p.texts.browser(l.lang, name)
		s.Where = l.say("mail.where")
	}
	if link, ok := l.args["notme"].(string); ok && link != "" {
		s.NotMe, s.NotMeAct = l.say("mail.not-me"), l.say("mail.not-me.act")
		s.NotMeLink = link
	}
	switch l.name {
	case "mail.changed", "mail.new-browser":
		l.notMe(&s)
		for _, end := range []string{"disabled", "frozen"} { // there is something to do, whoever it was
			if strings.HasSuffix(l.about, "-"+end) {
				s.After = l.say("mail.changed." + end)
			}
		}
	case "mail.code":
		if l.about == "bind" { // whoever reads it may have no account here
			s.After = l.say("mail.code.after-bind")
		}
	}
	var b strings.Builder
	if err := l.p.draw(&b, "mail", s); err != nil {
		return "", "", "", fmt.Errorf("writing message %s: %w", l.name, err)
	}
	return s.Subject, s.plain(), b.String(), nil
}

// notMe says what to do about a change or a sign-in that was somebody else's: by the link that undoes or stops it, and
// only without one by a new password. The mail may have gone to a mailbox that the account does not have any more.
func (l *mailDraft) notMe(s *mailParts) {
	is := func(arg string) bool { said, _ := l.args[arg].(bool); return said }
	switch {
	case is("undo") && s.Link != "":
		s.Undo, s.Act = l.say("mail.changed.undo"), l.say("mail.changed.act")
		switch {
		case is("ends"):
			s.Undo, s.Act = l.say("mail.changed.access"), l.say("mail.changed.access-act")
		case is("pause"):
			s.Undo, s.Act = l.say("mail.changed.pause"), l.say("mail.changed.pause-act")
		}
		s.After = l.say("mail.changed.after")
	case l.name == "mail.changed":
		s.Undo = l.say("mail.changed.else")
		if s.Link != "" { // where that is done
			s.Act = l.say("mail.changed.reset")
		}
	}
}

func (s *mailParts) plain() string {
	var paragraphs []string
	link := s.Link
	if link != "" {
		link = s.Act + colon(s.Lang) + "\n" + s.Link
	}
	notMe := s.NotMeLink
	if notMe != "" {
		notMe = s.NotMeAct + colon(s.Lang) + "\n" + s.NotMeLink
	}
	for _, p := range []string{s.Hello, s.Lead, s.Where, s.Code, s.Undo, link, s.After, s.NotMe, notMe,
		"-- \n" + s.Foot +
			"\n" + s.Site} {
		if p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	return strings.Join(paragraphs, "\n\n") + "\n"
}

// gap stands between two sentences.
func gap(lang string) string {
	if lang == Chinese {
		return ""
	}
	return " "
}

func colon(lang string) string {
	if lang == Chinese {
		return "："
	}
	return ":"
}
