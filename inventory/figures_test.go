package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// figure is a published file: from the folder LATCHKEY_VECTORS, by default ../shared/vectors beside the module, and
// where that is not, a container of our own with the values of the figure.
func figure(t *testing.T, n int) string {
	t.Helper()
	dir, named := os.LookupEnv("LATCHKEY_VECTORS")
	if !named {
		dir = filepath.Join("..", "..", "shared", "vectors")
	}
	text, err := os.ReadFile(filepath.Join(dir, "pskc", fmt.Sprintf("figure%d.pskcxml", n)))
	if errors.Is(err, fs.ErrNotExist) && !named {
		return figureValues(n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What RFC 6030's figures hold: an algorithm, a device, a number's length, a secret.
const (
	plainSecret  = `<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>`
	sealedSecret = `<Secret><EncryptedValue>` + sealedBy + `<x:CipherData><x:CipherValue>
		AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv</x:CipherValue></x:CipherData></EncryptedValue>
		<ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=</ValueMAC></Secret>`
	sealedBy   = `<x:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>`
	sealingKey = `<EncryptionKey><d:KeyName>Pre-shared-key</d:KeyName></EncryptionKey>
		<MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"><MACKey>` + sealedBy + `<x:CipherData>
		<x:CipherValue>ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX</x:CipherValue></x:CipherData>
		</MACKey></MACMethod>`
	signature = `<d:Signature><d:SignedInfo/><d:SignatureValue>j6lwx3rvEPO0vKtMup4NbeVu8nk=</d:SignatureValue></d:Signature>`
)

// figureValues is the container of a figure.
func figureValues(n int) string {
	const device = `<DeviceInfo><Manufacturer>Manufacturer</Manufacturer><SerialNo>987654321</SerialNo></DeviceInfo>`
	key := func(device, kind, digits, more, secret string) string {
		if digits != "" {
			digits = `<AlgorithmParameters><ResponseFormat Length="` + digits + `" Encoding="DECIMAL"/></AlgorithmParameters>`
		}
		return `<KeyPackage>` + device + `<Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:` + kind + `">` +
			digits + more + `<Data>` + secret + `<Counter><PlainValue>0</PlainValue></Counter></Data></Key></KeyPackage>`
	}
	acme := strings.NewReplacer("Manufacturer>Manufacturer", "Manufacturer>TokenVendorAcme", "987654321", "0755225266")
	four := `<Secret><PlainValue>MTIzNA==</PlainValue></Secret>`
	inside := map[int]string{
		2: key("", "hotp", "", "", four),
		3: key(device, "hotp", "8", "", plainSecret),
		4: key(device, "hotp", "8", "<KeyReference>MasterKeyLabel</KeyReference>", ""),
		5: key(device, "hotp", "8", "", plainSecret) + key(device, "pin", "4", "", four),
		6: sealingKey + key(device, "hotp", "8", "", sealedSecret),
		9: key(acme.Replace(device), "hotp", "6", "", plainSecret) + signature,
	}[n]
	return `<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:d="http://www.w3.org/2000/09/xmldsig#"
		xmlns:x="http://www.w3.org/2001/04/xmlenc#">` + inside + `</KeyContainer>`
}
