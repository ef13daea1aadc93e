package auth

import "testing"

// Who has nothing that shows what is demanded is asked for what he has: nobody is left without a way.
func TestWhatServesADemand(t *testing.T) {
	weak, strong := MethodInfo{Kind: Phone, Class: Weak}, MethodInfo{Kind: TOTP, Class: Strong}
	for name, c := range map[string]struct {
		act   Action
		class Class
		list  []MethodInfo
		want  int
	}{
		"both, strong demanded":       {ActContact, Strong, []MethodInfo{weak, strong}, 1},
		"both, weak demanded":         {ActContact, Weak, []MethodInfo{weak, strong}, 2},
		"weak alone, strong demanded": {ActContact, Strong, []MethodInfo{weak, weak}, 2},
		"a removal":                   {ActRemove, Strong, []MethodInfo{weak, strong}, 2},
		"a device":                    {ActLose, Strong, []MethodInfo{weak, strong}, 2},
		"none":                        {ActContact, Strong, nil, 0},
	} {
		if got := serving(c.act, Demand{c.class, ageRemove}, append([]MethodInfo(nil), c.list...)); len(got) != c.want {
			t.Errorf("%s: got %+v, want %d of them", name, got, c.want)
		}
	}
	for id, want := range map[int]bool{maxCredentialText: true, maxCredentialText + 4: false} {
		text := make([]byte, id)
		for i := range text {
			text[i] = 'A'
		}
		response := []byte(`{"id":"` + string(text) + `","type":"public-key"}`)
		if got := credentialOf(response) != ""; got != want {
			t.Errorf("a credential of %d signs: got %v, want %v", id, got, want)
		}
	}
}
