package notify

import (
	"slices"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// The channels of a configuration are those that its drivers serve.
func TestChannelsAreThoseOfTheDrivers(t *testing.T) {
	texts := Gateway{Channels: []auth.Channel{auth.SMS}}
	both := Gateway{Channels: []auth.Channel{auth.Voice, auth.SMS}}
	for name, row := range map[string]struct {
		c    Config
		want []auth.Channel
	}{
		"nothing":           {Config{}, channels()},
		"mail alone":        {Config{SMTP: SMTPConfig{Host: "localhost"}}, []auth.Channel{auth.Mail}},
		"mail and texts":    {Config{SMTP: SMTPConfig{Host: "localhost"}, Gateways: []Gateway{texts}}, []auth.Channel{auth.Mail, auth.SMS}},
		"two gateways":      {Config{Gateways: []Gateway{texts, both}}, []auth.Channel{auth.SMS, auth.Voice}},
		"a file beside one": {Config{Gateways: []Gateway{texts}, Sink: SinkConfig{Channels: []auth.Channel{auth.Voice}}}, []auth.Channel{auth.SMS, auth.Voice}},
	} {
		got := row.c.Channels()
		slices.Sort(got)
		slices.Sort(row.want)
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", name, got, row.want)
		}
	}
}
