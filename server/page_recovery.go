package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

func recoveryPages() []page {
	return []page{
		{path: "/recovery", who: anyone, get: recoveryPage},
		{path: "/recovery/ask", who: anyone, uses: []string{"Puzzle", "PuzzlePicture", "Ask"}, get: recoveryAsk,
			post: recoveryAskPost},
		{path: "/recovery/bought", who: anyone, uses: []string{"Puzzle", "PuzzlePicture", "Ask"}, get: boughtAsk,
			post: boughtAskPost},
		{path: "/recovery/sent", who: anyone, get: recoverySent},
		{path: "/recovery/case/{link}", who: holder, uses: []string{"Case"}, get: casePage},
		{path: "/recovery/case/{link}/open", who: holder, uses: []string{"OpenCase"}, get: toCase, post: caseOpenPost},
		{path: "/recovery/case/{link}/answer", who: holder, uses: []string{"AnswerCase"}, get: toCase,
			post: caseAnswerPost},
		{path: "/recovery/case/{link}/appeal", who: holder, uses: []string{"AppealCase"}, get: toCase,
			post: caseAppealPost},
		{path: "/recovery/case/{link}/pictures", who: holder, uses: []string{"AdmitPicture", "AddPicture"}, get: toCase,
			post: casePicturePost, file: true},
		{path: "/recovery/case/{link}/pictures/{picture}", who: holder, uses: []string{"RemovePicture"}, get: toCase,
			post: casePictureRemovePost},
		{path: "/recovery/case/{link}/look", who: holder, uses: []string{"Case"}, get: toCase, post: caseLookPost},
		{path: "/recovery/case/{link}/withdraw", who: holder, uses: []string{"WithdrawCase"},
			get: caseWithdrawPage, post: caseWithdrawPost},
		{path: "/recovery/stop/{link}", who: holder, uses: []string{"Objection", "ObjectCase"}, get: objectionPage,
			post: objectionPost},
		{path: "/security/recovery/{case}", who: enrolled, what: "recovery", uses: []string{"StepUp", "OwnCases",
			"StopCase"},
			get: ownCasePage, post: ownCasePost},
		{path: "/security/vouch/{case}", who: enrolled, what: "vouch", uses: []string{"StepUp", "CaseToVouch", "Vouch"},
			get: vouchPage, post: vouchPost},
		{path: "/security/vouch/{case}/back", who: enrolled, uses: []string{"TakeWordBack"}, get: toVouch,
			post: vouchBackPost},
	}
}

func hours(d time.Duration) int { return int(d / time.Hour) }

// recoveryPage says which ways are open, and how fast each is.
func recoveryPage(x *request) error {
	t := x.s.recovery.Times()
	return x.show(http.StatusOK, &assets.Recovery{Frame: x.frame(), Cases: t.Cases, Vouching: t.Vouching,
		Hours: hours(t.Target), Word: hours(t.DelayWord), Wait: hours(t.Delay), WaitNew: hours(t.DelayNew),
		Removal: hours(x.s.config.Policy.RemovalDelay),
		Code:    hours(x.s.config.Policy.CodeDelay)})
}

// lostField is the box of a thing.
func lostField(t recovery.Thing) string { return "lost-" + string(t) }

// recoveryAsk shows a new puzzle each time.
func recoveryAsk(x *request) error {
	if !x.s.recovery.MayAsk() {
		return x.redirect("/recovery")
	}
	v := &assets.RecoveryAsk{Frame: x.frame(), Identifier: x.identifier(), Email: x.field("new-email")}
	for _, t := range recovery.Things() {
		v.Things = append(v.Things, assets.Tick{Name: string(t), On: x.field(lostField(t)) != ""})
	}
	return x.showAsk(v)
}

// boughtAsk is for who has taken an account over whose former owner does not hand it over.
func boughtAsk(x *request) error {
	if !x.s.recovery.Times().Cases {
		return x.redirect("/help/bought")
	}
	return x.showAsk(&assets.RecoveryAsk{Frame: x.frame(), Identifier: x.field("identifier"), Email: x.field("new-email"),
		Takes: true, Name: x.field("name")})
}

// showAsk shows a form with a new puzzle.
func (x *request) showAsk(v *assets.RecoveryAsk) error {
	p, err := x.s.service.Puzzle(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	work, err := json.Marshal(p.Work)
	if err != nil {
		return fmt.Errorf("writing the work of a puzzle: %w", err)
	}
	v.Puzzle = p.Puzzle
	v.Picture = apiBase + "/puzzle/" + p.Puzzle
	v.Work = string(work)
	return x.show(http.StatusOK, v)
}

// recoveryAskPost answers alike for known and unknown.
func recoveryAskPost(x *request) error {
	f := recovery.AskForm{Identifier: strings.TrimSpace(x.field("identifier")), NewEmail: strings.TrimSpace(x.field("new-email"))}
	for _, t := range recovery.Things() {
		if x.field(lostField(t)) != "" {
			f.Lost = append(f.Lost, t)
		}
	}
	return x.ask(f)
}

func boughtAskPost(x *request) error {
	return x.ask(recovery.AskForm{Identifier: strings.TrimSpace(x.field("identifier")), TakesOver: true,
		NewEmail: strings.TrimSpace(x.field("new-email")), Name: x.field("name")})
}

func (x *request) ask(f recovery.AskForm) error {
	f.PuzzleAnswer = auth.PuzzleAnswer{Puzzle: x.field("puzzle"), Signs: x.field("signs"), Work: x.field("work")}
	if err := x.s.recovery.Ask(x.r.Context(), x.caller, f); err != nil {
		return x.refuseTo(x.local(), err)
	}
	return x.redirect("/recovery/sent")
}

func recoverySent(x *request) error {
	return x.show(http.StatusOK, &assets.RecoverySent{Frame: x.frame()})
}

// casePath is the path of the case that this page is about.
func (x *request) casePath() string { return "/recovery/case/" + x.param("link") }

func toCase(x *request) error { return x.redirect(x.casePath()) }

func casePage(x *request) error {
	v := &assets.RecoveryCase{Frame: x.frame(), Link: x.param("link"), Typed: x.field("text")}
	info, err := x.s.recovery.Case(x.r.Context(), x.caller, v.Link)
	if err != nil {
		return x.deadLink(&v.Frame, &v.Link, err, v)
	}
	v.State, v.Email = string(info.State), string(info.NewEmail)
	v.Takes = info.TakesOver
	v.Clock = assets.CaseClock{Hours: info.Clock.Hours, Used: info.Clock.Used / 60, Above: info.Clock.Used % 60,
		Due: info.Clock.Due, Paused: info.Clock.Paused}
	v.Reason, v.MayAppeal = string(info.Reason), info.MayAppeal
	v.Due, v.Until = info.Due, info.Until
	v.Payout = info.Payout
	v.Reviewed, v.Vouching = info.Reviewed, string(info.Vouching)
	v.Words = info.Words
	v.Word = hours(x.s.recovery.Times().DelayWord)
	for _, s := range info.Steps {
		said := assets.Said{At: s.At, Own: s.Own, Text: s.Text}
		for _, w := range s.Wants {
			said.Want = append(said.Want, string(w))
		}
		v.Said = append(v.Said, said)
	}
	v.Shown = shownPictures(info)
	v.Shown.Days = hours(x.s.recovery.Times().Retention) / 24
	return x.show(http.StatusOK, v)
}

func shownPictures(info *recovery.CaseInfo) assets.ShownPictures {
	v := assets.ShownPictures{May: info.MayShow, PDF: info.PDF, Left: info.Left, Most: recovery.MaxPictures, Shred: info.ShredAt,
		Shredded: info.Shredded}
	for _, w := range info.Wants {
		v.Wanted = v.Wanted || w == recovery.WantDocument
	}
	for i, p := range info.Pictures {
		v.Pictures = append(v.Pictures, assets.ShownPicture{ID: p.ID, Number: i + 1, At: p.At, Sent: p.Sent})
	}
	for _, d := range info.Drafts {
		v.Drafts = append(v.Drafts, assets.ShownDraft{ID: d.ID, At: d.At, Why: string(d.Why)})
	}
	return v
}

func casePicturePost(x *request) error {
	info, err := x.receivePicture("picture")
	if err != nil {
		return x.refuseTo(x.casePath(), err)
	}
	key := "picture-added"
	if isPreparing(info) {
		key = "pdf-added"
	}
	return x.backToCase(flash{Key: key})
}

// isPreparing reports whether a PDF of a case is being prepared.
func isPreparing(c *recovery.CaseInfo) bool {
	return slices.ContainsFunc(c.Drafts, func(d recovery.DraftInfo) bool { return d.Why == "" })
}

func casePictureRemovePost(x *request) error {
	_, err := removePicture(x)
	if errors.Is(err, auth.Refuse(auth.NotFound)) { // removed in another tab, or sent
		err = auth.Refuse(auth.CaseMoved)
	}
	if err != nil {
		return x.refuseTo(x.casePath(), err)
	}
	return x.backToCase(flash{Key: "picture-removed"})
}

// caseLookPost looks again at what is being prepared: a plain link would lose what is written beside it.
func caseLookPost(x *request) error {
	info, err := x.s.recovery.Case(x.r.Context(), x.caller, x.param("link"))
	if err != nil {
		return x.refuseTo(x.casePath(), err)
	}
	if isPreparing(info) {
		return x.backToCase(flash{Key: "pdf-looked", Tone: "info"})
	}
	return x.backToCase(flash{Key: "pdf-ready", Tone: "info"})
}

// backToCase goes back to the case, with what was written there and is not sent yet.
func (x *request) backToCase(said flash) error {
	x.leaveFlash(said)
	return x.backWithTyped(x.casePath())
}

// moved goes on to the case, which says where it stands by now.
func (x *request) moved(err error) error {
	if err != nil {
		return x.refuseTo(x.casePath(), err)
	}
	return toCase(x)
}

func caseOpenPost(x *request) error {
	_, err := x.s.recovery.OpenCase(x.r.Context(), x.caller, x.param("link"))
	return x.moved(err)
}

func caseAnswerPost(x *request) error {
	_, err := x.s.recovery.AnswerCase(x.r.Context(), x.caller, x.param("link"), x.field("text"))
	return x.moved(err)
}

func caseAppealPost(x *request) error {
	_, err := x.s.recovery.AppealCase(x.r.Context(), x.caller, x.param("link"), x.field("text"))
	return x.moved(err)
}

// caseWithdrawPage asks first.
func caseWithdrawPage(x *request) error {
	if _, err := x.s.recovery.Case(x.r.Context(), x.caller, x.param("link")); err != nil {
		return toCase(x) // which says what is wrong with the link
	}
	return x.show(http.StatusOK, &assets.RecoveryWithdraw{Frame: x.frame(), Link: x.param("link")})
}

func caseWithdrawPost(x *request) error {
	_, err := x.s.recovery.WithdrawCase(x.r.Context(), x.caller, x.param("link"))
	return x.moved(err)
}

func caseLine(c *recovery.OwnCase) assets.CaseLine {
	return assets.CaseLine{ID: c.ID, At: c.OpenedAt, Email: string(c.NewEmail), Due: c.Due, Waits: c.Objected,
		Lost: thingNames(c.Lost), Takes: c.TakesOver}
}

func objectionPage(x *request) error {
	v := &assets.RecoveryStop{Frame: x.frame(), Link: x.param("link")}
	info, err := x.s.recovery.Objection(x.r.Context(), x.caller, v.Link)
	if err != nil {
		return x.deadLink(&v.Frame, &v.Link, err, v)
	}
	v.CaseLine = caseLine(info)
	return x.show(http.StatusOK, v)
}

func objectionPost(x *request) error {
	if _, err := x.s.recovery.ObjectCase(x.r.Context(), x.caller, x.param("link")); err != nil {
		return x.refuseTo(x.local(), err)
	}
	return x.redirect("/done/case-waits")
}

// ownCasePage asks for a fresh second step first: what it is decides what the owner's word is worth.
func ownCasePage(x *request) error {
	if err := x.mayNow(recovery.ActStop); err != nil {
		return err
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	list, err := x.s.recovery.OwnCases(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(c recovery.OwnCase) bool { return c.ID == x.param("case") })
	if at < 0 {
		return auth.Refuse(auth.NotFound)
	}
	return x.show(http.StatusOK, &assets.RecoveryOwn{Frame: f, CaseLine: caseLine(&list[at])})
}

func ownCasePost(x *request) error {
	info, err := x.s.recovery.StopCase(x.r.Context(), x.caller, x.param("case"))
	switch {
	case errors.Is(err, auth.Refuse(auth.NotFound)): // withdrawn, refused or done since
		return x.refuseTo("/security", err)
	case err != nil:
		return x.refuseTo(x.local(), err)
	case info.Stopped:
		x.leaveFlash(flash{Key: "case-stopped"})
	default:
		x.leaveFlash(flash{Key: "case-waits", Tone: "warn"})
	}
	return x.redirect("/security")
}

// vouchPage shows what somebody would vouch for. It asks for the strong proof first: who the colleague is, and what
// he has lost, is for nobody who has found a session.
func vouchPage(x *request) error {
	if err := x.mayNow(recovery.ActVouch); err != nil {
		return err
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	info, err := x.s.recovery.CaseToVouch(x.r.Context(), x.caller, x.param("case"))
	if err != nil {
		return err
	}
	t := x.s.recovery.Times()
	v := &assets.Vouch{Frame: f, CaseLine: assets.CaseLine{ID: info.ID, At: info.OpenedAt, Email: string(info.NewEmail),
		Due: info.Due, Lost: thingNames(info.Lost)}, Name: info.Name, Mailbox: string(info.MaskedEmail), Given: info.Given,
		More: info.More, Wait: hours(t.DelayWord)}
	if info.NewEmail != "" {
		v.Wait = hours(t.DelayNew)
	}
	return x.show(http.StatusOK, v)
}

func thingNames(list []recovery.Thing) []string {
	var names []string
	for _, t := range list {
		names = append(names, string(t))
	}
	return names
}

func (x *request) vouchPath() string { return "/security/vouch/" + x.param("case") }

func toVouch(x *request) error { return x.redirect(x.vouchPath()) }

func vouchPost(x *request) error {
	if _, err := x.s.recovery.Vouch(x.r.Context(), x.caller, x.param("case"), x.field("spoke") != ""); err != nil {
		return x.refuseTo(x.vouchPath(), err)
	}
	x.leaveFlash(flash{Key: "vouched"})
	return toVouch(x)
}

func vouchBackPost(x *request) error {
	return x.toldOn("/shop", "vouch-back", x.s.recovery.TakeWordBack(x.r.Context(), x.caller, x.param("case")))
}
