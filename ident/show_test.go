package ident

import "testing"

func TestShow(t *testing.T) {
	for r, want := range map[Recipient]string{
		"":                            "",
		"+8613800138000":              "+86 138 0013 8000",
		"+12025550123":                "+1 202-555-0123",
		"nonsense":                    "nonsense",
		"seller@example.com":          "seller@example.com",
		"user@xn--fsqu00a.xn--fiqs8s": "user@例子.中国",
	} {
		if got := r.Show(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := Email("nonsense").Show(); got != "nonsense" {
		t.Errorf("what is no address: got %q, want it as it is", got)
	}
}
