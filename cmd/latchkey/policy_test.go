package main

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// policyNumbers is the path of every number of the policy, and whether it is a length of time.
func policyNumbers(t *testing.T) map[string]bool {
	t.Helper()
	numbers := map[string]bool{}
	for _, path := range settings(reflect.TypeFor[Config](), "") {
		v := reflect.ValueOf(new(Config)).Elem()
		for name := range strings.SplitSeq(path, ".") {
			v = v.FieldByName(name)
		}
		if strings.HasPrefix(path, "Policy.") && v.CanInt() {
			numbers[path] = v.Type() == reflect.TypeFor[time.Duration]()
		}
	}
	if len(numbers) < 30 {
		t.Fatalf("got %d numbers in the policy, want all", len(numbers))
	}
	return numbers
}

// No number of the policy can be below nothing, and no life nothing but where that says something.
func TestEveryNumberOfThePolicyIsJudged(t *testing.T) {
	zero := map[string]bool{"Policy.TrustLife": true, "Policy.ResendAfter": true, "Policy.Dormant": true,
		"Policy.PasswordAge": true, "Policy.TestKeysAfter": true, "Policy.ReviewAfter": true}
	for path, lasts := range policyNumbers(t) {
		for _, c := range []struct {
			value string
			good  bool
		}{
			{map[bool]string{true: "-30m", false: "-1"}[lasts], false},
			{map[bool]string{true: "0s", false: "0"}[lasts], !lasts || zero[path]},
			{map[bool]string{true: "1s", false: "1"}[lasts], path != "Policy.Closing"},
		} {
			name := envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
			_, _, err := loadConfig("", []string{name + "=" + c.value}, nil)
			var misused usageError
			switch {
			case c.good && err != nil:
				t.Errorf("%s %s: got %v, want it taken", path, c.value, err)
			case !c.good && (!errors.As(err, &misused) || !strings.HasPrefix(err.Error(), strings.ToLower(path)+": want")):
				t.Errorf("%s %s: got %v, want a misuse that names it", path, c.value, err)
			}
		}
	}
}

// An account that is to be closed waits for a week at least, and for three months at most.
func TestHowLongAClosingMayWait(t *testing.T) {
	for value, good := range map[string]bool{"167h59m59s": false, "168h": true, "336h": true, "2160h": true, "2160h1s": false} {
		_, _, err := loadConfig("", []string{"LATCHKEY_POLICY_CLOSING=" + value}, nil)
		var misused usageError
		if good != (err == nil) || err != nil && (!errors.As(err, &misused) || !strings.Contains(err.Error(), "7 to 90 days")) {
			t.Errorf("%s: got %v, want it taken: %v", value, err, good)
		}
	}
}

// Countries are those of the list of numbering plans, however they are written; one that is none would leave every
// seller without texts.
func TestCountriesAreKnown(t *testing.T) {
	for text, want := range map[string][]string{
		"HK, CN": {"HK", "CN"}, "cn": {"CN"}, " De ,hk": {"DE", "HK"}, "": {},
		"CHINA": nil, "CN,": nil, "CN,XX": nil, "86": nil, "CN DE": nil,
	} {
		c, _, err := loadConfig("", []string{"LATCHKEY_POLICY_COUNTRIES=" + text}, nil)
		path := filepath.Join(t.TempDir(), "latchkey.yaml")
		writeFile(t, path, "policy:\n  countries: ['"+strings.ReplaceAll(text, ",", "', '")+"']\n")
		inFile, _, errInFile := loadConfig(path, nil, nil)
		if want == nil {
			for _, err := range []error{err, errInFile} {
				if err == nil || !strings.Contains(err.Error(), "policy.countries: want ISO codes") {
					t.Errorf("%q: got %v, want it refused", text, err)
				}
			}
			continue
		}
		if err != nil || !cmp.Equal(want, c.Policy.Countries) {
			t.Errorf("%q: got %v %v, want %v", text, c, err, want)
		}
		if text != "" && (errInFile != nil || !cmp.Equal(want, inFile.Policy.Countries)) {
			t.Errorf("%q in the file: got %v %v, want %v", text, inFile, errInFile, want)
		}
	}
}

// Keys belong to the origin's host or to a domain above it, or to that of a related site: browsers refuse all others.
func TestDomainOfKeysCoversTheOrigin(t *testing.T) {
	for _, c := range []struct {
		origin, rpid, related string
		good                  bool
	}{
		{"https://account.shop.example", "", "", true},
		{"https://account.shop.example", "shop.example", "", true},
		{"https://account.shop.example:8443/in", "account.shop.example", "", true},
		{"https://Shop.example", "shop.example", "", true},
		{"http://localhost:8080", "localhost", "", true},
		{"", "localhost", "", true},
		{"", "shop.example", "", false},
		{"https://account.shop.example", "other.example", "", false},
		{"https://ashop.example", "shop.example", "", false},
		{"https://shop.example", "account.shop.example", "", false},
		{"https://account.shop.example", "other.example", "https://other.example", true},
		{"https://account.shop.example", "other.example", "android:apk-key-hash:x", false},
	} {
		_, _, err := loadConfig("", []string{"LATCHKEY_ORIGIN=" + c.origin, "LATCHKEY_WEBAUTHN_RPID=" + c.rpid,
			"LATCHKEY_SERVER_RELATED_ORIGINS=" + c.related}, nil)
		if (err == nil) != c.good || err != nil && !strings.HasPrefix(err.Error(), "webauthn.rpid: want the host") {
			t.Errorf("%+v: got %v, want it taken: %t", c, err, c.good)
		}
	}
}
