package panel

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/store"
)

// The bounds of a file.
const (
	// MaxFile is its octets, MaxLines its domains.
	MaxFile, MaxLines = 4 << 20, 10_000
)

// columns of a file, in the order in which they are written.
var columns = []string{"domain", "state", "dkim", "dmarc", "senders"}

// formula are the signs with which a cell begins that a spreadsheet would take for a formula (also as East Asian input
// methods write them). Such a cell is written with an apostrophe before it, and read without.
const formula = "=+-@\t\r＝＋－＠"

func harmless(cell string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, "'"))
	if cell != "" && (cell[0] == '\'' || strings.ContainsRune(formula, first)) {
		return "'" + cell
	}
	return cell
}

func asWritten(cell string) string {
	rest, ok := strings.CutPrefix(cell, "'")
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, "'"))
	if ok && rest != "" && (rest[0] == '\'' || strings.ContainsRune(formula, first)) {
		return rest
	}
	return cell
}

// Export writes the domains that one may see as CSV (RFC 4180).
func (p *Panel) Export(ctx context.Context, w Who, to io.Writer) error {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	if err := out.Write(columns); err != nil {
		return err
	}
	for after := ""; ; {
		list, next, err := p.List(ctx, w, "", after, MaxListed)
		if err != nil {
			return err
		}
		for i := range list {
			row := cells(&list[i])
			for j := range row {
				row[j] = harmless(row[j])
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		if after = next; next == "" {
			break
		}
	}
	out.Flush()
	return out.Error()
}

func cells(d *store.Domain) []string {
	state, dkim := "enabled", "on"
	if d.Disabled {
		state = "disabled"
	}
	if !d.DKIM {
		dkim = "off"
	}
	return []string{d.Name, state, dkim, d.DMARC, strings.Join(d.Senders, " ")}
}

// Imported counts what a file did.
type Imported struct{ Made, Changed, Same int }

// Import makes and changes the domains of a file, all or none: a column that is not there, and an empty cell of state and dkim,
// changes nothing. Domains that the file does not name stay. ErrForbidden, *Invalid (with the line), store.ErrConflict.
func (p *Panel) Import(ctx context.Context, w Who, file io.Reader) (done Imported, err error) {
	if !w.Admin {
		return done, ErrForbidden
	}
	lines, err := read(file)
	if err != nil {
		return done, err
	}
	var list []*store.Domain
	for _, l := range lines {
		d, err := p.Store.Domain(ctx, "", l.name)
		if errors.Is(err, store.ErrNotFound) {
			d, err = store.Domain{Name: l.name, DKIM: true}, nil
		}
		if err != nil {
			return Imported{}, err
		}
		before := d
		if err := l.change.apply(&d); err != nil {
			return Imported{}, at(l.number, err)
		}
		switch {
		case d.Version == 0:
			done.Made++
		case d.Disabled == before.Disabled && d.DKIM == before.DKIM && d.DMARC == before.DMARC && slices.Equal(d.Senders, before.Senders):
			done.Same++
			continue
		default:
			done.Changed++
		}
		list = append(list, &d)
	}
	if err := p.room(ctx, done.Made); err != nil {
		return Imported{}, err
	}
	if len(list) == 0 {
		return done, nil
	}
	if err := p.Store.SetDomains(ctx, list...); err != nil {
		return Imported{}, err
	}
	p.Log.Info("domains were taken from a file", "made", done.Made, "changed", done.Changed)
	return done, nil
}

// line is one line of a file.
type line struct {
	number int
	name   string
	change Change
}

func at(number int, err error) error {
	var bad *Invalid
	if errors.As(err, &bad) {
		c := *bad
		c.Line = number
		return &c
	}
	return err
}

// read reads a file. The error is an *Invalid, or one of the reader.
func read(file io.Reader) ([]line, error) {
	data, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFile || bytes.Count(data, []byte("\n")) > MaxLines+1 {
		return nil, invalid("file", fmt.Sprintf("The file is too large: at most %d lines and 4 MiB at a time.", MaxLines), fmt.Sprintf("ファイルが大きすぎます。1 回に %d 行、4 MiB までです。", MaxLines))
	}
	if !utf8.Valid(data) {
		return nil, invalid("file", "The file is not in UTF-8.", "ファイルの文字コードが UTF-8 ではありません。")
	}
	in := csv.NewReader(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))))
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	head, err := in.Read()
	if err != nil {
		return nil, invalid("file", "The file is empty, or no CSV.", "ファイルが空か、CSV ではありません。")
	}
	index, err := header(head)
	if err != nil {
		return nil, err
	}
	var out []line
	seen := map[string]bool{}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			number := 0
			var p *csv.ParseError
			if errors.As(err, &p) {
				number = p.Line
			}
			return nil, at(number, invalid("file", "This line is no CSV.", "CSV として読み取れない行です。"))
		}
		number, _ := in.FieldPos(0)
		l, err := readLine(row, index)
		if err == nil && seen[l.name] {
			err = invalid("name", "The file names this domain twice.", "同じドメインが 2 回書かれています。")
		}
		if err != nil {
			return nil, at(number, err)
		}
		seen[l.name], l.number = true, number
		out = append(out, l)
	}
}

// header says which column is where.
func header(head []string) (map[string]int, error) {
	index := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := index[name]; twice || !slices.Contains(columns, name) {
			return nil, at(1, invalid("file", "The first line names the columns: domain, state, dkim, dmarc, senders, each at most once.", "1 行目には列名 (domain、state、dkim、dmarc、senders) を、それぞれ 1 回だけ書いてください。"))
		}
		index[name] = i
	}
	if _, ok := index["domain"]; !ok {
		return nil, at(1, invalid("file", "The first line names no column \"domain\".", "1 行目に「domain」列がありません。"))
	}
	return index, nil
}

func readLine(row []string, index map[string]int) (l line, err error) {
	cell := func(column string) (string, bool) {
		i, ok := index[column]
		if !ok || i >= len(row) {
			return "", false
		}
		return asWritten(strings.TrimSpace(row[i])), true
	}
	if len(row) > len(index) {
		return l, invalid("file", "This line has more cells than the first one.", "1 行目よりも列が多い行です。")
	}
	name, _ := cell("domain")
	if l.name, err = Name(name); err != nil {
		return l, err
	}
	if l.change.Disabled, err = choice(cell, "state", "disabled", "enabled"); err != nil {
		return l, err
	}
	if l.change.DKIM, err = choice(cell, "dkim", "on", "off"); err != nil {
		return l, err
	}
	if v, ok := cell("dmarc"); ok {
		v = strings.ToLower(v)
		l.change.DMARC = &v
	}
	if v, ok := cell("senders"); ok {
		list := SplitLogins(v)
		l.change.Senders = &list
	}
	return l, nil
}

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
