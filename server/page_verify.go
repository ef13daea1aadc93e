package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/web"
)

// A step is one second step under way: at sign-in, or afresh before an act. Both have the same page.
type step struct {
	what, next string // of a fresh one: the texts "for.<what>", and where to go on
	text       string // what is approved by it, "" for others
	frame      assets.Frame
	purpose    auth.Purpose
	methods    []assets.Method
	begin      func(auth.MethodChoice) (*auth.Challenge, error)
	resend     func(ceremony string, c auth.Channel) (*auth.Challenge, error)
	page       string // its path
}

// signInStep is the second step of the sign-in under way.
func (x *request) signInStep() (*step, error) {
	flow, _ := x.flow()
	if flow == "" {
		return nil, auth.Refuse(auth.CeremonyExpired)
	}
	info, err := x.s.service.SignInState(x.r.Context(), x.caller, flow)
	if err != nil {
		return nil, err
	}
	if info.Step != auth.StepSecond {
		return nil, auth.Refuse(auth.CeremonyOtherBrowser)
	}
	s := &step{purpose: auth.ForSignIn, methods: x.s.ways(info.Methods), frame: x.frame(), page: "/sign-in/verify"}
	s.frame.Who = string(info.Who)
	s.begin = func(m auth.MethodChoice) (*auth.Challenge, error) {
		return x.s.service.SignInBegin(x.r.Context(), x.caller, flow, m)
	}
	s.resend = func(ceremony string, c auth.Channel) (*auth.Challenge, error) {
		return x.s.service.SignInResend(x.r.Context(), x.caller, ceremony, c)
	}
	return s, nil
}

// confirmStep is a fresh second step. done: the session shows it already, or shows enough for the act to wait.
func (x *request) confirmStep(what, to string) (s *step, done bool, err error) {
	act, target, err := x.actionFor(what, to)
	if err != nil {
		return nil, false, err
	}
	info, err := x.s.service.StepUp(x.r.Context(), x.caller, act, target)
	if err != nil {
		return nil, false, err
	}
	f, err := x.signedFrame()
	if err != nil {
		return nil, false, err
	}
	s = &step{what: what, next: to, text: text(act, target), purpose: auth.ForStepUp, methods: x.s.ways(info.Methods),
		frame: f, page: "/confirm"}
	s.begin = func(m auth.MethodChoice) (*auth.Challenge, error) {
		return x.s.service.StepUpBegin(x.r.Context(), x.caller, act, target, m)
	}
	s.resend = func(ceremony string, c auth.Channel) (*auth.Challenge, error) {
		return x.s.service.StepUpResend(x.r.Context(), x.caller, ceremony, c)
	}
	return s, info.Done, nil
}

// actionFor is the action and its target behind the words of a page: the target stands in the path to go on to.
func (x *request) actionFor(what, to string) (auth.Action, string, error) {
	acts := map[string]auth.Action{
		"make-codes": auth.ActCodes, "rename": auth.ActRename, "remove": auth.ActRemove, "lost": auth.ActLose,
		"unfreeze": auth.ActUnfreeze,
		"password": auth.ActNewPassword, "contact": auth.ActContact, "email": auth.ActContact, "phone": auth.ActContact,
		"browsers": auth.ActTrust, "name": auth.ActUserName, "question": auth.ActQuestion,
		"security-code":     auth.ActSetSecurityCode,
		"security-code-use": auth.ActSecurityCode, "payout": auth.ActPayout, "shop": team.ActRole,
		"recovery": recovery.ActStop, "vouch": recovery.ActVouch, "data": auth.ActTakeData, "close": auth.ActClose,
		"keys-only": auth.ActKeysOnly, "keys-only-off": auth.ActKeysOnlyOff,
	}
	for i := range x.s.methods {
		if row := &x.s.methods[i]; row.Served && !row.Set {
			acts["add-"+row.Face.Stem] = auth.ActAdd
		}
	}
	act, known := acts[what]
	if !known {
		return "", "", auth.Refuse(auth.NotFound)
	}
	if act == auth.ActPayout {
		return act, textToApprove(to), nil
	}
	if act != auth.ActRemove && act != auth.ActLose && act != auth.ActUnfreeze {
		return act, "", nil
	}
	parts := strings.Split(strings.Trim(to, "/"), "/") // security/keys/{id}/remove
	if len(parts) < 4 {
		return "", "", auth.Refuse(auth.NoSuchMethod)
	}
	a, _, err := x.authenticator(parts[1], parts[2])
	if err != nil {
		return "", "", err
	}
	if act == auth.ActLose {
		return act, a.Device, nil
	}
	return act, a.ID, nil
}

func verifyPage(x *request) error {
	s, err := x.signInStep()
	if err != nil {
		return x.restartSignIn(err)
	}
	return x.showStep(s, assets.Way(x.query("with")), x.query("id"))
}

// restartSignIn begins a sign-in anew whose flow is over, or was never begun here.
func (x *request) restartSignIn(err error) error {
	if flow, _ := x.flow(); flow == "" {
		return x.redirect("/sign-in")
	}
	if startAgain(err) {
		return x.signInAnew(err)
	}
	return err
}

func verifyPost(x *request) error {
	w, ceremony := assets.Way(x.field("with")), x.field("ceremony")
	response, err := x.response(w)
	var info *auth.SignInInfo
	if err == nil {
		info, err = x.signedIn(x.s.service.SignInFinish(x.r.Context(), x.caller, ceremony, response))
	}
	if err == nil {
		return x.continueSignIn(info, "")
	}
	s, lost := x.signInStep()
	if lost != nil {
		return x.restartSignIn(lost)
	}
	return x.refuseStep(s, w, x.field("id"), ceremony, err)
}

// response is what the form says to a method.
func (x *request) response(w assets.Way) (json.RawMessage, error) {
	if x.s.isKey(w) {
		return rawJSON(x.field("response"))
	}
	return codeJSON(x.field("code")), nil
}

func verifySend(x *request) error {
	s, err := x.signInStep()
	if err != nil {
		return x.restartSignIn(err)
	}
	return x.sendCode(s)
}

func confirmStepPage(x *request) error {
	to := next(x.query("next"))
	s, done, err := x.confirmStep(x.query("for"), to)
	if err != nil {
		return err
	}
	if done {
		return x.redirect(to)
	}
	return x.showStep(s, assets.Way(x.query("with")), x.query("id"))
}

func confirmStepPost(x *request) error {
	w := assets.Way(x.field("with"))
	ceremony := x.field("ceremony")
	to := next(x.field("next"))
	response, err := x.response(w)
	var done *auth.StepUpDone
	if err == nil {
		done, err = x.s.service.StepUpFinish(x.r.Context(), x.caller, ceremony, response)
	}
	if err == nil {
		x.drop(stepCookie)
		if err := x.issueSession(&done.Token, &done.Session); err != nil {
			return err
		}
		return x.redirect(to)
	}
	s, _, lost := x.confirmStep(x.field("for"), to)
	if lost != nil {
		return lost
	}
	return x.refuseStep(s, w, x.field("id"), ceremony, err)
}

func confirmStepSend(x *request) error {
	s, done, err := x.confirmStep(x.field("for"), next(x.field("next")))
	if err != nil {
		return err
	}
	if done {
		return x.redirect(s.next)
	}
	return x.sendCode(s)
}

// sendCode sends a code, first or again. One number's text and call carry the same code, so a change between the two
// is sending again.
func (x *request) sendCode(s *step) error {
	w, id := assets.Way(x.field("with")), x.field("id")
	if !x.s.sends(w) {
		return x.redirect(s.at(w, id))
	}
	m := x.s.choice(w, id)
	before := x.begun(s, x.field("ceremony"), w, id)
	var ch *auth.Challenge
	var err error
	if before != nil {
		ch, err = s.resend(before.Ceremony, m.Channel)
	} else {
		ch, err = s.begin(m)
	}
	if err != nil {
		ceremony := ""
		if before != nil {
			ceremony, w = before.Ceremony, x.wayOfDelivery(before, w) // nobody was called: the page tells of what was sent
		}
		return x.refuseStep(s, w, id, ceremony, err)
	}
	x.put(stepCookie, ch.Ceremony+"."+url.QueryEscape(id), flowLife)
	if before != nil {
		x.sayResent(before, ch)
	}
	return x.redirect(s.at(w, id))
}

// sayResent leaves word of a code that was sent again. One that goes by another channel is the same code: the message
// before still counts.
func (x *request) sayResent(before, ch *auth.Challenge) {
	key := "code-sent"
	if before != nil && before.Delivery != nil && ch.Delivery != nil && before.Delivery.Label == ch.Delivery.Label {
		key = "code-repeated"
	}
	x.leaveFlash(flash{Key: key})
}

// wayOfDelivery is the way by which the code of an exchange went, w if that is not known any more.
func (x *request) wayOfDelivery(ch *auth.Challenge, w assets.Way) assets.Way {
	if ch.Delivery == nil {
		return w
	}
	return assets.Way(x.s.methods.By(ch.Kind, ch.Delivery.Channel).Face.Way)
}

// at is the address of the step's page for one way.
func (s *step) at(w assets.Way, id string) string {
	q := url.Values{"with": {string(w)}}
	for k, v := range map[string]string{"id": id, "for": s.what, "next": s.next} {
		if v != "" {
			q.Set(k, v)
		}
	}
	return s.page + "?" + q.Encode()
}

// begun is the exchange under way by that number or mailbox, nil for none: the posted one, else the one in the cookie.
func (x *request) begun(s *step, ceremony string, w assets.Way, id string) *auth.Challenge {
	kept, _ := web.Cookie(x.r, x.s.cookieName(stepCookie))
	kept, of, _ := strings.Cut(kept, ".")
	if ceremony == "" {
		ceremony = kept
	}
	if ceremony == "" || ceremony == kept && of != url.QueryEscape(id) {
		return nil
	}
	if ch := x.ofStep(s, ceremony); ch != nil && ch.Kind == x.s.choice(w, id).Kind {
		return ch
	}
	return nil
}

// ofStep looks at an exchange under way, nil for one of another sign-in. Two tabs share one cookie: a form that comes
// back from the other tab must not put its account's challenge on a page that greets this one's.
func (x *request) ofStep(s *step, ceremony string) *auth.Challenge {
	ch, err := x.s.service.Challenge(x.r.Context(), x.caller, s.purpose, ceremony)
	if err != nil || s.purpose == auth.ForSignIn && string(ch.Who) != s.frame.Who {
		return nil
	}
	return ch
}

// refuseStep answers a refusal of the step. A code under way outlives a wrong one: the page asks for it again.
func (x *request) refuseStep(s *step, w assets.Way, id, ceremony string, refused error) error {
	if x.s.sends(w) {
		refused = codeOver(refused)
	}
	if ceremony != "" && x.s.sends(w) && x.begun(s, ceremony, w, id) != nil {
		x.put(stepCookie, ceremony+"."+url.QueryEscape(id), flowLife)
	}
	return x.refuseTo(s.at(w, id), refused) // a refusal to send stands at another address
}

// codeOver says of an exchange whose time is over what that means to whoever was sent a code: this one has expired.
func codeOver(err error) error {
	if errors.Is(err, auth.Refuse(auth.CeremonyExpired)) {
		return auth.Refuse(auth.CodeExpired)
	}
	return err
}

// showStep shows the second step by one way, or by the best if none is chosen.
func (x *request) showStep(s *step, w assets.Way, id string) error {
	if x.setBack(auth.MailCodeNeeded) {
		return x.refuseTo(mailCodePath, x.setback.Error)
	}
	v := &assets.Verify{Frame: s.frame, For: s.what, Next: s.next, Text: s.text, With: w, ID: id}
	v.Path = s.at(w, id)
	if !slices.ContainsFunc(s.methods, func(m assets.Method) bool { return m.Way == w && (id == "" || m.ID == id) }) {
		if len(s.methods) == 0 && x.setBack() { // his only key was frozen just now: that is what he has to know
			return x.setback.Error
		}
		if len(s.methods) == 0 {
			return auth.Refuse(auth.NoSuchMethod)
		}
		v.With = s.methods[0].Way
		v.ID = s.methods[0].ID
	}
	var others []assets.Method
	for _, m := range s.methods {
		switch {
		case m.Way != v.With || v.ID != "" && m.ID != v.ID:
			others = append(others, m)
		case m.Name != "":
			v.Keys = append(v.Keys, m.Name)
		}
	}
	status, err := http.StatusOK, x.prepare(v, s, others)
	if mailCodeNeeded(err) {
		return x.refuseTo(mailCodePath, err)
	}
	if e := new(auth.Error); errors.As(err, &e) { // resting, switched off: said on the page, with the other ways
		if x.setBack(auth.CodeWrong) { // the last one: what the method says since then is what counts now
			v.Problems = nil
			x.setback = nil
		}
		if len(v.Problems) == 0 {
			if status, err = x.refused(&v.Frame, err); err != nil {
				return err
			}
		}
		return x.show(status, v)
	}
	if err != nil {
		return err
	}
	return x.show(status, v)
}

// prepare fills in what the way needs: a challenge, or what is known of the code under way.
func (x *request) prepare(v *assets.Verify, s *step, others []assets.Method) error {
	v.Help = help("", nil, others)
	v.Open = x.setBack()
	switch {
	case x.s.isKey(v.With):
		if v.WeChat {
			return nil
		}
		ch, err := s.begin(x.s.choice(v.With, v.ID))
		if err != nil {
			return err
		}
		v.Key = keyPrompt(ch, !x.setBack())
	case x.s.sends(v.With):
		ch := x.begun(s, "", v.With, v.ID)
		if ch == nil {
			v.To = addressOf(s.methods, v.With, v.ID)
			return nil
		}
		v.Help, v.Sent = help(ch.Ceremony, ch.Delivery, others), true
		v.CanSend = true
		v.CanCall = v.With == assets.WaySMS &&
			slices.ContainsFunc(others, func(m assets.Method) bool { return m.Way == assets.WayCall && m.To == v.To })
		v.Open = v.Open || v.Delivery == string(auth.Failed)
	default:
		ch, err := s.begin(x.s.choice(v.With, v.ID))
		if err != nil {
			return err
		}
		v.Ceremony = ch.Ceremony
	}
	return nil
}

func addressOf(list []assets.Method, w assets.Way, id string) string {
	for _, m := range list {
		if m.Way == w && (id == "" || m.ID == id) {
			return m.To
		}
	}
	return ""
}

func signInHelp(x *request) error {
	s, err := x.signInStep()
	if err != nil {
		return x.restartSignIn(err)
	}
	w, id := assets.Way(x.query("with")), x.query("id")
	v := &assets.SignInHelp{Frame: s.frame, With: w, ID: id, Help: help("", nil, s.methods)}
	if w == "" && len(s.methods) > 0 {
		v.With = s.methods[0].Way
	}
	if x.s.sends(v.With) {
		if ch := x.begun(s, "", v.With, id); ch != nil {
			v.Help = help(ch.Ceremony, ch.Delivery, s.methods)
		}
	}
	return x.show(http.StatusOK, v)
}

// codeSignInPage asks for the security code where no second step is at hand.
func codeSignInPage(x *request) error {
	s, err := x.signInStep()
	if err != nil {
		return x.restartSignIn(err)
	}
	p := x.s.config.Policy
	return x.show(http.StatusOK, &assets.CodeSignIn{Frame: s.frame, Hours: int(p.CodeDelay.Hours()),
		Days: days(p.CodeOpen), Undo: days(p.UndoLife)})
}

func codeSignInPost(x *request) error {
	flow, _ := x.flow()
	info, err := x.signedIn(x.s.service.CodeSignIn(x.r.Context(), x.caller, flow, x.field("security-code")))
	switch {
	case err == nil:
		return x.continueSignIn(info, "")
	case startAgain(err):
		return x.restartSignIn(err)
	case mailCodeNeeded(err):
		return x.refuseTo(mailCodePath, err)
	}
	return x.refuseTo("/sign-in/security-code", err)
}

// days is a time in whole days.
func days(d time.Duration) int { return int(d.Hours() / 24) }
