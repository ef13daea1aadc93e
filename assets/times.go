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

// moment writes t the way its type asks for; ok is false for values that are not moments.
func (t *Texts) moment(lang string, v any, now time.Time) (said string, at time.Time, ok bool) {
	switch v := v.(type) {
	case time.Time:
		at = v.In(t.zone)
		if sameDay(at, now.In(t.zone)) {
			return at.Format("15:04"), at, true
		}
		if lang == Chinese {
			return at.Format("2006 年 1 月 2 日 15:04"), at, true
		}
		return at.Format("15:04 on 2 January 2006"), at, true
	case Day:
		at = time.Time(v).In(t.zone)
		return t.date(lang, at), at, true
	case When:
		at = time.Time(v).In(t.zone)
		return t.when(lang, at, now.In(t.zone)), at, true
	case Clock:
		at = time.Time(v).In(t.zone)
		if at.Second() != 0 {
			return at.Format("15:04:05"), at, true
		}
		return at.Format("15:04"), at, true
	}
	return "", at, false
}

// isMoment reports whether a value is written as a moment.
func isMoment(v any) bool {
	switch v.(type) {
	case time.Time, Day, When, Clock:
		return true
	}
	return false
}

func (t *Texts) date(lang string, at time.Time) string {
	if lang == Chinese {
		return at.Format("2006 年 1 月 2 日")
	}
	return at.Format("2 January 2006")
}

func (t *Texts) when(lang string, at, now time.Time) string {
	switch {
	case sameDay(at, now) && lang == Chinese:
		return at.Format("今天 15:04")
	case sameDay(at, now):
		return at.Format("today at 15:04")
	case lang == Chinese:
		return t.date(lang, at)
	}
	return "on " + t.date(lang, at)
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
	if said, _, ok := t.moment(lang, v, now); ok {
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
	if said, at, ok := t.moment(lang, v, now); ok {
		return `<time datetime="` + at.Format(time.RFC3339) + `">` + template.HTMLEscapeString(said) + `</time>`
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
