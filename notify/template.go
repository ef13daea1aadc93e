package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Fields is what the templates of a Gateway see.
type Fields struct {
	To        string // E.164 number or address
	Text      string // the message in words
	Subject   string // of mail
	HTML      string // of mail
	Code      string // "" if the message carries none
	Digits    string // the code to be read aloud: "4, 0, 7"
	Label     string // which message counts, for example "K7"
	ID        string // the idempotency key
	Language  string // BCP 47
	Channel   string // sms, voice, email
	From      string // Gateway.From
	Secret    string // Signing.Secret, for gateways that want it in the body
	Timestamp string // Unix seconds
}

func fields(m auth.Message, t Text, from, secret string, now time.Time) Fields {
	code := m.Args["code"]
	return Fields{
		To: m.To, Text: t.Body, Subject: t.Subject, HTML: t.HTML,
		Code: code, Digits: strings.Join(strings.Split(code, ""), ", "), Label: m.Label,
		ID: m.ID, Language: m.Language, Channel: string(m.Channel),
		From: from, Secret: secret, Timestamp: strconv.FormatInt(now.Unix(), 10),
	}
}

// parse returns a template with the escaping functions: json (a quoted JSON
// string), form (of a query or form), url (one segment of a path).
func parse(name, text string) (*template.Template, error) {
	t, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{
		"json": jsonString,
		"form": url.QueryEscape,
		"url":  url.PathEscape,
	}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func jsonString(s string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func execute(t *template.Template, data any) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

// hostile returns fields that break every template which forgets to escape:
// a seller's name or a translation may hold any of these characters.
func hostile(from, secret string) Fields {
	const bad = "\"quoted\" \\ back\nline 验证码 %zz &injected=1#x <b>"
	return Fields{
		To: "+10000000000", Text: bad, Subject: bad, HTML: bad, Code: "407123", Digits: "4, 0, 7, 1, 2, 3",
		Label: "K7", ID: "id-1", Language: "zh-CN", Channel: "sms", From: from, Secret: secret, Timestamp: "1700000000",
	}
}

// branch follows a path such as "data.0.id" through decoded JSON.
func branch(v any, path string) (any, error) {
	if path == "" {
		return v, nil
	}
	for step := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(node) {
				return nil, fmt.Errorf("no element %q", path)
			}
			v = node[i]
		default:
			return nil, fmt.Errorf("no member %q", path)
		}
	}
	return v, nil
}

// pick returns the text of the number, string or boolean at path.
func pick(v any, path string) (string, bool) {
	v, err := branch(v, path)
	if err != nil {
		return "", false
	}
	switch leaf := v.(type) {
	case string:
		return leaf, true
	case json.Number:
		return leaf.String(), true
	case bool:
		return strconv.FormatBool(leaf), true
	}
	return "", false
}

// decode reads exactly one JSON value, numbers as they are written: a
// provider's id may have more digits than a float64.
func decode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("more than one value")
	}
	return v, nil
}

// reference returns a provider's id if it is fit to be stored and compared.
func reference(s string) (string, bool) {
	if s == "" || len(s) > 200 {
		return "", false
	}
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return "", false
		}
	}
	return s, true
}
