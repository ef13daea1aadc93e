package server

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

func bindPages() []page {
	return []page{
		{path: "/security/keys/new", who: session, what: "add-key", uses: []string{"BindBegin", "BindFinish"},
			get: keyNewPage, post: keyNewPost},
		{path: "/security/app/new", who: session, what: "add-app", uses: []string{"BindBegin", "BindFinish"},
			get: appNewPage, post: appNewPost},
		{path: "/security/phone/new", who: session, what: "add-phone", uses: []string{"BindBegin", "BindFinish",
			"Challenge"}, get: phoneNewPage, post: phoneNewPost},
		{path: "/security/phone/new/send", who: session, what: "add-phone", uses: []string{"BindResend"},
			get:  func(x *request) error { return x.redirect("/security/phone/new") },
			post: bindSend("/security/phone/new")},
		{path: "/security/email/new", who: session, what: "add-email", uses: []string{"BindBegin", "BindFinish",
			"Challenge"}, get: emailNewPage, post: emailNewPost},
		{path: "/security/email/new/send", who: session, what: "add-email", uses: []string{"BindResend"},
			get:  func(x *request) error { return x.redirect("/security/email/new") },
			post: bindSend("/security/email/new")},
		{path: "/security/codes", who: enrolled, what: "make-codes", uses: []string{"Security", "RecoveryCodes"},
			get: codesPage, post: codesPost},
		{path: "/security/codes/file", who: session, uses: []string{"CodesFile"},
			get: func(x *request) error { return x.redirect("/security/codes") }, post: codesFile},
		{path: "/security/codes/saved", who: session, get: toOverview, post: codesSaved},
	}
}

// step is the number that a page of a new method has within enrolment, 0 outside of it.
func (x *request) step(f assets.Frame) int {
	switch {
	case x.backup():
		return 3
	case !f.Enrolled: // whoever is here is signed in
		return 2
	}
	return 0
}

// backup reports whether the method is to be the backup of what is there (R61): the page that offers it says so in its
// links, and the forms hand it on.
func (x *request) backup() bool { return x.query("backup") == "1" || x.field("backup") == "1" }

// asBackup is the address of a page with that word handed on.
func (x *request) asBackup(path string) string {
	switch {
	case !x.backup():
		return path
	case strings.Contains(path, "?"):
		return path + "&backup=1"
	}
	return path + "?backup=1"
}

// onHandset reports whether something lives on a phone already.
func onHandset(info *auth.SecurityInfo) bool {
	return slices.ContainsFunc(info.Methods, func(m auth.AuthenticatorInfo) bool {
		return m.DeviceKind == auth.Handset
	})
}

func keyNewPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	v := &assets.KeyNew{Frame: f, Passkey: x.query("kind") == "passkey"}
	v.Name, v.Place = x.field("name"), x.field("place")
	v.Number, v.Browser = 1+keys(info), info.Me.Session.Agent
	return x.showKeyNew(v)
}

// keys is how many USB keys the seller has.
func keys(info *auth.SecurityInfo) (n int) {
	for _, m := range info.Methods {
		if m.Kind == auth.WebAuthn && m.Flavour != auth.Passkey {
			n++
		}
	}
	return n
}

func (x *request) showKeyNew(v *assets.KeyNew) error {
	v.Step = x.step(v.Frame)
	v.First = !v.Enrolled
	v.Backup = x.backup()
	if !v.WeChat {
		form := auth.BindForm{Kind: auth.WebAuthn, Flavour: auth.SecurityKey}
		if v.Passkey {
			form.Flavour = auth.Passkey
		}
		ch, err := x.s.service.BindBegin(x.r.Context(), x.caller, form)
		if err != nil {
			return err
		}
		v.Key = keyPrompt(ch, false)
	}
	return x.show(http.StatusOK, v)
}

func keyNewPost(x *request) error {
	response, err := rawJSON(x.field("response"))
	var info *auth.BindInfo
	if err == nil {
		info, err = x.bind(auth.BindDone{Ceremony: x.field("ceremony"), Name: x.field("name"), Place: x.field("place"),
			Response: response})
	}
	if err == nil {
		return x.added(info)
	}
	if e := new(auth.Error); errors.As(err, &e) && e.Unknown != nil && leadsElsewhere(e) {
		x.leaveFlash(flash{Unknown: e.Unknown}) // the page that comes first tells the browser
	}
	path := "/security/keys/new"
	if x.field("kind") == "passkey" {
		path += "?kind=passkey"
	}
	return x.refuseTo(x.asBackup(path), err)
}

// bind finishes a binding and takes over the session that it may have raised.
func (x *request) bind(d auth.BindDone) (*auth.BindInfo, error) {
	d.Backup = x.backup()
	info, err := x.s.service.BindFinish(x.r.Context(), x.caller, d)
	if err != nil {
		return nil, err
	}
	x.drop(stepCookie)
	if _, n := web.Cookie(x.r, x.s.cookieName(appCookie)); n > 0 {
		x.drop(appCookie)
	}
	return info, x.issueSession(&info.Token, info.Session)
}

// added leads on after a method was added: to the backup if there is none to fall back on (R61).
func (x *request) added(info *auth.BindInfo) error {
	row := x.s.methods.Of(info.Authenticator.Kind, info.Authenticator.Flavour)
	p := flash{Key: row.Face.Made, Name: info.Authenticator.Name}
	if info.First && !info.Session.Restricted {
		p = flash{Key: "enrolled"}
	}
	x.leaveFlash(p)
	if info.BackupNeeded {
		return x.redirect("/security/start")
	}
	return x.redirect("/security")
}

// The prompt of an app is told once, and a wrong code must not cost the scan: the form carries it beside the sealed
// ceremony, on a page that shows it anyhow. It is stored nowhere.
func packPrompt(ch *auth.Challenge) string {
	return ch.Ceremony + "." + base64.RawURLEncoding.EncodeToString(ch.Prompt)
}

func unpackPrompt(field string) (ceremony string, prompt json.RawMessage) {
	ceremony, text, _ := strings.Cut(field, ".")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !json.Valid(raw) {
		return ceremony, nil
	}
	return ceremony, raw
}

// appNewPage shows a new secret, or the one that is on its way already: a phone that drops the tab to open the app, or
// a reload, must not make the entry worthless that was just scanned.
func appNewPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	packed, raw := x.underWay(appSeal)
	if raw == nil {
		ch, err := x.s.service.BindBegin(x.r.Context(), x.caller, auth.BindForm{Kind: auth.TOTP})
		if err != nil {
			return err
		}
		packed, raw = packPrompt(ch), ch.Prompt
		x.keepUnderWay(appSeal, packed)
	}
	var prompt struct{ Secret, URI, Account string }
	if err := json.Unmarshal(raw, &prompt); err != nil {
		return auth.Refuse(auth.CeremonyOtherBrowser)
	}
	v := &assets.AppNew{Frame: f, Ceremony: packed, URL: prompt.URI, Secret: prompt.Secret, Account: prompt.Account,
		Place: x.field("place"), Step: x.step(f), Backup: x.backup(), Handset: onHandset(info)}
	for _, m := range x.s.list(info.Methods) {
		if m.Way == assets.WayKey {
			v.Keys = append(v.Keys, m)
		}
	}
	return x.show(http.StatusOK, v)
}

// appSeal is what the cookie of an app on its way is sealed for.
const appSeal = "app"

func appNewPost(x *request) error {
	packed := x.field("ceremony")
	ceremony, _ := unpackPrompt(packed)
	device := x.field("place")
	if id, onKey := strings.CutPrefix(device, "key:"); onKey { // R53: one stick, two senses
		settings, _, err := x.settings()
		if err != nil {
			return err
		}
		device = ""
		for _, m := range settings.Methods {
			if m.ID == id {
				device = m.Device
			}
		}
	}
	info, err := x.bind(auth.BindDone{Ceremony: ceremony, Device: device, Response: codeJSON(x.field("code"))})
	if err == nil {
		return x.added(info)
	}
	if !startAgain(err) {
		x.keepUnderWay(appSeal, packed)
	}
	return x.refuseTo(x.local(), err)
}

// phoneNewPage asks for a number or, with ?sent=1 and a code under way, for the code.
func phoneNewPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	v := &assets.PhoneNew{Frame: f, Phone: x.field("phone"), Via: assets.WaySMS, Step: x.step(f), Backup: x.backup(),
		Handset: onHandset(info), Own: x.ownNumber(info), Other: x.field("place") == "new",
		Countries: x.countries(info.Region)}
	calls := x.s.methods.By(auth.Phone, auth.Voice).Served
	if calls && (x.field("via") == string(assets.WayCall) || x.setBack(auth.PhoneLandline)) {
		v.Via = assets.WayCall // R60: a landline is offered one
	}
	if ch := x.binding(auth.Phone, ""); ch != nil && x.query("sent") != "" {
		v.Help = x.bindHelp(ch)
		v.Sent = true
		v.Via = x.s.wayOfChannel(ch)
	} else if err := x.mayAdd(); err != nil {
		return err
	}
	return x.show(http.StatusOK, v)
}

// mayAdd asks for a fresh second step before a form is filled in, not after.
func (x *request) mayAdd() error {
	need, err := x.s.service.StepUp(x.r.Context(), x.caller, auth.ActAdd, "")
	if errors.Is(err, auth.Refuse(auth.MustEnrol)) {
		return nil // the first method needs none
	}
	if err == nil && !need.Done {
		return auth.Refuse(auth.StepUpRequired)
	}
	return err
}

// binding is the code under way for a new number or mailbox, nil for none.
func (x *request) binding(k auth.Kind, ceremony string) *auth.Challenge {
	if ceremony == "" {
		kept, _ := web.Cookie(x.r, x.s.cookieName(stepCookie))
		ceremony, _, _ = strings.Cut(kept, ".")
	}
	if ceremony == "" {
		return nil
	}
	ch, err := x.s.service.Challenge(x.r.Context(), x.caller, auth.ForBind, ceremony)
	if err != nil || ch.Kind != k {
		return nil
	}
	return ch
}

func (x *request) bindHelp(ch *auth.Challenge) assets.Help {
	h := help(ch.Ceremony, ch.Delivery, nil)
	h.CanSend = true
	h.CanCall = ch.Kind == auth.Phone && ch.Channel != auth.Voice && x.s.methods.By(auth.Phone, auth.Voice).Served
	h.Open = h.Delivery == string(auth.Failed) || x.setBack()
	return h
}

func phoneNewPost(x *request) error {
	if ceremony := x.field("ceremony"); ceremony != "" {
		return x.bindCode(ceremony, "/security/phone/new", auth.Phone)
	}
	channel := x.s.choice(assets.Way(x.field("via")), "").Channel
	if channel != auth.Voice {
		channel = auth.SMS
	}
	if !x.s.methods.By(auth.Phone, channel).Served {
		channel = "" // the one that there is
	}
	number := x.field("phone")
	return x.beginCode(auth.BindForm{Kind: auth.Phone, Number: number, Region: x.field("region"),
		Own: x.field("own") == "yes" && number == "", Channel: channel}, "/security/phone/new")
}

func emailNewPage(x *request) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	v := &assets.EmailNew{Frame: f, Email: x.field("email"), Step: x.step(f), Backup: x.backup()}
	if ch := x.binding(auth.Email, ""); ch != nil && x.query("sent") != "" {
		v.Help, v.Sent = x.bindHelp(ch), true
	} else if err := x.mayAdd(); err != nil {
		return err
	}
	return x.show(http.StatusOK, v)
}

func emailNewPost(x *request) error {
	if ceremony := x.field("ceremony"); ceremony != "" {
		return x.bindCode(ceremony, "/security/email/new", auth.Email)
	}
	return x.beginCode(auth.BindForm{Kind: auth.Email, Address: x.field("email"), Channel: auth.Mail}, "/security/email/new")
}

// beginCode sends the first code to a new number or mailbox. Who asks again too soon is shown the field for the code
// that is on its way.
func (x *request) beginCode(form auth.BindForm, path string) error {
	ch, err := x.s.service.BindBegin(x.r.Context(), x.caller, form)
	if err == nil {
		x.put(stepCookie, ch.Ceremony+".", flowLife)
		return x.redirect(x.asBackup(path + "?sent=1"))
	}
	if errors.Is(err, auth.Refuse(auth.ResendTooSoon)) && x.binding(form.Kind, "") != nil {
		path += "?sent=1"
	} else if form.Number != "" { // the field for it is shown again, also where nothing that was typed is kept
		path += "?other=1"
	}
	return x.refuseTo(x.asBackup(path), err)
}

// bindCode checks the code that came back. A wrong one leaves the exchange as it is; one that is over asks for the
// number again.
func (x *request) bindCode(ceremony, path string, k auth.Kind) error {
	d := auth.BindDone{Ceremony: ceremony, Response: codeJSON(x.field("code"))}
	if x.field("place") == "new" { // this number is on another phone than what is there
		d.Device = "new"
	}
	info, err := x.bind(d)
	if err == nil {
		return x.added(info)
	}
	return x.refuseCode(ceremony, path, k, err)
}

// refuseCode answers a refusal about a code under way: the page asks for it again while it lives.
func (x *request) refuseCode(ceremony, path string, k auth.Kind, refused error) error {
	if x.binding(k, ceremony) != nil {
		x.put(stepCookie, ceremony+".", flowLife)
		path += "?sent=1"
	}
	return x.refuseTo(x.asBackup(path), refused)
}

// bindSend sends the code of a binding again.
func bindSend(path string) func(*request) error {
	return func(x *request) error {
		ceremony, kind := x.field("ceremony"), auth.Phone
		if path == "/security/email/new" {
			kind = auth.Email
		}
		before := x.binding(kind, ceremony)
		ch, err := x.s.service.BindResend(x.r.Context(), x.caller, ceremony, x.s.choice(assets.Way(x.field("via")),
			"").Channel)
		if err != nil {
			return x.refuseCode(ceremony, path, kind, err)
		}
		x.put(stepCookie, ch.Ceremony+".", flowLife)
		x.sayResent(before, ch)
		return x.redirect(x.asBackup(path + "?sent=1"))
	}
}

func codesPage(x *request) error {
	info, f, err := x.settings()
	if err != nil {
		return err
	}
	if made := x.query("made"); made != "" { // while a fresh set is shown: once, and after a reload
		sealed, _ := web.Cookie(x.r, x.s.cookieName(codesCookie))
		if set, err := x.s.service.CodesFile(x.r.Context(), x.caller, sealed); err == nil {
			return x.show(http.StatusOK, &assets.CodesShown{Frame: f, Codes: set.Codes, Account: string(set.MaskedEmail),
				Made: set.MadeAt, Replaced: made == "anew", Sealed: sealed})
		}
	}
	v := &assets.Codes{Frame: f}
	for _, m := range info.Methods {
		if x.s.isSet(m.Kind) {
			v.Left = m.Left
			v.Total = recoveryTotal
			v.Made = m.BoundAt
		}
	}
	if !info.EnrolledAt.IsZero() && info.BackupNeeded {
		v.Step = 3
	}
	return x.show(http.StatusOK, v)
}

// codesPost makes a set. It is stored nowhere: the page that shows it has it from a sealed copy in this browser, which
// lives for 5 minutes.
func codesPost(x *request) error {
	before, _, _ := x.authenticator("codes", "all")
	info, err := x.s.service.RecoveryCodes(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	x.put(codesCookie, info.Sealed, 5*time.Minute)
	if before != nil && !before.BoundAt.Equal(info.MadeAt) { // else it is this very set: the form came twice
		return x.redirect("/security/codes?made=anew")
	}
	return x.redirect("/security/codes?made=now")
}

// codesFile is the download, without script.
func codesFile(x *request) error {
	info, err := x.s.service.CodesFile(x.r.Context(), x.caller, x.field("sealed"))
	if err != nil {
		return err
	}
	text := strings.Join(append([]string{x.s.config.Site + "  " + string(info.MaskedEmail) + "  " +
		info.MadeAt.UTC().Format("2006-01-02"), ""}, info.Codes...), "\r\n") + "\r\n"
	x.Header().Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	x.Send(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}

func codesSaved(x *request) error {
	x.drop(codesCookie)
	x.leaveFlash(flash{Key: "codes-saved"})
	return x.redirect("/security")
}
