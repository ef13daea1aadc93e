package conform

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Options are how a run is made. The zero value plays four faults at a time with a seed of its own and WordOracle.
type Options struct {
	// Seed determines every key, identifier and name; letters, digits and dashes, at most 24. Empty: a new one, which
	// the report tells. A relying party that has seen the seed before, and still knows its users, gets new ones.
	Seed     string
	Parallel int           // faults at a time; 4 when 0, at most 64; one where a party keeps one state for everybody
	Timeout  time.Duration // of one fault or twin; 30 s when 0

	Oracle *Oracle                // nil: WordOracle
	Policy map[string]Expectation // by fault id, for policy and hardening rows
	Strict bool                   // unconfirmed refusals and lax hardening rows fail the run, too

	// Wait is how long may be waited for a ceremony to expire, at a party whose clock cannot be moved, by the timeout
	// that its options tell; 0: such faults are not played.
	Wait  time.Duration
	Sleep func(context.Context, time.Duration) error // lets time pass; nil: the clock does

	// Waive excuses rows by their ids, each with the reason, which stands in every report. They are played all the
	// same.
	Waive map[string]string

	// Command is the program and arguments that make this run, without --only and --seed, for the line that repeats
	// one case: {"virtualkey", "conform", "--rp", "http://localhost:8080"}.
	Command []string
	Target  string // of the report's head: an address, or what the party is
	Adapter string // of the report's head

	Progress func(Progress) // called for each result, never two at a time
	Now      func() time.Time
}

// Progress tells how far a run is.
type Progress struct {
	Done, Total int
	Result      *Result // the one just decided
}

// A run is the state of Run.
type run struct {
	Options
	party  fault.Party
	about  fault.About
	suffix string // of every name, behind the seed
	report *Report

	mu    sync.Mutex
	twins map[fault.Baseline]*twin
	done  int
}

// A twin is the honest ceremony of a baseline: played once, whatever number of faults ask.
type twin struct {
	once sync.Once
	of   *fault.Fault // any of the baseline
	played
	exchanges []fault.Exchange
}

// Run plays faults against a party and judges what it said. Before the first fault of each set-up its honest twin is
// played, and after the last once more. The report is in the order of faults.
//
// An error without a report means that no ceremony can be begun: it wraps ErrUnreachable when nothing could be
// exchanged at all; else the adapter, or the address, is wrong. When ctx ends, no more faults are begun, those that
// were not played are inconclusive, and the report comes with the error of ctx.
func Run(ctx context.Context, party fault.Party, faults []*fault.Fault, o Options) (*Report, error) {
	r, err := newRun(party, o)
	if err != nil {
		return nil, err
	}
	begun := o.now()
	if err := r.greet(ctx); err != nil {
		return nil, err
	}
	r.report = r.head(begun, len(faults))
	if r.Parallel > 1 && len(faults) > 1 && r.oneState(ctx) {
		r.report.Alone, r.Parallel = true, 1
	}
	work := make(chan int)
	var workers sync.WaitGroup
	for range min(r.Parallel, len(faults)) {
		workers.Go(func() {
			for i := range work {
				r.conclude(i, r.one(ctx, faults[i]))
			}
		})
	}
	for i := range faults {
		work <- i
	}
	close(work)
	workers.Wait()
	r.report.Twins = r.twinResults(ctx)
	r.report.distrust()
	r.report.finish()
	r.report.TookMS = milliseconds(o.now().Sub(begun))
	return r.report, ctx.Err()
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

func newRun(party fault.Party, o Options) (*run, error) {
	if o.Seed == "" {
		o.Seed = drawn(4)
	}
	if len(o.Seed) > 24 || inNames(o.Seed) != o.Seed {
		return nil, fmt.Errorf("seed %q: want letters, digits and dashes, 24 at most", o.Seed)
	}
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	o.Parallel = min(o.Parallel, 64)
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Oracle == nil {
		o.Oracle = WordOracle()
	}
	for id, why := range o.Waive {
		if why == "" {
			return nil, fmt.Errorf("waiving %s: there is no reason", id)
		}
	}
	return &run{Options: o, party: party, about: party.About(), twins: map[fault.Baseline]*twin{}}, nil
}

func drawn(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return hex.EncodeToString(b)
}

func (r *run) head(begun time.Time, total int) *Report {
	return &Report{
		Version: ReportVersion, Started: begun.UTC().Truncate(time.Second), Strict: r.Strict,
		Target: TargetInfo{
			URL: r.Target, Adapter: r.Adapter, Origin: r.about.Origin, RPID: r.about.RPID, Features: r.about.Features,
		},
		Seed: r.Seed, Waivers: r.Waive, Results: make([]*Result, total),
	}
}

// A detected party is one of which more is known than it tells.
type detected struct {
	fault.Party
	about fault.About
}

// About tells what was found out, too.
func (d detected) About() fault.About { return d.about }

// greet registers one honest user. It finds out whether the party can be reached and asked at all, which algorithms it
// offers, and whether it has seen the seed before: then names, and with them all that is drawn from them, get a new
// ending.
func (r *run) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	options, fresh, err := greeting(ctx, r.party, r.about.Origin, r.name("greeting"))
	if !fresh && ctx.Err() == nil && !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrNotLoopback) {
		r.suffix = "-" + drawn(2)
		options, _, err = greeting(ctx, r.party, r.about.Origin, r.name("greeting"))
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return fmt.Errorf("greeting the relying party: %w", err)
	}
	for _, p := range options.Parameters {
		feature, ok := map[virtual.Algorithm]fault.Feature{
			virtual.RS256: fault.OffersRS256, virtual.EdDSA: fault.OffersEdDSA,
			virtual.ES384: fault.OffersES384, virtual.ES512: fault.OffersES512,
		}[p.Algorithm]
		if ok && !r.about.Has(feature) {
			r.about.Features = append(slices.Clone(r.about.Features), feature)
		}
	}
	r.party = detected{r.party, r.about}
	if r.Wait > 0 && !r.about.Has(fault.Expiry) {
		waiting := patient(r.party, r.about, r.Wait, r.Sleep)
		r.party = waiting
		r.about = waiting.about
		r.Timeout = r.Timeout + r.Wait
	}
	return nil
}

// greeting plays one honest registration. It is an error when it cannot be begun, or answered; a refusal is none, for
// the twins are there to tell that. fresh is false if the party seems to know the user or the key already.
func greeting(ctx context.Context, p fault.Party, origin, name string) (o virtual.CreationOptions, fresh bool, err error) {
	visit, err := p.Visit(ctx, name)
	if err != nil {
		return o, false, err
	}
	begun, err := visit.RegisterBegin(ctx, fault.Wish{})
	if err != nil {
		return o, false, err
	}
	if o, err = creationOptions(begun.Options); err != nil {
		return o, false, err
	}
	key, err := honestKey(name, o)
	if err != nil {
		return o, false, err
	}
	browser := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{key}}
	response, err := browser.Create(begun.Options)
	if err != nil {
		return o, false, fmt.Errorf("answering the options: %w", err)
	}
	answer, err := visit.RegisterFinish(ctx, begun, response)
	if err != nil {
		return o, false, err
	}
	return o, answer.Accepted && len(o.Exclude) == 0, nil
}

// name makes the name of what is played, from which everything in it is drawn. Relying parties limit the length of
// user names, often to 64.
func (r *run) name(what string) string {
	if len(what) > 28 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(what))
		what = fmt.Sprintf("%s-%08x", what[:19], h.Sum32())
	}
	return inNames(what) + "-" + r.Seed + r.suffix
}

// inNames puts a dash for everything that names are not made of.
func inNames(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, s)
}

// one plays a fault, after its twin, and judges.
func (r *run) one(ctx context.Context, f *fault.Fault) *Result {
	res := newResult(f)
	res.Repeat = r.repeat(f.ID)
	missing := f.Missing(r.about)
	var honest, broken played
	if len(missing) == 0 {
		honest = r.twin(ctx, f)
		if honest.err == nil && honest.answer.Accepted {
			var all []fault.Exchange
			broken, all = r.playSure(ctx, f)
			res.keep(broken, all)
		}
	}
	if f.Class == fault.Policy || f.Class == fault.Hardening {
		res.Expected = r.Policy[f.ID]
	}
	res.decide(judge(f, missing, honest, broken, r.Oracle, res.Expected), missing)
	res.waive(r.Waive[f.ID])
	return res
}

// playSure plays a fault, and once more under another name when the connection was cut: a server may just have closed
// one that had been idle. Twice is no accident.
func (r *run) playSure(ctx context.Context, f *fault.Fault) (played, []fault.Exchange) {
	first, exchanges := r.play(ctx, r.name(f.ID), f.Play)
	if !errors.Is(first.err, ErrCut) {
		return first, exchanges
	}
	second, more := r.play(ctx, r.name("again-"+f.ID), f.Play)
	if second.err != nil { // cut again, or nobody is there any more
		return first, exchanges
	}
	return second, more
}

type playFunc func(context.Context, fault.Party, string) (*fault.Played, error)

// play plays once, within the time allowed. A panic, of a fault or of an adapter, costs this one alone.
func (r *run) play(ctx context.Context, name string, do playFunc) (out played, exchanges []fault.Exchange) {
	if err := ctx.Err(); err != nil {
		return played{err: fmt.Errorf("not played: %w", err)}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			out, exchanges = played{err: fmt.Errorf("panic in %s: %v", panicked(), v)}, nil
		}
	}()
	p, err := do(ctx, r.party, name)
	out.err = err
	if p != nil {
		out.answer, exchanges = p.Answer, p.Exchanges
	}
	if out.err == nil && out.answer == nil {
		out.err = errors.New("there was no answer")
	}
	return out, exchanges
}

// panicked names the function in which the panic began that is being recovered from.
func panicked() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	within := false
	for {
		frame, more := frames.Next()
		inRuntime := strings.HasPrefix(frame.Function, "runtime.")
		switch {
		case within && !inRuntime:
			return fmt.Sprintf("%s, line %d", frame.Function, frame.Line)
		case !more:
			return "an unknown place"
		}
		within = within || inRuntime && frame.Function == "runtime.gopanic"
	}
}

// twin plays the honest twin of a fault, or returns how it went before.
func (r *run) twin(ctx context.Context, f *fault.Fault) played {
	r.mu.Lock()
	t := r.twins[f.Baseline]
	if t == nil {
		t = &twin{of: f}
		r.twins[f.Baseline] = t
	}
	r.mu.Unlock()
	t.once.Do(func() {
		t.played, t.exchanges = r.play(ctx, r.name("twin-"+string(f.Baseline)), f.PlayBaseline)
	})
	return t.played
}

// twinResults tells how the twins went. Those that were accepted are played once more at the end: a party that honest
// users can no longer use has refused for a reason of its own.
func (r *run) twinResults(ctx context.Context) map[fault.Baseline]*TwinResult {
	out := make(map[fault.Baseline]*TwinResult, len(r.twins))
	for b, t := range r.twins {
		out[b] = twinResult(t.played, t.exchanges)
		if t.err == nil && t.answer.Accepted && ctx.Err() == nil {
			out[b].End = twinResult(r.play(ctx, r.name("end-"+string(b)), t.of.PlayBaseline))
		}
	}
	return out
}

func twinResult(p played, all []fault.Exchange) *TwinResult {
	out := &TwinResult{Answer: said(p.answer), Exchanges: exchanges(all)}
	if p.err != nil {
		out.Error = visible([]byte(p.err.Error()))
	}
	return out
}

// conclude puts a result in its place.
func (r *run) conclude(i int, res *Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Results[i] = res
	r.done++
	if r.Progress != nil {
		r.Progress(Progress{Done: r.done, Total: len(r.report.Results), Result: res})
	}
}
