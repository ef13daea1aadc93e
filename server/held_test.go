package server

import (
	"net/http/httptest"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// hold puts on an account what a response of the staff does.
func (w *world) hold(t *testing.T, id string, h auth.Hold) {
	t.Helper()
	const act = auth.Action("hold")
	d, err := auth.Register(w.service, auth.Part{Name: "holder", Rules: map[auth.Action]auth.Rule{
		act: {Who: auth.System, Audit: true}}})
	if err == nil {
		err = d.Do(t.Context(), d.Operator("test"), act, func(p *auth.Work) error { return p.Hold(auth.AccountID(id), h) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// heldFaults are what an account answers to the right password that a response has reached.
func heldFaults() map[auth.Code]provocation {
	held := func(h auth.Hold) provocation {
		return provocation{lab: true, do: func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var made fixture
			p.must("POST", "/lab/accounts", m{"name": "ann", "email": testEmail, "password": testPassword}, &made)
			c.hold(c.t, made.ID, h)
			return p.api("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, nil)
		}}
	}
	return map[auth.Code]provocation{auth.AccountHeld: held(auth.Hold{By: "r", Freeze: true}),
		auth.PasswordDue: held(auth.Hold{By: "r", Password: true})}
}
