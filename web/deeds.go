package web

import (
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// deeds is how the texts "change.<name>" name what a notice told of, where it is not called after its method.
func deeds() map[string]string {
	return map[string]string{"codes-made": "codes-made", "code-used": "codes-used", "password": "password-changed",
		"email": "email-changed", "phone": "phone-changed", "user-name": "user-name-changed",
		"question":         "question-set",
		"question-removed": "question-removed", "security-code-set": "security-code-set",
		"security-code-used": "security-code-used", "security-code-retired": "security-code-retired",
		"keys-only": "keys-only", "keys-only-ends": "keys-only-asked", "keys-only-ended": "keys-only-ended",
		"signed-in-by-code": "signed-in-by-code", "new-browser": "new-browser", "data-taken": "data-taken",
		"locked": "locked", "password-out": "password-out", "reset-closed": "reset-closed",
		auth.TemplateAwake: "awake", auth.TemplateShopJoined: "shop-joined", auth.TemplateShopLeft: "shop-left",
		auth.TemplateShopRole: "shop-role", auth.TemplateShopPeople: "shop-people", auth.TemplateShopKeys: "shop-keys",
		auth.TemplateHandOverTaker: "shop-taken", auth.TemplateHandOverStopped: "hand-over-stopped",
		auth.TemplateHandOverDone: "shop-handed", auth.TemplateHandOverYours: "shop-taken",
		auth.TemplateAccountHandTaker: "account-taken", auth.TemplateAccountHandStopped: "hand-over-stopped",
		auth.TemplateRecoveryStopped: "recovery-stopped", auth.TemplateRecoveryDone: "recovery-done",
		auth.TemplateVouched: "vouched"}
}

// Deed is how the texts "change.<name>" name what was done, or what waited and was stopped, by the table of methods and
// what the domain calls it.
func Deed(methods auth.Table, what string, kind auth.Kind, flavour auth.Flavour) string {
	face := methods.Of(kind, flavour).Face
	switch what {
	case "added":
		if face.Made != "" {
			return face.Made
		}
	case "removed", "frozen", "disabled":
		if face.Stem != "" {
			return face.Stem + "-" + what
		}
	case "removal":
		return "removal-asked"
	case "contact":
		return "contact-asked"
	case "closing":
		return "closing-asked"
	case "keys-only-off":
		return "keys-only-asked"
	case string(auth.SecurityCode):
		return "code-sign-in-asked"
	}
	if strings.HasPrefix(what, "hand-over-account") {
		return "account-hand-asked"
	}
	if name, known := deeds()[what]; known {
		return name
	}
	if strings.HasPrefix(what, "hand-over") {
		return "shop-hand-asked"
	}
	return "other"
}
