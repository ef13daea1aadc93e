package webauthn

import (
	"encoding/hex"
	"fmt"
)

// An AAGUID names a model of authenticator (Level 3 §6.5.1). The zero value means that the model is not told.
type AAGUID [16]byte

// ParseAAGUID reads the usual form, 8-4-4-4-12 hexadecimal digits in either case.
func ParseAAGUID(s string) (AAGUID, error) {
	var a AAGUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return a, fmt.Errorf("an AAGUID of %d characters is not of the form 8-4-4-4-12", len(s))
	}
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(a[:], []byte(digits)); err != nil {
		return AAGUID{}, fmt.Errorf("reading an AAGUID: %w", err)
	}
	return a, nil
}

// String returns the usual form in lower case.
func (a AAGUID) String() string {
	h := hex.EncodeToString(a[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MarshalText returns the usual form.
func (a AAGUID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is ParseAAGUID.
func (a *AAGUID) UnmarshalText(text []byte) error {
	parsed, err := ParseAAGUID(string(text))
	*a = parsed
	return err
}

// WellKnownModels returns the names of models that sellers are likely to own, as their makers publish them.
func WellKnownModels() map[AAGUID]string {
	models := make(map[AAGUID]string, 64)
	for name, ids := range map[string][]string{
		"YubiKey 5 Series": {"cb69481e-8ff7-4039-93ec-0a2729a154a8", "ee882879-721c-4913-9775-3dfcce97072a",
			"19083c3d-8383-4b18-bc03-8f1c9ab2fd1b"},
		"YubiKey 5 Series with NFC": {"2fc0579f-8113-47ea-b116-bb5a8db9202a",
			"fa2b99dc-9e39-4257-8f92-4a30d23c4118", "a25342c0-3cdc-4414-8e46-f4807fca511c"},
		"YubiKey 5 Series with Lightning": {"c5ef55ff-ad9a-4b9f-b580-adebafe026d0",
			"a02167b9-ae71-4ac7-9a07-06432ebb6f1c"},
		"YubiKey 5 FIPS Series":          {"73bb0cd4-e502-49b8-9c6f-b59445bf720b"},
		"YubiKey 5 FIPS Series with NFC": {"c1f9a0bc-1dd2-404a-b27f-8e29047a43fd"},
		"YubiKey Bio Series": {"d8522d9f-575b-4866-88a9-ba99fa02f35b",
			"7d1351a6-e097-4852-b8bf-c9ac5c9ce4a3", "83c47309-aabb-4108-8470-8be838b573cb"},
		"Security Key by Yubico": {"f8a011f3-8c0a-4d15-8006-17111f9edc7d",
			"b92c3f9a-c014-4056-887f-140a2501163b"},
		"Security Key NFC by Yubico": {"6d44ba9b-f6ec-2e49-b930-0c8fe920cb73", "149a2021-8ef6-4133-96b8-81f8d5b7f1f5",
			"a4e9fc6d-4cbe-4758-b8ba-37598bb5bbaa", "e77e3c64-05e3-428b-8824-0cbeb04b829d"},
		"Google Titan Security Key v2": {"42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3"},
		"Feitian ePass FIDO2":          {"833b721a-ff5f-4d00-bb2e-bdda3ec01e29"},
		"Feitian ePass FIDO2-NFC": {"ee041bce-25e5-4cdb-8f86-897fd6418464",
			"234cd403-35a2-4cc2-8015-77ea280c77f5"},
		"Feitian BioPass FIDO2":      {"77010bd7-212a-4fc9-b236-d2ca5e9d4084"},
		"Feitian BioPass FIDO2 Plus": {"b6ede29c-3772-412c-8a78-539c1f4c62d2"},
		"Feitian BioPass FIDO2 Pro":  {"4c0cf95d-2f40-43b5-ba42-4c83a11c04ba"},
		"Feitian iePass FIDO":        {"3e22415d-7fdf-4ea4-8a0c-dd60c4249b9d"},
		"Feitian AllinOne FIDO2":     {"12ded745-4bed-47d4-abaa-e713f51d6393"},
		"Solo":                       {"8876631b-d4a0-427f-5773-0ec71c9e0279"},
		"Somu":                       {"9876631b-d4a0-427f-5773-0ec71c9e0279"},
		"Token2 FIDO2 Security Key":  {"ab32f0c6-2239-afbb-c470-d2ef4e254db7"},
		"Token2 PIN+ Security Key":   {"eabb46cc-e241-80bf-ae9e-96fa6d2975cf"},
		"Swissbit iShield Key FIDO2": {"931327dd-c89b-406c-a81e-ed7058ef36c6"},
		"Swissbit iShield Key Pro":   {"5d629218-d3a5-11ed-afa1-0242ac120002"},
		"GoTrust Idem Key":           {"3b1adb99-0dfe-46fd-90b8-7f7614a4de2a"},
		"HID Crescendo Key":          {"692db549-7ae5-44d5-a1e5-dd20a493b723", "2d3bec26-15ee-4f5d-88b2-53622490270b"},
		"OneSpan DIGIPASS FX1 BIO":   {"30b5035e-d297-4ff1-b00b-addc96ba6a98"},
		"Windows Hello": {"08987058-cadc-4b81-b6e1-30de50dcbe96", "9ddd1817-af5a-4672-a2b9-3e3dd95000a9",
			"6028b017-b1d4-4c02-b4b3-afcdafc96bb2"},
		"iCloud Keychain":         {"fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "dd4ec289-e01d-41c9-bb89-70fa845d4bf2"},
		"Google Password Manager": {"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"},
		"Chrome on Mac":           {"adce0002-35bc-c60a-648b-0b25f1f05503"},
		"Edge on Mac":             {"771b48fd-d3d4-4f74-9232-fc157ab0507a"},
		"Chromium Browser":        {"b5397666-4885-aa6b-cebf-e52262a439a2"},
		"Samsung Pass":            {"53414d53-554e-4700-0000-000000000000"},
		"1Password":               {"bada5566-a7aa-401f-bd96-45619a55120d"},
		"Bitwarden":               {"d548826e-79b4-db40-a3d8-11116f7e8349"},
		"Dashlane":                {"531126d6-e717-415c-9320-3d9aa6981239"},
		"Keeper":                  {"0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6"},
		"NordPass":                {"b84e4048-15dc-4dd0-8640-f4f60813c8af"},
		"Enpass":                  {"f3809540-7f14-49c1-a8b3-8f813b225541"},
		"Proton Pass":             {"50726f74-6f6e-5061-7373-50726f746f6e"},
		"KeePassXC":               {"fdb141b2-5d84-443e-8a35-4698c205a502"},
	} {
		for _, text := range ids {
			if id, err := ParseAAGUID(text); err == nil { // a test parses every one
				models[id] = name
			}
		}
	}
	return models
}
