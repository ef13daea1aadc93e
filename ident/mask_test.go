package ident

import "testing"

func TestMaskPhone(t *testing.T) {
	tests := []struct {
		in   Phone
		want Masked
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
		if got := tt.in.Mask(); got != tt.want {
			t.Errorf("the mask of %q: got %q, want %q", string(tt.in), got, tt.want)
		}
	}
}

func TestMaskEmail(t *testing.T) {
	tests := []struct {
		in   Email
		want Masked
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
		if got := tt.in.Mask(); got != tt.want {
			t.Errorf("the mask of %q: got %q, want %q", string(tt.in), got, tt.want)
		}
	}
}
