package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/auth"
)

// apiBase is where the API begins, behind the site's own base.
const apiBase = "/api/v1"

// mountAPI registers every route. huma routes them; reading and writing bodies is ours (decode.go), since huma repeats
// submitted values in its errors.
func (s *Server) mountAPI(e *echo.Echo) {
	api := humaecho.NewWithGroup(e, e.Group(s.site.Base+apiBase), huma.Config{OpenAPI: new(huma.OpenAPI)}).Adapter()
	for _, rt := range s.table() {
		if rt.root {
			s.at(e, rt.method, rt.path, rt.method+" "+rt.path, func(x *request) error { return x.call(&rt) })
			continue
		}
		handle := func(c huma.Context) {
			ec := humaecho.Unwrap(c)
			ec.Response().Writer.(*request).serve(ec, &rt)
		}
		api.Handle(&huma.Operation{Method: rt.method, Path: rt.path}, handle)
		if rt.method == http.MethodGet {
			api.Handle(&huma.Operation{Method: http.MethodHead, Path: rt.path}, handle)
		}
	}
}

// contract writes the OpenAPI 3.1 document of every route.
func (s *Server) contract() ([]byte, error) {
	components := &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
		SecuritySchemes: map[string]*huma.SecurityScheme{
			"cookie": {Type: "apiKey", In: "cookie", Name: s.sessionName,
				Description: "Browsers: set by the answer that opens a session; never readable by scripts."},
			"bearer": {Type: "http", Scheme: "bearer",
				Description: "Programs: the token that stands in the answer that opens a session."},
			"host": {Type: "http", Scheme: "bearer", Description: "The marketplace's own program: the token in the settings."},
		}}
	doc := &huma.OpenAPI{OpenAPI: "3.1.0", Components: components,
		Servers: []*huma.Server{{URL: s.site.Origin + s.site.Base + apiBase}},
		Info: &huma.Info{Title: s.config.Site, Version: "1", Description: strings.TrimSpace(s.config.Site +
			" account security. A refusal is a problem document (RFC 9457) " +
			"whose code never changes its meaning. Envelopes are strict: unknown, duplicate and odd-case members are refused.")}}
	book := schemas{all: components.Schemas.Map(), methods: s.methods}
	book.problem(s)
	for _, rt := range s.table() {
		doc.AddOperation(s.operation(&book, &rt))
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	return raw, nil
}

// operation describes one route.
func (s *Server) operation(book *schemas, rt *route) *huma.Operation {
	op := &huma.Operation{Method: rt.method, Path: rt.path, Summary: rt.summary, OperationID: operationID(rt),
		Tags: []string{tag(rt.path)}, Responses: map[string]*huma.Response{}, Security: needs(rt.who)}
	if rt.root {
		op.Servers = []*huma.Server{{URL: s.site.Origin + s.site.Base}}
	}
	for _, name := range pathParams(rt.path) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true,
			Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, name := range rt.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: querySchema(name)})
	}
	if rt.in != nil {
		op.RequestBody = &huma.RequestBody{Required: true,
			Content: map[string]*huma.MediaType{"application/json": {Schema: book.request(rt)}}}
	}
	if rt.file {
		one := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		op.RequestBody = &huma.RequestBody{Required: true,
			Content: map[string]*huma.MediaType{"image/jpeg": one, "image/png": one}}
	}
	switch {
	case rt.media != "":
		op.Responses["200"] = &huma.Response{Description: "Done.", Content: map[string]*huma.MediaType{
			rt.media: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	case rt.out == nil:
		op.Responses["204"] = &huma.Response{Description: "Done."}
	default:
		op.Responses["200"] = &huma.Response{Description: "Done.",
			Content: map[string]*huma.MediaType{"application/json": {Schema: book.answer(rt.out)}}}
	}
	byStatus := map[int][]any{}
	for _, c := range rt.answers() {
		status := s.statuses[c]
		byStatus[status] = append(byStatus[status], string(c))
		if c == auth.MalformedRequest && rt.in != nil {
			byStatus[http.StatusUnsupportedMediaType] = []any{string(c)}
		}
	}
	for status, list := range byStatus {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status),
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{AllOf: []*huma.Schema{
				{Ref: "#/components/schemas/Problem"},
				{Properties: map[string]*huma.Schema{"code": {Type: huma.TypeString, Enum: list}}}}}}}}
	}
	return op
}

// querySchema describes a query parameter. The bounds are the domain's, which refuses what is outside.
func querySchema(name string) *huma.Schema {
	if name != "limit" {
		return &huma.Schema{Type: huma.TypeString}
	}
	least, most := 1.0, float64(auth.MaxHistory)
	return &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Default: historyPage}
}

// operationID is the use case's own name, with what tells two routes to it apart.
func operationID(rt *route) string {
	id := lowerCamel(rt.use)
	switch {
	case rt.use == "ForgetBrowser" && len(pathParams(rt.path)) == 0:
		id = "forgetBrowsers"
	case rt.use == "Receipt" && len(pathParams(rt.path)) == 2:
		id = "receiptAtSecret"
	case rt.root:
		id = "fido" + rt.use
	case rt.who == tester:
		id = "lab" + rt.use
		if rt.use == "Switch" {
			id += rt.path[strings.LastIndexByte(rt.path, '/')+1:]
		}
		if rt.use == "SetFaults" && rt.method == http.MethodDelete {
			id = "labEndFaults"
		}
	}
	return id
}

func tag(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

func pathParams(path string) []string {
	var names []string
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

func needs(w who) []map[string][]string {
	if w == session || w == enrolled {
		return []map[string][]string{{"cookie": {}}, {"bearer": {}}}
	}
	if w == host {
		return []map[string][]string{{"host": {}}}
	}
	return []map[string][]string{}
}

// schemas draws shapes as schemas, each once by its type's name.
type schemas struct {
	all     map[string]*huma.Schema
	methods auth.Table
}

func (b *schemas) answer(s *shape) *huma.Schema {
	name := strings.ToUpper(s.name[:1]) + s.name[1:]
	if _, there := b.all[name]; !there {
		drawn := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
		b.all[name] = drawn
		for i := range s.members {
			m := &s.members[i]
			drawn.Properties[m.name] = b.value(m)
			if !m.optional {
				drawn.Required = append(drawn.Required, m.name)
			}
		}
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

func (b *schemas) request(rt *route) *huma.Schema {
	drawn := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false,
		Required: rt.required}
	for i := range rt.in.members {
		m := &rt.in.members[i]
		drawn.Properties[m.name] = b.asked(m)
	}
	return drawn
}

// asked is value in a request: the members of what lies in a list may be left out.
func (b *schemas) asked(m *member) *huma.Schema {
	if m.kind != kindList || m.elem == nil {
		return b.value(m)
	}
	one := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for i := range m.elem.members {
		one.Properties[m.elem.members[i].name] = b.asked(&m.elem.members[i])
	}
	return &huma.Schema{Type: huma.TypeArray, Items: one}
}

func (b *schemas) value(m *member) *huma.Schema {
	switch m.kind {
	case kindBool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case kindInt:
		return &huma.Schema{Type: huma.TypeInteger}
	case kindSeconds:
		return &huma.Schema{Type: huma.TypeInteger, Description: "seconds"}
	case kindTime:
		return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	case kindClass:
		return &huma.Schema{Type: huma.TypeString, Enum: []any{"none", "weak", "strong", "best", "same"}}
	case kindRaw:
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	case kindMap:
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString}}
	case kindObject:
		return b.answer(m.elem)
	case kindList:
		if m.elem != nil {
			return &huma.Schema{Type: huma.TypeArray, Items: b.answer(m.elem)}
		}
		return &huma.Schema{Type: huma.TypeArray, Items: b.words(m.of)}
	}
	return b.words(m.of)
}

// words is a string, with its values where the type has a fixed list of them.
func (b *schemas) words(t reflect.Type) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range map[reflect.Type][]string{
		reflect.TypeFor[auth.Step](): {string(auth.StepPassword), string(auth.StepSecond), string(auth.StepEnrol),
			string(auth.StepDone), string(auth.StepWait)},
		reflect.TypeFor[auth.Kind]():    b.methods.Values(func(m *auth.Method) string { return string(m.Kind) }),
		reflect.TypeFor[auth.Channel](): b.methods.Values(func(m *auth.Method) string { return string(m.Channel) }),
		reflect.TypeFor[auth.Flavour](): b.methods.Values(func(m *auth.Method) string { return string(m.Flavour) }),
		reflect.TypeFor[auth.State]():   {string(auth.Active), string(auth.Frozen), string(auth.Disabled)},
		reflect.TypeFor[auth.Purpose](): {string(auth.ForSignIn), string(auth.ForStepUp), string(auth.ForBind)},
		reflect.TypeFor[auth.Delivery](): {string(auth.Queued), string(auth.Accepted), string(auth.Delivered),
			string(auth.Failed), string(auth.Expired)},
		reflect.TypeFor[auth.DeviceKind](): {string(auth.Stick), string(auth.Handset), string(auth.Computer),
			string(auth.Extension), string(auth.Display), string(auth.Cloud), string(auth.Mailbox), string(auth.Paper)},
	}[t] {
		s.Enum = append(s.Enum, v)
	}
	return s
}

// problem draws the one form of refusals, with every code there is.
func (b *schemas) problem(s *Server) {
	ref := b.answer(s.problem)
	drawn := b.all[strings.TrimPrefix(ref.Ref, "#/components/schemas/")]
	drawn.Description = "RFC 9457. Texts are in the language of the request; programs look at code."
	list := make([]string, 0, len(s.statuses))
	for c := range s.statuses {
		list = append(list, string(c))
	}
	slices.Sort(list)
	code := &huma.Schema{Type: huma.TypeString}
	for _, c := range list {
		code.Enum = append(code.Enum, c)
	}
	drawn.Properties["code"] = code
}
