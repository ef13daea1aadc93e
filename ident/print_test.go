package ident

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"
)

// raws is one of each raw type: a type that is new here belongs into it.
func raws() map[string]any {
	return map[string]any{
		"seller.canary@example.com": Email("seller.canary@example.com"),
		"+8613800138000":            Phone("+8613800138000"),
		"mailbox@example.com":       Recipient("mailbox@example.com"),
		"+12025550123":              Recipient("+12025550123"),
		"typed.name@example.com":    Greeting("typed.name@example.com"),
	}
}

// Whatever prints a raw value prints its mask: by itself, behind a pointer, in a struct, a list or a map.
func TestRawValuesPrintMasked(t *testing.T) {
	for text, raw := range raws() {
		secret := text[:max(strings.IndexByte(text, '@'), len(text)-4)]
		in := struct{ At any }{raw}
		for _, v := range []any{raw, &raw, in, &in, []any{raw}, map[any]int{raw: 1}, map[string]any{"to": raw},
			fmt.Errorf("sending: %w", errors.New(fmt.Sprint(raw)))} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%d", "%t",
				"%20.18v", "%c", "%T %[1]v"} {
				got := fmt.Sprintf(verb, v)
				if strings.Contains(got, secret) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", secret)) {
					t.Errorf("%s of %T: got %s, want a mask", verb, v, got)
				}
			}
			var said bytes.Buffer
			if err := template.Must(template.New("").Parse("{{.}}")).Execute(&said, v); err != nil ||
				strings.Contains(said.String(), secret) {
				t.Errorf("a template of %T: got %s, %v, want a mask", v, said.String(), err)
			}
		}
		var said bytes.Buffer
		slog.New(slog.NewJSONHandler(&said, nil)).Info("sent", "to", raw)
		slog.New(slog.NewTextHandler(&said, nil)).Info("sent", "to", raw, "in", in, "all", []any{raw})
		if strings.Contains(said.String(), secret) || !strings.Contains(said.String(), hidden) {
			t.Errorf("logs of %T: got %s, want masks", raw, said.String())
		}
	}
}

// What prints is the mask itself, so that a reader of logs can tell two apart.
func TestRawValuesPrintTheirMask(t *testing.T) {
	for _, tt := range []struct {
		got, want string
	}{
		{fmt.Sprint(Email("seller@example.com")), "s•••@example.com"},
		{fmt.Sprintf("%s", Phone("+8613800138000")), "+86 ••• •••• 8000"},
		{fmt.Sprintf("%q", Recipient("seller@example.com")), `"s•••@example.com"`},
		{fmt.Sprintf("%v", Recipient("+8613800138000")), "+86 ••• •••• 8000"},
		{fmt.Sprintf("%#v", Email("seller@example.com")), `ident.Email("s•••@example.com")`},
		{fmt.Sprintf("%#v", Phone("+8613800138000")), `ident.Phone("+86 ••• •••• 8000")`},
		{fmt.Sprintf("%+v", struct{ To Recipient }{"seller@example.com"}), "{To:s•••@example.com}"},
		{fmt.Sprintf("%#v", Recipient("")), `ident.Recipient("")`},
		{fmt.Sprintf("%#q", Email("seller@example.com")), "`s•••@example.com`"},
		{fmt.Sprint(Email("")), ""},
		{fmt.Sprint(Greeting("")), ""},
		{fmt.Sprint(Greeting("seller")), "•••"},
		{fmt.Sprint(Phone("+3546101234")), "+354 ••• •••• 34"}, // seven digits
		{fmt.Sprint(Phone("+85291234567")), "+852 ••• •••• 4567"},
		{fmt.Sprint(Email("x\u0301\u0302y@example.com")), "x\u0301\u0302•••@example.com"},
		{fmt.Sprint(Greeting("s•••@example.com")), "s•••@example.com"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

// Stored records and the wire carry the text itself.
func TestRawValuesAreThemselvesInJSON(t *testing.T) {
	type record struct {
		Email Email             `json:"e"`
		Phone Phone             `json:"p"`
		To    Recipient         `json:"to"`
		By    map[Recipient]int `json:"by"`
	}
	const want = `{"e":"seller@example.com","p":"+8613800138000","to":"mailbox@example.com","by":{"+12025550123":1}}`
	in := record{"seller@example.com", "+8613800138000", "mailbox@example.com", map[Recipient]int{"+12025550123": 1}}
	got, err := json.Marshal(in)
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	var back record
	if err := json.Unmarshal(got, &back); err != nil || back.Email != in.Email || back.Phone != in.Phone ||
		back.To != in.To {
		t.Errorf("read back: got %s, %v, want %s", string(back.To), err, string(in.To))
	}
}
