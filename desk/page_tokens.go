package desk

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/staff"
)

const tokensPath = "/desk/tokens"

// importPath takes a file that came with a box of tokens. It is never kept: whoever has looked at what it holds
// sends it once more to take it in.
const importPath = tokensPath + "/import"

func tokenPages() []page {
	const one = tokensPath + "/{id}"
	return []page{
		{path: tokensPath, act: inventory.ActDeskFind, get: tokensForm, post: tokensPost},
		{path: importPath, act: inventory.ActDeskImport, file: true, get: importForm, post: importPost},
		{path: tokensPath + "/stock", act: inventory.ActDeskStock, get: stockPage},
		{path: one, act: inventory.ActDeskToken, get: tokenPage},
		{path: one + "/give", act: inventory.ActDeskGive, back: one,
			post: tokenPost(inventory.ActDeskGive, "identifier", "desk-token-given")},
		{path: one + "/note", act: inventory.ActDeskNote, back: one,
			post: tokenPost(inventory.ActDeskNote, "note", "desk-token-noted")},
		{path: one + "/lost", act: inventory.ActDeskLose, back: one,
			post: tokenPost(inventory.ActDeskLose, "", "desk-token-lost")},
		{path: one + "/found", act: inventory.ActDeskRegain, back: one,
			post: tokenPost(inventory.ActDeskRegain, "", "desk-token-found")},
		{path: one + "/retire", act: inventory.ActDeskRetire, back: one, get: retireAsk,
			post: tokenPost(inventory.ActDeskRetire, "", "desk-token-retired")},
	}
}

// tokensForm finds tokens by the number printed on them: with one in the query, those of its makers.
func tokensForm(x *exchange) error {
	v := &assets.DeskTokens{Frame: x.frame(), Typed: x.posted.Get("serial"),
		MayCount:  x.d.Staff.May(x.me.Role, inventory.ActDeskStock),
		MayImport: x.d.Staff.May(x.me.Role, inventory.ActDeskImport)}
	if serial := x.r.URL.Query().Get("serial"); serial != "" {
		list, err := x.d.Stock.FindAtDesk(x.r.Context(), x.caller, serial)
		if err != nil {
			return err
		}
		v.Typed = serial
		for _, t := range list {
			v.Found = append(v.Found, token(t))
		}
	}
	return x.show(http.StatusOK, v)
}

// tokensPost leads to the one that has the number, or to a choice.
func tokensPost(x *exchange) error {
	serial := x.field("serial")
	list, err := x.d.Stock.FindAtDesk(x.r.Context(), x.caller, serial)
	switch {
	case err != nil:
		return err
	case len(list) == 1:
		return x.redirect(tokensPath + "/" + list[0].Key)
	}
	return x.redirect(tokensPath + "?" + url.Values{"serial": {serial}}.Encode())
}

func token(t *inventory.Info) assets.DeskToken {
	return assets.DeskToken{Key: t.Key, Maker: t.Maker, Serial: t.Serial, Model: t.Model, Kind: string(t.Kind),
		Digits: t.Digits, Period: t.Period, Until: t.Until, Box: t.Box, Note: t.Note, State: string(t.State),
		Owner: string(t.Owner), Taken: t.TakenAt, Moved: t.MovedAt}
}

func tokenPage(x *exchange) error {
	t, err := x.d.Stock.ShowAtDesk(x.r.Context(), x.caller, x.r.PathValue("id"))
	if err != nil {
		return err
	}
	v := &assets.DeskTokenPage{Frame: x.frame(), DeskToken: token(t), Identifier: x.posted.Get("identifier"),
		TypedNote: t.Note, SeesAccounts: x.d.Staff.May(x.me.Role, staff.ActAccount)}
	if x.posted.Has("note") {
		v.TypedNote = x.posted.Get("note")
	}
	acts := t.DeskActs()
	may := func(a auth.Action) bool { return slices.Contains(acts, a) && x.d.Staff.May(x.me.Role, a) }
	v.MayGive, v.MayLose = may(inventory.ActDeskGive), may(inventory.ActDeskLose)
	v.MayRegain, v.MayRetire = may(inventory.ActDeskRegain), may(inventory.ActDeskRetire)
	return x.show(http.StatusOK, v)
}

func retireAsk(x *exchange) error {
	return x.show(http.StatusOK, x.asks("desk-ask.retire", tokensPath+"/"+x.r.PathValue("id")))
}

// tokenPost does an act on a token, with what the field says.
func tokenPost(act auth.Action, field, notice string) func(*exchange) error {
	return func(x *exchange) error {
		arg := ""
		if field != "" {
			arg = x.field(field)
		}
		t, err := x.d.Stock.Change(x.r.Context(), x.caller, act, x.r.PathValue("id"), arg)
		if err != nil {
			return err
		}
		return x.done(tokensPath+"/"+t.Key, notice, t.Serial)
	}
}

// What the page of the stock points out: boxes with fewer tokens than lowBox, and batteries older than wornYears where
// their maker names no day.
const (
	lowBox    = 10
	wornYears = 5
)

func stockPage(x *exchange) error {
	st, err := x.d.Stock.StatsAtDesk(x.r.Context(), x.caller, lowBox, inventory.Wear{At: x.d.Now(), Years: wornYears})
	if err != nil {
		return err
	}
	v := &assets.DeskStock{Frame: x.frame(), Few: lowBox, Years: wornYears, Low: groups(st.Low), Worn: groups(st.Worn),
		Models: groups(st.Models), All: counts(st.All)}
	return x.show(http.StatusOK, v)
}

func groups(list []inventory.Group) (all []assets.DeskGroup) {
	for _, g := range list {
		all = append(all, assets.DeskGroup{Name: g.Name, Counts: counts(g.Count)})
	}
	return all
}

// counts are how many there are in each state that has any.
func counts(n inventory.Count) (all []assets.DeskCount) {
	for _, s := range inventory.States() {
		if n[s] > 0 {
			all = append(all, assets.DeskCount{State: string(s), N: n[s]})
		}
	}
	return all
}
