package server

import (
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/auth"
)

// A who says what a route demands of whoever calls it, as its part of the contract. The domain decides.
type who int

const (
	anyone   who = iota + 1 // nothing
	holder                  // a sealed ceremony or a mailed link
	session                 // a session, even one that may only enrol
	enrolled                // a session beyond the second step
	gateway                 // a gateway that signs its report
	tester                  // nothing, in a lab
	host                    // the marketplace's own program, by its token
)

// A route is one use case as an operation of the API.
type route struct {
	use     string      // the use case: a method of auth.Service
	act     auth.Action // what the domain's rules judge it by
	who     who
	method  string
	path    string // under /api/v1
	summary string
	codes   []auth.Code // what it may refuse with, beside those of every route
	link    bool        // what its caller holds is a mailed link, which any browser may open
	query   []string    // names of query parameters
	root    bool        // the path is under the site's own base instead
	file    bool        // its body is a picture
	endpoint
}

// routes is the one table of use cases over HTTP: nothing else under /api/v1 can be reached. It is in the order in
// which a seller meets them.
func routes() []route {
	return slices.Concat(signRoutes(), introduceRoutes(),
		sessionRoutes(), methodRoutes(), passwordRoutes(), resetRoutes(),
		secretRoutes(), contactRoutes(), shopRoutes(), shopKeyRoutes(), peopleRoutes(), invitationRoutes(),
		handOverRoutes(), accountHandRoutes(), closingRoutes(), keysOnlyRoutes(), recoveryRoutes(), hostRoutes())
}

func signRoutes() []route {
	return []route{
		{use: "SignUp", act: auth.ActSignUp, who: anyone, method: http.MethodPost, path: "/sign-up",
			summary:  "Ask for an account; the address is mailed a link",
			codes:    codes(auth.EmailMalformed),
			endpoint: takes(signUp).requires("email")},
		{use: "ConfirmSignUp", act: auth.ActConfirmSignUp, who: holder, method: http.MethodPost,
			path: "/sign-up/confirm", link: true,
			summary:  "Make the account by the mailed link: a session that has to enrol",
			codes:    signUpCodes(),
			endpoint: takes(confirmSignUp).requires("link", "name", "userName", "phone", "password", "terms")},
		{use: "SignIn", act: auth.ActSignIn, who: anyone, method: http.MethodPost, path: "/sign-in",
			summary: "Begin a sign-in with a password", codes: codes(auth.SignInRefused, auth.SignInLocked,
				auth.AccountDisabled, auth.AccountHeld, auth.PasswordDue, auth.MailCodeNeeded),
			endpoint: takes(signIn).requires("identifier", "password")},
		{use: "SignInKeyFirst", act: auth.ActLook, who: anyone, method: http.MethodPost, path: "/sign-in/key",
			summary: "Begin a sign-in with a security key", codes: codes(auth.MethodRefused),
			endpoint: takes(signInKeyFirst)},
		{use: "SignInState", act: auth.ActLook, who: holder, method: http.MethodPost, path: "/sign-in/state",
			summary: "Look where a sign-in stands", codes: sealedCodes(),
			endpoint: takes(signInState).requires("ceremony")},
		{use: "SignInBegin", act: auth.ActSendCode, who: holder, method: http.MethodPost, path: "/sign-in/begin",
			summary:  "Choose the method of the second step; sends a code where the method is one",
			codes:    join(sealedCodes(), methodCodes(), sendCodes(), codes(auth.MailCodeNeeded)),
			endpoint: takes(signInBegin).requires("ceremony", "kind")},
		{use: "SignInResend", act: auth.ActSendCode, who: holder, method: http.MethodPost, path: "/sign-in/resend",
			summary: "Send the code again, perhaps by another channel", codes: join(sealedCodes(), methodCodes(),
				sendCodes(), codes(auth.MailCodeNeeded)),
			endpoint: takes(signInResend).requires("ceremony")},
		{use: "SignInFinish", act: auth.ActSecondStep, who: holder, method: http.MethodPost, path: "/sign-in/finish",
			summary: "Finish the second step: the session", codes: join(sealedCodes(), methodCodes(), typedCodes(),
				keyCodes(), openingCodes(), codes(auth.MailCodeNeeded)),
			endpoint: takes(signInFinish).requires("ceremony", "response")},
		{use: "SignInPassword", act: auth.ActSignIn, who: holder, method: http.MethodPost, path: "/sign-in/password",
			summary:  "The password after a touched key",
			codes:    join(sealedCodes(), openingCodes(), codes(auth.PasswordWrong, auth.SignInLocked)),
			endpoint: takes(signInPassword).requires("ceremony", "password")},
		{use: "CodeSignIn", act: auth.ActCodeSignIn, who: holder, method: http.MethodPost, path: "/sign-in/security-code",
			summary: "The security code in place of the second step: after a wait, a session that has to enrol",
			codes: join(sealedCodes(), openingCodes(), guessCodes(), securityCodes(), codes(auth.MailCodeNeeded,
				auth.ChangePaused, auth.KeysOnly)),
			endpoint: takes(codeSignIn).requires("ceremony", "securityCode")},
		{use: "Challenge", act: auth.ActLook, who: holder, method: http.MethodPost, path: "/challenge",
			summary: "Look at a begun exchange again: prompt and delivery; nothing is sent", codes: sealedCodes(),
			endpoint: takes(challengeAgain).requires("purpose", "ceremony")},
		{use: "Undo", act: auth.ActUndo, who: holder, method: http.MethodPost, path: "/undo", link: true,
			summary: "Stop a waiting change by its mailed link", codes: codes(auth.LinkUsed),
			endpoint: takes(undo).requires("link")},
		{use: "Receipt", act: auth.ActDeliver, who: gateway, method: http.MethodPost, path: "/gateways/{name}/receipt",
			summary: "A gateway's word about a message", codes: codes(auth.Forbidden), endpoint: does(receipt)},
		{use: "Receipt", act: auth.ActDeliver, who: gateway, method: http.MethodPost, path: "/gateways/{name}/receipt/{key}",
			summary: "The word of a gateway that signs nothing, at a secret address", codes: codes(auth.Forbidden),
			endpoint: does(receipt)},
	}
}

func introduceRoutes() []route {
	return []route{
		{use: "IntroduceBegin", act: auth.ActAskMail, who: anyone, method: http.MethodPost, path: "/sign-in/mail",
			summary:  "Mail a code that introduces this browser; the answer is the same for known and unknown",
			codes:    codes(auth.CookiesOff),
			endpoint: takes(introduceBegin).requires("identifier")},
		{use: "IntroduceFinish", act: auth.ActIntroduce, who: holder, method: http.MethodPost,
			path:     "/sign-in/mail/finish",
			summary:  "Introduce this browser by the mailed code; signs nobody in",
			codes:    join(sealedCodes(), codes(auth.CodeWrong, auth.CodeMalformed)),
			endpoint: doesWith(introduceFinish).requires("ceremony", "code")},
	}
}

func sessionRoutes() []route {
	return []route{
		{use: "Me", act: auth.ActMe, who: session, method: http.MethodGet, path: "/session",
			summary: "Who is signed in", endpoint: gives(me)},
		{use: "SignOut", act: auth.ActSignOut, who: session, method: http.MethodDelete, path: "/session",
			summary: "Sign out", endpoint: does(signOut)},
		{use: "Security", act: auth.ActSecurity, who: session, method: http.MethodGet, path: "/security",
			summary: "Everything in the advanced security settings", endpoint: gives(security)},
		{use: "Payout", act: auth.ActPayout, who: enrolled, method: http.MethodPost, path: "/payout",
			summary:  "Take the approval of a text by a strong proof of the last five minutes; it counts once",
			codes:    join(stepCodes(), codes(auth.PayoutRefused, auth.PayoutTextMalformed)),
			endpoint: takes(payout).requires("text")},
		{use: "StepUp", act: auth.ActLookStep, who: enrolled, method: http.MethodPost, path: "/step-up",
			summary: "What an action demands, and whether the session shows it",
			codes: codes(auth.NoSuchMethod, auth.NotFound, auth.PayoutRefused, auth.PayoutTextMalformed,
				auth.KeysOnlyNeedsKeys),
			endpoint: takes(stepUp).requires("action")},
		{use: "StepUpBegin", act: auth.ActStepUp, who: enrolled, method: http.MethodPost, path: "/step-up/begin",
			summary: "Begin a fresh second step", codes: join(methodCodes(), sendCodes(), codes(auth.NotFound,
				auth.PayoutRefused, auth.PayoutTextMalformed, auth.KeysOnlyNeedsKeys)),
			endpoint: takes(stepUpBegin).requires("action", "kind")},
		{use: "StepUpResend", act: auth.ActStepUp, who: enrolled, method: http.MethodPost, path: "/step-up/resend",
			summary: "Send its code again", codes: join(sealedCodes(), methodCodes(), sendCodes()),
			endpoint: takes(stepUpResend).requires("ceremony")},
		{use: "StepUpFinish", act: auth.ActStepUp, who: enrolled, method: http.MethodPost, path: "/step-up/finish",
			summary:  "Finish a fresh second step: the session is raised and its token changes",
			codes:    join(sealedCodes(), methodCodes(), typedCodes(), keyCodes(), codes(auth.PayoutRefused)),
			endpoint: takes(stepUpFinish).requires("ceremony", "response")},
		{use: "Sessions", act: auth.ActHistory, who: enrolled, method: http.MethodGet, path: "/sessions",
			summary: "Where the account is signed in", endpoint: gives(sessions)},
		{use: "EndSession", act: auth.ActEndSession, who: enrolled, method: http.MethodDelete, path: "/sessions/{id}",
			summary: "End one session", codes: codes(auth.NotFound), endpoint: does(endSession)},
		{use: "EndOtherSessions", act: auth.ActEndSession, who: enrolled, method: http.MethodDelete, path: "/sessions",
			summary: "End every other session", endpoint: does(endOtherSessions)},
		{use: "Browsers", act: auth.ActHistory, who: enrolled, method: http.MethodGet, path: "/browsers",
			summary: "Browsers that the account knows", endpoint: gives(browsers)},
		{use: "TrustBrowser", act: auth.ActTrust, who: enrolled, method: http.MethodPost, path: "/browsers/trust",
			summary:  "Trust this browser for the second step",
			codes:    join(stepCodes(), codes(auth.Forbidden, auth.KeysOnly)),
			endpoint: gives(trustBrowser)},
		{use: "ForgetBrowser", act: auth.ActForget, who: enrolled, method: http.MethodDelete, path: "/browsers/{id}",
			summary: "End trust in one browser", codes: codes(auth.NotFound), endpoint: does(forgetBrowser)},
		{use: "ForgetBrowser", act: auth.ActForget, who: enrolled, method: http.MethodDelete, path: "/browsers",
			summary: "End trust in every browser", endpoint: does(forgetBrowser)},
		{use: "History", act: auth.ActHistory, who: enrolled, method: http.MethodGet, path: "/history",
			query:   []string{"cursor", "limit"},
			summary: "The account's history, newest first", codes: codes(auth.MalformedRequest),
			endpoint: gives(history)},
		{use: "ItemHistory", act: auth.ActHistory, who: enrolled, method: http.MethodGet, path: "/history/{item}",
			query: []string{"cursor"}, summary: "What was done with a method, a device or a shop, newest first; " +
				"a page may be short, as long as there is a next one", codes: codes(auth.MalformedRequest),
			endpoint: gives(itemHistory)},
	}
}

func methodRoutes() []route {
	return []route{
		{use: "BindBegin", act: auth.ActAdd, who: session, method: http.MethodPost, path: "/methods/begin",
			summary: "Begin to add a method", codes: join(stepCodes(), sendCodes(), numberCodes(),
				codes(auth.TextsLater, auth.EmailMalformed, auth.SerialMalformed, auth.KeyValuesMalformed, auth.MethodExists, auth.TooManyMethods,
					auth.MethodRefused, auth.MailboxResets, auth.KeysOnly)),
			endpoint: takes(bindBegin).requires("kind")},
		{use: "BindResend", act: auth.ActAdd, who: session, method: http.MethodPost, path: "/methods/resend",
			summary: "Send its code again, perhaps by another channel", codes: join(sealedCodes(), stepCodes(),
				sendCodes(), numberCodes(), codes(auth.TextsLater)),
			endpoint: takes(bindResend).requires("ceremony")},
		{use: "BindFinish", act: auth.ActAdd, who: session, method: http.MethodPost, path: "/methods/finish",
			summary: "Finish adding a method", codes: join(sealedCodes(), stepCodes(), typedCodes(), keyCodes(),
				codes(auth.MethodExists, auth.TooManyMethods, auth.BackupFallsWith, auth.MailboxResets,
					auth.NameTooLong, auth.MethodResting, auth.TokenWrong, auth.KeysOnly)),
			endpoint: takes(bindFinish).requires("ceremony", "response")},
		{use: "Rename", act: auth.ActRename, who: enrolled, method: http.MethodPatch, path: "/methods/{id}",
			summary:  "Rename a method and say where it is kept",
			codes:    join(stepCodes(), codes(auth.NoSuchMethod, auth.NameMissing, auth.NameTooLong)),
			endpoint: takes(rename)},
		{use: "MethodHistory", act: auth.ActHistory, who: enrolled, method: http.MethodGet, path: "/methods/{id}/history",
			query: []string{"limit"}, summary: "What was done with a method, newest first",
			codes: codes(auth.MalformedRequest, auth.NoSuchMethod), endpoint: gives(methodHistory)},
		{use: "Remove", act: auth.ActRemove, who: enrolled, method: http.MethodDelete, path: "/methods/{id}",
			summary: "Remove a method, at once or after a delay", codes: removeCodes(), endpoint: gives(remove)},
		{use: "LoseDevice", act: auth.ActLose, who: enrolled, method: http.MethodPost, path: "/devices/{id}/lost",
			summary: "Stop everything that lives on a lost device", codes: removeCodes(), endpoint: gives(loseDevice)},
		{use: "Unfreeze", act: auth.ActUnfreeze, who: enrolled, method: http.MethodPost, path: "/methods/{id}/unfreeze",
			summary: "Let a key work again that was frozen because its counter went back",
			codes:   join(stepCodes(), codes(auth.NoSuchMethod)), endpoint: gives(unfreeze)},
		{use: "CancelChange", act: auth.ActCancelChange, who: enrolled, method: http.MethodDelete,
			path:    "/changes/{id}",
			summary: "Stop a waiting change", codes: codes(auth.NotFound), endpoint: does(cancelChange)},
		{use: "RecoveryCodes", act: auth.ActCodes, who: enrolled, method: http.MethodPost, path: "/recovery-codes",
			summary: "Make ten recovery codes; earlier ones stop working",
			codes:   join(stepCodes(), codes(auth.MethodRefused, auth.KeysOnly)), endpoint: gives(recoveryCodes)},
	}
}

func passwordRoutes() []route {
	return []route{
		{use: "ChangePassword", act: auth.ActNewPassword, who: enrolled, method: http.MethodPost, path: "/password",
			summary: "Change the password; other sessions end", codes: join(stepCodes(), newPasswordCodes(),
				codes(auth.PasswordWrong, auth.SignInLocked)),
			endpoint: takes(changePassword).requires("current", "password")},
		{use: "ChangePasswordByAnswer", act: auth.ActNewPassword, who: enrolled, method: http.MethodPost,
			path:    "/password/by-answer",
			summary: "Change the password with the answer to the security question instead of the current one",
			codes: join(stepCodes(), newPasswordCodes(), guessCodes(), codes(auth.QuestionNotSet,
				auth.AnswerWrong)),
			endpoint: takes(changePasswordByAnswer).requires("answer", "password")},
		{use: "ChangePasswordByCode", act: auth.ActNewPassword, who: enrolled, method: http.MethodPost,
			path:     "/password/by-security-code",
			summary:  "Change the password with the security code instead of the current one",
			codes:    join(stepCodes(), newPasswordCodes(), guessCodes(), securityCodes()),
			endpoint: takes(changePasswordByCode).requires("securityCode", "password")},
		{use: "MailOwnPasswordLink", act: auth.ActMailPassword, who: enrolled, method: http.MethodPost,
			path:     "/password/mail",
			summary:  "Mail the link of a forgotten password to the security e-mail",
			codes:    join(stepCodes(), codes(auth.ResendTooSoon, auth.SendLimitReached)),
			endpoint: gives(mailOwnPasswordLink)},
		{use: "ItWasMe", act: auth.ActItWasMe, who: enrolled, method: http.MethodPost, path: "/password/it-was-me",
			summary: "Say that the wrong second steps in unknown browsers were one's own",
			codes:   stepCodes(), endpoint: does(itWasMe)},
		{use: "KeepPassword", act: auth.ActKeepPassword, who: enrolled, method: http.MethodPost, path: "/password/keep",
			summary: "Put aside the offer of a new password after a temporary code", endpoint: does(keepPassword)},
		{use: "PutOff", act: auth.ActPutOff, who: enrolled, method: http.MethodPost, path: "/reminders/{id}/put-off",
			summary: "Put a reminder of the overview off: not now", codes: codes(auth.NotFound), endpoint: does(putOff)},
	}
}

// resetRoutes are those of a password that is forgotten, and of who does not get in.
func resetRoutes() []route {
	return []route{
		{use: "Puzzle", act: auth.ActLook, who: anyone, method: http.MethodGet, path: "/puzzle",
			summary:  "Begin a puzzle: a picture of signs, or work for a program, in ALTCHA's format",
			endpoint: gives(beginPuzzle)},
		{use: "PuzzlePicture", act: auth.ActLook, who: holder, method: http.MethodGet, path: "/puzzle/{puzzle}",
			summary: "The picture of a puzzle", codes: codes(auth.PuzzleOver), endpoint: draws(puzzlePicture)},
		{use: "Forgot", act: auth.ActForgot, who: anyone, method: http.MethodPost, path: "/forgot",
			summary:  "Mail a link and a code for a new password; the answer is the same for known and unknown",
			codes:    puzzleCodes(),
			endpoint: takes(forgot).requires("identifier")},
		{use: "ForgotCode", act: auth.ActForgotCode, who: holder, method: http.MethodPost, path: "/forgot/code",
			summary:  "Take the mailed code in the browser that asked: the proof for a new password",
			codes:    join(sealedCodes(), codes(auth.CodeWrong, auth.CodeMalformed)),
			endpoint: takes(forgotCode).requires("ceremony", "code")},
		{use: "ForgotPhone", act: auth.ActForgotPhone, who: anyone, method: http.MethodPost, path: "/forgot/phone",
			summary:  "Text a code to a number that an account has proved; the answer is the same for one that nobody has",
			codes:    join(puzzleCodes(), numberCodes(), codes(auth.ResendTooSoon, auth.PhoneResetLater)),
			endpoint: takes(forgotPhone).requires("phone")},
		{use: "ForgotPhoneCode", act: auth.ActForgotCode, who: holder, method: http.MethodPost, path: "/forgot/phone/code",
			summary: "Take the texted code in the browser that asked",
			codes: join(sealedCodes(), codes(auth.CodeWrong, auth.CodeMalformed, auth.NumberIsOnlyStep,
				auth.UserNameClosed)),
			endpoint: takes(forgotPhoneCode).requires("ceremony", "code")},
		{use: "ForgotUserName", act: auth.ActForgotName, who: holder, method: http.MethodPost, path: "/forgot/phone/name",
			summary: "Take the user name after that code: the proof for a new password",
			codes: join(sealedCodes(), codes(auth.UserNameMissing, auth.UserNameMalformed, auth.UserNameWrong,
				auth.UserNameClosed, auth.NumberIsOnlyStep)),
			endpoint: takes(forgotUserName).requires("ceremony", "userName")},
		{use: "ResetByCode", act: auth.ActReset, who: holder, method: http.MethodPost, path: "/forgot/code/password",
			summary:  "Set a new password by that proof; signs nobody in",
			codes:    join(sealedCodes(), newPasswordCodes()),
			endpoint: doesWith(resetByCode).requires("ceremony", "password")},
		{use: "ResetPassword", act: auth.ActReset, who: holder, method: http.MethodPost, path: "/forgot/password",
			link:     true,
			summary:  "Set a new password by the mailed link; signs nobody in",
			codes:    join(newPasswordCodes(), codes(auth.LinkUsed)),
			endpoint: doesWith(resetPassword).requires("link", "password")},
		{use: "MakeTicket", act: auth.ActTicket, who: anyone, method: http.MethodPost, path: "/tickets",
			summary: "Keep what a browser found out about itself under a number that can be read to support; " +
				"it proves nothing",
			codes:    codes(auth.TicketLater),
			endpoint: takes(makeTicket)},
		{use: "SignInTemporary", act: auth.ActTemporary, who: holder, method: http.MethodPost, path: "/forgot/sign-in",
			link:     true,
			summary:  "Sign in by the mailed link or that proof instead of the password, once; the second step follows",
			codes:    join(sealedCodes(), openingCodes(), codes(auth.LinkUsed, auth.MethodRefused)),
			endpoint: takes(signInTemporary)},
	}
}

// secretRoutes are those of what only the owner knows, beside the password.
func secretRoutes() []route {
	return []route{
		{use: "OwnQuestion", act: auth.ActOwnQuestion, who: enrolled, method: http.MethodGet, path: "/question",
			summary: "The account's security question, \"\" for none", codes: stepCodes(),
			endpoint: gives(ownQuestion)},
		{use: "SetQuestion", act: auth.ActQuestion, who: enrolled, method: http.MethodPost, path: "/question",
			summary: "Set the security question, or another one",
			codes: join(stepCodes(), codes(auth.QuestionMissing, auth.QuestionTooLong, auth.AnswerMissing,
				auth.AnswerTooPlain)),
			endpoint: doesWith(setQuestion).requires("question", "answer")},
		{use: "RemoveQuestion", act: auth.ActQuestion, who: enrolled, method: http.MethodDelete, path: "/question",
			summary: "Take the security question away", codes: join(stepCodes(), codes(auth.QuestionNotSet)),
			endpoint: does(removeQuestion)},
		{use: "SetSecurityCode", act: auth.ActSetSecurityCode, who: enrolled, method: http.MethodPost,
			path:    "/security-code",
			summary: "Make the security code, shown once; it is never replaced",
			codes:   join(stepCodes(), codes(auth.SecurityCodeSet)), endpoint: gives(setSecurityCode)},
		{use: "ShowSecurityCode", act: auth.ActSecurityCode, who: enrolled, method: http.MethodPost,
			path:     "/security-code/use",
			summary:  "Show the security code: for ten minutes a fresh second step counts as a strong one",
			codes:    join(stepCodes(), guessCodes(), securityCodes()),
			endpoint: takes(showSecurityCode).requires("securityCode")},
	}
}

func contactRoutes() []route {
	return []route{
		{use: "ChangeEmail", act: auth.ActContact, who: enrolled, method: http.MethodPost, path: "/contact/email",
			summary: "Mail a link to a new security e-mail; the same for an address that is taken",
			codes: join(stepCodes(), codes(auth.EmailMalformed, auth.MailboxResets, auth.ResendTooSoon,
				auth.SendLimitReached)),
			endpoint: takes(changeEmail).requires("email")},
		{use: "ConfirmEmail", act: auth.ActConfirmEmail, who: enrolled, method: http.MethodPost,
			path:     "/contact/email/confirm",
			summary:  "Change the security e-mail by the mailed link, in a session of the account that asked",
			codes:    codes(auth.LinkUsed, auth.LinkOtherAccount, auth.MailboxResets),
			endpoint: takes(confirmEmail).requires("link")},
		{use: "ChangePhone", act: auth.ActContact, who: enrolled, method: http.MethodPost, path: "/contact/phone",
			summary:  "Set the number that names the account at sign-in; \"\" takes it away",
			codes:    join(stepCodes(), codes(auth.PhoneNoCountry, auth.PhoneMalformed)),
			endpoint: takes(changePhone).requires("phone")},
		{use: "ChangeUserName", act: auth.ActUserName, who: enrolled, method: http.MethodPost, path: "/user-name",
			summary: "Give the account another user name; that of the sign-up stays on record",
			codes: join(stepCodes(), codes(auth.UserNameMissing, auth.UserNameMalformed, auth.UserNameIsPassword,
				auth.SignInLocked)),
			endpoint: takes(changeUserName).requires("userName")},
	}
}

func codes(c ...auth.Code) []auth.Code      { return c }
func join(lists ...[]auth.Code) []auth.Code { return slices.Concat(lists...) }

// alwaysCodes are those that any route may refuse with.
func alwaysCodes() []auth.Code {
	return codes(auth.TooManyRequests, auth.Unavailable, auth.Internal, auth.CrossOrigin, auth.MethodNotAllowed)
}

func bodyCodes() []auth.Code {
	return codes(auth.MalformedRequest, auth.UnknownMember, auth.DuplicateMember, auth.TooLarge, auth.TooSlow,
		auth.CookiesOff)
}
func pictureCodes() []auth.Code {
	return codes(auth.MalformedRequest, auth.TooSlow, auth.CookiesOff, auth.PictureMissing, auth.PictureUnknown,
		auth.PictureHEIC, auth.PicturePDF, auth.PictureTooLarge, auth.PictureDamaged, auth.PicturesFull)
}
func sessionCodes() []auth.Code { return codes(auth.SessionRequired, auth.SessionEnded) }
func stepCodes() []auth.Code    { return codes(auth.StepUpRequired, auth.TooWeak) }
func sealedCodes() []auth.Code {
	return codes(auth.CeremonyExpired, auth.CeremonyVoid, auth.CeremonyUsed, auth.CeremonyOtherBrowser,
		auth.AccountDisabled)
}

// openingCodes are those of every act that may end in a new session: of an account that a response of the staff has frozen
// only what its owner had before lets in.
func openingCodes() []auth.Code { return codes(auth.AccountHeld) }

func methodCodes() []auth.Code {
	return codes(auth.NoSuchMethod, auth.MethodResting, auth.MethodDisabled, auth.MethodRefused)
}
func sendCodes() []auth.Code {
	return codes(auth.ResendTooSoon, auth.SendLimitReached, auth.PhoneLandline, auth.CountryNotServed)
}
func numberCodes() []auth.Code {
	return codes(auth.PhoneMissing, auth.PhoneMalformed, auth.PhoneNoCountry, auth.PhoneOtherCountry, auth.PhoneLandline,
		auth.CountryNotServed)
}
func typedCodes() []auth.Code {
	return codes(auth.CodeWrong, auth.CodeMalformed, auth.CodeLayout, auth.CodeIncomplete, auth.CodeUsed,
		auth.CodeExpired, auth.CodeUnavailable, auth.AppClock,
		auth.RecoveryWrong, auth.RecoveryUsed)
}
func keyCodes() []auth.Code {
	return codes(auth.KeyMalformed, auth.KeyWrong, auth.KeyChallengeWrong, auth.KeyOriginWrong, auth.KeyRPIDWrong,
		auth.KeyTypeWrong,
		auth.KeyNoTouch, auth.KeyNotVerified, auth.KeySignatureWrong, auth.KeyAlgorithm, auth.KeyNotUSB,
		auth.KeyExcluded,
		auth.KeyAttestationFormat, auth.KeyAttestationMalformed, auth.KeyAttestationForged,
		auth.KeyAttestationCertificate, auth.KeyAttestationExpired,
		auth.KeyModelRefused, auth.KeyModelRevoked, auth.KeySynced, auth.KeyLevelTooLow, auth.KeyAttestation,
		auth.KeyFrozen, auth.KeyBackupFlags, auth.KeyUserHandleWrong)
}
func newPasswordCodes() []auth.Code {
	return codes(auth.PasswordTooShort, auth.PasswordTooLong, auth.PasswordNoUpper, auth.PasswordNoLower,
		auth.PasswordNoDigit,
		auth.PasswordNoSign, auth.PasswordIsUserName, auth.PasswordTooCommon, auth.PasswordTooSimple,
		auth.PasswordBreached, auth.Unavailable)
}
func puzzleCodes() []auth.Code {
	return codes(auth.PuzzleNeeded, auth.PuzzleWrong, auth.PuzzleOver)
}
func signUpCodes() []auth.Code {
	return join(newPasswordCodes(), numberCodes(), codes(auth.NameMissing, auth.NameTooLong, auth.UserNameMissing,
		auth.UserNameMalformed, auth.TermsNotAccepted, auth.LinkUsed, auth.SignedUp))
}
func guessCodes() []auth.Code { return codes(auth.MethodResting, auth.MethodDisabled) }
func securityCodes() []auth.Code {
	return codes(auth.SecurityCodeNotSet, auth.SecurityCodeWrong, auth.SecurityCodeWaits)
}
func removeCodes() []auth.Code {
	return join(stepCodes(), codes(auth.NoSuchMethod, auth.ChangePending, auth.ChangePaused, auth.MailboxResets,
		auth.KeysOnlyLastKey, auth.NotFound))
}

// answers lists every code that the route may refuse with, for the contract.
func (r *route) answers() []auth.Code {
	list := join(alwaysCodes(), r.codes)
	if r.in != nil {
		list = append(list, bodyCodes()...)
	}
	if r.file {
		list = append(list, pictureCodes()...)
	}
	switch r.who {
	case session:
		list = append(list, sessionCodes()...)
	case enrolled:
		list = append(append(list, sessionCodes()...), auth.MustEnrol)
	}
	if r.who == session || r.who == holder { // what a restricted session may not do
		list = append(list, auth.MustEnrol)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
