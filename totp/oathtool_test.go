package totp_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/totp"
)

// oathtool runs the tool of that name: an app that nobody here wrote.
func oathtool(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(needs.Program(t, "oathtool"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("oathtool %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func promptSecret(t *testing.T, c *auth.Ceremony) string {
	t.Helper()
	var p struct{ Secret string }
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		t.Fatal(err)
	}
	return p.Secret
}

func TestOathtoolAsApp(t *testing.T) {
	for _, algorithm := range []totp.Algorithm{totp.SHA1, totp.SHA256, totp.SHA512} {
		for _, digits := range []int{6, 8} {
			t.Run(fmt.Sprintf("%s-%d", algorithm, digits), func(t *testing.T) {
				f := app(t, totp.Config{Algorithm: algorithm, Digits: digits})
				c := &auth.Ceremony{Now: noon}
				if err := f.BeginBind(c, auth.Subject{Name: "li@example.com", Site: "Tom & Co"}); err != nil {
					t.Fatal(err)
				}
				secret := promptSecret(t, c)
				show := func(at time.Time) string {
					return oathtool(t, "--totp="+string(algorithm), "--digits="+strconv.Itoa(digits), "--base32",
						"--now="+at.Format("2006-01-02 15:04:05 UTC"), secret)
				}
				a, err := f.FinishBind(c, reply(show(noon)))
				wants(t, err, "")
				at := noon.Add(time.Minute)
				code := show(at)
				a, err = verifyAt(f, a, at, code)
				wants(t, err, "")
				_, err = verifyAt(f, a, at, code)
				wants(t, err, auth.CodeUsed)
			})
		}
	}
}

func TestOathtoolAsToken(t *testing.T) {
	f := token(t, totp.Config{})
	c := &auth.Ceremony{Now: noon}
	if err := f.BeginBind(c, auth.Subject{Name: "li@example.com", Site: "Tom & Co"}); err != nil {
		t.Fatal(err)
	}
	secret := promptSecret(t, c)
	show := func(n int) string { return oathtool(t, "--hotp", "--base32", "--counter="+strconv.Itoa(n), secret) }
	a, err := f.FinishBind(c, pair(show(0), show(1)))
	wants(t, err, "")
	a, err = verifyAt(f, a, noon, show(7))
	wants(t, err, "")
	a, err = verifyAt(f, a, noon, show(50))
	wants(t, err, auth.CodeWrong)
	_, err = verifyAt(f, a, noon, show(51))
	wants(t, err, "")
}
