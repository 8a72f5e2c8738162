package panel

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

// tarpit is a world whose name servers never answer for one domain.
type tarpit struct {
	asked chan struct{}
	never string
}

func (w tarpit) Observe(ctx context.Context, name, _ string) keys.Observation {
	if strings.HasSuffix(name, w.never) {
		w.asked <- struct{}{}
		<-ctx.Done()
	}
	return keys.Observation{}
}

// TestSlowNameServers: a customer whose name servers never answer keeps nobody else from working with keys.
func TestSlowNameServers(t *testing.T) {
	p, her := forwarding(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	person, err := p.Store.AddPerson(ctx, store.Person{Name: "him", Role: access.Customer}, false)
	must(t, err)
	must(t, p.Give(ctx, admin, "b.example", person.ID, true))
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	must(t, err)
	p.Keys = keys.New(keys.Config{Store: p.Store, Master: master, Now: p.Now}) // which looks at nobody yet
	must(t, p.MakeKeys(ctx, her, "a.example"))
	w := tarpit{asked: make(chan struct{}, 100), never: "a.example"}
	p.Keys = keys.New(keys.Config{Store: p.Store, Master: master, Observer: w, Now: p.Now})
	var looks sync.WaitGroup
	for range 3 * keysAtOnce { // one is under way, the others wait for it
		looks.Go(func() { _ = p.Look(ctx, her, "a.example") })
	}
	<-w.asked
	him := Who{Person: person.ID}
	for range 2 {
		must(t, p.MakeKeys(t.Context(), him, "b.example"))
		must(t, p.Look(t.Context(), him, "b.example"))
	}
	if list, err := p.Store.Keys(t.Context(), "b.example", false); err != nil || len(list) != 2 {
		t.Errorf("%d keys, %v", len(list), err)
	}
	short, end := context.WithCancel(t.Context())
	end()
	if err := p.Look(short, admin, "a.example"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	cancel()
	looks.Wait()
	p.busy.Range(func(name, _ any) bool { t.Error(name, "is still busy"); return true })
	if len(p.making)+len(p.administering) != 0 {
		t.Error("somebody still works")
	}
}

// TestTakenWhileWaiting: who waits for a turn with the keys of a domain, and has the domain no longer when it comes, does nothing with them.
func TestTakenWhileWaiting(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	for name, work := range map[string]func() error{
		"makes keys": func() error { return p.MakeKeys(ctx, her, "a.example") },
		"looks":      func() error { return p.Look(ctx, her, "a.example") },
		"acts":       func() error { return p.Act(ctx, her, "a.example", "any", Retire) },
	} {
		must(t, p.Give(ctx, admin, "a.example", her.Person, true))
		p.busy.Store("domain a.example", true)
		done := make(chan error, 1)
		go func() { done <- work() }()
		for waits := false; !waits && len(done) == 0; runtime.Gosched() { // the person is taken before the domain is waited for
			_, waits = p.busy.Load("person " + her.Person)
		}
		must(t, p.Give(ctx, admin, "a.example", her.Person, false))
		p.busy.Delete("domain a.example")
		if err := <-done; !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one who %s: %v", name, err)
		}
	}
	if list, err := p.Store.Keys(ctx, "a.example", false); err != nil || len(list) != 0 {
		t.Errorf("%d keys were made, %v", len(list), err)
	}
}

// TestRotateTooSoon: where selectors alternate and the other one still has the record of the key before, that is said, and no failure of the server.
func TestRotateTooSoon(t *testing.T) {
	p, her := forwarding(t)
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	must(t, err)
	p.Keys = keys.New(keys.Config{Store: p.Store, Master: master, Now: p.Now})
	signs := store.DKIMKey{Domain: "a.example", Selector: "s1", Algorithm: "ed25519", State: store.KeySigning, Created: p.Now()}
	must(t, p.Store.AddNamedKey(t.Context(), &signs, []store.DKIMName{{Selector: "s1"}, {Selector: "s2", Position: 1}}))
	was := store.DKIMKey{Domain: "a.example", Selector: "s2", Algorithm: "ed25519", State: store.KeyRetiring, Series: signs.Series, Created: p.Now()}
	must(t, p.Store.AddKey(t.Context(), &was))
	err = p.Act(t.Context(), her, "a.example", signs.ID, Rotate)
	if text, ok := KeyProblem(err); !errors.Is(err, keys.ErrBusy) || !ok || !strings.Contains(text.EN, "alternate") || text.JA == "" {
		t.Errorf("%v: %+v", err, text)
	}
}

// TestKeysOfSilentServers: name servers that never answer keep no key from being made, and who waits behind them in vain is told that, not of a database.
func TestKeysOfSilentServers(t *testing.T) {
	p, her := forwarding(t)
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	must(t, err)
	p.Keys = keys.New(keys.Config{Store: p.Store, Master: master, Observer: tarpit{asked: make(chan struct{}, 9), never: "a.example"}, Now: p.Now})
	must(t, p.withKeys(t.Context(), her, "a.example", 3*time.Second, p.makeKeys))
	if list, err := p.Store.Keys(t.Context(), "a.example", false); err != nil || len(list) != 2 {
		t.Errorf("%d keys, %v", len(list), err)
	}
	p.busy.Store("domain a.example", true)
	if err := p.withKeys(t.Context(), her, "a.example", time.Millisecond, p.makeKeys); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.withKeys(gone, her, "a.example", time.Minute, p.makeKeys); err == nil || errors.Is(err, ErrBusy) {
		t.Errorf("one who left: %v", err)
	}
}
