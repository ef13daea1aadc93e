package server

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// ways lists methods to choose among, in the order of policy. One number is two ways if it takes texts and calls.
func ways(list []auth.MethodInfo) []assets.Method {
	var out []assets.Method
	for _, m := range list {
		base := assets.Method{ID: m.ID, To: m.Address, Left: m.Left, Weak: m.Class == auth.Weak}
		if !m.Resting.IsZero() {
			base.State, base.Until = "resting", m.Resting
		}
		for _, w := range waysOf(m) {
			out = append(out, named(base, w, m)...)
		}
	}
	return out
}

func waysOf(m auth.MethodInfo) []assets.Way {
	switch m.Kind {
	case auth.WebAuthn:
		var w []assets.Way
		if m.Keys || !m.Passkeys {
			w = append(w, assets.WayKey)
		}
		if m.Passkeys {
			w = append(w, assets.WayPasskey)
		}
		return w
	case auth.Phone:
		var w []assets.Way
		for _, c := range m.Channels {
			w = append(w, wayOfChannel(c))
		}
		return w
	}
	return []assets.Way{wayOf(m.Kind, "")}
}

// named gives a row the names of its authenticators; keys and passkeys share one list, which names neither.
func named(base assets.Method, w assets.Way, m auth.MethodInfo) []assets.Method {
	base.Way = w
	both := m.Keys && m.Passkeys
	if len(m.Names) == 0 || both || m.Kind == auth.Lookup {
		return []assets.Method{base}
	}
	var out []assets.Method
	for _, n := range m.Names {
		row := base
		row.Name = n
		out = append(out, row)
	}
	return out
}

func wayOf(k auth.Kind, f auth.Flavour) assets.Way {
	switch k {
	case auth.WebAuthn:
		if f == auth.Passkey {
			return assets.WayPasskey
		}
		return assets.WayKey
	case auth.TOTP:
		return assets.WayApp
	case auth.HOTP:
		return assets.WayToken
	case auth.Phone:
		return assets.WaySMS
	case auth.Email:
		return assets.WayEmail
	case auth.Lookup:
		return assets.WayRecovery
	}
	return ""
}

func wayOfChannel(c auth.Channel) assets.Way {
	switch c {
	case auth.Voice:
		return assets.WayCall
	case auth.Mail:
		return assets.WayEmail
	}
	return assets.WaySMS
}

// choice is what a way asks of the domain.
func choice(w assets.Way, id string) auth.MethodChoice {
	m := auth.MethodChoice{ID: id}
	switch w {
	case assets.WayKey, assets.WayPasskey:
		m.Kind, m.ID = auth.WebAuthn, ""
	case assets.WayApp:
		m.Kind, m.ID = auth.TOTP, ""
	case assets.WayToken:
		m.Kind, m.ID = auth.HOTP, ""
	case assets.WaySMS:
		m.Kind, m.Channel = auth.Phone, auth.SMS
	case assets.WayCall:
		m.Kind, m.Channel = auth.Phone, auth.Voice
	case assets.WayEmail:
		m.Kind, m.Channel = auth.Email, auth.Mail
	case assets.WayRecovery:
		m.Kind, m.ID = auth.Lookup, ""
	}
	return m
}

// sends says whether a way needs something to be sent first.
func sends(w assets.Way) bool {
	return w == assets.WaySMS || w == assets.WayCall || w == assets.WayEmail
}

// isKey says whether a way is a ceremony of the browser.
func isKey(w assets.Way) bool { return w == assets.WayKey || w == assets.WayPasskey }

// method is one authenticator as pages list it.
func method(a *auth.AuthenticatorInfo) assets.Method {
	out := assets.Method{ID: a.ID, Way: wayOf(a.Kind, a.Flavour), Name: a.Name, Place: a.Place, Model: a.Model, To: a.Address,
		Left: a.Left, Made: a.BoundAt, Used: a.UsedAt, Weak: a.Class == auth.Weak, Verified: a.VerifiesUser, Synced: a.Synced}
	if a.Kind == auth.Lookup {
		out.Total = recoveryTotal
	}
	if out.Place == "" && (a.Kind == auth.TOTP) {
		out.Place = placeOf(a.DeviceKind)
	}
	switch {
	case !a.RemovalDue.IsZero():
		out.State, out.Until = "pending-removal", a.RemovalDue
	case a.State == auth.Frozen:
		out.State = "frozen"
	case a.State == auth.Disabled:
		out.State = "disabled"
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

func methods(list []auth.AuthenticatorInfo) []assets.Method {
	out := make([]assets.Method, len(list))
	for i := range list {
		out[i] = method(&list[i])
	}
	return out
}

// holders groups what lives on one stick into one row (R53): the touch, and the codes kept on it.
func holders(list []auth.AuthenticatorInfo) []assets.Holder {
	var out []assets.Holder
	for i := range list {
		a := &list[i]
		if onStick(a, list) {
			continue
		}
		h := assets.Holder{Method: method(a)}
		for j := range list {
			if b := &list[j]; a.Kind == auth.WebAuthn && a.DeviceKind == auth.Stick && b.Device == a.Device && onStick(b, list) {
				h.Holds = append(h.Holds, assets.WayToken)
			}
		}
		if len(h.Holds) > 0 {
			h.Holds = append([]assets.Way{assets.WayKey}, h.Holds[:1]...)
		}
		out = append(out, h)
	}
	return out
}

// onStick says whether codes live on a stick that is listed for its touch.
func onStick(a *auth.AuthenticatorInfo, list []auth.AuthenticatorInfo) bool {
	return (a.Kind == auth.TOTP || a.Kind == auth.HOTP) && slices.ContainsFunc(list, func(o auth.AuthenticatorInfo) bool {
		return o.Kind == auth.WebAuthn && o.Device == a.Device && a.Device != ""
	})
}

// losses is the lock-out forecast.
func losses(rows []auth.Forecast) []assets.Loss {
	var out []assets.Loss
	for _, r := range rows {
		l := assets.Loss{Goes: methods(r.Falls), Left: methods(r.Left), Soon: "now"}
		names := make([]string, 0, len(r.Lost))
		for _, d := range r.Lost {
			names = append(names, d.Name)
		}
		switch len(r.Lost) {
		case 0:
			l.What = "all"
		case 1:
			l.What, l.Name = lostKind(r.Lost[0].Kind), names[0]
		default:
			l.What = "pair"
			if !slices.Contains(names, "") {
				l.Name = strings.Join(names, " + ")
			}
		}
		switch {
		case len(l.Left) == 0:
			l.Soon = "documents"
		case !slices.ContainsFunc(l.Left, func(m assets.Method) bool { return m.Way != assets.WayRecovery }):
			l.Soon = "later"
		}
		out = append(out, l)
	}
	return out
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
	}
	return "all"
}

// event is one entry of the history.
func event(e auth.EventInfo) assets.Event {
	out := assets.Event{At: e.At, Browser: e.Agent, Place: e.IP, Bad: e.Outcome != "", Args: assets.Args{"name": e.Item}}
	if w := wayOf(e.Kind, e.Flavour); w != "" {
		out.Args["way"] = string(w)
	}
	if !e.Due.IsZero() {
		out.Args["time"] = e.Due
	}
	if e.Kind == auth.Password {
		out.Args["way"] = "password"
	}
	out.What = eventName(e)
	return out
}

func eventName(e auth.EventInfo) string {
	done := map[auth.Action]string{
		auth.ActSignIn: "sign-in", auth.ActSecondStep: "sign-in", auth.ActStepUp: "confirmed", auth.ActTest: "key-tested",
		auth.ActSendCode: "code-sent", auth.ActSignOut: "sign-out", auth.ActSignUp: "account-created", auth.ActConfirmSignUp: "account-confirmed",
		auth.ActNewPassword: "password-changed", auth.ActReset: "password-reset", auth.ActForgot: "reset-asked",
		auth.ActCodes: "codes-made", auth.ActRename: "renamed", auth.ActRemove: "removed", auth.ActRemoved: "removed", auth.ActLose: "key-lost",
		auth.ActUndo: "undone", auth.ActCancelChange: "removal-stopped", auth.ActTrust: "browser-trusted", auth.ActForget: "browser-ended",
		auth.ActEndSession: "session-ended", auth.ActConfirmEmail: "email-changed", auth.ActRestore: "codes-void",
	}
	refused := map[auth.Action]string{auth.ActSignIn: "sign-in-refused", auth.ActSecondStep: "second-step-refused", auth.ActStepUp: "second-step-refused",
		auth.ActTest: "second-step-refused", auth.ActAdd: "add-refused", auth.ActSendCode: "code-refused", auth.ActNewPassword: "password-refused"}
	added := map[auth.Kind]string{auth.WebAuthn: "key-added", auth.TOTP: "app-added", auth.HOTP: "token-added", auth.Phone: "phone-added", auth.Email: "email-added"}
	switch {
	case e.Outcome == auth.KeyFrozen:
		return "key-frozen"
	case e.Outcome != "":
		if name := refused[e.Action]; name != "" {
			return name
		}
		return "refused" // never the words of a change: nothing was changed
	case !e.Due.IsZero():
		return "removal-planned"
	case e.Flavour == auth.Passkey && e.Action == auth.ActAdd:
		return "passkey-added"
	case e.Flavour == auth.Passkey && e.Action == auth.ActRemove:
		return "passkey-removed"
	case e.Action == auth.ActContact:
		return map[auth.Kind]string{auth.Email: "email-asked", auth.Phone: "phone-changed"}[e.Kind]
	case e.Action == auth.ActAdd:
		return added[e.Kind]
	case e.Action == auth.ActRemove && e.Kind == auth.WebAuthn:
		return "key-removed"
	}
	return done[e.Action]
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
		h.To, h.SentAt, h.Label, h.Delivery = d.To, d.SentAt, d.Label, string(d.State)
		h.Heard, h.Resend, h.Texts, h.CanSend = d.ChangedAt, d.ResendAt, d.LeftToday, true
	}
	return h
}

func passwordRules(p auth.PasswordPolicy) assets.PasswordRules {
	r := assets.PasswordRules{Min: p.Min, Max: p.Max, Mixed: p.Classes}
	if p.Max > 64 {
		r.Max = 0
	}
	return r
}
