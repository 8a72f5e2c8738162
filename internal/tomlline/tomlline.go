// Package tomlline says in which line of a TOML text something stands, so that an error can name it.
package tomlline

import (
	"errors"
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/slips"
)

// Error gives the line, from 1, of which an error of the parser speaks; 0 where it names none.
func Error(err error) int {
	// go-toml's DecodeError, which only its own package can name.
	var at interface{ Position() (row, column int) }
	if !errors.As(err, &at) {
		return 0
	}
	row, _ := at.Position()
	return row
}

// key is a key at the beginning of a line, which may be dotted and in quotes.
var key = pattern.New(`^((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=`)

// part is one part of a key.
var part = pattern.New(`[A-Za-z0-9_-]+|"[^"]*"|'[^']*'`)

// Of gives the line, from 1, in which the key of a path stands: of the table default the key temperror, of the third [[rule]] "rule",
// "3", "to". A path that ends before a key gives the line of the table; 0 is not found, as within inline tables.
func Of(text []byte, path ...string) int {
	var table []string
	seen := map[string]int{} // how often [[x]] came
	line := 0
	for raw := range strings.Lines(string(text)) {
		line++
		s := strings.TrimSpace(raw)
		switch {
		case strings.HasPrefix(s, "[["):
			table = parts(strings.TrimPrefix(s, "[["))
			name := strings.Join(table, "\x00")
			seen[name]++
			table = append(table, strconv.Itoa(seen[name]))
		case strings.HasPrefix(s, "["):
			table = parts(s[1:])
		default:
			m := key.FindStringSubmatch(s)
			if m != nil && same(path, append(table[:len(table):len(table)], parts(m[1])...)) {
				return line
			}
			continue
		}
		if same(path, table) {
			return line
		}
	}
	return 0
}

// parts splits a dotted key, up to the end of the table's brackets.
func parts(s string) []string {
	var out []string
	for _, p := range part.FindAllString(strings.SplitN(s, "]", 2)[0], -1) {
		out = append(out, strings.Trim(p, `"'`))
	}
	return out
}

func same(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Nearest gives the word of a list that is meant by one with at most two slips, "" where none is near.
func Nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := slips.Distance(word, k); d < least && d < len(k)/2+1 {
			best, least = k, d
		}
	}
	return best
}
