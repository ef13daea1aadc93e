package password

import (
	_ "embed" // the lists
	"sort"
	"strings"
)

// The lists of common passwords: sorted lines, described in data/README.md.
// They are searched where the linker put them, so that they cost neither
// start-up time nor heap, and no page of memory before the first search.
var (
	//go:embed data/common.txt
	commonList string
	//go:embed data/local.txt
	localList string
)

const (
	longestCommon = 20 // the length of the longest entry
	maxFringe     = 4  // digits and signs around a word that make nothing of it
	maxTail       = 12
	maxTailBits   = 14.0 // what four random digits are worth
)

// listed reports whether the folded ASCII word is on a list.
func listed(word string) bool {
	for _, list := range []string{commonList, localList} {
		if found, _ := search(list, word); found {
			return true
		}
	}
	return false
}

// search reports whether word is a line of list and whether any line begins
// with it.
func search(list, word string) (found, begun bool) {
	// The first byte offset whose line, the one that holds it, is not before word.
	at := sort.Search(len(list), func(i int) bool { return lineAt(list, i) >= word })
	if at == len(list) || word == "" {
		return false, false
	}
	line := lineAt(list, at)
	return line == word, strings.HasPrefix(line, word)
}

// lineAt returns the line that holds offset i, which its line feed belongs to.
func lineAt(list string, i int) string {
	start := strings.LastIndexByte(list[:i], '\n') + 1
	line, _, _ := strings.Cut(list[start:], "\n")
	return line
}

// isCommon reports whether the password, given in lower case, is a listed one
// with what people add to satisfy rules: signs for letters, and up to four
// digits and signs around it or a date or a row of keys after it.
func isCommon(lower []rune) bool {
	ascii := asciiOf(lower)
	if ascii == "" {
		return false
	}
	for _, form := range forms(ascii) {
		if listed(form) || listed(reversed(form)) {
			return true
		}
	}
	for front := 0; front <= maxFringe && front < len(ascii); front++ {
		if front > 0 && isLetter(ascii[front-1]) {
			break
		}
		for end := len(ascii); end-front >= shortestWord && len(ascii)-end <= maxTail; end-- {
			if end < len(ascii) && isLetter(ascii[end]) {
				break
			}
			added := front+len(ascii)-end <= maxFringe || front == 0 && bits([]rune(ascii[end:]), nil) <= maxTailBits
			if added && isListedCore(ascii[front:end]) {
				return true
			}
		}
	}
	return false
}

// isListedCore reports whether what is left of a password is a listed word;
// mere digits are left to the estimate of strength.
func isListedCore(core string) bool {
	if !strings.ContainsFunc(core, func(r rune) bool { return isLetter(byte(r)) }) {
		return false
	}
	for _, form := range forms(core) {
		if listed(form) || listed(reversed(form)) {
			return true
		}
	}
	return false
}

// forms returns word as it is and with signs read as the letters they stand
// for; "1" and "!" stand for two.
func forms(word string) []string {
	if len(word) > longestCommon {
		return nil
	}
	list := []string{word}
	for _, one := range []byte{'i', 'l'} {
		if plain := unleet(word, one); plain != list[len(list)-1] {
			list = append(list, plain)
		}
	}
	return list
}

func unleet(word string, one byte) string {
	b := []byte(word)
	for i, c := range b {
		switch c {
		case '@', '4':
			b[i] = 'a'
		case '0':
			b[i] = 'o'
		case '3':
			b[i] = 'e'
		case '$', '5':
			b[i] = 's'
		case '7', '+':
			b[i] = 't'
		case '1', '!', '|':
			b[i] = one
		}
	}
	return string(b)
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// asciiOf returns r as a string with a byte for each character, NUL for those
// beyond ASCII, and "" if none is in ASCII.
func asciiOf(r []rune) string {
	b, some := make([]byte, len(r)), false
	for i, c := range r {
		if c < 0x80 {
			b[i], some = byte(c), true
		}
	}
	if !some {
		return ""
	}
	return string(b)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' }
