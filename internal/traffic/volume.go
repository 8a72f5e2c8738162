package traffic

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

const (
	// MaxRows is how many rows of volume one answer has at most, MaxFileRows how many a file.
	MaxRows, MaxFileRows = 1000, 50_000
	// MaxOwn is how many domains of a customer are looked at where none is named, the first by name.
	MaxOwn = 200
	// usualDays is how many days are shown where none are named.
	usualDays = 7
)

// VolumeQuery asks how much went out.
type VolumeQuery struct {
	// From and To are days of UTC (2026-11-26), both included; "" for the last seven days, and for today.
	From, To string
	// Domain is that of From, with all below it; Source an address that mail goes out from; Provider an ID of package provider or "*". ""
	// for all.
	Domain, Source, Provider string
	Limit                    int // rows
}

// Volume is what went out.
type Volume struct {
	From, To string
	Rows     []store.Volume // the youngest day first
	// More: there are more rows. Messages and Paced are the sums of those that are here.
	More            bool
	Messages, Paced int64
	// Unread: the customer has more domains than MaxOwn, and named none. What went out of the others is not here.
	Unread bool
}

// Volume gives how much went out, as far as one may see it. The error may be an *Invalid.
func (r *Reader) Volume(ctx context.Context, who panel.Who, q VolumeQuery) (*Volume, error) {
	filter, err := r.filter(q)
	if err != nil {
		return nil, err
	}
	own := &owner{store: r.Store, who: who}
	parts, unread := []store.VolumeFilter{filter}, false
	if !who.Admin {
		if parts, unread, err = r.parts(ctx, own, filter); err != nil {
			return nil, err
		}
	}
	limit := max(1, min(q.Limit, MaxFileRows))
	out := &Volume{From: filter.From, To: filter.To, Rows: []store.Volume{}, Unread: unread}
	for _, part := range parts {
		list, err := r.Store.VolumeRows(ctx, part, limit+1)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			is, err := own.has(ctx, v.Author)
			if err != nil {
				return nil, err
			}
			if is.mine && (who.Admin || v.Day >= is.since.UTC().Format(time.DateOnly)) {
				out.Rows = append(out.Rows, v)
			}
		}
		out.first(limit)
		out.More = out.More || len(list) > limit // also where those were from before the domain was one's own
	}
	for _, v := range out.Rows {
		out.Messages += v.Messages
		out.Paced += v.Paced
	}
	return out, nil
}

// first leaves the first rows, and no more, in the order in which they are told.
func (v *Volume) first(limit int) {
	slices.SortFunc(v.Rows, func(a, b store.Volume) int {
		return cmpOr(strings.Compare(b.Day, a.Day), strings.Compare(a.Author, b.Author), strings.Compare(a.Source, b.Source), strings.Compare(a.Provider, b.Provider))
	})
	if len(v.Rows) > limit {
		v.Rows, v.More = v.Rows[:limit], true
	}
}

func cmpOr(list ...int) int {
	for _, n := range list {
		if n != 0 {
			return n
		}
	}
	return 0
}

// parts are the filters that together ask for what is a customer's own, each for some of its authors: the rows are read few times, however many domains
// there are, and those of others take no place.
func (r *Reader) parts(ctx context.Context, own *owner, filter store.VolumeFilter) (parts []store.VolumeFilter, unread bool, err error) {
	domains, unread, err := r.domains(ctx, own.who, filter.Author)
	if err != nil || len(domains) == 0 {
		return nil, unread, err
	}
	authors, err := r.Store.VolumeAuthors(ctx, filter)
	if err != nil {
		return nil, unread, err
	}
	under := make(map[string]bool, len(domains))
	for _, d := range domains {
		under[d] = true
	}
	var mine []string
	for _, author := range authors {
		if !within(under, author) {
			continue
		}
		is, err := own.has(ctx, author)
		if err != nil {
			return nil, unread, err
		}
		if is.mine {
			mine = append(mine, author)
		}
	}
	for some := range slices.Chunk(mine, store.MaxAuthors) {
		filter.Authors = some
		parts = append(parts, filter)
	}
	return parts, unread, nil
}

// within reports that a domain is one of some, or below one.
func within(some map[string]bool, domain string) bool {
	for more := true; more; _, domain, more = strings.Cut(domain, ".") {
		if some[domain] {
			return true
		}
	}
	return false
}

// domains are the names that a customer's volume is asked by: the one named, if it is theirs, or all that are; unread: up to MaxOwn of them, and there are more.
func (r *Reader) domains(ctx context.Context, who panel.Who, named string) (names []string, unread bool, err error) {
	if named != "" {
		own := &owner{store: r.Store, who: who}
		is, err := own.has(ctx, named)
		if err == nil && !is.mine {
			err = unknownDomain(named)
		}
		return []string{named}, false, err
	}
	if who.Person == "" {
		return nil, false, nil
	}
	list, err := r.Store.Domains(ctx, who.Person, "", "", MaxOwn+1)
	if err != nil {
		return nil, false, err
	}
	for _, d := range list[:min(len(list), MaxOwn)] {
		names = append(names, d.Name)
	}
	return names, len(list) > MaxOwn, nil
}

// filter reads what is asked for.
func (r *Reader) filter(q VolumeQuery) (f store.VolumeFilter, err error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	f = store.VolumeFilter{From: strings.TrimSpace(q.From), To: strings.TrimSpace(q.To)}
	if f.To == "" {
		f.To = now().UTC().Format(time.DateOnly)
	}
	to, err := time.Parse(time.DateOnly, f.To)
	if err != nil {
		return f, fail("to", badDay)
	}
	if f.From == "" {
		f.From = to.AddDate(0, 0, 1-usualDays).Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, f.From); err != nil || f.From > f.To {
		return f, fail("from", badDay)
	}
	if d := strings.TrimSpace(q.Domain); d != "" {
		if f.Author, err = panel.Name(d); err != nil {
			return f, fail("domain", badDomain)
		}
	}
	if s := strings.TrimSpace(q.Source); s != "" {
		if f.Source, err = warmup.Source(s); err != nil {
			return f, fail("source", warmup.NoSource)
		}
	}
	if p := strings.ToLower(strings.TrimSpace(q.Provider)); p != "" {
		if len(p) > 50 || p != warmup.Everybody && provider.ReceiverName(p).EN == p {
			return f, fail("provider", warmup.NoProvider)
		}
		f.Provider = p
	}
	return f, nil
}

// WriteCSV writes the rows (RFC 4180); a cell that a spreadsheet would take for a formula begins with an apostrophe.
func (v *Volume) WriteCSV(to io.Writer) error {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	if err := out.Write([]string{"day", "domain", "source", "provider", "messages", "paced"}); err != nil {
		return err
	}
	for _, r := range v.Rows {
		row := []string{r.Day, r.Author, r.Source, r.Provider, strconv.FormatInt(r.Messages, 10), strconv.FormatInt(r.Paced, 10)}
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func harmless(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if cell != "" && strings.ContainsRune("'=+-@\t\r＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}
