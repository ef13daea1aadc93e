package yubiotp

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// Modhex writes every byte in its own way, and reads nothing else.
func TestModhex(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	if raw, ok := decode(encode(all)); !ok || !bytes.Equal(raw, all) {
		t.Errorf("every byte: got %x, want what was written", raw)
	}
	// The examples of the manual of Yubico's modhex.
	for text, want := range map[string]string{"ifhgieif": "test", "nghgibhv": "\xb5\x65\x71\x6f", "": ""} {
		if raw, ok := decode(text); !ok || string(raw) != want {
			t.Errorf("%s: got %q, want %q", text, raw, want)
		}
	}
	for _, text := range []string{"c", "cca", "CB", "c b", "ｃb", "cc\n"} {
		if raw, ok := decode(text); ok {
			t.Errorf("%q: got %x, want it refused", text, raw)
		}
	}
}

// FuzzModhex: what is read is written again as it was, and what was typed on another keyboard is read as the
// key has meant it.
func FuzzModhex(f *testing.F) {
	for _, s := range []string{"", "ifhgieif", "nghgibhv", "cbdefghijklnrtuv", "jxe.uidchtnbpygk", "CBDEı", "cca",
		"\xffc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if raw, ok := decode(text); ok && encode(raw) != text {
			t.Fatalf("got %x from %q, which is written %q", raw, text, encode(raw))
		}
		meant, err := signs(text)
		if err != nil {
			if e := new(auth.Error); !errors.As(err, &e) || e.Code != auth.CodeLayout {
				t.Fatalf("%q: got %v, want the refusal %s", text, err, auth.CodeLayout)
			}
			return
		}
		if strings.Trim(meant, alphabet) != "" {
			t.Fatalf("%q: got %q, want modhex", text, meant)
		}
		if again, err := signs(meant); err != nil || again != meant {
			t.Fatalf("%q: got %q and %v, want it as it is", meant, again, err)
		}
		onDvorak := strings.Map(func(r rune) rune { return rune(dvorak[strings.IndexRune(alphabet, r)]) }, meant)
		if back, err := signs(onDvorak); strings.Trim(onDvorak, alphabet) != "" && (err != nil || back != meant) {
			t.Fatalf("%q, typed on Dvorak: got %q and %v, want %q", onDvorak, back, err, meant)
		}
	})
}

// FuzzCode: no answer to a verification panics or fails, and only the code of the key is taken.
func FuzzCode(f *testing.F) {
	const good = "dteffujehknhfjbrjnlnldnhcujvddbikngjrtgh"
	for _, s := range []string{good, strings.ToUpper(good), good + good, good[8:], good[:39], "", "123456", "ёж",
		"\xff", good + "\n"} {
		text, _ := json.Marshal(auth.CodeResponse{Code: s})
		f.Add([]byte(text))
	}
	for _, s := range []string{`{}`, `null`, `{"code":1}`, `{"code":"c","code":"c"}`, `{"Code":"c"}`,
		`{"code":"\ud83d"}`} {
		f.Add([]byte(s))
	}
	values := slot{Public: "dteffuje", Private: "8792ebfe26cc", Secret: "ecde18dbe76fbd0c33330f1c354871db"}
	r := record{slot: values, Counts: 19<<8 | 16, Rest: "a8c000b408"}
	data, err := json.Marshal(r)
	if err != nil {
		f.Fatal(err)
	}
	list := []*auth.Authenticator{{ID: "a", Kind: auth.YubiOTP, State: auth.Active, Data: data}}
	f.Fuzz(func(t *testing.T, response []byte) {
		got, err := New().FinishVerify(&auth.Ceremony{Kind: auth.YubiOTP}, list, response)
		if err != nil {
			if e := new(auth.Error); !errors.As(err, &e) {
				t.Fatalf("%s: got the failure %v, want a refusal", response, err)
			}
			return
		}
		typed, _ := auth.ReadCode(response)
		if meant, _ := signs(typed); meant != good || got == nil {
			t.Fatalf("%s: got it taken, which no key has typed", response)
		}
	})
}
