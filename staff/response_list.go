package staff

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the lists of accounts that responses begin with: typed, or a file that another program has written.
//
//	a line of the list                          what it names
//	wei@example.com                             that account
//	+86 138 0013 8000                           that account
//	"Wei",wei@example.com,+8613800138000        the e-mail: a number beside one is the same person's
//	a@example.com, b@example.com                both
//	name,e-mail                                 nothing: it is told by its number, and what stands in it
//
// A file is UTF-8, or UTF-16 with its mark, as spreadsheets write it. Of one in another encoding the addresses and
// numbers are read, which look the same in all that are in use.

// MaxList bounds a file: 500 lines of a spreadsheet are a tenth of it.
const MaxList = 256 << 10

const (
	mostUnread = 50  // lines that are told
	mostQuoted = 120 // characters of one
)

// An AccountList is what somebody of the staff has typed, and a file that he has chosen; one is enough.
type AccountList struct {
	Typed string
	File  []byte
}

// An UnreadLine is a line of a list that names no account.
type UnreadLine struct {
	File bool   `json:"f,omitempty"` // of the file, and not of what was typed
	Line int    `json:"l"`           // from 1
	Text string `json:"t"`
}

// A readList is what a list names.
type readList struct {
	names  []string // e-mail addresses and numbers, as they stand there
	unread []UnreadLine
	found  []listed // whose they are
}

// readAccounts reads a list. Refuses ListNotText for a file that is none.
func readAccounts(l AccountList) (*readList, error) {
	r := new(readList)
	r.read(l.Typed, false)
	text, ok := TextOf(l.File)
	if !ok {
		return nil, auth.RefuseField(auth.ListNotText, "file")
	}
	r.read(text, true)
	return r, nil
}

// read reads the lines of a text, as long as there are not more accounts than any response reaches.
func (r *readList) read(text string, file bool) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		if len(r.names) > mostTargets {
			return
		}
		names := namesOf(line)
		if r.names = append(r.names, names...); len(names) == 0 && strings.TrimSpace(line) != "" {
			r.unread = append(r.unread, UnreadLine{File: file, Line: i + 1, Text: quoted(line)})
		}
	}
}

// namesOf are the accounts of a line: its e-mail addresses, or where it has none its numbers.
func namesOf(line string) []string {
	var mails, numbers []string
	for field := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(",;\t，；", r) }) {
		field = strings.Trim(field, " \"'\u00a0")
		switch {
		case len(field) > ident.MaxTyped:
		case isEmail(field):
			mails = append(mails, field)
		case isNumber(field):
			numbers = append(numbers, field)
		}
	}
	if len(mails) > 0 {
		return mails
	}
	return numbers
}

func isEmail(field string) bool {
	if !strings.Contains(field, "@") {
		return false
	}
	_, err := ident.ParseEmail(field)
	return err == nil
}

// isNumber reports whether a field can be somebody's number: which one it is depends on the site.
func isNumber(field string) bool {
	digits := 0
	for _, r := range field {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune("+-() .", r):
			return false
		}
	}
	return digits >= 7 && digits <= 15
}

// quoted is the beginning of a line, as it is shown.
func quoted(line string) string {
	runes := []rune(ident.CleanName(line))
	if len(runes) > mostQuoted {
		return string(runes[:mostQuoted]) + "…"
	}
	return string(runes)
}

// TextOf is what a file says, and reports whether it is text.
func TextOf(file []byte) (string, bool) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(file, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(file, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	}
	text := strings.TrimPrefix(string(file), "\ufeff")
	if order != nil {
		units := make([]uint16, len(file)/2)
		for i := range units {
			units[i] = order.Uint16(file[2*i:])
		}
		text = string(utf16.Decode(units[1:]))
	}
	other := strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1a", r)
	})
	return strings.ToValidUTF8(text, string(utf8.RuneError)), !other
}
