package auth

import "testing"

// A key says whose wrong answers it counts and of which kind, whatever made it.
func TestWhatAKeyCounts(t *testing.T) {
	const a = AccountID("acct")
	for name, c := range map[string]struct {
		key   string
		kind  Kind
		whose string
	}{
		"passwords of a browser":  {browserKey(a, "browser", Password), Password, "browser"},
		"codes of a browser":      {browserKey(a, "browser", TOTP), TOTP, "browser"},
		"passwords of strangers":  {strangersKey(a, "network", Password), Password, "network"},
		"codes of strangers":      {strangersKey(a, "network", Phone), Phone, "network"},
		"passwords behind a key":  {provenKey(a, "key"), Password, "key"},
		"codes of introduced":     {introducedKey(a, TOTP), TOTP, ""},
		"passwords of introduced": {introducedKey(a, Password), Password, string(Password)},
		"codes of all":            {codesKey(a, TOTP), TOTP, ""},
		"passwords of all":        {codesKey(a, Password), Password, ""},
		"codes of a binding":      {bindingKey(a, Phone), Phone, ""},
		"codes of all others":     {othersKey(a, TOTP), TOTP, ""},
	} {
		if got := kindOfCount(c.key); got != c.kind {
			t.Errorf("%s, %s: got the kind %s, want %s", name, c.key, got, c.kind)
		}
		if got := whoseCount(c.key); got != c.whose {
			t.Errorf("%s, %s: got %q's, want %q's", name, c.key, got, c.whose)
		}
	}
}
