package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// drawn is a PNG of a size.
func drawn(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPicturesOfModels: only a PNG of bounded size is shown, and nothing of what stands behind it.
func TestPicturesOfModels(t *testing.T) {
	ca := testCA(t, "metadata")
	data := func(media string, b []byte) string {
		return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString(b)
	}
	good := drawn(t, 32, 16)
	for name, tc := range map[string]struct {
		icon string
		want bool
	}{
		"good":               {data("image/png", good), true},
		"widest":             {data("image/png", drawn(t, 512, 1)), true},
		"something behind":   {data("image/png", append(bytes.Clone(good), "<script>alert(1)</script>"...)), true},
		"too wide":           {data("image/png", drawn(t, 513, 1)), false},
		"too high":           {data("image/png", drawn(t, 1, 513)), false},
		"cut":                {data("image/png", good[:40]), false},
		"SVG":                {data("image/svg+xml", []byte("<svg/>")), false},
		"SVG said to be PNG": {data("image/png", []byte("<svg/>")), false},
		"address":            {"https://mds.example/icon.png", false},
		"no base64":          {"data:image/png;base64,~", false},
		"long":               {data("image/png", append(bytes.Clone(good), make([]byte, 128<<10)...)), false},
		"none":               {"", false},
	} {
		key := device(t, virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca})
		m, err := webauthn.ParseMetadata(signed(t, ca, virtual.Metadata{Entries: []virtual.MetadataEntry{
			{Authenticator: key, Change: func(e map[string]any) {
				e["metadataStatement"].(map[string]any)["icon"] = tc.icon
			}}}}), trusting(ca), start)
		if err != nil {
			t.Fatal(err)
		}
		got := m.Model(model, nil).Picture()
		if (got != nil) != tc.want || strings.Contains(string(got), "script") {
			t.Errorf("%s: got %d bytes, want a picture %v", name, len(got), tc.want)
		}
		if _, err := png.Decode(bytes.NewReader(got)); tc.want && err != nil {
			t.Errorf("%s: got no PNG: %v", name, err)
		}
	}
}
