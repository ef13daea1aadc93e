package staff

import (
	"maps"
	"slices"

	"github.com/latchkey-auth/latchkey/auth"
)

// Actions are all actions that have a rule here.
func Actions() []auth.Action { return slices.Sorted(maps.Keys(rules())) }
