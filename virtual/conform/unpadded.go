package conform

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Unpadded returns options as navigator.credentials reads them, with the byte strings of a server that writes them in
// another base64 (padded, or in the plain alphabet) rewritten: its own page would decode them before it asks the
// browser. Options that need nothing, or cannot be read, are returned as they are.
func Unpadded(options []byte) []byte {
	object, ok := rawObject(options)
	if !ok {
		return options
	}
	changed := false
	if inside, ok := rawObject(object["publicKey"]); ok {
		changed = unpad(inside)
		object["publicKey"] = encodeRaw(inside)
	} else {
		changed = unpad(object)
	}
	if !changed {
		return options
	}
	return encodeRaw(object)
}

func rawObject(text []byte) (map[string]json.RawMessage, bool) {
	var out map[string]json.RawMessage
	err := json.Unmarshal(text, &out)
	return out, err == nil && out != nil
}

func encodeRaw(v any) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		return nil // never: it is made of what was read
	}
	return out
}

// unpad rewrites the byte strings of options, and reports whether there was one to rewrite.
func unpad(options map[string]json.RawMessage) bool {
	changed := unpadMember(options, "challenge")
	if user, ok := rawObject(options["user"]); ok && unpadMember(user, "id") {
		options["user"], changed = encodeRaw(user), true
	}
	for _, name := range []string{"excludeCredentials", "allowCredentials"} {
		var list []map[string]json.RawMessage
		if json.Unmarshal(options[name], &list) != nil {
			continue
		}
		any := false
		for _, descriptor := range list {
			any = unpadMember(descriptor, "id") || any
		}
		if any {
			options[name], changed = encodeRaw(list), true
		}
	}
	return changed
}

func unpadMember(object map[string]json.RawMessage, name string) bool {
	var text string
	if json.Unmarshal(object[name], &text) != nil {
		return false
	}
	plain := strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
	if _, err := base64.RawURLEncoding.DecodeString(plain); err != nil || plain == text {
		return false
	}
	object[name] = encodeRaw(plain)
	return true
}
