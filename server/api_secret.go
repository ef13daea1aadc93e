package server

import "github.com/latchkey-auth/latchkey/auth"

// The bodies of what only the owner knows.
type (
	ownAnswerBody  struct{ Answer, Password string }
	ownCodeBody    struct{ SecurityCode, Password string }
	codeBody       struct{ SecurityCode string }
	codeSignInBody struct{ Ceremony, SecurityCode string }
	questionBody   struct{ Question, Answer string }
	askedInfo      struct{ Question string }
)

// tokenOf hands out the next token of a session that was raised or kept.
func (x *request) tokenOf(token string, err error) (*tokenInfo, error) {
	if err != nil {
		return nil, err
	}
	info := &tokenInfo{token}
	return info, x.issueSession(&info.Token, nil)
}

func changePasswordByAnswer(x *request, in *ownAnswerBody) (*tokenInfo, error) {
	return x.tokenOf(x.s.service.ChangePasswordByAnswer(x.r.Context(), x.caller, in.Answer, in.Password))
}

func changePasswordByCode(x *request, in *ownCodeBody) (*tokenInfo, error) {
	return x.tokenOf(x.s.service.ChangePasswordByCode(x.r.Context(), x.caller, in.SecurityCode, in.Password))
}

func mailOwnPasswordLink(x *request) (*auth.SignUpInfo, error) {
	return x.s.service.MailOwnPasswordLink(x.r.Context(), x.caller)
}

func ownQuestion(x *request) (*askedInfo, error) {
	asked, err := x.s.service.OwnQuestion(x.r.Context(), x.caller)
	return &askedInfo{asked}, err
}

func setQuestion(x *request, in *questionBody) error {
	return x.s.service.SetQuestion(x.r.Context(), x.caller, in.Question, in.Answer)
}

func removeQuestion(x *request) error { return x.s.service.RemoveQuestion(x.r.Context(), x.caller) }

func setSecurityCode(x *request) (*auth.SecurityCodeInfo, error) {
	return x.s.service.SetSecurityCode(x.r.Context(), x.caller)
}

func showSecurityCode(x *request, in *codeBody) (*tokenInfo, error) {
	return x.tokenOf(x.s.service.ShowSecurityCode(x.r.Context(), x.caller, in.SecurityCode))
}

func codeSignIn(x *request, in *codeSignInBody) (*auth.SignInInfo, error) {
	return x.signedIn(x.s.service.CodeSignIn(x.r.Context(), x.caller, in.Ceremony, in.SecurityCode))
}
