package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A flood is what strangers do all the while that owners sign in. It comes from other loopback addresses than theirs,
// which no limit by address spares the server here: see startChild.
type flood struct {
	name        string
	connections int
	once        func(ctx context.Context, s *stranger) error
	most        map[string]float64 // what the p99 of an operation may become, in times of that without; 2 if not named
}

// A stranger is one connection of a flood.
type stranger struct {
	index  int
	turn   int
	client *client
	own    *sellers // whose owners sign in
}

// Floods of strangers, as many connections each as the generator can keep up beside the owners.
func floods() []flood {
	return []flood{
		{"guessed passwords", 64, guessPassword, map[string]float64{"key sign-in": 2.5, "password, known browser": 3}},
		{"recovery codes without a session", 64, askWithoutSession, nil},
		{"slow headers", 256, slowly("POST " + pathSignIn + " HTTP/1.1\r\nHost: localhost%s\r\nX-Slow: "), nil},
		{"slow bodies", 256, slowly("POST " + pathSignIn + " HTTP/1.1\r\nHost: localhost%s\r\n" +
			"Content-Type: application/json\r\nContent-Length: 4096\r\n\r\n{"), nil},
		{"sign-up mails", 16, askForAccount, nil},
	}
}

const pathRecoveryCodes = "/api/v1/recovery-codes"

// guessPassword guesses at a seller whose owner signs in, and at nobody, in turn.
func guessPassword(ctx context.Context, s *stranger) error {
	identifier := fmt.Sprintf("nobody%d@example.com", s.turn)
	if s.turn%2 == 0 {
		identifier = s.own.keys[(s.index+s.turn/2)%len(s.own.keys)].email
	}
	return s.post(ctx, pathSignIn, withPassword{identifier, "Wrong-Jetty-41"})
}

func askWithoutSession(ctx context.Context, s *stranger) error {
	return s.post(ctx, pathRecoveryCodes, struct{}{})
}

// askForAccount has a mail written, to an address that has had none.
func askForAccount(ctx context.Context, s *stranger) error {
	return s.post(ctx, pathSignUp, signUpForm{fmt.Sprintf("flood%d-%d@example.com", s.index, s.turn)})
}

// post asks and takes whatever the answer is.
func (s *stranger) post(ctx context.Context, path string, request any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	s.client.compose(path, body)
	if _, err = s.client.once(ctx); err != nil {
		s.client.close()
	}
	return err
}

// slowly begins a request and goes on by one byte a second, until the server has had enough.
func slowly(head string) func(context.Context, *stranger) error {
	return func(ctx context.Context, s *stranger) error {
		defer s.client.close()
		if err := s.client.dial(ctx); err != nil {
			return err
		}
		next := fmt.Appendf(nil, head, s.client.addr[len("127.0.0.1"):])
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for {
			if _, err := s.client.conn.Write(next); err != nil {
				return err
			}
			next = []byte(" ")
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-every.C:
			}
		}
	}
}

// start lets the flood go. stop ends it and returns how often it has asked.
func (f *flood) start(ctx context.Context, c *child, own *sellers) (stop func() int64) {
	const after = 20 * time.Millisecond // an error: a server that is full must not make the generator spin
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	var asked atomic.Int64
	for i := range f.connections {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%4))}
		s := &stranger{index: i, own: own, client: &client{addr: c.addr, local: from}}
		all.Go(func() {
			defer s.client.close()
			for ; ctx.Err() == nil; s.turn++ {
				if asked.Add(1); f.once(ctx, s) != nil {
					time.Sleep(after)
				}
			}
		})
	}
	return func() int64 {
		cancel()
		all.Wait()
		return asked.Load()
	}
}

// apart starts the flood in a process of its own, so that owners wait for nothing but the server: in one process
// their answers would queue behind those to strangers. stop ends it and returns how often it has asked.
func (f *flood) apart(ctx context.Context, c *child, own *sellers) (stop func() (int64, error), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	var emails []string
	for _, k := range own.keys {
		emails = append(emails, k.email)
	}
	order, err := json.Marshal(floodOrder{f.name, c.addr, emails})
	if err != nil {
		return nil, fmt.Errorf("writing what to flood: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "-flood", string(order))
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("preparing a flood: %w", err)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a flood: %w", err)
	}
	return func() (int64, error) {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			return 0, fmt.Errorf("ending a flood: %w", err)
		}
		return strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
	}, nil
}

// floodOrder tells the process of a flood what to do.
type floodOrder struct {
	Name   string
	Addr   string
	Emails []string // of the owners
}

// floodUntil is that process: it floods until in ends, and writes how often it has asked.
func floodUntil(ctx context.Context, order string, in io.Reader, out io.Writer) error {
	var o floodOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		return fmt.Errorf("reading what to flood: %w", err)
	}
	if !strings.HasPrefix(o.Addr, "127.0.0.1:") {
		return fmt.Errorf("%s: only this machine is ever flooded", o.Addr)
	}
	list := floods()
	i := slices.IndexFunc(list, func(f flood) bool { return f.name == o.Name })
	if i < 0 {
		return fmt.Errorf("there is no flood %q", o.Name)
	}
	own := new(sellers)
	for _, e := range o.Emails {
		own.keys = append(own.keys, keySeller{email: e})
	}
	stop := list[i].start(ctx, &child{addr: o.Addr}, own)
	_, err := io.Copy(io.Discard, in)
	fmt.Fprintln(out, stop())
	return err
}

// A besieged is one operation of owners under one flood, against the same minutes without. All rounds are taken
// together.
type besieged struct {
	Flood     string        `json:"flood"`
	Operation string        `json:"operation"`
	Without   time.Duration `json:"p99WithoutNs"`
	With      time.Duration `json:"p99WithNs"`
	Ratio     float64       `json:"ratio"`
	Target    float64       `json:"target"`
	N         int           `json:"n"` // under the flood
	Refused   int           `json:"refused"`
	calm, hot []time.Duration
}

func (b *besieged) judge() {
	slices.Sort(b.calm)
	slices.Sort(b.hot)
	b.Without, b.With = quantile(b.calm, 0.99), quantile(b.hot, 0.99)
	b.N = len(b.hot)
	if b.Without > 0 {
		b.Ratio = float64(b.With) / float64(b.Without)
	}
}

// underSiege measures what floods make of owners' sign-ins. It fails if an owner is refused.
func (p *plan) underSiege(ctx context.Context, dir string, r *report) error {
	s, c, err := p.besiege(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	defer c.kill()
	if err := introduce(ctx, c, s); err != nil {
		return err
	}
	var all []*besieged
	var asked = map[string]int64{}
	for round := range p.rounds {
		r.title(fmt.Sprintf("siege %d of %d", round+1, p.rounds))
		for _, f := range floods() {
			n, err := p.under(ctx, c, s, &f, &all)
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			asked[f.name] += n
			fmt.Fprintf(r.out, "  %-34s %8d requests\n", f.name, n)
		}
	}
	if err := c.stop(); err != nil {
		return err
	}
	return p.tellSiege(r, all, asked)
}

// besiege starts the server on owners, as many with an app as one round asks for.
func (p *plan) besiege(ctx context.Context, data string) (*sellers, *child, error) {
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	db, keys, err := newData(data)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	s := &sellers{port: port, origin: originOf(port), began: time.Now()}
	m, err := newMaker(ctx, s.origin)
	if err != nil {
		return nil, nil, err
	}
	withKey, err1 := m.keySellers(s, siegeOwners)
	withApp, err2 := m.appSellers(s, 2*len(floods())*p.codes)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, err
	}
	if err := auth.Seed(ctx, db, keys, append(withKey, withApp...)); err != nil {
		return nil, nil, err
	}
	if err := db.Close(); err != nil {
		return nil, nil, fmt.Errorf("closing the store: %w", err)
	}
	c, err := startChild(ctx, p.binary, data, port)
	return s, c, err
}

// siegeOwners is how many sellers with a key there are.
const siegeOwners = 64

// under measures every operation without a flood and under it.
func (p *plan) under(ctx context.Context, c *child, s *sellers, f *flood, all *[]*besieged) (asked int64, err error) {
	for _, hot := range []bool{false, true} {
		if s.appsUsed+p.codes > len(s.apps) {
			s.appsUsed = 0 // a round later: there are new codes by now
		}
		codes, err := codeSecondStep(ctx, c, s, p.codes)
		if err != nil {
			return 0, fmt.Errorf("preparing app codes: %w", err)
		}
		stop := func() (int64, error) { return 0, nil }
		if hot {
			if stop, err = f.apart(ctx, c, s); err != nil {
				return 0, err
			}
			time.Sleep(p.warm)
		}
		for _, op := range []operation{codes, keySignIn(s), passwordStep(s)} {
			p.sample(ctx, c, op, f.of(op.name, all), hot)
		}
		n, err := stop()
		if asked += n; err != nil {
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return asked, nil
}

// of is where the figures of an operation under this flood are kept.
func (f *flood) of(operation string, all *[]*besieged) *besieged {
	i := slices.IndexFunc(*all, func(b *besieged) bool { return b.Flood == f.name && b.Operation == operation })
	if i >= 0 {
		return (*all)[i]
	}
	target, own := f.most[operation]
	if !own {
		target = 2
	}
	b := &besieged{Flood: f.name, Operation: operation, Target: target}
	*all = append(*all, b)
	return b
}

// sample lets one or two owners sign in again and again.
func (p *plan) sample(ctx context.Context, c *child, op operation, b *besieged, hot bool) {
	l := newLoop(c, op, 2, p.most)
	defer l.close()
	l.measuring.Store(true)
	done := l.start(ctx)
	if op.count == 0 {
		select {
		case <-time.After(p.point):
		case <-ctx.Done():
		}
		l.stop()
	}
	<-done
	for _, w := range l.workers {
		if hot {
			b.hot = append(b.hot, w.took...)
		} else {
			b.calm = append(b.calm, w.took...)
		}
		b.Refused += w.errors
		if w.first != nil {
			fmt.Fprintf(os.Stderr, "load: %s under %s: %v\n", op.name, b.Flood, w.first)
		}
	}
}

// passwordStep is a right password from the browser that each seller always uses.
func passwordStep(s *sellers) operation {
	return operation{name: "password, known browser", once: func(ctx context.Context, w *worker) error {
		seller := &s.keys[w.pick(len(s.keys))]
		w.client.from = &seller.browser
		defer func() { w.client.from = nil }()
		a, err := ask(ctx, w.client, pathSignIn, withPassword{seller.email, password})
		if err == nil && a.Step != "second-step" {
			err = fmt.Errorf("%s: got step %q, want second-step", pathSignIn, a.Step)
		}
		return err
	}}
}

// tellSiege prints the table and writes the figures.
func (p *plan) tellSiege(r *report, all []*besieged, asked map[string]int64) error {
	r.title("owners under siege: p99, and in times of that without")
	fmt.Fprintf(r.out, "  %-34s %-24s %6s %11s %11s %7s %7s %8s\n", "flood", "operation", "n", "without ms", "with ms",
		"times", "target", "refused")
	refused := 0
	for _, b := range all {
		b.judge()
		refused += b.Refused
		word := ""
		if b.Ratio > b.Target {
			word = "over"
		}
		fmt.Fprintf(r.out, "  %-34s %-24s %6d %11.2f %11.2f %7.2f %7.1f %8d  %s\n", b.Flood, b.Operation, b.N,
			float64(b.Without)/1e6, float64(b.With)/1e6, b.Ratio, b.Target, b.Refused, word)
	}
	if err := writeFigures(p.json, map[string]any{"began": r.began.UTC().Format(time.RFC3339), "processor": processor(),
		"rounds": p.rounds, "siege": all, "requests": asked}); err != nil {
		return err
	}
	if refused > 0 {
		return fmt.Errorf("owners were refused %d times, want 0", refused)
	}
	return nil
}
