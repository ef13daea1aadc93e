package fault

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/latchkey-auth/latchkey/virtual"
)

// createStateFaults break what must hold between the requests of registrations (Level 3 §13.4.3, §7.1 steps 8, 26).
func createStateFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createPlain, check} }
	once := t(CheckStateCreateOnce)
	late := t(CheckStateCreateTime)
	session := t(CheckStateCreateSession)
	used, again := t(CheckCreateIDNew), t(CheckCreateIDAgain)
	onceWhy := "A challenge that serves more than once lets whoever saw one ceremony bind a key of his own to it."
	usedWhy := "Whoever knows a victim's credential id could take it over, and the victim would sign in to the thief's account."
	return []*Fault{
		once.row("challenge-twice", "A second key answers a challenge that a first has answered.",
			onceWhy).acts(createTwice).needs(SecondKey),
		once.row("challenge-after-refusal", "A right answer follows a wrong one to the same challenge.",
			"A challenge that outlives a refusal can be tried upon without end.").acts(createAfterRefusal).of(Hardening),
		once.row("challenge-concurrent", "Two keys answer one challenge at the same time.",
			onceWhy).acts(createAtOnce).needs(SecondKey),
		late.row("challenge-expired", "The challenge is too old.",
			"An answer may have been kept for the day the session is in other hands.").
			acts(createLate).needs(Expiry),
		session.row("challenge-of-another-user", "The challenge was made for another user in another browser.",
			"An attacker could have his own key bound to the victim's account, or the victim's to his.").acts(createForAnother),
		session.row("challenge-of-another-browser", "The challenge was made for the same user in another browser.",
			"What was begun in one session must not be ended by whoever holds another.").acts(createElsewhere).needs(SecondVisit),
		t(CheckStatePurpose).row("challenge-of-sign-in", "The challenge was made for a sign-in.",
			"A sign-in that anybody may begin must not end in a new key.").acts(createForSignIn).at("7.1.8",
			"").needs(SecondKey),
		used.row("id-of-another", "The credential, key and id, is registered to another user.",
			usedWhy).acts(idOfAnother).needs(UniqueIDs).unless(SharedUser),
		used.row("id-of-another-new-key", "The credential id is registered to another user, with another key.",
			usedWhy).acts(idOfAnotherNewKey).needs(UniqueIDs).unless(SharedUser),
		again.row("id-again", "The credential is registered to the same user already.",
			"A second record of one credential makes it unclear whose counter and whose key count.").acts(idAgain).needs(SecondKey),
		again.row("id-again-new-key", "The credential id is registered to the same user already, with another key.",
			"A key that was lost to a thief would be replaced by his without a word.").acts(idAgainNewKey).needs(SecondKey),
	}
}

// second is another key in the hands of the same user.
func (a *actor) second() *actor {
	b := *a
	b.device, b.alter = nil, func(o *virtual.Options) { o.Seed = append(o.Seed, "-second"...) }
	return &b
}

func createTwice(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginCreate(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.create(begun, nil)
	if err != nil {
		return nil, err
	}
	if err := honest(lead.finishCreate(ctx, begun, response)); err != nil {
		return nil, err
	}
	other := lead.second()
	if response, err = other.create(begun, e); err != nil {
		return nil, err
	}
	return other.finishCreate(ctx, begun, response)
}

// wrongTwice breaks two checks, so that a party that leaves out one of them refuses it still.
func wrongTwice() *edits {
	e := &edits{}
	e.ClientData = func(d *virtual.ClientData) { d.Type, d.Origin = "webauthn.test", "https://evil.example" }
	return e
}

// refused turns the acceptance of a broken step into an error.
func refused(answer *Answer, err error) error {
	if err == nil && answer.Accepted {
		return errors.New("a step that had to be refused was accepted")
	}
	return err
}

func createAfterRefusal(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginCreate(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.create(begun, wrongTwice())
	if err != nil {
		return nil, err
	}
	if err := refused(lead.finishCreate(ctx, begun, response)); err != nil {
		return nil, err
	}
	if response, err = lead.create(begun, e); err != nil {
		return nil, err
	}
	return lead.finishCreate(ctx, begun, response)
}

func createAtOnce(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginCreate(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	other := lead.second()
	one, err := lead.create(begun, nil)
	if err != nil {
		return nil, err
	}
	two, err := other.create(begun, e)
	if err != nil {
		return nil, err
	}
	return atOnce(
		func() (*Answer, error) { return lead.finishCreate(ctx, begun, one) },
		func() (*Answer, error) { return other.finishCreate(ctx, begun, two) },
	)
}

// atOnce ends two ceremonies at the same time, of which exactly one may be accepted. Two acceptances are the fault
// come through; none is an honest step refused.
func atOnce(one, two func() (*Answer, error)) (*Answer, error) {
	var answers [2]*Answer
	var errs [2]error
	var wait sync.WaitGroup
	for i, finish := range []func() (*Answer, error){one, two} {
		wait.Go(func() {
			defer func() {
				if v := recover(); v != nil { // nobody above this goroutine could
					errs[i] = fmt.Errorf("panic: %v", v)
				}
			}()
			answers[i], errs[i] = finish()
		})
	}
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	switch {
	case !answers[0].Accepted && !answers[1].Accepted:
		return nil, honest(answers[0], nil)
	case answers[0].Accepted:
		return answers[1], nil
	}
	return answers[0], nil
}

func createLate(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginCreate(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	desk, err := lead.desk()
	if err != nil {
		return nil, err
	}
	if err := desk.Expire(ctx); err != nil {
		return nil, err
	}
	response, err := lead.create(begun, e)
	if err != nil {
		return nil, err
	}
	return lead.finishCreate(ctx, begun, response)
}

// createForAnother begins as one user and ends as another.
func createForAnother(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other, err := s.enter(ctx, "b")
	if err != nil {
		return nil, err
	}
	return createAs(ctx, s, lead, other, e)
}

func createElsewhere(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other, err := lead.again(ctx)
	if err != nil {
		return nil, err
	}
	return createAs(ctx, s, lead, other, e)
}

func createAs(ctx context.Context, s *harness, lead, other *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginCreate(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.create(begun, e)
	if err != nil {
		return nil, err
	}
	return other.finishCreate(ctx, begun, response)
}

// createForSignIn answers the challenge of a sign-in with a second key; with a first, so that a sign-in can be begun.
func createForSignIn(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if err := lead.enroll(ctx); err != nil {
		return nil, err
	}
	other := lead.second()
	begun, err := other.beginCreate(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	signIn, err := other.beginGet(ctx, Wish{})
	if err != nil {
		return nil, err
	}
	if err := swapChallenge(e, signIn); err != nil {
		return nil, err
	}
	response, err := other.create(begun, e)
	if err != nil {
		return nil, err
	}
	return other.finishCreate(ctx, signIn, response)
}

// swapChallenge answers the challenge of another ceremony than the one whose options are followed.
func swapChallenge(e *edits, of *Begun) error {
	options, err := creation(of.Options) // the challenge stands in both kinds of options
	if err != nil {
		return err
	}
	e.ClientData = also(e.ClientData, func(d *virtual.ClientData) { d.Challenge = options.Challenge })
	return nil
}

// idOfAnother registers the same credential for two users; idAgain twice for one. The new-key scenes keep only its id.
func idOfAnother(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	victim, err := s.enter(ctx, "b")
	if err != nil {
		return nil, err
	}
	if err := victim.enroll(ctx); err != nil {
		return nil, err
	}
	lead.alter = func(o *virtual.Options) { o.Seed = []byte(victim.user) }
	return lead.register(ctx, s.setup.wish, e)
}

func idOfAnotherNewKey(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	victim, err := s.enter(ctx, "b")
	if err != nil {
		return nil, err
	}
	if err := victim.enroll(ctx); err != nil {
		return nil, err
	}
	takeID(s, e, victim.id)
	return lead.register(ctx, s.setup.wish, e)
}

func idAgain(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if err := lead.enroll(ctx); err != nil {
		return nil, err
	}
	lead.device = nil // the same seed makes the same key; a key that knows the list of excluded ones would refuse
	return lead.register(ctx, s.setup.wish, e)
}

func idAgainNewKey(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if err := lead.enroll(ctx); err != nil {
		return nil, err
	}
	takeID(s, e, lead.id)
	return lead.second().register(ctx, s.setup.wish, e)
}

// takeID registers under an id of somebody else's.
func takeID(s *harness, e *edits, id []byte) {
	attestedData(func(_ *harness, a *attested) { a.id, a.length = id, len(id) })(s, e)
	identifier(id)(s, e)
}
