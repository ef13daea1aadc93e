package server

import "strings"

// describe names a browser for its owner, such as "Chrome on Windows": never more, so that lists of sessions hold no
// fingerprint. Order matters, since browsers claim to be each other. Anything else is named as a program.
func describe(ua string) string {
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
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"HarmonyOS", "HarmonyOS"}, {"Android", "Android"}, {"Windows", "Windows"},
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

func first(ua string, table [][2]string) string {
	for _, row := range table {
		if strings.Contains(ua, row[0]) {
			return row[1]
		}
	}
	return ""
}
