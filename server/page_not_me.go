package server

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/web"
)

// This file is what "this was not me" has opened, for who is signed in. Who has a notice's link reads it there.

func notMePages() []page {
	return []page{{path: "/security/not-me", who: enrolled, uses: []string{"OwnReports"}, get: notMePage}}
}

func notMePage(x *request) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	list, err := x.s.recovery.OwnReports(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	v := &assets.NotMes{Frame: f}
	for i := range list {
		v.Cases = append(v.Cases, x.s.notMe(&list[i]))
	}
	return x.show(http.StatusOK, v)
}

// notMe is a report as its owner reads it.
func (s *Server) notMe(r *recovery.ReportInfo) assets.NotMeCase {
	v := assets.NotMeCase{ID: r.ID, Number: r.ID[:min(len(r.ID), 8)], At: r.OpenedAt, More: r.More, Closed: r.ClosedAt,
		Outcome: string(r.Outcome)}
	for i := range r.Happened {
		h := &r.Happened[i]
		v.Lines = append(v.Lines, assets.NotMeLine{What: web.Deed(s.methods, h.What, h.Kind, h.Flavour), Name: h.Item,
			At: h.At, Browser: h.Agent, Place: h.Place, Became: string(h.Became), Said: h.SaidAt})
	}
	return v
}
