package notify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// SinkConfig is the file that stands in for providers during first use.
type SinkConfig struct {
	Path     string         // a file, made with mode 0600
	Channels []auth.Channel // every channel if nothing else is configured
}

const (
	sinkName = "file"
	sinkKeep = 200     // messages kept when the file is cut
	sinkMost = 400     // messages at which it is cut
	sinkSize = 8 << 20 // bytes at which it is cut
)

// A Written is one line of the sink's file:
//
//	{"at":…,"id":…,"channel":"sms","to":…,"language":…,"label":…,"subject":…,"text":…,"html":…}
type Written struct {
	At        time.Time       `json:"at"`
	ID        string          `json:"id"`
	Channel   auth.Channel    `json:"channel"`
	Recipient ident.Recipient `json:"to"`
	Language  string          `json:"language,omitempty"`
	Label     string          `json:"label,omitempty"`
	Subject   string          `json:"subject,omitempty"`
	Text      string          `json:"text"`
	HTML      string          `json:"html,omitempty"`
}

// Sink is the Driver that writes messages to a file. It holds codes and links
// in clear text: it is for a machine on which one person tries things out.
type Sink struct {
	path     string
	channels []auth.Channel
	now      func() time.Time

	mu    sync.Mutex
	file  *os.File
	lines [][]byte // what the file holds, with line ends
	size  int
	seen  map[string]bool
}

// NewSink opens or makes the file. A file that others may read is an error.
func NewSink(c SinkConfig, now func() time.Time) (*Sink, error) {
	if err := checkChannels(c.Channels); err != nil {
		return nil, err
	}
	if c.Path == "" {
		return nil, errors.New("path is missing")
	}
	s := &Sink{path: c.Path, channels: c.Channels, now: now, seen: map[string]bool{}}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("opening %s: %w", c.Path, err)
	}
	return s, nil
}

func (s *Sink) open() error {
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("mode %o lets others read codes; make it 600", info.Mode().Perm())
	}
	if err == nil {
		err = s.load(f)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	s.file = f
	return nil
}

// load reads the whole lines; the torn end of a crash is cut off.
func (s *Sink) load(f *os.File) error {
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			break
		}
		var w Written
		if json.Unmarshal(line, &w) == nil {
			s.seen[w.ID] = true
		}
		s.lines = append(s.lines, line)
		s.size += len(line)
	}
	return f.Truncate(int64(s.size))
}

// Name returns "file".
func (s *Sink) Name() string { return sinkName }

// Channels returns the channels that end here.
func (s *Sink) Channels() []auth.Channel { return s.channels }

// Deliver appends one line. A message that is there already is not written again.
func (s *Sink) Deliver(_ context.Context, m auth.Message, t Text) (string, error) {
	line, err := json.Marshal(Written{
		At: s.now().UTC(), ID: m.ID, Channel: m.Channel, Recipient: m.Recipient, Language: m.Language,
		Label: m.Label, Subject: t.Subject, Text: t.Body, HTML: t.HTML,
	})
	if err != nil {
		return "", &Failure{Class: Never, Word: WordRender}
	}
	line = append(line, '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[m.ID] {
		return m.ID, nil
	}
	if len(s.lines) >= sinkMost || s.size+len(line) > sinkSize {
		if err := s.cut(); err != nil {
			return "", &Failure{Class: Later, Word: WordBusy}
		}
	}
	if _, err := s.file.Write(line); err != nil {
		_ = s.file.Truncate(int64(s.size)) // a full disk leaves no half line
		return "", &Failure{Class: Later, Word: WordBusy}
	}
	s.lines = append(s.lines, line)
	s.size = s.size + len(line)
	s.seen[m.ID] = true
	return m.ID, nil
}

// cut keeps the last lines, in a new file that replaces the old at once.
func (s *Sink) cut() error {
	keep := s.lines[max(0, len(s.lines)-sinkKeep):]
	size := 0
	for i := len(keep) - 1; i >= 0; i-- {
		if size += len(keep[i]); size > sinkSize/2 {
			keep = keep[i+1:]
			break
		}
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Join(keep, nil))
	if err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
		return err
	}
	_ = s.file.Close()
	s.file = f
	s.lines = slices.Clone(keep)
	s.size = 0
	s.seen = map[string]bool{}
	for _, line := range s.lines {
		var w Written
		if json.Unmarshal(line, &w) == nil {
			s.seen[w.ID] = true
		}
		s.size += len(line)
	}
	return nil
}

// Recent returns the last n messages, newest first.
func (s *Sink) Recent(n int) []Written {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Written
	for _, line := range slices.Backward(s.lines) {
		if len(list) >= n {
			break
		}
		var w Written
		if json.Unmarshal(line, &w) == nil {
			list = append(list, w)
		}
	}
	return list
}

// Close closes the file.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
}
