package desk

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/web"
)

func notMePages() []page {
	return []page{
		{path: notMePath, act: recovery.ActReports, get: reportsPage},
		{path: notMePath + "/{report}", act: recovery.ActViewReport, get: reportPage},
		{path: notMePath + "/{report}/close", act: recovery.ActCloseReport, back: notMePath + "/{report}",
			post: reportPost},
	}
}

const notMePath = "/desk/not-me"

// reportLine is a report as those who help read it.
func (x *exchange) reportLine(f *recovery.ReportFile) assets.DeskNotMe {
	v := assets.DeskNotMe{Account: string(f.Account), Email: f.MaskedEmail, NotMeCase: assets.NotMeCase{ID: f.ID,
		Number: number(f.ID), At: f.OpenedAt, More: f.More, Closed: f.ClosedAt, Outcome: string(f.Outcome)}}
	for i := range f.Happened {
		h := &f.Happened[i]
		v.Lines = append(v.Lines, assets.NotMeLine{What: web.Deed(x.d.Service.Methods(), h.What, h.Kind, h.Flavour),
			Name: h.Item, At: h.At, Browser: h.Agent, Place: h.Place, Became: string(h.Became), Said: h.SaidAt})
	}
	return v
}

func reportsPage(x *exchange) error {
	by, err := x.reviewer(recovery.ActReports)
	if err != nil {
		return err
	}
	list, err := x.d.Cases.Reports(x.r.Context(), x.caller, by)
	if err != nil {
		return err
	}
	v := &assets.DeskNotMes{Frame: x.frame()}
	for i := range list {
		v.List = append(v.List, x.reportLine(&list[i]))
	}
	return x.show(http.StatusOK, v)
}

func reportPage(x *exchange) error {
	by, err := x.reviewer(recovery.ActViewReport)
	if err != nil {
		return err
	}
	f, err := x.d.Cases.ViewReport(x.r.Context(), x.caller, by, x.r.PathValue("report"))
	if err != nil {
		return err
	}
	v := &assets.DeskNotMePage{Frame: x.frame(), DeskNotMe: x.reportLine(f), Note: x.posted.Get("note"),
		Chosen: x.posted.Get("outcome")}
	for _, n := range f.Notes {
		v.Notes = append(v.Notes, assets.DeskNote{At: n.At, Own: n.Own, Text: n.Text, Stands: true})
	}
	for _, o := range recovery.Outcomes() {
		v.Outcomes = append(v.Outcomes, string(o))
	}
	return x.show(http.StatusOK, v)
}

func reportPost(x *exchange) error {
	by, err := x.reviewer(recovery.ActCloseReport)
	if err != nil {
		return err
	}
	id := x.r.PathValue("report")
	_, err = x.d.Cases.CloseReport(x.r.Context(), x.caller, by, id, recovery.Outcome(x.field("outcome")),
		x.field("note"))
	if err != nil {
		return err
	}
	return x.done(notMePath, "desk-not-me-closed", number(id))
}
