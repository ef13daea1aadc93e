package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/latchkey-auth/latchkey/ident"
)

// maxResponse bounds the response of a typed factor, in bytes: room for a whole
// message that was pasted for its code.
const maxResponse = 512

// ReadMember returns the one member, name, of a response. Factors turn its error
// into their refusal.
func ReadMember(response json.RawMessage, name string) (json.Token, error) {
	values, err := readMembers(response, name)
	return values[name], err
}

// readMembers returns the members of a response: these, in any order, and no
// other. It reads token by token: encoding/json alone would take a member
// twice, in odd case, or with something after it.
func readMembers(response json.RawMessage, names ...string) (map[string]json.Token, error) {
	if len(response) > maxResponse {
		return nil, errors.New("response is too long")
	}
	dec := json.NewDecoder(bytes.NewReader(response))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not the shape of a response")
	}
	values := map[string]json.Token{}
	for range names {
		got, err := dec.Token()
		name, _ := got.(string)
		if _, twice := values[name]; err != nil || twice || !slices.Contains(names, name) {
			return nil, errors.New("not the members of a response")
		}
		if values[name], err = dec.Token(); err != nil {
			return nil, err
		}
	}
	if end, err := dec.Token(); err != nil || end != json.Delim('}') {
		return nil, errors.New("not the shape of a response")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than a response")
	}
	return values, nil
}

// ReadPair returns what was typed into a PairResponse, without what people add
// to codes. Refuses CodeMalformed.
func ReadPair(response json.RawMessage) (code, second string, err error) {
	values, err := readMembers(response, "code", "second")
	if err != nil {
		return "", "", RefuseField(CodeMalformed, "code")
	}
	for _, of := range []struct {
		name string
		to   *string
	}{{"code", &code}, {"second", &second}} {
		text, ok := values[of.name].(string)
		if !ok {
			return "", "", RefuseField(CodeMalformed, of.name)
		}
		*of.to = ident.CleanCode(text)
	}
	return code, second, nil
}

// ReadCode returns what was typed into a CodeResponse, without what people add
// to codes. Refuses CodeMalformed.
func ReadCode(response json.RawMessage) (string, error) {
	text, err := readCode(response)
	return ident.CleanCode(text), err
}

// ReadDigits is ReadCode for a code of n digits that comes in a message: the whole
// message may have been pasted. What it returns may still be no such code.
func ReadDigits(response json.RawMessage, n int) (string, error) {
	text, err := readCode(response)
	return ident.DigitsIn(text, n), err
}

func readCode(response json.RawMessage) (string, error) {
	value, err := ReadMember(response, "code")
	text, ok := value.(string)
	if err != nil || !ok {
		return "", RefuseField(CodeMalformed, "code")
	}
	return text, nil
}
