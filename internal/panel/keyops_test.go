package panel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

// allShow is a zone in which every record is there at once, and no cache knows anything else.
type allShow struct{}

func (allShow) Observe(context.Context, string, string) keys.Observation {
	return keys.Observation{Zone: "a.example", Servers: []keys.Server{{Name: "ns.a.example", Has: keys.Shows}}}
}

// actions gives what can be done with the keys of a domain, by algorithm and state.
func actions(t *testing.T, p *Panel) (out []string, id map[string]string) {
	t.Helper()
	d, err := p.Get(t.Context(), admin, "a.example")
	must(t, err)
	id = map[string]string{}
	for _, k := range d.Keys {
		name := k.Algorithm + " " + k.State
		out, id[name] = append(out, fmt.Sprint(name, " ", k.May)), k.ID
	}
	slices.Sort(out)
	return out, id
}

// TestKeyActions: what can be done with a key is offered in each state, and is what can be done; nobody touches keys of another domain.
func TestKeyActions(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	must(t, err)
	p.Keys = keys.New(keys.Config{Store: p.Store, Master: master, Observer: allShow{}})
	must(t, p.MakeKeys(ctx, her, "a.example"))
	wants := func(want ...string) map[string]string {
		t.Helper()
		got, id := actions(t, p)
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		return id
	}
	wants("ed25519 prepared [retire]", "rsa prepared [retire]")
	for range 2 {
		must(t, p.Look(ctx, her, "a.example"))
	}
	id := wants("ed25519 signing [rotate retire]", "rsa signing [rotate retire]")
	must(t, p.Act(ctx, her, "a.example", id["ed25519 signing"], Rotate))
	id = wants("ed25519 prepared [rollback]", "ed25519 signing [rollback retire]", "rsa signing [rotate retire]")
	must(t, p.Act(ctx, her, "a.example", id["ed25519 signing"], Rollback))
	wants("ed25519 retiring []", "ed25519 signing [rotate retire]", "rsa signing [rotate retire]")
	must(t, p.Act(ctx, her, "a.example", id["rsa signing"], Retire))
	id = wants("ed25519 retiring []", "ed25519 signing [rotate]", "rsa retiring []")
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"the last one": {p.Act(ctx, her, "a.example", id["ed25519 signing"], Retire), keys.ErrInUse}, "nothing to take back": {p.Act(ctx, her, "a.example", id["ed25519 signing"], Rollback), keys.ErrNothing},
		"over another domain": {p.Act(ctx, admin, "b.example", id["ed25519 signing"], Rotate), store.ErrNotFound}, "a stranger's": {p.Act(ctx, her, "b.example", id["ed25519 signing"], Rotate), store.ErrNotFound},
		"no key": {p.Act(ctx, her, "a.example", "none", Rotate), store.ErrNotFound}, "no action": {p.Act(ctx, her, "a.example", id["ed25519 signing"], "reveal"), store.ErrNotFound},
		"a look at a stranger's": {p.Look(ctx, her, "b.example"), store.ErrNotFound}, "nobody": {p.Look(ctx, Who{}, "a.example"), store.ErrNotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
		if text, ok := KeyProblem(c.err); ok != (c.want != store.ErrNotFound) || ok && (text.EN == "" || text.JA == "") {
			t.Errorf("%s: %+v", name, text)
		}
	}
	p.Keys = nil
	if err := p.Look(ctx, her, "a.example"); !errors.Is(err, keys.ErrNoMaster) {
		t.Error(err)
	}
}

// TestKeysOfALongName: of a domain whose name leaves no room for the record of a key it is said that no key can be made, and why.
func TestKeysOfALongName(t *testing.T) {
	p, ctx := open(t), t.Context()
	label := strings.Repeat("a", 60)
	name := strings.Join([]string{label, label, label, strings.Repeat("b", 50), "example"}, ".")
	_, err := p.Create(ctx, admin, name, Change{})
	must(t, err)
	text, ok := KeyProblem(p.MakeKeys(ctx, admin, name))
	if !ok || !strings.HasPrefix(text.EN, "The key cannot be made: the name of its record would have 263 octets, and 253 is the most") || !strings.HasPrefix(text.JA, "鍵を作れません: 鍵レコードの名前が 263 オクテットになり") {
		t.Errorf("%v %+v", ok, text)
	}
}
