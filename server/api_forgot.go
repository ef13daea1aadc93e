package server

import "github.com/latchkey-auth/latchkey/auth"

func beginPuzzle(x *request) (*auth.PuzzleInfo, error) {
	return x.s.service.Puzzle(x.r.Context(), x.caller)
}

// puzzlePicture spends one of the client's requests, though it changes nothing: a picture is dear.
func puzzlePicture(x *request) ([]byte, error) {
	if err := x.Spend(); err != nil {
		return nil, err
	}
	return x.s.service.PuzzlePicture(x.r.Context(), x.caller, x.param("puzzle"))
}

func forgot(x *request, in *forgotBody) (*auth.Challenge, error) {
	return x.s.service.Forgot(x.r.Context(), x.caller, auth.ForgotForm{Identifier: in.Identifier, Ceremony: in.Ceremony,
		PuzzleAnswer: auth.PuzzleAnswer{Puzzle: in.Puzzle, Signs: in.Signs, Work: in.Work}})
}

func forgotCode(x *request, in *mailBody) (*auth.Challenge, error) {
	return x.s.service.ForgotCode(x.r.Context(), x.caller, in.Ceremony, in.Code)
}

func signInTemporary(x *request, in *auth.TemporaryForm) (*auth.SignInInfo, error) {
	return x.signedIn(x.s.service.SignInTemporary(x.r.Context(), x.caller, *in))
}

func keepPassword(x *request) error { return x.s.service.KeepPassword(x.r.Context(), x.caller) }

// putOff puts a reminder off.
func putOff(x *request) error {
	return x.s.service.PutOff(x.r.Context(), x.caller, auth.Reminder(x.param("id")))
}

func forgotPhone(x *request, in *numberBody) (*auth.Challenge, error) {
	return x.s.service.ForgotPhone(x.r.Context(), x.caller, auth.ForgotPhoneForm{Phone: in.Phone, Region: in.Region,
		PuzzleAnswer: auth.PuzzleAnswer{Puzzle: in.Puzzle, Signs: in.Signs, Work: in.Work}})
}

func forgotPhoneCode(x *request, in *mailBody) (*auth.Challenge, error) {
	return x.s.service.ForgotPhoneCode(x.r.Context(), x.caller, in.Ceremony, in.Code)
}

func forgotUserName(x *request, in *ownNameBody) (*auth.Challenge, error) {
	return x.s.service.ForgotUserName(x.r.Context(), x.caller, in.Ceremony, in.UserName)
}

func resetPassword(x *request, in *resetBody) error {
	return x.s.service.ResetPassword(x.r.Context(), x.caller, in.Link, in.Password)
}

func resetByCode(x *request, in *passwordBody) error {
	return x.s.service.ResetByCode(x.r.Context(), x.caller, in.Ceremony, in.Password)
}
