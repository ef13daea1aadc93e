package password

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// The estimate of strength: how many bits a guesser who knows people's habits
// needs for a password. A password is cut into pieces in the cheapest way;
// each piece is a habit from the table in pieces, or a single character.
//
//	Zhang1990!q   ──►  zhang │ 1990 │ ! │ q
//	                     12  +   7  + 5 + 4.7  =  28.7, too little
const (
	enoughBits     = 29.0 // 500 million guesses; the throttle allows 100
	fewestKinds    = 5    // different characters, case aside
	estimateWindow = 128  // characters looked at: what follows can only add
)

// The price of a habit, in bits, to which its length is added as a logarithm.
const (
	wordBits     = 12.0 // a word of the lists
	ownWordBits  = 3.0  // a word of the account: name, user name, mailbox
	runBits      = 5.0  // abcd, 9753
	keysBits     = 6.0  // qwer, 1qaz
	againBits    = 3.0  // what was there before
	signBits     = 1.0  // each letter of a word written as a sign
	caseBits     = 2.0  // a word with capitals after the first letter
	endSignBits  = 3.0  // a sign at the very end, there because one is demanded
	yearBits     = 7.0  // 1900 to 2099
	dayBits      = 8.5  // a month and a day
	dateBits     = 15.5 // eight digits
	shortestWord = 4
)

// isSimple reports whether the password, given as typed and in lower case, is
// too easily guessed by one who knows the account's own words.
func isSimple(typed []rune, own [][]rune) bool {
	typed = typed[:min(len(typed), estimateWindow)]
	kinds := map[rune]bool{}
	for _, r := range typed {
		kinds[unicode.ToLower(r)] = true
	}
	return len(kinds) < fewestKinds || bits(typed, own) < enoughBits
}

// A piece is a habit found at some place: its length and its price.
type piece struct {
	length int
	bits   float64
}

// bits returns the price of the cheapest way to cut typed into pieces. The
// work grows with the square of its length, which the window bounds.
func bits(typed []rune, own [][]rune) float64 {
	n := len(typed)
	lower := make([]rune, n)
	for i, r := range typed {
		lower[i] = unicode.ToLower(r)
	}
	text := guessed{typed: typed, lower: lower, ascii: asciiOf(lower), again: repeats(lower), own: own}
	if text.ascii != "" {
		text.plain = []string{text.ascii, unleet(text.ascii, 'i'), unleet(text.ascii, 'l')}
	}
	cost := make([]float64, n+1)
	for i := 1; i <= n; i++ {
		cost[i] = math.Inf(1)
	}
	for i := range n {
		price := charBits(typed[i])
		if i == n-1 && strings.ContainsRune("!@#$.*_-?", typed[i]) {
			price = endSignBits
		}
		cost[i+1] = min(cost[i+1], cost[i]+price)
		for _, p := range text.pieces(i) {
			cost[i+p.length] = min(cost[i+p.length], cost[i]+p.bits)
		}
	}
	return cost[n]
}

// charBits is the price of a character that belongs to no habit: the logarithm
// of how many others it is usually chosen among.
func charBits(r rune) float64 {
	switch {
	case '0' <= r && r <= '9':
		return 3.3
	case r == ' ':
		return 3
	case r < 0x80 && unicode.IsLetter(r):
		return 4.7
	case unicode.Is(unicode.Han, r):
		return 9
	case r >= 0x80 && !unicode.IsLetter(r):
		return 7
	}
	return 5
}

// A guessed is a password as a guesser looks at it.
type guessed struct {
	typed []rune
	lower []rune
	ascii string   // a byte for each character
	plain []string // ascii with signs read as letters in several ways
	again []int    // at each place, how much of what follows was there before
	own   [][]rune
}

func (g *guessed) pieces(i int) []piece {
	var list []piece
	add := func(shortest, longest int, price float64) {
		for n := shortest; n <= longest; n++ {
			list = append(list, piece{n, price + math.Log2(float64(n))})
		}
	}
	add(3, sameRun(g.lower[i:]), charBits(g.lower[i]))
	add(3, stepRun(g.lower[i:]), runBits)
	add(3, g.again[i], againBits)
	if g.ascii != "" {
		add(4, keysRun(g.ascii[i:]), keysBits)
		list = append(list, dates(g.ascii[i:])...)
	}
	for _, w := range g.own {
		if len(w) > 1 && len(w) <= len(g.lower)-i && slices.Equal(w, g.lower[i:i+len(w)]) {
			list = append(list, piece{len(w), ownWordBits})
		}
	}
	return g.words(list, i)
}

// words appends the listed words that begin at i.
func (g *guessed) words(list []piece, i int) []piece {
	for v, text := range g.plain {
		if v > 0 && text[i:min(i+longestCommon, len(text))] == g.plain[v-1][i:min(i+longestCommon, len(text))] {
			continue
		}
		for _, words := range []string{commonList, localList} {
			for n := shortestWord; n <= longestCommon && i+n <= len(text); n++ {
				found, begun := search(words, text[i:i+n])
				if found {
					list = append(list, piece{n, wordBits + g.disguise(text, i, n)})
				}
				if !begun {
					break
				}
			}
		}
	}
	return list
}

// disguise is the price of how the word of n letters at i, as text reads it, was
// written.
func (g *guessed) disguise(text string, i, n int) float64 {
	price, capitals := 0.0, false
	for k := i; k < i+n; k++ {
		if text[k] != g.ascii[k] {
			price += signBits
		}
		capitals = capitals || k > i && unicode.IsUpper(g.typed[k])
	}
	if capitals {
		price += caseBits
	}
	return price
}

// sameRun returns how often the first character is repeated at once.
func sameRun(r []rune) int {
	n := 1
	for n < len(r) && r[n] == r[0] {
		n++
	}
	return n
}

// stepRun returns the length of the run of equal steps, of one or two up or
// down, that r begins with. Zero follows nine.
func stepRun(r []rune) int {
	if len(r) < 2 {
		return len(r)
	}
	step := stepOf(r[0], r[1])
	if step == 0 || step < -2 || step > 2 {
		return 1
	}
	n := 2
	for n < len(r) && stepOf(r[n-1], r[n]) == step {
		n++
	}
	return n
}

func stepOf(a, b rune) rune {
	switch {
	case a == '9' && b == '0':
		return 1
	case a == '0' && b == '9':
		return -1
	}
	return b - a
}

// keysRun returns how many characters at the start of s are neighbours on a
// keyboard, in one row, column or direction of the number pad.
func keysRun(s string) int {
	const (
		keys    = "`1234567890-=\nqwertyuiop[]\\\nasdfghjkl;'\nzxcvbnm,./"
		columns = "1qaz\n2wsx\n3edc\n4rfv\n5tgb\n6yhn\n7ujm\n8ik,\n9ol.\n0p;/\n147\n258\n369\n159\n357"
	)
	return max(runIn(keys, s), runIn(columns, s))
}

func runIn(board, s string) int {
	best := 1
	for at := range len(board) { // a key can stand in several rows
		for _, step := range []int{1, -1} {
			n := 0
			for k := at; n < len(s) && k >= 0 && k < len(board) && board[k] == unshifted(s[n]); k += step {
				n++
			}
			best = max(best, n)
		}
	}
	return best
}

// unshifted returns the character that the key of c gives without shift.
func unshifted(c byte) byte {
	const shift, plain = `~!@#$%^&*()_+{}|:"<>?`, "`1234567890-=[]\\;',./"
	if i := strings.IndexByte(shift, c); i >= 0 {
		return plain[i]
	}
	return c
}

// repeats returns for each place the length of the longest text that begins
// there and was there before. Quadratic in a window that is small.
func repeats(r []rune) []int {
	n := len(r)
	longest, below := make([]int, n), make([]int, n+1)
	for i := n - 1; i > 0; i-- {
		row := make([]int, n+1) // row[j]: common length of r[i:] and r[j:], j < i
		for j := range i {
			if r[i] == r[j] {
				row[j] = below[j+1] + 1
				longest[i] = max(longest[i], row[j])
			}
		}
		below = row
	}
	return longest
}

// dates returns the dates that s begins with: years, days of the year, and
// both together in the orders people write them.
func dates(s string) []piece {
	digits := 0
	for digits < len(s) && digits < 8 && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	num := func(from, to int) int {
		n := 0
		for _, c := range s[from:to] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	year := func(at int) bool { n := num(at, at+4); return 1900 <= n && n <= 2099 }
	day := func(at int) bool {
		a, b := num(at, at+2), num(at+2, at+4)
		return a >= 1 && b >= 1 && (a <= 12 && b <= 31 || a <= 31 && b <= 12)
	}
	var list []piece
	if digits >= 4 && year(0) {
		list = append(list, piece{4, yearBits})
	}
	if digits >= 4 && day(0) {
		list = append(list, piece{4, dayBits})
	}
	if digits == 8 && (year(0) && day(4) || day(0) && year(4)) {
		list = append(list, piece{8, dateBits})
	}
	return list
}
