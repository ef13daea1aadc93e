package assets

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// Day is a date without a time: 3 March 2026.
type Day time.Time

// When is a past moment as it is told: today at 09:12, or on 3 March 2026.
type When time.Time

// Clock is a time of the day alone, with seconds when they are not zero: 14:03, 14:03:10.
type Clock time.Time

// Phone is a telephone number or its mask; on pages its digits stay on one line and read from the left.
type Phone string

// layouts are how a language writes moments, as package time reads them. The script of a page writes them anew for the
// reader's zone, by the same layouts: their numbers and the month's name are all that it fills in.
type layouts struct {
	Clock string `json:"c"`
	Full  string `json:"f"` // clock and date
	Day   string `json:"d"`
	Today string `json:"t"` // When, of today
	On    string `json:"o"` // When, of another day
}

func layoutsOf(lang string) layouts {
	if lang == Chinese {
		const day = "2006 年 1 月 2 日"
		return layouts{Clock: "15:04", Full: day + " 15:04", Day: day, Today: "今天 15:04", On: day}
	}
	const day = "2 January 2006"
	return layouts{Clock: "15:04", Full: "15:04 on " + day, Day: day, Today: "today at 15:04", On: "on " + day}
}

// china is where the readers of Chinese are, unless the operator says otherwise. It has had no summer time since 1991.
func china() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// in returns a moment in the zone of a language's texts: the site's or, where it has none, the language's.
func (t *Texts) in(lang string, at time.Time) time.Time {
	switch {
	case t.zone != nil:
		return at.In(t.zone)
	case lang == Chinese:
		return at.In(china())
	}
	return at.UTC()
}

// moment writes t the way its type asks for, and returns the sort of its form: the script looks for it. ok is false for
// values that are not moments.
func (t *Texts) moment(lang string, v any, now time.Time) (said, sort string, at time.Time, ok bool) {
	l := layoutsOf(lang)
	switch v := v.(type) {
	case time.Time:
		at = t.in(lang, v)
		switch {
		case now.IsZero():
			return at.Format(l.Full), "full", at, true
		case sameDay(at, t.in(lang, now)):
			return at.Format(l.Clock), "time", at, true
		}
		return at.Format(l.Full), "time", at, true
	case Day:
		at = t.in(lang, time.Time(v))
		return at.Format(l.Day), "day", at, true
	case When:
		at = t.in(lang, time.Time(v))
		if sameDay(at, t.in(lang, now)) {
			return at.Format(l.Today), "when", at, true
		}
		return at.Format(l.On), "when", at, true
	case Clock:
		at = t.in(lang, time.Time(v))
		if at.Second() != 0 {
			return at.Format(l.Clock + ":05"), "clock", at, true
		}
		return at.Format(l.Clock), "clock", at, true
	}
	return "", "", at, false
}

// isMoment reports whether a value is written as a moment.
func isMoment(v any) bool {
	switch v.(type) {
	case time.Time, Day, When, Clock:
		return true
	}
	return false
}

func sameDay(a, b time.Time) bool {
	return !b.IsZero() && a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

func span(lang string, d time.Duration) string {
	d = d.Round(time.Minute)
	hours, minutes := int(d/time.Hour), int(d%time.Hour/time.Minute)
	units := [2]string{"h", "min"}
	if lang == Chinese {
		units = [2]string{"小时", "分钟"}
	}
	var parts []string
	if hours > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", hours, units[0]))
	}
	if minutes > 0 || hours == 0 {
		parts = append(parts, fmt.Sprintf("%d %s", minutes, units[1]))
	}
	return strings.Join(parts, " ")
}

// plain forms a value for plain text.
func (t *Texts) plain(lang string, v any, now time.Time) string {
	if said, _, _, ok := t.moment(lang, v, now); ok {
		return said
	}
	switch v := v.(type) {
	case time.Duration:
		return span(lang, v)
	case template.HTML:
		return string(v)
	}
	return fmt.Sprint(v)
}

// html forms a value for a page.
func (t *Texts) html(lang string, v any, now time.Time) string {
	if said, sort, at, ok := t.moment(lang, v, now); ok {
		return `<time datetime="` + at.Format(time.RFC3339) + `" data-time="` + sort + `">` +
			template.HTMLEscapeString(said) + `</time>`
	}
	switch v := v.(type) {
	case template.HTML:
		return string(v)
	case Phone:
		return `<bdi dir="ltr" class="nb">` + template.HTMLEscapeString(string(v)) + `</bdi>`
	}
	return template.HTMLEscapeString(t.plain(lang, v, now))
}

// offset names the zone of a time for the foot of a page: UTC, UTC+8, UTC-3:30.
func offset(at time.Time) string {
	_, s := at.Zone()
	if s == 0 {
		return "UTC"
	}
	sign := "+"
	if s < 0 {
		sign, s = "-", -s
	}
	if m := s % 3600 / 60; m != 0 {
		return fmt.Sprintf("UTC%s%d:%02d", sign, s/3600, m)
	}
	return fmt.Sprintf("UTC%s%d", sign, s/3600)
}
