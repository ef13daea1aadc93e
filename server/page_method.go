package server

import (
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// methodPages are the pages that set up what has none of its own: a method whose code is typed, and that is bound by
// typing one. Its texts are those of its row.
func methodPages(methods auth.Table, others []page) []page {
	var list []page
	for i := range methods {
		row := &methods[i]
		own := slices.ContainsFunc(others, func(p page) bool { return p.path == row.Face.New })
		if !row.Served || row.Input == auth.KeyTouch || row.Channel != "" || row.Set || own {
			continue
		}
		list = append(list, page{path: row.Face.New, who: session, what: "add-" + row.Face.Stem,
			uses: []string{"BindBegin", "BindFinish"},
			get:  func(x *request) error { return methodNewPage(x, row) },
			post: func(x *request) error { return methodNewPost(x, row) }})
	}
	return list
}

func methodNewPage(x *request, row *auth.Method) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	ch, err := x.s.service.BindBegin(x.r.Context(), x.caller, auth.BindForm{Kind: row.Kind, Flavour: row.Flavour})
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.MethodNew{Frame: f, Way: assets.Way(row.Face.Way), Ceremony: ch.Ceremony,
		Name: x.field("name"), Step: x.step(f), Backup: x.backup()})
}

func methodNewPost(x *request, row *auth.Method) error {
	ceremony := x.field("ceremony")
	info, err := x.bind(auth.BindDone{Ceremony: ceremony, Name: x.field("name"), Response: codeJSON(x.field("code"))})
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	return x.added(info)
}

// stopPost stops what waits: a removal, or the like of it.
func stopPost(x *request) error {
	if err := x.s.service.CancelChange(x.r.Context(), x.caller, x.param("id")); err != nil {
		return err
	}
	key := "removal-stopped"
	if x.field("kind") == string(auth.SecurityCode) {
		key = "code-sign-in-stopped"
	} else if x.field("kind") == "keys-only-off" {
		key = "keys-only-stays"
	}
	x.leaveFlash(flash{Key: key})
	return x.redirect("/security")
}
