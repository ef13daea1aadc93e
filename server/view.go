package server

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/team"
)

// Rows is the table of methods as pages read it.
func Rows(t auth.Table) []assets.Row {
	rows := make([]assets.Row, len(t))
	for i := range t {
		rows[i] = assets.Row(t[i].Face)
	}
	return rows
}

// ways lists methods to choose among, in the order of policy. One number is two ways if it takes texts and calls.
func (s *Server) ways(list []auth.MethodInfo) []assets.Method {
	var out []assets.Method
	for _, m := range list {
		base := assets.Method{ID: m.ID, To: string(m.Masked), Left: m.Left, Weak: m.Class == auth.Weak}
		if !m.Resting.IsZero() {
			base.State, base.Until = "resting", m.Resting
		}
		for i := range s.methods {
			if row := &s.methods[i]; m.Takes(row) {
				out = append(out, named(base, row, m)...)
			}
		}
	}
	return out
}

// named gives a row the names of its authenticators; keys and passkeys share one list, which names neither, and so do
// touch codes and hardware tokens.
func named(base assets.Method, row *auth.Method, m auth.MethodInfo) []assets.Method {
	base.Way = assets.Way(row.Face.Way)
	both := len(m.Flavours) > 1
	if len(m.Names) == 0 || both {
		return []assets.Method{base}
	}
	var out []assets.Method
	for _, n := range m.Names {
		one := base
		one.Name = n
		out = append(out, one)
	}
	return out
}

func (s *Server) wayOf(k auth.Kind, f auth.Flavour) assets.Way {
	return assets.Way(s.methods.Of(k, f).Face.Way)
}

// methodUsed is the row of what was used: of a kind whose code goes by several channels, that of the one it went by.
func methodUsed(methods auth.Table, k auth.Kind, f auth.Flavour, c auth.Channel) *auth.Method {
	if c != "" {
		return methods.By(k, c)
	}
	return methods.Of(k, f)
}

// wayOfChannel is the way by which the code of an exchange goes.
func (s *Server) wayOfChannel(ch *auth.Challenge) assets.Way {
	return assets.Way(s.methods.By(ch.Kind, ch.Channel).Face.Way)
}

// choice is what a way asks of the domain. Of those that are sent nothing, any of the kind may answer.
func (s *Server) choice(w assets.Way, id string) auth.MethodChoice {
	row := s.methods.Way(string(w))
	return auth.MethodChoice{Kind: row.Kind, Channel: row.Channel, ID: id}
}

// sends reports whether a way needs something to be sent first.
func (s *Server) sends(w assets.Way) bool { return s.methods.Way(string(w)).Channel != "" }

// isKey reports whether a way is a ceremony of the browser.
func (s *Server) isKey(w assets.Way) bool { return s.methods.Way(string(w)).Input == auth.KeyTouch }

// method is one authenticator as pages list it.
func (s *Server) method(a *auth.AuthenticatorInfo) assets.Method {
	row := s.methods.Of(a.Kind, a.Flavour)
	out := assets.Method{ID: a.ID, Way: assets.Way(row.Face.Way), Name: a.Name, Place: a.Place, Model: a.Model,
		Make:   assets.Make{Proved: a.Certified, Maker: a.Maker, Firmware: a.Firmware, Level: a.Level},
		Serial: a.Serial, To: cmp.Or(a.Recipient.Show(), string(a.Masked)),
		Left: a.Left, Made: a.BoundAt, Used: a.UsedAt, Weak: a.Class == auth.Weak, Verified: a.VerifiesUser, Synced: a.Synced}
	if row.Set {
		out.Total = recoveryTotal
	}
	if out.Place == "" && row.Face.Placed {
		out.Place = placeOf(a.DeviceKind)
	}
	switch {
	case !a.RemovalDue.IsZero():
		out.State, out.Until = "pending-removal", a.RemovalDue
	case a.State == auth.Frozen:
		out.State = "frozen"
	case a.State == auth.Disabled:
		out.State = "disabled"
	case a.Recall != nil:
		out.State = "recalled"
		if a.Recall.Due.After(s.now()) {
			out.Until = a.Recall.Due
		}
	}
	return out
}

// recoveryTotal is how many recovery codes a set has.
const recoveryTotal = 10

func placeOf(k auth.DeviceKind) string {
	switch k {
	case auth.Handset:
		return "phone"
	case auth.Computer:
		return "pc"
	case auth.Extension:
		return "extension"
	case auth.Stick:
		return "key"
	}
	return ""
}

func (s *Server) list(list []auth.AuthenticatorInfo) []assets.Method {
	out := make([]assets.Method, len(list))
	for i := range list {
		out[i] = s.method(&list[i])
	}
	return out
}

// holders groups what lives on one stick into one row (R53): the touch, and the codes kept on it.
func (s *Server) holders(list []auth.AuthenticatorInfo) []assets.Holder {
	var out []assets.Holder
	for i := range list {
		a := &list[i]
		if s.onStick(a, list) {
			continue
		}
		h := assets.Holder{Method: s.method(a)}
		for j := range list {
			if b := &list[j]; s.touched(a) && b.Device == a.Device && s.onStick(b, list) {
				h.Holds = append(h.Holds, s.wayOf(b.Kind, b.Flavour))
			}
		}
		if len(h.Holds) > 0 { // once each, in the order of the table
			slices.SortFunc(h.Holds, func(x, y assets.Way) int { return s.orderOf(x) - s.orderOf(y) })
			h.Holds = slices.Compact(append([]assets.Way{h.Way}, h.Holds...))
		}
		out = append(out, h)
	}
	return out
}

// orderOf is where a way stands in the table.
func (s *Server) orderOf(w assets.Way) int {
	return slices.IndexFunc(s.methods, func(m auth.Method) bool { return m.Face.Way == string(w) })
}

// touched reports whether a method is a key that the browser asks.
func (s *Server) touched(a *auth.AuthenticatorInfo) bool {
	return s.methods.Of(a.Kind, a.Flavour).Input == auth.KeyTouch
}

// onStick reports whether codes live on a stick that is listed for its touch.
func (s *Server) onStick(a *auth.AuthenticatorInfo, list []auth.AuthenticatorInfo) bool {
	row := s.methods.Of(a.Kind, a.Flavour)
	codes := row.Input != auth.KeyTouch && row.Channel == "" && !row.Set
	return codes && slices.ContainsFunc(list, func(o auth.AuthenticatorInfo) bool {
		return s.touched(&o) && o.DeviceKind == auth.Stick && o.Device == a.Device
	})
}

// items leaves out the codes of a stick that is listed for its touch: it is one thing, with one name.
func (s *Server) items(list []auth.AuthenticatorInfo) []auth.AuthenticatorInfo {
	return slices.DeleteFunc(slices.Clone(list), func(a auth.AuthenticatorInfo) bool { return s.onStick(&a, list) })
}

// losses is the lock-out forecast.
func (s *Server) losses(rows []auth.Forecast) []assets.Loss {
	var out []assets.Loss
	for _, r := range inOrderOfLoss(rows) {
		l := assets.Loss{Goes: s.list(s.items(r.Falls)), Left: s.list(s.items(r.Left)), Soon: string(r.Soon), Ask: r.Ask}
		for _, d := range r.Lost {
			l.Both = append(l.Both, assets.Thing{What: lostKind(d.Kind), Name: d.Name})
		}
		switch len(l.Both) {
		case 0:
			l.What = "all"
		case 1:
			l.What, l.Name = l.Both[0].What, l.Both[0].Name
			l.Both = nil
		default:
			l.What = "pair"
		}
		out = append(out, l)
	}
	return out
}

// inOrderOfLoss puts one thing before two and everything last, of these what shuts out longest first, then as
// methods are listed: the order in which devices are kept means nothing.
func inOrderOfLoss(rows []auth.Forecast) []auth.Forecast {
	var listed []string // the row of everything has every method, in order
	for _, r := range rows {
		for _, m := range r.Falls {
			if len(r.Lost) == 0 {
				listed = append(listed, m.ID)
			}
		}
	}
	rank := func(r auth.Forecast) []int {
		if len(r.Lost) == 0 || len(r.Falls) == 0 {
			return []int{len(rows)}
		}
		soon := slices.Index([]auth.Soon{auth.SoonDesk, auth.SoonLater, auth.SoonNow}, r.Soon)
		return []int{len(r.Lost), soon, slices.Index(listed, r.Falls[0].ID)}
	}
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b auth.Forecast) int { return slices.Compare(rank(a), rank(b)) })
	return sorted
}

func lostKind(k auth.DeviceKind) string {
	switch k {
	case auth.Stick:
		return "key"
	case auth.Handset:
		return "phone"
	case auth.Computer, auth.Extension:
		return "pc"
	case auth.Cloud:
		return "passkey"
	case auth.Mailbox:
		return "mailbox"
	case auth.Paper:
		return "paper"
	case auth.Display:
		return "token"
	}
	return "all"
}

// isSet reports whether a kind is recovery codes, or the like of them.
func (s *Server) isSet(k auth.Kind) bool { return s.methods.Of(k, "").Set }

func (s *Server) event(e auth.EventInfo) assets.Event { return EventOf(s.methods, e) }

// EventOf is one entry of the history, as pages and files put it into words.
func EventOf(methods auth.Table, e auth.EventInfo) assets.Event {
	out := assets.Event{At: e.At, Browser: e.Agent, Place: e.IP, Bad: e.Outcome != "",
		Args: assets.Args{"name": e.Item}}
	if e.Times > 1 {
		out.Times = e.Times
	}
	row := methods.Of(e.Kind, e.Flavour)
	if way := methodUsed(methods, e.Kind, e.Flavour, e.Channel).Face.Way; way != "" {
		out.Args["way"] = way
	}
	if !e.Due.IsZero() {
		out.Args["time"] = e.Due
	}
	out.What, out.Else = eventName(e, row)
	return out
}

// eventNames are the texts of acts that were done.
func eventNames() map[auth.Action]string {
	return map[auth.Action]string{
		auth.ActSignIn: "sign-in", auth.ActSecondStep: "sign-in", auth.ActStepUp: "confirmed", auth.ActTest: "key-tested",
		auth.ActSendCode: "code-sent", auth.ActSignOut: "sign-out", auth.ActSignUp: "account-created",
		auth.ActConfirmSignUp: "account-confirmed",
		auth.ActNewPassword:   "password-changed", auth.ActReset: "password-reset", auth.ActForgot: "reset-asked",
		auth.ActForgotCode: "reset-code", auth.ActForgotPhone: "reset-texted", auth.ActForgotName: "reset-name",
		auth.ActTemporary: "temporary-sign-in", auth.ActKeepPassword: "password-kept",
		auth.ActPutOff: "reminder-put-off", auth.ActTakeData: "data-taken",
		auth.ActClose: "closing-asked", auth.ActKeep: "account-kept", auth.ActClosingTold: "closing-told",
		auth.ActClosed:   "account-closed",
		auth.ActKeysOnly: "keys-only", auth.ActKeysOnlyOff: "keys-only-ends", auth.ActKeysOnlyEnded: "keys-only-ended",
		auth.ActAskMail: "code-sent", auth.ActIntroduce: "browser-introduced",
		auth.ActCodes: "codes-made", auth.ActRename: "renamed", auth.ActRemove: "removed", auth.ActRemoved: "removed",
		auth.ActLose: "key-lost", auth.ActUnfreeze: "key-unfrozen", auth.ActUndo: "undone", auth.ActCancelChange: "removal-stopped",
		auth.ActTrust: "browser-trusted", auth.ActForget: "browser-ended", auth.ActItWasMe: "slips-owned",
		auth.ActEndSession: "session-ended", auth.ActConfirmEmail: "email-changed", auth.ActRestore: "codes-void",
		auth.ActAnswerAgain: "repeated", auth.ActUserName: "user-name-changed",
		auth.ActQuestion: "question-changed", auth.ActSetSecurityCode: "security-code-set",
		auth.ActSecurityCode: "security-code-used", auth.ActPayout: "payout",
		auth.ActMailPassword: "password-link-mailed", auth.ActLookTicket: "ticket-opened",
		team.ActCreate: "shop-created", team.ActRename: "shop-renamed", team.ActInvite: "shop-invited",
		team.ActWithdraw: "shop-withdrawn", team.ActJoin: "shop-joined", team.ActRole: "shop-role",
		team.ActSuspend: "shop-suspended", team.ActResume: "shop-resumed", team.ActRemove: "shop-removed",
		team.ActLeave: "shop-left", team.ActStopContact: "contact-stopped",
		team.ActKeys: "shop-keys", team.ActDropKeys: "shop-keys-dropped", auth.ActMoved: "contact-moved",
		team.ActHandOver: "hand-begun", team.ActTakeOver: "hand-taken", team.ActConfirmHandOver: "hand-agreed",
		team.ActStopHandOver: "hand-stopped", team.ActHandedOver: "hand-done",
		team.ActHandAccount: "account-begun", team.ActTakeAccount: "account-taken",
		team.ActConfirmAccount: "account-agreed", team.ActStopAccount: "account-stays",
		team.ActAccountHanded: "account-handed",
		auth.ActCodeSignIn:    "code-sign-in", recovery.ActDone: "recovery-done", auth.ActDormant: "dormant",
		auth.ActRecalled: "key-recalled", auth.ActRecallLifted: "recall-lifted", auth.ActRecallTold: "recall-told",
		staff.ActUnlock: "desk-unlocked", auth.ActTicket: "ticket-made",
		recovery.ActAsk: "recovery-asked", recovery.ActOpen: "recovery-opened", recovery.ActAnswer: "recovery-answered",
		recovery.ActAppeal: "recovery-appealed", recovery.ActWithdraw: "recovery-withdrawn",
		recovery.ActObject: "recovery-objected", recovery.ActStop: "recovery-stopped", recovery.ActView: "recovery-viewed",
		recovery.ActShow: "recovery-shown", recovery.ActUnshow: "recovery-unshown",
		recovery.ActDraw:    "recovery-drawn",
		recovery.ActPicture: "recovery-picture-viewed", recovery.ActPurge: "recovery-shredded",
		recovery.ActNote: "recovery-noted", recovery.ActViewReport: "not-me-viewed",
		recovery.ActCloseReport: "not-me-closed",
		recovery.ActMore:        "recovery-more", recovery.ActApprove: "recovery-approved",
		recovery.ActRefuse: "recovery-refused",
		audit.ActExport:    "trail-exported", audit.ActDeskExport: "desk-exported",
		staff.ActFind: "desk-looked", staff.ActAccount: "desk-looked", staff.ActTrail: "desk-looked",
		staff.ActTicket: "ticket-opened",
		staff.ActReset:  "desk-reset", staff.ActSessions: "desk-sessions", staff.ActAssign: "desk-assigned",
		staff.ActReached: "desk-reached", staff.ActRenewed: "desk-renewed", staff.ActFrozen: "desk-frozen",
		staff.ActFrozenRenewed: "desk-frozen-renewed", staff.ActReleased: "desk-released", auth.ActLifted: "hold-lifted",
		recovery.ActVouch: "recovery-vouched", recovery.ActUnvouch: "recovery-unvouched",
	}
}

// eventName is the text of an entry, and the one that stands in for it where the catalogue has none so fine.
func eventName(e auth.EventInfo, row *auth.Method) (what, otherwise string) {
	done := eventNames()
	refused := map[auth.Action]string{auth.ActSignIn: "sign-in-refused", auth.ActSecondStep: "second-step-refused",
		auth.ActStepUp: "second-step-refused", auth.ActTest: "second-step-refused", auth.ActAdd: "add-refused",
		auth.ActSendCode: "code-refused", auth.ActNewPassword: "password-refused",
		auth.ActSecurityCode: "security-code-refused", auth.ActCodeSignIn: "security-code-refused",
		auth.ActPayout: "payout-refused"}
	switch {
	case e.Outcome == auth.KeyFrozen:
		return "key-frozen", ""
	case e.Outcome != "" && refused[e.Action] != "":
		return refused[e.Action], ""
	case e.Outcome != "":
		return "refused", "" // never the words of a change: nothing was changed
	case e.Action == auth.ActCodeSignIn && !e.Due.IsZero():
		return "code-waits", ""
	case e.Action == auth.ActCancelChange && e.ItemID == "keys-only-off":
		return "keys-only-stays", ""
	case e.Action == auth.ActKeysOnlyOff && !e.Due.IsZero():
		return "keys-only-ends", ""
	case e.Action == auth.ActCancelChange && e.ItemID == "" && e.Item == "": // of no method
		return "code-sign-in-stopped", ""
	case e.Action == auth.ActClose:
		return "closing-asked", ""
	case e.Action == team.ActContact:
		return "contact-planned", ""
	case !e.Due.IsZero():
		return "removal-planned", ""
	case e.Action == auth.ActContact:
		return row.Face.Contact, ""
	case e.Action == auth.ActAdd:
		return row.Face.Made, ""
	case e.Action == auth.ActRemove:
		return row.Face.Stem + "-removed", "removed"
	}
	return done[e.Action], ""
}

// keyPrompt is a ceremony of the browser as a page carries it.
func keyPrompt(ch *auth.Challenge, auto bool) *assets.KeyPrompt {
	var prompt struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	var options struct {
		Timeout                int    `json:"timeout"`
		UserVerification       string `json:"userVerification"`
		AuthenticatorSelection struct {
			UserVerification string `json:"userVerification"`
		} `json:"authenticatorSelection"`
	}
	if json.Unmarshal(ch.Prompt, &prompt) != nil || json.Unmarshal(prompt.PublicKey, &options) != nil {
		return nil
	}
	pin := "none"
	switch options.UserVerification + options.AuthenticatorSelection.UserVerification {
	case "required":
		pin = "required"
	case "preferred":
		pin = "maybe"
	}
	return &assets.KeyPrompt{Options: string(prompt.PublicKey), Ceremony: ch.Ceremony, Auto: auto, Seconds: options.Timeout / 1000, PIN: pin}
}

// help fills in what is known of a code on its way.
func help(ceremony string, d *auth.DeliveryInfo, others []assets.Method) assets.Help {
	h := assets.Help{Ceremony: ceremony, Others: others, Texts: -1}
	if d != nil {
		h.To = cmp.Or(d.Recipient.Show(), string(d.Masked))
		h.SentAt = d.SentAt
		h.Label = d.Label
		h.Delivery = string(d.State)
		h.Heard = d.ChangedAt
		h.Resend = d.ResendAt
		h.Texts = d.LeftToday
		h.CanSend = true
	}
	return h
}

func passwordRules(p password.Policy) assets.PasswordRules {
	r := assets.PasswordRules{Min: p.Min, Max: p.Max, Mixed: p.Classes}
	if p.Max > 64 {
		r.Max = 0
	}
	return r
}
