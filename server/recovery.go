package server

import (
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// recoveryRoutes are the use cases of who has lost every second step, and of the owner whose account it is said to be.
func recoveryRoutes() []route { return append(caseRoutes(), notMeRoutes()...) }

// notMeRoutes show what "this was not me" has opened.
func notMeRoutes() []route {
	return []route{
		{use: "Reported", act: recovery.ActLook, who: holder, method: http.MethodPost, path: "/undo/case", link: true,
			summary: "The case that “this was not me” has opened, by the link in a notice that was used for it",
			codes:   codes(auth.LinkUsed), endpoint: takes(lookReported).requires("link")},
		{use: "OwnReports", act: recovery.ActOwn, who: enrolled, method: http.MethodGet, path: "/not-me-cases",
			summary: "What “this was not me” has opened for the account", endpoint: gives(ownReports)},
	}
}

func caseRoutes() []route {
	said := codes(auth.LinkUsed, auth.CaseMoved, auth.StoryMissing, auth.StoryTooLong, auth.PicturePreparing)
	return []route{
		{use: "Ask", act: recovery.ActAsk, who: anyone, method: http.MethodPost, path: "/recovery",
			summary: "Mail a link that opens a recovery case; the answer is the same for known and unknown",
			codes: join(puzzleCodes(), codes(auth.NotFound, auth.LostMissing, auth.EmailMalformed, auth.NameMissing,
				auth.NameTooLong)),
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
		{use: "AddPicture", act: recovery.ActShow, who: holder, method: http.MethodPost,
			path: "/recovery/case/{link}/pictures", file: true, link: true,
			summary: "Add a picture of a document, a JPEG or PNG of at most 10 MB, made anew, or a PDF, whose pages follow",
			codes:   codes(auth.LinkUsed, auth.CaseMoved), endpoint: gives(addPicture)},
		{use: "RemovePicture", act: recovery.ActUnshow, who: holder, method: http.MethodDelete,
			path: "/recovery/case/{link}/pictures/{picture}", link: true,
			summary: "Take a picture away that was not sent yet, or a PDF",
			codes:   codes(auth.LinkUsed, auth.CaseMoved, auth.NotFound), endpoint: gives(removePicture)},
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
		{use: "CasesToVouch", act: recovery.ActToVouch, who: enrolled, method: http.MethodGet,
			path:    "/shops/{shop}/recovery-cases",
			summary: "The cases of a shop's people for which the caller's word counts", codes: codes(auth.NotFound),
			endpoint: gives(casesToVouch)},
		{use: "CaseToVouch", act: recovery.ActToVouch, who: enrolled, method: http.MethodGet,
			path: "/recovery-cases/{case}/vouch", summary: "What the caller's word for a colleague would be for",
			codes: codes(auth.NotFound), endpoint: gives(caseToVouch)},
		{use: "Vouch", act: recovery.ActVouch, who: enrolled, method: http.MethodPost,
			path:     "/recovery-cases/{case}/vouch",
			summary:  "Vouch for a colleague, whom one has spoken to, with a strong method of a week at least",
			codes:    join(stepCodes(), codes(auth.NotFound, auth.SpokeMissing, auth.VouchTooNew, auth.ChangePaused)),
			endpoint: takes(vouch).requires("spoke")},
		{use: "TakeWordBack", act: recovery.ActUnvouch, who: enrolled, method: http.MethodDelete,
			path: "/recovery-cases/{case}/vouch", summary: "Take one's word for a colleague back",
			codes: codes(auth.NotFound), endpoint: does(takeWordBack)},
	}
}

type (
	caseBody struct {
		Identifier, NewEmail string
		Lost                 []recovery.Thing
		Puzzle, Signs, Work  string
		TakesOver            bool
		Name                 string
	}
	saidBody   struct{ Link, Text string }
	caseList   struct{ Cases []recovery.OwnCase }
	reportList struct{ Cases []recovery.ReportInfo }

	vouchBody struct{ Spoke bool }
	vouchList struct{ Cases []recovery.VouchInfo }
)

func askRecovery(x *request, in *caseBody) error {
	return x.s.recovery.Ask(x.r.Context(), x.caller, recovery.AskForm{Identifier: in.Identifier, NewEmail: in.NewEmail,
		Lost: in.Lost, TakesOver: in.TakesOver, Name: in.Name, PuzzleAnswer: auth.PuzzleAnswer{Puzzle: in.Puzzle, Signs: in.Signs, Work: in.Work}})
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

func addPicture(x *request) (*recovery.CaseInfo, error) { return x.receivePicture("") }

// receivePicture reads the picture that is sent: once its case has said that it takes one, and not before.
func (x *request) receivePicture(field string) (*recovery.CaseInfo, error) {
	ctx, link := x.r.Context(), x.param("link")
	if err := x.s.recovery.AdmitPicture(ctx, x.caller, link); err != nil {
		return nil, err
	}
	file, err := x.File(field, recovery.MaxPicture)
	if field != "" {
		x.posted = x.Beside
	}
	if errors.Is(err, auth.Refuse(auth.TooLarge)) {
		err = auth.RefuseField(auth.PictureTooLarge, "picture")
	}
	if err != nil {
		return nil, err
	}
	if !x.program {
		x.caller.Request = x.Fingerprint() // by what was sent
	}
	return x.s.recovery.AddPicture(ctx, x.caller, link, file)
}

func removePicture(x *request) (*recovery.CaseInfo, error) {
	return x.s.recovery.RemovePicture(x.r.Context(), x.caller, x.param("link"), x.param("picture"))
}

// Uploads implements web.Uploader.
func (x *request) Uploads() bool {
	path := strings.TrimPrefix(strings.TrimPrefix(x.r.URL.Path, x.s.site.Base), apiBase)
	rest, ofCase := strings.CutPrefix(path, "/recovery/case/")
	link, ofPicture := strings.CutSuffix(rest, "/pictures")
	return x.r.Method == http.MethodPost && ofCase && ofPicture && !strings.Contains(link, "/")
}

func withdrawCase(x *request, in *linkBody) (*recovery.CaseInfo, error) {
	return x.s.recovery.WithdrawCase(x.r.Context(), x.caller, in.Link)
}

func lookReported(x *request, in *linkBody) (*recovery.ReportInfo, error) {
	return x.s.recovery.Reported(x.r.Context(), x.caller, in.Link)
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

func ownReports(x *request) (*reportList, error) {
	list, err := x.s.recovery.OwnReports(x.r.Context(), x.caller)
	return &reportList{list}, err
}

func stopCase(x *request) (*recovery.StopInfo, error) {
	return x.s.recovery.StopCase(x.r.Context(), x.caller, x.param("case"))
}

func casesToVouch(x *request) (*vouchList, error) {
	list, err := x.s.recovery.CasesToVouch(x.r.Context(), x.caller, x.param("shop"))
	return &vouchList{list}, err
}

func caseToVouch(x *request) (*recovery.VouchInfo, error) {
	return x.s.recovery.CaseToVouch(x.r.Context(), x.caller, x.param("case"))
}

func vouch(x *request, in *vouchBody) (*recovery.VouchInfo, error) {
	return x.s.recovery.Vouch(x.r.Context(), x.caller, x.param("case"), in.Spoke)
}

func takeWordBack(x *request) error {
	return x.s.recovery.TakeWordBack(x.r.Context(), x.caller, x.param("case"))
}
