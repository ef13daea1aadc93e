// Package badge is a factor that is not built in: the number on a staff badge
// and a count that its owner raises with every use. Tests add it to a site to
// show what a new factor takes: this package, its row, and its texts.
package badge

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// Kind is the kind of badges.
const Kind auth.Kind = "badge"

// Texts are its words in both languages.
//
//go:embed texts/*.json
var Texts embed.FS

// Row is all that is said of it elsewhere.
func Row() auth.Method {
	return auth.Method{Kind: Kind, Input: auth.KeyCode, On: []auth.DeviceKind{auth.Paper},
		Worth: auth.MethodPolicy{WithPassword: 2, Phishable: true, Class: auth.Strong, Backup: true,
			Guessable: true, AMR: "otp"},
		Face: auth.Face{Way: "badge", Icon: "list"}}
}

// A Factor serves badges.
type Factor struct{}

// data is what is kept of a badge: its number, and the last count.
type data struct {
	Number string
	Last   int
}

// Kind returns Kind.
func (Factor) Kind() auth.Kind { return Kind }

// BeginBind has nothing to show.
func (Factor) BeginBind(c *auth.Ceremony, _ auth.Subject) error {
	c.Prompt = json.RawMessage(`{}`)
	return nil
}

// FinishBind takes a first code.
func (Factor) FinishBind(_ *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	d, err := read(response)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(d)
	return &auth.Authenticator{Kind: Kind, Data: raw}, err
}

// BeginVerify asks for a code.
func (Factor) BeginVerify(c *auth.Ceremony, _ []*auth.Authenticator) error {
	c.Prompt = json.RawMessage(`{}`)
	return nil
}

// FinishVerify takes a code of one of the badges, higher than the last.
func (Factor) FinishVerify(_ *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	d, err := read(response)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		var kept data
		if err := json.Unmarshal(x.Data, &kept); err != nil {
			return nil, fmt.Errorf("reading a badge: %w", err)
		}
		if kept.Number != d.Number {
			continue
		}
		if d.Last <= kept.Last {
			return nil, auth.RefuseField(auth.CodeUsed, "code")
		}
		changed := *x
		changed.Data, err = json.Marshal(d)
		return &changed, err
	}
	return nil, auth.RefuseField(auth.CodeWrong, "code")
}

// read takes a code such as QUAY-7.
func read(response json.RawMessage) (data, error) {
	var r auth.CodeResponse
	if err := json.Unmarshal(response, &r); err != nil {
		return data{}, errors.New("reading a code")
	}
	number, count, _ := strings.Cut(r.Code, "-")
	n, err := strconv.Atoi(count)
	if err != nil || len(number) != 4 {
		return data{}, auth.RefuseField(auth.CodeMalformed, "code")
	}
	return data{number, n}, nil
}
