package puzzle_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"image"
	"image/png"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/puzzle"
)

// The signs that are drawn are far apart, and each is drawn as often as any other.
func TestSignsAreNotLookedAlike(t *testing.T) {
	count := map[rune]int{}
	for b := range 256 {
		random := bytes.Repeat([]byte{byte(b)}, 32)
		count[rune(puzzle.Text(random)[0])]++
	}
	for _, alike := range []string{"0ODQ", "1IL", "2Z", "5S", "8B", "6G", "4A", "UV", "EF"} {
		n := 0
		for _, sign := range alike {
			if count[sign] > 0 {
				n++
			}
		}
		if n > 1 {
			t.Errorf("got more than one of %q", alike)
		}
	}
	if len(count) != 18 {
		t.Errorf("got %d signs, want 18", len(count))
	}
	rapid.Check(t, func(t *rapid.T) {
		text := puzzle.Text(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "random"))
		if len(text) != puzzle.Length {
			t.Fatalf("got %q, want %d signs", text, puzzle.Length)
		}
		for _, sign := range text {
			if count[sign] == 0 {
				t.Fatalf("got %q in %q, want one of the 18", sign, text)
			}
		}
	})
	for sign, n := range count { // a byte too large is left out: 4 of them are spelled with the first sign here
		if want := 14; n != want && (sign != 'A' || n != want+4) {
			t.Errorf("%c: got %d of 256 bytes, want %d", sign, n, want)
		}
	}
}

func TestFoldReadsWhatPeopleType(t *testing.T) {
	for typed, want := range map[string]string{
		"K7A3MX": "K7A3MX", "k7a3mx": "K7A3MX", " k7a 3mx ": "K7A3MX", "K7A-3MX": "K7A3MX", "K74E": "K7AF", "cg": "C6",
		"Ｋ７Ａ３ＭＸ": "K7A3MX", "ｋ７ａ　３ｍｘ": "K7A3MX", "": "",
		strings.Repeat("K", 4000): strings.Repeat("K", 128),
	} {
		if got := puzzle.Fold(typed); got != want {
			t.Errorf("%.20q: got %q, want %q", typed, got, want)
		}
	}
}

// One seed is one picture, another seed another of the same signs; each is small and has much of both colours.
func TestDraw(t *testing.T) {
	draw := func(text string, seed byte) []byte {
		t.Helper()
		b, err := puzzle.Draw(text, [32]byte{seed})
		if err != nil {
			t.Fatalf("drawing %q: %v", text, err)
		}
		return b
	}
	for _, text := range []string{"ACFHJK", "KMNPRT", "WXY367", "9AAAAA"} {
		first := draw(text, 1)
		if !bytes.Equal(first, draw(text, 1)) || bytes.Equal(first, draw(text, 2)) {
			t.Errorf("%s: want the same picture for the same seed alone", text)
		}
		m, err := png.Decode(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("%s: reading the picture: %v", text, err)
		}
		if m.Bounds() != image.Rect(0, 0, puzzle.Width, puzzle.Height) || len(first) > 8<<10 {
			t.Errorf("%s: got %v in %d bytes", text, m.Bounds(), len(first))
		}
		if part := darkPart(m); part < 0.08 || part > 0.4 {
			t.Errorf("%s: got %.2f of it dark, want signs on paper", text, part)
		}
	}
	if off := difference(t, draw("ACFHJK", 1), "testdata/ACFHJK.png"); off > 0.5 {
		t.Errorf("got a picture %.2f greys from the one that was looked at (-update makes that anew: look at it)", off)
	}
	if bytes.Equal(draw("ACFHJK", 1), draw("ACEFHK", 1)) {
		t.Error("got the same picture for other signs")
	}
	if _, err := puzzle.Draw("A\u4f60", [32]byte{}); err == nil {
		t.Error("got a picture of a sign that the font has not")
	}
}

var update = flag.Bool("update", false, "write the picture that is compared with")

// difference is how far two pictures are apart, in greys of 256 on average: processors differ in the last digits.
func difference(t *testing.T, drawn []byte, path string) float64 {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, drawn, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err1 := png.Decode(bytes.NewReader(drawn))
	want, err2 := png.Decode(bytes.NewReader(kept))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	sum, b := 0.0, want.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			g, _, _, _ := got.At(x, y).RGBA()
			w, _, _, _ := want.At(x, y).RGBA()
			sum += math.Abs(float64(g)-float64(w)) / 257
		}
	}
	return sum / float64(b.Dx()*b.Dy())
}

func darkPart(m image.Image) float64 {
	dark, b := 0, m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, _, _, _ := m.At(x, y).RGBA(); r < 0x8000 {
				dark++
			}
		}
	}
	return float64(dark) / float64(b.Dx()*b.Dy())
}

var noon = time.Unix(1_800_000_000, 0)

func work(chance uint32) puzzle.Work {
	return puzzle.NewWork([]byte("key"), []byte("twelve bytes"), chance, noon.Add(time.Minute))
}

// solution is what a client sends for work whose number it has found, changed as the test likes.
func solution(t testing.TB, w puzzle.Work, number int, change func(map[string]any)) string {
	t.Helper()
	m := map[string]any{"algorithm": w.Algorithm, "challenge": w.Challenge, "number": number, "salt": w.Salt,
		"signature": w.Signature, "took": 312}
	if change != nil {
		change(m)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// more is a solution with something behind it.
func more(t *testing.T, text, tail string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(append(raw, tail...))
}

func TestWork(t *testing.T) {
	w := work(4711)
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	later := strings.Replace(w.Salt, "expires=", "expires=9", 1)
	empty, err := base64.StdEncoding.DecodeString(solution(t, w, 4711, set("took", "")))
	if err != nil {
		t.Fatal(err)
	}
	used := len(empty)
	for name, c := range map[string]struct {
		text string
		key  string
		at   time.Time
		good bool
	}{
		"solved":            {solution(t, w, 4711, nil), "key", noon, true},
		"last moment":       {solution(t, w, 4711, nil), "key", noon.Add(time.Minute - time.Second), true},
		"too late":          {solution(t, w, 4711, nil), "key", noon.Add(time.Minute), false},
		"another number":    {solution(t, w, 4712, nil), "key", noon, false},
		"another key":       {solution(t, w, 4711, nil), "kex", noon, false},
		"another algorithm": {solution(t, w, 4711, set("algorithm", "SHA-1")), "key", noon, false},
		"no signature":      {solution(t, w, 4711, set("signature", "")), "key", noon, false},
		"another salt":      {solution(t, w, 4711, set("salt", later)), "key", noon, false},
		"its own challenge": {solution(t, work(9), 9, set("signature", w.Signature)), "key", noon, false},
		"negative":          {solution(t, w, -1, nil), "key", noon, false},
		"spliced":           {solution(t, w, 711, set("salt", w.Salt+"4")), "key", noon, false},
		"not base64":        {"{}", "key", noon, false},
		"nothing":           {"", "key", noon, false},
		"two":               {base64.StdEncoding.EncodeToString([]byte(`{}{}`)), "key", noon, false},
		"of most bytes":     {solution(t, w, 4711, set("took", strings.Repeat("x", 2048*3/4-used))), "key", noon, true},
		"of more":           {solution(t, w, 4711, set("took", strings.Repeat("x", 2048*3/4-used+1))), "key", noon, false},
		"and more":          {more(t, solution(t, w, 4711, nil), "{}"), "key", noon, false},
		"and a bracket":     {more(t, solution(t, w, 4711, nil), "]"), "key", noon, true},
		"long":              {solution(t, w, 4711, set("took", strings.Repeat("x", 4000))), "key", noon, false},
	} {
		challenge, expires, err := puzzle.CheckWork([]byte(c.key), c.text, c.at)
		if (err == nil) != c.good {
			t.Errorf("%s: got %v, want good %t", name, err, c.good)
		}
		if c.good && (challenge != w.Challenge || !expires.Equal(noon.Add(time.Minute))) {
			t.Errorf("%s: got %s until %v", name, challenge, expires)
		}
	}
}

// Digits that are moved from the number into the salt change no expiry: the parameter is closed.
func TestSaltIsClosed(t *testing.T) {
	end := "expires=" + strconv.FormatInt(noon.Add(time.Minute).Unix(), 10) + "&"
	if salt := work(1).Salt; !strings.HasSuffix(salt, end) {
		t.Errorf("got salt %q, want a delimiter at its end", salt)
	}
}

func FuzzCheckWork(f *testing.F) {
	w := work(7)
	f.Add(solution(f, w, 7, nil))
	f.Add("e30=")
	f.Fuzz(func(t *testing.T, text string) {
		challenge, _, err := puzzle.CheckWork([]byte("key"), text, noon)
		if err == nil && challenge != w.Challenge {
			t.Errorf("%q: got %s accepted, which was never given out", text, challenge)
		}
	})
}

func BenchmarkDraw(b *testing.B) {
	for i := range b.N {
		if _, err := puzzle.Draw("K7A3MX", [32]byte{byte(i)}); err != nil {
			b.Fatal(err)
		}
	}
}
