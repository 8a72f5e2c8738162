package panel

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxFaults is how many faults of a file are told.
const maxFaults = 20

// Faults are what is wrong with a file, by line.
type Faults struct {
	List []*Invalid
	// More are those that are not in the list.
	More int
}

// Error gives the English texts.
func (f *Faults) Error() string {
	var b strings.Builder
	for _, e := range f.List {
		fmt.Fprintf(&b, "line %d: %s\n", e.Line, e.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Unwrap gives each of them.
func (f *Faults) Unwrap() []error {
	out := make([]error, len(f.List))
	for i, e := range f.List {
		out[i] = e
	}
	return out
}

// add takes in an error of a line, 0 for none. What is no *Invalid comes back.
func (f *Faults) add(number int, err error) error {
	var bad *Invalid
	if !errors.As(err, &bad) {
		return err
	}
	if len(f.List) >= maxFaults {
		f.More++
		return nil
	}
	c := *bad
	c.Line = number
	f.List = append(f.List, &c)
	return nil
}

// err gives them by line, nil where there are none.
func (f *Faults) err() error {
	if len(f.List) == 0 {
		return nil
	}
	slices.SortStableFunc(f.List, func(a, b *Invalid) int { return a.Line - b.Line })
	return f
}

// readFile reads the lines of a CSV file whose first line names its columns; must is one that has to be there. Lines that cannot be read, and
// those with the key of another, are among the faults. The error is an *Invalid about the whole file.
func readFile[L any](data []byte, columns []string, must string, read func(number int, cell func(string) (string, bool)) (L, error), key func(L) string) ([]L, *Faults, error) {
	if len(data) > MaxFile || bytes.Count(data, []byte("\n")) > MaxLines+1 {
		return nil, nil, invalid("file", fmt.Sprintf("The file is too large: at most %d lines and 4 MiB at a time.", MaxLines), fmt.Sprintf("ファイルが大きすぎます。1 回に %d 行、4 MiB までです。", MaxLines))
	}
	if err := tooWide(data); err != nil {
		return nil, nil, err
	}
	if !utf8.Valid(data) {
		return nil, nil, invalid("file", "The file is not in UTF-8. Save it as \"CSV UTF-8\".", "ファイルの文字コードが UTF-8 ではありません。「CSV UTF-8」形式で保存してください。")
	}
	in := csv.NewReader(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))))
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	head, err := in.Read()
	if err != nil {
		return nil, nil, invalid("file", "The file is empty, or no CSV.", "ファイルが空か、CSV ではありません。")
	}
	index, err := header(head, columns, must)
	if err != nil {
		return nil, nil, err
	}
	var out []L
	bad, seen := &Faults{}, map[string]bool{}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return out, bad, nil
		}
		if err != nil { // where the next line begins is not known
			number := 0
			var p *csv.ParseError
			if errors.As(err, &p) {
				number = p.StartLine // where a quotation mark was left open that is not the line at whose end this came out
			}
			return out, bad, bad.add(number, invalid("file", "This line is no CSV.", "CSV として読み取れない行です。"))
		}
		number, _ := in.FieldPos(0)
		l, err := read(number, byColumn(row, index))
		if len(row) > len(index) {
			err = invalid("file", "This line has more cells than the first one.", "1 行目よりも列が多い行です。")
		}
		if err == nil && seen[key(l)] {
			err = invalid("name", "The file names this twice.", "同じ名前が 2 回書かれています。")
		}
		if err == nil {
			seen[key(l)] = true
			out = append(out, l)
		} else if err := bad.add(number, err); err != nil {
			return nil, nil, err
		}
	}
}

// The bounds of a line, which may be written over several. The longest that can be of use has 58,000 octets: a hundred logins, and a hundred customers.
const (
	maxLine, maxCells = 64 << 10, 64
)

// tooWide refuses, before anything is made of it, a file with a line that is too long or has too many cells, of which each costs many times its octets. Up
// to where a file is no CSV, quotation marks alone say what is within a cell.
func tooWide(data []byte) error {
	line, first, octets, commas, quoted := 1, 1, 0, 0, false
	for _, c := range data {
		octets++
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			commas++
		case c == '\n':
			if line++; !quoted {
				first, octets, commas = line, 0, 0
			}
		}
		if octets > maxLine || commas >= maxCells {
			return at(first, invalid("file", fmt.Sprintf("This line is too long: at most 64 KiB and %d cells. Is a quotation mark left open?", maxCells), fmt.Sprintf("行が長すぎます。1 行に 64 KiB、%d 列までです。引用符の閉じ忘れがないか確認してください。", maxCells)))
		}
	}
	return nil
}

// byColumn gives the cells of a row by the names of their columns.
func byColumn(row []string, index map[string]int) func(string) (string, bool) {
	return func(column string) (string, bool) {
		i, ok := index[column]
		if !ok || i >= len(row) {
			return "", false
		}
		return asWritten(strings.TrimSpace(row[i])), true
	}
}

// header says which column is where.
func header(head, columns []string, must string) (map[string]int, error) {
	index := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := index[name]; twice || !slices.Contains(columns, name) {
			names := strings.Join(columns, ", ")
			return nil, at(1, invalid("file", "The first line names the columns, with commas between and each at most once: "+names+".", "1 行目には列名 ("+names+") をコンマ区切りで、それぞれ 1 回だけ書いてください。"))
		}
		index[name] = i
	}
	if _, ok := index[must]; !ok {
		return nil, at(1, invalid("file", "The first line names no column \""+must+"\".", "1 行目に「"+must+"」列がありません。"))
	}
	return index, nil
}

func at(number int, bad *Invalid) *Invalid {
	bad.Line = number
	return bad
}

// choice reads a cell that says one thing or another, nil for neither.
func choice(cell func(string) (string, bool), column, yes, no string) (*bool, error) {
	v, _ := cell(column)
	switch strings.ToLower(v) {
	case "":
		return nil, nil
	case yes, no:
		is := strings.EqualFold(v, yes)
		return &is, nil
	}
	return nil, invalid(column, fmt.Sprintf("Write %s or %s.", yes, no), fmt.Sprintf("%s または %s と書いてください。", yes, no))
}
