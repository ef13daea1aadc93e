package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// languagePost keeps the language that was chosen and goes back. The button belongs to the page's form: what was typed
// there goes along. On a shared computer no cookie carries it: the page is drawn at once.
func languagePost(x *request) error {
	lang := x.field("lang")
	if lang != assets.English && lang != assets.Chinese {
		return auth.RefuseField(auth.MalformedRequest, "lang")
	}
	x.put(languageCookie, lang, browserLife)
	to := safeReturn(x.query("return"))
	if to == "" {
		to = "/sign-in"
	}
	typed := carried(to, x.posted)
	if len(typed) == 0 || strings.HasPrefix(to, "/api/") {
		return x.redirect(to)
	}
	if !x.sharedComputer() && x.carryTyped(to, typed) {
		return x.redirect(to)
	}
	x.caller.Language, x.posted = lang, typed
	return x.again(to)
}

// carried is what a change of language takes along: never passwords, codes or a key's answer. What a form holds before
// anybody touches it is nothing typed. The app page's ceremony is among it, or the scan would be lost; so is the
// sealed sheet of recovery codes, or those would be.
func carried(to string, posted url.Values) url.Values {
	typed, anything := url.Values{}, false
	for _, name := range []string{"name", "user-name", "email", "phone", "identifier", "place", "terms", "remember", "shared",
		"via", "sealed", "question", "role", "new-email", "text", "lost-phone", "lost-key", "lost-passkey", "lost-pc",
		"lost-mailbox", "lost-paper", "lost-code"} {
		v := posted.Get(name)
		if v == "" {
			continue
		}
		typed.Set(name, v)
		anything = anything || name != "via" && name != "role"
	}
	if to, _, _ = strings.Cut(to, "?"); to == "/security/app/new" && posted.Get("ceremony") != "" {
		typed.Set("ceremony", posted.Get("ceremony"))
		anything = true
	}
	if !anything {
		return nil
	}
	return typed
}

// carryTyped leaves for a page what was typed into it, beside what was refused there; false: it is too long for that.
func (x *request) carryTyped(path string, fields url.Values) bool {
	b := x.keptSetback(path)
	if b == nil {
		b = &setback{Path: path, At: x.s.now()}
	}
	b.Typed = map[string]string{}
	for name := range fields {
		b.Typed[name] = fields.Get(name)
	}
	return x.carrySetback(b)
}

// again draws the page of a path as if it had been opened, with what was typed as its fields.
func (x *request) again(path string) error {
	at, err := url.Parse(x.s.site.Base + path)
	if err != nil {
		return auth.RefuseField(auth.MalformedRequest, "return")
	}
	r := x.r.Clone(x.r.Context())
	r.Method = http.MethodGet
	r.URL = at
	r.Body = http.NoBody
	r.ContentLength = 0
	x.r = r
	x.s.echo.ServeHTTP(x, r)
	return nil
}
