package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// alikeLimit is how far from 0.50 the area under the ROC curve may lie where an answer must not tell
// who has an account.
const alikeLimit = 0.03

// An act is something that a stranger may ask for of any identifier. Its arms are asked in turn, in an
// order drawn anew each time, so that a bad moment of the machine touches all of them.
type act struct {
	name    string
	path    string
	clients int
	arms    []arm
	pairs   []pair
}

// An arm is one case of an act: what is asked the i-th time, and the status that it is answered with.
type arm struct {
	name   string
	status int
	ask    func(i int) any
}

// A pair is two arms that are told apart by their times. Where the answer itself says which it is, on
// purpose, there is nothing to hide and told is true.
type pair struct {
	one, other int
	told       bool
}

// A difference is what the times of two arms say about which is which.
type difference struct {
	Act   string        `json:"act"`
	One   string        `json:"one"`
	Other string        `json:"other"`
	N     int           `json:"n"` // an arm
	Area  float64       `json:"auc"`
	Gap   time.Duration `json:"gapns"` // median of one less median of other
	P50   time.Duration `json:"p50ns"` // of one
	Told  bool          `json:"told,omitempty"`
}

func (d difference) hidden() bool {
	return d.Told || d.Area >= 0.5-alikeLimit && d.Area <= 0.5+alikeLimit
}

type signUpForm struct {
	Email string `json:"email"`
}

// What prepares gets ready before the time is taken.
type prepares interface {
	prepare(ctx context.Context, c *client) error
}

// forgotten asks for a new password behind a puzzle.
type forgotten struct {
	Identifier string `json:"identifier"`
	Work       string `json:"work"`
}

func (f *forgotten) prepare(ctx context.Context, c *client) (err error) {
	f.Work, err = c.work(ctx)
	return err
}

// asksForRecovery asks for a recovery case behind a puzzle.
type asksForRecovery struct {
	Identifier string   `json:"identifier"`
	Lost       []string `json:"lost"`
	Work       string   `json:"work"`
}

func (a *asksForRecovery) prepare(ctx context.Context, c *client) (err error) {
	a.Work, err = c.work(ctx)
	return err
}

// forgottenByPhone asks for a text behind a puzzle.
type forgottenByPhone struct {
	Phone string `json:"phone"`
	Work  string `json:"work"`
}

func (f *forgottenByPhone) prepare(ctx context.Context, c *client) (err error) {
	f.Work, err = c.work(ctx)
	return err
}

// A wrongText types another code than the one that was texted to a number.
type wrongText struct {
	number   string
	Ceremony string `json:"ceremony"`
	Code     string `json:"code"`
}

func (w *wrongText) prepare(ctx context.Context, c *client) error {
	asked := forgottenByPhone{Phone: w.number}
	if err := asked.prepare(ctx, c); err != nil {
		return err
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	answer, err := c.post(ctx, pathForgotPhone, body)
	if err != nil {
		return fmt.Errorf("asking for a text: %w", err)
	}
	if err := json.Unmarshal(answer, w); err != nil {
		return fmt.Errorf("reading what waits for the code: %w", err)
	}
	return nil
}

// acts is everything that an outsider can ask about an identifier: of a seller with a key ("key"), one
// with an app ("app") and nobody, who is named as long.
func acts() []act {
	const wrong = "Wrong-Jetty-41"
	mail := func(family string, i int) string { return fmt.Sprintf("%s%d@example.com", family, i) }
	keyFirst := func(family string) func(int) any {
		return func(i int) any { return identified{mail(family, i)} }
	}
	signIn := func(family, password string) func(int) any {
		return func(i int) any { return withPassword{mail(family, i), password} }
	}
	signUp := func(family string) func(int) any {
		return func(i int) any {
			return signUpForm{mail(family, i)}
		}
	}
	forgot := func(family string) func(int) any {
		return func(i int) any { return &forgotten{Identifier: mail(family, i)} }
	}
	recovery := func(family string) func(int) any {
		return func(i int) any { return &asksForRecovery{Identifier: mail(family, i), Lost: []string{"key"}} }
	}
	text := func(from int) func(int) any {
		return func(i int) any { return &forgottenByPhone{Phone: numberOf(from + i)} }
	}
	wrongCode := func(from int) func(int) any {
		return func(i int) any { return &wrongText{number: numberOf(from + i), Code: "000000"} }
	}
	return []act{
		{"key first", pathKeyFirst, 1,
			[]arm{{"a seller with a key", 200, keyFirst("key")}, {"nobody", 200, keyFirst("non")},
				{"a seller without", 200, keyFirst("app")}},
			[]pair{{0, 1, false}, {2, 1, false}}},
		{"sign-in", pathSignIn, 4,
			[]arm{{"a seller, wrong password", 422, signIn("key", wrong)}, {"nobody", 422, signIn("non", wrong)},
				{"a seller, right password", 200, signIn("key", password)}},
			[]pair{{0, 1, false}, {2, 0, true}}},
		{"sign-up", pathSignUp, 2,
			[]arm{{"a taken address", 200, signUp("key")}, {"a free one", 200, signUp("new")}},
			[]pair{{0, 1, false}}},
		{"forgot", pathForgot, 16,
			[]arm{{"a seller", 200, forgot("key")}, {"nobody", 200, forgot("non")}},
			[]pair{{0, 1, false}}},
		{"forgot by phone", pathForgotPhone, 16,
			[]arm{{"a seller's number", 200, text(0)}, {"nobody's", 200, text(nobodysNumbers)}},
			[]pair{{0, 1, false}}},
		{"code of a text", pathForgotPhoneCode, 16,
			[]arm{{"a seller's number", 422, wrongCode(appNumbers)}, {"nobody's", 422, wrongCode(nobodysNumbers + appNumbers)}},
			[]pair{{0, 1, false}}},
		{"recovery", pathRecovery, 16,
			[]arm{{"a seller", 204, recovery("key")}, {"nobody", 204, recovery("non")}},
			[]pair{{0, 1, false}}},
	}
}

// Where the numbers begin of sellers with an app, and of nobody: each is asked about in one act, for it has three texts
// a day, and not at once.
const (
	appNumbers     = 1_000_000
	nobodysNumbers = 5_000_000
)

// alike measures, n times an arm, whether the time of an answer tells who has an account.
func (p *plan) alike(ctx context.Context, dir string, r *report) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	if err := p.seedAlike(ctx, data, originOf(port)); err != nil {
		return fmt.Errorf("seeding: %w", err)
	}
	c, err := startChild(ctx, p.binary, data, port)
	if err != nil {
		return err
	}
	defer c.kill()
	r.title("who has an account, by the time of the answer")
	fmt.Fprintf(r.out, "  %-10s %-52s %6s %8s %10s %9s %6s\n", "act", "arms", "n", "AUC", "gap us", "p50 ms", "steal")
	var differences []difference
	for _, a := range acts() {
		if p.only != "" && p.only != a.name {
			continue
		}
		list, err := p.compare(ctx, c, a, r)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		differences = append(differences, list...)
	}
	if len(differences) == 0 {
		return fmt.Errorf("there is no act %q", p.only)
	}
	if err := c.stop(); err != nil {
		return err
	}
	if err := writeFigures(p.json, map[string]any{"began": r.began.UTC().Format(time.RFC3339),
		"differences": differences}); err != nil {
		return err
	}
	if slices.ContainsFunc(differences, func(d difference) bool { return !d.hidden() }) {
		return fmt.Errorf("an answer tells who has an account: an AUC is outside of 0.50 +- %.2f", alikeLimit)
	}
	return nil
}

// seedAlike makes the sellers that are asked about, as many of each sort as there are samples.
func (p *plan) seedAlike(ctx context.Context, data, origin string) error {
	db, keys, err := newData(data)
	if err != nil {
		return err
	}
	defer db.Close()
	m, err := newMaker(ctx, origin)
	if err != nil {
		return err
	}
	s := &sellers{origin: origin}
	withKey, err1 := m.keySellers(s, p.samples)
	withApp, err2 := m.appSellers(s, p.samples)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for i := range withApp {
		withApp[i].Account.Phone = ident.Phone(numberOf(appNumbers + i))
	}
	all := append(withKey, withApp...)
	for i := range all {
		all[i].Account.PhoneAt = m.at
	}
	return auth.Seed(ctx, db, keys, all)
}

// compare asks for an act, every arm as often, and reports each pair.
func (p *plan) compare(ctx context.Context, c *child, a act, r *report) ([]difference, error) {
	before, err := readMachine()
	if err != nil {
		return nil, err
	}
	took, err := a.sample(ctx, c.addr, p.samples)
	if err != nil {
		return nil, err
	}
	after, err := readMachine()
	if err != nil {
		return nil, err
	}
	var list []difference
	for _, q := range a.pairs {
		one, other := took[q.one], took[q.other]
		d := difference{Act: a.name, One: a.arms[q.one].name, Other: a.arms[q.other].name, N: len(one), Told: q.told,
			Area: area(one, other), Gap: median(one) - median(other), P50: median(one)}
		list = append(list, d)
		word := ""
		switch {
		case q.told:
			word = "the answer says which"
		case !d.hidden():
			word = "TELLS"
		}
		fmt.Fprintf(r.out, "  %-10s %-52s %6d %8.3f %10.1f %9.3f %5.1f%%  %s\n", d.Act, d.One+" / "+d.Other,
			d.N, d.Area,
			float64(d.Gap)/1e3, float64(d.P50)/1e6, 100*after.stolen(before), word)
	}
	return list, nil
}

// sample returns the times of n answers of each arm.
func (a act) sample(ctx context.Context, addr string, n int) ([][]time.Duration, error) {
	took := make([][]time.Duration, len(a.arms))
	for i := range took {
		took[i] = make([]time.Duration, n)
	}
	failed := make([]error, a.clients)
	var all sync.WaitGroup
	for k := range a.clients {
		all.Go(func() {
			c := &client{addr: addr}
			defer c.close()
			for i := k * n / a.clients; i < (k+1)*n/a.clients && failed[k] == nil; i++ {
				for _, j := range rand.Perm(len(a.arms)) {
					took[j][i], failed[k] = a.arms[j].once(ctx, c, a.path, i)
					if failed[k] != nil {
						return
					}
				}
			}
		})
	}
	all.Wait()
	return took, errors.Join(failed...)
}

// once asks once and returns how long the answer took, which must be of the right status.
func (a arm) once(ctx context.Context, c *client, path string, i int) (time.Duration, error) {
	asked := a.ask(i)
	if p, ok := asked.(prepares); ok {
		if err := p.prepare(ctx, c); err != nil {
			return 0, err
		}
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return 0, fmt.Errorf("writing a request: %w", err)
	}
	if err := c.dial(ctx); err != nil {
		return 0, err
	}
	c.compose(path, body)
	began := time.Now()
	status, err := c.once(ctx)
	took := time.Since(began)
	if err == nil && status != a.status {
		err = fmt.Errorf("%s: got status %d (%.200s), want %d", a.name, status, c.body, a.status)
	}
	return took, errors.Join(ctx.Err(), err)
}

// area is the area under the ROC curve of a guesser who says "one" of what took long: the chance that
// one of the one took longer than one of the other, ties counted half. 0.5 is no better than a coin.
func area(one, other []time.Duration) float64 {
	if len(one) == 0 || len(other) == 0 {
		return 0.5
	}
	type sample struct {
		took time.Duration
		one  bool
	}
	var all []sample
	for _, d := range one {
		all = append(all, sample{d, true})
	}
	for _, d := range other {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.took, y.took) })
	var ranks float64 // of the one, equal times sharing the mean of their ranks
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].took == all[i].took {
			j++
		}
		for _, s := range all[i:j] {
			if s.one {
				ranks += float64(i+j+1) / 2
			}
		}
		i = j
	}
	n, m := float64(len(one)), float64(len(other))
	return (ranks - n*(n+1)/2) / (n * m)
}
