package desk

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/web"
)

// listPath takes a list, typed or in a file.
const listPath = "/desk/responses/list"

func responsePages() []page {
	const one = "/desk/responses/{id}"
	return []page{
		{path: "/desk/responses", act: staff.ActResponses, get: responsesPage},
		{path: listPath, act: staff.ActRespond, file: true, get: respondForm(false), post: listPost},
		{path: "/desk/responses/search", act: staff.ActRespond, get: respondForm(true), post: searchPost},
		{path: one, act: staff.ActResponse, get: responsePage},
		{path: one + "/propose", act: staff.ActPropose, back: one,
			post: responsePost("desk-response-proposed", (*staff.Service).ProposeResponse)},
		{path: one + "/withdraw", act: staff.ActWithdraw, back: one,
			post: responsePost("desk-response-withdrawn", (*staff.Service).WithdrawResponse)},
		{path: one + "/agree", act: staff.ActAgree, back: one,
			post: responsePost("desk-response-agreed", (*staff.Service).AgreeToResponse)},
		{path: one + "/undo", act: staff.ActUndo, back: one,
			post: responsePost("desk-response-undo", (*staff.Service).ProposeUndo)},
		{path: one + "/agree-undo", act: staff.ActAgreeUndo, back: one,
			post: responsePost("desk-response-undoing", (*staff.Service).AgreeToUndo)},
	}
}

func responseLine(r *staff.ResponseInfo) assets.DeskResponseLine {
	does := []string{"sessions"}
	if r.Measures.Freeze {
		does = append(does, "freeze")
	}
	if r.Measures.Password {
		does = append(does, "password")
	}
	return assets.DeskResponseLine{ID: r.ID, Number: number(r.ID), Stage: string(r.Stage), Why: r.Why, Does: does, By: r.By,
		At: r.At, Count: r.Count, Reached: r.Reached, Lifted: r.Lifted}
}

func responsesPage(x *exchange) error {
	list, err := x.d.Staff.Responses(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	v := &assets.DeskResponses{Frame: x.frame()}
	for i := range list {
		v.List = append(v.List, responseLine(&list[i]))
	}
	return x.show(http.StatusOK, v)
}

func responsePage(x *exchange) error {
	r, err := x.d.Staff.Response(x.r.Context(), x.caller, x.r.PathValue("id"))
	if err != nil {
		return err
	}
	v := &assets.DeskResponse{Frame: x.frame(), DeskResponseLine: responseLine(r), Since: r.Since, Network: r.Network,
		From: r.From, To: r.To, Read: r.Read, Cut: r.Cut, Full: r.Full, Unknown: r.Unknown, Unknowns: r.Unknowns,
		Unreads: r.Unreads, Most: r.Most, Today: r.Today, Proposed: r.ProposedBy,
		Agreed: r.AgreedBy, Undo: r.UndoBy, Undone: r.UndoneBy,
		MayAgree: r.MayAgree, MayUndo: r.MayUndo, More: max(0, r.Count-len(r.Accounts))}
	for _, l := range r.Unread {
		v.Unread = append(v.Unread, assets.DeskUnread{File: l.File, Line: l.Line, Text: l.Text})
	}
	for _, why := range staff.Reasons() {
		if n := r.Left[why]; n > 0 {
			v.Left = append(v.Left, assets.DeskLeft{Why: string(why), N: n})
		}
	}
	for _, a := range r.Accounts {
		v.Accounts = append(v.Accounts, assets.DeskReached{Email: string(a.Email), Reached: a.Reached})
	}
	return x.show(http.StatusOK, v)
}

// responsePost is a button of a response's page.
func responsePost(notice string,
	act func(*staff.Service, context.Context, auth.Caller, string) error) func(*exchange) error {
	return func(x *exchange) error {
		id := x.r.PathValue("id")
		if err := act(x.d.Staff, x.r.Context(), x.caller, id); err != nil {
			return err
		}
		return x.done("/desk/responses/"+id, notice, number(id))
	}
}

func (x *exchange) respondView(search bool) *assets.DeskRespond {
	return &assets.DeskRespond{Frame: x.frame(), Search: search, Why: x.posted.Get("why"), List: x.posted.Get("list"),
		Since: x.posted.Get("since"), Network: x.posted.Get("network"), From: x.posted.Get("from"),
		To: x.posted.Get("to"), Freeze: x.posted.Get("freeze") != "", Password: x.posted.Get("password") != ""}
}

func respondForm(search bool) func(*exchange) error {
	return func(x *exchange) error { return x.show(http.StatusOK, x.respondView(search)) }
}

func (x *exchange) responseForm() staff.ResponseForm {
	return staff.ResponseForm{Why: x.field("why"), Measures: staff.Measures{Freeze: x.field("freeze") != "",
		Password: x.field("password") != ""}}
}

func listPost(x *exchange) error {
	if err := x.readUpload("file", staff.MaxList); err != nil {
		if errors.Is(err, auth.Refuse(auth.TooLarge)) {
			err = auth.RefuseField(auth.ListTooLarge, "file")
		}
		return x.responds("", err, false)
	}
	list := staff.AccountList{Typed: x.field("list"), File: x.file}
	since, _ := readHour(x.field("since"))
	id, err := x.d.Staff.ListAccounts(x.r.Context(), x.caller, x.responseForm(), list, since)
	if err != nil {
		x.keepFile()
	}
	return x.responds(id, err, false)
}

// mostKept is how much of a file is shown again.
const mostKept = 32 << 10

// keepFile puts a file among what was typed, which a refused form shows again: a browser would have it chosen once
// more.
func (x *exchange) keepFile() {
	if text, is := staff.TextOf(x.file); is && len(text) > 0 && len(text) <= mostKept {
		x.posted.Set("list", strings.TrimSpace(x.posted.Get("list")+"\n"+text))
	}
}

func searchPost(x *exchange) error {
	from, _ := readHour(x.field("from"))
	to, _ := readHour(x.field("to"))
	id, err := x.d.Staff.SearchSignIns(x.r.Context(), x.caller, x.responseForm(), x.field("network"), from, to)
	return x.responds(id, err, true)
}

// responds leads on to what was begun. A refused form is shown at once, with all that was typed: a list of five hundred
// fits no cookie.
func (x *exchange) responds(id string, err error, search bool) error {
	if err == nil {
		return x.redirect("/desk/responses/" + id)
	}
	e, ok := errors.AsType[*auth.Error](err)
	if !ok || e.Field == "" {
		return err
	}
	x.AwaitRefusal(err)
	x.Code, x.told = e.Code, &told{Error: e}
	return x.show(web.Statuses()[e.Code], x.respondView(search))
}

// readHour reads a time as the forms ask for it, in UTC. What is none is the zero time, which the domain refuses.
func readHour(typed string) (time.Time, error) {
	return time.Parse("2006-01-02 15:04", strings.Replace(typed, "T", " ", 1))
}
