package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// A reviewer whom another one has brought in is no second reviewer beside him.
func TestAGuestIsNoSecondReviewer(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	id := w.caseInReview("wei")
	boss := w.worker("boss", staff.Administrator)
	b := auth.Caller{Token: boss.cookies["__Secure-latchkey-desk"], Browser: "c"}
	w.check(w.staff.Invite(t.Context(), b, "guest@desk.example", "guest", staff.Reviewer))
	guest := w.browser()
	path := strings.TrimPrefix(w.mailed(auth.TemplateDeskInvitation).Args["link"], origin)
	guest.touches(guest.open(path), path)
	guest.touches(guest.open("/desk/keys"), "/desk/keys")
	c := auth.Caller{Token: w.worker("chief", staff.Administrator).cookies["__Secure-latchkey-desk"], Browser: "c"}
	w.check(w.staff.SetRole(t.Context(), c, w.id(boss), staff.Reviewer))
	boss.cookies, boss.email = map[string]string{}, "boss@desk.example"
	boss.key.Authenticators = boss.keys[:1]
	w.pass(time.Second)
	boss.signIn()
	boss.checks(id, "")
	boss.post("/desk/recovery/"+id+"/approve", "x", "y")
	guest.checks(id, "")
	rec := guest.send("POST", "/desk/recovery/"+id+"/approve", form("x", "y"))
	if rec.Code != 403 {
		t.Errorf("the guest beside his host: got %d, want 403", rec.Code)
	}
	ann := w.worker("ann", staff.Reviewer)
	ann.checks(id, "")
	if page := ann.post("/desk/recovery/"+id+"/approve", "x", "y"); !strings.Contains(page, "The wait begins") {
		t.Errorf("somebody else beside the host: got %s", page)
	}
}
