package fault

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// A Played is what happened when a fault, or its honest twin, was played.
type Played struct {
	Fault     string
	Name      string     // what everything drawn was drawn from, and the user's name
	Answer    *Answer    // to the ceremony that is judged; nil beside an error
	Exchanges []Exchange // every ceremony, in the order of their ends
}

// An Exchange is one begun ceremony: what the party asked, what the client answered, and what the party said.
type Exchange struct {
	Ceremony Ceremony
	User     string
	Options  []byte
	Response []byte
	Answer   *Answer
}

// A harness is where one fault is played.
type harness struct {
	party Party
	about About
	name  string
	setup setup
	lead  *actor // whose ceremony is judged

	mu     sync.Mutex
	played *Played
	err    error // the first of an edit
}

// A scenario plays what is more than one broken ceremony; lead is the user whose ceremony is judged.
type scenario func(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error)

// Play plays the fault against a party. Everything drawn comes from name, which is the name of the user as well, so
// the same name gives the same bytes but for what the party's challenge changes. An error means that nothing is known:
// an honest step before the fault was refused, or the party could not be used; Played holds what came before.
func (f *Fault) Play(ctx context.Context, p Party, name string) (*Played, error) {
	return f.perform(ctx, p, name, f.ID, f.edits, f.scene)
}

// PlayBaseline plays the honest twin: the same set-up, nothing broken.
func (f *Fault) PlayBaseline(ctx context.Context, p Party, name string) (*Played, error) {
	return f.perform(ctx, p, name, "the honest twin of "+string(f.Baseline), nil, nil)
}

// perform plays; what is how errors call it, for a twin is that of all faults of its set-up.
func (f *Fault) perform(ctx context.Context, p Party, name, what string, changes []edit, act scenario) (*Played, error) {
	s := &harness{party: p, about: p.About(), name: name, setup: f.setup, played: &Played{Fault: f.ID, Name: name}}
	fail := func(err error) (*Played, error) {
		return s.played, fmt.Errorf("playing %s: %w", what, err)
	}
	lead, err := s.enter(ctx, "")
	if err != nil {
		return fail(err)
	}
	s.lead = lead
	if f.Ceremony == Authentication {
		if err := lead.enroll(ctx); err != nil {
			return fail(err)
		}
	}
	e := &edits{}
	for _, change := range changes {
		change(s, e)
	}
	if act == nil {
		act = alone
	}
	answer, err := act(ctx, s, lead, e)
	if err = errors.Join(err, s.err); err != nil {
		return fail(err)
	}
	s.played.Answer = answer
	return s.played, nil
}

// alone is the scenario of most faults: one ceremony, broken.
func alone(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if s.setup.ceremony == Authentication {
		return lead.signIn(ctx, s.setup.wish, e)
	}
	return lead.register(ctx, s.setup.wish, e)
}

// fail keeps the first error of an edit, which cannot return one, and stands in for the bytes it could not make.
func (s *harness) fail(err error) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	return nil
}

// members changes the members of a JSON object given as text. What another change has put behind it stays.
func (s *harness) members(text []byte, change func(o *object)) []byte {
	o, rest, err := parseObject(text)
	if err != nil {
		return s.fail(err)
	}
	change(&o)
	return append(o.encode(), rest...)
}

// encode is CTAP2's canonical CBOR.
func (s *harness) encode(v any) []byte {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return s.fail(err)
	}
	out, err := mode.Marshal(v)
	if err != nil {
		return s.fail(err)
	}
	return out
}

// draw is 32 bytes that the play's name and a label determine.
func (s *harness) draw(label string) []byte {
	sum := sha256.Sum256([]byte(s.name + "\x00" + label))
	return sum[:]
}

// ca is the root that the party trusts, or else one of the fault's own.
func (s *harness) ca() (*virtual.CA, error) {
	if s.about.CA != nil {
		return s.about.CA, nil
	}
	return virtual.NewCA(virtual.CAOptions{Seed: []byte("fault")})
}

// An actor is a user in a browser of his own, with a key.
type actor struct {
	*harness
	user   string
	visit  Visit
	device *virtual.Authenticator // made for the first registration
	alter  func(o *virtual.Options)
	id     []byte // of the credential registered last
	handle []byte // user.id
}

// enter makes a user. Names other than the lead's end in -who.
func (s *harness) enter(ctx context.Context, who string) (*actor, error) {
	name := s.name
	if who != "" {
		name += "-" + who
	}
	visit, err := s.party.Visit(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("visiting as %s: %w", name, err)
	}
	return &actor{harness: s, user: name, visit: visit}, nil
}

// again is the same user, with the same key, in another browser.
func (a *actor) again(ctx context.Context) (*actor, error) {
	visit, err := a.visit.Again(ctx)
	if err != nil {
		return nil, fmt.Errorf("visiting again as %s: %w", a.user, err)
	}
	b := *a
	b.visit = visit
	return &b, nil
}

// desk is what an administrator can do to the user.
func (a *actor) desk() (Desk, error) {
	if d, ok := a.visit.(Desk); ok {
		return d, nil
	}
	return nil, fmt.Errorf("the party's visits are no desk, though its features need one")
}

// plug makes the actor's key, of the attachment that the options ask for.
func (a *actor) plug(options *virtual.CreationOptions) error {
	o := virtual.Options{
		AAGUID: model(), ResidentKeys: true, UserVerification: virtual.UVSucceeds, Seed: []byte(a.user),
		Platform: options.AuthenticatorSelection.Attachment == "platform",
	}
	if a.setup.device != nil {
		if err := a.setup.device(a.harness, &o); err != nil {
			return err
		}
	}
	if a.alter != nil {
		a.alter(&o)
	}
	var err error
	a.device, err = virtual.New(o)
	return err
}

func model() [16]byte { return [16]byte([]byte("virtual security")) }

// browser is the actor's browser with the edits in it.
func (a *actor) browser(e *edits) *virtual.Client {
	c := &virtual.Client{Origin: a.about.Origin, Authenticators: []*virtual.Authenticator{a.device}}
	if a.setup.framed && len(a.about.TopOrigins) > 0 {
		c.TopOrigin = a.about.TopOrigins[0]
	}
	if e != nil {
		c.Hooks = &e.Hooks
	}
	return c
}

func (a *actor) beginCreate(ctx context.Context, w Wish) (*Begun, error) {
	b, err := a.visit.RegisterBegin(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("beginning a registration: %w", err)
	}
	return b, nil
}

// create answers creation options with a new credential.
func (a *actor) create(b *Begun, e *edits) ([]byte, error) {
	options, err := creation(b.Options)
	if err != nil {
		return nil, err
	}
	a.handle = options.User.ID
	if a.device == nil {
		if err := a.plug(options); err != nil {
			return nil, err
		}
	}
	response, err := e.made(a.browser(e).Create, b.Options)
	if err != nil {
		return nil, fmt.Errorf("creating a credential: %w", err)
	}
	a.id = a.device.Credentials()[0].ID
	return response, nil
}

func (a *actor) finishCreate(ctx context.Context, b *Begun, response []byte) (*Answer, error) {
	answer, err := a.visit.RegisterFinish(ctx, b, response)
	return a.record(Registration, b, response, answer, err)
}

// register plays a whole registration.
func (a *actor) register(ctx context.Context, w Wish, e *edits) (*Answer, error) {
	b, err := a.beginCreate(ctx, w)
	if err != nil {
		return nil, err
	}
	response, err := a.create(b, e)
	if err != nil {
		return nil, err
	}
	return a.finishCreate(ctx, b, response)
}

// enroll registers honestly; a refusal is an error.
func (a *actor) enroll(ctx context.Context) error {
	return honest(a.register(ctx, a.setup.first, nil))
}

func (a *actor) beginGet(ctx context.Context, w Wish) (*Begun, error) {
	b, err := a.visit.SignInBegin(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("beginning a sign-in: %w", err)
	}
	return b, nil
}

// get answers request options with an assertion.
func (a *actor) get(b *Begun, e *edits) ([]byte, error) {
	response, err := e.made(a.browser(e).Get, b.Options)
	if err != nil {
		return nil, fmt.Errorf("signing an assertion: %w", err)
	}
	return response, nil
}

// getAs answers request options with the actor's own credential, whichever they ask for.
func (a *actor) getAs(b *Begun, e *edits) ([]byte, error) {
	descriptor := slices.Concat([]byte(`[{"type":"public-key","id":`), byteString(a.id), []byte(`}]`))
	options := a.members(b.Options, func(o *object) {
		if inside := o.get("publicKey"); inside != nil {
			o.put("publicKey", a.members(inside, func(in *object) { in.put("allowCredentials", descriptor) }))
			return
		}
		o.put("allowCredentials", descriptor)
	})
	return a.get(&Begun{Options: options}, e)
}

func (a *actor) finishGet(ctx context.Context, b *Begun, response []byte) (*Answer, error) {
	answer, err := a.visit.SignInFinish(ctx, b, response)
	return a.record(Authentication, b, response, answer, err)
}

// signIn plays a whole authentication.
func (a *actor) signIn(ctx context.Context, w Wish, e *edits) (*Answer, error) {
	b, err := a.beginGet(ctx, w)
	if err != nil {
		return nil, err
	}
	response, err := a.get(b, e)
	if err != nil {
		return nil, err
	}
	return a.finishGet(ctx, b, response)
}

func (a *actor) record(c Ceremony, b *Begun, response []byte, answer *Answer, err error) (*Answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.played.Exchanges = append(a.played.Exchanges, Exchange{c, a.user, b.Options, response, answer})
	if err == nil && answer == nil {
		err = errors.New("the party gave no answer")
	}
	if err != nil {
		return nil, fmt.Errorf("finishing the %s: %w", c, err)
	}
	return answer, nil
}

// honest turns a refusal of an honest step into an error.
func honest(answer *Answer, err error) error {
	if err != nil || answer.Accepted {
		return err
	}
	return fmt.Errorf("an honest step was refused: %d %s %s", answer.Status, answer.Code, answer.Text)
}

// made lets the client answer options, with every change in the response. Edits count on what they change being there;
// in a composed fault another may have taken it away, which is an error and no reason for a program to end.
func (e *edits) made(answer func(options []byte) ([]byte, error), options []byte) (response []byte, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case runtime.Error:
			response, err = nil, fmt.Errorf("these changes cannot be made together: %w", r)
		default:
			panic(r)
		}
	}()
	if response, err = answer(options); err != nil {
		return nil, err
	}
	return e.finish(response), nil
}

// finish makes the last change, to the text.
func (e *edits) finish(response []byte) []byte {
	if e == nil || e.text == nil {
		return response
	}
	return e.text(response)
}

// creation reads creation options, bare or within publicKey.
func creation(raw []byte) (*virtual.CreationOptions, error) {
	var in struct {
		virtual.CreationOptions
		PublicKey *virtual.CreationOptions `json:"publicKey"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("reading creation options: %w", err)
	}
	if in.PublicKey != nil {
		return in.PublicKey, nil
	}
	return &in.CreationOptions, nil
}
