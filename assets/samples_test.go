package assets

import "time"

// A Sample is a view with a name, as tests and screenshots take them.
type Sample struct {
	Name string
	View View
}

// Samples returns every page, filled, in the states that look different. now is the moment at which they are seen.
// The people and things in them are made up of example words.
func Samples(now time.Time) []Sample {
	s := sampler{now: now}
	var all []Sample
	all = append(all, s.signing()...)
	all = append(all, s.verifying()...)
	all = append(all, s.securing()...)
	all = append(all, s.methods()...)
	all = append(all, s.shops()...)
	all = append(all, s.recovery()...)
	all = append(all, s.desk()...)
	all = append(all, s.tokenPages()...)
	return append(all, s.others()...)
}

func (s sampler) recovery() []Sample {
	things := []Tick{{"phone", true}, {"key", false}, {"passkey", false}, {"pc", false}, {"mailbox", false}, {"paper", false},
		{"code", false}}
	line := CaseLine{ID: "c1", At: s.ago(day), Lost: []string{"phone", "paper"}}
	due := line
	due.Email, due.Due = "n•••@example.org", s.in(day)
	due.Waits = true
	asked := Said{At: s.ago(2 * time.Hour), Text: "Which goods do you sell?", Want: []string{"shop", "answer"}}
	own := Said{At: s.ago(day), Own: true, Text: "My phone fell into the sea.\nI sell tea."}
	at := func(state string, f func(*RecoveryCase)) *RecoveryCase {
		v := &RecoveryCase{Frame: s.at("/recovery/case/x"), Link: "x", State: state, Clock: CaseClock{Hours: 12, Paused: true}}
		f(v)
		return v
	}
	return []Sample{
		{"recovery", &Recovery{Frame: s.at("/recovery"), Cases: true, Vouching: true, Word: 12, Hours: 12,
			Wait: 24, WaitNew: 72, Removal: 24, Code: 72}},
		{"recovery-off", &Recovery{Frame: s.at("/recovery"), Removal: 24, Code: 72}},
		{"recovery-ask", &RecoveryAsk{Frame: s.at("/recovery/ask"), Identifier: "wei@example.com", Things: things, Puzzle: "p",
			Picture: "/api/v1/puzzle/p", Work: "{}"}},
		{"recovery-ask-refused", &RecoveryAsk{Frame: s.refused(s.at("/recovery/ask"), Problem{Code: "lost-missing", Field: "lost"}),
			Email: "nonsense", Things: things[1:], Puzzle: "p", Picture: "/api/v1/puzzle/p", Work: "{}"}},
		{"recovery-sent", &RecoverySent{Frame: s.at("/recovery/sent")}},
		{"recovery-asked", at("asked", func(v *RecoveryCase) { v.Email, v.Until = "n•••@example.org", s.in(day) })},
		{"recovery-open", at("open", func(v *RecoveryCase) { v.Until, v.Reviewed = s.in(30*day), true })},
		{"recovery-open-refused", at("open", func(v *RecoveryCase) {
			v.Frame = s.refused(v.Frame, Problem{Code: "story-too-long", Field: "text"})
			v.Typed, v.Reviewed = "My phone …", true
		})},
		{"recovery-open-pictures", at("open", func(v *RecoveryCase) {
			v.Reviewed = true
			v.Shown = ShownPictures{Pictures: []ShownPicture{{ID: "p1", Number: 1, At: s.ago(time.Hour)}}, May: true, Left: 9,
				Most: 10, Days: 30}
		})},
		{"recovery-open-pdfs", at("open", func(v *RecoveryCase) {
			v.Reviewed = true
			v.Shown = ShownPictures{Drafts: []ShownDraft{{ID: "d1", At: s.ago(time.Minute)}}, May: true, Left: 9, Most: 10,
				Days: 30, PDF: true}
			for _, why := range []string{"locked", "damaged", "empty", "too-many", "too-dear", "off", "failed", "no-room"} {
				v.Shown.Drafts = append(v.Shown.Drafts, ShownDraft{ID: why, At: s.ago(time.Hour), Why: why})
			}
		})},
		{"recovery-open-picture-refused", at("open", func(v *RecoveryCase) {
			v.Frame = s.refused(v.Frame, Problem{Code: "picture-heic", Field: "picture"})
			v.Reviewed, v.Shown = true, ShownPictures{May: true, Left: 10, Most: 10, Days: 30}
		})},
		{"recovery-more-pictures", at("more", func(v *RecoveryCase) {
			v.Said = []Said{own, asked}
			v.Shown = ShownPictures{Pictures: []ShownPicture{{ID: "p1", Number: 1, At: s.ago(day), Sent: true},
				{ID: "p2", Number: 2, At: s.ago(time.Hour)}}, May: true, Wanted: true, Most: 2, Days: 30}
		})},
		{"recovery-done-pictures", at("done", func(v *RecoveryCase) {
			v.Shown = ShownPictures{Pictures: []ShownPicture{{ID: "p1", Number: 1, At: s.ago(day), Sent: true}},
				Shred: s.in(30 * day)}
		})},
		{"recovery-shredded", at("withdrawn", func(v *RecoveryCase) { v.Shown.Shredded = s.ago(day) })},
		{"recovery-review", at("review", func(v *RecoveryCase) {
			v.Clock = CaseClock{Hours: 12, Used: 3, Above: 20, Due: s.in(9 * time.Hour)}
			v.Said = []Said{own}
		})},
		{"recovery-late", at("review", func(v *RecoveryCase) {
			v.Clock = CaseClock{Hours: 12, Used: 13, Due: s.ago(time.Hour)}
			v.Said = []Said{own}
		})},
		{"recovery-more", at("more", func(v *RecoveryCase) {
			v.Clock = CaseClock{Hours: 12, Used: 3, Above: 20, Paused: true}
			v.Said = []Said{own, asked}
			v.Until = s.in(30 * day)
		})},
		{"recovery-approved", at("approved", func(v *RecoveryCase) { v.Due, v.Said = s.in(day), []Said{own} })},
		{"recovery-done", at("done", func(v *RecoveryCase) { v.Until, v.Payout = s.in(90*day), s.in(3*day) })},
		{"recovery-refused", at("refused", func(v *RecoveryCase) {
			v.Reason, v.MayAppeal = "not-proved", true
			v.Said = []Said{own}
		})},
		{"recovery-withdrawn", at("withdrawn", func(v *RecoveryCase) { v.Until = s.in(90 * day) })},
		{"recovery-withdraw", &RecoveryWithdraw{Frame: s.at("/recovery/case/x/withdraw"), Link: "x"}},
		{"recovery-closed", at("closed", func(v *RecoveryCase) { v.Until = s.in(90 * day) })},
		{"recovery-used", &RecoveryCase{Frame: s.refused(s.at("/recovery/case/x"), Problem{Code: "link-used"})}},
		{"recovery-stop", &RecoveryStop{Frame: s.at("/recovery/stop/x"), Link: "x", CaseLine: line}},
		{"recovery-stop-waits", &RecoveryStop{Frame: s.at("/recovery/stop/x"), Link: "x", CaseLine: due}},
		{"recovery-stop-used", &RecoveryStop{Frame: s.refused(s.at("/recovery/stop/x"), Problem{Code: "link-used"})}},
		{"recovery-own", &RecoveryOwn{Frame: s.signedIn("/security/recovery/c1"), CaseLine: line}},
		{"recovery-own-waits", &RecoveryOwn{Frame: s.signedIn("/security/recovery/c1"), CaseLine: due}},
		{"recovery-words-only", &Recovery{Frame: s.at("/recovery"), Vouching: true, Word: 12, WaitNew: 72, Removal: 24,
			Code: 72}},
		{"recovery-open-word", at("open", func(v *RecoveryCase) { v.Vouching, v.Word = "ask", 12 })},
		{"recovery-open-words", at("review", func(v *RecoveryCase) {
			v.Vouching, v.Word = "ask", 12
			v.Words, v.Reviewed = 2, true
		})},
		{"recovery-open-alone", at("open", func(v *RecoveryCase) { v.Vouching = "alone" })},
		{"recovery-open-nobody", at("open", func(v *RecoveryCase) { v.Vouching = "nobody" })},
		{"recovery-open-maybe", at("open", func(v *RecoveryCase) { v.Vouching, v.Email = "maybe", "n•••@example.org" })},
		{"vouch", &Vouch{Frame: s.signedIn("/security/vouch/c1"), CaseLine: line, Name: "Mo", Mailbox: "m•••@example.com",
			Wait: 12}},
		{"vouch-refused", &Vouch{Frame: s.refused(s.signedIn("/security/vouch/c1"),
			Problem{Code: "spoke-missing", Field: "spoke"}), CaseLine: line, Name: "Mo", Mailbox: "m•••@example.com", Wait: 12}},
		{"vouch-given", &Vouch{Frame: s.signedIn("/security/vouch/c1"), CaseLine: due, Name: "Mo", Mailbox: "m•••@example.com",
			Given: true, Wait: 72}},
		{"vouch-more", &Vouch{Frame: s.signedIn("/security/vouch/c1"), CaseLine: line, Name: "Mo", Mailbox: "m•••@example.com",
			Given: true, More: true, Wait: 12}},
	}
}

func (s sampler) shops() []Sample {
	blue := ShopLine{ID: "s1", Name: "Blue shop", Role: "owner"}
	mo := Person{ID: "m2", Name: "Mo", Email: "m•••@example.com", Role: "member", InvitedBy: "Wei", Since: s.ago(day),
		MayChange: true}
	paused := mo
	paused.ID, paused.Paused = "m3", true
	movable, moving := mo, mo
	movable.MayMove, moving.MayMove = true, true
	moving.Moves = &ContactMove{Email: "n•••@example.com", Phone: "+86 ••• •••• 8055", At: s.in(day)}
	roles := []string{"owner", "administrator", "member", "read-only"}
	ready := []Ready{{Name: "Wei", Role: "owner", Ready: true, Self: true}, {Name: "Mo", Role: "member"},
		{Name: "小明", Role: "read-only", Paused: true}}
	begun := HandOver{ID: "h1", State: "begun", Shop: "Blue shop", By: "Wei", Sent: "m•••@example.com", Until: s.in(day)}
	taken := begun
	taken.State, taken.To = "taken", "m9"
	taken.ToName, taken.ToEmail = "Mei", "m•••@example.org"
	agreed := taken
	agreed.State = "agreed"
	signs := taken
	signs.Signs = "7KQM-2X9D"
	return []Sample{
		{"shops-none", &Shops{Frame: s.signedIn("/shop")}},
		{"shops", &Shops{Frame: s.signedIn("/shop"),
			Shops:  []ShopLine{blue, {ID: "s2", Name: "小明的店", Role: "read-only"}},
			Invite: ShopLine{Name: "Red shop", Role: "member"}}},
		{"shop-new", &ShopName{Frame: s.signedIn("/shop/new")}},
		{"shop-name", &ShopName{ID: "s1",
			Frame: s.refused(s.signedIn("/shop/s1/name"), Problem{Code: "name-missing", Field: "name"})}},
		{"shop", &Shop{Frame: s.signedIn("/shop/s1"), ShopLine: blue, MayInvite: true, MayRename: true,
			People: []Person{{ID: "m1", Name: "Wei", Email: "w•••@example.com", Role: "owner", Since: s.ago(9 * day),
				Self: true}, mo, paused},
			Waits: []Waiting{{ID: "i1", To: "l•••@example.com", Role: "member", By: "Wei", Until: s.in(6 * day)}}}},
		{"shop-member", &Shop{Frame: s.signedIn("/shop/s1"),
			ShopLine: ShopLine{ID: "s1", Name: "Blue shop", Role: "member"},
			Asks: []WordAsked{{Case: "c1", Name: "Mo", At: s.ago(day)},
				{Case: "c2", Name: "Li", At: s.ago(day), Given: true}},
			People:   []Person{{ID: "m1", Name: "Wei", Role: "owner", Since: s.ago(9 * day)}},
			KeysFrom: s.in(7 * day)}},
		{"shop-invite", &ShopInvite{
			Frame:    s.refused(s.signedIn("/shop/s1/invite"), Problem{Code: "email-malformed", Field: "email"}),
			ShopLine: ShopLine{ID: "s1", Role: "member"}, Roles: roles, Email: "nonsense"}},
		{"shop-person",
			&ShopPerson{Frame: s.signedIn("/shop/s1/members/m2"), ShopLine: blue, Person: mo, Roles: roles}},
		{"shop-person-paused",
			&ShopPerson{Frame: s.signedIn("/shop/s1/members/m3"), ShopLine: blue, Person: paused, Roles: roles}},
		{"shop-person-moves",
			&ShopPerson{Frame: s.signedIn("/shop/s1/members/m2"), ShopLine: blue, Person: moving, Roles: roles}},
		{"shop-person-may-move",
			&ShopPerson{Frame: s.signedIn("/shop/s1/members/m2"), ShopLine: blue, Person: movable, Roles: roles}},
		{"shop-contact", &ShopContact{Frame: s.signedIn("/shop/s1/members/m2/contact"), ShopLine: blue, Person: movable,
			Countries: countries("CN")}},
		{"shop-contact-refused", &ShopContact{Email: "nonsense", Countries: countries(""),
			Frame: s.refused(s.signedIn("/shop/s1/members/m2/contact"), Problem{Code: "email-malformed",
				Field: "email"}), ShopLine: blue, Person: movable}},
		{"shop-keys", &ShopKeys{Frame: s.signedIn("/shop/s1/keys"), ShopLine: blue, Days: "14", People: ready,
			Lacking: 2}},
		{"shop-keys-asked", &ShopKeys{Frame: s.refused(s.signedIn("/shop/s1/keys"), Problem{Code: "days-out-of-range",
			Field: "days", Args: Args{"least": "3", "most": "90"}}), ShopLine: blue, From: s.in(7 * day), By: "Wei",
			Days: "1", People: ready[:1]}},
		{"shop-hand-over", &ShopHandOver{Frame: s.refused(s.signedIn("/shop/s1/hand-over"),
			Problem{Code: "email-malformed", Field: "email"}), ShopLine: blue, Email: "nonsense"}},
		{"shop-hand-over-begun", &ShopHandOver{Frame: s.signedIn("/shop/s1/hand-over"), ShopLine: blue, Hand: &begun}},
		{"shop-hand-over-taken", &ShopHandOver{Frame: s.signedIn("/shop/s1/hand-over"), ShopLine: blue, Hand: &taken}},
		{"shop-hand-over-agreed", &ShopHandOver{Frame: s.signedIn("/shop/s1/hand-over"), ShopLine: blue, Hand: &agreed}},
		{"shops-taken", &Shops{Frame: s.signedIn("/shop"), Taken: []HandOver{taken, agreed}}},
		{"account-hand-over", &AccountHandOver{Frame: s.refused(s.signedIn("/security/hand-over"),
			Problem{Code: "email-malformed", Field: "email"}), Email: "nonsense"}},
		{"account-hand-over-shops", &AccountHandOver{Frame: s.signedIn("/security/hand-over"), Shops: []ShopLine{blue}}},
		{"account-hand-over-begun", &AccountHandOver{Frame: s.signedIn("/security/hand-over"), Hand: &begun}},
		{"account-hand-over-taken", &AccountHandOver{Frame: s.refused(s.signedIn("/security/hand-over"),
			Problem{Code: "hand-over-signs-wrong", Field: "signs", Args: Args{"n": 4}}), Hand: &taken}},
		{"account-hand-over-agreed", &AccountHandOver{Frame: s.signedIn("/security/hand-over"), Hand: &agreed}},
		{"account-offer", &AccountOffer{Frame: s.at("/hand-over/x"), Link: "x", UserName: "小明的店", SignUp: true,
			Hand: &begun}},
		{"account-offer-signed-in", &AccountOffer{Frame: s.signedIn("/hand-over/x"), Link: "x", UserName: "wei", Hand: &begun}},
		{"account-offer-used", &AccountOffer{Frame: s.refused(s.at("/hand-over/x"), Problem{Code: "hand-over-over"})}},
		{"account-offer-mine", &AccountOffer{Frame: s.signedIn("/hand-over"), Hand: &begun}},
		{"account-offer-taken", &AccountOffer{Frame: s.signedIn("/hand-over"), Hand: &signs}},
		{"account-offer-agreed", &AccountOffer{Frame: s.signedIn("/hand-over"), Hand: &agreed}},
		{"shop-offer", &ShopOffer{Frame: s.at("/shop/hand-over/x"), ShopLine: ShopLine{Name: "Blue shop"}, Link: "x",
			By: "Wei", Until: s.in(day)}},
		{"shop-offer-signed-in", &ShopOffer{Frame: s.signedIn("/shop/hand-over/x"), ShopLine: ShopLine{Name: "Blue shop"},
			Link: "x", By: "Wei", Until: s.in(day), KeysFrom: s.in(7 * day)}},
		{"shop-offer-used", &ShopOffer{Frame: s.refused(s.at("/shop/hand-over/x"), Problem{Code: "hand-over-over"})}},
		{"shop-remove", &ShopRemove{Frame: s.signedIn("/shop/s1/members/m2/remove"), ShopLine: blue, Person: mo}},
		{"shop-leave",
			&ShopLeave{Frame: s.signedIn("/shop/s1/leave"), ShopLine: blue, MayLeave: true, Roles: roles[1:]}},
		{"shop-leave-not", &ShopLeave{Frame: s.signedIn("/shop/s1/leave"), ShopLine: blue}},
		{"shop-invitation", &ShopInvitation{Frame: s.at("/shop/invitation/x"), SignUp: true,
			ShopLine: ShopLine{Name: "Blue shop", Role: "member"}, Link: "x", By: "Wei", Until: s.in(6 * day)}},
		{"shop-invitation-signed-in", &ShopInvitation{Frame: s.signedIn("/shop/invitation/x"),
			ShopLine: ShopLine{Name: "Blue shop", Role: "member"}, Link: "x", By: "Wei", Until: s.in(6 * day),
			KeysFrom: s.in(7 * day)}},
		{"shop-invitation-used",
			&ShopInvitation{Frame: s.refused(s.at("/shop/invitation/x"), Problem{Code: "invitation-over"})}},
	}
}

type sampler struct{ now time.Time }

func (s sampler) ago(d time.Duration) time.Time { return s.now.Add(-d) }
func (s sampler) in(d time.Duration) time.Time  { return s.now.Add(d) }

const day = 24 * time.Hour

func (s sampler) at(path string) Frame { return Frame{Path: path, Now: s.now} }

func (s sampler) old(path string) Frame {
	f := s.at(path)
	f.Old = true
	return f
}

func (s sampler) onWeChat(path string) Frame {
	f := s.signingIn(path)
	f.WeChat = true
	return f
}

func (s sampler) signingIn(path string) Frame {
	f := s.at(path)
	f.Who = "seller@example.com"
	return f
}

func (s sampler) signedIn(path string) Frame {
	f := s.signingIn(path)
	f.SignedIn, f.Enrolled = true, true
	return f
}

func (s sampler) refused(f Frame, problems ...Problem) Frame {
	f.Problems = problems
	return f
}

func (s sampler) prompt(auto bool) *KeyPrompt {
	return &KeyPrompt{Options: `{"challenge":"3q2-7w","rpId":"localhost","timeout":60000,"allowCredentials":[{"type":"public-key","id":"AAEC"}],"userVerification":"discouraged"}`, Ceremony: "sealed", Auto: auto, Seconds: 60, PIN: "none"}
}

func (s sampler) blue() Method {
	return Method{ID: "k1", Way: WayKey, Name: "Blue key", Place: "on my key ring", Model: "USB-C security key",
		Made: s.ago(250 * day), Used: s.ago(2 * time.Hour), First: true}
}

func (s sampler) spare() Method {
	return Method{ID: "k2", Way: WayKey, Name: "Spare key", Place: "in the office safe", Made: s.ago(90 * day),
		Used: s.ago(84 * day)}
}

func (s sampler) app() Method {
	return Method{ID: "a1", Way: WayApp, Place: "phone", Made: s.ago(200 * day), Used: s.ago(3 * day)}
}

func (s sampler) sms() Method {
	return Method{ID: "p1", Way: WaySMS, To: "+86 ••• •••• 8000", Weak: true, Made: s.ago(200 * day)}
}

func (s sampler) mail() Method {
	return Method{ID: "e1", Way: WayEmail, To: "b•••@example.com", Weak: true, Made: s.ago(100 * day)}
}

func (s sampler) codes() Method {
	return Method{ID: "c1", Way: WayRecovery, Left: 7, Total: 10, Made: s.ago(264 * day)}
}

func (s sampler) token() Method {
	return Method{ID: "t1", Way: WayToken, Name: "Grey token", Serial: "2308 1234567", Made: s.ago(30 * day), State: "resting",
		Until: s.in(time.Hour)}
}

func (s sampler) passkey() Method {
	return Method{ID: "w1", Way: WayPasskey, Name: "My phone", Synced: true, Verified: true, Made: s.ago(9 * day),
		Used: s.ago(day)}
}

// countries is the choice beside a number.
func countries(chosen string) Countries {
	return Countries{List: []Country{{"CN", "China +86"}, {"GB", "United Kingdom +44"},
		{"US", "United States +1"}}, Chosen: chosen}
}

func (s sampler) rules() PasswordRules { return PasswordRules{Min: 8, Max: 20, Mixed: true} }

func (s sampler) signing() []Sample {
	weChat := s.at("/sign-in")
	weChat.WeChat = true
	return []Sample{
		{"sign-up", &SignUp{Frame: s.at("/sign-up")}},
		{"sign-up-refused", &SignUp{Frame: s.refused(s.at("/sign-up"), Problem{Code: "email-malformed", Field: "email"}),
			Email: "seller@"}},
		{"sign-up-sent", &SignUpSent{Frame: s.at("/sign-up/sent"), Email: "seller@example.com",
			Resend: s.in(50 * time.Second)}},
		{"sign-up-confirm", &SignUpConfirm{Frame: s.at("/sign-up/confirm/x"), Link: "Zm9v", Email: "seller@example.com",
			Countries: countries("CN"), Rules: s.rules()}},
		{"sign-up-confirm-refused",
			&SignUpConfirm{Frame: s.refused(s.at("/sign-up/confirm/x"), Problem{Code: "phone-other-country", Field: "phone"},
				Problem{Code: "password-no-digit", Field: "password"}, Problem{Code: "terms-not-accepted", Field: "terms"}),
				Link: "Zm9v", Email: "seller@example.com", Name: "Seller", UserName: "店主🌸", Phone: "138",
				Countries: countries("CN"), Rules: s.rules()}},
		{"sign-up-confirm-known",
			&SignUpConfirm{Frame: s.refused(s.at("/sign-up/confirm/x"), Problem{Code: "signed-up"}), Known: true}},
		{"sign-up-confirm-used",
			&SignUpConfirm{Frame: s.refused(s.at("/sign-up/confirm/x"), Problem{Code: "link-used"})}},
		{"sign-in", &SignIn{Frame: s.at("/sign-in"), Key: s.prompt(false)}},
		{"sign-up-confirm-done", &SignUpConfirm{Frame: s.at("/sign-up/confirm/x"), Known: true, As: "小明的店"}},
		{"sign-in-signed-in", &SignIn{Frame: s.at("/sign-in"), Key: s.prompt(false), As: "小明的店", To: "/security"}},
		{"sign-in-refused",
			&SignIn{Frame: s.refused(s.at("/sign-in"), Problem{Code: "sign-in-refused", Field: "password"}),
				Identifier: "seller@example.com"}},
		{"sign-in-locked",
			&SignIn{Frame: s.refused(s.at("/sign-in"),
				Problem{Code: "sign-in-locked", Args: Args{"time": s.in(time.Hour)}}), Identifier: "seller@example.com",
				Locked: true}},
		{"sign-in-wechat", &SignIn{Frame: weChat}},
		{"sign-in-key", &SignInKey{Frame: s.at("/sign-in/key"), Step: "identifier"}},
		{"sign-in-key-touch", &SignInKey{Frame: s.signingIn("/sign-in/key"), Step: "key",
			Identifier: "seller@example.com", Key: s.prompt(true)}},
		{"sign-in-key-password", &SignInKey{Frame: s.signingIn("/sign-in/key"), Step: "password",
			Identifier: "seller@example.com", Ceremony: "sealed"}},
		{"sign-in-mail", &SignInMail{Frame: s.at("/sign-in/mail")}},
		{"sign-in-mail-code", &SignInMail{Frame: s.at("/sign-in/mail/code"),
			Identifier: "seller@example.com", Ceremony: "sealed"}},
		{"code-sign-in", &CodeSignIn{Frame: s.refused(s.signingIn("/sign-in/security-code"),
			Problem{Code: "security-code-wrong", Args: Args{"n": 3}, Field: "security-code"}), Hours: 72, Days: 7, Undo: 3}},
		{"trust", &TrustOffer{Frame: s.signedIn("/sign-in/trust"), Days: 30, Next: "/security"}},
		{"ticket", &Ticket{Frame: s.at("/help/ticket/7KQ4-M2XD"), Number: "7KQ4-M2XD", Days: 30}},
		{"forgot", &Forgot{Frame: s.at("/forgot")}},
		{"forgot-check",
			&ForgotCheck{Frame: s.refused(s.at("/forgot/check"), Problem{Code: "puzzle-wrong", Field: "signs"}),
				Identifier: "seller@example.com", Puzzle: "sealed", Picture: "/api/v1/puzzle/sealed",
				Work: `{"algorithm":"SHA-256"}`}},
		{"forgot-phone", &ForgotPhone{Frame: s.refused(s.at("/forgot/phone"), Problem{Code: "phone-reset-later",
			Args: Args{"time": s.in(time.Hour)}}), Phone: "138", Countries: countries("CN")}},
		{"forgot-phone-check", &ForgotCheck{Frame: s.at("/forgot/phone/check"), Phone: "138", Region: "CN",
			Puzzle: "sealed", Picture: "/api/v1/puzzle/sealed", Work: `{"algorithm":"SHA-256"}`}},
		{"forgot-phone-code", &ForgotPhoneCode{Frame: s.at("/forgot/phone/code"), Ceremony: "sealed", Number: "138",
			Label: "K7"}},
		{"forgot-name", &ForgotName{Frame: s.refused(s.at("/forgot/phone/name"), Problem{Code: "user-name-wrong",
			Field: "user-name", Args: Args{"n": 2}}), Ceremony: "sealed", UserName: "小店"}},
		{"forgot-sent-bare", &ForgotSent{Frame: s.at("/forgot/sent")}},
		{"forgot-choose", &ForgotPassword{Frame: s.at("/forgot/choose"), Ceremony: "sealed",
			UserName: "seller@example.com", Rules: s.rules(), Temporary: true}},
		{"forgot-sent", &ForgotSent{Frame: s.at("/forgot/sent"), Identifier: "seller@example.com", Ceremony: "sealed",
			Resend: s.in(time.Minute)}},
		{"forgot-password",
			&ForgotPassword{Frame: s.refused(s.at("/forgot/password/x"), Problem{Code: "password-too-common",
				Field: "password"}), Link: "x", UserName: "seller@example.com", Rules: s.rules()}},
	}
}

func (s sampler) help(with Way) Help {
	h := Help{Ceremony: "sealed", SentAt: s.ago(40 * time.Second), Label: "K7", Delivery: "accepted",
		Heard: s.ago(30 * time.Second), Resend: s.in(28 * time.Second), Texts: 4, CanSend: true, Open: true}
	if with == WaySMS || with == WayCall {
		h.To, h.CanCall = "+86 ••• •••• 8000", with != WayCall
		h.Others = []Method{s.blue(), s.spare(), s.app(), s.mail(), s.codes()}
	} else if with == WayEmail {
		h.To, h.Texts = "b•••@example.com", -1
		h.Others = []Method{s.blue(), s.spare(), s.app(), s.sms(), s.codes()}
	} else {
		h = Help{Ceremony: "sealed", Texts: -1, Others: []Method{s.app(), s.token(), s.sms(), s.mail(), s.codes()}}
	}
	return h
}

func (s sampler) verifying() []Sample {
	var all []Sample
	for _, with := range []Way{WayKey, WayPasskey, WayApp, WayTouch, WayToken, WaySMS, WayCall, WayEmail, WayRecovery} {
		v := &Verify{Frame: s.signingIn("/sign-in/verify?with=" + string(with)), Help: s.help(with),
			With: with, Sent: true}
		v.Ticket = "H4T-2209"
		if with == WayKey || with == WayPasskey {
			v.Key, v.Keys = s.prompt(true), []string{"Blue key", "Spare key"}
		}
		all = append(all, Sample{"verify-" + string(with), v})
	}
	wrong := &Verify{Frame: s.refused(s.signingIn("/sign-in/verify?with=sms"),
		Problem{Code: "code-wrong", Field: "code", Args: Args{"label": "K7", "n": 4}}), Help: s.help(WaySMS),
		With: WaySMS, Sent: true}
	down := &Verify{Frame: s.refused(s.signingIn("/sign-in/verify?with=app"), Problem{Code: "code-unavailable"}),
		Help: s.help(WayApp), With: WayApp}
	ask := &Verify{Frame: s.signingIn("/sign-in/verify?with=sms"), Help: s.help(WaySMS), With: WaySMS}
	confirm := &Verify{Frame: s.signedIn("/confirm?for=add-key"), Help: s.help(WayKey), With: WayKey, For: "add-key",
		Next: "/security/keys/new", Key: s.prompt(false), Keys: []string{"Blue key"}}
	confirmApp := &Verify{Frame: s.signedIn("/confirm?for=password&with=app"), Help: s.help(WayApp), With: WayApp,
		For: "password", Next: "/security/password"}
	all = append(all, Sample{"verify-wechat", &Verify{Frame: s.onWeChat("/sign-in/verify"), Help: s.help(WayKey),
		With: WayKey}})
	return append(all, Sample{"verify-wrong", wrong}, Sample{"verify-down", down}, Sample{"verify-ask", ask},
		Sample{"confirm-key", confirm}, Sample{"confirm-app", confirmApp},
		Sample{"sign-in-help", &SignInHelp{Frame: s.signingIn("/sign-in/help"), Help: s.help(WaySMS),
			With: WaySMS, ID: "p1"}})
}

func (s sampler) holders() []Holder {
	return []Holder{{Method: s.blue(), Holds: []Way{WayKey, WayApp, WayTouch}}, {Method: s.spare()}, {Method: s.app()},
		{Method: s.token()}, {Method: s.sms()}, {Method: s.mail()}, {Method: s.codes()}}
}

// proved is a key whose make its certificate has shown.
func (s sampler) proved() Method {
	m := s.blue()
	m.Make = Make{Proved: true, Maker: "ACME Keys", Level: "L2", Firmware: "5.7.1", Icon: "/security/keys/k1/picture"}
	return m
}

func (s sampler) losses() []Loss {
	blue := s.blue()
	spare := s.spare()
	app := s.app()
	sms := s.sms()
	codes := s.codes()
	return []Loss{
		{What: "key", Name: "Blue key", Goes: []Method{blue}, Left: []Method{spare, app, sms, codes}, Soon: "now"},
		{What: "phone", Goes: []Method{app, sms}, Left: []Method{blue, spare, codes}, Soon: "now"},
		{What: "pair", Both: []Thing{{What: "phone"}, {What: "key", Name: "Blue key"}},
			Goes: []Method{blue, app, sms}, Left: []Method{spare, codes},
			Soon: "later"},
		{What: "all", Soon: "documents"},
	}
}

func (s sampler) securing() []Sample {
	covered := &Security{Frame: s.signedIn("/security"), Two: true, Covered: true,
		Methods: s.holders(), Losses: s.losses(), Password: s.ago(300 * day), Email: "s•••@example.com",
		Phone: "+86 ••• •••• 8000", Browsers: 2, TrustUntil: s.in(13 * day), Sessions: 3,
		TrustOn: true, UserName: "店主🌸",
		Reminder: &Reminder{What: "few-codes", Path: "/security/codes", Args: Args{"n": 2}}}
	covered.Notice = &Notice{Key: "key-added", Args: Args{"name": "Spare key"}}
	covered.Signals = &Signals{RPID: "localhost", UserID: "dXNlcg", Accepted: []string{"AAEC"}}
	pending := &Security{Frame: s.signedIn("/security"), Two: true, NeedsBackup: true, Methods: s.holders()[:1],
		Sessions: 1, Email: "s•••@example.com",
		Pending: []Pending{{ID: "x1", What: "key-removed", Name: "Blue key", At: s.in(day)},
			{ID: "x2", What: "contact", Name: "Blue shop", At: s.in(day), Told: true},
			{ID: "x4", What: "hand-over-asked", Name: "Blue shop", At: s.in(day), Told: true},
			{ID: "x5", What: "hand-over", Name: "Blue shop", At: s.in(day), Told: true},
			{ID: "x3", What: "contact-asked", Name: "Mo", At: s.in(day), Told: true}}}
	coded := &Security{Frame: s.signedIn("/security"), Two: true, Methods: s.holders()[:1], Sessions: 1,
		Email: "s•••@example.com", Pending: []Pending{{ID: "x1", Code: true, At: s.in(3 * day)}}}
	closes := &Security{Frame: s.signedIn("/security"), Two: true, Covered: true, Methods: s.holders(), Sessions: 1,
		Closes: s.in(14 * day)}
	off := &Security{Frame: s.signedIn("/security"), Sessions: 1}
	kept := &Security{Frame: s.signedIn("/security"), Two: true, Covered: true, Methods: s.holders(),
		Temporary: s.ago(time.Hour), Sessions: 1, Email: "s•••@example.com"}
	asked := &Security{Frame: s.signedIn("/security"), Two: true, NeedsBackup: true, Methods: s.holders()[1:2],
		Sessions: 1, Email: "s•••@example.com", Asking: []Asking{{"Blue shop", s.in(7 * day)}}}
	must := s.signingIn("/security/start")
	must.SignedIn = true
	offers := []Offer{{Way: WayKey}, {Way: WayPasskey}, {Way: WayApp}, {Way: WayToken}, {Way: WaySMS}, {Way: WayEmail},
		{Way: WayRecovery}}
	backup := []Offer{{Way: WayKey}, {Way: WayApp, Refuse: "too-many"},
		{Way: WaySMS, Refuse: "have"}, {Way: WayEmail, Refuse: "policy"}}
	events := s.events()
	return []Sample{
		{"security", covered}, {"security-pending", pending}, {"security-code-pending", coded}, {"security-off", off},
		{"security-closes", closes}, {"security-temporary", kept}, {"security-key-asked", asked},
		{"start-key", &Start{Frame: must, Two: true, Have: []Method{s.app()}, Offer: offers[:1],
			Asking: []Asking{{"Blue shop", s.ago(day)}}}},
		{"start", &Start{Frame: must, Must: true, Offer: offers}},
		{"start-backup", &Start{Frame: must, Must: true, Two: true, Backup: true, Have: []Method{s.blue()},
			Offer: backup, CanSkip: true, Number: "+86 ••• •••• 8000"}},
		{"start-add", &Start{Frame: s.signedIn("/security/start"), Two: true, Have: []Method{s.blue(), s.app()},
			Offer: offers}},
		{"keys", &Keys{Frame: s.signedIn("/security/keys"), Keys: s.holders()[:2],
			Passkeys: []Holder{{Method: s.passkey()}}, CanAdd: true}},
		{"keys-none", &Keys{Frame: s.signedIn("/security/keys"), CanAdd: true}},
		{"key-new", &KeyNew{Frame: s.signedIn("/security/keys/new"), Number: 3, Key: s.prompt(false)}},
		{"key-new-first", &KeyNew{Frame: must, Number: 1, Key: s.prompt(false), Step: 2, First: true}},
		{"key-new-wechat", &KeyNew{Frame: s.onWeChat("/security/keys/new"), Number: 1}},
		{"passkey-new", &KeyNew{Frame: s.signedIn("/security/keys/new?kind=passkey"), Passkey: true, Number: 1,
			Browser: "Chrome on Windows", Key: s.prompt(false)}},
		{"key", &KeyView{Frame: s.signedIn("/security/keys/k1"), Holder: s.holders()[0],
			TypedName: "Blue key", TypedPlace: "on my key ring", Events: events[:2], CanType: []Way{WayTouch, WayYubico},
			Kept: []Method{{ID: "t2", Way: WayTouch, Made: s.ago(day)}}}},
		{"key-paused", &KeyView{Frame: s.signedIn("/security/keys/k1"), Holder: Holder{Method: s.paused()},
			TypedName: "Blue key", TypedPlace: "on my key ring", Events: events[:2], Counts: s.counts()}},
		{"key-recalled", &KeyView{Frame: s.signedIn("/security/keys/k1"), Holder: Holder{Method: s.recalled()},
			TypedName: "Blue key", TypedPlace: "on my key ring", Events: events[:2],
			Recall: &Recall{Status: "user-key-remote-compromise", Claimed: true, Due: s.ago(-30 * day)}}},
		{"key-unfreeze", &Unfreeze{Frame: s.signedIn("/security/keys/k1/unfreeze"), Method: s.paused(), Counts: s.counts()}},
		{"key-proved", &KeyView{Frame: s.signedIn("/security/keys/k1"), Holder: Holder{Method: s.proved()},
			TypedName: "Blue key", Events: events[:1]}},
		{"key-test", &KeyTest{Frame: s.signedIn("/security/keys/k2/test"), ID: "k2", Name: "Spare key",
			Key: s.prompt(false)}},
		{"key-which", &KeyTest{Frame: s.signedIn("/security/keys/which"), Key: s.prompt(false)}},
		{"key-found", &KeyTest{Frame: s.signedIn("/security/keys/which"), Found: ptr(s.blue())}},
		{"key-other", &KeyTest{Frame: s.signedIn("/security/keys/k2/test"), ID: "k2", Name: "Spare key",
			Found: ptr(s.blue())}},
		{"key-remove", &Remove{Frame: s.signedIn("/security/keys/k1/remove"), Method: s.blue(),
			Left: []Method{s.spare(), s.app(), s.codes()}}},
		{"key-lost", &Remove{Frame: s.signedIn("/security/keys/k1/lost"), Method: s.blue(), Lost: true,
			Left: []Method{s.spare()}}},
		{"key-remove-later", &Remove{Frame: s.signedIn("/security/keys/k1/remove"), Method: s.blue(), Delay: s.in(day),
			Left: []Method{s.spare()}}},
		{"remove-last", &Remove{Frame: s.signedIn("/security/app/a1/remove"), Method: s.app(), Last: true}},
	}
}

func ptr[T any](v T) *T { return &v }

func (s sampler) paused() Method {
	m := s.blue()
	m.State = "frozen"
	return m
}

func (s sampler) recalled() Method {
	m := s.blue()
	m.State, m.Until = "recalled", s.ago(-30*day)
	return m
}

func (s sampler) counts() *Counts {
	return &Counts{Had: 1204, HadAt: s.ago(time.Hour), Shown: 17, ShownAt: s.ago(time.Minute)}
}

func (s sampler) events() []Event {
	return []Event{
		{At: s.ago(time.Hour), What: "sign-in", Args: Args{"way": "key"}, Browser: "Chrome on Windows",
			Place: "Shanghai", ID: "9F2C"},
		{At: s.ago(2 * day), What: "key-added", Args: Args{"name": "Spare key"}, Browser: "Firefox on Linux",
			ID: "77A0"},
		{At: s.ago(3 * day), What: "second-step-refused", Args: Args{"way": "sms"}, Bad: true, Times: 12},
		{At: s.ago(4 * day), What: "something-new"},
	}
}

func (s sampler) methods() []Sample {
	app := AppNew{Ceremony: "sealed",
		URL:    "otpauth://totp/Latchkey:seller%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Latchkey",
		Secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Account: "seller@example.com", Keys: []Method{s.blue()}}
	app.Frame, app.Step = s.signedIn("/security/app/new"), 2
	wrong := app
	wrong.Frame = s.refused(s.signedIn("/security/app/new"), Problem{Code: "app-clock", Field: "code"})
	return []Sample{
		{"app-new", &app}, {"app-new-wrong", &wrong},
		{"touch-new", &TouchNew{Frame: s.signedIn("/security/keys/k1/touch-code/new"), Key: s.blue(), Ceremony: "sealed",
			URL:    "otpauth://hotp/Latchkey:s%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Latchkey&counter=0",
			Secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Hex: "3132333435363738393031323334353637383930"}},
		{"yubico-new", &YubicoNew{Frame: s.signedIn("/security/keys/k1/yubico-otp/new"), Key: s.blue(), Ceremony: "sealed",
			PublicID: "vvcbdefghijk", PrivateID: "8792ebfe26cc", Secret: "ecde18dbe76fbd0c33330f1c354871db"}},
		{"yubico-taken", &YubicoNew{Frame: s.signedIn("/security/keys/k1/yubico-otp/new"), Key: s.blue(), Ceremony: "sealed",
			PublicID: "dteffuje"}},
		{"yubico-own", &YubicoOwn{Frame: s.refused(s.signedIn("/security/keys/k1/yubico-otp/own"),
			Problem{Code: "key-values-malformed", Field: "secret-key"}), Key: s.blue(), PublicID: "dteffuje"}},
		{"token-new", &TokenNew{Frame: s.signedIn("/security/token/new")}},
		{"method-new", &MethodNew{Frame: s.signedIn("/security/token/new"), Way: WayToken, Ceremony: "sealed"}},
		{"phone-new", &PhoneNew{Frame: s.signedIn("/security/phone/new"), Via: WaySMS, Countries: countries("")}},
		{"phone-new-own", &PhoneNew{Frame: s.signedIn("/security/phone/new"), Via: WaySMS, Own: "+86 ••• •••• 8000"}},
		{"phone-new-landline",
			&PhoneNew{Frame: s.refused(s.signedIn("/security/phone/new"),
				Problem{Code: "phone-not-mobile", Field: "phone"}), Phone: "+86 10 5555 0100", Via: WaySMS,
				Countries: countries("CN")}},
		{"phone-new-backup",
			&PhoneNew{Frame: s.refused(s.signedIn("/security/phone/new"), Problem{Code: "backup-falls-with-it",
				Args: Args{"name": "Authenticator app"}}), Help: s.help(WaySMS), Phone: "+8613800138000", Via: WaySMS,
				Sent: true, Step: 3, Backup: true, Handset: true}},
		{"phone-new-code", &PhoneNew{Frame: s.signedIn("/security/phone/new"), Help: s.help(WaySMS),
			Phone: "+8613800138000", Via: WaySMS, Sent: true}},
		{"email-new", &EmailNew{Frame: s.signedIn("/security/email/new")}},
		{"email-new-code", &EmailNew{Frame: s.signedIn("/security/email/new"), Help: s.help(WayEmail),
			Email: "backup@example.com", Sent: true}},
		{"yubiotp-paused", &MethodView{Frame: s.signedIn("/security/yubiotp/y1"), Counts: s.counts(),
			Method: Method{ID: "y1", Way: WayYubico, Name: "Blue key", State: "frozen", Made: s.ago(20 * day)}}},
		{"app", &MethodView{Frame: s.signedIn("/security/app/a1"), Method: s.app(), Events: s.events()[:1]}},
		{"token", &MethodView{Frame: s.signedIn("/security/token/t1"), Method: s.token()}},
		{"phone", &MethodView{Frame: s.signedIn("/security/phone/p1"), Method: s.sms(), Last: true}},
		{"email", &MethodView{Frame: s.signedIn("/security/email/e1"), Method: s.mail()}},
		{"codes", &Codes{Frame: s.signedIn("/security/codes")}},
		{"codes-replace", &Codes{Frame: s.signedIn("/security/codes"), Left: 2, Total: 10, Made: s.ago(200 * day)}},
		{"codes-shown", &CodesShown{Frame: s.signedIn("/security/codes"), Codes: []string{"7KQ4-M2XD", "R9TB-04WH",
			"C3NV-8YJP", "5DZM-KX71", "G0HA-T6QE", "W8PF-3RNC", "2XJK-VB9D", "N4ME-71GS", "HT6Q-Z5KA", "Y1CW-D8RP"},
			Account: "s•••@example.com", Made: s.now, Replaced: true, Sealed: "sealed", Step: 3}},
		{"password", &Password{Frame: s.signedIn("/security/password"), By: "current", UserName: "seller@example.com",
			Ways: []string{"email", "question", "security-code"}, Changed: s.ago(300 * day), Rules: s.rules()}},
		{"password-by-email", &Password{Frame: s.signedIn("/security/password?by=email"), By: "email",
			Email: "s•••@example.com", Ways: []string{"current"}}},
		{"password-by-question", &Password{Frame: s.signedIn("/security/password?by=question"), By: "question",
			Question: "老师叫什么？", Ways: []string{"current", "email"}, Rules: s.rules()}},
		{"password-by-code", &Password{Frame: s.refused(s.signedIn("/security/password?by=security-code"),
			Problem{Code: "security-code-wrong", Args: Args{"n": 3}, Field: "security-code"}), By: "security-code",
			Ways: []string{"current", "email"}, Rules: s.rules()}},
		{"question", &Question{Frame: s.signedIn("/security/question")}},
		{"question-set", &Question{Frame: s.refused(s.signedIn("/security/question"), Problem{Code: "answer-too-plain",
			Field: "answer"}), Now: "老师叫什么？", Set: s.ago(9 * day), Typed: "Where?"}},
		{"question-remove", &QuestionRemove{Frame: s.signedIn("/security/question/remove")}},
		{"security-code", &SecurityCode{Frame: s.signedIn("/security/security-code"),
			Code: CodeState{State: "not-set"}}},
		{"security-code-set", &SecurityCode{Frame: s.signedIn("/security/security-code"), Hours: 72,
			Code: CodeState{State: "set", Set: s.ago(9 * day)}}},
		{"security-code-used", &SecurityCode{Frame: s.signedIn("/security/security-code"), Hours: 72,
			Code: CodeState{State: "used", Set: s.ago(9 * day), Used: s.ago(day)}}},
		{"security-code-retired", &SecurityCode{Frame: s.signedIn("/security/security-code"),
			Code: CodeState{State: "retired", Set: s.ago(9 * day), Retired: s.ago(day)}}},
		{"security-code-shown", &SecurityCodeShown{Frame: s.signedIn("/security/security-code?made=now"),
			Secret: "7KQ4M-2XDR9-TB04W-HC3NV", Account: "s•••@example.com", Made: s.now}},
		{"contacts", &Contacts{Frame: s.signedIn("/security/contact"), EmailNow: "s•••@example.com",
			PhoneNow: "+86 ••• •••• 8000", PhoneProved: true}},
		{"contacts-first", &Contacts{Frame: s.signedIn("/security/contact?for=password"), EmailNow: "s•••@example.com",
			ForPassword: true, Countries: countries("CN")}},
		{"contacts-claimed", &Contacts{Frame: s.signedIn("/security/contact"), EmailNow: "s•••@example.com",
			PhoneNow: "+86 ••• •••• 8000", Countries: countries("CN")}},
		{"contacts-refused",
			&Contacts{Frame: s.refused(s.signedIn("/security/contact"),
				Problem{Code: "phone-no-country", Field: "phone"}), EmailNow: "s•••@example.com",
				Phone: "13800138000", Countries: countries("")}},
		{"user-name", &UserName{Frame: s.signedIn("/security/name"), Now: "小明的店 🧧"}},
		{"user-name-refused", &UserName{Frame: s.refused(s.signedIn("/security/name"),
			Problem{Code: "user-name-is-password", Field: "user-name"}), Now: "小明的店 🧧", Typed: "Marmot-Shop7"}},
		{"approved", &Approved{Frame: s.signedIn("/approve?text=x"), Text: "¥ 12,000.00 to account •••• 8000",
			Until: s.now}},
		{"phone-remove", &PhoneRemove{Frame: s.signedIn("/security/contact/phone/remove"), PhoneNow: "+86 ••• •••• 8000"}},
		{"email-confirm", &EmailConfirm{Frame: s.at("/security/contact/email/x"), Link: "x"}},
		{"email-confirm-used",
			&EmailConfirm{Frame: s.refused(s.at("/security/contact/email/x"), Problem{Code: "link-used"})}},
		{"sessions", &Sessions{Frame: s.signedIn("/security/sessions"),
			Sessions: []Session{{ID: "s1", Browser: "Chrome on Windows", Place: "Shanghai", Since: s.ago(day),
				Used: s.now, Way: WayKey, Kept: true, Current: true},
				{ID: "s2", Since: s.ago(9 * day), Used: s.ago(8 * day), Way: WaySMS}}}},
		{"browsers", &Browsers{Frame: s.signedIn("/security/browsers"),
			Browsers: []Browser{{ID: "b1", Browser: "Chrome on Windows", Since: s.ago(day), Used: s.now,
				Until: s.in(29 * day), Current: true}}, Days: 30}},
		{"browsers-none", &Browsers{Frame: s.signedIn("/security/browsers"), Days: 30}},
		{"close", &CloseAccount{Frame: s.refused(s.signedIn("/security/close"),
			Problem{Code: "closing-not-understood", Field: "understood"}), Days: 14}},
		{"close-barred", &CloseAccount{Frame: s.signedIn("/security/close"), Days: 14, Barred: "closing-cooling",
			Until: s.in(day)}},
		{"close-waits", &CloseAccount{Frame: s.signedIn("/security/close"), Days: 14, Due: s.in(14 * day), PutOff: true}},
		{"keys-only", &KeysOnly{Frame: s.refused(s.signedIn("/security/keys-only"),
			Problem{Code: "keys-only-not-understood", Field: "understood"}), Keys: 2, Wanted: 2, Hours: 24}},
		{"keys-only-few", &KeysOnly{Frame: s.signedIn("/security/keys-only"), Keys: 1, Wanted: 2,
			From: s.in(day), Hours: 24}},
		{"keys-only-on", &KeysOnly{Frame: s.signedIn("/security/keys-only"), Keys: 1, Wanted: 2,
			Since: s.ago(day), Hours: 24}},
		{"keys-only-off", &KeysOnly{Frame: s.signedIn("/security/keys-only/off"), Keys: 2, Wanted: 2, Since: s.ago(day),
			Hours: 24, Off: true}},
		{"keys-only-waits", &KeysOnly{Frame: s.signedIn("/security/keys-only"), Keys: 2, Wanted: 2, Since: s.ago(day),
			Due: s.in(day), Change: "c1", Hours: 24}},
		{"data", &OwnData{Frame: s.signedIn("/security/data")}},
		{"history-of-one", &History{Frame: s.signedIn("/security/history?about=k1"), About: "k1", Older: "77A0",
			Methods: []Method{{ID: "k1", Way: WayKey, Name: "Blue key"}}, Shops: []ShopLine{{ID: "s1",
				Name: "Blue shop"}}}},
		{"history", &History{Frame: s.signedIn("/security/history"), Events: s.events(), Older: "77A0", NotMes: 2}},
	}
}

func (s sampler) others() []Sample {
	ticket := s.at("/help/contact")
	ticket.Ticket = "H4T-2209"
	dev := s.at("/dev/messages")
	dev.Banner = "fresh-local"
	tests := s.at("/dev/messages")
	tests.Banner = "fresh-lab"
	return []Sample{
		{"undo", &Undo{Frame: s.at("/undo/x"), Link: "x", What: "key-added", Name: "Spare key", At: s.ago(time.Hour),
			Until: s.in(3 * day)}},
		{"undo-pause", &Undo{Frame: s.at("/undo/x"), Link: "x", What: "key-added", Name: "Spare key", At: s.ago(time.Hour),
			Until: s.in(71 * time.Hour), Pause: true}},
		{"undo-ends", &Undo{Frame: s.at("/undo/x"), Link: "x", What: "new-browser", At: s.ago(time.Hour),
			Until: s.in(71 * time.Hour), Ends: true}},
		{"undo-ahead", &Undo{Frame: s.at("/undo/x"), Link: "x", What: "key-removed", Name: "Blue key",
			At: s.ago(time.Hour), Until: s.in(day), Ahead: true}},
		{"undo-code", &Undo{Frame: s.at("/undo/x"), Link: "x", At: s.ago(time.Hour), Until: s.in(3 * day), Ahead: true,
			Code: true}},
		{"undo-keys-only", &Undo{Frame: s.at("/undo/x"), Link: "x", At: s.ago(time.Hour), Until: s.in(day), Ahead: true,
			KeysOnly: true}},
		{"undo-closing", &Undo{Frame: s.at("/undo/x"), Link: "x", At: s.ago(time.Hour), Until: s.in(14 * day), Ahead: true,
			Closes: true}},
		{"undo-contact", &Undo{Frame: s.at("/undo/x"), Link: "x", What: "contact", Name: "Blue shop", At: s.ago(time.Hour),
			Until: s.in(day), Ahead: true, Contact: true}},
		{"undo-hand-over", &Undo{Frame: s.at("/undo/x"), Link: "x", What: "hand-over", Name: "Blue shop", At: s.ago(time.Hour),
			Until: s.in(day), Ahead: true, Hands: true}},
		{"not-me", &NotMe{Frame: s.at("/undo/x"), NotMeCase: s.notMe()}},
		{"not-me-own", &NotMes{Frame: s.signedIn("/security/not-me"), Cases: []NotMeCase{s.notMe(), s.closedNotMe()}}},
		{"not-me-own-none", &NotMes{Frame: s.signedIn("/security/not-me")}},
		{"not-me-closed", &NotMe{Frame: s.at("/undo/x"), NotMeCase: s.closedNotMe()}},
		{"undo-late", &Undo{Frame: s.refused(s.at("/undo/x"), Problem{Code: "link-used"})}},
		{"check", &Check{Frame: s.at("/help/check"), Cookies: true, Tried: true, Browser: "Chrome on Windows",
			Version: 142}},
		{"check-old", &Check{Frame: s.old("/help/check"), Tried: true, Browser: "Chrome on Android", Version: 79,
			Dated: true, InApp: true}},
		{"contact", &Contact{Frame: ticket, Email: "support@example.com",
			Phone: "+86 10 5555 0100"}},
		{"contact-none", &Contact{Frame: s.at("/help/contact")}},
		{"help-bought", &BoughtHelp{Frame: s.at("/help/bought"), Cases: true}},
		{"help-bought-no-cases", &BoughtHelp{Frame: s.at("/help/bought")}},
		{"recovery-bought", &RecoveryAsk{Frame: s.refused(s.at("/recovery/bought"), Problem{Code: "name-missing",
			Field: "name"}), Takes: true, Email: "mei@example.org", Puzzle: "x", Work: "{}"}},
		{"help-pictures", &PictureHelp{Frame: s.at("/help/pictures")}},
		{"dev-messages",
			&DevMessages{Frame: dev,
				Messages: []DevMessage{{At: s.ago(time.Minute), Channel: "email", To: "seller@example.com",
					Subject: "Open your account",
					Text:    "Hello,\n\nOpen my account:\nhttp://localhost:8080/sign-up/confirm/x",
					Links:   []string{"http://localhost:8080/sign-up/confirm/x"}},
					{At: s.ago(2 * time.Minute), Channel: "sms", To: "+8613800138000",
						Text: "482913 is your code to sign in (K7)"}}}},
		{"dev-messages-none", &DevMessages{Frame: dev}},
		{"dev-messages-lab", &DevMessages{Frame: tests}},
		{"code-waits", &Message{Frame: s.at("/done/code-waits"), Key: "code-waits"}},
		{"signed-out", &Message{Frame: s.at("/sign-in/done"), Key: "signed-out"}},
		{"failure", &Failure{Frame: s.refused(ticket, Problem{Code: "internal"})}},
		{"not-found", &Failure{Frame: s.refused(s.at("/nowhere"), Problem{Code: "not-found"}),
			Retry: "/sign-in"}},
		{"no-cookie", &NoCookie{Frame: s.at("/sign-in"), Retry: "/sign-in"}},
	}
}

// notMe is a case of "this was not me".
func (s sampler) notMe() NotMeCase {
	v := NotMeCase{ID: "n1", Number: "7Kq4M2xV", At: s.ago(time.Hour), More: 3}
	for i, became := range []string{"stopped", "reverted", "paused", "ended"} {
		v.Lines = append(v.Lines, NotMeLine{What: []string{"removal-asked", "phone-added", "key-added",
			"new-browser"}[i],
			Name: []string{"", "My phone", "Blue key", ""}[i], At: s.ago(day), Said: s.ago(time.Hour), Became: became,
			Browser: []string{"", "Chrome · Windows"}[i%2], Place: []string{"", "192.0.2.7"}[i%2]})
	}
	return v
}

func (s sampler) closedNotMe() NotMeCase {
	v := s.notMe()
	v.ID, v.Number = "n2", "B4Xz9QpL"
	v.Closed, v.Outcome = s.ago(time.Minute), "goes-on"
	v.Lines, v.More = v.Lines[3:], 0
	return v
}
