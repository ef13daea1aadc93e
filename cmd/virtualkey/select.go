package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// selection says which faults of the catalogue are meant: all that pass every filter.
type selection struct {
	only                  []string
	step, class, ceremony string
	check                 string
}

func (s *selection) add(f *pflag.FlagSet) {
	f.StringSliceVar(&s.only, "only", nil, "`list` of ids; with * in them, all that match; A+B is two faults in one")
	f.StringVar(&s.step, "step", "", "those of one `step` or section of Level 3: 7.1.9, 8.2; 7.2 is all below it")
	f.StringVar(&s.class, "class", "", "those of one `class`: reject, policy, hardening or accept")
	f.StringVar(&s.ceremony, "ceremony", "", "those of one `ceremony`: registration or authentication")
	f.StringVar(&s.check, "check", "", "those that one `check` has to refuse: create-origin")
}

// faults returns what is meant; nothing is an error.
func (s *selection) faults() ([]*fault.Fault, error) {
	for _, word := range []struct {
		flag, got string
		want      []string
	}{
		{"class", s.class, []string{string(fault.Reject), string(fault.Policy), string(fault.Hardening),
			string(fault.Accept)}},
		{"ceremony", s.ceremony, []string{string(fault.Registration), string(fault.Authentication)}},
	} {
		if word.got != "" && !slices.Contains(word.want, word.got) {
			return nil, fmt.Errorf("--%s %q: want %s", word.flag, word.got, strings.Join(word.want, ", "))
		}
	}
	all, err := s.named()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(f *fault.Fault) bool { return !s.passes(f) })
	if len(all) == 0 {
		return nil, fmt.Errorf("no fault is like that; see virtualkey fault list")
	}
	return all, nil
}

// named returns the faults of --only, in the order of the catalogue, composed ones at the end; all without it.
func (s *selection) named() ([]*fault.Fault, error) {
	catalogue := fault.Catalogue()
	if len(s.only) == 0 {
		return catalogue, nil
	}
	chosen := map[string]bool{}
	var composed []*fault.Fault
	for _, pattern := range s.only {
		if strings.Contains(pattern, "+") {
			f, err := compose(strings.Split(pattern, "+"))
			if err != nil {
				return nil, err
			}
			composed = append(composed, f)
			continue
		}
		found := false
		for _, f := range catalogue {
			ok, err := path.Match(pattern, f.ID)
			if err != nil {
				return nil, fmt.Errorf("--only %q: %w", pattern, err)
			}
			if ok {
				chosen[f.ID], found = true, true
			}
		}
		if !found {
			return nil, unknownFault(pattern)
		}
	}
	return append(slices.DeleteFunc(catalogue, func(f *fault.Fault) bool { return !chosen[f.ID] }), composed...), nil
}

func unknownFault(id string) error {
	var near []string
	for _, f := range fault.Catalogue() {
		if strings.Contains(f.ID, strings.Trim(id, "*")) {
			near = append(near, f.ID)
		}
	}
	if len(near) == 0 || len(near) > 8 {
		return fmt.Errorf("there is no fault %q; see virtualkey fault list", id)
	}
	return fmt.Errorf("there is no fault %q; there are: %s", id, strings.Join(near, ", "))
}

// compose makes one fault of ids; of one it is that fault.
func compose(ids []string) (*fault.Fault, error) {
	var parts []*fault.Fault
	for _, id := range ids {
		f := fault.Find(strings.TrimSpace(id))
		if f == nil {
			return nil, unknownFault(id)
		}
		parts = append(parts, f)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return fault.Compose(parts...)
}

func (s *selection) passes(f *fault.Fault) bool {
	return (s.step == "" || f.Step == s.step || strings.HasPrefix(f.Step, s.step+".")) &&
		(s.class == "" || string(f.Class) == s.class) &&
		(s.ceremony == "" || string(f.Ceremony) == s.ceremony) &&
		(s.check == "" || string(f.Check) == s.check)
}
