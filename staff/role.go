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
	Reviewer      Role = "reviewer"        // decides cases of recovery
	Auditor       Role = "auditor"         // reads the audit trail
	Administrator Role = "administrator"   // keeps the staff
)

// Roles are all of them, as they are offered.
func Roles() []Role { return []Role{Support, Manager, Reviewer, Auditor, Administrator} }

// The actions of the staff. They are API and never renamed.
const (
	ActMe       auth.Action = "desk-session"
	ActSignOut  auth.Action = "desk-sign-out"
	ActTouch    auth.Action = "desk-touch"
	ActAddKey   auth.Action = "desk-add-key"
	ActFind     auth.Action = "desk-find"
	ActAccount  auth.Action = "desk-account"
	ActTicket   auth.Action = "desk-ticket"
	ActReset    auth.Action = "desk-start-reset"
	ActSessions auth.Action = "desk-end-sessions"
	ActUnlock   auth.Action = "desk-unlock"
	ActTrail    auth.Action = "desk-audit-trail"
	ActPeople   auth.Action = "desk-staff"
	ActInvite   auth.Action = "desk-invite"
	ActRole     auth.Action = "desk-role"
	ActSuspend  auth.Action = "desk-suspend"
	ActAskKeys  auth.Action = "desk-ask-new-keys"
	ActNewKeys  auth.Action = "desk-grant-new-keys"
	ActAssign   auth.Action = "desk-assign"
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
	return map[auth.Action]permit{
		ActMe:      {roles: Roles(), early: true, reads: true},
		ActSignOut: {roles: Roles(), early: true},
		ActTouch:   {roles: Roles(), early: true},
		ActAddKey:  {roles: Roles(), early: true, fresh: true},

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
