package recovery_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The queue begins with what is due first of all that whoever looks may decide; then comes what others must, and last
// what waits for an applicant.
func TestTheOrderOfTheQueue(t *testing.T) {
	w := newWorld(t)
	ids := map[string]string{}
	for _, name := range []string{"asked", "voted", "older", "newer"} {
		w.person(name)
		link, _ := w.inReview(name+"@example.com", "")
		ids[idOf(link)] = name
		if name == "voted" {
			w.approve(link, "ann")
		}
		if name == "asked" {
			if _, err := w.cases.AskMore(t.Context(), auth.Caller{}, by("bob"), idOf(link), nil,
				"Which goods?"); err != nil {
				t.Fatal(err)
			}
		}
		w.pass(time.Minute)
	}
	for who, want := range map[string][]string{"ann": {"older", "newer", "voted", "asked"},
		"bob": {"voted", "older", "newer", "asked"}} {
		q, err := w.cases.Queue(t.Context(), auth.Caller{}, by(who), 1)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range q.Items {
			got = append(got, ids[item.ID])
		}
		if !slices.Equal(got, want) || q.Waiting != 3 || q.Late != 0 {
			t.Errorf("%s: got %q, %d waiting, %d late; want %q, 3, 0", who, got, q.Waiting, q.Late, want)
		}
	}
	w.pass(12*time.Hour - 2*time.Minute)
	if q, err := w.cases.Queue(t.Context(), auth.Caller{}, by("bob"), 1); err != nil || q.Waiting != 3 || q.Late != 2 {
		t.Errorf("twelve hours after the second: got %s, want two of three late", fmt.Sprint(q, err))
	}
}
