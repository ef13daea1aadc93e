package webauthn

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// MetadataConfig says where metadata come from and whose are believed.
type MetadataConfig struct {
	Source string        // a file, or an address that begins with https; "": none
	Roots  []string      // PEM files with roots of one's own in place of FIDO's
	Signer string        // with roots of one's own: the name in the signer's certificate; "": any
	Every  time.Duration // how often the source is read: a day. A file is also read as soon as it has changed
}

const (
	fetchPatience = time.Minute
	retryAfter    = time.Hour // an address that did not answer is asked again
	lookEvery     = time.Minute
	maxRedirects  = 3
)

// A Shelf is where a keeper keeps them.
type Shelf struct {
	Folder string

	// Write replaces a file so that after a crash there is all of it, or what was there before.
	Write func(path string, text []byte) error
}

// A MetadataKeeper has the metadata in use and renews them from their source. What cannot be read, verified or
// kept changes nothing: the last good BLOB stays, over restarts too. It is safe for concurrent use.
//
//	file, address ─► size ─► signature, chain ─► number above the last ─► state, previous, blob ─► in use
type MetadataKeeper struct {
	config MetadataConfig
	shelf  Shelf
	trust  Trust
	now    func() time.Time
	log    *slog.Logger
	client *http.Client

	current atomic.Pointer[Metadata]
	fails   atomic.Bool // the last reading came to nothing

	turn   sync.Mutex // one reading at a time; guards what is below
	kept   keeping
	whole  bool // the file of the BLOB is good
	seen   fileMark
	warned time.Time // when it was last told that the metadata are overdue
}

// A fileMark tells whether a file has changed.
type fileMark struct {
	size int64
	at   time.Time
}

// OpenMetadata returns a keeper with the last good BLOB of its folder, which it makes when it has something to
// keep. A BLOB that is damaged, or that is not of what is trusted any more, is told in the log and is not used.
// A source that is a file is read at once.
func OpenMetadata(c MetadataConfig, shelf Shelf, trust Trust, now func() time.Time,
	log *slog.Logger) *MetadataKeeper {
	c.Every = cmp.Or(c.Every, 24*time.Hour)
	k := &MetadataKeeper{config: c, shelf: shelf, trust: trust, now: now, log: log, client: metadataClient()}
	k.turn.Lock()
	defer k.turn.Unlock()
	k.load()
	if !k.remote() {
		_ = k.refresh(context.Background()) // told in the log
	}
	return k
}

// metadataClient goes nowhere that the operator has not said: by https, or on this machine.
func metadataClient() *http.Client {
	return &http.Client{
		Timeout:   fetchPatience,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: func(r *http.Request, before []*http.Request) error {
			if len(before) > maxRedirects || !safeAddress(r.URL) {
				return errors.New("it leads elsewhere than to https")
			}
			return nil
		},
	}
}

// CheckSource refuses a source that could not be read.
func (c *MetadataConfig) CheckSource() error {
	u, err := url.Parse(c.Source)
	if c.Source == "" || !strings.Contains(c.Source, "://") {
		return nil
	}
	if err != nil || !safeAddress(u) {
		return errors.New("want a file, or an address that begins with https://")
	}
	return nil
}

// safeAddress reports whether what comes from an address cannot be read along or changed on its way.
func safeAddress(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && local)
}

func (k *MetadataKeeper) remote() bool { return strings.Contains(k.config.Source, "://") }

// Metadata returns what is in use, nil before there is any.
func (k *MetadataKeeper) Metadata() *Metadata {
	if k == nil {
		return nil
	}
	return k.current.Load()
}

// Alarm reports whether an operator should look: nothing is in use, it is overdue, or the last reading failed.
func (k *MetadataKeeper) Alarm() bool {
	if k == nil {
		return false
	}
	m := k.Metadata()
	return k.fails.Load() || m == nil || m.Overdue(k.now())
}

// Run renews the metadata until ctx ends.
func (k *MetadataKeeper) Run(ctx context.Context) {
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	for {
		k.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// Look reads the source if that is due, and tells once a day that the metadata are overdue.
func (k *MetadataKeeper) Look(ctx context.Context) {
	k.turn.Lock()
	defer k.turn.Unlock()
	if k.due() {
		_ = k.refresh(ctx) // told in the log
	}
	now := k.now()
	if m := k.Metadata(); m != nil && m.Overdue(now) && !now.Before(k.warned.Add(24*time.Hour)) {
		k.warned = now
		k.log.Warn("the metadata of security keys are overdue: what was revoked since is not known",
			"number", m.Number, "next-update", m.NextUpdate.Format(time.DateOnly))
	}
}

// due reports whether the source should be read now.
func (k *MetadataKeeper) due() bool {
	wait := k.config.Every
	if k.remote() && k.fails.Load() {
		wait = min(wait, retryAfter)
	}
	if now := k.now(); !now.Before(k.kept.Tried.Add(wait)) || now.Before(k.kept.Tried) {
		return true
	}
	return !k.remote() && k.mark() != k.seen
}

// mark is how the file looks now; of one that is not there, the zero value.
func (k *MetadataKeeper) mark() fileMark {
	info, err := os.Stat(k.config.Source)
	if err != nil {
		return fileMark{}
	}
	return fileMark{info.Size(), info.ModTime()}
}

// refresh reads the source, and takes what it has if that is newer. The caller has the turn.
func (k *MetadataKeeper) refresh(ctx context.Context) error {
	k.seen = k.mark()
	blob, err := k.read(ctx)
	if err == nil {
		err = k.take(blob)
	}
	if ctx.Err() != nil {
		return ctx.Err() // the site stops: that says nothing of the source
	}
	k.fails.Store(err != nil)
	k.kept.Tried, k.kept.Error = k.now(), ""
	if err != nil {
		k.kept.Error = err.Error()
		k.log.Error("metadata of security keys were not taken: the last ones stay", "error", err)
	}
	if errSave := k.save(); errSave != nil && err == nil {
		k.fails.Store(true)
		k.log.Error("noting that metadata were read", "error", errSave)
	}
	return err
}

func (k *MetadataKeeper) read(ctx context.Context) ([]byte, error) {
	if !k.remote() {
		return ReadMetadataFile(k.config.Source)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, k.config.Source, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for metadata: %w", err)
	}
	answer, err := k.client.Do(q)
	if err != nil {
		return nil, fmt.Errorf("asking for metadata: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking for metadata: status %d", answer.StatusCode)
	}
	if answer.ContentLength > maxBLOB {
		return nil, ErrMetadataSize
	}
	return ReadBLOB(answer.Body)
}

// ReadMetadataFile reads a BLOB from a file.
func ReadMetadataFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	defer f.Close()
	return ReadBLOB(f)
}

// take verifies a BLOB, keeps it and puts it to use. The same one again changes nothing, nor does it matter
// then that the certificate of its signer has ended.
func (k *MetadataKeeper) take(blob []byte) error {
	now, used := k.now(), k.Metadata()
	sum := checksum(blob)
	if used != nil && used.Number == k.kept.Number && sum == k.kept.Sum {
		return nil
	}
	m, err := ParseMetadata(blob, k.trust, now)
	if err != nil {
		return err
	}
	if err := k.kept.follows(m.Number, sum); err != nil {
		return err
	}
	if err := k.keep(blob, keeping{Number: m.Number, Sum: sum, Taken: now}); err != nil {
		return err
	}
	k.current.Store(m)
	k.log.Info("metadata of security keys", "number", m.Number, "models", m.Models(), "not-readable", m.Unread,
		"next-update", m.NextUpdate.Format(time.DateOnly))
	return nil
}

// follows refuses what would take back what has been said (MDS3 §3.1.7): who can answer in place of the service
// could else show a BLOB of before a model was revoked.
func (s *keeping) follows(number int64, sum string) error {
	if number < s.Number || number == s.Number && s.Sum != "" && sum != s.Sum {
		return fmt.Errorf("number %d after %d: %w", number, s.Number, ErrMetadataOlder)
	}
	return nil
}

// keep puts a BLOB in the folder, beside the one before if that was good.
func (k *MetadataKeeper) keep(blob []byte, s keeping) error {
	if err := os.MkdirAll(k.shelf.Folder, 0o700); err != nil {
		return fmt.Errorf("keeping metadata: %w", err)
	}
	before := k.kept
	s.Before = before.Taken
	s.Tried, s.Error = before.Tried, before.Error
	k.kept = s
	if err := k.save(); err != nil {
		k.kept = before
		return err
	}
	path := filepath.Join(k.shelf.Folder, blobFile)
	var err error
	if k.whole {
		k.whole = false
		err = os.Rename(path, filepath.Join(k.shelf.Folder, previousFile))
	}
	if err = errors.Join(err, k.shelf.Write(path, blob)); err != nil {
		return fmt.Errorf("keeping metadata: %w", err)
	}
	k.whole = true
	return nil
}

// save writes the state, if there is a folder.
func (k *MetadataKeeper) save() error {
	if _, err := os.Stat(k.shelf.Folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	text, err := json.Marshal(k.kept)
	if err == nil {
		err = k.shelf.Write(filepath.Join(k.shelf.Folder, stateFile), text)
	}
	if err != nil {
		return fmt.Errorf("keeping the number of metadata: %w", err)
	}
	return nil
}

// load puts to use what the folder has: the BLOB, or the one before if it is damaged.
func (k *MetadataKeeper) load() {
	kept, err := ReadKept(k.shelf.Folder, k.trust, k.now())
	if err != nil {
		k.log.Error("metadata that were kept are not all of use", "error", err)
	}
	if k.kept = kept.keeping; kept.Current != nil {
		k.current.Store(kept.Current)
		k.whole = true
	} else if kept.Previous != nil {
		k.current.Store(kept.Previous)
	}
	k.fails.Store(k.kept.Error != "")
}
