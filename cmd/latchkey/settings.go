package main

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// A layer lays what one place says over the settings.
type layer func(c *Config) error

// fileLayer reads a YAML file. Keys are split at nothing: a header may have a dot in its name.
func fileLayer(path string) (layer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, misuse("reading %s: %s", path, err)
	}
	var document, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(b))
	err = documents.Decode(&document)
	if err == nil {
		if err = documents.Decode(&second); err == nil {
			return nil, misuse("reading %s: line %d begins a second document, and only one is read", path, second.Line)
		}
	}
	if !errors.Is(err, io.EOF) { // nor an empty file
		return nil, misuse("reading %s: %s", path, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return func(c *Config) error {
		var r reading
		for _, top := range document.Content { // none if the file is empty
			r.fill(reflect.ValueOf(c).Elem(), top, "")
		}
		return r.misuse(path)
	}, nil
}

// textLayer is a layer of lines: values has them by the path of the setting.
func textLayer(name string, values map[string]string) layer {
	return func(c *Config) error {
		var r reading
		for _, path := range slices.Sorted(maps.Keys(values)) {
			v := reflect.ValueOf(c).Elem()
			for name := range strings.SplitSeq(path, ".") {
				v = v.FieldByName(name)
			}
			if !setText(v, values[path]) {
				r.fault(0, "key %s: %s", strings.ToLower(path), wanted(v.Type()))
			}
		}
		return r.misuse(name)
	}
}

// textValues sorts names and values by the paths of the settings that the names mean; the others are unknown.
func textValues(names map[string]string) (values map[string]string, unknown []string) {
	known := map[string]string{}
	for _, path := range settings(reflect.TypeFor[Config](), "") {
		known[plainName(strings.ReplaceAll(path, ".", ""))] = path
	}
	values = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if path, ok := known[plainName(name)]; ok {
			values[path] = names[name]
		} else {
			unknown = append(unknown, name)
		}
	}
	return values, unknown
}

// envLayer reads the environment variables that mean a setting. ignored are those that begin like ours and do not.
func envLayer(environ []string) (l layer, ignored []string) {
	names := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if rest, ours := strings.CutPrefix(name, envPrefix); ours && rest != "CONFIG" {
			names[rest] = value
		}
	}
	values, unknown := textValues(names)
	for _, name := range unknown {
		ignored = append(ignored, envPrefix+name)
	}
	return textLayer("environment", values), ignored
}

// A reading goes over one layer and gathers its faults. It never tells a value: it may be a password.
type reading struct{ faults []string }

func (r *reading) fault(line int, format string, args ...any) {
	where := ""
	if line > 0 {
		where = fmt.Sprintf("line %d: ", line)
	}
	r.faults = append(r.faults, where+fmt.Sprintf(format, args...))
}

// misuse is all faults in one line.
func (r *reading) misuse(layer string) error {
	if len(r.faults) == 0 {
		return nil
	}
	return misuse("%s: %s", layer, strings.Join(r.faults, "; "))
}

// fill reads a node into the setting at path.
func (r *reading) fill(v reflect.Value, n *yaml.Node, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	_, textual := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch kind := v.Kind(); {
	case n.ShortTag() == "!!null": // as if it were not there
	case kind == reflect.Struct && !textual && n.Kind == yaml.MappingNode:
		r.fields(v, n, path)
	case kind == reflect.Map && n.Kind == yaml.MappingNode:
		r.entries(v, n, path)
	case kind == reflect.Slice && n.Kind == yaml.SequenceNode:
		list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
		for i, entry := range n.Content {
			r.fill(list.Index(i), entry, fmt.Sprintf("%s[%d]", path, i))
		}
		v.Set(list)
	case n.Kind != yaml.ScalarNode || kind == reflect.Slice && !textual,
		!fits(v, n.ShortTag()) || !setText(v, n.Value):
		if path == "" {
			path = "of the whole file"
		}
		r.fault(n.Line, "key %s: %s", path, wanted(v.Type()))
	}
}

// fields reads what a mapping says into the fields of a struct.
func (r *reading) fields(v reflect.Value, n *yaml.Node, path string) {
	if path != "" {
		path += "."
	}
	set := map[string]bool{}
	r.members(n, func(name string, line int, value *yaml.Node) {
		f, ok := v.Type().FieldByNameFunc(func(field string) bool { return plainName(field) == plainName(name) })
		here := path + strings.ToLower(f.Name)
		switch {
		case !ok || !f.IsExported():
			r.fault(line, "unknown key %s", path+strings.ToLower(name))
		case isWired(here):
			r.fault(line, "unknown key %s", here)
		case set[here]:
			r.fault(line, "key %s: set twice", here)
		default:
			set[here] = true
			r.fill(v.FieldByIndex(f.Index), value, here)
		}
	})
}

// entries reads what a mapping says into a map.
func (r *reading) entries(v reflect.Value, n *yaml.Node, path string) {
	made := reflect.MakeMap(v.Type())
	r.members(n, func(name string, line int, value *yaml.Node) {
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if !setText(k, name) {
			r.fault(line, "key %s: not the name of an entry", path)
			return
		}
		r.fill(e, value, path+"["+name+"]")
		made.SetMapIndex(k, e)
	})
	v.Set(made)
}

// members calls f with all members of a mapping in their order, those of merged mappings (<<) with them.
func (r *reading) members(n *yaml.Node, f func(name string, line int, value *yaml.Node)) {
	var all map[string]yaml.Node
	if err := n.Decode(&all); err != nil {
		var bad *yaml.TypeError // a name twice
		if errors.As(err, &bad) {
			r.faults = append(r.faults, bad.Errors...)
		} else {
			r.fault(n.Line, "%s", err)
		}
		return
	}
	lines := map[string]int{}
	for name, value := range all {
		lines[name] = value.Line
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; lines[key.Value] > 0 {
			lines[key.Value] = key.Line
		}
	}
	names := slices.Sorted(maps.Keys(all))
	slices.SortStableFunc(names, func(a, b string) int { return lines[a] - lines[b] })
	for _, name := range names {
		value := all[name]
		f(name, lines[name], &value)
	}
}

// fits reports whether a value that YAML takes for a tag can be meant for v. Text alone is text: a number for a
// length of time would be one of nanoseconds, and a version 1.10 would be 1.1.
func fits(v reflect.Value, tag string) bool {
	switch k := v.Kind(); {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return tag == "!!str"
	case k == reflect.Bool:
		return tag == "!!bool"
	case v.CanInt():
		return tag == "!!int"
	case v.CanFloat():
		return tag == "!!int" || tag == "!!float"
	}
	return tag == "!!str"
}

// setText reads text into v and reports whether it could. Entries of a list have commas between them.
func setText(v reflect.Value, text string) bool {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text)) == nil
	}
	switch to := v.Addr().Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(text)
		*to = d
		return err == nil
	case **time.Location:
		zone, err := time.LoadLocation(text)
		*to = zone
		return err == nil
	}
	switch k := v.Kind(); {
	case k == reflect.String:
		v.SetString(text)
		return true
	case k == reflect.Slice:
		return setList(v, text)
	case text == "":
		v.SetZero()
		return true
	}
	return setNumber(v, text)
}

func setList(v reflect.Value, text string) bool {
	var entries []string
	if text != "" {
		entries = strings.Split(text, ",")
	}
	list := reflect.MakeSlice(v.Type(), len(entries), len(entries))
	for i, entry := range entries {
		if !setText(list.Index(i), strings.TrimSpace(entry)) {
			return false
		}
	}
	v.Set(list)
	return true
}

func setNumber(v reflect.Value, text string) bool {
	switch {
	case v.Kind() == reflect.Bool:
		is, err := strconv.ParseBool(text)
		v.SetBool(is)
		return err == nil
	case v.CanInt():
		n, err := strconv.ParseInt(text, 0, v.Type().Bits())
		v.SetInt(n)
		return err == nil
	case v.CanFloat():
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(n)
		return err == nil
	}
	return false
}

// wanted says what a setting of type t is written as.
func wanted(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "want a length of time with its unit, such as 15m"
	case reflect.TypeFor[*time.Location]():
		return "want a time zone, such as Asia/Shanghai"
	case reflect.TypeFor[auth.Grade]():
		return "want one of bound, proved, L1, L1+, L2, L2+, L3, L3+"
	case reflect.TypeFor[web.Network](), reflect.TypeFor[web.Networks]():
		return "want addresses or networks, such as 10.0.0.0/8"
	}
	byKind := map[reflect.Kind]string{
		reflect.Bool:    "want true or false",
		reflect.Int:     "want a whole number",
		reflect.Int64:   "want a whole number",
		reflect.Float64: "want a number",
		reflect.String:  "want text, in quotes if it looks like something else",
		reflect.Slice:   "want a list",
		reflect.Map:     "want names and values",
		reflect.Struct:  "want names and values",
	}
	if s := byKind[t.Kind()]; s != "" {
		return s
	}
	return "cannot be read"
}
