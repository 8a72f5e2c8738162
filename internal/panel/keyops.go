package panel

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// KeyAction is what can be done with a key.
type KeyAction string

// The actions. They are part of the contract.
const (
	Rotate   KeyAction = "rotate"   // make one that takes its place
	Rollback KeyAction = "rollback" // give up the one that is to take its place, or have the one before sign again
	Retire   KeyAction = "retire"   // take it out of use, with none in its place
)

// may gives what can be done with a key now, among all of its domain.
func may(e *store.DKIMKey, all []store.DKIMKey) []KeyAction {
	var out []KeyAction
	has := func(same bool, states ...string) bool {
		return slices.ContainsFunc(all, func(o store.DKIMKey) bool { return (o.Series == e.Series) == same && slices.Contains(states, o.State) })
	}
	next := has(true, store.KeyPrepared, store.KeyPublished)
	switch e.State {
	case store.KeySigning:
		if !next {
			out = append(out, Rotate)
		}
		if next || slices.ContainsFunc(all, func(o store.DKIMKey) bool { return o.ID == e.Replaces && o.State == store.KeyRetiring }) {
			out = append(out, Rollback)
		}
		if has(false, store.KeySigning) {
			out = append(out, Retire)
		}
	case store.KeyPrepared, store.KeyPublished:
		if has(true, store.KeySigning) {
			out = append(out, Rollback)
		} else {
			out = append(out, Retire)
		}
	}
	return out
}

// KeyProblem says why something cannot be done with a key now, or why one cannot be made; ok false for other errors.
func KeyProblem(err error) (t catalogue.Text, ok bool) {
	switch {
	case errors.Is(err, keys.ErrSpec):
		en := err.Error()
		return catalogue.Text{EN: strings.ToUpper(en[:1]) + en[1:] + ".", JA: said.Japanese(err) + "。"}, true
	case errors.Is(err, keys.ErrNothing):
		return catalogue.Text{EN: "The key is in no state for this. Look at the domain again.", JA: "鍵の現在の状態では実行できません。ドメインの状態をもう一度確認してください。"}, true
	case errors.Is(err, keys.ErrInUse):
		return catalogue.Text{EN: "No other key of the domain signs: its mail would go out unsigned. Turn DKIM off for the domain, or rotate the key.", JA: "このドメインで署名に使える鍵がほかにないため、メールが署名なしで送信されてしまいます。DKIM をオフにするか、鍵を交換してください。"}, true
	case errors.Is(err, keys.ErrBusy):
		return catalogue.Text{EN: "The selectors of this key alternate, and the next one still has the record of the key before. Rotate it when that record is gone.", JA: "この鍵は複数のセレクターを交互に使います。次のセレクターにはまだ以前の鍵のレコードがあるため、そのレコードがなくなってから交換してください。"}, true
	case errors.Is(err, keys.ErrNotShown):
		return catalogue.Text{EN: "Not every name server shows the record of the key before. Publish it again first.", JA: "以前の鍵のレコードが一部のネームサーバーにありません。先にそのレコードを公開し直してください。"}, true
	}
	return t, false
}

// WrongMaster says that the server has another master key than the keys were kept with, ok false for other errors. Only who runs the server can mend it.
func WrongMaster(err error) (t catalogue.Text, ok bool) {
	return catalogue.Text{
		EN: "The server was started with another master key than the one that its DKIM keys are kept with, so it can neither make keys nor use them. Nothing was changed. The server's administrators have to start it with the right one; its log names both.",
		JA: "サーバーは、DKIM 鍵の保管に使われたものとは別のマスター鍵で起動しています。そのため、鍵の作成も使用もできません。何も変更していません。サーバーの管理者が正しいマスター鍵で起動し直す必要があります (サーバーのログに両方の識別子があります)。",
	}, errors.Is(err, keys.ErrWrongMaster)
}

// lookTime bounds what is asked of name servers while somebody waits.
const lookTime = 20 * time.Second

// withKeys does something with the keys of a domain that one may see, within some time. ErrBusy where its turn does not come in that.
func (p *Panel) withKeys(ctx context.Context, w Who, name string, within time.Duration, do func(ctx context.Context, d *store.Domain) error) error {
	d, err := p.find(ctx, w, name)
	if err != nil {
		return err
	}
	if p.Keys == nil {
		return keys.ErrNoMaster
	}
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	end, err := p.turn(limited, w, d.Name)
	if err != nil && ctx.Err() == nil {
		err = ErrBusy
	}
	if err != nil {
		return err
	}
	defer end()
	if d, err = p.find(limited, w, d.Name); err != nil { // it may have been taken away while this waited
		return err
	}
	return do(limited, &d)
}

// keysAtOnce are the works with keys of customers at one time, and those of administrators: each may wait for name servers.
const keysAtOnce = 4

// turn waits until nothing else is done with the keys of a domain, and, as the name servers of customers may never answer, nothing else by the same
// customer. end has to be called.
func (p *Panel) turn(ctx context.Context, w Who, domain string) (end func(), err error) {
	if w.Admin {
		return p.hold(ctx, p.administering, "domain "+domain)
	}
	return p.hold(ctx, p.making, "person "+w.Person, "domain "+domain) // the customer first: who waits for a domain is at one
}

// Act does something with a key of a domain. store.ErrNotFound, also for a key of another domain; keys.ErrNothing, keys.ErrInUse,
// keys.ErrBusy, keys.ErrNotShown where it cannot be done now; keys.ErrNoMaster; store.ErrConflict; ErrBusy.
func (p *Panel) Act(ctx context.Context, w Who, name, id string, a KeyAction) error {
	return p.withKeys(ctx, w, name, lookTime, func(ctx context.Context, d *store.Domain) error {
		e, err := p.Store.Key(ctx, id)
		if err == nil && e.Domain != d.Name {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		switch a {
		case Rotate:
			_, err = p.Keys.Rotate(ctx, id)
		case Rollback:
			_, err = p.Keys.Rollback(ctx, id)
		case Retire:
			_, err = p.Keys.Retire(ctx, id)
		default:
			err = store.ErrNotFound
		}
		return err
	})
}

// Look asks the name servers of a domain about its keys now, and takes the steps that may be taken. store.ErrNotFound, keys.ErrNoMaster, ErrBusy.
func (p *Panel) Look(ctx context.Context, w Who, name string) error {
	return p.withKeys(ctx, w, name, lookTime, func(ctx context.Context, d *store.Domain) error {
		err := p.Keys.Look(ctx, d.Name)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			p.Log.Warn("a look at the keys of a domain failed", "domain", d.Name, "error", err) // what could not be seen is with each key
		}
		return nil
	})
}

// keyTime bounds the making of a domain's keys.
const keyTime = 30 * time.Second

// MakeKeys makes an RSA and an Ed25519 key, each where the domain has none that signs or will. store.ErrNotFound, keys.ErrNoMaster, ErrBusy.
func (p *Panel) MakeKeys(ctx context.Context, w Who, name string) error {
	return p.withKeys(ctx, w, name, keyTime, p.makeKeys) // one after the other also keeps two from making the same
}

func (p *Panel) makeKeys(ctx context.Context, d *store.Domain) error {
	list, err := p.Store.Keys(ctx, d.Name, false)
	if err != nil {
		return err
	}
	for _, algorithm := range []string{"rsa", "ed25519"} {
		if slices.ContainsFunc(list, func(k store.DKIMKey) bool { return k.Algorithm == algorithm && lives(&k) }) {
			continue
		}
		if err := p.makeKey(ctx, d, algorithm); err != nil {
			return err
		}
	}
	return nil
}

// makeKey makes one, in half of the time that is left: name servers that are slow to answer for the first leave as much for the second.
func (p *Panel) makeKey(ctx context.Context, d *store.Domain, algorithm string) error {
	if until, ok := ctx.Deadline(); ok {
		half, cancel := context.WithTimeout(ctx, time.Until(until)/2)
		defer cancel()
		ctx = half
	}
	_, err := p.Keys.Create(ctx, keys.Spec{Domain: d.Name, Algorithm: algorithm})
	return err
}

// lives reports that a key signs or will.
func lives(k *store.DKIMKey) bool {
	return k.State == store.KeyPrepared || k.State == store.KeyPublished || k.State == store.KeySigning
}
