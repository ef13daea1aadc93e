package fault

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual"
)

// clientDataFaults break the client data (Level 3 §5.8.1), which both ceremonies check alike.
func clientDataFaults(c Ceremony) []*Fault {
	return slices.Concat(clientTextFaults(c), clientDuplicateFaults(c), clientTypeFaults(c), challengeFaults(c),
		originFaults(c), frameFaults(c))
}

func clientTextFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckClientDataJSON, CheckClientDataJSON)
	why := "Client data that two JSON readers understand differently is signed once and means two things."
	suffix := func(s string) edit { return clientText(func(b []byte) []byte { return append(b, s...) }) }
	return []*Fault{
		t.row("client-data-trailing", "A letter follows the client data.", why,
			suffix("x")).of(Hardening).cites(lenient()),
		t.row("client-data-trailing-object", "A second JSON object follows the client data.", why,
			suffix(`{"origin":"https://evil.example"}`)).of(Hardening).cites(lenient()),
		t.row("client-data-null-byte", "A zero byte follows the client data.", why,
			suffix("\x00")).of(Hardening).cites(lenient()),
		t.row("client-data-array", "The client data are in a list.", why,
			clientText(func(b []byte) []byte { return slices.Concat([]byte("["), b, []byte("]")) })),
		t.row("client-data-cut", "The client data lack their closing brace.", why,
			clientText(func(b []byte) []byte { return b[:len(b)-1] })),
		t.row("client-data-comma", "A comma stands before the closing brace of the client data.", why,
			clientText(func(b []byte) []byte { return append(b[:len(b)-1], ",}"...) })).of(Hardening).cites(lenient()),
		t.row("client-data-text", "The client data are a text that is no JSON.", why,
			clientText(func([]byte) []byte { return []byte("client data") })),
		t.row("client-data-string", "The client data are a JSON string that holds them.", why, clientText(quoted)),
		t.row("client-data-empty", "The client data are empty.", why,
			clientText(func([]byte) []byte { return []byte{} })),
	}
}

// lenient is what lets a parser read more than JSON.
func lenient() string {
	return "RFC 8259 §9: A JSON parser MAY accept non-JSON forms or extensions."
}

func quoted(b []byte) []byte { return quote(string(b)) }

func clientDuplicateFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckClientDataDuplicate, CheckClientDataDuplicate)
	why := "One reader takes the first member and another the last, so a page of one origin gets a signature that counts for another."
	first := func(name, value string) edit {
		return clientMembers(func(o *object) { o.before(name, []byte(value)) })
	}
	return []*Fault{
		t.row("client-data-duplicate-type", "The client data have two members type.", why,
			first("type", `"payment.get"`)),
		t.row("client-data-duplicate-challenge", "The client data have two members challenge.", why,
			first("challenge", `"AAAA"`)),
		t.row("client-data-duplicate-origin", "The client data have two members origin.", why,
			first("origin", `"https://evil.example"`)),
		t.row("client-data-duplicate-cross-origin", "The client data have two members crossOrigin.", why,
			first("crossOrigin", "true")),
	}
}

// say replaces a member of the client data by any JSON value; silent leaves it out.
func say(name, value string) edit {
	return clientMembers(func(o *object) { o.put(name, []byte(value)) })
}

func silent(name string) edit {
	return clientMembers(func(o *object) { o.drop(name) })
}

func clientTypeFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckCreateType, CheckGetType)
	right, wrong := "webauthn.create", "webauthn.get"
	if c == Authentication {
		right, wrong = wrong, right
	}
	why := "A signature made for one purpose must not serve another, such as a payment or the other ceremony."
	return []*Fault{
		t.row("type-other-ceremony", "The client data are of the other ceremony.", why, say("type", `"`+wrong+`"`)),
		t.row("type-missing", "The client data have no type.", why, silent("type")),
		t.row("type-empty", "The client data's type is empty.", why, say("type", `""`)),
		t.row("type-case", "The client data's type is written in another case.", why,
			say("type", `"`+strings.ToUpper(right)+`"`)),
		t.row("type-suffix", "The client data's type only begins with the right one.", why,
			say("type", `"`+right+`d"`)),
		t.row("type-payment", "The client data are of a payment.", why, say("type", `"payment.get"`)),
		t.row("type-number", "The client data's type is a number.", why, say("type", "1")),
		t.row("type-null", "The client data's type is null.", why, say("type", "null")),
		t.row("type-list", "The client data's type is a list that holds the right one.", why,
			say("type", `["`+right+`"]`)),
	}
}

func challengeFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckCreateChallenge, CheckGetChallenge)
	why := "A response that is not bound to this challenge may have been recorded or made in advance."
	letter := "A second way to write the challenge lets one challenge be answered twice where texts are compared."
	spelled := func(how func(string) string) edit {
		return clientData(func(_ *harness, d *virtual.ClientData) { d.Challenge = how(d.Challenge) })
	}
	return []*Fault{
		t.row("challenge-other", "The challenge is one that the relying party never issued.", why,
			clientData(func(s *harness, d *virtual.ClientData) {
				d.Challenge = unquote(byteString(s.draw("challenge")))
			})),
		t.row("challenge-missing", "The client data have no challenge.", why, silent("challenge")),
		t.row("challenge-empty", "The challenge is empty.", why, say("challenge", `""`)),
		t.row("challenge-null", "The challenge is null.", why, say("challenge", "null")),
		t.row("challenge-cut", "The challenge lacks its last four letters.", why,
			spelled(func(s string) string { return s[:len(s)-4] })),
		t.row("challenge-half", "The challenge is the first half of the right one.", why,
			spelled(func(s string) string { return s[:len(s)/2] })),
		t.row("challenge-longer", "The challenge goes on behind the right one.", why,
			spelled(func(s string) string { return s + "AAAA" })),
		t.row("challenge-case", "The letters of the challenge have the other case.", why, spelled(swapCase)),
		t.row("challenge-list", "The challenge is a list that holds the right one.", why,
			clientMembers(func(o *object) {
				o.put("challenge", slices.Concat([]byte("["), o.get("challenge"), []byte("]")))
			})),
		t.row("challenge-padded", "The challenge is base64url with padding.", letter,
			spelled(func(s string) string { return s + "=" })),
		t.row("challenge-stray", "The last letter of the challenge has bits that belong to no byte.", letter,
			spelled(stray)),
		t.row("challenge-broken", "The challenge has a line break in it.", letter, spelled(broken)),
		t.row("challenge-earlier",
			"The challenge is that of an earlier ceremony of the same session, which was not ended.",
			"If any challenge that is open will do, an attacker who once learned one needs no new one.").acts(earlier).needs(OneCeremony),
	}
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

// earlier begins two ceremonies and answers the second with the challenge of the first.
func earlier(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	if s.setup.ceremony == Authentication {
		first, second, err := beginTwice(ctx, lead.beginGet, s.setup.wish)
		if err != nil {
			return nil, err
		}
		response, err := lead.get(first, e)
		if err != nil {
			return nil, err
		}
		return lead.finishGet(ctx, second, response)
	}
	first, second, err := beginTwice(ctx, lead.beginCreate, s.setup.wish)
	if err != nil {
		return nil, err
	}
	response, err := lead.create(first, e)
	if err != nil {
		return nil, err
	}
	return lead.finishCreate(ctx, second, response)
}

func beginTwice(ctx context.Context, begin func(context.Context, Wish) (*Begun, error),
	w Wish) (first, second *Begun, err error) {
	if first, err = begin(ctx, w); err == nil {
		second, err = begin(ctx, w)
	}
	return first, second, err
}

// origin replaces the origin by one made of the right one, taken apart.
func origin(how func(u url.URL) string) edit {
	return clientData(func(s *harness, d *virtual.ClientData) {
		u, err := url.Parse(d.Origin)
		if err != nil {
			s.fail(err)
			return
		}
		d.Origin = how(*u)
	})
}

func originFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckCreateOrigin, CheckGetOrigin)
	why := "The origin is what makes keys proof against phishing; a page that is almost the right one is the attacker's page."
	letter := "Browsers write an origin in one way only; whatever is written otherwise was not written by one."
	fixed := func(s string) edit { return origin(func(url.URL) string { return s }) }
	return []*Fault{
		t.row("origin-other", "The origin is another site's.", why, fixed("https://evil.example")),
		t.row("origin-port", "The origin has another port.", why, origin(otherPort)),
		t.row("origin-scheme", "The origin has another scheme.", why, origin(otherScheme)),
		t.row("origin-suffix", "The origin only begins with the right one.", why,
			origin(func(u url.URL) string { return u.Scheme + "://" + u.Hostname() + ".evil.example" })),
		t.row("origin-prefix", "The origin's host only ends in the right one.", why,
			origin(func(u url.URL) string { return u.Scheme + "://evil" + u.Host })),
		t.row("origin-subdomain", "The origin is a subdomain of the right one.",
			"Subdomains are often given to customers or to other teams, and one of them must not sign people in here.",
			origin(func(u url.URL) string { return u.Scheme + "://user-content." + u.Host })),
		t.row("origin-userinfo", "The right origin stands before an at sign.", why,
			origin(func(u url.URL) string { return u.Scheme + "://" + u.Host + "@evil.example" })),
		t.row("origin-fragment", "The right host stands in the fragment of another site.", why,
			origin(func(u url.URL) string { return u.Scheme + "://evil.example#" + u.Host })),
		t.row("origin-query", "The right origin stands in the query of another site.", why,
			origin(func(u url.URL) string { return "https://evil.example/?" + u.String() })),
		t.row("origin-homograph", "The origin's host has a letter of another script that looks the same.", why,
			origin(homograph)),
		t.row("origin-app", "The origin is that of an application on a phone.", why,
			fixed("android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
		t.row("origin-host", "The origin is the bare host.", why, origin(func(u url.URL) string { return u.Host })),
		t.row("origin-missing", "The client data have no origin.", why, silent("origin")),
		t.row("origin-empty", "The origin is empty.", why, fixed("")),
		t.row("origin-opaque", "The origin is the text null, as sandboxed frames have it.", why, fixed("null")),
		t.row("origin-null", "The origin is null.", why, say("origin", "null")),
		t.row("origin-list", "The origin is a list that holds the right one.", why,
			clientMembers(func(o *object) {
				o.put("origin", slices.Concat([]byte("["), o.get("origin"), []byte("]")))
			})),
		t.row("origin-slash", "A slash follows the origin.", letter,
			origin(func(u url.URL) string { return u.String() + "/" })),
		t.row("origin-path", "A path follows the origin.", letter,
			origin(func(u url.URL) string { return u.String() + "/login" })),
		t.row("origin-case", "The origin is in capitals.", letter,
			origin(func(u url.URL) string { return strings.ToUpper(u.String()) })),
		t.row("origin-dot", "A dot follows the origin's host.", why,
			origin(func(u url.URL) string { return strings.Replace(u.String(), u.Hostname(), u.Hostname()+".", 1) })),
		t.row("origin-default-port", "The origin names the port that goes without saying, or one with a leading zero.",
			letter, origin(defaultPort)),
		t.row("origin-blank", "A blank follows the origin.", letter,
			origin(func(u url.URL) string { return u.String() + " " })),
	}
}

func otherPort(u url.URL) string {
	port := "8443"
	if u.Port() == port {
		port = "9443"
	}
	return u.Scheme + "://" + u.Hostname() + ":" + port
}

func otherScheme(u url.URL) string {
	if u.Scheme == "http" {
		return "https://" + u.Host
	}
	return "http://" + u.Host
}

func defaultPort(u url.URL) string {
	switch {
	case u.Port() != "":
		return u.Scheme + "://" + u.Hostname() + ":0" + u.Port()
	case u.Scheme == "http":
		return u.String() + ":80"
	}
	return u.String() + ":443"
}

// homograph puts a Cyrillic or Greek letter in place of the first Latin one that has a double.
func homograph(u url.URL) string {
	for _, pair := range [][2]string{{"o", "\u043e"}, {"a", "\u0430"}, {"e", "\u0435"}, {"c", "\u0441"},
		{"p", "\u0440"}, {"i", "\u0456"}} {
		if strings.Contains(u.Host, pair[0]) {
			return u.Scheme + "://" + strings.Replace(u.Host, pair[0], pair[1], 1)
		}
	}
	return u.Scheme + "://\u043e" + u.Host
}

func frameFaults(c Ceremony) []*Fault {
	cross, top := rowDefaultsOf(c, CheckCreateCrossOrigin, CheckGetCrossOrigin),
		rowDefaultsOf(c, CheckCreateTopOrigin, CheckGetTopOrigin)
	framed := createFramed
	if c == Authentication {
		framed = getFramed
	}
	why := "A page of the attacker's can show the relying party in a frame and lead the user's touch."
	topOrigin := func(of string) edit {
		return clientData(func(_ *harness, d *virtual.ClientData) { d.TopOrigin = of })
	}
	return []*Fault{
		cross.row("cross-origin", "The ceremony was held in a frame of another site's page.", why,
			clientData(func(_ *harness, d *virtual.ClientData) { d.CrossOrigin = true })).unless(Framing),
		top.row("top-origin", "The client data name the page around the frame, though no frame is expected.", why,
			topOrigin("https://evil.example")).unless(Framing),
		top.row("top-origin-own", "The client data name the relying party's own page as the one around the frame.", why,
			clientData(func(s *harness, d *virtual.ClientData) { d.TopOrigin = s.about.Origin })).unless(Framing),
		top.row("top-origin-other", "The frame is in a page that may not show it.", why,
			topOrigin("https://evil.example")).on(framed),
		top.row("top-origin-port", "The frame is in a page on another port than the one that may show it.", why,
			clientData(func(s *harness, d *virtual.ClientData) {
				u, err := url.Parse(d.TopOrigin)
				if err != nil {
					s.fail(err)
					return
				}
				d.TopOrigin = otherPort(*u)
			})).on(framed),
	}
}
