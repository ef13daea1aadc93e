package ident

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
)

// Show returns e as its owner reads it: the domain in its own letters.
func (e Email) Show() string {
	local, domain, ok := strings.Cut(string(e), "@")
	if !ok {
		return string(e)
	}
	if shown, err := idna.Display.ToUnicode(domain); err == nil {
		domain = shown
	}
	return local + "@" + domain
}

// Show returns p as its owner reads it, in groups, as in "+86 138 0013 8000".
func (p Phone) Show() string {
	n, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return string(p)
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

// Show returns r as its owner reads it.
func (r Recipient) Show() string {
	if strings.Contains(string(r), "@") {
		return Email(r).Show()
	}
	return Phone(r).Show()
}
