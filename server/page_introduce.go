package server

import (
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// mailCodePath is where a code is asked for by mail.
const mailCodePath = "/sign-in/mail"

// mailCodeNeeded reports whether a browser is refused because the account does not know it, and the password alone does
// not open it.
func mailCodeNeeded(err error) bool { return errors.Is(err, auth.Refuse(auth.MailCodeNeeded)) }

// introducePages are the way in for a browser that the account does not know: a mailed code, before the password.
func introducePages() []page {
	return []page{
		{path: "/sign-in/mail", who: anyone, uses: []string{"IntroduceBegin"}, get: introducePage,
			post: introducePost},
		{path: "/sign-in/mail/code", who: holder, uses: []string{"IntroduceFinish"}, get: mailCodePage,
			post: mailCodePost},
	}
}

func introducePage(x *request) error {
	return x.show(http.StatusOK, &assets.SignInMail{Frame: x.frame(), Identifier: x.identifier()})
}

// introducePost answers alike for known and unknown.
func introducePost(x *request) error {
	identifier := strings.TrimSpace(x.field("identifier"))
	before, _ := x.flow()
	ch, err := x.s.service.IntroduceBegin(x.r.Context(), x.caller, identifier, before)
	if err != nil {
		return x.refuseTo(mailCodePath, err)
	}
	x.keepFlow(ch.Ceremony, identifier)
	return x.redirect("/sign-in/mail/code")
}

func mailCodePage(x *request) error {
	ceremony, identifier := x.flow()
	if ceremony == "" {
		return x.redirect(mailCodePath)
	}
	return x.show(http.StatusOK, &assets.SignInMail{Frame: x.frame(), Identifier: identifier, Ceremony: ceremony})
}

// mailCodePost takes the code; the sign-in goes on where it began.
func mailCodePost(x *request) error {
	_, identifier := x.flow()
	if err := x.s.service.IntroduceFinish(x.r.Context(), x.caller, x.field("ceremony"), x.field("code")); err != nil {
		return x.refuseTo("/sign-in/mail/code", err)
	}
	x.keepFlow("", identifier)
	return x.redirect("/done/introduced")
}
