package vectors

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// names are those of the module's tests, and what the specification calls them.
func names() map[string]string {
	return map[string]string{
		"NoneES256":                 "none.ES256",
		"PackedSelfES256":           "packed-self.ES256",
		"NoneES256CrossOrigin":      "none.ES256.crossOrigin",
		"NoneES256TopOrigin":        "none.ES256.topOrigin",
		"NoneES256LongCredentialID": "none.ES256.long-credential-id",
		"PackedES256WithMDS":        "packed.ES256",
		"PackedES384WithMDS":        "packed.ES384",
		"PackedES512WithMDS":        "packed.ES512",
		"PackedRS256WithMDS":        "packed.RS256",
		"PackedEdDSAWithMDS":        "packed.EdDSA",
		"TPMES256":                  "tpm.ES256",
		"AndroidKeyES256":           "android-key.ES256",
		"AppleAnonymousES256":       "apple.ES256",
		"FIDOU2FES256":              "fido-u2f.ES256",
	}
}

// ReadModule reads the vectors from the tests of the go-webauthn module in the module cache.
func ReadModule() (*File, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-webauthn/webauthn").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the module with the published vectors: %w: %w", err, fs.ErrNotExist)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), "protocol", "specification_vectors_e2e_test.go")
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("reading the module's published vectors: %w", err)
	}
	f := &File{Source: path, Partial: true, Root: map[string]string{}}
	if err := f.constants(parsed); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := f.halves(parsed); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return f, nil
}

// constants takes the origin and the root from the file's constants.
func (f *File) constants(parsed *ast.File) error {
	for name, text := range literals(parsed) {
		switch name {
		case "specTestOrigin":
			f.Origin = text
		case "specTestCACertHex":
			f.Root["attestation_ca_cert"] = text
		}
	}
	origin, err := url.Parse(f.Origin)
	if err != nil {
		return fmt.Errorf("the origin: %w", err)
	}
	f.RPID = origin.Hostname()
	return nil
}

// literals are the string constants of a file.
func literals(parsed *ast.File) map[string]string {
	found := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
			return true
		}
		if text, ok := literal(spec.Values[0]); ok {
			found[spec.Names[0].Name] = text
		}
		return true
	})
	return found
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}

// halves joins the rows of registrations and authentications by the ids of their credentials. A row may come twice,
// when the module refuses it under other options.
func (f *File) halves(parsed *ast.File) error {
	at := map[string]int{} // the vector of a credential
	registrations := rows(parsed, "attestationObject")
	for _, row := range registrations {
		id := row["credentialID"]
		if _, known := at[id]; known {
			continue
		}
		called := names()[strings.TrimSuffix(row["name"], "NotAllowed")]
		if called == "" || id == "" {
			return fmt.Errorf("the specification's name of %q is not known", row["name"])
		}
		at[id] = len(f.Vectors)
		f.Vectors = append(f.Vectors, Vector{
			ID: called, Format: row["format"], Registration: half(row, "attestationObject"),
		})
		if err := f.top(row["clientDataJSON"]); err != nil {
			return fmt.Errorf("client data of %s: %w", called, err)
		}
	}
	for _, row := range rows(parsed, "authenticatorData") {
		i, known := at[row["credentialID"]]
		if !known {
			return fmt.Errorf("the authentication %q has no registration", row["name"])
		}
		f.Vectors[i].Authentication = half(row, "authenticatorData", "signature")
	}
	return nil
}

// top keeps the top origin of client data that carry one.
func (f *File) top(clientData string) error {
	raw, err := hex.DecodeString(clientData)
	if err != nil {
		return err
	}
	var data struct{ TopOrigin string }
	if err := json.Unmarshal(raw, &data); err != nil {
		return err
	}
	if data.TopOrigin != "" {
		f.TopOrigin = data.TopOrigin
	}
	return nil
}

// half are the members of a row that the specification has, under its names.
func half(row map[string]string, members ...string) map[string]string {
	kept := map[string]string{"challenge": row["challenge"], "clientDataJSON": row["clientDataJSON"]}
	for _, name := range members {
		kept[name] = row[name]
	}
	if row["attestationObject"] != "" {
		kept["credential_id"] = row["credentialID"]
	}
	return kept
}

// rows are the literal members of every composite that has the member named.
func rows(parsed *ast.File, member string) []map[string]string {
	var found []map[string]string
	ast.Inspect(parsed, func(n ast.Node) bool {
		composite, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		row := map[string]string{}
		for _, e := range composite.Elts {
			pair, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			key, named := pair.Key.(*ast.Ident)
			if text, ok := literal(pair.Value); ok && named {
				row[key.Name] = text
			}
		}
		if row[member] != "" && row["credentialID"] != "" {
			found = append(found, row)
		}
		return true
	})
	return found
}
