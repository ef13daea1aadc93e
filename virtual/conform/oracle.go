package conform

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// An Oracle tells from a refusal why the relying party refused. A refusal proves a check only if it is made for the
// fault's reason: a server that stumbles over something else, or refuses everything, has proved nothing.
//
// A stable code, when the party has one that the oracle knows, decides alone. Otherwise the first pattern that
// matches the text decides.
type Oracle struct {
	Codes map[string][]fault.Reason
	Texts []TextRule // in the order of their trial
}

// A TextRule reads reasons out of a message.
type TextRule struct {
	Match   *regexp.Regexp
	Reasons []fault.Reason
}

// Reasons lists what a refusal may be about, and by which rule; nothing when the oracle cannot tell. A nil Oracle
// never can.
func (o *Oracle) Reasons(a *fault.Answer) (reasons []fault.Reason, rule string) {
	if o == nil || a == nil {
		return nil, ""
	}
	if reasons, known := o.code(a); known {
		return reasons, fmt.Sprintf("code %q", a.Code)
	}
	for _, t := range o.Texts {
		if t.Match.MatchString(a.Text) {
			return t.Reasons, fmt.Sprintf("text matching %q", t.Match)
		}
	}
	return nil, ""
}

// code is what a code means, where it is known.
func (o *Oracle) code(a *fault.Answer) (reasons []fault.Reason, known bool) {
	if o == nil || a.Code == "" {
		return nil, false
	}
	reasons, known = o.Codes[a.Code]
	return reasons, known
}

// Reasons lists every reason there is, in the order of package fault.
func Reasons() []fault.Reason {
	return []fault.Reason{
		fault.Malformed, fault.Duplicate, fault.WrongType, fault.WrongChallenge, fault.WrongOrigin, fault.WrongRPID,
		fault.NoTouch, fault.NotVerified, fault.BackupFlags, fault.BadAlgorithm, fault.BadKey, fault.BadAttestation,
		fault.Untrusted, fault.BadSignature, fault.NoCredential, fault.WrongHandle, fault.Registered, fault.CounterBack,
		fault.Spent, fault.Expired, fault.WrongSession, fault.Disabled,
	}
}

// Features lists every feature there is, in the order of package fault.
func Features() []fault.Feature {
	return []fault.Feature{
		fault.Discoverable, fault.Verification, fault.SecondVisit, fault.SecondKey, fault.Expiry, fault.Removal,
		fault.Disabling, fault.Attestation, fault.Trust, fault.UniqueIDs, fault.SignCounter, fault.Framing,
		fault.OneCeremony,
		fault.OffersRS256, fault.OffersEdDSA, fault.OffersES384, fault.OffersES512,
		fault.FormatU2F, fault.FormatTPM, fault.FormatAndroidKey, fault.FormatApple, fault.FormatCompound,
		fault.BareID, fault.SharedUser,
	}
}

// ReasonOracle is for a party whose codes are the reasons themselves, as those of package party.
func ReasonOracle() *Oracle {
	o := &Oracle{Codes: map[string][]fault.Reason{}}
	for _, r := range Reasons() {
		o.Codes[string(r)] = []fault.Reason{r}
	}
	return o
}

// WordOracle reads the words that servers commonly use, for those that nobody wrote a table for. It is careful: a
// message with two subjects is read as the one that stands first here.
func WordOracle() *Oracle {
	return &Oracle{Texts: slices.Concat(wordsOfCeremonies(), wordsOfStatements())}
}

// rule reads reasons out of a message, whatever its case.
func rule(match string, reasons ...fault.Reason) TextRule {
	return TextRule{Match: regexp.MustCompile(`(?i)` + match), Reasons: reasons}
}

func wordsOfCeremonies() []TextRule {
	return []TextRule{
		// What is wrong with the form is said beside the name of what has it, so it goes first.
		rule(`already registered|already exists|duplicate credential|has registered`, fault.Registered),
		rule(`\btwice\b|duplicate|more than once|repeated (member|key|field)`,
			fault.Duplicate, fault.Malformed, fault.BadKey),
		rule(`(json|cbor|parse|pars|decod|unmarshal)\w* .*\bkey\b|\bkey\b.* not (a |valid )?(cbor|map)`,
			fault.BadKey, fault.Malformed),
		rule(`\b(AT|ED)\b (flag|bit)|(flag|bit) (AT|ED)\b|attested (credential )?data|extension data|`+
			`map of extensions|extensions without`,
			fault.Malformed),
		rule(`rp[ _-]?id|relying party id`, fault.WrongRPID),
		rule(`user[ _-]?handle`, fault.WrongHandle, fault.Malformed),
		rule(`backed up|backup|(?-i:\bB[ES]\b)`, fault.BackupFlags),
		rule(`(?-i:\bUP\b)|not present|user present|presence`, fault.NoTouch),
		rule(`(?-i:\bUV\b)|not (be )?verified during|user verification|verification (is|was) required`,
			fault.NotVerified),
		rule(`key'?s? ?origin|km_origin|origin of the key`, fault.BadAttestation),
		rule(`origin`, fault.WrongOrigin),
		rule(`expired|too (late|old)|timed? ?out|not valid (before|after)|not yet valid`,
			fault.Expired, fault.Untrusted),
		rule(`already (been )?(used|answered|consumed)|has had its answer|replay|`+
			`no (pending|open) (ceremony|challenge)`,
			fault.Spent, fault.WrongChallenge, fault.CounterBack),
		rule(`attestation ?challenge`, fault.BadAttestation),
		rule(`challenge`, fault.WrongChallenge, fault.Spent, fault.Expired, fault.WrongSession),
		rule(`session`, fault.WrongSession, fault.Spent, fault.Expired),
		rule(`counter|sign count`, fault.CounterBack),
		rule(`disabled|locked|suspended`, fault.Disabled),
	}
}

// wordsOfStatements are of keys and statements, and behind them of what is said where nothing else is.
func wordsOfStatements() []TextRule {
	return []TextRule{
		rule(`trust|\bchains?\b|root certificate|unknown authority|metadata|revoked|no certificates`,
			fault.Untrusted, fault.BadAttestation),
		rule(`\b(pub ?area|cert ?info|magic|extra ?data|nonce|ver|tpm|aik|compound|part \d+|format|fmt|subject|`+
			`purpose|all ?applications|key ?description)\b`,
			fault.BadAttestation, fault.Malformed),
		rule(`attestation (object|response)`, fault.Malformed, fault.Duplicate, fault.BadAttestation),
		rule(`attestation|attstmt|statement|x5c|certificate|aaguid|basic constraints`,
			fault.BadAttestation, fault.Malformed, fault.Untrusted),
		rule(`\bsig(nature)?\b.* (missing|base64|not an?) ?`,
			fault.Malformed, fault.BadSignature, fault.BadAttestation),
		rule(`\bsig(nature)?\b`, fault.BadSignature, fault.BadAttestation),
		rule(`(unknown|unregistered|no such|another user'?s?|deleted|unrecognized|not allowed) ?credential|`+
			`credential (is |was )?(not (found|known|one of)|deleted|another|unknown)|not registered|`+
			`not allowed`,
			fault.NoCredential),
		rule(`\balg(orithm)?\b`, fault.BadAlgorithm, fault.BadKey, fault.BadAttestation),
		rule(`public key|\bcose\b|\bkty\b|\bcrv\b|curve|coordinate|\brsa\b|modulus|exponent|\bed25519\b|`+
			`p-?(256|384|521)\b|the key has|\bpoint\b`,
			fault.BadKey, fault.BadAlgorithm, fault.BadAttestation),
		rule(`client ?data type|\btype\b`, fault.WrongType, fault.Malformed),
		rule(`\b(raw ?)?ids? (and \w+ )?(differ|mismatch|do(es)? not match)|credential id|\bid\b.*not`,
			fault.Malformed, fault.NoCredential),
		rule(`json|base64|cbor|pars(e|ing)|decod|malformed|missing|truncat|left ?over|extraneous|trailing|`+
			`stands behind|not enough|out of range|not an? (object|byte string|string|map)`,
			fault.Malformed, fault.Duplicate),
		rule(`(invalid|wrong) (input|format|length)|\b(\d+ )?bytes?\b|cut off|too (long|short)`,
			fault.Malformed, fault.Duplicate),
		rule(`\bunknown\b|differs?\b|mismatch|does not match`, fault.NoCredential, fault.Malformed),
	}
}
