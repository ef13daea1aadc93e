package server

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// recoveryRoutes are the use cases of who has lost every second step, and of the owner whose account it is said to be.
func recoveryRoutes() []route {
	said := codes(auth.LinkUsed, auth.CaseMoved, auth.StoryMissing, auth.StoryTooLong)
	return []route{
		{use: "Ask", act: recovery.ActAsk, who: anyone, method: http.MethodPost, path: "/recovery",
			summary:  "Mail a link that opens a recovery case; the answer is the same for known and unknown",
			codes:    join(puzzleCodes(), codes(auth.NotFound, auth.LostMissing, auth.EmailMalformed)),
			endpoint: doesWith(askRecovery).requires("identifier", "lost")},
		{use: "Case", act: recovery.ActLook, who: holder, method: http.MethodPost, path: "/recovery/case", link: true,
			summary: "Where a case stands", codes: codes(auth.LinkUsed),
			endpoint: takes(lookCase).requires("link")},
		{use: "OpenCase", act: recovery.ActOpen, who: holder, method: http.MethodPost, path: "/recovery/case/open",
			link: true, summary: "Open the case that was asked for; the account's owner hears of it",
			codes: codes(auth.LinkUsed, auth.CaseMoved, auth.SignedUp), endpoint: takes(openCase).requires("link")},
		{use: "AnswerCase", act: recovery.ActAnswer, who: holder, method: http.MethodPost, path: "/recovery/case/answer",
			link: true, summary: "Say what reviewers need to know: the case is theirs from then on", codes: said,
			endpoint: takes(answerCase).requires("link", "text")},
		{use: "AppealCase", act: recovery.ActAppeal, who: holder, method: http.MethodPost, path: "/recovery/case/appeal",
			link: true, summary: "Appeal against a refusal, once", codes: said,
			endpoint: takes(appealCase).requires("link", "text")},
		{use: "WithdrawCase", act: recovery.ActWithdraw, who: holder, method: http.MethodPost,
			path: "/recovery/case/withdraw", link: true, summary: "End one's own case",
			codes: codes(auth.LinkUsed, auth.CaseMoved), endpoint: takes(withdrawCase).requires("link")},
		{use: "Objection", act: recovery.ActLook, who: holder, method: http.MethodPost, path: "/recovery/objection",
			link: true, summary: "The case that the link in an owner's notice is about", codes: codes(auth.LinkUsed),
			endpoint: takes(lookObjection).requires("link")},
		{use: "ObjectCase", act: recovery.ActObject, who: holder, method: http.MethodPost,
			path: "/recovery/objection/confirm", link: true,
			summary: "Make a case wait by the link in a notice, once", codes: codes(auth.LinkUsed),
			endpoint: takes(objectCase).requires("link")},
		{use: "OwnCases", act: recovery.ActOwn, who: enrolled, method: http.MethodGet, path: "/recovery-cases",
			summary: "The cases about the account from which something may still come", endpoint: gives(ownCases)},
		{use: "StopCase", act: recovery.ActStop, who: enrolled, method: http.MethodDelete, path: "/recovery-cases/{case}",
			summary: "Stop a case with a method that it does not name as lost; with others it waits",
			codes:   join(stepCodes(), codes(auth.NotFound)), endpoint: gives(stopCase)},
	}
}

type (
	caseBody struct {
		Identifier, NewEmail string
		Lost                 []recovery.Thing
		Puzzle, Signs, Work  string
	}
	saidBody struct{ Link, Text string }
	caseList struct{ Cases []recovery.OwnCase }
)

func askRecovery(x *request, in *caseBody) error {
	return x.s.recovery.Ask(x.r.Context(), x.caller, recovery.AskForm{Identifier: in.Identifier, NewEmail: in.NewEmail,
		Lost: in.Lost, PuzzleAnswer: auth.PuzzleAnswer{Puzzle: in.Puzzle, Signs: in.Signs, Work: in.Work}})
}

func lookCase(x *request, in *linkBody) (*recovery.CaseInfo, error) {
	return x.s.recovery.Case(x.r.Context(), x.caller, in.Link)
}

func openCase(x *request, in *linkBody) (*recovery.CaseInfo, error) {
	return x.s.recovery.OpenCase(x.r.Context(), x.caller, in.Link)
}

func answerCase(x *request, in *saidBody) (*recovery.CaseInfo, error) {
	return x.s.recovery.AnswerCase(x.r.Context(), x.caller, in.Link, in.Text)
}

func appealCase(x *request, in *saidBody) (*recovery.CaseInfo, error) {
	return x.s.recovery.AppealCase(x.r.Context(), x.caller, in.Link, in.Text)
}

func withdrawCase(x *request, in *linkBody) (*recovery.CaseInfo, error) {
	return x.s.recovery.WithdrawCase(x.r.Context(), x.caller, in.Link)
}

func lookObjection(x *request, in *linkBody) (*recovery.OwnCase, error) {
	return x.s.recovery.Objection(x.r.Context(), x.caller, in.Link)
}

func objectCase(x *request, in *linkBody) (*recovery.OwnCase, error) {
	return x.s.recovery.ObjectCase(x.r.Context(), x.caller, in.Link)
}

func ownCases(x *request) (*caseList, error) {
	list, err := x.s.recovery.OwnCases(x.r.Context(), x.caller)
	return &caseList{list}, err
}

func stopCase(x *request) (*recovery.StopInfo, error) {
	return x.s.recovery.StopCase(x.r.Context(), x.caller, x.param("case"))
}
