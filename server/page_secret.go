package server

import (
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// secretPages are the pages of what only the owner knows: the password, the security question, the security code.
func secretPages() []page {
	return []page{
		{path: "/security/password", who: enrolled, what: "password", uses: []string{"StepUp", "ChangePassword",
			"ChangePasswordByAnswer", "ChangePasswordByCode", "OwnEmail", "OwnQuestion"},
			get: passwordPage, post: passwordPost},
		{path: "/security/password/mail", who: enrolled, what: "password", uses: []string{"MailOwnPasswordLink"},
			get: toPassword, post: passwordMailPost},
		{path: "/security/question", who: enrolled, what: "question",
			uses: []string{"StepUp", "OwnQuestion", "SetQuestion"}, get: questionPage, post: questionPost},
		{path: "/security/question/remove", who: enrolled, what: "question", uses: []string{"StepUp", "RemoveQuestion"},
			get: questionRemovePage, post: questionRemovePost},
		{path: "/security/security-code", who: enrolled, what: "security-code", uses: []string{"Security",
			"SetSecurityCode", "SecurityCodeAgain"}, get: securityCodePage, post: securityCodePost},
		{path: "/security/security-code/use", who: enrolled, what: "security-code-use",
			uses: []string{"ShowSecurityCode"}, get: toSecurityCode, post: securityCodeUsePost},
		{path: "/security/security-code/saved", who: enrolled, get: toSecurityCode, post: securityCodeSaved},
	}
}

func toPassword(x *request) error     { return x.redirect("/security/password") }
func toSecurityCode(x *request) error { return x.redirect("/security/security-code") }

// passwordWays are the ways to change a password (R25), in the order in which they are offered.
func passwordWays() []string { return []string{"current", "email", "question", "security-code"} }

// passwordPage asks for the current password, or for what ?by= says. The ways that are not set up are not offered.
func passwordPage(x *request) error {
	if err := x.mayNow(auth.ActNewPassword); err != nil {
		return err
	}
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	email, err := x.s.service.OwnEmail(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	asked, err := x.s.service.OwnQuestion(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	v := &assets.Password{Frame: f, By: x.query("by"), UserName: string(email), Email: ownEmail(info), Question: asked,
		Changed: info.PasswordAt, Rules: passwordRules(x.s.config.Policy.Password)}
	code := info.SecurityCode.State == auth.SecretSet || info.SecurityCode.State == auth.SecretUsed
	ways := slices.DeleteFunc(passwordWays(), func(way string) bool {
		return way == "question" && asked == "" || way == "security-code" && !code
	})
	if !slices.Contains(ways, v.By) {
		v.By = "current"
	}
	v.Ways = slices.DeleteFunc(ways, func(way string) bool { return way == v.By })
	return x.show(http.StatusOK, v)
}

// passwordPost changes the password by the way of the form.
func passwordPost(x *request) error {
	change := x.s.service.ChangePassword
	field, page := "current", "/security/password"
	switch x.field("by") {
	case "question":
		change, field = x.s.service.ChangePasswordByAnswer, "answer"
		page += "?by=question"
	case "security-code":
		change, field = x.s.service.ChangePasswordByCode, "security-code"
		page += "?by=security-code"
	}
	token, err := change(x.r.Context(), x.caller, x.field(field), x.field("password"))
	if err != nil {
		return x.refuseTo(page, err)
	}
	if err := x.issueSession(&token, nil); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "password-changed"})
	return x.redirect("/security")
}

func passwordMailPost(x *request) error {
	info, err := x.s.service.MailOwnPasswordLink(x.r.Context(), x.caller)
	if err != nil {
		return x.refuseTo("/security/password?by=email", err)
	}
	x.leaveFlash(flash{Key: "password-mailed", Time: info.ResendAt})
	return x.redirect("/security")
}

func questionPage(x *request) error {
	if err := x.mayNow(auth.ActQuestion); err != nil {
		return err
	}
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	asked, err := x.s.service.OwnQuestion(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.Question{Frame: f, Now: asked, Set: info.QuestionAt,
		Typed: x.field("question")})
}

func questionPost(x *request) error {
	if err := x.s.service.SetQuestion(x.r.Context(), x.caller, x.field("question"), x.field("answer")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "question-set"})
	return x.redirect("/security")
}

func questionRemovePage(x *request) error {
	if err := x.mayNow(auth.ActQuestion); err != nil {
		return err
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.QuestionRemove{Frame: f})
}

func questionRemovePost(x *request) error {
	if err := x.s.service.RemoveQuestion(x.r.Context(), x.caller); err != nil {
		return x.refuseTo("/security/question", err)
	}
	x.leaveFlash(flash{Key: "question-removed"})
	return x.redirect("/security")
}

// securityCodePage says how the account stands with its security code, and shows a fresh one: once, and after a reload.
func securityCodePage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	if x.query("made") != "" {
		sealed, _ := web.Cookie(x.r, x.s.cookieName(secretCookie))
		if made, err := x.s.service.SecurityCodeAgain(x.r.Context(), x.caller, sealed); err == nil {
			return x.show(http.StatusOK, &assets.SecurityCodeShown{Frame: f, Secret: made.Code,
				Account: string(made.MaskedEmail), Made: made.MadeAt})
		}
	}
	return x.show(http.StatusOK, &assets.SecurityCode{Frame: f, Code: codeState(info.SecurityCode),
		Hours: int(x.s.config.Policy.CodeDelay.Hours())})
}

func codeState(c auth.SecretInfo) assets.CodeState {
	return assets.CodeState{State: string(c.State), Set: c.SetAt, Used: c.UsedAt, Retired: c.RetiredAt}
}

// securityCodePost makes the code. The page that shows it has it from a sealed copy in this browser, as recovery codes.
func securityCodePost(x *request) error {
	info, err := x.s.service.SetSecurityCode(x.r.Context(), x.caller)
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.put(secretCookie, info.Sealed, 5*time.Minute)
	return x.redirect("/security/security-code?made=now")
}

func securityCodeUsePost(x *request) error {
	token, err := x.s.service.ShowSecurityCode(x.r.Context(), x.caller, x.field("security-code"))
	if err != nil {
		return x.refuseTo("/security/security-code", err)
	}
	if err := x.issueSession(&token, nil); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "security-code-used"})
	return x.redirect("/security")
}

func securityCodeSaved(x *request) error {
	x.drop(secretCookie)
	x.leaveFlash(flash{Key: "security-code-saved"})
	return x.redirect("/security")
}
