package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	syntax "text/template/parse"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Fields is what the templates of a Gateway see.
type Fields struct {
	To        string // E.164 number or address: raw, for the gateway to read
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
	Template  string // what the message says: code, reset, change …; see auth.Message
	Purpose   string // of a code: sign-in, bind, step-up
	Minutes   string // how long a code is good
	Site      string // the site's name
	Signature string // the name that texts are signed with, as it is registered
}

// of returns what the templates see of m; those of the gateway are set already.
func (f Fields) of(m auth.Message, t Text, now time.Time) Fields {
	f.To = string(m.Recipient)
	f.Text = t.Body
	f.Subject = t.Subject
	f.HTML = t.HTML
	f.Code, f.Label = m.Args["code"], m.Label
	f.Digits = strings.Join(strings.Split(f.Code, ""), ", ")
	f.ID = m.ID
	f.Language = m.Language
	f.Channel = string(m.Channel)
	f.Template = m.Template
	f.Purpose = m.Args["purpose"]
	f.Minutes = m.Args["minutes"]
	f.Timestamp = strconv.FormatInt(now.Unix(), 10)
	return f
}

// value returns the field of that name, and whether there is one.
func (f Fields) value(name string) (string, bool) {
	v := reflect.ValueOf(f).FieldByName(name)
	if !v.IsValid() {
		return "", false
	}
	return v.String(), true
}

// sometimes lists the fields that a channel's messages need not have. A mail
// may carry no code; texts and calls have neither subject nor HTML.
func sometimes(c auth.Channel) []string {
	if c == auth.Mail {
		return []string{"Code", "Digits", "Label", "Purpose", "Minutes"}
	}
	return []string{"Subject", "HTML"}
}

// used lists the fields of t: all of them, and those that are needed, since no
// condition stands before them.
func used(t *template.Template) (all, needed []string) {
	var walk func(n syntax.Node, sure bool)
	list := func(n *syntax.ListNode, sure bool) {
		if n != nil {
			for _, one := range n.Nodes {
				walk(one, sure)
			}
		}
	}
	branch := func(b *syntax.BranchNode) {
		walk(b.Pipe, false)
		list(b.List, false)
		list(b.ElseList, false)
	}
	walk = func(n syntax.Node, sure bool) {
		switch n := n.(type) {
		case *syntax.FieldNode:
			all = append(all, n.Ident[0])
			if sure {
				needed = append(needed, n.Ident[0])
			}
		case *syntax.VariableNode:
			if n.Ident[0] == "$" && len(n.Ident) > 1 {
				walk(&syntax.FieldNode{Ident: n.Ident[1:]}, sure)
			}
		case *syntax.ListNode:
			list(n, sure)
		case *syntax.ActionNode:
			walk(n.Pipe, sure)
		case *syntax.PipeNode:
			for _, c := range n.Cmds {
				walk(c, sure)
			}
		case *syntax.CommandNode:
			for _, a := range n.Args {
				walk(a, sure)
			}
		case *syntax.IfNode:
			branch(&n.BranchNode)
		case *syntax.WithNode:
			branch(&n.BranchNode)
		case *syntax.RangeNode:
			branch(&n.BranchNode)
		}
	}
	if t.Tree != nil {
		walk(t.Root, true)
	}
	return all, needed
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

// hostile sets the fields so that they break every template which forgets to
// escape: a seller's name or a translation may hold any of these characters.
func (f Fields) hostile() Fields {
	const bad = "\"quoted\" \\ back\nline 验证码 %zz &injected=1#x <b>"
	m := auth.Message{ID: "id-1", Recipient: "+10000000000", Channel: auth.SMS, Language: "zh-CN", Label: "K7",
		Template: auth.TemplateCode, Args: map[string]string{"code": "407123", "purpose": string(auth.ForSignIn),
			"minutes": "5"}}
	return f.of(m, Text{Body: bad, Subject: bad, HTML: bad}, time.Time{})
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
