package auth

import (
	"encoding/json"
	"strings"
	"testing"
)

// A typed answer is one member, as it is written: none twice, in odd case, of another type, or with something after it.
func TestReadCode(t *testing.T) {
	for response, want := range map[string]string{
		`{"code":"123456"}`:            "123456",
		`{"code":" 123 456 "}`:         "123456",
		`{"code":"123456"} `:           "123456",
		`{"code":""}`:                  "",
		`{"Code":"123456"}`:            "refused",
		`{"code":123456}`:              "refused",
		`{"code":null}`:                "refused",
		`{"code":["123456"]}`:          "refused",
		`{"code":{"code":"123456"}}`:   "refused",
		`{"code":"1","code":"123456"}`: "refused",
		`{"code":"123456"}{}`:          "refused",
		`{"code":"123456"`:             "refused",
		`["code","123456"]`:            "refused",
		`"123456"`:                     "refused",
		`{}`:                           "refused",
		``:                             "refused",
		`{"code":"1` + strings.Repeat(" ", maxResponse-12) + `"}`: "1",
		`{"code":"1` + strings.Repeat(" ", maxResponse-11) + `"}`: "refused",
	} {
		got, err := ReadCode(json.RawMessage(response))
		if err != nil {
			got = "refused"
			if refusedAs(err) != CodeMalformed {
				t.Errorf("%s: got %v, want %s", response, err, CodeMalformed)
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", response, got, want)
		}
	}
}
