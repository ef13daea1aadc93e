package auth

import (
	"net/netip"
	"slices"

	"github.com/latchkey-auth/latchkey/ident"
)

// A budget is who a text or a call is sent for. What the site pays for in a day has a part for each, and none draws on
// another's, so that whoever binds numbers, or has accounts made for it, stops nobody's sign-in:
//
//	proved    to a number that a code came back from, behind a right password    half
//	binding   to a new number, by an account that has a second step              a quarter
//	fresh     to a new number, by one that has none yet                          a quarter
type budget string

const (
	proved  budget = ""
	binding budget = "b"
	fresh   budget = "f"
)

// of is the budget's part of a number that a site may choose; 0 stays no limit.
func (b budget) of(most int) int {
	if b == proved {
		return (most + 1) / 2
	}
	return (most + 3) / 4
}

// partOf is one document's part of a count that lies in siteParts, at least 1 unless there is no limit.
func partOf(most int) int {
	if most == 0 {
		return 0
	}
	return max(1, most/siteParts)
}

// siteParts is over how many documents a count of the whole site is spread, that none is everyone's.
const siteParts = 16

// bindBudget is the budget that an account binds on.
func bindBudget(a *Account) budget {
	if a.EnrolledAt.IsZero() {
		return fresh
	}
	return binding
}

// textDraws is what one text or call draws from its budget: of its number, of those that begin alike, of its country
// and of the site. Beyond them the site has no more, whoever asks; whoever binds is told that something else needs no
// text.
func (w *Work) textDraws(n ident.Phone, by budget) []draw {
	const prefix = 8
	p, mark := w.s.policy, w.s.shortMAC("address", string(n))
	part := "/" + string("0123456789abcdef"[mark[0]%siteParts])
	code := TextsLater
	if by == proved {
		code = SendLimitReached
	}
	at := func(key string) string { return key + string(by) + "/" }
	draws := []draw{
		{key: at("pp") + w.s.shortMAC("prefix", string(n[:min(prefix, len(n))])), most: by.of(p.SendsPerPrefix), code: code},
		{key: at("pc") + n.Region() + part, most: partOf(by.of(p.SendsPerCountry)), code: code},
		{key: at("ps") + part[1:], most: partOf(by.of(p.SendsPerSite)), code: code, alarm: true},
	}
	if by == proved {
		draws = append(draws, draw{key: "pn/" + mark, most: p.SendsPerNumber, code: code})
	}
	return capped(draws)
}

// capped leaves out what the policy sets no limit to. Elsewhere a limit of 0 allows nothing.
func capped(draws []draw) []draw {
	return slices.DeleteFunc(draws, func(d draw) bool { return d.most == 0 })
}

// strangersDraws is what a text to a proved number draws besides where a stranger causes it: half of what is the
// number's.
func (w *Work) strangersDraws(n ident.Phone) []draw {
	most := (w.s.policy.SendsPerNumber + 1) / 2
	return capped([]draw{{key: "pu/" + w.s.shortMAC("address", string(n)), most: most, code: SendLimitReached}})
}

// bindDraws is what one code to an address that is nobody's yet draws: of the address whoever asks, of the mailbox of
// who asks, its aliases folded, and, where it is a number, of the budget and of the asker's network while he has no
// second step. Who has bound the address is counted apart, so that this stops nobody's sign-in.
func (w *Work) bindDraws(a *Account, channel Channel, to ident.Recipient) []draw {
	most := w.s.policy.SendsPerDay
	draws := []draw{
		{key: "m/" + w.s.shortMAC("address", to.Key()), most: most, code: SendLimitReached},
		{key: "o/" + w.s.shortMAC("mailbox", a.Email.Unaliased()), most: most, code: SendLimitReached},
	}
	if channel == Mail {
		return draws
	}
	by := bindBudget(a)
	if by == fresh {
		draws = append(draws, w.networkDraws()...)
	}
	return append(draws, w.textDraws(ident.Phone(to), by)...)
}

// networkDraws is what a text to a new number draws of the caller's network.
func (w *Work) networkDraws() []draw {
	return w.drawsOfNetwork("pw/", w.s.policy.BindsPerNetwork, TextsLater)
}

// drawsOfNetwork is what an act draws of the caller's network: an IPv4 address or an IPv6 /56, and four times as much
// of the /24 or /48 around it.
func (w *Work) drawsOfNetwork(prefix string, most int, code Code) []draw {
	ip := w.caller.IP.Unmap()
	if !ip.IsValid() {
		return nil
	}
	widths := [2]int{32, 24}
	if ip.Is6() {
		widths = [2]int{56, 48}
	}
	var draws []draw
	for i, bits := range widths {
		net := netip.PrefixFrom(ip.WithZone(""), bits).Masked()
		draws = append(draws, draw{key: prefix + w.s.shortMAC("network", net.String()), most: most << (2 * i), code: code})
	}
	return capped(draws)
}
