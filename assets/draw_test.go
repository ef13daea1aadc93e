package assets

import (
	"crypto/sha256"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

func TestCuts(t *testing.T) {
	seen := map[[5]int]int{}
	for i := range 20000 {
		id := strings.Repeat("k", i%7) + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		cuts := Cuts(id)
		if cuts == [5]int{} || cuts == [5]int{3, 1, 4, 2, 0} {
			t.Fatalf("%q: got the reserved cut %v", id, cuts)
		}
		for _, c := range cuts {
			if c < 0 || c > 4 {
				t.Fatalf("%q: got %v, want cuts of 0 to 4", id, cuts)
			}
		}
		seen[cuts]++
		if i > 300 {
			break
		}
	}
	if len(seen) < 200 {
		t.Errorf("got %d different cuts of 300 keys, want most of them different", len(seen))
	}
	sum := sha256.Sum256([]byte("device-1"))
	want := [5]int{int(sum[0]) % 5, int(sum[1]) % 5, int(sum[2]) % 5, int(sum[3]) % 5, int(sum[4]) % 5}
	if got := Cuts("device-1"); got != want {
		t.Errorf("got %v, want byte n of the SHA-256 mod 5: %v", got, want)
	}
	if got, want := Bitting("device-1"), keyIcon(want, "bit"); got != want {
		t.Errorf("got drawing %q, want that of the cuts %q", got, want)
	}
}

// Reading the path back module by module shows that nothing is lost and that the quiet zone is empty.
func TestQR(t *testing.T) {
	const text = "otpauth://totp/Latchkey:seller%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Latchkey"
	svg, err := QR(text, `say "this"`)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	size := code.Bounds().Dx()
	grid := readPath(t, string(svg), size+8)
	for y := range size + 8 {
		for x := range size + 8 {
			want := x >= 4 && y >= 4 && x < size+4 && y < size+4 && dark(code.At(x-4, y-4))
			if grid[y][x] != want {
				t.Fatalf("module %d,%d: got %v, want %v", x, y, grid[y][x], want)
			}
		}
	}
	if !strings.Contains(string(svg), `aria-label="say &#34;this&#34;"`) {
		t.Error("got no escaped label")
	}
	if _, err := QR(strings.Repeat("x", 9000), ""); err == nil {
		t.Error("too much text: got no error, want one")
	}
}

// TestQRGrows: whatever the text, a module is five pixels wide. In a fixed size the modules of long names would be too
// fine for the cameras of old phones.
func TestQRGrows(t *testing.T) {
	var before int
	for _, n := range []int{20, 60, 120, 200, 300} {
		svg, err := QR(strings.Repeat("x", n), "")
		if err != nil {
			t.Fatal(err)
		}
		size := qrSize.FindStringSubmatch(string(svg))
		if size == nil {
			t.Fatalf("%d letters: got no size: %.80s", n, svg)
		}
		width, modules := atoi(t, size[1]), atoi(t, size[2])
		if width != 5*modules || width <= before {
			t.Errorf("%d letters: got %d pixels for %d modules, want five each and more than %d", n, width, modules,
				before)
		}
		before = width
	}
}

var qrSize = regexp.MustCompile(`width="(\d+)" height="\d+" viewBox="0 0 (\d+) `)

func readPath(t *testing.T, svg string, side int) [][]bool {
	t.Helper()
	grid := make([][]bool, side)
	for y := range grid {
		grid[y] = make([]bool, side)
	}
	_, d, _ := strings.Cut(svg, ` d="`)
	d, _, _ = strings.Cut(d, `"`)
	x, y := 0, 0
	for _, m := range pathStep.FindAllStringSubmatch(d, -1) {
		a := atoi(t, m[2])
		switch m[1] {
		case "M":
			x, y = a, atoi(t, m[3])
		case "m":
			x += a
		case "h":
			for range a {
				grid[y][x] = true
				x++
			}
		}
	}
	return grid
}

var pathStep = regexp.MustCompile(`([Mmh])(\d+)(?: (\d+))?`)

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
