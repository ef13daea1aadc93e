package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/latchkey-auth/latchkey/ident"
)

// maxResponse bounds the response of a typed factor, in bytes: a code with its
// blanks is far shorter.
const maxResponse = 256

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
	value, err := ReadMember(response, "code")
	text, ok := value.(string)
	if err != nil || !ok {
		return "", RefuseField(CodeMalformed, "code")
	}
	return ident.CleanCode(text), nil
}
