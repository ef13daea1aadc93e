package server

import (
	"errors"
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

func securityPages(methods auth.Table) []page {
	list := []page{
		{path: "/security", who: session, uses: []string{"Security", "WaitingInvitation", "MyAccountOffer", "OwnCases"}, get: overviewPage},
		{path: "/security/start", who: session, uses: []string{"Security"}, get: startPage},
		{path: "/security/keys", who: session, uses: []string{"Security"}, get: keysPage},
		{path: "/security/keys/which", who: enrolled, uses: []string{"StepUpBegin", "StepUpFinish"}, get: keyTestPage,
			post: keyTestPost},
		{path: "/security/keys/{id}/test", who: enrolled, uses: []string{"StepUpBegin", "StepUpFinish"},
			get: keyTestPage, post: keyTestPost},
		{path: "/security/keys/{id}/picture", who: session, uses: []string{"Security"}, get: keyPicture},
		{path: "/security/keys/{id}/lost", who: enrolled, what: "lost", uses: []string{"StepUp", "LoseDevice"},
			get: removePage("keys", true), post: removePost("keys", true)},
		{path: "/security/pending/{id}/stop", who: enrolled, uses: []string{"CancelChange"}, get: toOverview,
			post: stopPost},
		{path: "/security/password/mine", who: enrolled, what: "password", uses: []string{"ItWasMe"},
			get: toOverview, post: minePost},
		{path: "/security/password/keep", who: enrolled, uses: []string{"KeepPassword"}, get: toOverview, post: keepPost},
		{path: "/security/reminders/{id}/put-off", who: enrolled, uses: []string{"PutOff"}, get: toOverview, post: putOffPost},
		{path: "/security/sessions", who: enrolled, uses: []string{"Sessions"}, get: sessionsPage},
		{path: "/security/sessions/end", who: enrolled, uses: []string{"EndOtherSessions"}, get: toSessions,
			post: endOthersPost},
		{path: "/security/sessions/{id}/end", who: enrolled, uses: []string{"EndSession"}, get: toSessions,
			post: endSessionPost},
		{path: "/security/browsers", who: enrolled, uses: []string{"Browsers"}, get: browsersPage},
		{path: "/security/browsers/end", who: enrolled, uses: []string{"ForgetBrowser"}, get: toBrowsers,
			post: forgetPost},
		{path: "/security/browsers/{id}/end", who: enrolled, uses: []string{"ForgetBrowser"}, get: toBrowsers,
			post: forgetPost},
		{path: "/confirm", who: enrolled, uses: []string{"StepUp", "StepUpBegin", "StepUpFinish"},
			get: confirmStepPage, post: confirmStepPost},
		{path: "/confirm/send", who: enrolled, uses: []string{"StepUpBegin", "StepUpResend"}, get: toOverview,
			post: confirmStepSend},
	}
	for _, sort := range methods.Values(func(m *auth.Method) string { return m.Face.Path }) {
		if !slices.ContainsFunc(methods, func(m auth.Method) bool { return m.Face.Path == sort && m.Set }) {
			list = append(list, page{path: "/security/" + sort + "/{id}", who: session, what: "rename",
				uses: []string{"Security", "MethodHistory", "Rename"},
				get:  methodPage(sort), post: renamePost(sort)})
		}
		list = append(list, page{path: "/security/" + sort + "/{id}/remove", who: enrolled, what: "remove",
			uses: []string{"StepUp", "Remove"},
			get:  removePage(sort, false), post: removePost(sort, false)})
		if slices.ContainsFunc(methods, func(m auth.Method) bool { return m.Face.Path == sort && m.Counts }) {
			list = append(list, page{path: "/security/" + sort + "/{id}/unfreeze", who: enrolled, what: "unfreeze",
				uses: []string{"StepUp", "Unfreeze"},
				get:  unfreezePage(sort), post: unfreezePost(sort)})
		}
	}
	return list
}

func toOverview(x *request) error { return x.redirect("/security") }
func toSessions(x *request) error { return x.redirect("/security/sessions") }
func toBrowsers(x *request) error { return x.redirect("/security/browsers") }

// settings reads everything that is set up, and the frame for whoever it belongs to.
func (x *request) settings() (*auth.SecurityInfo, assets.Frame, error) {
	info, err := x.s.service.Security(x.r.Context(), x.caller)
	if err != nil {
		return nil, assets.Frame{}, err
	}
	return info, x.frameOf(&info.Me), nil
}

func overviewPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	if info.Me.Session.Restricted {
		return x.redirect("/security/start")
	}
	v := &assets.Security{Frame: f, Two: !info.EnrolledAt.IsZero(), NeedsBackup: info.BackupNeeded, Covered: info.Covered,
		Methods: x.s.holders(info.Methods), Losses: x.s.losses(info.Forecast), Password: info.PasswordAt,
		Out: info.PasswordOut, Temporary: info.TemporaryAt,
		Question: info.QuestionAt, Code: codeState(info.SecurityCode),
		UserName: info.Me.UserName, Email: ownEmail(info), Phone: ownPhone(info), PhoneProved: info.PhoneConfirmed,
		Browsers: info.Trusted, TrustUntil: info.TrustUntil, Sessions: info.Sessions,
		TrustOn: x.s.config.Policy.TrustLife > 0, KeysOnly: !info.KeysOnlyAt.IsZero()}
	if len(v.Methods) > 0 && v.Two {
		v.Methods[0].First = true
	}
	for _, c := range info.Changes {
		if c.What == "closing" {
			v.Closes = c.Due
			continue
		}
		p := assets.Pending{ID: c.ID, What: x.s.removal(&c), Name: c.Item, At: c.Due,
			Code: c.What == string(auth.SecurityCode)}
		if p.Told = toldApart(c.What); p.Told {
			p.What = c.What
		}
		v.Pending = append(v.Pending, p)
	}
	if waiting, err := x.s.shops.WaitingInvitation(x.r.Context(), x.caller); err != nil {
		return err
	} else if waiting != nil {
		v.Invited = waiting.Shop
	}
	offer, err := x.s.shops.MyAccountOffer(x.r.Context(), x.caller)
	if v.Offered = err == nil; !v.Offered && !errors.Is(err, auth.Refuse(auth.NotFound)) {
		return err
	} else if v.Offered {
		v.OfferedBy = offer.By
	}
	cases, err := x.s.recovery.OwnCases(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	for i := range cases {
		v.Cases = append(v.Cases, caseLine(&cases[i]))
	}
	v.Asking = askingShops(info.KeysAsked)
	if len(info.Reminders) > 0 { // one at a time
		r := info.Reminders[0]
		v.Reminder = &assets.Reminder{What: string(r.Reminder), Path: r.Path,
			Args: assets.Args{"n": r.Count, "name": r.Item, "day": assets.Day(r.Since)}}
	}
	return x.show(http.StatusOK, v)
}

// removal is how texts name a removal that waits: by the sort of what goes.
func (s *Server) removal(c *auth.ChangeInfo) string {
	if stem := s.methods.Of(c.Kind, c.Flavour).Face.Stem; stem != "" {
		return stem + "-removed"
	}
	return "other"
}

// startPage is "Get started": which method (R48), and the backup after the first (R61).
func startPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	two := !info.EnrolledAt.IsZero()
	if info.Me.Session.KeyNeeded {
		return x.startWithKey(info, f)
	}
	v := &assets.Start{Frame: f, Must: info.Me.Session.Restricted, Two: two, Backup: two && info.BackupNeeded,
		Have: x.s.list(info.Methods)}
	v.CanSkip = v.Backup
	if two {
		v.Number = x.ownNumber(info)
	}
	v.Offer = x.s.offers(info.Offers)
	return x.show(http.StatusOK, v)
}

// startWithKey is the start of a seller whose shop asks for a security key that he does not have.
func (x *request) startWithKey(info *auth.SecurityInfo, f assets.Frame) error {
	v := &assets.Start{Frame: f, Two: true, Have: x.s.list(info.Methods), Asking: askingShops(info.KeysAsked)}
	v.Offer = slices.DeleteFunc(x.s.offers(info.Offers), func(o assets.Offer) bool {
		row := x.s.methods.Way(string(o.Way))
		return row.Input != auth.KeyTouch || row.Cloud
	})
	return x.show(http.StatusOK, v)
}

// offers are what can be set up, and why something can not.
func (s *Server) offers(list []auth.OfferInfo) []assets.Offer {
	why := map[auth.Code]string{auth.MethodExists: "have", auth.MethodRefused: "policy",
		auth.TooManyMethods: "too-many", auth.KeysOnly: "keys-only"}
	out := make([]assets.Offer, len(list))
	for i, o := range list {
		out[i] = assets.Offer{Way: s.wayOf(o.Kind, o.Flavour), Refuse: why[o.Refused]}
	}
	return out
}

func keysPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	v := &assets.Keys{Frame: f, CanAdd: slices.ContainsFunc(info.Offers, func(o auth.OfferInfo) bool {
		return x.s.methods.Of(o.Kind, o.Flavour).Input == auth.KeyTouch && o.Refused == ""
	})}
	for _, h := range x.s.holders(info.Methods) {
		switch row := x.s.methods.Way(string(h.Way)); {
		case row.Input != auth.KeyTouch:
		case row.Cloud:
			v.Passkeys = append(v.Passkeys, h)
		default:
			v.Keys = append(v.Keys, h)
		}
	}
	return x.show(http.StatusOK, v)
}

// authenticator finds one of the seller's own methods. Recovery codes have no page of their own: "all" names the set.
func (x *request) authenticator(sort, id string) (*auth.AuthenticatorInfo, *auth.SecurityInfo, error) {
	info, err := x.s.service.Security(x.r.Context(), x.caller)
	if err != nil {
		return nil, nil, err
	}
	for i := range info.Methods {
		m := &info.Methods[i]
		if row := x.s.methods.Of(m.Kind, m.Flavour); row.Face.Path == sort && (m.ID == id || row.Set && id == "all") {
			return m, info, nil
		}
	}
	return nil, info, auth.Refuse(auth.NoSuchMethod)
}

func methodPage(sort string) func(*request) error {
	return func(x *request) error { return x.showMethod(sort) }
}

func (x *request) showMethod(sort string) error {
	a, info, err := x.authenticator(sort, x.param("id"))
	if err != nil {
		return err
	}
	f := x.frameOf(&info.Me)
	m := x.s.method(a)
	name, place := m.Name, m.Place // what was typed stands in the form alone: the title names what there is
	if x.posted.Has("name") {
		name, place = x.field("name"), x.field("place")
	}
	events := x.eventsOf(a)
	if sort != "keys" {
		return x.show(http.StatusOK, &assets.MethodView{Frame: f, Method: m, TypedName: name, Events: events,
			Last: a.Last, Counts: countsOf(a)})
	}
	if x.s.picture(a) != nil {
		m.Make.Icon = "/security/keys/" + a.ID + "/picture"
	}
	h := assets.Holder{Method: m}
	for _, o := range x.s.holders(info.Methods) {
		if o.ID == a.ID {
			h.Holds = o.Holds
		}
	}
	return x.show(http.StatusOK, &assets.KeyView{Frame: f, Holder: h, TypedName: name, TypedPlace: place,
		Kept: x.s.keptOn(a, info.Methods), CanType: x.s.canType(a, info.Methods),
		Events: events, Last: a.Last, Counts: countsOf(a), Recall: recallOf(a)})
}

// recallOf is what is known of a key whose model is recalled.
func recallOf(a *auth.AuthenticatorInfo) *assets.Recall {
	if a.Recall == nil {
		return nil
	}
	return &assets.Recall{Status: a.Recall.Word(), Claimed: a.Recall.Claimed, Due: a.Recall.Due}
}

// eventsOf is a method's own history.
func (x *request) eventsOf(a *auth.AuthenticatorInfo) []assets.Event {
	all, err := x.s.service.MethodHistory(x.r.Context(), x.caller, a.ID, 10)
	if err != nil {
		return nil // a session that must enrol has none to see
	}
	var out []assets.Event
	for _, e := range all.Events {
		out = append(out, x.s.event(e))
	}
	return out
}

func renamePost(sort string) func(*request) error {
	return func(x *request) error {
		place := x.field("place")
		a, _, err := x.authenticator(sort, x.param("id"))
		if err != nil {
			return err
		}
		if sort != "keys" { // those forms have no place: it stays
			place = a.Place
		}
		if _, err := x.s.service.Rename(x.r.Context(), x.caller, a.ID, x.field("name"), place); err != nil {
			return x.refuseTo("/security/"+sort+"/"+a.ID, err)
		}
		x.leaveFlash(flash{Key: "renamed"})
		return x.redirect("/security/" + sort + "/" + a.ID)
	}
}

// countsOf is what is known of a key that is frozen.
func countsOf(a *auth.AuthenticatorInfo) *assets.Counts {
	r := a.Regression
	if r == nil {
		return nil
	}
	return &assets.Counts{Had: r.Had, HadAt: r.HadAt, Shown: r.Shown, ShownAt: r.ShownAt}
}

// unfreezePage asks before what is frozen works again. Of what does, its own page is shown.
func unfreezePage(sort string) func(*request) error {
	return func(x *request) error {
		a, info, err := x.authenticator(sort, x.param("id"))
		if err != nil {
			return err
		}
		if a.State != auth.Frozen {
			return x.redirect("/security/" + sort + "/" + a.ID)
		}
		need, err := x.s.service.StepUp(x.r.Context(), x.caller, auth.ActUnfreeze, a.ID)
		if err != nil {
			return err
		}
		if !need.Done {
			return auth.Refuse(auth.StepUpRequired)
		}
		return x.show(http.StatusOK,
			&assets.Unfreeze{Frame: x.frameOf(&info.Me), Method: x.s.method(a), Counts: countsOf(a)})
	}
}

func unfreezePost(sort string) func(*request) error {
	return func(x *request) error {
		a, _, err := x.authenticator(sort, x.param("id"))
		if err != nil {
			return err
		}
		if _, err := x.s.service.Unfreeze(x.r.Context(), x.caller, a.ID); err != nil {
			return x.refuseTo(x.local(), err)
		}
		x.leaveFlash(flash{Key: "key-unfrozen"})
		return x.redirect("/security/" + sort + "/" + a.ID)
	}
}

// removePage asks before a method goes. A session that shows less than what is removed may go on: the removal waits.
func removePage(sort string, lost bool) func(*request) error {
	return func(x *request) error {
		a, info, err := x.authenticator(sort, x.param("id"))
		if err != nil {
			return err
		}
		act, target := auth.ActRemove, a.ID
		if lost {
			act, target = auth.ActLose, a.Device
		}
		need, err := x.s.service.StepUp(x.r.Context(), x.caller, act, target)
		if err != nil {
			return err
		}
		if !need.Done && !need.Waits {
			return auth.Refuse(auth.StepUpRequired)
		}
		v := &assets.Remove{Frame: x.frameOf(&info.Me), Method: x.s.method(a), Lost: lost, Last: a.Last,
			Delay: need.Due}
		for i := range info.Methods {
			if m := &info.Methods[i]; m.ID != a.ID && !(lost && m.Device == a.Device) {
				v.Left = append(v.Left, x.s.method(m))
			}
		}
		return x.show(http.StatusOK, v)
	}
}

func removePost(sort string, lost bool) func(*request) error {
	return func(x *request) error {
		a, _, err := x.authenticator(sort, x.param("id"))
		if errors.Is(err, auth.Refuse(auth.NoSuchMethod)) { // gone by the same request a moment ago, or never here
			a, err = new(auth.AuthenticatorInfo), nil
		}
		if err != nil {
			return err
		}
		var done *auth.RemoveInfo
		if lost {
			done, err = x.removed(x.s.service.LoseDevice(x.r.Context(), x.caller, a.Device))
		} else {
			done, err = x.removed(x.s.service.Remove(x.r.Context(), x.caller, a.ID))
		}
		if err != nil {
			return err
		}
		if a.ID == "" {
			a = &done.Removed
		}
		p := flash{Key: "removed", Name: a.Name, Signals: done.Signal}
		switch {
		case !done.Due.IsZero():
			p = flash{Key: "removal-planned", Time: done.Due, Tone: "info"}
		case lost:
			p.Key = "key-lost"
		case x.s.methods.Of(a.Kind, a.Flavour).Face.Gone != "":
			p.Key = x.s.methods.Of(a.Kind, a.Flavour).Face.Gone
		}
		x.leaveFlash(p)
		if done.Ended {
			return x.redirect("/sign-in")
		}
		return x.redirect("/security")
	}
}

// minePost is the owner's word that the wrong second steps were his.
func minePost(x *request) error {
	if err := itWasMe(x); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "slips-owned"})
	return x.redirect("/security")
}

// keepPost puts the offer of a new password aside.
func keepPost(x *request) error {
	if err := keepPassword(x); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "password-kept"})
	return x.redirect("/security")
}

// putOffPost is "not now" below a reminder.
func putOffPost(x *request) error {
	if err := putOff(x); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "reminder-put-off"})
	return x.redirect("/security")
}

// keyTestPage is the drill, and "touch it to see which one it is".
func keyTestPage(x *request) error {
	v := &assets.KeyTest{ID: x.param("id")}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	v.Frame = f
	if x.found != "" {
		return x.keyFound(v)
	}
	if v.ID != "" {
		a, _, err := x.authenticator("keys", v.ID)
		if err != nil {
			return err
		}
		v.Name = a.Name
	}
	if !v.WeChat {
		ch, err := x.s.service.StepUpBegin(x.r.Context(), x.caller, auth.ActTest, "",
			auth.MethodChoice{Kind: auth.WebAuthn})
		if err != nil {
			return err
		}
		v.Key = keyPrompt(ch, false)
	}
	return x.show(http.StatusOK, v)
}

func keyTestPost(x *request) error {
	response, err := rawJSON(x.field("response"))
	var done *auth.StepUpDone
	if err == nil {
		done, err = x.s.service.StepUpFinish(x.r.Context(), x.caller, x.field("ceremony"), response)
	}
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	if err := x.issueSession(&done.Token, &done.Session); err != nil {
		return err
	}
	x.leaveFlash(flash{Found: done.Answered.ID})
	return x.redirect(x.local())
}

// keyFound says which key it was that was touched.
func (x *request) keyFound(v *assets.KeyTest) error {
	a, _, err := x.authenticator("keys", x.found)
	if err != nil {
		return err
	}
	found := x.s.method(a)
	v.Found, v.Wanted = &found, found.ID == v.ID
	if wanted, _, err := x.authenticator("keys", v.ID); err == nil {
		v.Name = wanted.Name
	}
	return x.show(http.StatusOK, v)
}
