package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/notify"
	"github.com/latchkey-auth/latchkey/server"
	"github.com/latchkey-auth/latchkey/web"
)

// forLab sets the defaults of a lab where they differ from those of a site.
func (c *Config) forLab() {
	c.Data = ""                         // a folder of its own
	c.Server.Rate = web.Rate{Burst: -1} // testers are not bounded
}

// checkLab refuses what a lab would pass over.
func (c *Config) checkLab() error {
	if len(c.Notify.Gateways) > 0 || c.Notify.SMTP.Host != "" {
		return misuse("lab: a lab sends nothing to anybody; take notify out of the settings")
	}
	if c.Store != "" && c.Data == "" {
		return misuse("lab: data: a lab whose store is kept needs a folder that is kept, too: its keys lie there")
	}
	return c.checkStore()
}

// warnOpen says so when a lab listens on more than this machine.
func (c *Config) warnOpen(log *slog.Logger, at net.Addr) {
	if a, ok := at.(*net.TCPAddr); c.Lab && ok && !a.IP.IsLoopback() {
		log.Warn("this lab can be reached from other machines: whoever reaches it makes accounts, reads messages and empties it", "address", at.String())
	}
}

// ownFolder makes a folder for a lab that was given none. What it returns removes it.
func (c *Config) ownFolder() (remove func(), err error) {
	if c.Data != "" {
		return func() {}, nil
	}
	if c.Data, err = os.MkdirTemp("", "latchkey-lab-"); err != nil {
		return nil, fmt.Errorf("making the lab's folder: %w", err)
	}
	return func() { _ = os.RemoveAll(c.Data) }, nil // there is nobody to tell
}

// followPort gives an origin that is not set the port that is listened on.
func (c *Config) followPort(at net.Addr) {
	if c.Origin != "" {
		return
	}
	_, port, err := net.SplitHostPort(at.String())
	if err != nil { // not of TCP: there is no port to follow
		port = "8080"
	}
	c.Origin = "http://localhost:" + port
	if port == "80" {
		c.Origin = "http://localhost" // as browsers write it
	}
}

// followListen gives an origin that is not set the port that is to be listened on.
func (c *Config) followListen() {
	if _, port, err := net.SplitHostPort(c.Listen); err == nil && c.Origin == "" {
		c.Origin = "http://localhost:" + port
	}
}

// A listening is what a lab says on standard output, in one line of JSON.
type listening struct {
	Listening string `json:"listening"` // the origin
	Address   string `json:"address"`
	Lab       bool   `json:"lab"`
	Data      string `json:"data"`
	PID       int    `json:"pid"`
}

// greet says that requests are answered: to people, and of a lab to the program that started it.
func (h *house) greet(stdout io.Writer, at net.Addr) {
	if h.config.Lab {
		// as below
		_ = json.NewEncoder(stdout).Encode(listening{h.config.Origin, at.String(), true, h.config.Data, os.Getpid()})
		return
	}
	for _, line := range h.greeting() {
		fmt.Fprintf(stdout, "latchkey: %s\n", line)
	}
}

// A labBox shows a lab's messages on the page of sent messages.
type labBox struct{ inbox *notify.Inbox }

// Recent implements server.Sink.
func (b labBox) Recent(most int) ([]server.Sent, error) {
	all := b.inbox.Messages(context.Background(), auth.InboxQuery{})
	slices.Reverse(all)
	var sent []server.Sent
	for _, m := range all[:min(len(all), most)] {
		sent = append(sent, server.Sent{At: m.At, Channel: m.Channel, Recipient: m.Recipient, Subject: m.Subject,
			Text: strings.TrimSpace(m.Text)})
	}
	return sent, nil
}

// atOnce waits for nothing: in a lab nobody must be kept from telling accounts apart by the time of an answer.
func atOnce(context.Context, time.Duration) {}
