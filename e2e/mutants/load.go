package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A source is one package of the module: what was written, and what the compiler knows of it.
type source struct {
	path  string // as it is imported
	dir   string
	short string // its folder within the module
	fset  *token.FileSet
	files []*ast.File
	texts map[*ast.File][]byte
	types *types.Package
	info  *types.Info
}

// load reads packages with their types; what they import is taken from the compiler.
func load(root string, patterns []string) ([]*source, error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps",
		"-json=ImportPath,Export,Dir,GoFiles,DepOnly"}, patterns...)...)
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	exports := map[string]string{}
	type listed struct {
		ImportPath, Export, Dir string
		GoFiles                 []string
		DepOnly                 bool
	}
	var wanted []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			wanted = append(wanted, p)
		}
	}
	var all []*source
	for _, p := range wanted {
		short, err := filepath.Rel(root, p.Dir)
		if err != nil {
			return nil, fmt.Errorf("listing packages: %w", err)
		}
		s := &source{path: p.ImportPath, dir: p.Dir, short: filepath.ToSlash(short)}
		if err := s.read(p.GoFiles, exports); err != nil {
			return nil, fmt.Errorf("reading %s: %w", s.short, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (s *source) read(names []string, exports map[string]string) error {
	s.fset = token.NewFileSet()
	s.texts = map[*ast.File][]byte{}
	for _, name := range names {
		path := filepath.Join(s.dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(s.fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s.files = append(s.files, f)
		s.texts[f] = text
	}
	s.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Defs: map[*ast.Ident]types.Object{},
	}
	conf := types.Config{Importer: importer.ForCompiler(s.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	var err error
	s.types, err = conf.Check(s.path, s.fset, s.files, s.info)
	return err
}
