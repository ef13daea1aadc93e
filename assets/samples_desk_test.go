package assets

import "time"

// atDesk is the frame of a page of the staff, signed in or not.
func (s sampler) atDesk(path string, in bool) Frame {
	f := s.at(path)
	f.Desk = &Desk{}
	if in {
		f.Who, f.SignedIn = "Ann Li", true
		f.Desk = &Desk{Role: "support", Links: []DeskLink{{Path: "/desk/accounts", Text: "desk.find", Here: true},
			{Path: "/desk/keys", Text: "desk.keys"}}}
	}
	return f
}

// desk is the staff's pages.
func (s sampler) desk() []Sample {
	at := s.atDesk
	create := &KeyPrompt{Options: "{}", Ceremony: "c", Seconds: 60, PIN: "required"}
	keys := []Method{{ID: "k1", Way: WayKey, Model: "Example Key 5", Made: s.ago(day)}, {ID: "k2", Way: WayKey,
		Made: s.ago(day)}}
	roles := []string{"support", "account-manager", "reviewer", "auditor", "administrator"}
	clock := CaseClock{Hours: 12, Used: 3, Above: 20, Due: s.in(9 * time.Hour)}
	line := DeskCaseLine{ID: "c1", Number: "c1c1c1c1", State: "review", At: s.ago(day), Clock: clock,
		Needed: 2, Checks: 3}
	late, paused := line, line
	late.Clock.Due = s.ago(time.Hour)
	late.Approvals, late.Other = 1, true
	paused.Clock = CaseClock{Hours: 12, Used: 1, Paused: true}
	paused.Wants, paused.Notes = []string{"shop", "answer"}, 2
	paused.Checked = 3
	one := DeskCase{Frame: at("/desk/recovery/c1", true), ID: "c1", Number: "c1c1c1c1", State: "review", At: s.ago(day),
		Lost: []string{"phone", "paper"}, Clock: clock, Needed: 2,
		Wants:  []DeskTick{{Name: "document"}, {Name: "shop"}, {Name: "answer", On: true}},
		Checks: []DeskTick{{Name: "owner", On: true}, {Name: "fits"}, {Name: "only"}},
		Said:   []Said{{At: s.ago(day), Own: true, Text: "My phone fell into the sea."}}}
	odd := one
	odd.MayApprove, odd.Note = true, "The shop’s name fits."
	odd.Notes = []DeskNote{{At: s.ago(day), Text: "He knows the first order.", Stands: true},
		{At: s.ago(day), Checks: []string{"owner", "fits"}},
		{At: s.ago(day), Own: true, Checks: []string{"owner"}, Stands: true},
		{At: s.ago(day), Own: true, Stands: true}}
	odd.Email, odd.Objected = "n•••@example.org", s.ago(time.Hour)
	odd.Appealed, odd.Nobody = true, true
	odd.Pictures = []ShownPicture{{ID: "p1", Number: 1, At: s.ago(day), Sent: true}}
	odd.Shredded = s.ago(time.Hour)
	var found, untried []DeskFinding
	for i, name := range []string{"window", "cookies", "clock", "script", "secure", "key", "addon", "autofill"} {
		found = append(found, DeskFinding{Name: name, Is: []string{"yes", "no"}[i%2]})
		untried = append(untried, DeskFinding{Name: name, Is: []string{"no", "yes", ""}[i%3]})
	}
	account := DeskAccount{Frame: at("/desk/accounts/a", true), ID: "a", Name: "Wei", UserName: "wei",
		Email: "w•••@example.com",
		Made:  s.ago(30 * day), Password: s.ago(day), MayEnd: true}
	full := account
	full.Phone, full.Sessions = "+86 ••• 8000", 2
	full.Enrolled, full.Frozen = s.ago(day), s.ago(time.Hour)
	full.KeysOnly = s.ago(3 * day)
	full.Paused, full.CoolsOff = s.in(day), s.in(day)
	full.Closes = s.in(14 * day)
	full.Methods = []Method{{Way: WayKey, Made: s.ago(day)}, {Way: WayApp, Made: s.ago(day), State: "frozen"},
		{Way: WaySMS, Made: s.ago(day), State: "disabled"}}
	unused := full
	unused.Dormant, unused.MayUnlock = true, true
	full.Held, full.PasswordDue = true, true
	does := []string{"sessions", "freeze", "password"}
	response := DeskResponse{Frame: at("/desk/responses/r", true), DeskResponseLine: DeskResponseLine{ID: "r",
		Number: "7Kq4M2xV", Stage: "ready", Why: "Leaked list", Does: does, By: "Ann Li", At: s.ago(time.Hour), Count: 60},
		Since: s.ago(day), Most: 500, Today: 1500, Unknown: []string{"nobody@example.com"}, Unknowns: 1, Unreads: 2,
		Unread: []DeskUnread{{Line: 3, Text: "lin@"}, {File: true, Line: 1, Text: "name,e-mail"}}, More: 58,
		Left:     []DeskLeft{{"double", 1}, {"staff", 1}, {"cared", 1}, {"off", 2}, {"gone", 1}},
		Accounts: []DeskReached{{"w•••@example.com", true}, {"l•••@example.com", false}}}
	staged := func(stage string, change func(*DeskResponse)) *DeskResponse {
		r := response
		r.Stage, r.Proposed = stage, "Ann Li"
		change(&r)
		return &r
	}
	searching := staged("searching", func(r *DeskResponse) {
		r.Proposed, r.Network = "", "203.0.113.0/24"
		r.Read, r.Cut = 5000, 2
		r.From, r.To = s.ago(day), s.ago(time.Hour)
		r.Full = true
	})
	proposed := staged("proposed", func(*DeskResponse) {})
	second := staged("proposed", func(r *DeskResponse) { r.MayAgree = true })
	running := staged("running", func(r *DeskResponse) { r.Agreed, r.Reached = "Bo", 12 })
	agreed := func(stage string, reached, lifted int, undone string, may bool) *DeskResponse {
		return staged(stage, func(r *DeskResponse) {
			r.Agreed, r.Undo = "Bo", "Bo"
			r.Reached, r.Lifted = reached, lifted
			r.Undone, r.MayUndo = undone, may
		})
	}
	done, toUndo := agreed("done", 60, 0, "", false), agreed("done", 60, 0, "", true)
	undoing, undone := agreed("undoing", 60, 3, "Ann Li", false), agreed("undone", 60, 41, "Ann Li", false)
	unlock := DeskUnlock{Frame: at("/desk/accounts/a/unlock", true), ID: "a", Checks: []DeskTick{{Name: "why"}, {Name: "shop", On: true},
		{Name: "nobody"}}}
	person := DeskPerson{ID: "p", Name: "Ann Li", Email: "ann@example.com", Role: "support", Keys: 2,
		Joined: s.ago(day)}
	gone := person
	gone.Suspended, gone.AskedBy = s.ago(day), "Bo"
	gone.MayGrant = true
	return []Sample{
		{"desk-sign-in", &DeskSignIn{Frame: at("/desk/sign-in", false)}},
		{"desk-sign-in-refused", &DeskSignIn{Frame: s.refused(at("/desk/sign-in", false),
			Problem{Code: "email-malformed",
				Field: "email"}), Email: "nonsense"}},
		{"desk-sign-in-key", &DeskKey{Frame: at("/desk/sign-in/key", false), Action: "/desk/sign-in/key", Key: create,
			Email: "ann@example.com"}},
		{"desk-touch", &DeskKey{Frame: at("/desk/touch", true), Action: "/desk/touch", Key: create, Next: "/desk",
			Touch: true}},
		{"desk-join", &DeskJoin{Frame: at("/desk/join/x", false), Link: "x", Name: "Ann Li", Email: "ann@example.com",
			Role: "support", Key: create}},
		{"desk-join-again", &DeskJoin{Frame: at("/desk/join/x", false), Link: "x", Name: "Ann Li",
			Email: "ann@example.com",
			Role:  "auditor", Again: true, Key: create}},
		{"desk-keys", &DeskKeys{Frame: at("/desk/keys", true), Keys: keys, Ready: true, Key: create}},
		{"desk-keys-more", &DeskKeys{Frame: at("/desk/keys", true), Keys: append(keys, Method{ID: "k3",
			Way: WayKey, Made: s.ago(day)}),
			Ready: true, Removable: []bool{true, true, true}, Sessions: []DeskSession{{ID: "s1",
				Browser: "Chrome · Windows",
				Seen:    s.ago(time.Minute), Own: true}, {ID: "s2", Seen: s.ago(time.Hour)}}}},
		{"desk-keys-one", &DeskKeys{Frame: at("/desk/keys", true), Keys: keys[:1], Key: create}},
		{"desk-keys-touch", &DeskKeys{Frame: at("/desk/keys", true), Keys: keys, Ready: true}},
		{"desk-find", &DeskFind{Frame: at("/desk/accounts", true)}},
		{"desk-account", &account}, {"desk-account-full", &full},
		{"desk-account-dormant", &unused}, {"desk-unlock", &unlock},
		{"desk-ticket", &DeskTicket{Frame: at("/desk/tickets", true)}},
		{"desk-ticket-found", &DeskTicket{Frame: at("/desk/tickets/7KQ4-M2XV", true), Ticket: "7KQ4-M2XV",
			Browser: "Chromium · Linux",
			Version: 131, Made: s.ago(day), Until: s.in(29 * day), Looked: s.ago(time.Hour), Looks: 2,
			Ahead: -340, Account: "a",
			Email: "w•••@example.com", Old: true, Checks: found}},
		{"desk-ticket-nobody", &DeskTicket{Frame: at("/desk/tickets/7KQ4-M2XV", true), Ticket: "7KQ4-M2XV",
			Made:  s.ago(day),
			Until: s.in(29 * day), Looks: 1, Checks: untried}},
		{"desk-not-me", &DeskNotMes{Frame: at("/desk/not-me", true), List: []DeskNotMe{{NotMeCase: s.notMe(),
			Account: "a",
			Email:   "w•••@example.com"}}}},
		{"desk-not-me-none", &DeskNotMes{Frame: at("/desk/not-me", true)}},
		{"desk-not-me-one", &DeskNotMePage{Frame: at("/desk/not-me/n1", true),
			DeskNotMe: DeskNotMe{NotMeCase: s.notMe(),
				Account: "a", Email: "w•••@example.com"}, Outcomes: []string{"safe", "own", "goes-on", "no-reply"}}},
		{"desk-not-me-closed", &DeskNotMePage{Frame: at("/desk/not-me/n1", true), DeskNotMe: DeskNotMe{
			NotMeCase: s.closedNotMe(), Account: "a"}, Notes: []DeskNote{{At: s.ago(time.Hour), Own: true,
			Text: "Called back by the shop’s number.", Stands: true}}}},
		{"desk-cases", &DeskCases{Frame: at("/desk/recovery", true), Cases: []DeskCaseLine{late, line, paused}, Page: 2,
			Pages: 3, Sooner: 1, Later: 3, Waiting: 51, Late: 1}},
		{"desk-cases-none", &DeskCases{Frame: at("/desk/recovery", true)}},
		{"desk-case", &one}, {"desk-case-odd", &odd},
		{"desk-responses", &DeskResponses{Frame: at("/desk/responses", true), List: []DeskResponseLine{
			response.DeskResponseLine, searching.DeskResponseLine, proposed.DeskResponseLine, running.DeskResponseLine,
			done.DeskResponseLine, undoing.DeskResponseLine, undone.DeskResponseLine}}},
		{"desk-responses-none", &DeskResponses{Frame: at("/desk/responses", true)}},
		{"desk-respond-list", &DeskRespond{Frame: s.refused(at("/desk/responses/list", true), Problem{
			Code: "too-many-accounts", Field: "list", Args: Args{"n": "10"}}), List: "a@example.com", Why: "x", Freeze: true}},
		{"desk-respond-file", &DeskRespond{Frame: s.refused(at("/desk/responses/list", true), Problem{
			Code: "list-not-text", Field: "file"}), List: "a@example.com", Why: "x"}},
		{"desk-respond-search", &DeskRespond{Frame: at("/desk/responses/search", true), Search: true, Password: true}},
		{"desk-response", &response}, {"desk-response-searching", searching}, {"desk-response-proposed", proposed},
		{"desk-response-second", second}, {"desk-response-running", running}, {"desk-response-done", done},
		{"desk-response-to-undo", toUndo}, {"desk-response-undoing", undoing}, {"desk-response-undone", undone},
		{"desk-trail", &DeskTrail{Frame: at("/desk/audit", true)}},
		{"desk-trail-refused", &DeskTrail{Frame: s.refused(at("/desk/audit", true), Problem{Code: "times-reversed",
			Field: "from"}, Problem{Code: "account-unknown", Field: "identifier"}), Account: "wei@example.com",
			From: "2026-03-02 12:00", To: "2026-03-01 12:00"}},
		{"desk-trail-found", &DeskTrail{Frame: at("/desk/audit", true), ID: "a", Found: true, Next: 7,
			Events: []DeskEvent{{At: s.ago(day), What: "desk-account", Who: "p", About: "w•••@example.com", Times: 1},
				{At: s.ago(day), What: "sign-in", Refused: "sign-in-refused", Times: 3}}}},
		{"desk-staff", &DeskStaff{Frame: at("/desk/staff", true), People: []DeskPerson{person, gone}, Roles: roles}},
		{"desk-person", &DeskPersonPage{Frame: at("/desk/staff/p", true), DeskPerson: person, Roles: roles}},
		{"desk-person-gone", &DeskPersonPage{Frame: at("/desk/staff/p", true), DeskPerson: gone, Roles: roles}},
		{"desk-person-own", &DeskPersonPage{Frame: at("/desk/staff/p", true), DeskPerson: person, Roles: roles,
			Own: true}},
		{"desk-refused", &Failure{Frame: s.refused(at("/desk/staff", true), Problem{Code: "forbidden"})}},
		{"desk-end", &DeskAsk{Frame: at("/desk/accounts/a/sessions", true), What: "desk-end",
			Action: "/desk/accounts/a/sessions",
			Back:   "/desk/accounts/a"}},
		{"desk-refuse", &DeskAsk{Frame: at("/desk/recovery/c1/refuse", true), What: "desk-ask.refuse",
			Reasons: []string{"not-proved",
				"no-match", "not-readable", "no-account"}, Action: "/desk/recovery/c1/refuse", Back: "/desk/recovery/c1"}},
		{"desk-suspend", &DeskAsk{Frame: at("/desk/staff/p/suspend", true), What: "desk-ask.suspend", Field: "out",
			Action: "/desk/staff/p/suspend", Back: "/desk/staff/p"}},
		{"desk-new-keys", &DeskAsk{Frame: at("/desk/staff/p/new-keys", true), What: "desk-ask.new-keys",
			Action: "/desk/staff/p/new-keys", Back: "/desk/staff/p"}},
	}
}
