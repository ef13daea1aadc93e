package audit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// exported is what an export writes, line by line.
func (s *site) exported(sel audit.Selection) (lines []map[string]any) {
	s.Helper()
	var out bytes.Buffer
	n, err := s.audit.Export(s.Context(), "lin", sel, &out)
	must(s, err)
	for r := bufio.NewScanner(&out); r.Scan(); {
		var l map[string]any
		must(s, json.Unmarshal(r.Bytes(), &l))
		lines = append(lines, l)
	}
	if n != len(lines) {
		s.Errorf("got %d lines, want the %d that it says", len(lines), n)
	}
	return lines
}

func named(lines []map[string]any, action auth.Action) (list []string) {
	for _, l := range lines {
		if l["action"] == string(action) {
			list = append(list, fmt.Sprintf("%v %v", l["chain"], l["number"]))
		}
	}
	return list
}

// An export has every event of all chains once, in the order of each, however many slices it is read in; and that it was
// made is in it.
func TestAnExportHasEverything(t *testing.T) {
	s := newSite(t)
	var want []string
	for i := range 601 {
		s.acts("acct-b")
		want = append(want, fmt.Sprintf("acct-b %d", i+1))
	}
	s.acts("acct-a", "acct-c")
	want = append(append([]string{"acct-a 1"}, want...), "acct-c 1")
	all := s.exported(audit.Selection{})
	if got := named(all, actDone); strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("got %d events, want %d in their order", len(got), len(want))
	}
	if got := named(all, audit.ActExport); len(got) != 1 {
		t.Errorf("got %q of the export itself, want one", got)
	}
}

// From and to bound it: the first moment is in it, the last is not.
func TestAnExportOfATime(t *testing.T) {
	s := newSite(t)
	var at []time.Time
	for range 4 {
		s.acts("acct-a")
		at = append(at, s.now)
	}
	for _, row := range []struct {
		from, to time.Time
		want     string
	}{
		{time.Time{}, time.Time{}, "acct-a 1,acct-a 2,acct-a 3,acct-a 4"}, {at[1], time.Time{},
			"acct-a 2,acct-a 3,acct-a 4"},
		{time.Time{}, at[1], "acct-a 1"}, {at[1], at[3], "acct-a 2,acct-a 3"}, {at[3].Add(1), time.Time{}, ""},
	} {
		if got := strings.Join(named(s.exported(audit.Selection{From: row.from, To: row.to}), actDone),
			","); got != row.want {
			t.Errorf("%v to %v: got %q, want %q", row.from, row.to, got, row.want)
		}
	}
	for _, to := range []time.Time{at[1], at[0]} { // nothing was ever done in it
		if _, err := s.audit.Export(t.Context(), "lin", audit.Selection{From: at[1], To: to},
			new(bytes.Buffer)); !errors.Is(err, auth.Refuse(auth.TimesReversed)) {
			t.Errorf("%v to %v: got %v, want it refused", at[1], to, err)
		}
	}
}

// Of an account it has the account's chain alone, by its id; the look is in the account's own history, with who it was.
// Nobody's is refused. Of a network address there is the network, unless whole ones are asked for.
func TestAnExportOfAnAccount(t *testing.T) {
	s := newSite(t).trail()
	accounts := store.NewCollection("account", s.keys, store.Blind("email", true,
		func(a *auth.Account) []string { return []string{a.Email.Key()} }))
	s.update(func(tx store.Tx) error {
		return accounts.Put(tx, "acct-a", &auth.Account{ID: "acct-a", Email: "lin@example.com"})
	})
	s.acts("acct-a", "acct-ab", "acct-b")
	list := s.chain("acct-a")
	for i, ip := range []string{"203.0.113.77", "2001:db8:1:2:3::4", "::ffff:203.0.113.77"} {
		list = append(list, list[0])
		list[i+1].IP = ip
	}
	s.rewrite("acct-a", list)
	for of, addresses := range map[string]bool{"acct-a": false, "lin@example.com": true} {
		lines := s.exported(audit.Selection{Account: of, Addresses: addresses})
		got, places := named(lines, actDone), ""
		for _, l := range lines {
			places += fmt.Sprint(l["network"], "|", l["address"], " ")
		}
		if strings.Join(got, ",") != "acct-a 1,acct-a 2,acct-a 3,acct-a 4" {
			t.Errorf("%s: got %q", of, got)
		}
		want := "203.0.113.0/24|<nil> 2001:db8:1::/48|<nil> 203.0.113.0/24|<nil>"
		if addresses {
			want = "<nil>|203.0.113.77 <nil>|2001:db8:1:2:3::4 <nil>|::ffff:203.0.113.77"
		}
		if !strings.Contains(places, want) {
			t.Errorf("%s: got places %s, want %s", of, places, want)
		}
		if last := lines[len(lines)-1]; last["action"] != string(audit.ActExport) || last["who"] != "lin" {
			t.Errorf("%s: got %v, want the look in the account's own chain", of, last)
		}
	}
	for _, nobody := range []string{"acct-zz", "nobody@example.com"} {
		if _, err := s.audit.Export(t.Context(), "lin", audit.Selection{Account: nobody},
			new(bytes.Buffer)); !errors.Is(err, auth.Refuse(auth.NotFound)) {
			t.Errorf("%s: got %v, want not found", nobody, err)
		}
	}
}

// failing is a reader that goes away.
type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("gone")
	}
	return len(b), nil
}

// Who goes away in the middle is told that it was not all.
func TestAnExportThatBreaksOff(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a", "acct-b", "acct-c")
	if n, err := s.audit.Export(t.Context(), "lin", audit.Selection{},
		&failing{300}); err == nil || n == 0 || n > 2 {
		t.Errorf("got %d lines, %v, want a few and an error", n, err)
	}
}
