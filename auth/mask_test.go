package auth

import "testing"

func TestMaskNumber(t *testing.T) {
	tests := []struct {
		in   Number
		want string
	}{
		{"+8613800138000", "+86 ••• •••• 8000"},
		{"+12025550123", "+1 ••• •••• 0123"},
		{"+442079460958", "+44 ••• •••• 0958"},
		{"+390612345678", "+39 ••• •••• 5678"},
		{"+29022158", "+290 ••• •••• 58"},
		{"", ""},
		{"13800138000", "•••"},
	}
	for _, tt := range tests {
		if got := MaskNumber(tt.in); got != tt.want {
			t.Errorf("MaskNumber(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestMaskAddress(t *testing.T) {
	tests := []struct {
		in   Address
		want string
	}{
		{"seller@example.com", "s•••@example.com"},
		{"a@example.com", "•••@example.com"},
		{"ab@example.com", "a•••@example.com"},
		{"张三@xn--fsqu00a.xn--55qx5d", "张•••@例子.公司"},
		{"n\u0303n@example.com", "n\u0303•••@example.com"},
		{"", ""},
		{"seller", "•••"},
	}
	for _, tt := range tests {
		if got := MaskAddress(tt.in); got != tt.want {
			t.Errorf("MaskAddress(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}
