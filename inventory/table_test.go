package inventory

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/needs"
)

const (
	in32  = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // of the published secret
	inHex = "3132333435363738393031323334353637383930"
)

// Tables as other services export them, and as a shop keeps them.
func TestTables(t *testing.T) {
	app := &Item{Maker: "ACME", Serial: "1001", Kind: TOTP, Hash: "SHA1", Digits: 6, Period: 30 * time.Second,
		Secret: []byte(publishedSecret)}
	counted := *app
	counted.Kind, counted.Period = HOTP, 0
	counted.Counter = 7
	counted.Digits = 8
	slow := *app
	slow.Period, slow.Hash = time.Minute, "SHA256"
	slow.Until = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text string
		want *Item
	}{
		"of a directory": {"upn,serial number,secret key,time interval,manufacturer,model\nwei@example.com,1001," + in32 + ",30,ACME,\n", app},
		"semicolons":     {"Serial;Seed;Manufacturer\n1001;" + inHex + ";ACME\n", app},
		"tabs, a mark":   {"\ufeffSN\tSecret\tVendor\r\n1001\t" + inHex + "\tACME\r\n", app},
		"in Chinese":     {"序列号,密钥,厂商\n1001," + inHex + ",ACME\n", app},
		"quoted, blank":  {"serial , secret , maker\n\n\"1001\", \"" + strings.ToLower(in32) + "\", ACME\n,,\n", app},
		"in groups":      {"serial,secret,maker\n1001,GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ,ACME\n", app},
		"padded":         {"serial,secret,maker\n1001," + in32 + "====,ACME\n", app},
		"counted":        {"serial,secret,maker,type,counter,digits\n1001," + in32 + ",ACME,HOTP,7,8\n", &counted},
		"by its counter": {"serial,secret,maker,counter,digits\n1001," + in32 + ",ACME,7,8\n", &counted},
		"algorithm": {"serial,secret,maker,algorithm,counter,digits\n1001," + in32 + ",ACME,hotp,7,8\n",
			&counted},
		"slow": {"serial,secret,maker,period,hash,expiry\n1001," + in32 + ",ACME,60,sha-256,2030-01-01\n",
			&slow},
	} {
		items, faults, err := readAll(c.text, Options{})
		if err != nil || len(items) != 1 || !same(items[0], c.want) {
			t.Errorf("%s: got %+v, %v (%v), want %v", name, items, faults, err, c.want)
		}
	}
}

// Hexadecimal and base32 are told apart by all of a file, and where they cannot be, by nobody's guess.
func TestSecretsAreToldApart(t *testing.T) {
	both := "A2B3C4D5E6F7A2B3C4D5E6F7A2B3C4D5" // 16 bytes of one, 20 of the other
	for name, c := range map[string]struct {
		secrets []string
		say     Encoding
		want    int // bytes of the first
		err     error
	}{
		"hexadecimal":            {[]string{inHex, both}, Told, 20, nil},
		"base32":                 {[]string{in32, both}, Told, 20, nil},
		"decided behind":         {[]string{both, inHex}, Told, 16, nil},
		"decided behind, base32": {[]string{both, in32}, Told, 20, nil},
		"undecided":              {[]string{both}, Told, 0, ErrUndecided},
		"both":                   {[]string{inHex, in32}, Told, 0, ErrUndecided},
		"said to be hexadecimal": {[]string{both}, Hex, 16, nil},
		"said to be base32":      {[]string{both}, Base32, 20, nil},
		"one of them is neither": {[]string{in32, "not a secret!"}, Told, 20, nil},
	} {
		text := "serial,secret\n"
		for i, s := range c.secrets {
			text += fmt.Sprintf("%d,%s\n", i, s)
		}
		items, _, err := readAll(text, Options{Secrets: c.say})
		if !errors.Is(err, c.err) || c.err == nil && (len(items) == 0 || len(items[0].Secret) != c.want) {
			t.Errorf("%s: got %d tokens (%v), want a first secret of %d bytes (%v)", name, len(items), err, c.want,
				c.err)
		}
	}
}

// A line that is not taken is named with its number, and the next are.
func TestFaultsByLine(t *testing.T) {
	lines := []struct {
		text string
		why  error
	}{
		{"1," + in32 + ",30", nil}, {"," + in32 + ",30", ErrNoSerial}, {"3,,30", ErrNoSecret}, {"4,!!,30",
			ErrEncoding},
		{"5," + in32 + ",31", ErrPeriod}, {"1," + in32 + ",30", ErrSame}, {"7,GEZDGNBV,30", ErrSecret},
		{"8," + in32 + ",60", nil},
	}
	text := "serial,secret,period\n"
	for _, l := range lines {
		text += l.text + "\n"
	}
	items, faults, err := readAll(text+"9,\"x\"y,30\n10,"+in32+",30\n", Options{Maker: "ACME"})
	if err != nil || len(items) != 3 || len(faults) != 7 || items[2].Serial != "10" || items[2].Line != 11 {
		t.Fatalf("got %v and %v (%v), want three tokens and seven faults", items, faults, err)
	}
	for i, l := range lines {
		if l.why == nil {
			continue
		}
		if f := faults[0]; f.Line != i+2 || !errors.Is(f.Why, l.why) || strings.Contains(f.Error(), in32) {
			t.Errorf("got %v, want line %d: %v", f, i+2, l.why)
		}
		faults = faults[1:]
	}
}

// Tables that are none end the reading.
func TestWhatIsNoTable(t *testing.T) {
	for name, text := range map[string]string{
		"no headings":     "1001," + in32 + "\n",
		"no secrets":      "serial,maker\n1,ACME\n",
		"two of a column": "serial,sn,secret\n1,2," + in32 + "\n",
		"no lines":        "serial,secret\n",
		"an endless line": "serial,secret\n1," + strings.Repeat("A", 1<<20) + "\n",
		"endless quotes":  "serial,secret\n1,\"" + strings.Repeat("A\n", 1<<20),
		"bytes":           "\x00\x01\x02\x03",
	} {
		if items, _, err := readAll(text, Options{}); err == nil || len(items) > 0 {
			t.Errorf("%s: got %v, want an error", name, items)
		}
	}
}

// writer makes a container of five tokens by a library that nobody here wrote.
const writer = `
import sys, pskc
p = pskc.PSKC()
for i in range(5):
    p.add_key(serial=str(1000 + i), manufacturer='ACME', secret=b'secret of a token %03d' % i, counter=i,
        algorithm='urn:ietf:params:xml:ns:keyprov:pskc:hotp', response_length=6, response_encoding='DECIMAL')
how = sys.argv[2:]
if how[:1] == ['shared']:
    p.encryption.setup_preshared_key(key=bytes.fromhex(how[1]), algorithm=how[2])
if how[:1] == ['derived']:
    p.encryption.setup_pbkdf2(how[1], iterations=int(how[2]), key_length=int(how[3]), algorithm=how[4])
p.write(sys.argv[1])
`

// Containers that another program has written, in every protection of ours that it can write, say what they were made
// of, and open by no other key; one that is signed besides says the same.
func TestContainersOfAnotherWriter(t *testing.T) {
	python, sign := needs.Python(t, "pskc"), needs.Program(t, "pskctool")
	long := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		with []string
		keys Keys
	}{
		"plain":   {nil, Keys{}},
		"AES-128": {[]string{"shared", long[:32], "aes128-cbc"}, Keys{Shared: unhex(long[:32])}},
		"AES-192": {[]string{"shared", long[:48], "aes192-cbc"}, Keys{Shared: unhex(long[:48])}},
		"AES-256": {[]string{"shared", long, "aes256-cbc"}, Keys{Shared: unhex(long)}},
		"a passphrase": {[]string{"derived", "correct horse", "1200", "16", "aes128-cbc"},
			Keys{Passphrase: "correct horse"}},
		"a long passphrase": {[]string{"derived", "密码", "1200", "32", "aes256-cbc"}, Keys{Passphrase: "密码"}},
	} {
		out := filepath.Join(t.TempDir(), "out.xml")
		if said, err := exec.Command(python, append([]string{"-c", writer, out},
			c.with...)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, said)
		}
		made, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		wantFive(t, name, string(made), c.keys)
		if len(c.with) == 0 {
			wantFive(t, name+", signed", signed(t, sign, out), c.keys) // of an encrypted one it leaves the secrets out
			continue
		}
		for wrong, keys := range map[string]Keys{"no key": {}, "another": {Shared: make([]byte, len(c.keys.Shared)),
			Passphrase: "x"}} {
			if items, _, _ := readAll(string(made), Options{Keys: keys}); len(items) > 0 {
				t.Errorf("%s, %s: got %v taken", name, wrong, items)
			}
		}
	}
}

// wantFive wants the tokens of the writer.
func wantFive(t *testing.T, name, file string, keys Keys) {
	t.Helper()
	items, faults, err := readAll(file, Options{Keys: keys})
	if err != nil || len(items) != 5 || len(faults) > 0 {
		t.Errorf("%s: got %v, %v (%v), want five tokens", name, items, faults, err)
		return
	}
	for i, x := range items {
		want := &Item{Maker: "ACME", Serial: fmt.Sprint(1000 + i), Kind: HOTP, Hash: "SHA1", Digits: 6,
			Counter: uint64(i),
			Secret:  fmt.Appendf(nil, "secret of a token %03d", i)}
		if !same(x, want) {
			t.Errorf("%s: got %v with %q, want %v", name, x, x.Secret, want)
		}
	}
}

// signed signs a container with a certificate of the test's own.
func signed(t *testing.T, program, file string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: at(), NotAfter: at().AddDate(20, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	for name, b := range map[string]*pem.Block{"key.pem": {Type: "PRIVATE KEY", Bytes: private},
		"crt.pem": {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(program, "--sign", "--sign-key", filepath.Join(dir, "key.pem"), "--sign-crt",
		filepath.Join(dir, "crt.pem"), file).Output()
	if err != nil || !strings.Contains(string(out), "SignatureValue") {
		t.Fatalf("signing: %v: %s", err, out)
	}
	return string(out)
}

// Whatever is read, an item that comes out of it is whole, and nothing panics.
func FuzzRead(f *testing.F) {
	f.Add(sampleContainer(), "x")
	f.Add("serial,secret\n1,"+in32+"\n", "")
	f.Add("序列号;密钥\n1;"+inHex, "")
	f.Fuzz(func(t *testing.T, text, passphrase string) {
		items, _, _ := readAll(text, Options{Keys: Keys{Passphrase: passphrase, Shared: figure6Key()}})
		for _, x := range items {
			if err := x.check(at()); err != nil || base32.StdEncoding.EncodeToString(x.Secret) == "" {
				t.Errorf("got %v, which is not whole: %v", x, err)
			}
		}
	})
}
