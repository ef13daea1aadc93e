package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/latchkey-auth/latchkey/ident"
)

// maxResponse bounds the response of a typed factor, in bytes: room for a whole
// message that was pasted for its code.
const maxResponse = 512

// ReadMember returns the one member, name, of a response. It reads token by
// token: encoding/json alone would take a member twice, in odd case, or with
// something after it. Factors turn its error into their refusal.
func ReadMember(response json.RawMessage, name string) (json.Token, error) {
	if len(response) > maxResponse {
		return nil, errors.New("response is too long")
	}
	dec := json.NewDecoder(bytes.NewReader(response))
	var value json.Token
	for i, want := range []json.Token{json.Delim('{'), name, nil, json.Delim('}')} {
		got, err := dec.Token()
		if err != nil {
			return nil, err
		}
		if i == 2 {
			value = got
		} else if got != want {
			return nil, errors.New("not the shape of a response")
		}
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than a response")
	}
	return value, nil
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
