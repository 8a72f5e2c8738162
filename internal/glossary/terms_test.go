// Package glossary tests that the Japanese of the product keeps to docs/glossary.ja.md.
package glossary

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// term is a row of the glossary.
type term struct {
	english  string
	approved []string // the Japanese words
	never    []string // words that must not be used for it
	sources  []string
}

var backquoted = regexp.MustCompile("`([^`]+)`")

// glossary gives the rows of the tables of four columns.
func glossary(t *testing.T) []term {
	t.Helper()
	data, err := os.ReadFile("../../docs/glossary.ja.md")
	if err != nil {
		t.Fatal(err)
	}
	var terms []term
	for line := range strings.SplitSeq(string(data), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 4 || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| English ") {
			continue
		}
		e := term{english: strings.TrimSpace(cells[0]), sources: strings.FieldsFunc(cells[3], func(r rune) bool { return r == '、' || r == ' ' })}
		for word := range strings.SplitSeq(strings.TrimSpace(cells[1]), "、") {
			word, _, _ = strings.Cut(word, " (")
			e.approved = append(e.approved, word)
		}
		for _, m := range backquoted.FindAllStringSubmatch(cells[2], -1) {
			e.never = append(e.never, m[1])
		}
		terms = append(terms, e)
	}
	return terms
}

func TestGlossaryIsWhole(t *testing.T) {
	data, err := os.ReadFile("../../docs/glossary.ja.md")
	if err != nil {
		t.Fatal(err)
	}
	terms := glossary(t)
	if len(terms) < 90 {
		t.Fatalf("only %d terms were read: is the form of the tables another?", len(terms))
	}
	english, approved := map[string]bool{}, map[string]bool{}
	for _, e := range terms {
		if english[e.english] {
			t.Errorf("%s stands twice", e.english)
		}
		english[e.english] = true
		for _, w := range e.approved {
			approved[w] = true
		}
		for _, s := range e.sources {
			if s != "自" && s != "規格" && !strings.Contains(string(data), "\n| "+s+" |") {
				t.Errorf("%s: the source %s is not in the list of sources", e.english, s)
			}
		}
		if len(e.sources) == 0 || len(e.never) == 0 {
			t.Errorf("%s has no source, or no word that is not to be used", e.english)
		}
	}
	for _, e := range terms {
		for _, w := range e.never {
			if approved[w] {
				t.Errorf("%s: %s is both to be used and not to be used", e.english, w)
			}
		}
	}
}
