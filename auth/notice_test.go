package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// actsNobodyHearsOf are the acts that are audited and tell nobody, each with its reason.
func actsNobodyHearsOf() map[Action]string {
	return map[Action]string{
		ActSignUp:        "the mail is the answer itself",
		ActConfirmSignUp: "it is done from the mailbox",
		ActSendCode:      "the code is what arrives",
		ActForgot:        "the link is what arrives",
		ActTemporary:     "the sign-in that follows is told of, where the browser is new",
		ActKeepPassword:  "nothing changes",
		ActPutOff:        "nothing changes",
		ActTicket:        "nothing changes",
		ActLookTicket:    "who asked for the ticket reads it out",
		ActForgotPhone:   "the text is what arrives",
		ActForgotCode:    "it sets nothing; the new password that follows is told of",
		ActSignOut:       "nothing is left that could harm",
		ActEndSession:    "nothing is left that could harm",
		ActForget:        "nothing is left that could harm",
		ActItWasMe:       "all is as it was before the notice, and said where it was known",
		ActAskMail:       "the mail with the code says it",
		ActIntroduce:     "it signs nobody in; the sign-in that follows is told of",
		ActLifted:        "whoever signs in with a strong method of before has just done it; the sign-in is told of",
		ActUndo:          "it is done from the notice",
		ActCancelChange:  "all stays as it was",
		ActClose:         "every address and number hears of it, by a mail with the link of what waits (closing.go)",
		ActKeep:          "all stays as it was",
		ActClosingTold:   "likewise (closing.go)",
		ActClosed:        "the last mail to every address (closing.go)",
		ActRename:        "the name alone",
		ActMailPassword:  "the link is what arrives",
		ActPayout:        "what was approved stood on the page; the shop tells of it",
		ActAnswerAgain:   "it grants nothing",
		ActTrust:         "a browser that a mail has told of, after a fresh second step",
		ActRestore:       "of the site; owners of codes are told one by one",
		ActClock:         "of the site: no account is touched",
		ActRotateKeys:    "of the site: no account is touched",
		ActRecallCheck:   "of the site: owners of keys are told one by one",
	}
}

// Every audited act tells somebody, or has a reason; no row of notices is of an act that there is not, and no two rows
// answer to the same.
func TestEveryActIsToldOrHasAReason(t *testing.T) {
	tells := map[Action][]told{}
	for _, n := range notices() {
		for _, a := range n.Acts {
			if _, ok := rules()[a]; !ok {
				t.Errorf("notice %s is of the act %q, which has no rule", n.Told, a)
			}
			if slices.Contains(tells[a], n.Told) {
				t.Errorf("the act %s has two notices %s", a, n.Told)
			}
			tells[a] = append(tells[a], n.Told)
		}
	}
	for a, rule := range rules() {
		if reason := actsNobodyHearsOf()[a]; rule.Audit && (len(tells[a]) == 0) == (reason == "") {
			t.Errorf("the act %s tells %v, reason to tell nobody: %q; want one of the two", a, tells[a], reason)
		}
	}
}

// The golden table: what an act tells, in which template's words, and how far it carries. A row that changes here is a
// mail that says something else.
func TestTableOfNotices(t *testing.T) {
	const want = `
added         change           added-key       mail undo       add-method
removed       change           removed-key     mail undo       remove-method lose-device delayed-removal
waiting       removal-delayed  removed-key     mail text       remove-method lose-device
codes-made    change           recovery-codes  mail undo       recovery-codes
code-used     change           used-key        mail undo       second-step step-up test-method
codes-void    codes-void                       mail            sweep
password      change           password        mail text undo  change-password reset-password
email         change           email           mail text undo  confirm-email delayed-move
phone         change           phone           mail text undo  change-contact delayed-move
user-name     change           user-name       mail undo       change-user-name
question      change           question        mail undo       change-question
question-removed change           question-removed mail undo       change-question
security-code-set change           security-code-set mail text undo  set-security-code
security-code-used change           security-code-used mail text undo  use-security-code
security-code-waits security-code-waits                 mail text       code-sign-in
signed-in-by-code change           signed-in-by-code mail text undo  code-sign-in
keys-only     change           keys-only       mail text undo  keys-only
keys-only-ends keys-only-ends                   mail text       keys-only-off
keys-only-ended change           keys-only-ended mail text undo  keys-only-ended
data-taken    change           data-taken      mail undo       take-data
frozen        change           frozen-key      mail undo       second-step step-up test-method
unfrozen      change           unfrozen-key    mail undo       unfreeze-method
disabled      change           disabled-key    mail undo       second-step step-up test-method
new-browser   new-browser                      mail undo       sign-in second-step
locked        password-locked                  mail undo       sign-in
unused        unused                           mail            dormant
dormant       dormant                          mail            dormant
key-recalled  key-recalled                     mail            key-recalled recall-told
recall-lifted recall-lifted                    mail            recall-lifted
reset-closed  reset-closed                     mail undo       take-reset-name
password-out  password-out                     mail undo       sign-in second-step code-sign-in
`
	var got strings.Builder
	for _, n := range notices() {
		what, over := n.What, "mail"
		if slices.Contains([]string{"added", "removed", "used", "frozen", "unfrozen", "disabled"}, what) {
			what += "-key"
		}
		if n.Text {
			over = "mail text"
		}
		if n.Undo {
			over += " undo"
		}
		acts := strings.Trim(fmt.Sprint(n.Acts), "[]")
		fmt.Fprintf(&got, "\n%-13s %-16s %-15s %-15s %s", n.Told, n.Template, what, over, acts)
	}
	if got.String()+"\n" != want {
		t.Errorf("got %s\nwant %s", got.String(), want)
	}
}

// NoticedActs are the rows of the table of notices, one for each act: "<what is told> by <act>".
func NoticedActs() []string {
	var list []string
	for _, n := range notices() {
		for _, a := range n.Acts {
			list = append(list, string(n.Told)+" by "+string(a))
		}
	}
	return list
}
