package team_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/team"
)

// What a person takes away of his shops is his own: his places, the invitations that he has sent, to masked addresses,
// and the hand-overs that he gives or has taken. Who else belongs there, and what others do, is not in it.
func TestWhatIsHeldOfAPersonsShops(t *testing.T) {
	h := hand(t)
	h.senior.invite(h.shop, "friend@example.com", team.Member)
	h.pass(2 * time.Minute)
	h.owner.invite(h.shop, "helper@example.com", team.ReadOnly)
	wantCode(t, "begin", h.begin(), "")
	wantCode(t, "take", h.take(h.buyer), "")
	for who, want := range map[*person]string{
		h.senior: "owner accountMadeByInvitation=false, sent member f•••@example.com",
		h.owner:  "owner accountMadeByInvitation=false, sent read-only h•••@example.com, gives taken",
		h.member: "member accountMadeByInvitation=false",
		h.buyer:  ", takes taken",
	} {
		d, err := h.s.TakeData(t.Context(), who.Caller)
		wantCode(t, "taking", err, "")
		text, err := json.Marshal(d.Parts["team"])
		wantCode(t, "as JSON", err, "")
		var held struct {
			Shops []struct {
				ID, Role string
				Made     bool `json:"accountMadeByInvitation"`
			}
			Sent      []struct{ Shop, Email, Role string } `json:"invitationsSent"`
			HandOvers []struct {
				Gives bool
				State string
			}
		}
		wantCode(t, "read", json.Unmarshal(text, &held), "")
		var got []string
		for _, x := range held.Shops {
			if x.ID != h.shop {
				t.Errorf("%s: got the shop %s", who.id, x.ID)
			}
			got = append(got, x.Role+" accountMadeByInvitation="+map[bool]string{true: "true", false: "false"}[x.Made])
		}
		for _, x := range held.Sent {
			got = append(got, "sent "+x.Role+" "+x.Email)
		}
		for _, x := range held.HandOvers {
			got = append(got, map[bool]string{true: "gives ", false: "takes "}[x.Gives]+x.State)
		}
		if has := strings.Join(got, ", "); has != strings.TrimPrefix(want, ", ") {
			t.Errorf("%s: got %q, want %q", who.id, has, want)
		}
		for _, other := range []*person{h.senior, h.owner, h.member, h.buyer} {
			if other != who && strings.Contains(string(text), string(other.id)) {
				t.Errorf("%s: got %s in %s, want nobody else's id", who.id, other.id, text)
			}
		}
	}
}
