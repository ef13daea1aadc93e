package assets

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// A carrier cuts a text into segments, each paid for as one text, and the parts of a long one may come in any order or
// not at all. So a text is one segment: 160 units if every character is in the default alphabet of GSM 03.38, else 70
// of UTF-16.
const (
	segmentGSM  = 160
	segmentUCS2 = 70

	gsmOne = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmTwo = "\f^{}\\[~]|€" // with an escape before them
)

// oneSegment reports whether a text is sent as one segment.
func oneSegment(text string) bool {
	septets := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmOne, r):
			septets++
		case strings.ContainsRune(gsmTwo, r):
			septets += 2
		default:
			return len(utf16.Encode([]rune(text))) <= segmentUCS2
		}
	}
	return septets <= segmentGSM
}

// codeText writes a code as a text. In this order is kept what there is room for: signature, code, purpose, label,
// minutes, warning.
func (l *mailDraft) codeText() string {
	end := l.part("sms.end")
	text := l.part("sms.signature") + l.part("sms.digits")
	for _, part := range []struct{ key, needs string }{
		{l.name, ""}, {"sms.label", "label"}, {"sms.minutes", "minutes"}, {"sms.warning", ""},
	} {
		if part.needs != "" && missing(l.args[part.needs]) {
			continue
		}
		if longer := text + l.part(part.key); oneSegment(longer + end) {
			text = longer
		}
	}
	return l.withCodeLine(text + end)
}

// withCodeLine adds the last line that lets a browser fill in the code for one host alone (WICG origin-bound one-time
// codes): where it makes no second segment, unless the site wants it always or never.
func (l *mailDraft) withCodeLine(text string) string {
	host, _ := l.args["host"].(string)
	if host == "" || l.p.config.CodeLine == "never" {
		return text
	}
	longer := text + fmt.Sprintf("\n@%s #%v", host, l.args["code"])
	if l.p.config.CodeLine == "always" || oneSegment(longer) {
		return longer
	}
	return text
}

// noticeText writes a notice as a text: what happened, or what it waits to happen to, and where to go, without a link
// that a forger could copy. Where the name that somebody gave a thing makes it too long, the thing goes unnamed, and
// then what it is about.
func (l *mailDraft) noticeText(kind, what string) string {
	say := l.change
	if kind == "waiting" {
		say = l.item
	}
	signed := l.part("sms.signature")
	for range 2 {
		l.args["what"] = say(what)
		if text := signed + l.part(l.name); oneSegment(text) {
			return text
		}
		delete(l.args, "name")
	}
	return signed + l.part("sms.changed-short")
}

// part says a part of a text, with no character that the default alphabet lacks for the sake of typography alone.
func (l *mailDraft) part(key string) string {
	return strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "–", "-", "…", "...").Replace(l.say(key))
}
