package api

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// spec is the OpenAPI document as a client sees it, without any type of ours. The schemas
// of OpenAPI 3.1 are those of JSON Schema 2020-12.
type spec struct {
	OpenAPI    string
	Info       struct{ Title, Version string }
	Servers    []struct{ URL string }
	Paths      map[string]map[string]*specOperation
	Components struct {
		Schemas         map[string]json.RawMessage
		SecuritySchemes map[string]struct{ Type, Scheme string }
	}
	whole map[string]any
}

type specOperation struct {
	OperationID, Summary string
	Security             []map[string][]string
	Parameters           []specParameter
	RequestBody          *struct {
		Required bool
		Content  map[string]specMedia
	}
	Responses map[string]struct {
		Description string
		Content     map[string]specMedia
	}
}

type specParameter struct {
	Name, In string
	Required bool
	Schema   json.RawMessage
}

type specMedia struct {
	Schema  json.RawMessage
	Example any
}

func readSpec(t *testing.T, data []byte) *spec {
	t.Helper()
	s := new(spec)
	if err := json.Unmarshal(data, s); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s.whole); err != nil {
		t.Fatal(err)
	}
	return s
}

// valid holds a value against a schema of the document.
func (s *spec) valid(schema json.RawMessage, value any) error {
	defs, err := json.Marshal(s.Components.Schemas)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`{"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":%s,"allOf":[%s]}`, defs, schema)
	root := new(jsonschema.Schema)
	if err := json.Unmarshal([]byte(strings.ReplaceAll(text, "#/components/schemas/", "#/$defs/")), root); err != nil {
		return err
	}
	resolved, err := root.Resolve(nil)
	if err != nil {
		return err
	}
	return resolved.Validate(value)
}

// operation finds that of a method and a path as it was called.
func (s *spec) operation(method, path string) (op *specOperation, template string) {
	for template, item := range s.Paths {
		pattern := "^" + regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$"
		if op := item[strings.ToLower(method)]; op != nil && regexp.MustCompile(pattern).MatchString(path) {
			return op, template
		}
	}
	return nil, ""
}

// structure gives what of the document is not as the OpenAPI specification 3.1 demands:
// its fixed fields, references that lead somewhere, unique ids, path parameters.
func (s *spec) structure() (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if s.OpenAPI != "3.1.0" || s.Info.Title == "" || s.Info.Version == "" || len(s.Servers) == 0 {
		say("openapi, info or servers: %s %+v %v", s.OpenAPI, s.Info, s.Servers)
	}
	for key := range s.whole {
		if !slices.Contains([]string{"openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks", "components", "security", "tags", "externalDocs"}, key) {
			say("unknown field %s", key)
		}
	}
	ids := make(map[string]bool)
	for path, item := range s.Paths {
		for method, op := range item {
			where := strings.ToUpper(method) + " " + path
			if !slices.Contains([]string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}, method) {
				say("%s: no such method", where)
			}
			if op.OperationID == "" || ids[op.OperationID] {
				say("%s: operationId %q is empty or not unique", where, op.OperationID)
			}
			ids[op.OperationID] = true
			problems = append(problems, s.operationProblems(where, path, op)...)
		}
	}
	problems = append(problems, s.references(s.whole, "#")...)
	for name, schema := range s.Components.Schemas {
		if err := s.valid(schema, map[string]any{}); err != nil && !strings.Contains(err.Error(), "validating") {
			say("schema %s: %v", name, err)
		}
	}
	return problems
}

func (s *spec) operationProblems(where, path string, op *specOperation) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(where+": "+format, args...)) }
	var names, declared []string
	for _, m := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(path, -1) {
		names = append(names, m[1])
	}
	seen := make(map[string]bool)
	for _, p := range op.Parameters {
		if seen[p.In+p.Name] || len(p.Schema) == 0 || !slices.Contains([]string{"path", "query", "header", "cookie"}, p.In) {
			say("parameter %s", p.Name)
		}
		seen[p.In+p.Name] = true
		if p.In == "path" {
			declared = append(declared, p.Name)
			if !p.Required {
				say("path parameter %s is not required", p.Name)
			}
		}
	}
	slices.Sort(names)
	slices.Sort(declared)
	if !slices.Equal(names, declared) {
		say("path parameters %v, declared %v", names, declared)
	}
	if len(op.Responses) == 0 {
		say("no responses")
	}
	for status, r := range op.Responses {
		if status != "default" && !regexp.MustCompile(`^[1-5]([0-9][0-9]|XX)$`).MatchString(status) || r.Description == "" {
			say("response %s", status)
		}
	}
	for _, need := range op.Security {
		for scheme := range need {
			if _, ok := s.Components.SecuritySchemes[scheme]; !ok {
				say("no security scheme %s", scheme)
			}
		}
	}
	return problems
}

// references finds those that lead nowhere.
func (s *spec) references(v any, at string) (problems []string) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			name, local := strings.CutPrefix(ref, "#/components/schemas/")
			if _, there := s.Components.Schemas[name]; !local || !there {
				problems = append(problems, at+": "+ref+" leads nowhere")
			}
		}
		for key, child := range v {
			if key != "example" {
				problems = append(problems, s.references(child, at+"/"+key)...)
			}
		}
	case []any:
		for i, child := range v {
			problems = append(problems, s.references(child, fmt.Sprintf("%s/%d", at, i))...)
		}
	}
	return problems
}
