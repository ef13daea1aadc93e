package assets

import (
	"maps"
	"slices"
	"strings"
	"testing"
	tree "text/template/parse"
)

// A call is one use of a method of the canvas in a template: what it is called with.
type call struct {
	in     string // the template
	method string
	key    []string // of the text or part: its pieces in order, "" for one that is not known before
	names  []string // of the values that are given
}

// calls reads every Say and every Part in the templates.
func calls(t *testing.T) (all []call, uses map[string]map[string]bool) {
	t.Helper()
	pages, err := trees()
	if err != nil {
		t.Fatal(err)
	}
	uses = map[string]map[string]bool{}
	for _, page := range pages {
		uses[page.Name] = map[string]bool{}
		walk(page.Root, func(n tree.Node) {
			switch x := n.(type) {
			case *tree.VariableNode: // $.A.name
				if len(x.Ident) >= 3 && x.Ident[0] == "$" && x.Ident[1] == "A" {
					uses[page.Name][x.Ident[2]] = true
				}
			case *tree.CommandNode:
				if c, ok := callOf(page.Name, x); ok {
					all = append(all, c)
				}
			}
		})
	}
	return all, uses
}

// trees returns the parsed templates by name, those of the language itself apart.
func trees() ([]*tree.Tree, error) {
	set, err := parse()
	if err != nil {
		return nil, err
	}
	var all []*tree.Tree
	for _, t := range set.Templates() {
		if t.Tree != nil {
			all = append(all, t.Tree)
		}
	}
	return all, nil
}

func callOf(in string, x *tree.CommandNode) (call, bool) {
	v, ok := x.Args[0].(*tree.VariableNode)
	if !ok || len(v.Ident) != 2 || v.Ident[1] != "Say" && v.Ident[1] != "Part" || len(x.Args) < 2 {
		return call{}, false
	}
	c := call{in: in, method: v.Ident[1], key: pieces(x.Args[1])}
	for i := 2; i < len(x.Args); i += 2 {
		if s, ok := x.Args[i].(*tree.StringNode); ok {
			c.names = append(c.names, s.Text)
		}
	}
	return c, true
}

// pieces are the parts of a key: a literal, or what print joins.
func pieces(n tree.Node) []string {
	switch x := n.(type) {
	case *tree.StringNode:
		return []string{x.Text}
	case *tree.PipeNode:
		if cmd := x.Cmds[0]; len(x.Cmds) == 1 && cmd.Args[0].String() == "print" {
			var all []string
			for _, a := range cmd.Args[1:] {
				all = append(all, pieces(a)...)
			}
			return all
		}
	}
	return []string{""}
}

// walk calls f with every node.
func walk(n tree.Node, f func(tree.Node)) {
	if n == nil {
		return
	}
	f(n)
	branch := func(b *tree.BranchNode) {
		walk(b.Pipe, f)
		walk(b.List, f)
		if b.ElseList != nil {
			walk(b.ElseList, f)
		}
	}
	switch x := n.(type) {
	case *tree.ListNode:
		for _, c := range x.Nodes {
			walk(c, f)
		}
	case *tree.ActionNode:
		walk(x.Pipe, f)
	case *tree.TemplateNode:
		if x.Pipe != nil {
			walk(x.Pipe, f)
		}
	case *tree.PipeNode:
		for _, c := range x.Cmds {
			walk(c, f)
		}
	case *tree.CommandNode:
		for _, a := range x.Args {
			walk(a, f)
		}
	case *tree.ChainNode:
		walk(x.Node, f)
	case *tree.IfNode:
		branch(&x.BranchNode)
	case *tree.RangeNode:
		branch(&x.BranchNode)
	case *tree.WithNode:
		branch(&x.BranchNode)
	}
}

// keys are the texts that a call may mean. One that is said whole somewhere is not put together elsewhere.
func (c *call) keys(texts *Texts, whole map[string]bool) []string {
	if len(c.key) == 1 && c.key[0] != "" {
		return []string{c.key[0]}
	}
	first, last := c.key[0], c.key[len(c.key)-1]
	if first == "" {
		return nil // all of it comes from elsewhere
	}
	var all []string
	for _, key := range texts.Keys() {
		if strings.HasPrefix(key, first) && strings.HasSuffix(key, last) && len(key) > len(first)+len(last) &&
			!whole[key] && (last != "" || !strings.Contains(key[len(first):], ".")) && !strings.HasSuffix(key, "-bare") {
			all = append(all, key)
		}
	}
	return all
}

// A template gives a text the values that it names, and no other. Where a value may be missing, the text has a form
// without it.
func TestTemplatesGiveTextsWhatTheyName(t *testing.T) {
	texts := newTexts(t)
	all, _ := calls(t)
	whole := map[string]bool{"choice.to": true} // by ChoiceMeta
	for _, c := range all {
		whole[strings.Join(c.key, "")] = c.method == "Say" && len(c.key) == 1
	}
	said := 0
	for _, c := range all {
		keys := c.keys(texts, whole)
		if c.method != "Say" || keys == nil {
			continue
		}
		used := map[string]bool{"now": true}
		for _, key := range keys {
			said++
			if !texts.Has(key) {
				t.Errorf("%s: got no text %s, want one", c.in, key)
			}
			x := texts.all[English]()[key]
			for _, name := range x.names {
				used[name] = true
				given := name == "site" || slices.Contains(c.names, name) // every page knows its site
				if !given && !texts.Has(key+"-bare") {
					t.Errorf("%s: got %s without %q, which it names", c.in, key, name)
				}
			}
			if x.one != "" {
				used["n"] = true
				if !slices.Contains(c.names, "n") {
					t.Errorf("%s: got %s without a number, want one that chooses the plural", c.in, key)
				}
			}
		}
		for _, name := range c.names {
			if !used[name] {
				t.Errorf("%s: got %q given to %v, which do not name it", c.in, name, keys)
			}
		}
	}
	if said < 200 {
		t.Errorf("got %d texts said, want those of every page", said)
	}
}

// A part is given what it uses, by somebody, and nothing else.
func TestTemplatesGivePartsWhatTheyUse(t *testing.T) {
	all, uses := calls(t)
	given := map[string]map[string]bool{}
	for _, c := range all {
		if c.method != "Part" || len(c.key) != 1 {
			continue
		}
		part := c.key[0]
		if uses[part] == nil {
			t.Errorf("%s: got the part %q, want one there is", c.in, part)
			continue
		}
		if given[part] == nil {
			given[part] = map[string]bool{}
		}
		for _, name := range c.names {
			given[part][name] = true
			if !uses[part][name] {
				t.Errorf("%s: got %q given to the part %s, which does not use it", c.in, name, part)
			}
		}
	}
	for _, part := range slices.Sorted(maps.Keys(given)) {
		for name := range uses[part] {
			if !given[part][name] {
				t.Errorf("%s: got %q used, which nobody gives", part, name)
			}
		}
	}
	if len(given) < 10 {
		t.Errorf("got %d parts, want all", len(given))
	}
}
