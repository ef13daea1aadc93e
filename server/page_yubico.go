package server

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// yubicoPages set up a Yubico OTP on a key that is there:
//
//	GET  …/new   values are made, shown, and kept over a reload while they are under way
//	POST …/file  those values as a file
//	POST …/own   values that the key has already take their place; …/new then asks for two codes alone
//	POST …/new   two codes end it
func yubicoPages() []page {
	const at, what = "/security/keys/{id}/yubico-otp", "add-yubiotp"
	return []page{
		{path: at + "/new", who: enrolled, what: what, uses: []string{"Security", "BindBegin", "BindFinish"},
			get: yubicoNewPage, post: yubicoNewPost},
		{path: at + "/own", who: enrolled, what: what, uses: []string{"Security", "BindBegin"}, get: yubicoOwnPage,
			post: yubicoOwnPost},
		{path: at + "/file", who: enrolled, what: what, uses: []string{"Security"},
			get:  func(x *request) error { return x.redirect(yubicoPath(x.param("id")) + "/new") },
			post: yubicoFile},
	}
}

func yubicoPath(key string) string { return "/security/keys/" + key + "/yubico-otp" }

// yubicoSeal begins what the cookie of a Yubico OTP on its way is sealed for; the key follows.
const yubicoSeal = "yubico/"

// yubicoValues are what a key is programmed with, as the prompt says it: without secrets where it has them
// already.
type yubicoValues struct{ PublicID, PrivateID, Secret string }

// yubicoUnderWay is what is on its way to a key, nil for nothing.
func (x *request) yubicoUnderWay(key string) (packed string, v *yubicoValues) {
	packed, raw := x.underWay(yubicoSeal + key)
	if raw == nil || json.Unmarshal(raw, &v) != nil {
		return "", nil
	}
	return packed, v
}

// yubicoNewPage shows new values, or what is on its way already; with ?anew=1, new ones in the place of that.
func yubicoNewPage(x *request) error {
	a, info, err := x.typingKey()
	if err != nil {
		return err
	}
	packed, values := x.yubicoUnderWay(a.ID)
	if values == nil || x.query("anew") != "" {
		if packed, err = x.beginYubico(a.ID, auth.BindForm{}); err != nil {
			return err
		}
		if x.query("anew") != "" { // a reload shall not make others
			return x.redirect(yubicoPath(a.ID) + "/new")
		}
		_, raw := unpackPrompt(packed)
		if err := json.Unmarshal(raw, &values); err != nil {
			return err
		}
	}
	return x.show(http.StatusOK, &assets.YubicoNew{Frame: x.frameOf(&info.Me), Key: x.s.method(a),
		Ceremony: packed, PublicID: values.PublicID, PrivateID: values.PrivateID, Secret: values.Secret})
}

// beginYubico begins a binding and leaves it with the browser.
func (x *request) beginYubico(key string, form auth.BindForm) (packed string, err error) {
	form.Kind = auth.YubiOTP
	ch, err := x.s.service.BindBegin(x.r.Context(), x.caller, form)
	if err != nil {
		return "", err
	}
	packed = packPrompt(ch)
	x.keepUnderWay(yubicoSeal+key, packed)
	return packed, nil
}

func yubicoNewPost(x *request) error {
	a, _, err := x.typingKey()
	if err != nil {
		return err
	}
	packed := x.field("ceremony")
	ceremony, _ := unpackPrompt(packed)
	info, err := x.bind(auth.BindDone{Ceremony: ceremony, Device: a.Device, Response: x.pairJSON()})
	if err != nil {
		if !startAgain(err) {
			x.keepUnderWay(yubicoSeal+a.ID, packed)
		}
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: x.s.methods.Of(auth.YubiOTP, "").Face.Made, Name: info.Authenticator.Name})
	return x.redirect("/security/keys/" + a.ID)
}

// yubicoOwnPage asks for the values that a key has.
func yubicoOwnPage(x *request) error {
	a, info, err := x.typingKey()
	if err != nil {
		return err
	}
	if err := x.mayAdd(); err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.YubicoOwn{Frame: x.frameOf(&info.Me), Key: x.s.method(a),
		PublicID: x.field("public-id")})
}

func yubicoOwnPost(x *request) error {
	a, _, err := x.typingKey()
	if err != nil {
		return err
	}
	form := auth.BindForm{PublicID: x.field("public-id"), PrivateID: x.field("private-id"),
		Secret: x.field("secret-key")}
	if form == (auth.BindForm{}) { // else it would make new ones
		err = auth.RefuseField(auth.KeyValuesMalformed, "privateId")
	} else {
		_, err = x.beginYubico(a.ID, form)
	}
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	return x.redirect(yubicoPath(a.ID) + "/new")
}

// yubicoFile writes what is on its way as a line for ykman, YubiKey Manager's program without windows. What the
// browser posts is no part of it.
func yubicoFile(x *request) error {
	a, _, err := x.typingKey()
	if err != nil {
		return err
	}
	_, v := x.yubicoUnderWay(a.ID)
	if v == nil || v.Secret == "" {
		return x.refuseTo(yubicoPath(a.ID)+"/new", auth.Refuse(auth.CeremonyExpired))
	}
	say := func(key string) string { return "# " + x.s.texts.Say(x.caller.Language, key, nil) }
	lines := []string{say("yubiotp-file.what"), say("yubiotp-file.slot"), say("yubiotp-file.delete"),
		"ykman otp yubiotp 2 --public-id " + v.PublicID + " --private-id " + v.PrivateID + " --key " + v.Secret}
	x.Header().Set("Content-Disposition", `attachment; filename="yubico-otp.txt"`)
	x.Send(http.StatusOK, "text/plain; charset=utf-8", []byte(strings.Join(lines, "\n")+"\n"))
	return nil
}
