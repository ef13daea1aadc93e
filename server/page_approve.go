package server

import (
	"net/http"
	"net/url"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// approvePages are those of a payout that a shop asks for: GET /approve?text=… leads to a strong proof for that text,
// and says then that it is approved. The shop takes the approval over the API.
func approvePages() []page {
	return []page{{path: "/approve", who: enrolled, what: "payout", uses: []string{"StepUp"}, get: approvePage}}
}

func approvePage(x *request) error {
	text := x.query("text")
	need, err := x.s.service.StepUp(x.r.Context(), x.caller, auth.ActPayout, text)
	if err != nil {
		return err
	}
	if !need.Done {
		return auth.Refuse(auth.StepUpRequired)
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.Approved{Frame: f, Text: text, Until: need.Until})
}

// textToApprove is the text in the address of /approve.
func textToApprove(to string) string {
	at, err := url.Parse(to)
	if err != nil || at.Path != "/approve" {
		return ""
	}
	return at.Query().Get("text")
}

// text is what a step approves: the target of a payout.
func text(a auth.Action, target string) string {
	if a == auth.ActPayout {
		return target
	}
	return ""
}

type payoutBody struct{ Text string }

func payout(x *request, in *payoutBody) (*auth.PayoutDone, error) {
	return x.s.service.Payout(x.r.Context(), x.caller, in.Text)
}
