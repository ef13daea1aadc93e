package inventory

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func at() time.Time { return time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC) }

// readAll reads a text as a file.
func readAll(text string, o Options) (items []*Item, faults []*Fault, err error) {
	if o.Now.IsZero() {
		o.Now = at()
	}
	if o.Maker == "" {
		o.Maker = "ACME"
	}
	for t, e := range Read(strings.NewReader(text), o) {
		if f, ok := errors.AsType[*Fault](e); ok {
			faults = append(faults, f)
		} else if e != nil {
			err = e
		} else {
			items = append(items, t)
		}
	}
	return items, faults, err
}

func unhex(s string) []byte {
	raw, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return raw
}

// The secret of all published files (RFC 6030 §4), and the key of figure 6.
const publishedSecret = "12345678901234567890"

func figure6Key() []byte { return unhex("12345678901234567890123456789012") }

// The figures of RFC 6030: what is taken of each, and what is not.
func TestPublishedContainers(t *testing.T) {
	taken := func(maker, serial string, digits int) *Item {
		return &Item{Maker: maker, Serial: serial, Kind: HOTP, Hash: "SHA1", Digits: digits,
			Secret: []byte(publishedSecret)}
	}
	figures := map[int]*Item{2: nil, 3: taken("Manufacturer", "987654321", 8), 4: nil,
		5: taken("Manufacturer", "987654321", 8), 6: taken("Manufacturer", "987654321", 8),
		9: taken("TokenVendorAcme", "0755225266", 6)}
	for n, want := range figures {
		for _, text := range []string{figure(t, n), figureValues(n)} {
			items, faults, err := readAll(text, Options{Keys: Keys{Shared: figure6Key()}})
			switch {
			case err != nil || len(items)+len(faults) != 1:
				t.Errorf("figure %d: got %v and %v (%v), want one token", n, items, faults, err)
			case want == nil && len(faults) != 1:
				t.Errorf("figure %d: got %v taken, want it refused", n, items)
			case want != nil && (len(items) != 1 || !same(items[0], want)):
				t.Errorf("figure %d: got %+v and %v, want %v", n, items, faults, want)
			}
		}
	}
}

// same compares all but the line.
func same(a, b *Item) bool {
	return a.Maker == b.Maker && a.Serial == b.Serial && a.Model == b.Model && a.Kind == b.Kind && a.Hash == b.Hash &&
		a.Digits == b.Digits && a.Counter == b.Counter && a.Period == b.Period && a.Drift == b.Drift &&
		a.Until.Equal(b.Until) && string(a.Secret) == string(b.Secret)
}

// Whatever byte of an encrypted secret, of its proof or of the key of the proofs is another, nothing of it is believed.
func TestADamagedContainerGivesNoToken(t *testing.T) {
	text, keys := figure(t, 6), Keys{Shared: figure6Key()}
	for _, value := range []string{"ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX",
		"AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv", "Su+NvtQfmvfJzF6bmQiJqoLRExc="} {
		if !strings.Contains(text, value) {
			t.Fatalf("figure 6 has no %s", value)
		}
		for i := range len(value) - 2 {
			other := byte('A')
			if value[i] == other {
				other = 'B'
			}
			items, _, _ := readAll(strings.Replace(text, value, value[:i]+string(other)+value[i+1:], 1),
				Options{Keys: keys})
			if len(items) > 0 {
				t.Errorf("%s, sign %d another: got %s taken", value, i, items[0])
			}
		}
	}
}

// sampleContainer is a file of one token, with parts replaced.
func sampleContainer(parts ...string) string {
	return strings.NewReplacer(parts...).Replace(`<?xml version="1.0"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
<KeyPackage><DeviceInfo><Manufacturer>oath.ACME</Manufacturer><SerialNo>S-1</SerialNo><Model>M</Model></DeviceInfo>
<Key Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp">
<AlgorithmParameters><Suite>HMAC-SHA256</Suite><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
<Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
<TimeInterval><PlainValue>60</PlainValue></TimeInterval><TimeDrift><PlainValue>-4</PlainValue></TimeDrift></Data>
<Policy><ExpiryDate>2031-01-02T00:00:00Z</ExpiryDate><KeyUsage>OTP</KeyUsage></Policy>
</Key></KeyPackage></KeyContainer>`)
}

// What a container says of a token, and each way in which it may not be taken.
func TestAContainer(t *testing.T) {
	want := &Item{Maker: "ACME", Serial: "S-1", Model: "M", Kind: TOTP, Hash: "SHA256", Digits: 8,
		Period: time.Minute, Drift: -4,
		Secret: []byte(publishedSecret), Until: time.Date(2031, 1, 2, 0, 0, 0, 0, time.UTC)}
	items, faults, err := readAll(sampleContainer(), Options{})
	if err != nil || len(items) != 1 || !same(items[0], want) {
		t.Fatalf("got %v, %v (%v), want %v", items, faults, err, want)
	}
	secret := "<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>"
	for name, c := range map[string]struct {
		old, new string
		why      error
	}{
		"no serial number":     {"S-1", "", ErrNoSerial},
		"a long serial number": {"S-1", strings.Repeat("1", 65), ErrSerial},
		"a serial of signs":    {"S-1", "S\u202e1", ErrSerial},
		"two serial numbers":   {"<Model>", "<SerialNo>S-2</SerialNo><Model>", ErrTwice},
		"two models":           {"<Model>", "<Model>N</Model><Model>", ErrTwice},
		"another algorithm":    {"pskc:totp", "pskc:ocra", ErrKind},
		"another hash":         {"HMAC-SHA256", "MD5", ErrHash},
		"two hashes":           {"<Suite>", "<Suite>SHA1</Suite><Suite>", ErrTwice},
		"five digits":          {`Length="8"`, `Length="5"`, ErrDigits},
		"nine digits":          {`Length="8"`, `Length="9"`, ErrDigits},
		"hexadecimal codes":    {"DECIMAL", "HEXADECIMAL", ErrDigits},
		"a check digit":        {`Encoding=`, `CheckDigits="true" Encoding=`, ErrDigits},
		"a challenge":          {"<ResponseFormat", `<ChallengeFormat Encoding="DECIMAL" Min="6" Max="6"/><ResponseFormat`, ErrChallenge},
		"a period of 45 s":     {">60<", ">45<", ErrPeriod},
		"no number":            {">60<", ">sixty<", ErrPeriod},
		"a wild drift":         {">-4<", ">-4000<", ErrDrift},
		"no secret":            {secret, "", ErrNoSecret},
		"an empty secret":      {"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "", ErrNoSecret},
		"a short secret":       {"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "MTIzNDU2Nzg5MDEyMzQ1", ErrSecret},
		"no base64":            {"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "MTIz!", ErrEncoding},
		"two secrets":          {secret, secret + secret, ErrTwice},
		"two values": {"</PlainValue></Secret>", "</PlainValue><PlainValue>MTIz</PlainValue></Secret>",
			ErrTwice},
		"two times the data": {"<Data>", "<Data></Data><Data>", ErrTwice},
		"two keys":           {"<Key Id", `<Key Id="0" Algorithm="x"/><Key Id`, ErrTwice},
		"over":               {"2031", "2021", ErrOver},
		"not yet": {"<ExpiryDate>", "<StartDate>2030-01-01T00:00:00Z</StartDate><ExpiryDate>",
			ErrDate},
		"no date":     {"2031-01-02T00:00:00Z", "soon", ErrDate},
		"another use": {">OTP<", ">Encrypt<", ErrUsage},
		"a rule of its own": {"<KeyUsage>", "<NumberOfTransactions>4</NumberOfTransactions><KeyUsage>",
			ErrPolicy},
		"a PIN before its codes": {"<KeyUsage>", `<PINPolicy PINUsageMode="Prepend"/><KeyUsage>`, ErrPIN},
	} {
		items, faults, err := readAll(sampleContainer(c.old, c.new), Options{})
		if err != nil || len(items) != 0 || len(faults) != 1 || !errors.Is(faults[0].Why, c.why) {
			t.Errorf("%s: got %v, %v (%v), want the fault %q", name, items, faults, err, c.why)
		}
	}
}

// Files that are none, or made to harm, end the reading with a line and a reason, in bounded memory.
func TestWhatIsNoContainer(t *testing.T) {
	open := `<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">`
	entities := `<!DOCTYPE x [<!ENTITY a "ha">`
	for i := range 20 {
		entities += fmt.Sprintf(`<!ENTITY %c "&%c;&%c;">`, 'b'+i, 'a'+i, 'a'+i)
	}
	for name, text := range map[string]string{
		"nothing":           "",
		"blanks":            " \n",
		"another root":      "<html></html>",
		"another namespace": `<KeyContainer Version="1.0" xmlns="urn:example"></KeyContainer>`,
		"another version":   strings.Replace(sampleContainer(), `Version="1.0"`, `Version="2.0"`, 1),
		"no end":            sampleContainer()[:len(sampleContainer())-20],
		"two containers":    sampleContainer() + sampleContainer(),
		"text behind it":    sampleContainer() + " more",
		"no tokens":         open + "</KeyContainer>",
		"entities":          entities + "]>" + sampleContainer(),
		"an entity":         sampleContainer("S-1", "&x;"),
		"a document type":   `<!DOCTYPE KeyContainer SYSTEM "file:///etc/passwd">` + sampleContainer(),
		"an endless text":   sampleContainer("S-1", strings.Repeat("1", 1<<20)),
		"an endless name":   open + "<" + strings.Repeat("a", 1<<20) + "/></KeyContainer>",
		"endlessly deep":    open + strings.Repeat("<a>", 1<<20),
		"keys behind": strings.Replace(sampleContainer(), "</KeyContainer>",
			"<EncryptionKey><KeyName>x</KeyName></EncryptionKey></KeyContainer>", 1),
		"another encoding":      strings.Replace(sampleContainer(), `version="1.0"`, `version="1.0" encoding="UTF-16"`, 1),
		"a proof before a key":  open + `<MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/><EncryptionKey><KeyName>x</KeyName></EncryptionKey></KeyContainer>`,
		"a derivation for ever": open + derived("2000000000"),
	} {
		items, _, err := readAll(text, Options{Keys: Keys{Passphrase: "x", Shared: figure6Key()}})
		if err == nil || !strings.HasPrefix(text, sampleContainer()) && name != "keys behind" && len(items) > 0 {
			t.Errorf("%s: got %d tokens and no end, want an error", name, len(items))
		}
	}
}

func derived(rounds string) string {
	return `<EncryptionKey><DerivedKey><KeyDerivationMethod Algorithm="http://www.w3.org/2009/xmlenc11#pbkdf2"><PBKDF2-params>` +
		`<Salt><Specified>Ej7/PEpyEpw=</Specified></Salt><IterationCount>` + rounds + `</IterationCount><KeyLength>16</KeyLength>` +
		`</PBKDF2-params></KeyDerivationMethod></DerivedKey></EncryptionKey></KeyContainer>`
}

// A secret comes into no log by way of its item, nor by way of a fault.
func TestASecretIsNotPrinted(t *testing.T) {
	items, _, err := readAll(sampleContainer(), Options{})
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, v := range []any{items[0], *items[0]} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, publishedSecret) || strings.Contains(text,
				hex.EncodeToString([]byte(publishedSecret))) ||
				strings.Contains(text, "49 50 51") || strings.Contains(text, "0x31") {
				t.Errorf("%s: got %s", verb, text)
			}
		}
	}
}
