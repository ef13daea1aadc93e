package inventory

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file reads key containers of RFC 6030. Everything is read into lists, so that what stands twice is seen.

const spacePSKC = "urn:ietf:params:xml:ns:keyprov:pskc"

type xmlPackage struct {
	Device []struct {
		Manufacturer, SerialNo, Model, StartDate, ExpiryDate []string
	} `xml:"DeviceInfo"`
	Key []xmlKey
}

type xmlKey struct {
	Algorithm  string `xml:",attr"`
	Parameters []struct {
		Suite           []string
		ChallengeFormat []struct{}
		ResponseFormat  []struct {
			Length      string `xml:",attr"`
			Encoding    string `xml:",attr"`
			CheckDigits string `xml:",attr"`
		}
	} `xml:"AlgorithmParameters"`
	Data []struct {
		Secret, Counter, Time, TimeInterval, TimeDrift []xmlValue
	}
	Policy []xmlPolicy
}

type xmlPolicy struct {
	StartDate, ExpiryDate, KeyUsage []string
	PINPolicy                       []struct {
		PINUsageMode string `xml:",attr"`
	}
	Others []struct{ XMLName xml.Name } `xml:",any"`
}

type xmlValue struct {
	PlainValue     []string
	EncryptedValue []xmlEncrypted
	ValueMAC       []string
}

type xmlEncrypted struct {
	EncryptionMethod []struct {
		Algorithm string `xml:",attr"`
	}
	CipherData []struct{ CipherValue []string }
}

// A container is a file of RFC 6030 that is being read.
type container struct {
	in   *bounded
	d    *xml.Decoder
	keys Keys
	now  time.Time

	opener  opener
	started bool // a token has been read: what keys there are is settled
}

func newContainer(r io.Reader, k Keys, now time.Time) *container {
	in := newBounded(r)
	return &container{in: in, d: xml.NewDecoder(in), keys: k, now: now}
}

// fails is an error that ends the reading.
func (c *container) fails(err error) error {
	line, _ := c.d.InputPos()
	if c.in.long {
		err = ErrLong
	}
	if e := new(xml.SyntaxError); errors.As(err, &e) {
		err = errors.New(e.Msg)
	}
	return &FileError{Line: line, Why: err}
}

// element is the next element that begins on this level, nil at its end.
func (c *container) element() (*xml.StartElement, error) {
	c.in.next()
	for {
		t, err := c.d.Token()
		switch t := t.(type) {
		case xml.StartElement:
			return &t, nil
		case xml.EndElement:
			return nil, nil
		case xml.Directive: // of a document type: nothing here needs entities, and they can be made to harm
			return nil, c.fails(errors.New("a document type stands in it"))
		}
		if err != nil {
			return nil, c.fails(err)
		}
	}
}

// begin reads up to the first token.
func (c *container) begin() error {
	root, err := c.element()
	if err != nil {
		return err
	}
	if root == nil || root.Name.Local != "KeyContainer" || root.Name.Space != spacePSKC {
		return c.fails(errors.New("it is no key container of RFC 6030"))
	}
	for _, a := range root.Attr {
		if a.Name.Local == "Version" && a.Value != "1.0" {
			return c.fails(fmt.Errorf("it is of version %q, not 1.0", a.Value))
		}
	}
	return nil
}

// next is the next token; io.EOF after the last one.
func (c *container) next() (*Item, error) {
	for {
		e, err := c.element()
		if err != nil {
			return nil, err
		}
		if e == nil {
			return nil, c.end()
		}
		line, _ := c.d.InputPos()
		switch e.Name.Local {
		case "EncryptionKey", "MACMethod":
			err = c.takeKeys(e)
		case "KeyPackage":
			c.started = true
			var p xmlPackage
			if err := c.d.DecodeElement(&p, e); err != nil {
				return nil, c.fails(err)
			}
			if t, err := c.item(&p, line); t != nil || err != nil {
				return t, err
			}
		default:
			err = c.d.Skip()
		}
		if err != nil {
			return nil, c.fails(err)
		}
	}
}

// end is io.EOF, unless something stands behind the container: of two files made one the second would be lost unseen.
func (c *container) end() error {
	for {
		c.in.next()
		t, err := c.d.Token()
		if errors.Is(err, io.EOF) {
			return err
		}
		if err != nil {
			return c.fails(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			return c.fails(ErrBehind)
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return c.fails(ErrBehind)
			}
		}
	}
}

func (c *container) takeKeys(e *xml.StartElement) error {
	if c.started {
		return errors.New("keys stand behind what they open")
	}
	if e.Name.Local == "EncryptionKey" {
		var k xmlEncryptionKey
		if err := c.d.DecodeElement(&k, e); err != nil {
			return err
		}
		return c.opener.takeKey(&k, c.keys)
	}
	var m xmlMACMethod
	if err := c.d.DecodeElement(&m, e); err != nil {
		return err
	}
	return c.opener.takeMAC(&m)
}

// item is the token of a package, nil where the package is a PIN's: that of a token which stands elsewhere, and which
// its holder types into it.
func (c *container) item(p *xmlPackage, line int) (*Item, error) {
	t := &Item{Line: line}
	err := c.fill(t, p)
	if errors.Is(err, errNoToken) {
		return nil, nil
	}
	if err == nil {
		err = t.check(c.now)
	}
	if err != nil {
		return nil, &Fault{Line: line, Serial: printable(t.Serial), Why: err}
	}
	return t, nil
}

var errNoToken = errors.New("it is a PIN")

func (c *container) fill(t *Item, p *xmlPackage) error {
	if len(p.Device) > 1 || len(p.Key) > 1 {
		return ErrTwice
	}
	var dates [2][]string
	for _, d := range p.Device {
		var err error
		if t.Serial, err = only(d.SerialNo); err != nil {
			return err
		}
		maker, err1 := only(d.Manufacturer)
		model, err2 := only(d.Model)
		if err := errors.Join(err1, err2); err != nil {
			return ErrTwice
		}
		t.Maker = strings.TrimPrefix(maker, "oath.") // RFC 6030 §4.3.1: a prefix of OATH's list
		t.Model = model
		dates = [2][]string{d.StartDate, d.ExpiryDate}
	}
	if len(p.Key) == 0 {
		return ErrNoSecret
	}
	k := &p.Key[0]
	if strings.HasSuffix(k.Algorithm, ":pin") {
		return errNoToken
	}
	if t.Kind = kindOf(k.Algorithm); t.Kind == "" {
		return ErrKind
	}
	if err := c.allowed(t, k.Policy, dates); err != nil {
		return err
	}
	if err := t.parameters(k); err != nil {
		return err
	}
	return c.data(t, k)
}

// allowed reads what a policy lets a key do, and until when.
func (c *container) allowed(t *Item, list []xmlPolicy, device [2][]string) error {
	if len(list) > 1 {
		return ErrTwice
	}
	from, until := device[0], device[1]
	for _, p := range list {
		if len(p.Others) > 0 {
			return ErrPolicy
		}
		if len(p.KeyUsage) > 0 && !slices.Contains(p.KeyUsage, "OTP") {
			return ErrUsage
		}
		for _, pin := range p.PINPolicy {
			if pin.PINUsageMode != "Local" { // typed into the token, which then shows the code
				return ErrPIN
			}
		}
		from, until = append(from, p.StartDate...), append(until, p.ExpiryDate...)
	}
	for _, text := range from {
		at, err := date(text)
		if err != nil || c.now.Before(at) {
			return ErrDate
		}
	}
	for _, text := range until {
		at, err := date(text)
		if err != nil {
			return ErrDate
		}
		if t.Until.IsZero() || at.Before(t.Until) {
			t.Until = at
		}
	}
	return nil
}

// date reads an xs:dateTime, which may have no zone, or an xs:date.
func date(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, ErrDate
}

// parameters reads the form of the codes.
func (t *Item) parameters(k *xmlKey) error {
	t.Hash, t.Digits = "SHA1", 6
	if len(k.Parameters) > 1 {
		return ErrTwice
	}
	for _, p := range k.Parameters {
		suite, err := only(p.Suite)
		if err != nil || len(p.ResponseFormat) > 1 {
			return ErrTwice
		}
		if len(p.ChallengeFormat) > 0 {
			return ErrChallenge
		}
		t.Hash = hashOf(suite)
		for _, f := range p.ResponseFormat {
			if f.Encoding != "DECIMAL" && f.Encoding != "" || f.CheckDigits == "true" || f.CheckDigits == "1" {
				return ErrDigits
			}
			if t.Digits, err = strconv.Atoi(f.Length); err != nil {
				return ErrDigits
			}
		}
	}
	return nil
}

// data reads the secret and what moves.
func (c *container) data(t *Item, k *xmlKey) error {
	if len(k.Data) > 1 {
		return ErrTwice
	}
	if len(k.Data) == 0 || len(k.Data[0].Secret) == 0 {
		return ErrNoSecret
	}
	d := k.Data[0]
	if len(d.Secret) > 1 || len(d.Counter) > 1 || len(d.TimeInterval) > 1 || len(d.TimeDrift) > 1 || len(d.Time) > 1 {
		return ErrTwice
	}
	var err error
	if t.Secret, err = c.opener.open(d.Secret[0], true); err != nil {
		return err
	}
	read := func(list []xmlValue, otherwise int64, wrong error) (int64, error) {
		if len(list) == 0 {
			return otherwise, nil
		}
		n, err := c.number(list[0])
		if err != nil {
			return 0, errors.Join(wrong, err)
		}
		return n, nil
	}
	if t.Kind == HOTP {
		n, err := read(d.Counter, 0, ErrCounter)
		if err != nil || n < 0 {
			return ErrCounter
		}
		t.Counter = uint64(n)
		return nil
	}
	period, err1 := read(d.TimeInterval, 30, ErrPeriod)
	drift, err2 := read(d.TimeDrift, 0, ErrDrift)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if period != 30 && period != 60 {
		return ErrPeriod
	}
	if drift < -1000 || drift > 1000 {
		return ErrDrift
	}
	t.Period, t.Drift = time.Duration(period)*time.Second, int(drift)
	return nil
}

// number reads a number that stands in the clear, or encrypted as its bytes, the highest first.
func (c *container) number(v xmlValue) (int64, error) {
	if len(v.EncryptedValue) == 0 {
		text, err := only(v.PlainValue)
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(text, 10, 64)
	}
	raw, err := c.opener.open(v, false)
	if err != nil || len(raw) > 8 {
		return 0, errors.Join(ErrCounter, err)
	}
	n := binary.BigEndian.Uint64(append(make([]byte, 8-len(raw)), raw...))
	if n > 1<<53 {
		return 0, ErrCounter
	}
	return int64(n), nil
}

// only is the one text of a list, "" of none.
func only(list []string) (string, error) {
	if len(list) > 1 {
		return "", ErrTwice
	}
	if len(list) == 0 {
		return "", nil
	}
	return strings.TrimSpace(list[0]), nil
}

// unbase64 reads xs:base64Binary, in which blanks may stand anywhere.
func unbase64(text string) ([]byte, error) {
	text = strings.Join(strings.Fields(text), "")
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, ErrEncoding
	}
	return raw, nil
}

// printable is a serial number as a message may have it.
func printable(s string) string {
	if isPrinted(s) {
		return s
	}
	return ""
}
