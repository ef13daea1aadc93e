package staff_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// inUTF16 is a text as a spreadsheet writes it that is asked for Unicode.
func inUTF16(text string, order binary.AppendByteOrder) []byte {
	b := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// Lists as people type them and as programs write them name the accounts that stand there, and what could not be read
// is told by its line.
func TestListsOfAccounts(t *testing.T) {
	const rows = "name,e-mail,number\r\n\"Wei\",\"wei@example.com\",+8613800138000\r\nLin,lin@example.com,\r\n"
	for _, test := range []struct {
		what    string
		list    staff.AccountList
		count   int
		unknown []string
		unread  []string
	}{
		{"one a line", staff.AccountList{Typed: "wei@example.com\n\n  lin@example.com \r\nno@example.com"}, 2,
			[]string{"no@example.com"}, nil},
		{"several a line",
			staff.AccountList{Typed: "wei@example.com, lin@example.com；no@example.com\tme@example.com"}, 2,
			[]string{"no@example.com", "me@example.com"}, nil},
		{"a slip", staff.AccountList{Typed: "wei@example.com\nlin@\n12345\n" + strings.Repeat("x", 3000)}, 1, nil,
			[]string{"2 lin@", "3 12345", "4 " + strings.Repeat("x", 120) + "…"}},
		{"a table", staff.AccountList{File: []byte(rows)}, 2, nil, []string{"file 1 name,e-mail,number"}},
		{"with a mark", staff.AccountList{File: []byte("\ufeffwei@example.com\rlin@example.com")}, 2, nil, nil},
		{"UTF-16", staff.AccountList{File: inUTF16("Wei\twei@example.com\r\n", binary.LittleEndian)}, 1, nil, nil},
		{"UTF-16, the other way round", staff.AccountList{File: inUTF16("wei@example.com\n张", binary.BigEndian)}, 1,
			nil,
			[]string{"file 2 张"}},
		{"GB 18030", staff.AccountList{File: []byte("\xd5\xc5,wei@example.com\n\xd5\xc5\n")}, 1, nil,
			[]string{"file 2 "}},
		{"a number alone", staff.AccountList{File: []byte("+86 139-0013 9000,Mo\n")}, 0,
			[]string{"+86 139-0013 9000"}, nil},
		{"typed and chosen", staff.AccountList{Typed: "wei@example.com\nx", File: []byte("y\nlin@example.com")}, 2, nil,
			[]string{"2 x", "file 1 y"}},
	} {
		d := newDesk(t)
		d.victim("wei")
		d.victim("lin")
		id, err := d.staff.ListAccounts(t.Context(), d.ann.Caller, freeze, test.list, d.time())
		if err != nil {
			t.Errorf("%s: got %v", test.what, err)
			continue
		}
		info := d.look(id)
		var unread []string
		for _, l := range info.Unread {
			where := ""
			if l.File {
				where = "file "
			}
			unread = append(unread, fmt.Sprintf("%s%d %s", where, l.Line, l.Text))
		}
		if info.Count != test.count || !slices.Equal(info.Unknown, test.unknown) ||
			!slices.Equal(unread, test.unread) ||
			info.Unreads != len(test.unread) {
			t.Errorf("%s: got %d accounts, unknown %q, unread %q (%d); want %d, %q, %q", test.what, info.Count,
				info.Unknown,
				unread, info.Unreads, test.count, test.unknown, test.unread)
		}
	}
}

// A file that is no text is refused as such, and a list that names nobody as that, whatever stands in it.
func TestListsThatAreNone(t *testing.T) {
	d := newDesk(t)
	for _, test := range []struct {
		what string
		file []byte
		code auth.Code
	}{
		{"a workbook", []byte("PK\x03\x04\x14\x00\x06\x00wei@example.com"), auth.ListNotText},
		{"a picture", []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), auth.ListNotText},
		{"the mark of UTF-16 alone", []byte("\xff\xfe"), auth.AccountsMissing},
		{"half a sign of it", []byte("\xff\xfea"), auth.AccountsMissing},
		{"empty", nil, auth.AccountsMissing},
		{"a heading alone", []byte("e-mail\n"), auth.AccountsMissing},
		{"more than one response reaches", bytes.Repeat([]byte("no@example.com\n"), 11), auth.TooManyAccounts},
	} {
		_, err := d.staff.ListAccounts(t.Context(), d.ann.Caller, freeze, staff.AccountList{File: test.file}, d.time())
		wantCode(t, test.what, err, test.code)
	}
}

// Only the first lines that could not be read are kept; they are all counted.
func TestManyLinesThatCannotBeRead(t *testing.T) {
	d := newDesk(t)
	d.victim("wei")
	id, err := d.staff.ListAccounts(t.Context(), d.ann.Caller, freeze,
		staff.AccountList{File: []byte("wei@example.com\n" + strings.Repeat("x\n", 60))}, d.time())
	if err != nil {
		t.Fatal(err)
	}
	if info := d.look(id); len(info.Unread) != 50 || info.Unreads != 60 {
		t.Errorf("got %d lines of %d, want 50 of 60", len(info.Unread), info.Unreads)
	}
}
