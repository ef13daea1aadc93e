package desk

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

func casePages() []page {
	return []page{
		{path: "/desk/recovery", act: recovery.ActQueue, get: casesPage},
		{path: "/desk/recovery/{case}", act: recovery.ActView, get: casePage},
		{path: "/desk/recovery/{case}/pictures/{picture}", act: recovery.ActPicture, get: casePicture},
		{path: "/desk/recovery/{case}/note", act: recovery.ActNote, back: "/desk/recovery/{case}", post: notePost},
		{path: "/desk/recovery/{case}/more", act: recovery.ActMore, back: "/desk/recovery/{case}", post: morePost},
		{path: "/desk/recovery/{case}/approve", act: recovery.ActApprove, back: "/desk/recovery/{case}", post: approvePost},
		{path: "/desk/recovery/{case}/refuse", act: recovery.ActRefuse, back: "/desk/recovery/{case}", get: refuseAsk, post: refusePost},
	}
}

// reviewer is who acts, as package recovery knows him, and the caller by whom it has him judged again.
func (x *exchange) reviewer(a auth.Action) (recovery.Reviewer, error) {
	who, err := x.d.Staff.Acting(x.r.Context(), x.caller, a)
	if err != nil {
		return recovery.Reviewer{}, err
	}
	return recovery.Reviewer{ID: who.ID, Name: who.Name, Accounts: who.Accounts}, nil
}

func casesPage(x *exchange) error {
	by, err := x.reviewer(recovery.ActQueue)
	if err != nil {
		return err
	}
	page, _ := strconv.Atoi(x.r.URL.Query().Get("page")) // what is none is the first
	queue, err := x.d.Cases.Queue(x.r.Context(), x.caller, by, page)
	if err != nil {
		return err
	}
	v := &assets.DeskCases{Frame: x.frame(), Page: queue.Page, Pages: queue.Pages, Waiting: queue.Waiting,
		Late: queue.Late}
	v.Sooner = queue.Page - 1
	if queue.Page < queue.Pages {
		v.Later = queue.Page + 1
	}
	for _, c := range queue.Items {
		v.Cases = append(v.Cases, assets.DeskCaseLine{ID: c.ID, Number: number(c.ID), At: c.OpenedAt,
			State: string(c.State),
			Clock: clockOf(c.Clock), Approvals: c.Approvals, Needed: c.Needed, Other: c.Other, Notes: c.Notes,
			Takes: c.TakesOver, Checked: c.Checked, Checks: len(recovery.Checks()), Wants: words(c.Wants)})
	}
	return x.show(http.StatusOK, v)
}

// number is how people call a case: the beginning of its id.
func number(id string) string { return id[:min(len(id), 8)] }

func clockOf(c recovery.ClockInfo) assets.CaseClock {
	return assets.CaseClock{Hours: c.Hours, Used: c.Used / 60, Above: c.Used % 60, Due: c.Due, Paused: c.Paused}
}

func casePage(x *exchange) error {
	by, err := x.reviewer(recovery.ActView)
	if err != nil {
		return err
	}
	c, err := x.d.Cases.ViewCase(x.r.Context(), x.caller, by, x.r.PathValue("case"))
	if err != nil {
		return err
	}
	v := &assets.DeskCase{Frame: x.frame(), ID: c.ID, Number: number(c.ID), State: string(c.State),
		Email: string(c.NewEmail),
		At:    c.OpenedAt, Clock: clockOf(c.Clock), Approvals: c.Approvals, Needed: c.Needed, Objected: c.ObjectedAt,
		Takes: c.TakesOver, Name: c.Name, Appealed: c.Appealed, Nobody: c.Account == "", Typed: x.posted.Get("text"), Note: x.posted.Get("note")}
	for _, l := range c.Lost {
		v.Lost = append(v.Lost, string(l))
	}
	for _, s := range c.Steps {
		said := assets.Said{At: s.At, Own: s.Own, Text: s.Text}
		said.Want = words(s.Wants)
		v.Said = append(v.Said, said)
	}
	for i, p := range c.Pictures {
		v.Pictures = append(v.Pictures, assets.ShownPicture{ID: p.ID, Number: i + 1, At: p.At, Sent: p.Sent})
	}
	v.Shredded = c.Shredded
	for _, n := range c.Notes {
		v.Notes = append(v.Notes, assets.DeskNote{At: n.At, Own: n.Own, Text: n.Text, Checks: words(n.Checks),
			Stands: n.Stands})
	}
	for _, w := range recovery.Wants() {
		v.Wants = append(v.Wants, assets.DeskTick{Name: string(w), On: x.posted.Get(wantField(w)) != ""})
	}
	for _, k := range recovery.Checks() {
		on := slices.Contains(c.Checked, k)
		if x.told != nil && x.told.Error != nil { // as it was sent
			on = x.posted.Get(checkField(k)) != ""
		}
		v.Checks = append(v.Checks, assets.DeskTick{Name: string(k), On: on})
	}
	v.MayApprove = len(c.Checked) == len(recovery.Checks())
	return x.show(http.StatusOK, v)
}

func words[T ~string](list []T) []string {
	var all []string
	for _, w := range list {
		all = append(all, string(w))
	}
	return all
}

func wantField(w recovery.Want) string   { return "want-" + string(w) }
func checkField(c recovery.Check) string { return "check-" + string(c) }

func notePost(x *exchange) error {
	by, err := x.reviewer(recovery.ActNote)
	if err != nil {
		return err
	}
	var checks []recovery.Check
	for _, k := range recovery.Checks() {
		if x.field(checkField(k)) != "" {
			checks = append(checks, k)
		}
	}
	id := x.r.PathValue("case")
	if _, err = x.d.Cases.NoteCase(x.r.Context(), x.caller, by, id, checks, x.field("note")); err != nil {
		return err
	}
	return x.done("/desk/recovery/"+id, "desk-case-noted", number(id))
}

// decided leads back to the case, which says where it stands by now.
func (x *exchange) decided(notice string, err error) error {
	if err != nil {
		return err
	}
	return x.done("/desk/recovery", notice, number(x.r.PathValue("case")))
}

// casePicture sends a picture as its reviewer alone sees it.
func casePicture(x *exchange) error {
	by, err := x.reviewer(recovery.ActPicture)
	if err != nil {
		return err
	}
	picture, err := x.d.Cases.ViewPicture(x.r.Context(), x.caller, by, x.r.PathValue("case"), x.r.PathValue("picture"))
	if err != nil {
		return err
	}
	x.Send(http.StatusOK, "image/jpeg", picture)
	return nil
}

func morePost(x *exchange) error {
	by, err := x.reviewer(recovery.ActMore)
	if err != nil {
		return err
	}
	var wants []recovery.Want
	for _, w := range recovery.Wants() {
		if x.field(wantField(w)) != "" {
			wants = append(wants, w)
		}
	}
	_, err = x.d.Cases.AskMore(x.r.Context(), x.caller, by, x.r.PathValue("case"), wants, x.field("text"))
	return x.decided("desk-case-more", err)
}

func approvePost(x *exchange) error {
	by, err := x.reviewer(recovery.ActApprove)
	if err != nil {
		return err
	}
	c, err := x.d.Cases.ApproveCase(x.r.Context(), x.caller, by, x.r.PathValue("case"))
	if err == nil && c.Approvals < c.Needed {
		return x.decided("desk-case-first", nil)
	}
	return x.decided("desk-case-approved", err)
}

func refuseAsk(x *exchange) error {
	v := x.asks("desk-ask.refuse", "/desk/recovery/"+x.r.PathValue("case"))
	for _, r := range recovery.Reasons() {
		v.Reasons = append(v.Reasons, string(r))
	}
	return x.show(http.StatusOK, v)
}

func refusePost(x *exchange) error {
	by, err := x.reviewer(recovery.ActRefuse)
	if err != nil {
		return err
	}
	_, err = x.d.Cases.RefuseCase(x.r.Context(), x.caller, by, x.r.PathValue("case"),
		recovery.Reason(x.field("reason")))
	return x.decided("desk-case-refused", err)
}
