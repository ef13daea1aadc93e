package ident_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/ident"
)

func TestParseSerial(t *testing.T) {
	for typed, want := range map[string]string{
		"AB-1234": "AB-1234", "  AB 1234\t": "AB 1234", "ＡＢ１２３４": "AB1234", "2308\u200b1234": "23081234",
		strings.Repeat("1", 64): strings.Repeat("1", 64), "": "", " - ": "", strings.Repeat("1", 65): "", "a\x00b": "", "a\nb": "",
	} {
		got, err := ident.ParseSerial(typed)
		if got != want || errors.Is(err, ident.SerialMalformed) != (want == "") {
			t.Errorf("%q: got %q and %v, want %q", typed, got, err, want)
		}
	}
}

func TestSerialKey(t *testing.T) {
	for _, same := range [][]string{
		{"AB-1234", "ab1234", "ab 12 34", "ＡＢ－１２３４", "a.b/1234"}, {"0012", "00-12"}, {"序列 1", "序列1"},
	} {
		for _, s := range same[1:] {
			if ident.SerialKey(s) != ident.SerialKey(same[0]) {
				t.Errorf("%q and %q: got %q and %q, want one key", same[0], s, ident.SerialKey(same[0]), ident.SerialKey(s))
			}
		}
	}
	for _, s := range []string{"12", "0012a", "012", "0021"} {
		if ident.SerialKey(s) == ident.SerialKey("0012") {
			t.Errorf("%q and 0012: got one key, want two", s)
		}
	}
}
