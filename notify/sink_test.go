package notify

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

func openSink(t *testing.T, path string) *Sink {
	t.Helper()
	s, err := NewSink(SinkConfig{Path: path, Channels: channels()}, newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func drop1(t *testing.T, s *Sink, id string) {
	t.Helper()
	text, _ := render(sms(id, time.Now()))
	if ref, err := s.Deliver(context.Background(), sms(id, time.Now()), text); err != nil || ref != id {
		t.Fatalf("got %q, %v, want %q", ref, err, id)
	}
}

func TestSink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages.jsonl")
	s := openSink(t, path)
	drop1(t, s, "m1")
	drop1(t, s, "m2")
	drop1(t, s, "m1") // tried again after a crash
	got := s.Recent(10)
	if len(got) != 2 || got[0].ID != "m2" || got[1].ID != "m1" {
		t.Fatalf("got %+v, want m2 then m1", got)
	}
	if w := got[0]; !strings.Contains(w.Text, canaryCode) || w.Recipient != canaryPhone || w.Channel != auth.SMS ||
		w.Label != "K7" || !w.At.Equal(newClock().now()) {
		t.Errorf("got %+v", w)
	}
	if got := s.Recent(1); len(got) != 1 || got[0].ID != "m2" {
		t.Errorf("got %+v, want the newest alone", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 600", info.Mode(), err)
	}
	again := openSink(t, path)
	drop1(t, again, "m2")
	drop1(t, again, "m3")
	if got := again.Recent(10); len(got) != 3 || got[0].ID != "m3" {
		t.Errorf("after reopening: got %+v, want m3, m2, m1", got)
	}
}

func TestSinkIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages.jsonl")
	s := openSink(t, path)
	for i := range 1001 {
		drop1(t, s, fmt.Sprintf("m%d", i))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b, []byte("\n")); n > sinkMost || n < sinkKeep {
		t.Errorf("got %d lines, want %d to %d", n, sinkKeep, sinkMost)
	}
	for i, w := range s.Recent(sinkKeep) {
		if want := fmt.Sprintf("m%d", 1000-i); w.ID != want {
			t.Fatalf("got %s at %d, want %s", w.ID, i, want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("after cutting: got mode %v, %v, want 600", info.Mode(), err)
	}
	if list, _ := filepath.Glob(path + ".*"); len(list) != 0 {
		t.Errorf("got %v left over", list)
	}
	m := sms("big", time.Now())
	for i := range 5 {
		m.ID = fmt.Sprintf("big%d", i)
		if _, err := s.Deliver(context.Background(), m, Text{Body: strings.Repeat("x", 3<<20)}); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() > sinkSize {
		t.Errorf("got %d bytes, want at most %d", info.Size(), sinkSize)
	}
	if got := s.Recent(1); len(got) != 1 || got[0].ID != "big4" {
		t.Errorf("got %d messages, want the last big one", len(got))
	}
}

func TestSinkSurvivesATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages.jsonl")
	s := openSink(t, path)
	drop1(t, s, "m1")
	if err := os.WriteFile(path, append(must(os.ReadFile(path)), []byte("not json\n{\"id\":\"m2\",\"te")...),
		0o600); err != nil {
		t.Fatal(err)
	}
	again := openSink(t, path)
	drop1(t, again, "m3")
	third := openSink(t, path)
	if got := third.Recent(10); len(got) != 2 || got[0].ID != "m3" || got[1].ID != "m1" {
		t.Errorf("got %+v, want m3 then m1", got)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestSinkOfMany(t *testing.T) {
	s := openSink(t, filepath.Join(t.TempDir(), "messages.jsonl"))
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for j := range 8 {
				_, _ = s.Deliver(context.Background(), sms(fmt.Sprintf("m%d", (i+j)%100), time.Now()), Text{Body: "x"})
				s.Recent(3)
			}
		})
	}
	all.Wait()
	if got := len(s.Recent(1000)); got != 71 {
		t.Errorf("got %d messages, want each of 71 once", got)
	}
}

func TestSinkRefusesAnOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages.jsonl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSink(SinkConfig{Path: path, Channels: channels()}, time.Now); err == nil ||
		!strings.Contains(err.Error(), "600") {
		t.Errorf("got %v, want an error that names the mode", err)
	}
}

// TestWhatASinkHolds to one message and to one byte; what is cut keeps the newest, and knows them.
func TestWhatASinkHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages.jsonl")
	var s *Sink
	check := func(lines int) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.lines) != lines || len(s.seen) != lines || int64(s.size) != info.Size() {
			t.Errorf("got %d lines, %d ids and %d bytes of %d, want %d lines",
				len(s.lines), len(s.seen), s.size, info.Size(), lines)
		}
	}
	s = openSink(t, path)
	for i := range sinkMost {
		drop1(t, s, fmt.Sprintf("m%d", i))
	}
	check(sinkMost)
	drop1(t, s, "last")
	check(sinkKeep + 1)
	drop1(t, s, fmt.Sprintf("m%d", sinkMost-1)) // known still
	check(sinkKeep + 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil {
		t.Error("got a file closed twice, want it closed the first time")
	}

	path += "2"
	s = openSink(t, path)
	send := func(id string, size int) {
		t.Helper()
		if _, err := s.Deliver(t.Context(), auth.Message{ID: id}, Text{Body: strings.Repeat("x", size)}); err != nil {
			t.Fatal(err)
		}
	}
	send("p", 0)
	frame := s.size
	path += "3"
	s = openSink(t, path)
	send("a", sinkSize/2-frame)
	send("b", sinkSize/4-frame)
	send("c", sinkSize/4-frame)
	check(3) // exactly what it may hold
	if s.size != sinkSize {
		t.Fatalf("got %d bytes, want %d", s.size, sinkSize)
	}
	send("d", 0)
	check(3) // b and c, which are half of it, and d
	send("e", sinkSize/2-2*frame+1)
	check(3) // a byte too many: with b it is half and more, so c, d and e are left
	if got := s.Recent(9); len(got) != 3 || got[0].ID != "e" || got[2].ID != "c" {
		t.Errorf("got %d messages, want e, d and c", len(got))
	}
	for _, list := range [][]auth.Channel{nil, {"fax"}} {
		if _, err := NewSink(SinkConfig{Path: path, Channels: list}, time.Now); err == nil {
			t.Errorf("got a sink for the channels %q, want an error", list)
		}
	}
}
