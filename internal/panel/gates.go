package panel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// importTime bounds what is done with a file.
const importTime = time.Minute

// importing takes in a file, with few at one time: each costs many times its octets, and a look at what is kept for each line. It is read before, for
// that waits for who sends it. ErrBusy.
func (p *Panel) importing(ctx context.Context, w Who, file io.Reader, take func(ctx context.Context, data []byte) (Imported, error)) (done Imported, err error) {
	data, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err != nil {
		return done, err
	}
	leave, err := p.enter(ctx, w, "file of", p.files)
	if err != nil {
		return done, err
	}
	defer leave()
	limited, cancel := context.WithTimeout(ctx, importTime)
	defer cancel()
	if done, err = take(limited, data); err != nil && ctx.Err() == nil && (limited.Err() != nil || errors.Is(err, context.DeadlineExceeded)) {
		err = fmt.Errorf("%w: a file took more than %s: %w", ErrBusy, importTime, err)
	}
	return done, err
}

// enter waits for a place, of which a customer has one at a time, and gives up after a while: ErrBusy. leave has to be called.
func (p *Panel) enter(ctx context.Context, w Who, what string, places chan struct{}) (leave func(), err error) {
	limited, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	var names []string
	if !w.Admin {
		names = []string{what + " " + w.Person}
	}
	leave, err = p.hold(limited, places, names...)
	if err != nil && ctx.Err() == nil {
		err = ErrBusy
	}
	return leave, err
}

// hold waits until nobody else holds any of some names, which it takes in their order, and then for a place. end has to be called.
func (p *Panel) hold(ctx context.Context, places chan struct{}, names ...string) (end func(), err error) {
	var held []string
	release := func() {
		for _, name := range held {
			p.busy.Delete(name)
		}
	}
	for _, name := range names {
		for {
			if _, busy := p.busy.LoadOrStore(name, true); !busy {
				break
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				release()
				return nil, ctx.Err()
			}
		}
		held = append(held, name)
	}
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		release()
		return nil, ctx.Err()
	}
	return func() { <-places; release() }, nil
}
