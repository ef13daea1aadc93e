package desk

import (
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

func trailPages() []page {
	return []page{
		{path: "/desk/audit", act: staff.ActTrail, get: trailForm, post: trailPost},
		{path: "/desk/audit/export", act: audit.ActDeskExport, back: "/desk/audit", post: exportPost},
		{path: "/desk/audit/{id}", act: staff.ActTrail, get: trailPage},
	}
}

func trailForm(x *exchange) error {
	return x.show(http.StatusOK, &assets.DeskTrail{Frame: x.frame(), Of: x.posted.Get("of"), Account: x.posted.Get("identifier"),
		From: x.posted.Get("from"), To: x.posted.Get("to")})
}

// trailPost finds whose trail it is: no address stands in an address.
func trailPost(x *exchange) error {
	trail, err := x.d.Staff.Trail(x.r.Context(), x.caller, x.field("of"), 0)
	if err != nil {
		return nobody(err, "of")
	}
	return x.redirect("/desk/audit/" + trail.Of)
}

// trailPage is the audit trail of an account or of somebody of the staff. Actions are named as the trail has them.
func trailPage(x *exchange) error {
	before, _ := strconv.ParseUint(x.r.URL.Query().Get("before"), 10, 64) // what is no number is the first page
	trail, err := x.d.Staff.Trail(x.r.Context(), x.caller, x.r.PathValue("id"), before)
	if err != nil {
		return err
	}
	v := &assets.DeskTrail{Frame: x.frame(), ID: trail.Of, Found: true, Next: trail.Next}
	for _, e := range trail.Events {
		v.Events = append(v.Events, assets.DeskEvent{At: e.At, What: string(e.Action), Refused: string(e.Outcome),
			Who:   e.Who,
			About: e.Item, Times: e.Times})
	}
	return x.show(http.StatusOK, v)
}

// exportPost hands out the trail as lines of JSON, as the command on the host does. What fails once it has begun cuts the
// answer off: half a trail must not look like a whole one.
func exportPost(x *exchange) error {
	sel, err := x.selection()
	if err != nil {
		return err
	}
	file := &trailFile{x: x, wire: http.NewResponseController(x)}
	_, err = x.d.Trail.ExportAtDesk(x.r.Context(), x.caller, sel, file)
	switch {
	case err != nil && x.Status != 0:
		if x.r.Context().Err() == nil { // else whoever was to have it went away
			x.Log().Error("a trail was handed out in part", "id", x.ID, "route", x.Route, "error", err)
		}
		panic(http.ErrAbortHandler)
	case err != nil:
		return nobody(err, "identifier")
	case x.Status == 0: // nothing was done in that time
		file.begin()
		x.WriteHeader(http.StatusOK)
	}
	return nil
}

// selection is what the form asks for. All that is no time is told at once.
func (x *exchange) selection() (audit.Selection, error) {
	sel := audit.Selection{Account: x.field("identifier")}
	var bad []*auth.Error
	read := func(name string) (at time.Time) {
		typed := x.field(name)
		if typed == "" {
			return at
		}
		at, err := readHour(typed)
		if err != nil {
			bad = append(bad, auth.RefuseField(auth.TimeMalformed, name))
		}
		return at
	}
	sel.From, sel.To = read("from"), read("to")
	if len(bad) == 0 {
		return sel, nil
	}
	bad[0].Also = bad[1:]
	return sel, bad[0]
}

// pieceTime is how long a piece of it may take to go out: as long as any answer.
const pieceTime = 30 * time.Second

// A trailFile is the answer, begun by the first piece of it: until then a refusal can still be told.
type trailFile struct {
	x    *exchange
	wire *http.ResponseController
}

func (f *trailFile) begin() {
	f.x.Header().Set("Content-Type", "application/x-ndjson")
	f.x.Header().Set("Content-Disposition", `attachment; filename="audit.jsonl"`)
}

func (f *trailFile) Write(b []byte) (int, error) {
	if f.x.Status == 0 {
		f.begin()
	}
	_ = f.wire.SetWriteDeadline(time.Now().Add(pieceTime)) // where there is a connection; by the machine's clock, as it is
	return f.x.Write(b)
}
