package yubiotp_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// What is made is made anew each time, and is in nobody else's name.
func TestWhatAKeyIsProgrammedWith(t *testing.T) {
	f := factor(1)
	var seen []string
	for range 20 {
		var p struct{ PublicID, PrivateID, Secret string }
		if err := json.Unmarshal(begin(t, f, auth.BindInput{}).Prompt, &p); err != nil {
			t.Fatal(err)
		}
		foreign := strings.Trim(p.PublicID, "cbdefghijklnrtuv")
		if len(p.PublicID) != 12 || !strings.HasPrefix(p.PublicID, "vv") || foreign != "" ||
			len(p.PrivateID) != 12 || len(p.Secret) != 32 {
			t.Fatalf("got %+v, want 12 letters from vv on, and 6 and 16 bytes", p)
		}
		for _, v := range seen {
			if v == p.PublicID || v == p.PrivateID || v == p.Secret {
				t.Fatalf("got %s twice", v)
			}
		}
		seen = append(seen, p.PublicID, p.PrivateID, p.Secret)
	}
}

// A key that was programmed before is taken by its values, however its own program writes them.
func TestAKeyThatHasItsValues(t *testing.T) {
	f := factor(1)
	const private, secret = "8792ebfe26cc", "ecde18dbe76fbd0c33330f1c354871db"
	digests := map[string]bool{}
	for name, v := range map[string]auth.KeyValues{
		"as they are": {PublicID: "dteffuje", PrivateID: private, Secret: secret},
		"capitals and blanks": {PublicID: " DTEF FUJE", PrivateID: "87 92 EB FE 26 CC",
			Secret: strings.ToUpper(secret)},
		"no public id":    {PrivateID: private, Secret: secret},
		"the longest one": {PublicID: "cccccccccccccccc", PrivateID: private, Secret: secret},
	} {
		c := begin(t, f, auth.BindInput{KeyValues: v})
		if strings.Contains(string(c.Prompt), "ecde18") || strings.Contains(string(c.Prompt), private) {
			t.Errorf("%s: got %s, want no secret shown", name, c.Prompt)
		}
		k := &key{public: strings.ToLower(strings.ReplaceAll(v.PublicID, " ", "")), use: 77, session: 200}
		k.private, _ = hex.DecodeString(private)
		k.secret, _ = hex.DecodeString(secret)
		a, err := f.FinishBind(c, pair(k.touched(), k.touched()))
		wants(t, name, err, "")
		if err == nil {
			digests[a.Digest] = true
		}
	}
	if len(digests) != 1 || digests[""] {
		t.Errorf("the same secret: got digests %v, want one", digests)
	}
}

// Values that are none are refused, by the field they stand in.
func TestValuesThatAreNone(t *testing.T) {
	f := factor(1)
	good := auth.KeyValues{PublicID: "dteffuje", PrivateID: "8792ebfe26cc",
		Secret: "ecde18dbe76fbd0c33330f1c354871db"}
	for name, x := range map[string]struct {
		bend  func(*auth.KeyValues)
		field string
	}{
		"a public id in hexadecimal": {func(v *auth.KeyValues) { v.PublicID = "0a1b2c" }, "publicId"},
		"half a byte":                {func(v *auth.KeyValues) { v.PublicID = "ccc" }, "publicId"},
		"too long an id":             {func(v *auth.KeyValues) { v.PublicID = strings.Repeat("c", 18) }, "publicId"},
		"no private id":              {func(v *auth.KeyValues) { v.PrivateID = "" }, "privateId"},
		"a short private id":         {func(v *auth.KeyValues) { v.PrivateID = "8792ebfe26" }, "privateId"},
		"no secret":                  {func(v *auth.KeyValues) { v.Secret = "" }, "secret"},
		"a secret in modhex":         {func(v *auth.KeyValues) { v.Secret = strings.Repeat("cr", 16) }, "secret"},
		"a long secret":              {func(v *auth.KeyValues) { v.Secret += "00" }, "secret"},
		"no secret at all":           {func(v *auth.KeyValues) { v.Secret = strings.Repeat("0", 32) }, "secret"},
		"one byte throughout":        {func(v *auth.KeyValues) { v.Secret = strings.Repeat("A5", 16) }, "secret"},
	} {
		v := good
		x.bend(&v)
		text, _ := json.Marshal(auth.BindInput{KeyValues: v})
		c := &auth.Ceremony{Purpose: auth.ForBind, Kind: auth.YubiOTP, Now: noon, Input: text}
		err := f.BeginBind(c, auth.Subject{})
		wants(t, name, err, auth.KeyValuesMalformed)
		if e, ok := err.(*auth.Error); ok && e.Field != x.field {
			t.Errorf("%s: got the field %q, want %q", name, e.Field, x.field)
		}
		if len(c.State) > 0 || len(c.Prompt) > 0 {
			t.Errorf("%s: got a ceremony, want none begun", name)
		}
	}
}
