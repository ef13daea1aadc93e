package web

import (
	"strings"
	"time"
)

// Describe names a browser for its owner, such as "Chrome on Windows": never more, so that lists of sessions hold no
// fingerprint. Order matters, since browsers claim to be each other. Anything else is named as a program.
func Describe(ua string) string {
	if ua == "" {
		return ""
	}
	browser := first(ua, [][2]string{
		{"MicroMessenger/", "WeChat"}, {"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"},
		{"HuaweiBrowser/", "Huawei Browser"}, {"SamsungBrowser/", "Samsung Internet"}, {"MiuiBrowser/", "Mi Browser"},
		{"QQBrowser/", "QQ Browser"}, {"UCBrowser/", "UC Browser"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	})
	system := first(ua, [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"HarmonyOS", "HarmonyOS"}, {"Android", "Android"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	})
	switch {
	case browser == "" && system == "":
		return "Program"
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

// Outdated reports whether a browser is known to be too old for keys and for our script, which then does not run: its
// page has to say so without (R73). Who disguises himself is believed; the script tests what is really there. The
// engine counts, not the name: all that say Chrome/ are Chromium, and on an iPhone every browser is the system's.
func Outdated(ua string) bool {
	if strings.Contains(ua, "MSIE ") || strings.Contains(ua, "Trident/") || strings.Contains(ua, "Edge/") {
		return true
	}
	for _, row := range []struct {
		mark, also   string
		major, minor int // the first version that will do
	}{
		{"Chrome/", "", 80, 0}, {"Firefox/", "", 74, 0}, {" OS ", "like Mac OS X", 13, 4},
		{"Version/", "Safari/", 13, 1},
	} {
		_, version, found := strings.Cut(ua, row.mark)
		if !found || !strings.Contains(ua, row.also) {
			continue
		}
		major, rest := leading(version)
		minor := 0
		if rest != "" && (rest[0] == '.' || rest[0] == '_') {
			minor, _ = leading(rest[1:])
		}
		return major > 0 && (major < row.major || major == row.major && minor < row.minor)
	}
	return false
}

// A BrowserVersion is what a browser tells of its age.
type BrowserVersion struct {
	Number int  // 0: none that is known here
	Old    bool // older than two years
}

// VersionOf reads the version that a browser tells. Chromium and Firefox count on every four weeks or so (as they did
// from 2022 to 2025), Safari once a year, and since 2025 by its year. The engine counts, not the name, as in Outdated.
func VersionOf(ua string, now time.Time) BrowserVersion {
	const d = 24 * time.Hour
	day := func(year, month, day int) time.Time {
		return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	}
	for _, row := range []struct {
		mark, also string
		number     int // a version, and when it came out
		at         time.Time
		every      time.Duration
	}{
		{"Chrome/", "", 100, day(2022, 3, 29), 31 * d},
		{"CriOS/", "", 100, day(2022, 3, 29), 31 * d},
		{"FxiOS/", "", 100, day(2022, 5, 3), 29 * d},
		{"Firefox/", "", 100, day(2022, 5, 3), 29 * d},
		{"Version/", "Safari/", 18, day(2024, 9, 16), 365 * d},
	} {
		_, version, found := strings.Cut(ua, row.mark)
		if !found || !strings.Contains(ua, row.also) {
			continue
		}
		n, _ := leading(version)
		since := n - row.number
		if row.mark == "Version/" && n >= 26 { // 19 to 25 never were
			since = n - 25
		}
		out := row.at.Add(time.Duration(since) * row.every)
		return BrowserVersion{n, n > 0 && now.After(out.AddDate(2, 0, 0))}
	}
	return BrowserVersion{}
}

// InApp reports whether a page is open in the window of an app, which knows no keys and may keep no cookie: a WebView
// of Android says wv, one of an iPhone lacks the name of Safari, and big apps say theirs.
func InApp(ua string) bool {
	for _, mark := range []string{"MicroMessenger/", "; wv)", "QQ/", "AlipayClient", "DingTalk", "Weibo", "FBAN/", "FBAV/",
		"Instagram", "Line/", "TikTok", "BytedanceWebview"} {
		if strings.Contains(ua, mark) {
			return true
		}
	}
	return strings.Contains(ua, "like Mac OS X") && strings.Contains(ua, "AppleWebKit/") && !strings.Contains(ua, "Safari/")
}

// leading reads the number that a text begins with, 0 for none, and returns what follows it.
func leading(s string) (n int, rest string) {
	i := 0
	for i < len(s) && i < 6 && '0' <= s[i] && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:]
}

func first(ua string, table [][2]string) string {
	for _, row := range table {
		if strings.Contains(ua, row[0]) {
			return row[1]
		}
	}
	return ""
}
