package assets

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
		{"desk-stock-empty", &DeskStock{Frame: at("/desk/tokens/stock", true), Few: 10, Years: 5}},
	}
}
