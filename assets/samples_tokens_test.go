package assets

import "time"

// tokenPages are the desk's pages of hardware tokens.
func (s sampler) tokenPages() []Sample {
	at := s.atDesk
	token := DeskToken{Key: "k1", Maker: "ACME", Serial: "1001", Model: "Card 3", Kind: "hotp", Digits: 6, Box: "box 7",
		Note: "scratched", State: "stock", Owner: "acct-wei", Taken: s.ago(30 * day), Moved: s.ago(day),
		Until: s.in(900 * day)}
	owned, lost := token, token
	owned.State = "assigned"
	lost.State, lost.Owner = "lost", ""
	return []Sample{
		{"desk-tokens", &DeskTokens{Frame: at("/desk/tokens", true), MayCount: true, MayImport: true}},
		{"desk-tokens-several", &DeskTokens{Frame: at("/desk/tokens", true), Typed: "1001", Found: []DeskToken{token,
			{Key: "k2", Maker: "Other", Serial: "1001", Kind: "totp", Digits: 8, Period: 60, State: "lost"}}}},
		{"desk-token", &DeskTokenPage{Frame: at("/desk/tokens/k1", true), DeskToken: token, TypedNote: token.Note,
			MayGive: true, MayLose: true, MayRetire: true}},
		{"desk-token-owned", &DeskTokenPage{Frame: at("/desk/tokens/k1", true), DeskToken: owned, SeesAccounts: true}},
		{"desk-token-lost", &DeskTokenPage{Frame: at("/desk/tokens/k1", true), DeskToken: lost, MayRegain: true}},
		{"desk-stock", &DeskStock{Frame: at("/desk/tokens/stock", true), Few: 10, Years: 5,
			All: []DeskCount{{"stock", 812}, {"assigned", 120}, {"returned", 3}, {"lost", 4}, {"retired", 1}},
			Low: []DeskGroup{{"box 7", []DeskCount{{"stock", 4}, {"assigned", 8}}}}, Models: []DeskGroup{
				{"ACME Card 3", []DeskCount{{"stock", 800}, {"assigned", 100}}}, {"", []DeskCount{{"stock", 40}}}}}},
		{"desk-import", &DeskImport{Frame: at("/desk/tokens/import", true), MegaBytes: 4, Most: 20000}},
		{"desk-import-checked", &DeskImport{Frame: at("/desk/tokens/import", true), MegaBytes: 4, Most: 20000,
			Box: "box 8", Maker: "ACME", Secrets: "hex", Done: &DeskImported{Dry: true, New: 498, Here: 1, Not: 103,
				Faults: []DeskFault{{3, "1003", "secret"}, {7, "", "no-serial"}}}}},
		{"desk-import-done", &DeskImport{Frame: at("/desk/tokens/import", true), MegaBytes: 4, Most: 20000,
			Done: &DeskImported{New: 500}}},
		{"desk-import-broken", &DeskImport{Frame: at("/desk/tokens/import", true), MegaBytes: 4, Most: 20000,
			Done: &DeskImported{Broken: "broken", BrokenLine: 12, New: 3}}},
		{"desk-recalls", &DeskRecalls{Frame: at("/desk/recalls", true), MayPush: true, Models: []DeskRecall{
			{ID: "b1", Name: "Blue key 5", Status: "user-key-remote-compromise", Since: s.ago(9 * day),
				Due: s.in(21 * day), Keys: 812, Accounts: 790, Counted: s.ago(time.Hour), Gone: 120, Left: 692,
				Claimed: 30, Replaced: 200, Waiting: 480},
			{ID: "b2", Name: "Red key", Status: "revoked", Since: s.ago(day), Due: s.in(29 * day), Keys: 3,
				Accounts: 3, Counted: s.ago(time.Hour), Left: 3, Waiting: 3, Pushed: s.ago(time.Hour),
				Rests: s.in(6 * day)},
			{ID: "b3", Name: "b3", Status: "revoked", Since: s.ago(time.Minute), Due: s.in(30 * day),
				Keys: 1, Accounts: 1}}}},
		{"desk-recalls-none", &DeskRecalls{Frame: at("/desk/recalls", true)}},
		{"desk-recall-push", &DeskAsk{Frame: at("/desk/recalls/b1/push", true), What: "desk-ask.push",
			Action: "/desk/recalls/b1/push", Back: "/desk/recalls"}},
		{"desk-stock-empty", &DeskStock{Frame: at("/desk/tokens/stock", true), Few: 10, Years: 5}},
	}
}
