package conform

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// A jsonPath is a place in a JSON document, in the part of JSONPath (RFC 9535) that names one place only:
//
//	$            the whole document
//	.name        a member
//	['na.me']    a member whose name is not a word; "..." serves too
//	[2]          an element, counted from 0; from the end when negative
type jsonPath struct {
	text  string
	steps []any // string: a member; int: an element
}

// parsePath reads a path; errors tell what was expected.
func parsePath(text string) (jsonPath, error) {
	p := jsonPath{text: text}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return p, fmt.Errorf("path %q: want $ at the beginning", text)
	}
	for rest != "" {
		var step any
		var err error
		switch {
		case rest[0] == '.':
			step, rest, err = memberStep(rest[1:])
		case rest[0] == '[':
			step, rest, err = bracketStep(rest[1:])
		default:
			err = fmt.Errorf("want . or [ before %q", rest)
		}
		if err != nil {
			return p, fmt.Errorf("path %q: %w", text, err)
		}
		p.steps = append(p.steps, step)
	}
	return p, nil
}

func memberStep(rest string) (any, string, error) {
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	name := rest[:end]
	if name == "" || name == "*" || strings.ContainsAny(name, " '\"]()?@*") {
		return nil, "", fmt.Errorf("want a name instead of %q", name)
	}
	return name, rest[end:], nil
}

func bracketStep(rest string) (any, string, error) {
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		end := strings.Index(rest[1:], rest[:1]+"]")
		if end < 0 {
			return nil, "", fmt.Errorf("want %s] at the end", rest[:1])
		}
		return rest[1 : end+1], rest[end+3:], nil
	}
	inside, rest, ok := strings.Cut(rest, "]")
	index, err := strconv.Atoi(inside)
	if !ok || err != nil {
		return nil, "", fmt.Errorf("want ['name'] or [number] instead of %q", inside)
	}
	return index, rest, nil
}

// find returns what lies there; ok is false when there is nothing.
func (p jsonPath) find(document any) (found any, ok bool) {
	for _, step := range p.steps {
		switch step := step.(type) {
		case string:
			object, _ := document.(map[string]any)
			if document, ok = object[step]; !ok {
				return nil, false
			}
		case int:
			list, _ := document.([]any)
			if step < 0 {
				step += len(list)
			}
			if step < 0 || step >= len(list) {
				return nil, false
			}
			document = list[step]
		}
	}
	return document, true
}

// findText returns what lies there as text: a string as it is, anything else as JSON; empty when there is nothing.
func (p jsonPath) findText(document any) string {
	found, ok := p.find(document)
	if !ok || found == nil {
		return ""
	}
	if s, ok := found.(string); ok {
		return s
	}
	out, err := json.Marshal(found)
	if err != nil {
		return ""
	}
	return string(out)
}
