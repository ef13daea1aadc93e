package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

const (
	forgotPhonePath      = "/forgot/phone"
	forgotPhoneCheckPath = "/forgot/phone/check"
	forgotPhoneCodePath  = "/forgot/phone/code"
	forgotPhoneNamePath  = "/forgot/phone/name"
)

// forgotPhonePages are the forgotten password by phone: the number, the puzzle, the texted code, the user name. What
// follows is the choice that the mailed code leads to as well.
func forgotPhonePages() []page {
	return []page{
		{path: "/forgot/phone", who: anyone, uses: []string{"ForgotPhone"}, get: forgotPhonePage, post: forgotPhonePost},
		{path: "/forgot/phone/check", who: anyone, uses: []string{"Puzzle", "PuzzlePicture", "ForgotPhone"},
			get: forgotPhoneCheck, post: forgotPhonePost},
		{path: "/forgot/phone/code", who: holder, uses: []string{"ForgotPhoneCode"}, get: forgotPhoneCodePage,
			post: forgotPhoneCodePost},
		{path: "/forgot/phone/name", who: holder, uses: []string{"ForgotUserName"}, get: forgotNamePage,
			post: forgotNamePost},
	}
}

func forgotPhonePage(x *request) error {
	number := x.field("phone")
	if x.setBack(auth.CodeExpired) {
		_, number = x.flow()
	}
	return x.show(http.StatusOK, &assets.ForgotPhone{Frame: x.frame(), Phone: number, Countries: x.countries("")})
}

// forgotPhonePost answers alike for numbers that somebody has and that nobody has. Everybody is led to a puzzle.
func forgotPhonePost(x *request) error {
	f := auth.ForgotPhoneForm{Phone: x.field("phone"), Region: x.field("region")}
	f.PuzzleAnswer = auth.PuzzleAnswer{Puzzle: x.field("puzzle"), Signs: x.field("signs"), Work: x.field("work")}
	ch, err := x.s.service.ForgotPhone(x.r.Context(), x.caller, f)
	check := forgotPhoneCheckPath + "?" + url.Values{"region": {f.Region}}.Encode()
	switch e := new(auth.Error); {
	case err == nil:
		x.keepTexted(ch, f.Phone)
		return x.redirect(forgotPhoneCodePath)
	case !errors.As(err, &e):
		return err
	case f.Puzzle == "" && e.Code == auth.PuzzleNeeded:
		x.keepFlow("", f.Phone)
		return x.redirect(check)
	case e.Field == "signs", e.Field == "work", e.Code == auth.PuzzleOver:
		return x.refuseTo(check, err)
	}
	return x.refuseTo(forgotPhonePath, err)
}

// forgotPhoneCheck shows a new puzzle each time.
func forgotPhoneCheck(x *request) error {
	_, number := x.flow()
	if typed := x.field("phone"); typed != "" {
		number = typed
	}
	v := &assets.ForgotCheck{Frame: x.frame(), Phone: number, Region: x.query("region")}
	if v.Phone == "" {
		return x.redirect(forgotPhonePath)
	}
	return x.showPuzzle(v)
}

// showPuzzle draws a new puzzle for a page.
func (x *request) showPuzzle(v *assets.ForgotCheck) error {
	p, err := x.s.service.Puzzle(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	work, err := json.Marshal(p.Work)
	if err != nil {
		return fmt.Errorf("writing the work of a puzzle: %w", err)
	}
	v.Puzzle, v.Work = p.Puzzle, string(work)
	v.Picture = apiBase + "/puzzle/" + p.Puzzle
	return x.show(http.StatusOK, v)
}

func forgotPhoneCodePage(x *request) error {
	ceremony, number := x.flow()
	if ceremony == "" {
		return x.redirect(forgotPhonePath)
	}
	return x.show(http.StatusOK, &assets.ForgotPhoneCode{Frame: x.frame(), Ceremony: ceremony, Number: number,
		Label: x.textLabel()})
}

// forgotPhoneCodePost takes the texted code. Where the number leads no further, the way by mail is what is shown.
func forgotPhoneCodePost(x *request) error {
	_, number := x.flow()
	ch, err := x.s.service.ForgotPhoneCode(x.r.Context(), x.caller, x.field("ceremony"), x.field("code"))
	if over := codeOver(err); errors.Is(over, auth.Refuse(auth.CodeExpired)) {
		return x.refuseTo(forgotPhonePath, over) // where the next one is asked for
	}
	if err != nil {
		return x.refusePhone(forgotPhoneCodePath, err)
	}
	x.keepFlow(ch.Ceremony, number)
	return x.redirect(forgotPhoneNamePath)
}

// refusePhone leads a refusal to where it can be mended: the beginning, the way by mail, or the page itself.
func (x *request) refusePhone(page string, err error) error {
	switch {
	case startAgain(err):
		return x.refuseTo(forgotPhonePath, err)
	case errors.Is(err, auth.Refuse(auth.NumberIsOnlyStep)), errors.Is(err, auth.Refuse(auth.UserNameClosed)):
		return x.refuseTo("/forgot", err)
	}
	return x.refuseTo(page, err)
}

func forgotNamePage(x *request) error {
	ceremony, _ := x.flow()
	if ceremony == "" {
		return x.redirect(forgotPhonePath)
	}
	return x.show(http.StatusOK, &assets.ForgotName{Frame: x.frame(), Ceremony: ceremony, UserName: x.field("user-name")})
}

func forgotNamePost(x *request) error {
	_, number := x.flow()
	ch, err := x.s.service.ForgotUserName(x.r.Context(), x.caller, x.field("ceremony"), x.field("user-name"))
	if err != nil {
		return x.refusePhone(forgotPhoneNamePath, err)
	}
	x.keepFlow(ch.Ceremony, number)
	return x.redirect(choosePath)
}
