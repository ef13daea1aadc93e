package staff

import (
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A Role says what a member of the staff may do. It is API and never renamed.
type Role string

// The roles.
const (
	Support       Role = "support"         // finds accounts, opens tickets, starts links, ends sessions, unlocks
	Manager       Role = "account-manager" // starts links, for accounts that he looks after
	Reviewer      Role = "reviewer"        // decides cases of recovery, and responds where many are attacked
	Auditor       Role = "auditor"         // reads the audit trail
	Administrator Role = "administrator"   // keeps the staff, and responds likewise
)

// Roles are all of them, as they are offered.
func Roles() []Role { return []Role{Support, Manager, Reviewer, Auditor, Administrator} }

// The actions of the staff. They are API and never renamed.
const (
	ActMe        auth.Action = "desk-session"
	ActSignOut   auth.Action = "desk-sign-out"
	ActTouch     auth.Action = "desk-touch"
	ActAddKey    auth.Action = "desk-add-key"
	ActRemoveKey auth.Action = "desk-remove-key"
	ActEndOwn    auth.Action = "desk-end-own-sessions"
	ActFind      auth.Action = "desk-find"
	ActAccount   auth.Action = "desk-account"
	ActTicket    auth.Action = "desk-ticket"
	ActReset     auth.Action = "desk-start-reset"
	ActSessions  auth.Action = "desk-end-sessions"
	ActUnlock    auth.Action = "desk-unlock"
	ActTrail     auth.Action = "desk-audit-trail"
	ActPeople    auth.Action = "desk-staff"
	ActInvite    auth.Action = "desk-invite"
	ActRole      auth.Action = "desk-role"
	ActSuspend   auth.Action = "desk-suspend"
	ActAskKeys   auth.Action = "desk-ask-new-keys"
	ActNewKeys   auth.Action = "desk-grant-new-keys"
	ActAssign    auth.Action = "desk-assign"
)

// The actions on many accounts at once (response.go), and what the service does then.
const (
	ActResponses auth.Action = "desk-responses"
	ActResponse  auth.Action = "desk-response"
	ActRespond   auth.Action = "desk-respond"
	ActPropose   auth.Action = "desk-propose"
	ActWithdraw  auth.Action = "desk-withdraw"
	ActAgree     auth.Action = "desk-agree"
	ActUndo      auth.Action = "desk-propose-undo"
	ActAgreeUndo auth.Action = "desk-agree-undo"

	ActReached       auth.Action = "desk-reached" // all access ended
	ActRenewed       auth.Action = "desk-renewed" // and a new password is asked for
	ActFrozen        auth.Action = "desk-frozen"  // or nobody comes in but by a strong method of before
	ActFrozenRenewed auth.Action = "desk-frozen-renewed"
	ActReleased      auth.Action = "desk-released" // that is taken back
	ActReadTrails    auth.Action = "desk-read-trails"
	ActStep          auth.Action = "desk-step"
)

// The actions of whoever is not in yet, and of the host.
const (
	ActLook    auth.Action = "desk-look"
	ActJoin    auth.Action = "desk-join"
	ActSignIn  auth.Action = "desk-sign-in"
	ActCommand auth.Action = "desk-command"
)

// ageTouch is how fresh the touch of a key is before what cannot be taken back.
const ageTouch = 10 * time.Minute

// A permit is one row of the table of roles and acts.
type permit struct {
	roles []Role
	fresh bool // a key was touched within ageTouch
	early bool // with one key, too
	reads bool // it changes nothing, and is no look at anybody
}

// permits is the table of roles and acts: who may do what. An act that is not in it, nobody may. others are acts of
// other parts, by the roles that cmd names for them.
func permits() map[auth.Action]permit {
	admin := []Role{Administrator}
	responders := []Role{Reviewer, Administrator}
	return map[auth.Action]permit{
		ActMe:      {roles: Roles(), early: true, reads: true},
		ActSignOut: {roles: Roles(), early: true},
		ActTouch:   {roles: Roles(), early: true},
		ActAddKey:  {roles: Roles(), early: true, fresh: true},

		ActRemoveKey: {roles: Roles(), fresh: true},
		ActEndOwn:    {roles: Roles(), early: true},

		ActFind:     {roles: []Role{Support, Manager}},
		ActAccount:  {roles: []Role{Support, Manager}},
		ActTicket:   {roles: []Role{Support}},
		ActReset:    {roles: []Role{Support, Manager}, fresh: true},
		ActSessions: {roles: []Role{Support}, fresh: true},
		ActUnlock:   {roles: []Role{Support}, fresh: true},

		ActTrail: {roles: []Role{Auditor, Administrator}},

		ActPeople:  {roles: admin},
		ActInvite:  {roles: admin, fresh: true},
		ActRole:    {roles: admin, fresh: true},
		ActSuspend: {roles: admin, fresh: true},
		ActAskKeys: {roles: admin, fresh: true},
		ActNewKeys: {roles: admin, fresh: true},
		ActAssign:  {roles: admin, fresh: true},

		ActResponses: {roles: responders},
		ActResponse:  {roles: responders},
		ActRespond:   {roles: responders},
		ActPropose:   {roles: responders, fresh: true},
		ActWithdraw:  {roles: responders},
		ActAgree:     {roles: responders, fresh: true},
		ActUndo:      {roles: responders, fresh: true},
		ActAgreeUndo: {roles: responders, fresh: true},

		auth.ActAnswerAgain: {roles: Roles(), early: true},
	}
}

// rules are what the door holds callers against; the staff's roles are permits' business.
func rules() map[auth.Action]auth.Rule {
	all := map[auth.Action]auth.Rule{
		ActLook:    {Who: auth.Anyone, Reads: true},
		ActJoin:    {Who: auth.Anyone, Audit: true},
		ActSignIn:  {Who: auth.Anyone, Audit: true},
		ActCommand: {Who: auth.System, Audit: true},

		ActReached:       {Who: auth.System, Audit: true},
		ActRenewed:       {Who: auth.System, Audit: true},
		ActFrozen:        {Who: auth.System, Audit: true},
		ActFrozenRenewed: {Who: auth.System, Audit: true},
		ActReleased:      {Who: auth.System, Audit: true},
		ActReadTrails:    {Who: auth.System, Reads: true},
		ActStep:          {Who: auth.System},
	}
	for a, p := range permits() {
		if a != auth.ActAnswerAgain {
			all[a] = auth.Rule{Who: auth.OfStaff, Reads: p.reads, Audit: !p.reads}
		}
	}
	return all
}

// May reports whether a role may do an act, as pages ask that offer it.
func (s *Service) May(r Role, a auth.Action) bool { return slices.Contains(s.permits[a].roles, r) }

// Permit lets a role do an act of another part. fresh says that a key is to be touched for it. It is called before
// anything is served.
func (s *Service) Permit(a auth.Action, fresh bool, roles ...Role) {
	s.permits[a] = permit{roles: roles, fresh: fresh}
}
