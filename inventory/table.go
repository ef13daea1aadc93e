package inventory

import (
	"bufio"
	"encoding/base32"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// This file reads tables of tokens, as shops and other services export them.

// An Encoding is how a table writes secrets.
type Encoding string

// The encodings; Told is to tell them apart by the whole file.
const (
	Told   Encoding = ""
	Hex    Encoding = "hex"
	Base32 Encoding = "base32"
)

// Valid reports whether it is one of them.
func (e Encoding) Valid() bool { return e == Told || e == Hex || e == Base32 }

// A column is what a field of a line is.
type column int

const (
	ignored column = iota
	colMaker
	colSerial
	colModel
	colSecret
	colKind
	colHash
	colDigits
	colPeriod
	colCounter
	colUntil
)

// columnOf reads a heading: letters alone count.
func columnOf(heading string) column {
	word := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	switch word {
	case "manufacturer", "maker", "vendor", "厂商", "制造商":
		return colMaker
	case "serial", "serialnumber", "serialno", "sn", "序列号":
		return colSerial
	case "model", "型号":
		return colModel
	case "secret", "secretkey", "seed", "key", "密钥", "种子":
		return colSecret
	case "type", "kind", "类型":
		return colKind
	case "hash", "algorithm", "算法":
		return colHash
	case "digits", "length", "responselength", "位数":
		return colDigits
	case "period", "interval", "timeinterval", "timestep", "周期", "时间间隔":
		return colPeriod
	case "counter", "计数器":
		return colCounter
	case "expiry", "expires", "expirydate", "有效期":
		return colUntil
	}
	return ignored
}

// A table is a file of lines that is being read.
type table struct {
	in      *bounded
	lines   *csv.Reader
	columns []column
	secrets Encoding
	now     time.Time
}

// newTable reads the line of headings.
func newTable(r io.Reader, secrets Encoding, now time.Time) (*table, error) {
	in := newBounded(r)
	first, err := in.r.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	heading, _, _ := strings.Cut(string(first), "\n")
	t := &table{in: in, lines: csv.NewReader(in), secrets: secrets, now: now}
	for _, comma := range ",;\t" {
		if strings.Count(heading, string(comma)) > strings.Count(heading, string(t.lines.Comma)) {
			t.lines.Comma = comma
		}
	}
	t.lines.FieldsPerRecord = -1
	t.lines.TrimLeadingSpace = true
	fields, err := t.lines.Read()
	if err != nil {
		return nil, ErrUnknownTable
	}
	seen := map[column]bool{}
	for _, f := range fields {
		c := columnOf(f)
		if c != ignored && seen[c] {
			return nil, errors.Join(ErrUnknownTable, ErrTwice)
		}
		seen[c] = true
		t.columns = append(t.columns, c)
	}
	if !seen[colSerial] || !seen[colSecret] {
		return nil, ErrUnknownTable
	}
	return t, nil
}

// row is the next line that is not empty: its number, and its fields by what they are.
func (t *table) row() (int, map[column]string, error) {
	for {
		t.in.next()
		fields, err := t.lines.Read()
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			return e.Line, nil, &Fault{Line: e.Line, Why: e.Err}
		}
		if t.in.long {
			err = ErrLong
		}
		if err != nil {
			return 0, nil, err
		}
		line, _ := t.lines.FieldPos(0)
		row := map[column]string{}
		for i, f := range fields {
			if f = strings.TrimSpace(f); i < len(t.columns) && f != "" {
				row[t.columns[i]] = f
			}
		}
		delete(row, ignored)
		if len(row) > 0 {
			return line, row, nil
		}
	}
}

// next is the next token; io.EOF after the last one.
func (t *table) next() (*Item, error) {
	line, row, err := t.row()
	if err != nil {
		return nil, err
	}
	x := &Item{Line: line, Maker: row[colMaker], Serial: row[colSerial], Model: row[colModel]}
	if err = x.fromRow(row, t.secrets); err == nil {
		err = x.check(t.now)
	}
	if err != nil {
		return nil, &Fault{Line: line, Serial: printable(x.Serial), Why: err}
	}
	return x, nil
}

// fromRow reads what describes a token.
func (t *Item) fromRow(row map[column]string, secrets Encoding) (err error) {
	if row[colSecret] == "" {
		return ErrNoSecret
	}
	if t.Secret, err = secrets.decode(row[colSecret]); err != nil {
		return err
	}
	t.Kind, t.Hash = TOTP, hashOf(row[colHash])
	if kind := kindOf(row[colHash]); kind != "" { // "algorithm" says in some exports what others call the type
		t.Kind, t.Hash = kind, "SHA1"
	}
	if word := row[colKind]; word != "" {
		t.Kind = kindOf(word)
	} else if row[colPeriod] == "" && row[colCounter] != "" {
		t.Kind = HOTP
	}
	number := func(c column, otherwise int64, wrong error) int64 {
		n, bad := strconv.ParseInt(row[c], 10, 64)
		if row[c] == "" {
			return otherwise
		}
		if bad != nil || n < 0 {
			err = errors.Join(err, wrong)
		}
		return n
	}
	t.Digits = int(number(colDigits, 6, ErrDigits))
	if t.Kind == HOTP {
		t.Counter = uint64(number(colCounter, 0, ErrCounter))
	} else {
		t.Period = time.Duration(min(number(colPeriod, 30, ErrPeriod), 3600)) * time.Second
	}
	if text := row[colUntil]; text != "" {
		var bad error
		if t.Until, bad = date(text); bad != nil {
			err = errors.Join(err, bad)
		}
	}
	return err
}

// decode reads a secret.
func (e Encoding) decode(text string) ([]byte, error) {
	text = bare(text)
	var raw []byte
	var err error
	if e == Hex {
		raw, err = hex.DecodeString(text)
	} else {
		raw, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	}
	if err != nil {
		return nil, ErrEncoding // the library's names a sign of the secret
	}
	return raw, nil
}

// without is a text without some signs.
func without(text, signs string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(signs, r) {
			return -1
		}
		return r
	}, text)
}

// bare is a secret without what people put between its signs.
func bare(text string) string {
	return strings.ToUpper(strings.TrimRight(without(text, " -:"), "="))
}

// encodingOf tells by every secret of a file whether they are hexadecimal or base32. Where each could be both, a file of
// one secret say, it is for whoever has the box to tell.
func encodingOf(r io.Reader, now time.Time) (Encoding, error) {
	t, err := newTable(r, Told, now)
	if err != nil {
		return Told, err
	}
	mayHex, may32 := true, true
	some := false
	for {
		_, row, err := t.row()
		if errors.Is(err, io.EOF) {
			break
		}
		if _, broken := errors.AsType[*Fault](err); broken {
			continue
		}
		if err != nil {
			return Told, err
		}
		secret := bare(row[colSecret])
		_, notHex := Hex.decode(secret)
		_, not32 := Base32.decode(secret)
		if notHex != nil && not32 != nil {
			continue // is refused by its line
		}
		some = true
		mayHex, may32 = mayHex && notHex == nil, may32 && not32 == nil
	}
	switch {
	case some && mayHex == may32:
		return Told, ErrUndecided
	case mayHex:
		return Hex, nil
	}
	return Base32, nil
}
