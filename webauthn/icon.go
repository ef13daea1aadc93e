package webauthn

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"strings"
)

// Bounds of the picture that metadata have of a model.
const (
	maxIcon = 128 << 10 // signs of its data URL
	maxSide = 512       // pixels
)

// Picture returns the picture of the model as a PNG, nil if there is none that a page may show. Only a PNG is
// taken, and it is drawn anew: an SVG may hold script, and what stands behind a picture may be another file.
// Decoding is bounded by the size that the file claims, which is read first.
func (m *Model) Picture() []byte {
	data, is := strings.CutPrefix(m.icon, "data:image/png;base64,")
	if !is {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil
	}
	size, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil || size.Width > maxSide || size.Height > maxSide {
		return nil
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	if png.Encode(&out, picture) != nil {
		return nil
	}
	return out.Bytes()
}
