package fault

import "context"

// getStateFaults break what must hold between the requests of sign-ins (Level 3 §13.4.3, §7.2 steps 6 and 11).
func getStateFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Authentication, getPlain, check} }
	once := rowDefaults{Authentication, getCounterless, CheckStateGetOnce}
	late := t(CheckStateGetTime)
	session := t(CheckStateGetSession)
	deleted := t(CheckStateDeleted)
	disabled := t(CheckStateDisabled)
	onceWhy := "A response that serves more than once is a password that can be overheard."
	deletedWhy := "A stolen key is taken off the account so that it opens it no more."
	disabledWhy := "Whoever was locked out must stay out, whatever key he holds."
	return []*Fault{
		once.row("challenge-twice", "The response is sent a second time; the key does not count.",
			onceWhy).acts(getTwice),
		once.row("challenge-resigned", "A challenge that was answered is answered again, freshly signed.",
			onceWhy).acts(getResigned),
		once.row("challenge-after-refusal", "A right answer follows a wrong one to the same challenge.",
			"A challenge that outlives a refusal can be tried upon without end.").acts(getAfterRefusal).of(Hardening),
		once.row("challenge-concurrent", "The response is sent twice at the same time; the key does not count.",
			onceWhy).acts(getAtOnce),
		late.row("challenge-expired", "The challenge is too old.",
			"An answer may have been kept for the day the session is in other hands.").acts(getLate).needs(Expiry),
		session.row("challenge-of-another-user",
			"The challenge was made for another user in another browser, who ends the ceremony.",
			"An attacker could have himself signed in by a touch that the victim meant for something else.").acts(getForAnother),
		session.row("challenge-of-another-browser", "The challenge was made for the same user in another browser.",
			"What was begun in one session must not sign another one in: that is how a victim is signed in to the thief's browser.").acts(getElsewhere).needs(SecondVisit),
		t(CheckStatePurpose).row("challenge-of-registration", "The challenge was made for a registration.",
			"A challenge for one purpose must not be spent on another, which may have weaker demands.").acts(getForRegistration).needs(SecondKey),
		deleted.row("credential-deleted", "The credential was deleted.", deletedWhy).acts(getDeleted).needs(Removal),
		deleted.row("credential-deleted-meanwhile", "The credential was deleted after the sign-in began.",
			deletedWhy).acts(getDeletedMeanwhile).needs(Removal),
		deleted.row("discoverable-credential-deleted", "The user was not named, and the credential was deleted.",
			deletedWhy).acts(getDeleted).on(getDiscoverable).needs(Removal),
		disabled.row("user-disabled", "The user may not sign in any more.",
			disabledWhy).acts(getDisabled).needs(Disabling),
		disabled.row("user-disabled-meanwhile", "The user was disabled after the sign-in began.",
			disabledWhy).acts(getDisabledMeanwhile).needs(Disabling),
	}
}

// answered begins a sign-in, answers it honestly, and returns both; the answer must be accepted.
func answered(ctx context.Context, s *harness, lead *actor) (begun *Begun, response []byte, err error) {
	if begun, err = lead.beginGet(ctx, s.setup.wish); err != nil {
		return nil, nil, err
	}
	if response, err = lead.get(begun, nil); err != nil {
		return nil, nil, err
	}
	return begun, response, honest(lead.finishGet(ctx, begun, response))
}

func getTwice(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, response, err := answered(ctx, s, lead)
	if err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, begun, e.finish(response))
}

func getResigned(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, _, err := answered(ctx, s, lead)
	if err != nil {
		return nil, err
	}
	flags(0, 4)(s, e) // UV, so that the bytes are others
	response, err := lead.get(begun, e)
	if err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, begun, response)
}

func getAfterRefusal(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.get(begun, wrongTwice())
	if err != nil {
		return nil, err
	}
	if err := refused(lead.finishGet(ctx, begun, response)); err != nil {
		return nil, err
	}
	if response, err = lead.get(begun, e); err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, begun, response)
}

func getAtOnce(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.get(begun, e)
	if err != nil {
		return nil, err
	}
	finish := func() (*Answer, error) { return lead.finishGet(ctx, begun, response) }
	return atOnce(finish, finish)
}

// meanwhile begins a sign-in, lets something happen, and ends it.
func meanwhile(ctx context.Context, s *harness, lead *actor, e *edits, happen func(d Desk) error) (*Answer, error) {
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	desk, err := lead.desk()
	if err != nil {
		return nil, err
	}
	if err := happen(desk); err != nil {
		return nil, err
	}
	response, err := lead.get(begun, e)
	if err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, begun, response)
}

func getLate(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	return meanwhile(ctx, s, lead, e, func(d Desk) error { return d.Expire(ctx) })
}

func getDeletedMeanwhile(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	return meanwhile(ctx, s, lead, e, func(d Desk) error { return d.Remove(ctx, lead.id) })
}

func getDisabledMeanwhile(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	return meanwhile(ctx, s, lead, e, func(d Desk) error { return d.Disable(ctx) })
}

// afterwards lets something happen, and then begins and ends a sign-in with the key there was.
func afterwards(ctx context.Context, s *harness, lead *actor, e *edits, happen func(d Desk) error) (*Answer, error) {
	desk, err := lead.desk()
	if err != nil {
		return nil, err
	}
	if err := happen(desk); err != nil {
		return nil, err
	}
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.getAs(begun, e)
	if err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, begun, response)
}

func getDeleted(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	return afterwards(ctx, s, lead, e, func(d Desk) error { return d.Remove(ctx, lead.id) })
}

func getDisabled(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	return afterwards(ctx, s, lead, e, func(d Desk) error { return d.Disable(ctx) })
}

// getForAnother begins as one user, who has the key, and ends as another.
func getForAnother(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other, err := s.enter(ctx, "b")
	if err != nil {
		return nil, err
	}
	return getAs(ctx, s, lead, other, e)
}

func getElsewhere(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	other, err := lead.again(ctx)
	if err != nil {
		return nil, err
	}
	return getAs(ctx, s, lead, other, e)
}

func getAs(ctx context.Context, s *harness, lead, other *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.get(begun, e)
	if err != nil {
		return nil, err
	}
	return other.finishGet(ctx, begun, response)
}

// getForRegistration answers the challenge of a registration with an assertion.
func getForRegistration(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	begun, err := lead.beginGet(ctx, s.setup.wish)
	if err != nil {
		return nil, err
	}
	other, err := lead.beginCreate(ctx, Wish{})
	if err != nil {
		return nil, err
	}
	if err := swapChallenge(e, other); err != nil {
		return nil, err
	}
	response, err := lead.get(begun, e)
	if err != nil {
		return nil, err
	}
	return lead.finishGet(ctx, other, response)
}
