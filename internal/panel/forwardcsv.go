package panel

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/store"
)

// forwardColumns of a file of forwarding addresses, in the order in which they are written.
var forwardColumns = []string{"address", "to", "keep"}

// ExportForwards writes the forwarding addresses of all domains that one may see as CSV (RFC 4180).
func (p *Panel) ExportForwards(ctx context.Context, w Who, to io.Writer) error {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	if err := out.Write(forwardColumns); err != nil {
		return err
	}
	for last := (store.Forward{}); ; {
		list, err := p.Store.Forwards(ctx, w.person(), "", last, MaxListed)
		if err != nil {
			return err
		}
		for i := range list {
			keep := "no"
			if list[i].Keep {
				keep = "yes"
			}
			if err := out.Write([]string{harmless(list[i].Address()), harmless(strings.Join(list[i].Targets, " ")), keep}); err != nil {
				return err
			}
		}
		if len(list) < MaxListed {
			break
		}
		last = list[len(list)-1]
	}
	out.Flush()
	return out.Error()
}

// ImportForwards takes the forwarding addresses of a file, all or none; dry only says what it would do. Addresses that the file does not name
// stay; one without destinations that keeps nothing is taken away (it counts as changed). *Faults, store.ErrNotFound, store.ErrConflict, ErrBusy.
func (p *Panel) ImportForwards(ctx context.Context, w Who, file io.Reader, dry bool) (done Imported, err error) {
	return p.importing(ctx, w, file, func(ctx context.Context, data []byte) (done Imported, err error) {
		if !dry {
			leave, err := p.enter(ctx, w, "forwarding of", p.forwarding)
			if err != nil {
				return done, err
			}
			defer leave()
		}
		for range 3 { // what others changed meanwhile may lead back, or have taken a domain away
			if done, err = p.tryImportForwards(ctx, w, data, dry); !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
				break
			}
		}
		return done, err
	})
}

func (p *Panel) tryImportForwards(ctx context.Context, w Who, data []byte, dry bool) (done Imported, err error) {
	lines, bad, err := readFile(data, forwardColumns, "address", readForwardLine, func(l forwardLine) string { return l.f.Address() })
	if err != nil {
		return done, err
	}
	all := make([]store.Forward, 0, len(lines))
	for _, l := range lines {
		all = append(all, l.f)
	}
	since, err := p.Store.ForwardsChanges(ctx)
	if err != nil {
		return done, err
	}
	way, err := newWalk(ctx, p.Store, all...)
	if err != nil {
		return done, err
	}
	var list []store.Forward
	mine := map[string]error{}
	for _, l := range lines {
		if _, asked := mine[l.f.Domain]; !asked {
			_, mine[l.f.Domain] = p.find(ctx, w, l.f.Domain)
		}
		err := mine[l.f.Domain]
		if errors.Is(err, store.ErrNotFound) {
			err = noDomain("address")
		}
		if err == nil {
			err = way.endless(ctx, &l.f)
		}
		if err == nil {
			list, err = count(ctx, way, list, l.f, &done)
		}
		if err = bad.add(l.number, err); err != nil {
			return Imported{}, err
		}
	}
	if err := bad.err(); err != nil {
		return Imported{}, err
	}
	if dry || len(list) == 0 {
		return done, nil
	}
	if err := p.keepForwards(ctx, w, since, list...); err != nil {
		return Imported{}, err
	}
	p.Log.Info("forwarding addresses were taken from a file", "made", done.Made, "changed", done.Changed)
	return done, nil
}

// count adds one to those that are to be kept, where it changes something.
func count(ctx context.Context, w *walk, list []store.Forward, f store.Forward, done *Imported) ([]store.Forward, error) {
	was, there, err := w.kept(ctx, f.Address())
	switch {
	case err != nil:
		return list, err
	case there && was.Keep == f.Keep && slices.Equal(was.Targets, f.Targets), !there && !f.Keep && len(f.Targets) == 0:
		done.Same++
		return list, nil
	case there:
		done.Changed++
	default:
		done.Made++
	}
	return append(list, f), nil
}

type forwardLine struct {
	number int
	f      store.Forward
}

func readForwardLine(number int, cell func(string) (string, bool)) (forwardLine, error) {
	keep, err := choice(cell, "keep", "yes", "no")
	if err != nil {
		return forwardLine{}, err
	}
	address, _ := cell("address")
	to, _ := cell("to")
	f, err := ForwardRequest{Address: address, To: SplitAddresses(to), Keep: keep != nil && *keep}.forward("")
	return forwardLine{number, f}, err
}
