package web

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Every browser and system that lists tell apart, under every other name that it claims besides.
func TestEveryBrowserByItsName(t *testing.T) {
	const base = "Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) %s"
	systems := map[string]string{"iPhone; CPU iPhone OS 18_0 like Mac OS X": "iPhone",
		"iPad; CPU OS 18_0 like Mac OS X": "iPad",
		"Linux; HarmonyOS; Android 12":    "HarmonyOS", "Linux; Android 15": "Android", "Windows NT 10.0": "Windows",
		"Macintosh; Intel Mac OS X 10_15_7": "macOS", "X11; CrOS x86_64 1": "ChromeOS", "X11; Linux x86_64": "Linux",
		"PlayStation": ""}
	browsers := map[string]string{"Chrome/130.0 Safari/537.36 MicroMessenger/8.0": "WeChat",
		"Chrome/130.0 Safari/537.36 Edg/142.0":         "Edge",
		"Chrome/130.0 Mobile Safari/537.36 EdgA/142.0": "Edge", "Version/18.0 EdgiOS/142.0 Safari/604.1": "Edge",
		"Chrome/130.0 Safari/537.36 OPR/100.0":           "Opera",
		"Chrome/130.0 HuaweiBrowser/15.0 Safari/537.36":  "Huawei Browser",
		"SamsungBrowser/28.0 Chrome/130.0 Safari/537.36": "Samsung Internet",
		"Chrome/130.0 Safari/537.36 MiuiBrowser/18.0":    "Mi Browser",
		"Chrome/130.0 Safari/537.36 QQBrowser/14.0":      "QQ Browser",
		"Chrome/130.0 UCBrowser/16.0 Safari/537.36":      "UC Browser",
		"Firefox/128.0": "Firefox", "FxiOS/128.0 Safari/604.1": "Firefox", "CriOS/120.0 Safari/604.1": "Chrome",
		"Chrome/130.0 Safari/537.36": "Chrome", "Version/18.0 Safari/605.1": "Safari", "Gecko": ""}
	for system, on := range systems {
		for browser, is := range browsers {
			want := strings.TrimPrefix(strings.TrimSuffix(is+" on "+on, " on "), " on ")
			if is == "" && on == "" {
				want = "Program"
			}
			if got := Describe(fmt.Sprintf(base, system, browser)); got != want {
				t.Errorf("%s, %s: got %q, want %q", system, browser, got, want)
			}
		}
	}
}

// The first version of every engine that will do, and the last that will not, however its number goes on.
func TestFirstVersionThatWillDo(t *testing.T) {
	for ua, want := range map[string]bool{
		"Chrome/79": true, "Chrome/79.9": true, "Chrome/80": false, "Chrome/80.0": false, "Chrome/81": false,
		"Chrome/0": false,
		"Chrome/":  false, "Chrome/x": false, "Firefox/73.9": true, "Firefox/74": false, "Firefox/74.0": false,
		"iPhone OS 13_3 like Mac OS X": true, "iPhone OS 13_4 like Mac OS X": false, "iPhone OS 13 like Mac OS X": true,
		"iPhone OS 12_9 like Mac OS X": true, "iPhone OS 14_0 like Mac OS X": false,
		"iPhone OS 13.3 like Mac OS X": true,
		"iPhone OS 13-9 like Mac OS X": true, "Mac OS 13_3": false, "Version/13.0 Safari/605": true,
		"Version/13.1 Safari/605": false,
		"Version/12.9 Safari/605": true, "Version/14 Safari/605": false, "Version/13.0": false, "MSIE 11": true,
		"Trident/7": true,
		"Edge/18":   true, "Edg/18": false, "Chrome/999999": false, "Chrome/1000000": false, "Chrome/0000079": true,
	} {
		if got := Outdated(ua); got != want {
			t.Errorf("%q: got too old %v, want %v", ua, got, want)
		}
	}
	for text, want := range map[string]string{"12a": "12 a", "": "0 ", "a": "0 a", "123456": "123456 ",
		"1234567": "123456 7", "0:": "0 :", "9/": "9 /"} {
		n, rest := leading(text)
		if got := fmt.Sprint(n, " ", rest); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What a browser tells of its age, by every engine that counts: two years old to the day is not yet old.
func TestVersionsThatBrowsersTell(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for ua, want := range map[string]BrowserVersion{
		"Chrome/100.0 Safari/537.36": {100, true}, "Chrome/131.0 Safari/537.36": {131, true},
		"Chrome/132.0 Safari/537.36": {132, false}, "Chrome/160.0 Edg/160.0": {160, false},
		"CriOS/120.0 Mobile/15E148 Safari/604.1": {120, true}, "Firefox/132.0": {132, true}, "Firefox/133.0": {133, false},
		"FxiOS/100.0 Safari/604.1": {100, true}, "Version/18.0 Safari/605.1": {18, true},
		"Version/26.0 Safari/605.1": {26, false}, "Version/26.0": {}, "curl/8.0": {}, "": {}, "Chrome/x": {},
	} {
		if got := VersionOf(ua, now); got != want {
			t.Errorf("%q: got %+v, want %+v", ua, got, want)
		}
	}
	newest := time.Date(2022, 3, 29, 0, 0, 0, 0, time.UTC).AddDate(2, 0, 0)
	if VersionOf("Chrome/100", newest).Old || !VersionOf("Chrome/100", newest.Add(time.Second)).Old {
		t.Error("got another end of two years")
	}
	yearly := time.Date(2027, 9, 16, 0, 0, 0, 0, time.UTC) // Safari 26 came out a year after 18
	if VersionOf("Version/26.0 Safari/605.1", yearly).Old || !VersionOf("Version/26.0 Safari/605.1", yearly.Add(time.Second)).Old {
		t.Error("Safari 26: got another end of two years")
	}
}

// Windows of apps by what they say, and browsers by what they do not.
func TestWindowsOfApps(t *testing.T) {
	const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	for ua, want := range map[string]bool{
		iPhone + "Version/18.0 Mobile/15E148 Safari/604.1": false, iPhone + "Mobile/15E148": true,
		iPhone + "CriOS/142.0 Mobile/15E148 Safari/604.1":                            false,
		iPhone + "Mobile/15E148 MicroMessenger/8.0.54(0x18003630) NetType/WIFI":      true,
		"Mozilla/5.0 (Linux; Android 15; Pixel; wv) Version/4.0 Chrome/142.0 Mobile": true,
		"Mozilla/5.0 (Linux; Android 15; Pixel) Chrome/142.0 Mobile Safari/537.36":   false,
		"Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36":                   false,
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":     false, "": false, "curl/8.0": false,
	} {
		if got := InApp(ua); got != want {
			t.Errorf("%q: got an app's window %v, want %v", ua, got, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for ua, want := range map[string]string{
		"": "", "curl/8.5": "Program",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0":                     "Edge on Windows",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                        "Firefox on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1":       "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0.50 Language/zh_CN": "WeChat on Android",
	} {
		if got := Describe(ua); got != want {
			t.Errorf("%s: got %q, want %q", ua, got, want)
		}
	}
}
