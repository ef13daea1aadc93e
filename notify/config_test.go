package notify

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

func TestNothingConfigured(t *testing.T) {
	c, log := newClock(), &journal{}
	b := newBox(c.now)
	d, err := New(Config{Sink: SinkConfig{Path: filepath.Join(t.TempDir(), "m.jsonl")}}, b, render, c.now, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	call := sms("call", c.now())
	call.Channel = auth.Voice
	b.put(call)
	b.put(sms("text", c.now()))
	b.put(letter("mail", c.now()))
	pump(d)
	if b.count(auth.Accepted) != 3 || len(d.Sink().Recent(9)) != 3 {
		t.Errorf("got %d accepted, %d in the file, want 3 and 3", b.count(auth.Accepted), len(d.Sink().Recent(9)))
	}
	log.clean(t)
}

func TestSinkTakesNothingUnasked(t *testing.T) {
	c, log := newClock(), &journal{}
	path := filepath.Join(t.TempDir(), "m.jsonl")
	smtp := SMTPConfig{Host: "127.0.0.1", TLS: "none", From: "a@example.com"}
	d, err := New(Config{SMTP: smtp, Sink: SinkConfig{Path: path}}, newBox(c.now), render, c.now, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	if d.Sink() != nil || !strings.Contains(log.String(), `"channel":"voice"`) {
		t.Errorf("got sink %v and log %s, want none and a warning for voice", d.Sink(), log)
	}
	d, err = New(Config{SMTP: smtp, Sink: SinkConfig{Path: path, Channels: []auth.Channel{auth.SMS}}}, newBox(c.now),
		render, c.now, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	if d.Sink() == nil || len(d.lanes[auth.SMS]) != 1 || len(d.lanes[auth.Mail]) != 1 || len(d.lanes[auth.Voice]) != 0 {
		t.Errorf("got lanes %v, want one for texts and one for mail", d.lanes)
	}
}

func TestConfigErrorsSayWhere(t *testing.T) {
	c := newClock()
	good := gateway("first", "https://sms.example.com/")
	bad := good
	bad.URL = "http://sms.example.com/"
	for _, tt := range []struct {
		config Config
		want   string
	}{
		{Config{Gateways: []Gateway{good, bad}}, `gateway 2: the name "first" is taken`},
		{Config{Gateways: []Gateway{bad}}, "gateway 1 (first): url must begin with https"},
		{Config{Gateways: []Gateway{{Name: "smtp"}}}, "is taken"},
		{Config{SMTP: SMTPConfig{From: "a@example.com"}}, "smtp: host is missing"},
		{Config{SMTP: SMTPConfig{Host: "a", From: "b"}}, "smtp: from"},
		{Config{}, "sink: path is missing"},
	} {
		if _, err := New(tt.config, newBox(c.now), render, c.now, (&journal{}).logger()); err == nil ||
			!strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want an error that says %q", err, tt.want)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := Config{SMTP: SMTPConfig{Password: canarySecret}, Gateways: []Gateway{{Signing: Signing{Secret: canarySecret}}}}
	var log journal
	log.logger().Info("configured", "config", c, "secret", c.SMTP.Password)
	slog.New(slog.NewTextHandler(&log, nil)).Info("configured", "config", c, "secret", c.SMTP.Password)
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	got := log.String() + string(b)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		got += fmt.Sprintf(verb, c) + fmt.Sprintf(verb, c.SMTP.Password)
	}
	if strings.Contains(got, canarySecret) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", canarySecret)) {
		t.Errorf("got the secret in %s", got)
	}
	if !strings.Contains(got, hidden) {
		t.Errorf("got no placeholder in %s", got)
	}
}

func TestSignatureOf(t *testing.T) {
	for _, c := range []struct{ set, site, want, err string }{
		{"", "示例商城", "示例商城", ""},
		{"店", "示例商城", "店", ""},
		{"", "A shop whose name is longer than any text has room for", "A shop whose name is", ""},
		{"", "【店】\n", "店", ""},
		{"", strings.Repeat("😀", 15), strings.Repeat("😀", 10), ""},
		{strings.Repeat("店", 20), "", strings.Repeat("店", 20), ""},
		{strings.Repeat("店", 21), "", "", "at most 20"},
		{"【店】", "", "", "without brackets"},
		{"a\nb", "", "", "bare name"},
	} {
		got, err := SignatureOf(c.set, c.site)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q for %q: got %q, %v, want %q, %q", c.set, c.site, got, err, c.want, c.err)
		}
	}
}
