package factortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// refused says what is wrong with an answer that should be a refusal with one
// of the codes (any code if there are none) and, unless stores, without an
// authenticator.
func refused(a *auth.Authenticator, err error, stores bool, codes ...auth.Code) error {
	var refusal *auth.Error
	switch {
	case err == nil:
		return errors.New("got success, want a refusal")
	case !errors.As(err, &refusal):
		return fmt.Errorf("got the failure %q, want a refusal", err)
	case a != nil && !stores:
		return fmt.Errorf("got an authenticator beside the refusal %s, want none", refusal.Code)
	case len(codes) > 0 && !slices.Contains(codes, refusal.Code):
		return fmt.Errorf("got the refusal %s, want one of %v", refusal.Code, codes)
	}
	return nil
}

// notPassed says what is wrong with an answer that may be a refusal or a
// failure but never success.
func notPassed(a *auth.Authenticator, err error, stores bool) error {
	if err == nil {
		return errors.New("got success, want an error")
	}
	if a != nil && !stores {
		return errors.New("got an authenticator beside an error, want none")
	}
	return nil
}

// unreadable are responses that no kind can read. The huge ones are as large
// as a request may be (64 KiB).
func unreadable() map[string]json.RawMessage {
	return map[string]json.RawMessage{
		"nothing":        nil,
		"blank":          []byte("  "),
		"null":           []byte(`null`),
		"number":         []byte(`123456`),
		"string":         []byte(`"123456"`),
		"list":           []byte(`[]`),
		"empty":          []byte(`{}`),
		"cut":            []byte(`{"code":"123`),
		"not JSON":       []byte("\x00\xff\xfe"),
		"null member":    []byte(`{"code":null}`),
		"number member":  []byte(`{"code":123456}`),
		"list member":    []byte(`{"code":["123456"]}`),
		"object member":  []byte(`{"code":{"code":"123456"}}`),
		"odd case":       []byte(`{"Code":"123456"}`),
		"trailing":       []byte(`{"code":"123456"}{"code":"123456"}`),
		"twice":          []byte(`{"code":"123456","code":"123456"}`),
		"unknown member": []byte(`{"code":"123456","admin":true}`),
		"huge":           []byte(`{"code":"` + strings.Repeat("1", 64<<10) + `"}`),
		"huge blank":     []byte(`{"code":"` + strings.Repeat(" ", 64<<10) + `"}`),
		"deep":           []byte(strings.Repeat(`{"code":`, 8<<10) + `1` + strings.Repeat("}", 8<<10)),
		"wide":           []byte(`{"code":"x"` + strings.Repeat(`,"a":1`, 8<<10) + `}`),
	}
}

// bent returns variants of a right response in which one member is missing or
// is of another type.
func bent(res json.RawMessage) ([]json.RawMessage, error) {
	var whole map[string]any
	if err := json.Unmarshal(res, &whole); err != nil {
		return nil, fmt.Errorf("reading the claimant's response: %w", err)
	}
	var out []json.RawMessage
	var failed error
	emit := func() {
		text, err := json.Marshal(whole)
		failed = errors.Join(failed, err)
		out = append(out, text)
	}
	var walk func(m map[string]any)
	walk = func(m map[string]any) {
		for k, v := range m {
			if inner, ok := v.(map[string]any); ok {
				walk(inner)
			}
			for _, w := range []any{nil, 7, -1.5e300, "", "\u0000", []any{}, map[string]any{}, true,
				strings.Repeat("A", 60<<10)} {
				m[k] = w
				emit()
			}
			delete(m, k)
			emit()
			m[k] = v
		}
	}
	walk(whole)
	return out, failed
}

// shape returns the structure of a JSON text: names and types, not values.
// Lists show the shapes of their elements, each once.
func shape(text json.RawMessage) (string, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return "", fmt.Errorf("reading a prompt: %w", err)
	}
	return shapeOf(v), nil
}

func shapeOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for k, e := range v {
			parts = append(parts, k+":"+shapeOf(e))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, shapeOf(e))
		}
		slices.Sort(parts)
		return "[" + strings.Join(slices.Compact(parts), ",") + "]"
	default:
		return fmt.Sprintf("%T", v)
	}
}

// text returns v as JSON, for comparisons.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("cannot be marshalled: %v", err)
	}
	return string(b)
}

// verdict writes down everything that a Finish answered.
func verdict(c *auth.Ceremony, a *auth.Authenticator, err error) string {
	var refusal *auth.Error
	said := fmt.Sprint(err)
	if errors.As(err, &refusal) {
		said = text(refusal)
	}
	return fmt.Sprintf("%s %s uv=%t", text(a), said, c.UserVerified)
}

// clones returns a deep copy of a list.
func clones(list []*auth.Authenticator) []*auth.Authenticator {
	var out []*auth.Authenticator
	for _, a := range list {
		b := *a
		b.Data = bytes.Clone(a.Data)
		b.Traits.Channels = slices.Clone(a.Traits.Channels)
		out = append(out, &b)
	}
	return out
}
