package ident

import (
	"testing"
)

// A whole message gives its code, and never one that it does not have.
func TestDigitsIn(t *testing.T) {
	for in, want := range map[string]string{
		"510053":    "510053",
		" 510 053 ": "510053",
		"５１００-53":   "510053",
		"【示例商城】验证码 510053，用于登录（编号 J4），5 分钟内有效，请勿告知他人。":           "510053",
		"【示例商城】验证码５１００５３，５分钟内有效":                                 "510053",
		"Your code is 510053 (J4). It is good for 5 minutes.":    "510053",
		"510053 is your code.\n\n@accounts.shop.example #510053": "510053", // one, twice
		"510053 or 510054": "510053or510054",
		"call 13800138000": "call13800138000", // a run that is longer holds none
		"12345":            "12345",
		"1234567":          "1234567",
		"code 51 00 53":    "code510053",
		"":                 "",
	} {
		if got := DigitsIn(in, 6); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
