package main

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// mayBeNothing are the lengths of time of the policy that can be 0: no browser is trusted, a code may be asked for again
// at once, and nobody is reminded. All others would end what they are for before anybody could use it.
func mayBeNothing() []string {
	return []string{"Policy.TrustLife", "Policy.ResendAfter", "Policy.Dormant", "Policy.PasswordAge",
		"Policy.TestKeysAfter", "Policy.ReviewAfter"}
}

// mostClosing is how long an account waits at most that is to be closed: nobody waits for more than a quarter of a year.
const (
	day         = 24 * time.Hour
	mostClosing = 90 * day
)

// checkPolicy refuses what no site can mean: lives that are over when they begin, counts below nothing,
// and countries that no number is of. Countries may be written in small letters.
func (c *Config) checkPolicy() error {
	countries := slices.Clone(c.Policy.Countries)
	for i, country := range countries {
		countries[i] = strings.ToUpper(strings.TrimSpace(country))
		if !ident.IsRegion(countries[i]) {
			return misuse("policy.countries: want ISO codes of countries or regions, such as CN; entry %d is none", i+1)
		}
	}
	c.Policy.Countries = countries
	if d := c.Policy.Closing; d < auth.LeastClosing || d > mostClosing {
		return misuse("policy.closing: want from %d to %d days, such as 336h", auth.LeastClosing/day, mostClosing/day)
	}
	return checkNumbers(reflect.ValueOf(c.Policy), "Policy.")
}

// checkNumbers looks at every number below a section of settings.
func checkNumbers(section reflect.Value, above string) error {
	for f, v := range section.Fields() {
		path, key := above+f.Name, strings.ToLower(above+f.Name)
		switch {
		case v.Kind() == reflect.Struct:
			if err := checkNumbers(v, path+"."); err != nil {
				return err
			}
		case !v.CanInt():
		case f.Type != reflect.TypeFor[time.Duration]():
			if v.Int() < 0 {
				return misuse("%s: want 0 or more", key)
			}
		case v.Int() < 0 || v.Int() == 0 && !slices.Contains(mayBeNothing(), path):
			return misuse("%s: want a length of time above nothing, such as 15m", key)
		}
	}
	return nil
}
