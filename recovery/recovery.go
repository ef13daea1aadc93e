package recovery

import (
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The actions of applicants, of owners and of an applicant's colleagues. They are API and never renamed.
const (
	ActAsk      auth.Action = "recovery-ask"
	ActLook     auth.Action = "recovery-look"
	ActOpen     auth.Action = "recovery-open"
	ActAnswer   auth.Action = "recovery-answer"
	ActAppeal   auth.Action = "recovery-appeal"
	ActWithdraw auth.Action = "recovery-withdraw"
	ActObject   auth.Action = "recovery-object"
	ActOwn      auth.Action = "recovery-own"
	ActStop     auth.Action = "recovery-stop"
	ActToVouch  auth.Action = "recovery-look-vouch"
	ActVouch    auth.Action = "recovery-vouch"
	ActUnvouch  auth.Action = "recovery-unvouch"
	ActAdmit    auth.Action = "recovery-admit-picture"
	ActShow     auth.Action = "recovery-show"
	ActUnshow   auth.Action = "recovery-unshow"
)

// The actions of reviewers, and of the service itself.
const (
	ActQueue   auth.Action = "recovery-queue"
	ActView    auth.Action = "recovery-view"
	ActNote    auth.Action = "recovery-note"
	ActMore    auth.Action = "recovery-more"
	ActApprove auth.Action = "recovery-approve"
	ActRefuse  auth.Action = "recovery-refuse"
	ActDone    auth.Action = "recovery-done" // an approved case came due
	ActPicture auth.Action = "recovery-picture"
	ActPurge   auth.Action = "recovery-purge" // pictures were destroyed
	ActPrepare auth.Action = "recovery-prepare"
	ActDraw    auth.Action = "recovery-draw" // a PDF became pictures, or did not

	ActReports     auth.Action = "recovery-reports"
	ActViewReport  auth.Action = "recovery-view-report"
	ActCloseReport auth.Action = "recovery-close-report"
)

// ageStop is how fresh the proof is by which an owner stops a case.
const ageStop = 10 * time.Minute

// ageVouch is how fresh the strong proof is by which somebody vouches for another.
const ageVouch = 10 * time.Minute

func rules() map[auth.Action]auth.Rule {
	all := map[auth.Action]auth.Rule{
		ActLook: {Who: auth.Anyone, Reads: true},
		ActOwn:  {Who: auth.Enrolled, Reads: true},

		ActToVouch: {Who: auth.Enrolled, Reads: true},
		ActVouch: {Who: auth.Enrolled, Demand: auth.Demand{Class: auth.Strong, MaxAge: ageVouch}, Audit: true,
			Change: true},
		ActUnvouch: {Who: auth.Enrolled, Audit: true}, // takes away, and gives nobody anything
		ActStop:    {Who: auth.Enrolled, Demand: auth.Demand{Class: auth.Weak, MaxAge: ageStop}, Audit: true},
	}
	all[ActAdmit] = auth.Rule{Who: auth.Anyone}
	all[ActPrepare] = auth.Rule{Who: auth.System}
	for _, a := range []auth.Action{ActAsk, ActOpen, ActAnswer, ActAppeal, ActWithdraw, ActObject, ActShow, ActUnshow} {
		all[a] = auth.Rule{Who: auth.Anyone, Audit: true} // whoever holds the link
	}
	for _, a := range []auth.Action{ActQueue, ActView, ActNote, ActMore, ActApprove, ActRefuse, ActDone, ActPicture, ActPurge,
		ActDraw, ActReports, ActViewReport, ActCloseReport} {
		all[a] = auth.Rule{Who: auth.System, Audit: true} // no request of a seller can be it
	}
	return all
}

// Config is how a site decides cases.
type Config struct {
	// Cases says that somebody reviews cases here. Without, nobody is let into opening one.
	Cases bool

	// Vouching says that the word of the other people of an applicant's shops counts here.
	Vouching bool

	// PDF says that PDFs are taken and their pages drawn, in a process of its own. Without, they are refused.
	PDF bool

	Reviewers int           // how many approve a case; an owner's objection makes it two at least
	TwoFrom   int64         // and so does a shop of this value to the marketplace; 0: none does
	Target    time.Duration // within which reviewers decide
	Delay     time.Duration // from the approval to the end of the second step
	DelayWord time.Duration // likewise, from the last word of a colleague that was needed
	DelayNew  time.Duration // likewise, where the case moves the account to a new address
	Objection time.Duration // how much longer it takes after an owner's objection
	CoolOff   time.Duration // from then on no payout is approved
	Retention time.Duration // how long pictures are kept after the decision, at most as long as the case
}

// Default is what a site has that says nothing else.
func Default() Config {
	return Config{Vouching: true, PDF: true, Reviewers: 2, Target: 12 * time.Hour, Delay: 24 * time.Hour,
		DelayWord: 12 * time.Hour, DelayNew: 72 * time.Hour, Objection: 24 * time.Hour, CoolOff: 72 * time.Hour,
		Retention: 30 * 24 * time.Hour}
}

// How long what waits for the applicant waits, and what is over is kept.
const (
	askedLife = 24 * time.Hour
	idleLife  = 30 * 24 * time.Hour
	keptLife  = 90 * 24 * time.Hour
)

// How often one may ask in a day, of one account or for one mailbox.
const (
	asksPerDay      = 3
	asksByStrangers = 10 // of all networks together
)

// Service is every use case of recovery. It is safe for concurrent use.
type Service struct {
	door    *auth.Door
	origin  string // of links: configuration alone
	config  Config
	cases   *auth.Records[record]
	pieces  *auth.Records[piece]
	reports *auth.Records[report]
	vault   Vault         // of pictures; nil: none is taken
	turns   chan struct{} // of what takes much memory

	drawer  Drawer // of PDFs; nil: none is taken
	drafted chan struct{}
	drawing sync.Mutex
	alike   auth.HoldBack // of answers to who asks

	colleagues Colleagues // nil: nobody vouches for anybody
}

// New registers recovery with a service. origin is the site's public address, with its path; colleagues may be nil.
func New(s *auth.Service, origin string, config Config, colleagues Colleagues) (*Service, error) {
	t := &Service{origin: origin, config: config, colleagues: colleagues, turns: make(chan struct{}, 1),
		drafted: make(chan struct{}, 1)}
	t.pieces = auth.NewRecords[piece]("piece").Perishable().Bulk()
	t.cases = auth.NewRecords("case", auth.IndexOf("account", (*record).owners),
		auth.IndexOf("waits", (*record).waits), auth.IndexOf("keyed", (*record).keyed),
		auth.IndexOf("drafts", (*record).drafts)).Perishable().
		Sweep(func(x *record, now time.Time) bool { return isOver(x, now) && !x.Keyed }). // its pictures go first
		Due(func(x *record, now time.Time) bool { return isDue(x, now) || t.toShred(x, now) }, t.comesDue)
	t.reports = auth.NewRecords("report", auth.IndexOf("account", (*report).owners),
		auth.IndexOf("waits", (*report).waits), auth.IndexOf("links", (*report).links)).Sweep(reportOver)
	var err error
	t.door, err = auth.Register(s, auth.Part{Name: "recovery", Rules: rules(), Held: t.heldOf,
		Collections: []auth.Collection{t.cases, t.pieces, t.reports}, HandedOver: t.handedOver, NotMe: t.reported,
		MayClose: t.mayClose, Closed: t.closed})
	if err != nil {
		return nil, fmt.Errorf("registering recovery: %w", err)
	}
	return t, nil
}

// MayAsk reports whether somebody may decide a case here: reviewers, or an applicant's colleagues.
func (s *Service) MayAsk() bool { return s.config.Cases || s.config.Vouching }

// Times is how long each step takes here.
func (s *Service) Times() Config { return s.config }
