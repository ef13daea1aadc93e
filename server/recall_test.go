package server

import (
	"os"
	"strings"
	"testing"
	"time"
)

// The page of a key whose model is recalled says in both languages what is known, what the key still does, until when
// another one should be there, and leads to it; lists say it, too, and after the day without one.
func TestThePageOfARecalledKey(t *testing.T) {
	ca := testCA(t)
	before := newWorld(t, patient, knows(t, ca, "FIDO_CERTIFIED_L2"))
	p, _ := before.withApp()
	p.addKeyOf("Proved", modelOf(ca))
	left, err := os.ReadFile(before.file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldAt(t, before.time(), left, patient, knows(t, ca, "USER_KEY_PHYSICAL_COMPROMISE"))
	p.w = w
	if err := w.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := "/security/keys/" + p.methodID("webauthn")
	s := p.open(at).at(at, 200).says("Recalled: register another key", "may be able to copy it",
		"It is still your second step", "You will not be locked out on that day")
	if !strings.Contains(s.text, `class="btn btn-main" href="/security/keys/new"`) {
		t.Error("got no way to another key, want one")
	}
	lacks(s, "only what the key says of itself")
	p.open("/security/keys").says("Recalled: register another key by")
	p.speak(p.open(at), "zh-CN").at(at, 200).says("已被召回：请添加另一把密钥", "可能复制它",
		"到了那天，您也不会因此无法登录")
	p.speak(p.open(at), "en")
	w.pass(31 * 24 * time.Hour)
	s = p.open("/security/keys").says("Recalled: register another key")
	lacks(s, "register another key by")
}
