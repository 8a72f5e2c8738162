package panel

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestFilesAtOnce: few files are taken in at one time, of a customer one, and who finds no place is told so after a while; nothing stays held.
func TestFilesAtOnce(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	file := func(w Who) error {
		return errors.Join(second(p.ImportForwards(ctx, w, strings.NewReader("address,to\nx@a.example,me@else.example\n"), false)), second(p.Import(ctx, w, strings.NewReader("domain\na.example\n"), false)))
	}
	must(t, file(her))
	err := second(p.importing(ctx, her, strings.NewReader(""), func(context.Context, []byte) (done Imported, err error) {
		must(t, file(admin)) // there is room for somebody else
		p.patience = 1
		for range 2 {
			if err := file(her); !errors.Is(err, ErrBusy) {
				t.Errorf("a second one of hers: %v", err)
			}
		}
		p.patience = time.Minute
		return Imported{}, second(p.importing(ctx, admin, strings.NewReader(""), func(context.Context, []byte) (done Imported, err error) {
			p.patience = 1
			if err := file(admin); !errors.Is(err, ErrBusy) {
				t.Errorf("a third one: %v", err)
			}
			return done, nil
		}))
	}))
	must(t, err)
	p.busy.Range(func(name, _ any) bool { t.Error(name, "is still busy"); return true })
	if len(p.files) != 0 {
		t.Error("a place is still taken")
	}
}

// TestFileIsBounded: what is done with a file ends; that it did not is told as being busy, unless who asked left.
func TestFileIsBounded(t *testing.T) {
	p, her := forwarding(t)
	ctx, cancel := context.WithCancel(t.Context())
	work := func(ctx context.Context, _ []byte) (done Imported, err error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("it may last for ever")
		}
		return done, context.DeadlineExceeded
	}
	if err := second(p.importing(ctx, her, strings.NewReader(""), work)); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	cancel()
	if err := second(p.importing(ctx, her, strings.NewReader(""), work)); errors.Is(err, ErrBusy) || err == nil {
		t.Error(err)
	}
	if err := second(p.importing(t.Context(), her, io.MultiReader(strings.NewReader("x"), broken{}), work)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

// broken is a file that ends before its end.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestJudgingAtOnce: of a customer one look at a domain is under way at a time, and who finds no place is told so after a while, and waits not for ever.
func TestJudgingAtOnce(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	look := func(w Who) error { return second(p.Get(ctx, w, "a.example")) }
	leave, err := p.enter(ctx, her, "judging for", p.judging)
	must(t, err)
	must(t, look(admin))
	p.patience = 1
	if err := look(her); !errors.Is(err, ErrBusy) {
		t.Errorf("a second one of hers: %v", err)
	}
	p.patience = time.Minute
	more, err := p.enter(ctx, admin, "judging for", p.judging)
	must(t, err)
	p.patience = 1
	if err := look(admin); !errors.Is(err, ErrBusy) {
		t.Errorf("a third one: %v", err)
	}
	p.patience = time.Minute
	leave()
	more()
	must(t, look(her))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for range cap(p.judging) {
		p.judging <- struct{}{}
	}
	if err := second(p.Get(gone, her, "a.example")); err == nil || errors.Is(err, ErrBusy) {
		t.Errorf("one who left: %v", err)
	}
}
