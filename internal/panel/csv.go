package panel

import (
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

// columns of a file, in the order in which they are written; the last one is for administrators.
var columns = []string{"domain", "state", "dkim", "dmarc", "senders", "customers"}

// columnsOf are those that somebody reads and writes.
func columnsOf(w Who) []string {
	if w.Admin {
		return columns
	}
	return columns[:len(columns)-1]
}

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
	if err := out.Write(columnsOf(w)); err != nil {
		return err
	}
	for after := ""; ; {
		list, next, err := p.List(ctx, w, "", after, MaxListed)
		if err != nil {
			return err
		}
		customers, err := p.CustomersOf(ctx, w, list)
		if err != nil {
			return err
		}
		for i := range list {
			row := cells(&list[i])
			if w.Admin {
				row = append(row, strings.Join(customers[list[i].Name], " "))
			}
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

// Import makes and changes the domains of a file, all or none; dry only says what it would do. A column that is not there, and an empty cell
// of state and dkim, changes nothing. Domains that the file does not name stay. Who is no administrator changes the domains given to them, and
// makes none. *Faults, store.ErrConflict, ErrBusy.
func (p *Panel) Import(ctx context.Context, w Who, file io.Reader, dry bool) (done Imported, err error) {
	return p.importing(ctx, w, file, func(ctx context.Context, data []byte) (done Imported, err error) {
		for range 5 { // what others changed meanwhile is looked at anew
			if done, err = p.importDomains(ctx, w, data, dry); !errors.Is(err, store.ErrConflict) {
				break
			}
		}
		return done, err
	})
}

func (p *Panel) importDomains(ctx context.Context, w Who, data []byte, dry bool) (done Imported, err error) {
	lines, bad, err := readFile(data, columnsOf(w), "domain", readLine, func(l line) string { return l.name })
	if err != nil {
		return done, err
	}
	there, given, since, err := p.keptOf(ctx, w, lines)
	if err != nil {
		return done, err
	}
	var list []*store.Domain
	for _, l := range lines {
		before, known := there[l.name]
		d, err := l.domain(w, before, known)
		moved := false
		if err == nil {
			moved, err = given.add(&l)
		}
		if err = bad.add(l.number, err); err != nil {
			return Imported{}, err
		}
		same := known && d.Disabled == before.Disabled && d.DKIM == before.DKIM && d.DMARC == before.DMARC && slices.Equal(d.Senders, before.Senders)
		switch {
		case !known:
			done.Made++
		case same && !moved:
			done.Same++
		default:
			done.Changed++
		}
		if !same {
			list = append(list, &d)
		}
	}
	if err := bad.err(); err != nil {
		return Imported{}, err
	}
	if err := p.room(ctx, done.Made); err != nil {
		return Imported{}, err
	}
	if dry || len(list)+len(given.people) == 0 {
		return done, nil
	}
	if err := p.Store.SetDomainsSince(ctx, since, given.people, list...); err != nil {
		return Imported{}, err
	}
	p.Log.Info("domains were taken from a file", "made", done.Made, "changed", done.Changed)
	return done, nil
}

// keptOf gives what is kept of the domains of a file and of whose they are, as all of it was at one moment: a line that changes nothing is not kept again, so what
// was read of it before another file was taken, and of the next line after that, would make a mixture of both. since is what the moment is told by.
// store.ErrConflict where others change domains all the time.
func (p *Panel) keptOf(ctx context.Context, w Who, lines []line) (there map[string]store.Domain, g *given, since int64, err error) {
	names := make([]string, 0, len(lines))
	for _, l := range lines {
		names = append(names, l.name)
	}
	for range 5 {
		if since, err = p.Store.DomainsVersion(ctx); err != nil {
			return nil, nil, 0, err
		}
		if there, err = p.Store.DomainsNamed(ctx, w.person(), names); err != nil {
			return nil, nil, 0, err
		}
		if g, err = p.newGiven(ctx, lines); err != nil {
			return nil, nil, 0, err
		}
		now, err := p.Store.DomainsVersion(ctx)
		if err != nil || now == since {
			return there, g, since, err
		}
	}
	return nil, nil, 0, fmt.Errorf("what is kept of the domains of a file: %w", store.ErrConflict)
}

// line is one line of a file of domains.
type line struct {
	number int
	name   string
	change Change
}

// domain gives the domain of a line as it is to be. The error is an *Invalid.
func (l *line) domain(w Who, d store.Domain, known bool) (store.Domain, error) {
	switch {
	case !known && !w.Admin:
		return d, noDomain("name")
	case !known:
		if err := suffix(l.name); err != nil {
			return d, err
		}
		d = store.Domain{Name: l.name, DKIM: true}
	case l.change.Disabled != nil && *l.change.Disabled != d.Disabled && !w.Admin:
		return d, invalid("state", "Only administrators enable and disable domains.", "ドメインを有効または無効にできるのは管理者だけです。")
	}
	return d, l.change.apply(&d)
}

func noDomain(field string) *Invalid {
	return invalid(field, "There is no such domain.", "該当するドメインはありません。")
}

func readLine(number int, cell func(string) (string, bool)) (l line, err error) {
	l.number = number
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
	if v, ok := cell("customers"); ok {
		list := []string{}
		for name := range strings.FieldsSeq(v) {
			if list = append(list, name); len(list) > MaxCustomers {
				break
			}
		}
		l.change.Customers = &list
	}
	return l, nil
}
