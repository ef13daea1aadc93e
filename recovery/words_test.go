package recovery

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// What somebody has lost is named by what it is on, and else by what it is.
func TestThingOf(t *testing.T) {
	for m, want := range map[auth.Shown]Thing{
		{Kind: auth.Lookup, On: auth.Paper}:                                Paper,
		{Kind: auth.Email, On: auth.Mailbox}:                               Mailbox,
		{Kind: auth.Phone, On: auth.Handset}:                               Phone,
		{Kind: auth.Phone, On: auth.Stick}:                                 Phone,
		{Kind: auth.TOTP, On: auth.Handset}:                                Phone,
		{Kind: auth.TOTP, On: auth.Computer}:                               Computer,
		{Kind: auth.TOTP, On: auth.Extension}:                              Computer,
		{Kind: auth.TOTP, On: auth.Stick}:                                  Key,
		{Kind: auth.WebAuthn, Flavour: auth.SecurityKey, On: auth.Stick}:   Key,
		{Kind: auth.WebAuthn, Flavour: auth.Passkey, On: auth.Computer}:    Passkey,
		{Kind: auth.WebAuthn, Flavour: auth.SecurityKey, On: auth.Handset}: Phone,
	} {
		if got := thingOf(m); got != want {
			t.Errorf("%+v: got %s, want %s", m, got, want)
		}
	}
}

// A statement keeps its lines, loses what shows nothing, and is neither empty nor without end, in one line or in many.
func TestCleanText(t *testing.T) {
	line := strings.Repeat("字", ident.MaxTyped*8/3)
	for in, want := range map[string]string{
		"I lost it.\r\nOn a train. ": "I lost it.\nOn a train.",
		" \n\t\n ":                   "",
		line:                         line,
		line + "字字":                  "too long",
		strings.Repeat("a", 301):     strings.Repeat("a", 301),
		strings.Repeat("a\n", 3000):  "too long",
	} {
		got, err := cleanText(in, 5000)
		code := auth.Code("")
		switch want {
		case "":
			code = auth.StoryMissing
		case "too long":
			code = auth.StoryTooLong
		}
		if code != "" && !errors.Is(err, auth.Refuse(code)) || code == "" && (err != nil || got != want) {
			t.Errorf("%.20q…: got %.20q…, %v, want %s %.20q…", in, got, err, code, want)
		}
	}
}
