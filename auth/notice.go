package auth

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/latchkey-auth/latchkey/ident"
)

// told is one thing that an account hears of.
type told string

// What accounts hear of.
const (
	toldAdded      told = "added"
	toldRemoved    told = "removed"
	toldWaiting    told = "waiting" // a removal that waits
	toldCodesMade  told = "codes-made"
	toldCodeUsed   told = "code-used"
	toldCodesVoid  told = "codes-void"
	toldPassword   told = "password"
	toldEmail      told = "email"
	toldPhone      told = "phone"
	toldUserName   told = "user-name"
	toldFrozen     told = "frozen"
	toldUnfrozen   told = "unfrozen"
	toldDisabled   told = "disabled"
	toldNewBrowser told = "new-browser"
	toldLocked     told = "locked"

	toldPasswordOut told = "password-out" // strangers have it
	toldDataTaken   told = "data-taken"

	toldKeysOnly      told = "keys-only"       // nothing but security keys opens the account
	toldKeysOnlyEnds  told = "keys-only-ends"  // that will end
	toldKeysOnlyEnded told = "keys-only-ended" // it has
	toldUnused        told = "unused"          // it will be switched off
	toldDormant       told = "dormant"         // it was

	toldRecalled     told = "key-recalled"
	toldRecallLifted told = "recall-lifted"

	toldResetClosed told = "reset-closed" // whoever has the number does not know the user name
)

// What they hear of the question and the code that only the owner knows.
const (
	toldQuestion         told = "question"
	toldQuestionGone     told = "question-removed"
	toldSecurityCode     told = "security-code-set"
	toldSecurityCodeUsed told = "security-code-used"
	toldCodeWaits        told = "security-code-waits" // a sign-in by it
	toldSignedInByCode   told = "signed-in-by-code"
)

// A notice is one row of the table of notices: of what an account hears, by which acts, in which words, and how far it
// carries. Every address hears everything; the numbers hear in short what a thief with the mailbox must not keep quiet.
type notice struct {
	Told     told
	Acts     []Action
	Template string
	What     string // Message.Args["what"]; with a method, this and how messages name its sort
	Text     bool   // to every proved number as well
	Undo     bool   // each address gets a link that says "this was not me"
	Ends     bool   // with Undo: nothing of it can be put back, so the link ends all access
	Beside   bool   // with Ends: the mail leads elsewhere, and the link stands beside
}

// How messages call the link that says "this was not me".
const (
	argUndo  = "undo"   // the mail leads there
	argNotMe = "not-me" // it stands beside where the mail leads
)

// notices is who is told of what.
func notices() []notice {
	second := []Action{ActSecondStep, ActStepUp, ActTest}
	return []notice{
		{Told: toldAdded, Acts: []Action{ActAdd}, Template: TemplateChange, What: "added", Undo: true},
		{Told: toldRemoved, Acts: []Action{ActRemove, ActLose, ActRemoved}, Template: TemplateChange, What: "removed",
			Undo: true},
		{Told: toldWaiting, Acts: []Action{ActRemove, ActLose}, Template: TemplateRemoval, What: "removed", Text: true},
		{Told: toldCodesMade, Acts: []Action{ActCodes}, Template: TemplateChange, What: "recovery-codes", Undo: true},
		{Told: toldCodeUsed, Acts: second, Template: TemplateChange, What: "used", Undo: true, Ends: true},
		{Told: toldCodesVoid, Acts: []Action{ActSweep}, Template: TemplateCodesVoid},
		{Told: toldPassword, Acts: []Action{ActNewPassword, ActReset}, Template: TemplateChange, What: "password",
			Text: true, Undo: true},
		{Told: toldEmail, Acts: []Action{ActConfirmEmail, ActMoved}, Template: TemplateChange, What: "email",
			Text: true, Undo: true},
		{Told: toldPhone, Acts: []Action{ActContact, ActMoved}, Template: TemplateChange, What: "phone",
			Text: true, Undo: true},
		{Told: toldUserName, Acts: []Action{ActUserName}, Template: TemplateChange, What: "user-name", Undo: true},
		{Told: toldQuestion, Acts: []Action{ActQuestion}, Template: TemplateChange, What: "question", Undo: true},
		{Told: toldQuestionGone, Acts: []Action{ActQuestion}, Template: TemplateChange,
			What: "question-removed", Undo: true},
		{Told: toldSecurityCode, Acts: []Action{ActSetSecurityCode}, Template: TemplateChange,
			What: "security-code-set", Text: true, Undo: true},
		{Told: toldSecurityCodeUsed, Acts: []Action{ActSecurityCode}, Template: TemplateChange,
			What: "security-code-used", Text: true, Undo: true, Ends: true},
		{Told: toldCodeWaits, Acts: []Action{ActCodeSignIn}, Template: TemplateCodeWaits, Text: true},
		{Told: toldSignedInByCode, Acts: []Action{ActCodeSignIn}, Template: TemplateChange,
			What: "signed-in-by-code", Text: true, Undo: true},
		{Told: toldKeysOnly, Acts: []Action{ActKeysOnly}, Template: TemplateChange, What: "keys-only", Text: true,
			Undo: true, Ends: true},
		{Told: toldKeysOnlyEnds, Acts: []Action{ActKeysOnlyOff}, Template: TemplateKeysOnlyEnds, Text: true},
		{Told: toldKeysOnlyEnded, Acts: []Action{ActKeysOnlyEnded}, Template: TemplateChange, What: "keys-only-ended",
			Text: true, Undo: true, Ends: true},
		{Told: toldDataTaken, Acts: []Action{ActTakeData}, Template: TemplateChange, What: "data-taken",
			Undo: true, Ends: true},
		{Told: toldFrozen, Acts: second, Template: TemplateChange, What: "frozen", Undo: true, Ends: true},
		{Told: toldUnfrozen, Acts: []Action{ActUnfreeze}, Template: TemplateChange, What: "unfrozen", Undo: true, Ends: true},
		{Told: toldDisabled, Acts: second, Template: TemplateChange, What: "disabled", Undo: true, Ends: true},
		{Told: toldNewBrowser, Acts: []Action{ActSignIn, ActSecondStep}, Template: TemplateNewBrowser, Undo: true, Ends: true},
		{Told: toldLocked, Acts: []Action{ActSignIn}, Template: TemplateLocked, Undo: true, Ends: true, Beside: true},
		{Told: toldUnused, Acts: []Action{ActDormant}, Template: TemplateUnused},
		{Told: toldDormant, Acts: []Action{ActDormant}, Template: TemplateDormant},
		{Told: toldRecalled, Acts: []Action{ActRecalled, ActRecallTold}, Template: TemplateRecalled},
		{Told: toldRecallLifted, Acts: []Action{ActRecallLifted}, Template: TemplateRecallLifted},
		{Told: toldResetClosed, Acts: []Action{ActForgotName}, Template: TemplateResetClosed, Undo: true, Ends: true,
			Beside: true},
		{Told: toldPasswordOut, Acts: []Action{ActSignIn, ActSecondStep, ActCodeSignIn}, Template: TemplatePasswordOut,
			Undo: true, Ends: true, Beside: true},
	}
}

// tell tells an account of an act, as the table of notices says: about is the method that it was about, args is what
// the words need besides. The account is the one of before the act, so that an address or a number that goes is told.
func (w *Work) tell(a *Account, what told, args map[string]string, ids messageIDs, about ...*Authenticator) error {
	list := notices()
	at := slices.IndexFunc(list, func(n notice) bool { return n.Told == what && slices.Contains(n.Acts, w.action) })
	if at < 0 {
		return fmt.Errorf("the act %s tells nobody of %s", w.action, what)
	}
	row := list[at]
	m := Message{Template: row.Template, Args: map[string]string{"at": messageTime(w.now), "person": a.Name}}
	if row.What != "" {
		m.Args["what"] = row.What
	}
	if len(about) > 0 && what != toldCodesMade && what != toldSignedInByCode {
		m.Args["what"] += "-" + w.s.messageKey(about[0])
		m.Args["item"] = about[0].Name
	}
	if !w.caller.system { // who, as far as it is known
		m.Args["agent"] = w.caller.Agent
		if w.caller.IP.IsValid() {
			m.Args["place"] = w.caller.IP.String()
		}
	}
	maps.Copy(m.Args, args)
	var undo *deed
	if row.Undo {
		var err error
		if undo, err = w.newDeed(a, what, about, ids); err != nil {
			return err
		}
		until := messageTime(w.now.Add(w.s.policy.UndoLife))
		if m.Args["due"] = until; row.Beside {
			delete(m.Args, "due")
			m.Args["not-me-until"] = until
		}
		switch {
		case row.Beside:
		case row.Ends:
			m.Args["ends"] = "yes"
		case undo.Strong:
			m.Args["pause"] = "yes"
		}
	}
	as := argUndo
	if row.Beside {
		as = argNotMe
	}
	if err := w.notify(a, m, ids, undo, as); err != nil || !row.Text {
		return err
	}
	return w.textNotice(a, m, ids)
}

// addresses are all of an account: its e-mail, and every mailbox that it gets codes in.
func (w *Work) addresses(a *Account) ([]ident.Recipient, error) {
	to := []ident.Recipient{ident.Recipient(a.Email)}
	list, err := w.authenticators(a.ID)
	for _, x := range list {
		if w.s.row(x).Channel == Mail {
			to = appendNew(to, x.Recipient)
		}
	}
	return to, err
}

// notify writes a notice to every address of the account, to each that may with its own link to undo what it tells of,
// if there is something; as is what the message calls that link. ids are drawn outside.
func (w *Work) notify(a *Account, m Message, ids messageIDs, undo *deed, as string) error {
	to, err := w.addresses(a)
	if err != nil {
		return err
	}
	list, err := w.authenticators(a.ID)
	if err != nil {
		return err
	}
	plain := m.Args
	for i, recipient := range to {
		m.Account, m.Language = a.ID, a.Language
		m.Channel, m.Recipient = Mail, recipient
		m.Args = maps.Clone(plain)
		if undo != nil && w.isSettled(a, list, recipient) {
			if m.Args[as], err = w.undoLink(a.ID, *undo, recipient, ids.of(i)); err != nil {
				return err
			}
		}
		if err := w.enqueue(m, ids.of(i)); err != nil {
			return err
		}
	}
	return nil
}

// mostNoticeTexts is how many notices by text an account causes in a day: texts are paid for.
const mostNoticeTexts = 10

func textsKey(a AccountID) string { return "t/" + string(a) }

// textNotice tells in short every number that a code came back from. A text that the limits do not allow is left out:
// the mail has gone.
func (w *Work) textNotice(a *Account, m Message, ids messageIDs) error {
	to, err := w.provedNumbers(a)
	if err != nil {
		return err
	}
	for i, recipient := range to {
		n := ident.Phone(recipient)
		if !n.TakesSMS() || !w.s.served(n) || !w.s.delivers(Phone, SMS) {
			continue
		}
		own := draw{key: textsKey(a.ID), most: mostNoticeTexts, code: SendLimitReached}
		_, err := w.takeAll(append(w.textDraws(n, proved), own)...)
		if refused := new(Error); errors.As(err, &refused) {
			return nil
		}
		if err != nil {
			return err
		}
		short := Message{Account: a.ID, Channel: SMS, Recipient: recipient, Language: a.Language, Template: m.Template,
			Args: map[string]string{"what": m.Args["what"], "item": m.Args["item"]}}
		if err := w.enqueue(short, ids.text(i)); err != nil {
			return err
		}
	}
	return nil
}

// provedNumbers are the account's own number, unless it is only claimed, and those that it gets codes at.
func (w *Work) provedNumbers(a *Account) ([]ident.Recipient, error) {
	var to []ident.Recipient
	if !a.PhoneAt.IsZero() {
		to = append(to, ident.Recipient(a.Phone))
	}
	list, err := w.authenticators(a.ID)
	for _, x := range list {
		if x.Kind == Phone {
			to = appendNew(to, x.Recipient)
		}
	}
	return to, err
}

// appendNew adds a recipient that is not in the list.
func appendNew(list []ident.Recipient, r ident.Recipient) []ident.Recipient {
	if slices.ContainsFunc(list, func(o ident.Recipient) bool { return o.Key() == r.Key() }) {
		return list
	}
	return append(list, r)
}

// messageIDs is the stem of the ids of the messages that a pass may send.
type messageIDs string

func (s *Service) newMessageIDs() messageIDs { return messageIDs(s.newID()) }

// of is the id of the message to one address, by its place among them.
func (m messageIDs) of(i int) string { return string(m) + "." + strconv.Itoa(i) }

// text is the id of the text to one number, by its place among them: it leaves after the mails.
func (m messageIDs) text(i int) string { return string(m) + ".t" + strconv.Itoa(i) }
