package team

import "slices"

// A Role is what somebody is in one shop.
type Role string

// The roles.
const (
	Owner         Role = "owner"
	Administrator Role = "administrator"
	Member        Role = "member"
	ReadOnly      Role = "read-only"
)

// Roles are all of them, from the highest rank to the lowest.
func Roles() []Role { return []Role{Owner, Administrator, Member, ReadOnly} }

// rank is the higher the more a role may; 0 is no role.
func (r Role) rank() int {
	at := slices.Index(Roles(), r)
	if at < 0 {
		return 0
	}
	return len(Roles()) - at
}

// mayGive are the roles that somebody of role r gives: those below his own, and an owner his own as well.
func (r Role) mayGive() []Role {
	return slices.DeleteFunc(Roles(), func(to Role) bool {
		return r.rank() < Administrator.rank() || to.rank() > r.rank() || to == r && r != Owner
	})
}

// outranks reports whether m may change o: by a higher rank or, among owners, by having been one for longer.
func (m *member) outranks(o *member) bool {
	if m.Role.rank() < Administrator.rank() {
		return false
	}
	if m.Role == Owner && o.Role == Owner {
		return m.RoleAt.Before(o.RoleAt)
	}
	return m.Role.rank() > o.Role.rank()
}
