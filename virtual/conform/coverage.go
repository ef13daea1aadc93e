package conform

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Coverage is how many steps of a ceremony were put to the test: those that a row of the catalogue is filed under which
// was decided, a fault or a twin that had to be accepted.
type Coverage struct {
	Covered int   `json:"covered"`
	Of      int   `json:"of"`
	Missing []int `json:"missing"` // numbers of the steps that were not
}

// cover counts the steps of Level 3 §7.1 and §7.2 that a report decides something about.
func cover(r *Report) map[fault.Ceremony]*Coverage {
	create, get := map[int]bool{}, map[int]bool{}
	for _, res := range r.Results {
		if res.Verdict == Skipped || res.Verdict == Inconclusive || res.Verdict == Waived {
			continue
		}
		if rest, ok := strings.CutPrefix(res.Step, "7.1."); ok {
			create[number(rest)] = true
		}
		if rest, ok := strings.CutPrefix(res.Step, "7.2."); ok {
			get[number(rest)] = true
		}
	}
	return map[fault.Ceremony]*Coverage{
		fault.Registration:   count(create, len(createTitles())),
		fault.Authentication: count(get, len(getTitles())),
	}
}

// number reads the last part of a step; 0, which no step has, when it is none.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func count(seen map[int]bool, of int) *Coverage {
	c := &Coverage{Of: of, Missing: []int{}}
	for n := 1; n <= of; n++ {
		if seen[n] {
			c.Covered++
		} else {
			c.Missing = append(c.Missing, n)
		}
	}
	return c
}

// stepTitle says what a step of the specification is about, as a heading.
func stepTitle(step string) string {
	for prefix, list := range map[string][]string{"7.1.": createTitles(), "7.2.": getTitles()} {
		if rest, ok := strings.CutPrefix(step, prefix); ok {
			if n := number(rest); n >= 1 && n <= len(list) {
				return list[n-1]
			}
		}
	}
	return fmt.Sprintf("Section %s", step)
}

// createTitles says what the 29 steps of §7.1 are about.
func createTitles() []string {
	return []string{
		"The options", "The call", "The response is an attestation", "Extension outputs asked for",
		"Client data decoded",
		"Client data parsed", "type", "challenge", "origin", "crossOrigin", "topOrigin", "Hash of the client data",
		"Attestation object decoded", "rpIdHash", "User present", "User verified", "Backup flags agree",
		"Backup eligibility", "Backup state", "Algorithm offered", "Statement format known", "Statement correct",
		"Trust anchors", "Trust in the attestation", "Length of the credential id", "Credential id is new",
		"The credential is stored", "Extension outputs", "The end of the ceremony",
	}
}

// getTitles says what the 25 steps of §7.2 are about.
func getTitles() []string {
	return []string{
		"The options", "The call", "The response is an assertion", "Extension outputs asked for", "Credential allowed",
		"User and credential belong together", "Authenticator data", "Client data decoded", "Client data parsed",
		"type",
		"challenge", "origin", "crossOrigin", "topOrigin", "rpIdHash", "User present", "User verified",
		"Backup flags agree", "Backup eligibility as before", "Hash of the client data", "Signature", "Sign counter",
		"Extension outputs", "The record is updated", "The end of the ceremony",
	}
}
