package main

import (
	"maps"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/notify"
	"github.com/latchkey-auth/latchkey/server"
)

// A wording joins what the domain wants said to the texts that say it: by template, the name of its
// mail. Every template that the domain uses has a row; a test holds that.
type wording struct {
	mail  string // the mail's text
	short string // as a text, behind the channel's name; codes have one by what they are for, others none
	link  string // path of the page that the message leads to, unless it has a link of its own
}

func wordings() map[string]wording {
	return map[string]wording{
		auth.TemplateCode: {mail: "mail.code"}, auth.TemplateSignUp: {mail: "mail.sign-up-confirm"},
		auth.TemplateSignUpExisting: {mail: "mail.sign-up-known", link: "/sign-in"},
		auth.TemplateReset:          {mail: "mail.reset"}, auth.TemplateResetLink: {mail: "mail.reset-link"},
		auth.TemplateIntroduce: {mail: "mail.introduce"}, auth.TemplateEmailChange: {mail: "mail.email-change"},
		auth.TemplateChange:         {mail: "mail.changed", short: "changed", link: "/forgot"},
		auth.TemplateNewBrowser:     {mail: "mail.new-browser", link: "/security/sessions"},
		auth.TemplateRemoval:        {mail: "mail.removal-delayed", short: "waiting"},
		auth.TemplateLocked:         {mail: "mail.locked", link: "/forgot"},
		auth.TemplateUnused:         {mail: "mail.unused", link: "/sign-in"},
		auth.TemplateDormant:        {mail: "mail.dormant", link: "/help/contact"},
		auth.TemplateRecalled:       {mail: "mail.key-recalled", link: "/security/keys"},
		auth.TemplateRecallLifted:   {mail: "mail.recall-lifted", link: "/security/keys"},
		auth.TemplateAwake:          {mail: "mail.awake", link: "/sign-in"},
		auth.TemplateSafetyEnded:    {mail: "mail.safety-ended", link: "/sign-in"},
		auth.TemplateSafetyPassword: {mail: "mail.safety-password", link: "/forgot"},
		auth.TemplateSafetyFrozen:   {mail: "mail.safety-frozen", link: "/sign-in"},
		auth.TemplateSafetyBoth:     {mail: "mail.safety-both", link: "/forgot"},
		auth.TemplateSafetyOver:     {mail: "mail.safety-over", link: "/sign-in"},
		auth.TemplatePasswordOut:    {mail: "mail.password-out", link: "/forgot"},
		auth.TemplateCodesVoid:      {mail: "mail.codes-void", link: "/security/codes"},
		auth.TemplateResetClosed:    {mail: "mail.reset-closed", link: "/security"},
		auth.TemplateShopInvite:     {mail: "mail.shop-invite"}, auth.TemplateVouched: {mail: "mail.recovery-vouched"},
		auth.TemplateShopJoined:   {mail: "mail.shop-joined", link: "/shop"},
		auth.TemplateShopRole:     {mail: "mail.shop-role", link: "/shop"},
		auth.TemplateShopPaused:   {mail: "mail.shop-paused", link: "/shop"},
		auth.TemplateShopBack:     {mail: "mail.shop-back", link: "/shop"},
		auth.TemplateShopRemoved:  {mail: "mail.shop-removed", link: "/shop"},
		auth.TemplateShopLeft:     {mail: "mail.shop-left", link: "/shop"},
		auth.TemplateShopPeople:   {mail: "mail.shop-people", link: "/shop"},
		auth.TemplateCodeWaits:    {mail: "mail.code-waits", short: "code-waits"},
		auth.TemplateRecoveryLink: {mail: "mail.recovery-link"},
		auth.TemplateRecoveryNew:  {mail: "mail.recovery-new"}, auth.TemplateRecoveryNews: {mail: "mail.recovery-news"},
		auth.TemplateRecoveryOpened:   {mail: "mail.recovery-opened"},
		auth.TemplateRecoveryApproved: {mail: "mail.recovery-approved"},
		auth.TemplateRecoveryStopped:  {mail: "mail.recovery-stopped", link: "/security"},
		auth.TemplateRecoveryDone:     {mail: "mail.recovery-done", link: "/forgot"},
		auth.TemplateDeskInvitation:   {mail: "mail.desk-invitation"},
		auth.TemplateDeskKey:          {mail: "mail.desk-key"}, auth.TemplateDeskKeyGone: {mail: "mail.desk-key-gone"},
		auth.TemplateKeysOnlyEnds:    {mail: "mail.keys-only-ends", short: "keys-only-ends"},
		auth.TemplateClosing:         {mail: "mail.closing", short: "closing"},
		auth.TemplateClosed:          {mail: "mail.account-closed", link: "/help/contact"},
		auth.TemplateClosingKept:     {mail: "mail.closing-kept", link: "/security"},
		auth.TemplateShopKeys:        {mail: "mail.shop-keys", link: "/security/keys/new"},
		auth.TemplateMove:            {mail: "mail.contact-move", short: "moving"},
		auth.TemplateHandOver:        {mail: "mail.hand-over", short: "handing"},
		auth.TemplateHandOverTaker:   {mail: "mail.hand-over-taker", link: "/shop"},
		auth.TemplateHandOverStopped: {mail: "mail.hand-over-stopped", link: "/shop"},
		auth.TemplateHandOverDone:    {mail: "mail.hand-over-done", link: "/shop"},
		auth.TemplateHandOverYours:   {mail: "mail.hand-over-yours", link: "/shop"},
		auth.TemplateTakesOver:       {mail: "mail.takes-over", link: "/security"},
		auth.TemplateHandOverLink:    {mail: "mail.hand-over-link"}, auth.TemplateAccountHandLink: {mail: "mail.account-hand-link"},
		auth.TemplateAccountHand:        {mail: "mail.account-hand", short: "handing-account"},
		auth.TemplateAccountHandTaker:   {mail: "mail.account-hand-taker", link: "/hand-over"},
		auth.TemplateAccountHandStopped: {mail: "mail.account-hand-stopped", link: "/security"},
		auth.TemplateAccountHandDone:    {mail: "mail.account-hand-done", link: "/help/contact"},
		auth.TemplateAccountHandYours:   {mail: "mail.account-hand-yours", link: "/sign-in"},
	}
}

// shortCodes is how a code is worded where there is little room, by what it is for.
func shortCodes() map[string]string {
	return map[string]string{string(auth.ForSignIn): "code", string(auth.ForBind): "enrol",
		string(auth.ForStepUp): "confirm", string(auth.ForReset): "reset"}
}

// changes is how the texts name the changes that the domain tells of. What is not told of a method
// has no text, and reads as another change.
func changes(methods auth.Table) map[string]string {
	names := map[string]string{"recovery-codes": "codes-made", "password": "password-changed", "email": "email-changed",
		"phone": "phone-changed", "user-name": "user-name-changed", "question": "question-set",
		"question-removed": "question-removed"}
	for _, what := range []string{"security-code-set", "security-code-used", "security-code-retired",
		"signed-in-by-code", "data-taken", "keys-only", "keys-only-ended",
		"recovery-opened", "recovery-approved", "recovery-stopped", "recovery-done",
		"vouched", "takes-over-opened", "takes-over-approved", "takes-over-stopped", "takes-over-done"} {
		names[what] = what
	}
	for i := range methods {
		row := &methods[i]
		if row.Input == auth.NoInput {
			continue
		}
		noun := methods.MessageKey(row.Kind, row.Flavour)
		names["added-"+noun] = row.Face.Made
		for _, done := range []string{"removed", "frozen", "unfrozen", "disabled", "used"} {
			names[done+"-"+noun] = row.Face.Stem + "-" + done
		}
	}
	return names
}

// render returns the words of messages. Links to pages are built from the configured origin alone:
// a name that a request carried must never get into a mail.
func render(pages *assets.Pages, methods auth.Table, origin, host string) notify.Render {
	words := wordings()
	codes := shortCodes()
	names := changes(methods)
	return func(m auth.Message) (notify.Text, error) {
		w := words[m.Template]
		args := arguments(m, names)
		if _, own := args["link"]; !own && w.link != "" {
			args["link"] = origin + w.link
		}
		name := w.mail
		if says := methods.Sending(m.Channel).Face.Says; says != "" {
			short := w.short
			if m.Template == auth.TemplateCode {
				short, args["host"] = codes[m.Args["purpose"]], host
			}
			if name = says + "." + short; !pages.Texts().Has(name) && m.Template == auth.TemplateCode {
				name = says + ".code" // one wording for all
			}
		}
		subject, body, html, err := pages.Message(m.Language, name, args)
		return notify.Text{Subject: subject, Body: body, HTML: html}, err
	}
}

// arguments gives the domain's values the names and types that the texts know.
func arguments(m auth.Message, names map[string]string) assets.Args {
	args := assets.Args{}
	for k, v := range m.Args {
		args[k] = v
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			args[k] = at
		}
	}
	for from, to := range map[string]string{"item": "name", "agent": "browser", "due": "until", "undo": "link",
		"not-me": "notme", "not-me-until": "sayuntil"} {
		if v, ok := args[from]; ok {
			args[to] = v
			delete(args, from)
		}
	}
	if name, ok := m.Args["name"]; ok {
		args["person"] = name
		if args["name"] = m.Args["item"]; args["name"] == "" {
			delete(args, "name")
		}
	}
	if _, ok := args["until"]; !ok && args["link"] != nil {
		args["until"] = m.Expires
	}
	_, args["undo"] = m.Args["undo"]
	_, args["pause"] = m.Args["pause"]
	_, args["ends"] = m.Args["ends"]
	if m.Template == auth.TemplateChange || m.Template == auth.TemplateRemoval {
		args["what"] = "other"
		if what, ok := names[m.Args["what"]]; ok {
			args["what"] = what
		}
	}
	maps.DeleteFunc(args, func(_ string, v any) bool { return v == "" })
	return args
}

// A sentBox shows the file sink's messages on the page of sent messages.
type sentBox struct{ sink *notify.Sink }

// Recent implements server.Sink.
func (b sentBox) Recent(most int) ([]server.Sent, error) {
	var all []server.Sent
	for _, w := range b.sink.Recent(most) {
		all = append(all, server.Sent{At: w.At, Channel: w.Channel, Recipient: w.Recipient, Subject: w.Subject,
			Text: strings.TrimSpace(w.Text)})
	}
	return all, nil
}
