package desk

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
)

const recallsPath = "/desk/recalls"

func recallPages() []page {
	return []page{
		{path: recallsPath, act: inventory.ActDeskRecalls, get: recallsPage},
		{path: recallsPath + "/{model}/push", act: inventory.ActDeskPush, back: recallsPath, get: pushAsk,
			post: pushPost},
	}
}

// recallsPage says of each recalled model how far the owners of its keys have come.
func recallsPage(x *exchange) error {
	list, err := x.d.Stock.RecallsAtDesk(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	v := &assets.DeskRecalls{Frame: x.frame(), MayPush: x.d.Staff.May(x.me.Role, inventory.ActDeskPush)}
	for i := range list {
		v.Models = append(v.Models, x.recall(&list[i]))
	}
	return x.show(http.StatusOK, v)
}

// recall is one model. Counts are of the last check: a key that was found since it ended is in none of them.
func (x *exchange) recall(m *auth.RecalledModel) assets.DeskRecall {
	r := assets.DeskRecall{ID: m.ID, Name: m.Title(), Status: m.Word(), Since: m.At, Due: m.Due, Keys: m.Keys,
		Accounts: m.Accounts, Counted: m.FoundAt, Left: m.Found.Keys, Claimed: m.Found.Claimed, Pushed: m.PushedAt}
	r.Gone = max(0, m.Keys-m.Found.Keys)
	r.Replaced = m.Found.Replaced
	r.Waiting = m.Found.Accounts - m.Found.Replaced
	if x.d.Now().Before(m.PushFrom) {
		r.Rests = m.PushFrom
	}
	return r
}

func pushAsk(x *exchange) error { return x.show(http.StatusOK, x.asks("desk-ask.push", recallsPath)) }

func pushPost(x *exchange) error {
	m, err := x.d.Stock.PushAtDesk(x.r.Context(), x.caller, x.r.PathValue("model"))
	if err != nil {
		return err
	}
	return x.done(recallsPath, "desk-recall-pushed", m.Title())
}
