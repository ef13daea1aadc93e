package server

import (
	"bytes"
	"io"
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what a person takes away: everything that the house holds about him, in one file.

func dataPages() []page {
	return []page{
		{path: "/security/data", who: enrolled, what: "data", uses: []string{"StepUp"}, get: dataPage},
		{path: "/security/data/file", who: enrolled, what: "data", uses: []string{"TakeData", "TakeHistory"},
			get:  toData,
			post: dataFile},
	}
}

func toData(x *request) error { return x.redirect("/security/data") }

func dataPage(x *request) error {
	if err := x.mayNow(auth.ActTakeData); err != nil {
		return err
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.OwnData{Frame: f})
}

// dataFile writes one object: what is held and, as its last member, the history, slice by slice.
func dataFile(x *request) error {
	d, err := x.s.service.TakeData(x.r.Context(), x.caller)
	if err != nil {
		return x.refuseTo("/security/data", err)
	}
	var held bytes.Buffer
	if err := plainJSON(&held).Encode(d); err != nil {
		return err
	}
	x.beginFile("application/json", "data.json")
	body := bytes.TrimSuffix(bytes.TrimSpace(held.Bytes()), []byte("}"))
	_, err = x.Write(append(body, `,"history":[`...))
	if err == nil {
		err = x.writeHistory("", &entryList{to: x})
	}
	if err == nil {
		_, err = io.WriteString(x, "]}\n")
	}
	if err != nil { // half of it must not look like the whole
		panic(http.ErrAbortHandler)
	}
	return nil
}

// An entryList is a history as the elements of an array.
type entryList struct {
	to    io.Writer
	count int
}

func (l *entryList) write(e assets.EntryWords) error {
	if l.count++; l.count > 1 {
		if _, err := io.WriteString(l.to, ","); err != nil {
			return err
		}
	}
	return entryLines{plainJSON(l.to)}.write(e)
}

func (l *entryList) flush() error { return nil }
