package server

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/web"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// typing binds a key that types letters, by a code that is none.
func (c *trial) typing(code string) *httptest.ResponseRecorder {
	var begun answer
	c.p.must("POST", "/methods/begin", m{"kind": "yubiotp"}, &begun)
	return c.post("/methods/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code, "second": code}})
}

func envelopeFaults() map[auth.Code]provocation {
	raw := func(body string) provocation {
		return do(func(c *trial) *httptest.ResponseRecorder {
			return c.stranger().send("POST", "/api/v1/sign-in", "application/json", body)
		})
	}
	return map[auth.Code]provocation{
		auth.MalformedRequest: raw(`{`),
		auth.UnknownMember:    raw(`{"identifier":"a","Password":"b"}`),
		auth.DuplicateMember:  raw(`{"identifier":"a","identifier":"b"}`),
		auth.TooLarge:         raw(`{"identifier":"` + strings.Repeat("a", web.MaxBody) + `"}`),
		auth.TooSlow: do(func(c *trial) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", testOrigin+"/api/v1/sign-in", iotest.ErrReader(os.ErrDeadlineExceeded))
			r.Header.Set("Accept-Language", c.lang)
			rec := httptest.NewRecorder()
			c.server.ServeHTTP(rec, r)
			return rec
		}),
		auth.NotFound: do(func(c *trial) *httptest.ResponseRecorder {
			return c.p.api("GET", "/nothing", nil, nil)
		}),
		auth.MethodNotAllowed: do(func(c *trial) *httptest.ResponseRecorder {
			return c.p.api("PUT", "/session", nil, nil)
		}),
		auth.CrossOrigin: do(func(c *trial) *httptest.ResponseRecorder {
			return ask(c.server, "POST", "/api/v1/sign-in", `{}`, "Sec-Fetch-Site", "cross-site", "Accept-Language",
				c.lang)
		}),
		auth.TooManyRequests: {change: func(_ *testing.T, _ *auth.Config, c *Config) {
			c.Rate = web.Rate{Burst: 1, PerSecond: 1}
		},
			do: func(c *trial) *httptest.ResponseRecorder {
				c.stranger().api("POST", "/forgot", m{"identifier": "a"}, nil)
				return c.stranger().api("POST", "/forgot", m{"identifier": "a"}, nil)
			}},
		auth.Unavailable: {change: func(_ *testing.T, _ *auth.Config, c *Config) { c.InFlight = 1 },
			do: func(c *trial) *httptest.ResponseRecorder {
				if err := c.server.front.InFlight.Take([3]netip.Prefix{}, 1); err != nil {
					c.t.Fatal(err)
				}
				return c.p.api("GET", "/session", nil, nil)
			}},
		auth.Internal: {change: func(_ *testing.T, _ *auth.Config, c *Config) { c.Receipts = brokenReceipts{} },
			do: func(c *trial) *httptest.ResponseRecorder {
				return c.stranger().api("POST", "/gateways/x/receipt", m{}, nil)
			}},
		auth.CookiesOff: do(func(c *trial) *httptest.ResponseRecorder {
			return ask(c.server, "POST", "/api/v1/sign-in/state", `{"ceremony":"x"}`, "Sec-Fetch-Site", "same-origin",
				"Accept-Language", c.lang)
		}),
	}
}

// breached is a list of one breached password.
func breached(t *testing.T, text string) *password.Breached {
	t.Helper()
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, fmt.Appendf(nil, "%X:1\n", sha1.Sum([]byte(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := password.BuildBreached(t.Context(), in, in+".list"); err != nil {
		t.Fatal(err)
	}
	list, file, err := password.OpenBreached(in + ".list")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return list
}

type brokenReceipts struct{}

func (brokenReceipts) Handle(string, string, http.Header, []byte) ([]auth.Receipt, error) {
	return nil, errors.New("broken on purpose")
}

func (brokenReceipts) Answer(string) string { return "" }

// A full disk is a store that cannot write for a while.
type fullDisk struct {
	store.DB
	full bool
}

func (d *fullDisk) Update(ctx context.Context, fn func(store.Tx) error) error {
	if d.full {
		return fmt.Errorf("no space: %w", store.ErrUnavailable)
	}
	return d.DB.Update(ctx, fn)
}

// storeFaults tell a code that could not be checked from one that is wrong (R72).
func storeFaults() map[auth.Code]provocation {
	var disk *fullDisk
	return map[auth.Code]provocation{
		auth.CodeUnavailable: {change: func(_ *testing.T, a *auth.Config, _ *Config) {
			disk = &fullDisk{DB: a.DB}
			a.DB = disk
		},
			do: func(c *trial) *httptest.ResponseRecorder {
				p, begun := c.signIn("totp", nil)
				disk.full = true
				return p.api("POST", "/sign-in/finish",
					m{"ceremony": begun.Ceremony, "response": m{"code": c.code(c.secret)}}, nil)
			}},
	}
}

func sessionFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.SessionRequired: do(func(c *trial) *httptest.ResponseRecorder {
			return c.stranger().api("GET", "/session",
				nil, nil)
		}),
		auth.SessionEnded: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.must("DELETE", "/session", nil, nil)
			return c.p.api("GET", "/session", nil, nil)
		}),
		auth.MustEnrol: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var a answer
			p.must("POST", "/sign-in", m{"identifier": otherEmail, "password": testPassword}, &a)
			p.bearer = a.Token
			return p.api("GET", "/sessions", nil, nil)
		}),
		auth.StepUpRequired: do(func(c *trial) *httptest.ResponseRecorder {
			c.pass(time.Hour)
			return c.post("/recovery-codes", nil)
		}),
		auth.TooWeak: do(func(c *trial) *httptest.ResponseRecorder {
			return c.weak().api("POST", "/recovery-codes",
				nil, nil)
		}),
		auth.Forbidden: do(func(c *trial) *httptest.ResponseRecorder { return c.post("/browsers/trust", nil) }),
		auth.CeremonyExpired: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			info := p.password()
			c.pass(16 * time.Minute)
			return p.api("POST", "/sign-in/state", m{"ceremony": info.Ceremony}, nil)
		}),
		auth.CeremonyUsed: do(func(c *trial) *httptest.ResponseRecorder {
			p, begun := c.signIn("totp", nil)
			in := m{"ceremony": begun.Ceremony, "response": m{"code": c.code(c.secret)}}
			p.must("POST", "/sign-in/finish", in, nil)
			return p.api("POST", "/sign-in/finish", in, nil)
		}),
		auth.CeremonyOtherBrowser: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			info := p.password()
			q := c.browser()
			q.lang = c.lang
			q.api("GET", "/session", nil, nil)
			return q.api("POST", "/sign-in/state", m{"ceremony": info.Ceremony}, nil)
		}),
		auth.SignedUp: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			p.must("POST", "/sign-up", m{"email": "new@example.com"}, nil)
			in := m{"link": lastPart(c.mailed(auth.TemplateSignUp).Args["link"]), "name": "Wei", "userName": "wei-shop",
				"phone": "+8613700137000", "password": testPassword, "terms": true}
			p.must("POST", "/sign-up/confirm", in, nil)
			return p.api("POST", "/sign-up/confirm", in, nil)
		}),
		auth.LinkOtherAccount: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.must("POST", "/contact/email", m{"email": "new@example.com"}, nil)
			link := lastPart(c.mailed(auth.TemplateEmailChange).Args["link"])
			p := c.stranger()
			var a answer
			p.must("POST", "/sign-in", m{"identifier": otherEmail, "password": testPassword}, &a)
			p.bearer = a.Token
			p.addApp()
			return p.api("POST", "/contact/email/confirm", m{"link": link}, nil)
		}),
		auth.PuzzleNeeded: forgotWith(nil),
		auth.PuzzleWrong:  forgotWith(m{"work": "e30="}),
		auth.PuzzleOver:   forgotWith(m{"puzzle": "no-such-puzzle", "signs": "ACFHJK"}),
		auth.LinkUsed: do(func(c *trial) *httptest.ResponseRecorder {
			return c.stranger().api("POST", "/forgot/password", m{"link": "no-such-link", "password": "Vivid-Marmot7"},
				nil)
		}),
	}
}

// forgotWith asks for a new password with that answer to a puzzle.
func forgotWith(answer m) provocation {
	return do(func(c *trial) *httptest.ResponseRecorder {
		in := m{"identifier": testEmail}
		maps.Copy(in, answer)
		return c.stranger().api("POST", "/forgot", in, nil)
	})
}

// phoneFaults are those of a forgotten password by phone.
func phoneFaults() map[auth.Code]provocation {
	names := func(n int) provocation {
		return do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			shown, code := p.texted("+8613800138000")
			p.must("POST", "/forgot/phone/code", m{"ceremony": shown.Ceremony, "code": code}, &shown)
			in := m{"ceremony": shown.Ceremony, "userName": "another shop"}
			for range n - 1 {
				p.api("POST", "/forgot/phone/name", in, nil)
			}
			return p.api("POST", "/forgot/phone/name", in, nil)
		})
	}
	return map[auth.Code]provocation{
		auth.UserNameWrong: names(1), auth.UserNameClosed: names(3),
		auth.PhoneResetLater: {change: func(_ *testing.T, a *auth.Config, _ *Config) { a.Policy.ResetTextsPerNumber = 1 },
			do: func(c *trial) *httptest.ResponseRecorder {
				p := c.stranger()
				p.texted("+8613800138000")
				c.pass(time.Minute)
				return p.api("POST", "/forgot/phone", m{"phone": "+8613800138000", "work": p.worked()}, nil)
			}},
		auth.TicketLater: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			for range 20 {
				p.must("POST", "/tickets", m{"key": "no"}, nil)
			}
			return p.api("POST", "/tickets", m{"key": "no"}, nil)
		}),
		auth.NumberIsOnlyStep: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var a answer
			p.must("POST", "/sign-in", m{"identifier": otherEmail, "password": testPassword}, &a)
			p.bearer = a.Token
			p.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613900139000", "channel": "sms"}, &a)
			p.must("POST", "/methods/finish", m{"ceremony": a.Ceremony,
				"response": m{"code": c.mailed(auth.TemplateCode).Args["code"]}}, nil)
			c.pass(time.Minute)
			q := c.stranger()
			asked, code := q.texted("+8613900139000")
			return q.api("POST", "/forgot/phone/code", m{"ceremony": asked.Ceremony, "code": code}, nil)
		}),
	}
}

func formFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.SignInRefused: do(func(c *trial) *httptest.ResponseRecorder {
			return c.stranger().api("POST", "/sign-in", m{"identifier": testEmail, "password": "wrong"}, nil)
		}),
		auth.SignInLocked: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.known()
			for range 5 {
				p.api("POST", "/sign-in", m{"identifier": testEmail, "password": "wrong"}, nil)
			}
			return p.api("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, nil)
		}),
		auth.NameMissing:       signUpWith("name", " "),
		auth.NameTooLong:       signUpWith("name", strings.Repeat("魏", 200)),
		auth.UserNameMissing:   signUpWith("userName", ""),
		auth.UserNameMalformed: signUpWith("userName", "a\u202eb"),
		auth.QuestionMissing: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/question", m{"question": " ", "answer": "nobody at all"})
		}),
		auth.QuestionTooLong: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/question", m{"question": strings.Repeat("长", 101), "answer": "nobody at all"})
		}),
		auth.AnswerMissing: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/question", m{"question": "The first?", "answer": " "})
		}),
		auth.AnswerTooPlain: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/question", m{"question": "The first?", "answer": "First"})
		}),
		auth.QuestionNotSet: do(func(c *trial) *httptest.ResponseRecorder {
			return c.p.api("DELETE", "/question", nil, nil)
		}),
		auth.AnswerWrong: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.must("POST", "/question", m{"question": "The first?", "answer": "nobody at all"}, nil)
			return c.post("/password/by-answer", m{"answer": "somebody", "password": "Vivid-Marmot7"})
		}),
		auth.SecurityCodeSet: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.must("POST", "/security-code", nil, nil)
			return c.post("/security-code", nil)
		}),
		auth.SecurityCodeNotSet: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/security-code/use", m{"securityCode": "00000"})
		}),
		auth.SecurityCodeWrong: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.must("POST", "/security-code", nil, nil)
			return c.post("/security-code/use", m{"securityCode": "00000"})
		}),
		auth.SecurityCodeWaits: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var begun, done answer
			p.must("POST", "/sign-in", m{"identifier": otherEmail, "password": testPassword}, &done)
			p.bearer = done.Token
			p.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613900139000", "channel": "sms"}, &begun)
			code := c.mailed(auth.TemplateCode).Args["code"]
			p.must("POST", "/methods/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, &done)
			p.bearer = done.Token
			var made struct{ Code string }
			p.must("POST", "/security-code", nil, &made)
			return p.api("POST", "/security-code/use", m{"securityCode": made.Code}, nil)
		}),
		auth.PayoutRefused: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.must("POST", "/user-name", m{"userName": "another"}, nil)
			c.p.must("POST", "/undo", m{"link": lastPart(c.mailed(auth.TemplateChange).Args["undo"])}, nil)
			return c.weak().api("POST", "/step-up", m{"action": auth.ActPayout, "target": "¥ 100.00"}, nil)
		}),
		auth.PayoutTextMalformed: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/payout", m{"text": " blank"})
		}),
		auth.UserNameIsPassword: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/user-name", m{"userName": testPassword})
		}),
		auth.EmailMalformed: do(func(c *trial) *httptest.ResponseRecorder {
			return c.stranger().api("POST", "/sign-up", m{"email": "not an address"}, nil)
		}),
		auth.PhoneMissing:   signUpWith("phone", " "),
		auth.PhoneMalformed: signUpWith("phone", "+86 1"),
		auth.PhoneNoCountry: signUpWith("phone", "12025550123"),
		auth.PhoneOtherCountry: do(func(c *trial) *httptest.ResponseRecorder {
			return c.signUpWith(m{"phone": "138", "region": "CN"})
		}),
		auth.TermsNotAccepted: signUpWith("terms", false),
		auth.PasswordTooShort: signUpWith("password", "Aa1-"),
		auth.PasswordTooLong:  signUpWith("password", "Vivid-Marmot7-Vivid-Marmot7"),
		auth.PasswordNoUpper:  signUpWith("password", "vivid-marmot7"),
		auth.PasswordNoLower:  signUpWith("password", "VIVID-MARMOT7"),
		auth.PasswordNoDigit:  signUpWith("password", "Vivid-Marmots"),
		auth.PasswordNoSign:   signUpWith("password", "VividMarmot77"),
		auth.PasswordIsUserName: {do: func(c *trial) *httptest.ResponseRecorder {
			return c.signUpWith(m{"userName": "Marmot-Shop7", "password": "Marmot-Shop7"})
		}},
		auth.PasswordTooCommon: signUpWith("password", "P@ssw0rd1"),
		auth.PasswordTooSimple: signUpWith("password", "Aaaaaaaa1!"),
		auth.PasswordBreached: {change: func(t *testing.T, a *auth.Config, _ *Config) { a.Breached = breached(t, "Vivid-Marmot9") },
			do: func(c *trial) *httptest.ResponseRecorder { return c.signUpWith(m{"password": "Vivid-Marmot9"}) }},
		auth.PasswordWrong: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/password", m{"current": "wrong", "password": "Vivid-Marmot7"})
		}),
		auth.CountryNotServed: {change: func(_ *testing.T, a *auth.Config, _ *Config) {
			a.Policy.Countries = []string{"CN"}
		},
			do: func(c *trial) *httptest.ResponseRecorder {
				return c.post("/methods/begin", m{"kind": "phone", "number": "+4915112345678", "channel": "sms"})
			}},
		auth.PhoneLandline: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/methods/begin", m{"kind": "phone", "number": "+862162345678", "channel": "sms"})
		}),
	}
}

func typedFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.CodeWrong:     do(func(c *trial) *httptest.ResponseRecorder { return c.app(other(c.code(c.secret))) }),
		auth.CodeMalformed: do(func(c *trial) *httptest.ResponseRecorder { return c.app("12") }),
		auth.CodeUsed: do(func(c *trial) *httptest.ResponseRecorder {
			c.app(c.code(c.secret))
			return c.app(c.code(c.secret))
		}),
		auth.CodeExpired: do(func(c *trial) *httptest.ResponseRecorder {
			var begun answer
			c.p.must("POST", "/methods/begin", m{"kind": "email", "address": "backup@example.com", "channel": "email"},
				&begun)
			code := c.mailed(auth.TemplateCode).Args["code"]
			c.pass(6 * time.Minute)
			return c.post("/methods/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}})
		}),
		auth.AppClock: do(func(c *trial) *httptest.ResponseRecorder {
			c.pass(5 * time.Minute)
			late := c.code(c.secret)
			c.pass(-5 * time.Minute)
			return c.app(late)
		}),
		auth.TokenWrong: do(func(c *trial) *httptest.ResponseRecorder {
			var begun answer
			c.p.must("POST", "/methods/begin", m{"kind": "hotp", "serial": "AB-1234"}, &begun)
			return c.post("/methods/finish", m{"ceremony": begun.Ceremony, "response": m{"code": "000000", "second": "000000"}})
		}),
		auth.SerialMalformed: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/methods/begin", m{"kind": "hotp", "serial": "-"})
		}),
		auth.CodeLayout:     do(func(c *trial) *httptest.ResponseRecorder { return c.typing("123456") }),
		auth.CodeIncomplete: do(func(c *trial) *httptest.ResponseRecorder { return c.typing("vvcbde") }),
		auth.KeyValuesMalformed: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/methods/begin", m{"kind": "yubiotp", "publicId": "vvcb", "privateId": "8792", "secret": "ecde"})
		}),
		auth.RecoveryWrong: do(func(c *trial) *httptest.ResponseRecorder { return c.recovery("0000-0000") }),
		auth.RecoveryUsed: do(func(c *trial) *httptest.ResponseRecorder {
			if w := c.recovery(c.codes[0]); w.Code != 200 {
				c.t.Fatalf("recovery code: got %d %s, want it taken", w.Code, w.Body)
			}
			return c.recovery(c.codes[0])
		}),
		auth.MethodResting: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.known()
			var begun answer
			p.must("POST", "/sign-in/begin", m{"ceremony": p.password().Ceremony, "kind": "totp"}, &begun)
			for range 5 {
				p.api("POST", "/sign-in/finish",
					m{"ceremony": begun.Ceremony, "response": m{"code": other(c.code(c.secret))}}, nil)
			}
			return p.api("POST", "/sign-in/finish",
				m{"ceremony": begun.Ceremony, "response": m{"code": c.code(c.secret)}}, nil)
		}),
		auth.MailCodeNeeded: do(func(c *trial) *httptest.ResponseRecorder {
			p, begun := c.signIn("totp", nil)
			for range 5 {
				p.api("POST", "/sign-in/finish",
					m{"ceremony": begun.Ceremony, "response": m{"code": other(c.code(c.secret))}}, nil)
			}
			return p.api("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, nil)
		}),
		auth.MethodDisabled: {change: func(_ *testing.T, a *auth.Config, _ *Config) { a.Policy.Guesses.Limit, a.Policy.OneLimit = 3, true },
			do: func(c *trial) *httptest.ResponseRecorder {
				p, begun := c.signIn("totp", nil)
				for range 3 {
					p.api("POST", "/sign-in/finish",
						m{"ceremony": begun.Ceremony, "response": m{"code": other(c.code(c.secret))}}, nil)
				}
				return p.api("POST", "/sign-in/finish",
					m{"ceremony": begun.Ceremony, "response": m{"code": c.code(c.secret)}}, nil)
			}},
		auth.ResendTooSoon: do(func(c *trial) *httptest.ResponseRecorder {
			p, begun := c.signIn("phone", m{"channel": "sms"})
			return p.api("POST", "/sign-in/resend", m{"ceremony": begun.Ceremony, "channel": "voice"}, nil)
		}),
		auth.TextsLater: {change: func(_ *testing.T, a *auth.Config, _ *Config) { a.Policy.SendsPerPrefix = 1 },
			do: func(c *trial) *httptest.ResponseRecorder {
				c.post("/methods/begin", m{"kind": "phone", "number": "+8615000150001", "channel": "sms"})
				return c.post("/methods/begin", m{"kind": "phone", "number": "+8615000150002", "channel": "sms"})
			}},
		auth.SendLimitReached: {change: func(_ *testing.T, a *auth.Config, _ *Config) { a.Policy.SendsPerDay = 2 },
			do: func(c *trial) *httptest.ResponseRecorder {
				p, begun := c.signIn("phone", m{"channel": "sms"})
				var w *httptest.ResponseRecorder
				for range 2 {
					c.pass(time.Minute)
					w = p.api("POST", "/sign-in/resend", m{"ceremony": begun.Ceremony, "channel": "sms"}, &begun)
				}
				return w
			}},
	}
}

// other is a code that is not the right one.
func other(code string) string {
	return string('0'+(code[0]-'0'+5)%10) + code[1:]
}

func methodFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.BackupFallsWith: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var a answer
			p.must("POST", "/sign-in", m{"identifier": otherEmail, "password": testPassword}, &a)
			p.bearer = a.Token
			p.addApp()
			c.pass(time.Second)
			p.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613900139000", "channel": "sms"}, &a)
			code := c.mailed(auth.TemplateCode).Args["code"]
			return p.api("POST", "/methods/finish", m{"ceremony": a.Ceremony, "backup": true,
				"response": m{"code": code}}, nil)
		}),
		auth.MailboxResets: do(func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var a answer
			p.must("POST", "/sign-in", m{"identifier": otherEmail, "password": testPassword}, &a)
			p.bearer = a.Token
			return p.api("POST", "/methods/begin", m{"kind": "email", "address": otherEmail, "channel": "email"}, nil)
		}),
		auth.NoSuchMethod: do(func(c *trial) *httptest.ResponseRecorder {
			return c.p.api("DELETE", "/methods/none",
				nil, nil)
		}),
		auth.MethodExists: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/methods/begin", m{"kind": "phone", "number": "+8613800138000", "channel": "sms"})
		}),
		auth.TooManyMethods: {change: func(_ *testing.T, a *auth.Config, _ *Config) { a.Policy.MaxMethods = 2 },
			do: func(c *trial) *httptest.ResponseRecorder { return c.post("/methods/begin", m{"kind": "totp"}) }},
		auth.ChangePending: do(func(c *trial) *httptest.ResponseRecorder {
			id := c.p.methodID("Red key")
			p := c.weak()
			p.must("DELETE", "/methods/"+id, nil, nil)
			return p.api("DELETE", "/methods/"+id, nil, nil)
		}),
		auth.ChangePaused: do(func(c *trial) *httptest.ResponseRecorder {
			id := c.p.methodID("Red key")
			p := c.weak()
			p.must("DELETE", "/methods/"+id, nil, nil)
			var now struct{ Changes []struct{ ID string } }
			c.p.must("GET", "/security", nil, &now)
			c.p.must("DELETE", "/changes/"+now.Changes[0].ID, nil, nil)
			return p.api("DELETE", "/methods/"+id, nil, nil)
		}),
		auth.MethodRefused: {change: func(_ *testing.T, a *auth.Config, _ *Config) { a.Policy.EmailSecondStep = false },
			do: func(c *trial) *httptest.ResponseRecorder {
				return c.post("/methods/begin", m{"kind": "email", "address": "backup@example.com", "channel": "email"})
			}},
	}
}

func keyFaults() map[auth.Code]provocation {
	handle := func(r *virtual.AuthenticationResponse) { r.Response.UserHandle = []byte("somebody else") }
	certified := func(t *testing.T, a *auth.Config, _ *Config) {
		ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("root")})
		if err != nil {
			t.Fatal(err)
		}
		a.Factors = factors(t, webauthn.Config{Attestation: webauthn.AttestationPolicy{Require: true,
			Roots: []webauthn.Root{{Certificate: ca.Root()}}}})
	}
	leaf := func(o virtual.LeafOptions) func(*virtual.Attester, *virtual.Credential) {
		return func(a *virtual.Attester, _ *virtual.Credential) { a.Leaf = &o }
	}
	attested := func(h virtual.Hooks) provocation {
		return provocation{change: certified, do: func(c *trial) *httptest.ResponseRecorder {
			return c.register(virtual.Options{Attestation: virtual.AttestPacked, AAGUID: [16]byte{1}}, "key", h)
		}}
	}
	recalled := [16]byte{0: 0xab, 15: 0xcd}
	return map[auth.Code]provocation{
		auth.KeyMalformed: do(func(c *trial) *httptest.ResponseRecorder {
			p, begun := c.signIn("webauthn", nil)
			return p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"id": "x"}}, nil)
		}),
		auth.KeyWrong: hooked(virtual.Hooks{Assertion: func(r *virtual.AuthenticationResponse) {
			r.RawID[0] ^= 1
			r.ID = asText(r.RawID)
		}}),
		auth.KeyChallengeWrong: hooked(virtual.Hooks{ClientData: func(d *virtual.ClientData) {
			d.Challenge = asText(make([]byte, 32))
		}}),
		auth.KeyOriginWrong: hooked(virtual.Hooks{ClientData: func(d *virtual.ClientData) {
			d.Origin = "https://evil.example"
		}}),
		auth.KeyTypeWrong: hooked(virtual.Hooks{ClientData: func(d *virtual.ClientData) {
			d.Type = "webauthn.create"
		}}),
		auth.KeyRPIDWrong:       hooked(virtual.Hooks{AuthData: func(b []byte) []byte { b[0] ^= 1; return b }}),
		auth.KeyNoTouch:         hooked(virtual.Hooks{AuthData: flags(0, virtual.FlagUP)}),
		auth.KeySignatureWrong:  hooked(virtual.Hooks{Signature: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }}),
		auth.KeyBackupFlags:     hooked(virtual.Hooks{AuthData: flags(virtual.FlagBS, 0)}),
		auth.KeyUserHandleWrong: hooked(virtual.Hooks{Assertion: handle}),
		auth.KeyNotVerified: {change: func(t *testing.T, a *auth.Config, _ *Config) {
			a.Factors = factors(t, webauthn.Config{UserVerification: "required"})
		}, do: func(c *trial) *httptest.ResponseRecorder {
			return c.register(virtual.Options{UserVerification: virtual.UVSucceeds}, "key",
				virtual.Hooks{AuthData: flags(0, virtual.FlagUV)})
		}},
		auth.KeyAlgorithm: do(func(c *trial) *httptest.ResponseRecorder {
			// The COSE key begins with kty 2 and alg -7 (ES256); -47 (ES256K) was not offered.
			return c.register(virtual.Options{}, "key", virtual.Hooks{AuthData: func(b []byte) []byte {
				at := bytes.Index(b, []byte{0x01, 0x02, 0x03, 0x26})
				return slices.Concat(b[:at+3], []byte{0x38, 0x2e}, b[at+4:])
			}})
		}),
		auth.KeyNotUSB: do(func(c *trial) *httptest.ResponseRecorder {
			return c.register(virtual.Options{}, "key",
				virtual.Hooks{Registration: func(r *virtual.RegistrationResponse) { r.Attachment = "platform" }})
		}),
		auth.KeyExcluded: do(func(c *trial) *httptest.ResponseRecorder {
			return c.register(virtual.Options{Seed: []byte("Red key")}, "key", virtual.Hooks{})
		}),
		auth.KeyAttestation: {change: certified, do: func(c *trial) *httptest.ResponseRecorder {
			return c.register(virtual.Options{}, "key", virtual.Hooks{})
		}},
		auth.KeyAttestationFormat: attested(virtual.Hooks{Attestation: func(a *virtual.Attestation) {
			a.Format = "mine"
		}}),
		auth.KeyAttestationMalformed: attested(virtual.Hooks{Attestation: func(a *virtual.Attestation) {
			delete(a.Statement, "sig")
		}}),
		auth.KeyAttestationForged: attested(virtual.Hooks{Signature: func(b []byte) []byte {
			b[len(b)-1] ^= 1
			return b
		}}),
		auth.KeyAttestationCertificate: attested(virtual.Hooks{Attester: leaf(virtual.LeafOptions{Version: 1})}),
		auth.KeyAttestationExpired: attested(virtual.Hooks{Attester: leaf(virtual.LeafOptions{Change: func(c *x509.Certificate) {
			c.NotAfter = c.NotBefore.AddDate(1, 0, 0)
		}})}),
		auth.KeyModelRefused: {change: func(t *testing.T, a *auth.Config, _ *Config) {
			a.Factors = factors(t,
				webauthn.Config{Attestation: webauthn.AttestationPolicy{Deny: []webauthn.AAGUID{webauthn.AAGUID(recalled)}}})
		}, do: func(c *trial) *httptest.ResponseRecorder {
			return c.register(virtual.Options{AAGUID: recalled}, "key", virtual.Hooks{})
		}},
		auth.KeySynced: {change: func(t *testing.T, a *auth.Config, _ *Config) {
			a.Factors = factors(t, webauthn.Config{Attestation: webauthn.AttestationPolicy{Least: auth.BoundKey}})
		}, do: func(c *trial) *httptest.ResponseRecorder {
			return c.register(virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds,
				Backup: true}, "passkey", virtual.Hooks{})
		}},
		auth.KeyLevelTooLow: {change: func(t *testing.T, a *auth.Config, c *Config) {
			least(t, testCA(t), auth.Graded(auth.L3))(a, c)
		}, do: func(c *trial) *httptest.ResponseRecorder {
			return c.register(modelOf(testCA(c.t)), "key", virtual.Hooks{})
		}},
		auth.KeyModelRevoked: {change: func(t *testing.T, a *auth.Config, c *Config) {
			knows(t, testCA(t), "REVOKED")(a, c)
		}, do: func(c *trial) *httptest.ResponseRecorder {
			return c.register(modelOf(testCA(c.t)), "key", virtual.Hooks{})
		}},
		auth.KeyFrozen: do(func(c *trial) *httptest.ResponseRecorder {
			stolen := *c.key
			stolen.Authenticators = []*virtual.Authenticator{c.key.Authenticators[0].Clone()}
			for range 2 {
				if w := c.assert(virtual.Hooks{}); w.Code != 200 {
					c.t.Fatalf("the owner: got %d %s, want signed in", w.Code, w.Body)
				}
			}
			c.key = &stolen
			return c.assert(virtual.Hooks{})
		}),
	}
}
