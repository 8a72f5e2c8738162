package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// schema is the part of JSON Schema that docs/schema uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"`
	Enum       []string           `json:"enum"`
	Required   []string           `json:"required"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	Defs       map[string]*schema `json:"$defs"`
}

func readSchema(t *testing.T) *schema {
	t.Helper()
	text, err := os.ReadFile("../../docs/schema/todoku.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s := new(schema)
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// check gives what is wrong with a value.
func (root *schema) check(s *schema, v any, path string) (problems []string) {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		return root.check(root.Defs[name], v, path)
	}
	if !s.allows(v) {
		return []string{fmt.Sprintf("%s is %T, want %v%v", path, v, s.Type, s.Enum)}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range s.Required {
			if _, ok := v[key]; !ok {
				problems = append(problems, path+"."+key+" is missing")
			}
		}
		for key, member := range v {
			if p := s.Properties[key]; p != nil {
				problems = append(problems, root.check(p, member, path+"."+key)...)
			}
		}
	case []any:
		for i, item := range v {
			if s.Items != nil {
				problems = append(problems, root.check(s.Items, item, fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	}
	return problems
}

func (s *schema) allows(v any) bool {
	if s.Enum != nil {
		text, ok := v.(string)
		return ok && slices.Contains(s.Enum, text)
	}
	var types []string
	switch t := s.Type.(type) {
	case nil:
		return true
	case string:
		types = []string{t}
	case []any:
		for _, one := range t {
			types = append(types, one.(string))
		}
	}
	kind := ""
	switch v := v.(type) {
	case nil:
		kind = "null"
	case string:
		kind = "string"
	case map[string]any:
		kind = "object"
	case []any:
		kind = "array"
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if v == float64(int64(v)) && slices.Contains(types, "integer") {
			return true
		}
	}
	return slices.Contains(types, kind)
}

// TestSchema: what is printed is what the published schema says.
func TestSchema(t *testing.T) {
	root := readSchema(t)
	var check, blind, unread bytes.Buffer
	nothing := checked()
	nothing.Score, nothing.Cards, nothing.Findings = nil, nil, nil
	for _, err := range []error{CheckJSON(&check, checked(), "en"), CheckJSON(&blind, nothing, "ja"), UncheckedJSON(&unread, "x y", "no name")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var verify bytes.Buffer
	if err := VerifyJSON(&verify, &Report{}, "en"); err != nil {
		t.Fatal(err)
	}
	var unreadFile bytes.Buffer
	if err := UnreadJSON(&unreadFile, "x.eml", "no such file"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		def  string
		text []byte
	}{
		"check": {"check", check.Bytes()}, "blind check": {"check", blind.Bytes()}, "unread target": {"check", unread.Bytes()},
		"verify": {"verify", verify.Bytes()}, "unread file": {"verify", unreadFile.Bytes()},
	} {
		var v any
		if err := json.Unmarshal(c.text, &v); err != nil {
			t.Fatal(name, err)
		}
		for _, p := range root.check(root.Defs[c.def], v, name) {
			t.Error(p)
		}
	}
	var broken any = map[string]any{"target": 1.0, "findings": nil}
	if p := root.check(root.Defs["check"], broken, "x"); len(p) < 4 {
		t.Errorf("the test itself finds nothing: %q", p)
	}
}
