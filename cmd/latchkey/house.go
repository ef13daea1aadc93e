package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/lookup"
	"github.com/latchkey-auth/latchkey/notify"
	"github.com/latchkey-auth/latchkey/oob"
	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/pdf"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/server"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/webauthn"
	"github.com/latchkey-auth/latchkey/yubiotp"
)

// sweepEvery is how often what is over is cleared away.
const sweepEvery = time.Minute

// A house is the parts of the program, put together.
//
//	server ──▶ auth ──▶ store/bolt
//	              ▲
//	notify ───────┘  outbox
type house struct {
	config *Config
	db     store.DB
	keys   *store.Keys
	log    *slog.Logger

	service  *auth.Service
	pages    *assets.Pages
	dispatch *notify.Dispatcher
	face     *server.Server
	draining atomic.Bool

	clock *auth.Clock // of a lab; nil: a real site
	shops *team.Service
	cases *recovery.Service
	staff *staff.Service
	trail *audit.Service
	stock *inventory.Service
	lab   *lab.Service     // nil: a real site
	inbox *notify.Inbox    // of a lab
	now   func() time.Time // service time
	wall  func() time.Time // what others go by: gateways, mailboxes

	breached *password.Breached // nil: none is asked

	touched auth.Factor // that of security keys

	metadata *webauthn.MetadataKeeper // nil: none are asked

	control *net.UnixListener // where commands come in; nil: nowhere
	long    sync.Mutex        // of what reads the whole store
}

// newHouse makes the parts and joins them. Nothing runs yet.
func newHouse(c *Config, db store.DB, keys *store.Keys, log *slog.Logger) (*house, error) {
	h := &house{config: c, db: db, keys: keys, log: log, wall: time.Now}
	return h, h.join(h.lists, h.catalogue, h.domain, h.words, h.delivery, h.front)
}

// newStoppedHouse makes the parts that a command on a stopped site needs. It delivers nothing and shows
// nothing, so no secret of a gateway is read and no file of messages made.
func newStoppedHouse(c *Config, db store.DB, keys *store.Keys) (*house, error) {
	c.AnyClock = true
	h := &house{config: c, db: db, keys: keys, log: slog.New(slog.DiscardHandler), wall: time.Now}
	return h, h.join(h.domain, h.words)
}

// join makes parts, one after the other.
func (h *house) join(steps ...func(at *url.URL) error) error {
	c := h.config
	if c.Lab {
		h.clock = auth.NewClock(nil)
		h.now, h.wall = h.clock.Now, h.clock.Now
	}
	at, err := url.Parse(c.Origin)
	if err != nil {
		return fmt.Errorf("reading the origin: %w", err)
	}
	for _, step := range steps {
		if err := step(at); err != nil {
			return err
		}
	}
	return nil
}

// lists opens the list of breached passwords. It stays open as long as the program runs: a list that is built anew
// takes its place at the next start.
func (h *house) lists(*url.URL) (err error) {
	if path := h.config.Password.Breached; path != "" {
		h.breached, _, err = password.OpenBreached(path)
	}
	return err
}

// domain makes the use cases over the store. All others then go by its time.
func (h *house) domain(at *url.URL) error {
	c := h.config
	key, codes := c.WebAuthn, c.OOB
	if key.RPID == "" {
		key.RPID = at.Hostname()
	}
	key.RPName = c.Site
	if h.metadata != nil {
		key.Metadata = h.metadata.Metadata
	}
	key.Origins = append([]string{at.Scheme + "://" + at.Host}, c.Server.RelatedOrigins...)
	codes.CodeLife = c.Policy.CodeLife
	if !c.Lab { // where they are read instead
		codes.Channels = c.Notify.Channels()
	}
	var err error
	if key.Attestation.Roots, err = readRoots("key-roots", c.KeyRoots); err != nil {
		return err
	}
	keys, err1 := webauthn.New(key)
	apps, err2 := totp.New(c.TOTP)
	counted, err3 := totp.NewHOTP(c.TOTP)
	phones, err4 := oob.NewPhone(codes)
	mailboxes, err5 := oob.NewEmail(codes)
	sheets, err6 := lookup.New(c.Lookup)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return err
	}
	domain := auth.Config{
		DB: h.db, Keys: h.keys, Policy: c.Policy, Channels: codes.Channels, Site: c.Site, Origin: c.Origin, RPID: key.RPID, Log: h.log,
		Factors: []auth.Factor{keys, apps, counted, yubiotp.New(), phones, mailboxes, sheets}, Lab: h.clock,
		Tokens: true, // inventory keeps them
		Boot:   bootTime(), AnyClock: c.AnyClock, Breached: h.breached,
	}
	if c.Lab {
		domain.Pause = atOnce
	}
	h.touched = keys
	h.service, err = auth.New(domain)
	if err != nil {
		return fmt.Errorf("starting the service: %w", err)
	}
	if h.now == nil {
		h.now = h.service.Now
	}
	return h.subjects()
}

// subjects registers the packages whose use cases go through the service's door.
func (h *house) subjects() (err error) {
	if h.shops, err = team.New(h.service, h.config.Origin, team.DefaultLimits()); err != nil {
		return err
	}
	if h.cases, err = recovery.New(h.service, h.config.Origin, h.config.Recovery, h.shops); err != nil {
		return err
	}
	h.cases.TakePictures(store.OpenVault(filepath.Join(h.config.Data, vaultFolder), h.keys))
	if command := rendererCommand(); command != nil {
		h.cases.DrawPDFs(&pdf.Renderer{Command: command})
	}
	if h.staff, err = staff.New(h.service, h.touched, h.config.Origin, h.config.Site); err != nil {
		return err
	}
	checkpoints := h.config.Audit
	checkpoints.Checkpoints = h.config.checkpoints()
	if h.trail, err = audit.New(h.service, h.config.Origin, checkpoints, h.log); err != nil {
		return err
	}
	if h.stock, err = inventory.New(h.service); err != nil {
		return err
	}
	if h.config.Lab {
		h.lab, err = lab.New(h.service, h.config.Policy.Countries)
	}
	return err
}

// words makes the pages and the texts.
func (h *house) words(at *url.URL) error {
	look := h.config.Pages
	look.Base = at.EscapedPath()
	look.Site = h.config.Site
	look.Host = at.Host
	look.Lab = h.config.Lab
	signature, err := notify.SignatureOf(h.config.Notify.Signature, h.config.Site)
	if err != nil {
		return err
	}
	look.Signature, look.CodeLine = signature, h.config.Notify.CodeLine
	look.Methods = server.Rows(h.service.Methods())
	texts, err := assets.NewTexts(look.Zone)
	if err != nil {
		return fmt.Errorf("reading the texts: %w", err)
	}
	if h.pages, err = assets.NewPages(look, texts); err != nil {
		return fmt.Errorf("reading the pages: %w", err)
	}
	return nil
}

// delivery makes what takes messages out of the outbox.
func (h *house) delivery(at *url.URL) error {
	c := h.config.Notify
	c.Site, c.Wall = h.config.Site, h.wall
	var err error
	if c.Signature, err = notify.SignatureOf(c.Signature, c.Site); err != nil {
		return err
	}
	words := render(h.pages, h.service.Methods(), h.config.Origin, at.Hostname())
	if h.config.Lab {
		h.inbox = notify.NewInbox(h.now)
		h.inbox.Queued = func(ctx context.Context, id string) bool {
			is, err := h.lab.Queued(ctx, auth.Caller{}, id)
			return is || err != nil // rather a message too many than none
		}
		h.dispatch = notify.NewDispatcher(notify.Limits{}, h.service, words, h.now, h.log, h.inbox)
		return nil
	}
	if c.Sink.Path == "" {
		c.Sink.Path = filepath.Join(h.config.Data, messagesFile)
	}
	h.dispatch, err = notify.New(c, h.service, words, h.now, h.log)
	return err
}

// front makes the HTTP face.
func (h *house) front(*url.URL) error {
	c := h.config
	c.Notify.Origin = c.Origin
	reports, err := notify.NewReceipts(c.Notify, h.wall)
	if err != nil {
		return err
	}
	face := c.Server
	face.Service = h.service
	face.Origin = c.Origin
	face.Site = c.Site
	face.Texts = h.pages.Texts()
	face.Pages = h.pages
	face.Static = h.pages.Static()
	face.Policy = c.Policy
	face.Logger = h.log
	face.Ready = h.ready
	face.Now = h.now
	face.Alarms = h.alarms
	face.Receipts, face.Lab = reports, h.lab
	face.Pictures = h.pictureOf
	if face.HostToken, err = readHostToken(c.HostToken); err != nil {
		return err
	}
	face.Shops, face.Recovery = h.shops, h.cases
	if c.Desk {
		if face.Desk, err = h.desk(); err != nil {
			return err
		}
	}
	if sink := h.dispatch.Sink(); sink != nil {
		face.Sink = sentBox{sink}
	}
	if h.inbox != nil {
		face.Inbox, face.Sink = h.inbox, labBox{h.inbox}
	}
	h.face, err = server.New(face)
	return err
}

// readHostToken reads the token of the marketplace's own program from a file, "" for none.
func readHostToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading host-token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < leastToken {
		return "", fmt.Errorf("reading host-token: want %d characters at least in %s", leastToken, path)
	}
	return token, nil
}

// leastToken is how many characters a token has that nobody guesses: 32 random bytes in base64 are 44.
const leastToken = 32

// ready reports whether requests should come here.
func (h *house) ready(ctx context.Context) error {
	if h.draining.Load() {
		return errors.New("stopping")
	}
	return h.db.View(ctx, func(store.Tx) error { return nil })
}

// alarms are what an operator should look at though requests are served.
func (h *house) alarms() []string {
	var list []string
	if h.service.ClockAlarm() {
		list = append(list, "clock")
	}
	if h.service.StoreAlarm() {
		list = append(list, "store")
	}
	if h.service.BreachedAlarm() {
		list = append(list, "password-list")
	}
	if h.trail.Alarm() {
		list = append(list, "checkpoints")
	}
	if h.metadata.Alarm() {
		list = append(list, "metadata")
	}
	for _, c := range h.dispatch.Failing() {
		list = append(list, "delivery "+string(c))
	}
	if h.face.OtherName() != "" {
		list = append(list, "origin")
	}
	return list
}

// jobs are what goes on behind the requests; each ends soon after its context.
func (h *house) jobs() []func(context.Context) {
	return []func(context.Context){h.deliver, h.sweep, h.draw, h.renewMetadata, h.takeCommands}
}

func (h *house) deliver(ctx context.Context) {
	if err := h.service.Reclaim(ctx); err != nil {
		h.log.Error("taking messages back that were under way", "error", err)
	}
	if err := h.dispatch.Run(ctx); err != nil {
		h.log.Error("delivery ended", "error", err)
	}
}

// sweep clears away what is over, now and then.
func (h *house) sweep(ctx context.Context) {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if err := h.service.Sweep(ctx); err != nil && ctx.Err() == nil {
				h.log.Error("sweeping", "error", err)
			}
			h.takeCheckpoint(ctx, h.trail.TakeDue)
		}
	}
}

// takeCheckpoint makes checkpoints of the audit trail. A lab has none.
func (h *house) takeCheckpoint(ctx context.Context, take func(context.Context) error) {
	if h.config.Lab {
		return
	}
	if err := take(ctx); err != nil && ctx.Err() == nil {
		h.log.Error("a checkpoint of the audit trail waits", "error", err)
	}
}

// greeting is what the operator is told once requests are answered, a line each.
func (h *house) greeting() []string {
	lines := []string{"open " + h.config.Origin}
	if h.config.Fresh {
		lines = append(lines, "made a new, empty site in "+h.config.dbPath())
	}
	if sink := h.dispatch.Sink(); sink != nil {
		where := "they are in " + cmp.Or(h.config.Notify.Sink.Path, filepath.Join(h.config.Data, messagesFile))
		if address := h.face.MessagesAddress(); address != "" { // no page shows them on a site that others reach
			where = "read them on this machine at " + address + " (the address is good once)"
		}
		lines = append(lines, fmt.Sprintf("messages are not sent to anybody (%v): %s", sink.Channels(), where))
	}
	return lines
}
