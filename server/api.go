package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// typeProblem is the type of every refusal's body.
var typeProblem = reflect.TypeFor[Problem]()

// An endpoint reads a request, calls its use case and writes the answer. in and out are nil where there is no body.
type endpoint struct {
	in, out  *shape
	required []string // members that a request must have, for the contract
	media    string   // of an answer that is no JSON; "" for JSON
	run      func(x *request) error
}

func (e endpoint) requires(members ...string) endpoint {
	e.required = members
	return e
}

// takes is an endpoint with a body and an answer.
func takes[I, O any](fn func(*request, *I) (*O, error)) endpoint {
	in, out := shapeOf(reflect.TypeFor[I]()), shapeOf(reflect.TypeFor[O]())
	return endpoint{in: in, out: out, run: func(x *request) error {
		v := new(I)
		if err := x.read(in, v); err != nil {
			return err
		}
		answer, err := fn(x, v)
		if err != nil {
			return err
		}
		x.reply(out, answer)
		return nil
	}}
}

// gives is an endpoint with an answer alone.
func gives[O any](fn func(*request) (*O, error)) endpoint {
	out := shapeOf(reflect.TypeFor[O]())
	return endpoint{out: out, run: func(x *request) error {
		answer, err := fn(x)
		if err != nil {
			return err
		}
		x.reply(out, answer)
		return nil
	}}
}

// draws is an endpoint whose answer is a picture.
func draws(fn func(*request) ([]byte, error)) endpoint {
	const media = "image/png"
	return endpoint{media: media, run: func(x *request) error {
		picture, err := fn(x)
		if err != nil {
			return err
		}
		x.Send(http.StatusOK, media, picture)
		return nil
	}}
}

// does is an endpoint with neither.
func does(fn func(*request) error) endpoint {
	return endpoint{run: func(x *request) error {
		if err := fn(x); err != nil {
			return err
		}
		if x.Status == 0 {
			x.reply(nil, nil)
		}
		return nil
	}}
}

// doesWith is an endpoint with a body alone.
func doesWith[I any](fn func(*request, *I) error) endpoint {
	in := shapeOf(reflect.TypeFor[I]())
	return endpoint{in: in, run: func(x *request) error {
		v := new(I)
		if err := x.read(in, v); err != nil {
			return err
		}
		if err := fn(x, v); err != nil {
			return err
		}
		x.reply(nil, nil)
		return nil
	}}
}

// serve answers a request for one operation.
func (x *request) serve(c echo.Context, rt *route) {
	x.path = c
	x.Route = rt.method + " " + rt.path
	x.Page = false
	if err := x.call(rt); err != nil {
		x.Refuse(err)
	}
}

func (x *request) call(rt *route) error {
	if rt.who != gateway && rt.act != auth.ActSignOut {
		if err := x.Bound(); err != nil {
			return err
		}
	}
	if rt.who == gateway {
		return rt.run(x)
	}
	if err := x.identify(); err != nil {
		return err
	}
	// A ceremony is sealed for the browser that began it. One that comes without any cookie did not keep ours.
	if rt.who == holder && x.fresh && !rt.link {
		return auth.Refuse(auth.CookiesOff)
	}
	return rt.run(x)
}

// The bodies that are not a form of the domain.
type (
	linkBody     struct{ Link string }
	ceremonyBody struct{ Ceremony string }
	choiceBody   struct {
		Ceremony string
		Kind     auth.Kind
		Channel  auth.Channel
		ID       string // which number or mailbox; "" for the first
		Verify   bool   // the key must verify its user
	}
	againBody struct {
		Ceremony string
		Channel  auth.Channel
	}
	answerBody struct {
		Ceremony string
		Response json.RawMessage
	}
	passwordBody struct{ Ceremony, Password string }
	lookBody     struct {
		Purpose  auth.Purpose
		Ceremony string
	}
	stepBody struct {
		Action auth.Action
		Target string
	}
	stepChoiceBody struct {
		Action  auth.Action
		Target  string
		Kind    auth.Kind
		Channel auth.Channel
		ID      string
		Verify  bool
	}
	nameBody    struct{ Name, Place string }
	changeBody  struct{ Current, Password string }
	forgotBody  struct{ Identifier, Ceremony, Puzzle, Signs, Work string }
	askBody     struct{ Identifier, Ceremony string }
	mailBody    struct{ Ceremony, Code string }
	resetBody   struct{ Link, Password string }
	numberBody  struct{ Phone, Region, Puzzle, Signs, Work string }
	ownNameBody struct{ Ceremony, UserName string }
	ticketBody  struct {
		Ceremony, Script, Secure, Key, AddOn, Autofill, Clock string
		Ahead                                                 int
	}
	signUpBody struct {
		Link, Name, UserName, Phone, Region, Password string
		Terms                                         bool
	}
	confirmedInfo struct {
		MaskedEmail ident.Masked `json:"email"`
	}
	emailBody struct{ Email string }
	phoneBody struct{ Phone, Region string }
	phoneInfo struct {
		MaskedPhone ident.Masked `json:"phone"`
	}
	userNameBody struct{ UserName string }

	tokenInfo   struct{ Token string }
	sessionList struct{ Sessions []auth.SessionInfo }
	browserList struct{ Browsers []auth.BrowserInfo }
)

func signUp(x *request, in *emailBody) (*auth.SignUpInfo, error) {
	return x.signUp(in.Email)
}

func confirmSignUp(x *request, in *signUpBody) (*auth.SignInInfo, error) {
	f := auth.SignUpForm{Name: in.Name, UserName: in.UserName, Phone: in.Phone, Region: in.Region, Password: in.Password,
		Terms: in.Terms}
	return x.signedIn(x.s.service.ConfirmSignUp(x.r.Context(), x.caller, in.Link, f))
}

func signIn(x *request, in *auth.SignInForm) (*auth.SignInInfo, error) {
	return x.signedIn(x.s.service.SignIn(x.r.Context(), x.caller, *in))
}

// signedIn hands out the session that a sign-in may have ended in.
func (x *request) signedIn(info *auth.SignInInfo, err error) (*auth.SignInInfo, error) {
	if err != nil {
		return nil, err
	}
	if info.Token != "" && !x.program {
		x.keepBrowser() // it is known from now on: its cookie begins its life anew
	}
	return info, x.issueSession(&info.Token, info.Session)
}

func signInKeyFirst(x *request, in *auth.KeyFirstForm) (*auth.Challenge, error) {
	return x.s.service.SignInKeyFirst(x.r.Context(), x.caller, *in)
}

func introduceBegin(x *request, in *askBody) (*auth.Challenge, error) {
	return x.s.service.IntroduceBegin(x.r.Context(), x.caller, in.Identifier, in.Ceremony)
}

func introduceFinish(x *request, in *mailBody) error {
	return x.s.service.IntroduceFinish(x.r.Context(), x.caller, in.Ceremony, in.Code)
}

func signInState(x *request, in *ceremonyBody) (*auth.SignInInfo, error) {
	return x.s.service.SignInState(x.r.Context(), x.caller, in.Ceremony)
}

func signInBegin(x *request, in *choiceBody) (*auth.Challenge, error) {
	return x.s.service.SignInBegin(x.r.Context(), x.caller, in.Ceremony,
		auth.MethodChoice{Kind: in.Kind, Channel: in.Channel, ID: in.ID, Verify: in.Verify})
}

func signInResend(x *request, in *againBody) (*auth.Challenge, error) {
	return x.s.service.SignInResend(x.r.Context(), x.caller, in.Ceremony, in.Channel)
}

func signInFinish(x *request, in *answerBody) (*auth.SignInInfo, error) {
	return x.signedIn(x.s.service.SignInFinish(x.r.Context(), x.caller, in.Ceremony, in.Response))
}

func signInPassword(x *request, in *passwordBody) (*auth.SignInInfo, error) {
	return x.signedIn(x.s.service.SignInPassword(x.r.Context(), x.caller, in.Ceremony, in.Password))
}

func challengeAgain(x *request, in *lookBody) (*auth.Challenge, error) {
	return x.s.service.Challenge(x.r.Context(), x.caller, in.Purpose, in.Ceremony)
}

func undo(x *request, in *linkBody) (*auth.ChangeInfo, error) {
	return x.s.service.Undo(x.r.Context(), x.caller, in.Link)
}

func me(x *request) (*auth.Me, error) { return x.s.service.Me(x.r.Context(), x.caller) }

// signOut tells a browser that asks twice, or too late, what is so: it is signed out.
func signOut(x *request) error {
	err := x.s.service.SignOut(x.r.Context(), x.caller)
	if x.program {
		return err
	}
	if err != nil && !errors.Is(err, auth.Refuse(auth.SessionEnded)) {
		return err
	}
	x.drop(sessionCookie)
	return nil
}

func security(x *request) (*auth.SecurityInfo, error) {
	return x.s.service.Security(x.r.Context(), x.caller)
}

func stepUp(x *request, in *stepBody) (*auth.StepUpInfo, error) {
	return x.s.service.StepUp(x.r.Context(), x.caller, in.Action, in.Target)
}

func stepUpBegin(x *request, in *stepChoiceBody) (*auth.Challenge, error) {
	m := auth.MethodChoice{Kind: in.Kind, Channel: in.Channel, ID: in.ID, Verify: in.Verify}
	return x.s.service.StepUpBegin(x.r.Context(), x.caller, in.Action, in.Target, m)
}

func stepUpResend(x *request, in *againBody) (*auth.Challenge, error) {
	return x.s.service.StepUpResend(x.r.Context(), x.caller, in.Ceremony, in.Channel)
}

func stepUpFinish(x *request, in *answerBody) (*auth.StepUpDone, error) {
	done, err := x.s.service.StepUpFinish(x.r.Context(), x.caller, in.Ceremony, in.Response)
	if err != nil {
		return nil, err
	}
	return done, x.issueSession(&done.Token, &done.Session)
}

func sessions(x *request) (*sessionList, error) {
	list, err := x.s.service.Sessions(x.r.Context(), x.caller)
	return &sessionList{list}, err
}

func endSession(x *request) error {
	return x.s.service.EndSession(x.r.Context(), x.caller, x.param("id"))
}

func endOtherSessions(x *request) error {
	return x.s.service.EndOtherSessions(x.r.Context(), x.caller)
}

func browsers(x *request) (*browserList, error) {
	list, err := x.s.service.Browsers(x.r.Context(), x.caller)
	return &browserList{list}, err
}

func trustBrowser(x *request) (*auth.BrowserInfo, error) {
	info, err := x.s.service.TrustBrowser(x.r.Context(), x.caller)
	if err == nil {
		x.caller.Browser, info.Cookie = info.Cookie, "" // for the cookie alone: no script reads it
		x.keepBrowser()
	}
	return info, err
}

func itWasMe(x *request) error { return x.s.service.ItWasMe(x.r.Context(), x.caller) }

func forgetBrowser(x *request) error {
	return x.s.service.ForgetBrowser(x.r.Context(), x.caller, x.param("id"))
}

// historyPage is how many events a page holds, unless asked otherwise.
const historyPage = 50

func history(x *request) (*auth.HistoryInfo, error) {
	limit, err := x.limit()
	if err != nil {
		return nil, err
	}
	return x.s.service.History(x.r.Context(), x.caller, x.query("cursor"), limit)
}

func itemHistory(x *request) (*auth.HistoryInfo, error) {
	return x.s.service.ItemHistory(x.r.Context(), x.caller, x.param("item"), x.query("cursor"))
}

func methodHistory(x *request) (*auth.HistoryInfo, error) {
	limit, err := x.limit()
	if err != nil {
		return nil, err
	}
	return x.s.service.MethodHistory(x.r.Context(), x.caller, x.param("id"), limit)
}

// limit is how many entries of a history are asked for.
func (x *request) limit() (int, error) {
	v := x.query("limit")
	if v == "" {
		return historyPage, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, auth.RefuseField(auth.MalformedRequest, "limit")
	}
	return n, nil
}

func bindBegin(x *request, in *auth.BindForm) (*auth.Challenge, error) {
	return x.s.service.BindBegin(x.r.Context(), x.caller, *in)
}

func bindResend(x *request, in *againBody) (*auth.Challenge, error) {
	return x.s.service.BindResend(x.r.Context(), x.caller, in.Ceremony, in.Channel)
}

func bindFinish(x *request, in *auth.BindDone) (*auth.BindInfo, error) {
	info, err := x.s.service.BindFinish(x.r.Context(), x.caller, *in)
	if err != nil {
		return nil, err
	}
	return info, x.issueSession(&info.Token, info.Session)
}

func rename(x *request, in *nameBody) (*auth.AuthenticatorInfo, error) {
	return x.s.service.Rename(x.r.Context(), x.caller, x.param("id"), in.Name, in.Place)
}

func unfreeze(x *request) (*auth.AuthenticatorInfo, error) {
	return x.s.service.Unfreeze(x.r.Context(), x.caller, x.param("id"))
}

func remove(x *request) (*auth.RemoveInfo, error) {
	return x.removed(x.s.service.Remove(x.r.Context(), x.caller, x.param("id")))
}

func loseDevice(x *request) (*auth.RemoveInfo, error) {
	return x.removed(x.s.service.LoseDevice(x.r.Context(), x.caller, x.param("id")))
}

func (x *request) removed(info *auth.RemoveInfo, err error) (*auth.RemoveInfo, error) {
	if err != nil {
		return nil, err
	}
	if info.Ended && !x.program { // the session rested on what is gone
		x.drop(sessionCookie)
	}
	return info, nil
}

func cancelChange(x *request) error {
	return x.s.service.CancelChange(x.r.Context(), x.caller, x.param("id"))
}

func recoveryCodes(x *request) (*auth.CodesInfo, error) {
	info, err := x.s.service.RecoveryCodes(x.r.Context(), x.caller)
	if err != nil {
		return nil, err
	}
	return info, x.issueSession(&info.Token, nil)
}

func changePassword(x *request, in *changeBody) (*tokenInfo, error) {
	return x.tokenOf(x.s.service.ChangePassword(x.r.Context(), x.caller, in.Current, in.Password))
}

func changeEmail(x *request, in *emailBody) (*auth.SignUpInfo, error) {
	return x.s.service.ChangeEmail(x.r.Context(), x.caller, in.Email)
}

func confirmEmail(x *request, in *linkBody) (*confirmedInfo, error) {
	email, err := x.s.service.ConfirmEmail(x.r.Context(), x.caller, in.Link)
	return &confirmedInfo{email}, err
}

func changePhone(x *request, in *phoneBody) (*phoneInfo, error) {
	phone, err := x.s.service.ChangePhone(x.r.Context(), x.caller, in.Phone, in.Region)
	return &phoneInfo{phone}, err
}

func changeUserName(x *request, in *userNameBody) (*userNameBody, error) {
	name, err := x.s.service.ChangeUserName(x.r.Context(), x.caller, in.UserName)
	return &userNameBody{name}, err
}

// receipt takes a gateway's report. The driver proves that it is the gateway's own. A receipt that cannot be taken now
// is
// an error, so that the gateway repeats the request; the others in it count all the same, and once.
func receipt(x *request) error {
	if x.s.config.Receipts == nil {
		return auth.Refuse(auth.NotFound)
	}
	body, err := x.Body("")
	if err != nil {
		return err
	}
	name := x.param("name")
	list, err := x.s.config.Receipts.Handle(name, x.param("key"), x.r.Header, body)
	for _, one := range list {
		if e := x.s.service.Receipt(x.r.Context(), name, one.Reference, one.State, one.Reason); e != nil && err == nil {
			err = e
		}
	}
	if answer := x.s.config.Receipts.Answer(name); err == nil && answer != "" {
		media := "text/plain; charset=utf-8"
		if json.Valid([]byte(answer)) {
			media = "application/json"
		}
		x.Send(http.StatusOK, media, []byte(answer))
	}
	return err
}
