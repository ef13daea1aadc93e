package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// A node is a named value, or a named list of nodes, in the order in which they were added.
type node struct {
	name  string
	value any // nil: it has nodes
	nodes []*node
}

// add puts a value below n.
func (n *node) add(name string, value any) *node {
	n.nodes = append(n.nodes, &node{name: name, value: value})
	return n
}

// below adds a list and returns it.
func (n *node) below(name string) *node {
	child := &node{name: name}
	n.nodes = append(n.nodes, child)
	return child
}

// problem notes what is wrong with n.
func (n *node) problem(format string, args ...any) {
	n.add("problem", fmt.Sprintf(format, args...))
}

// MarshalJSON writes the nodes below n as an object; of equal names the first has the plain one.
func (n *node) MarshalJSON() ([]byte, error) {
	if n.nodes == nil {
		return json.Marshal(n.value)
	}
	seen := map[string]int{}
	var out bytes.Buffer
	out.WriteByte('{')
	for i, child := range n.nodes {
		name := child.name
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s %d", name, seen[name])
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := child.MarshalJSON()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// write prints the nodes below n, one a line, deeper ones further in.
func (n *node) write(w io.Writer, depth int) {
	width := 0
	for _, child := range n.nodes {
		if child.nodes == nil {
			width = max(width, len(child.name))
		}
	}
	indent := strings.Repeat("  ", depth)
	for _, child := range n.nodes {
		if child.nodes != nil {
			fmt.Fprintf(w, "%s%s\n", indent, child.name)
			child.write(w, depth+1)
			continue
		}
		fmt.Fprintf(w, "%s%-*s  %s\n", indent, width, child.name, harmless(fmt.Sprint(child.value)))
	}
}

// harmless takes out what would command a terminal: what is pasted may come from anybody.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
