package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

// keyStatus is a key as JSON. Nothing of a private key is in it, but one that is public (revealed).
type keyStatus struct {
	ID        string        `json:"id"`
	Series    string        `json:"series"`
	Replaces  *string       `json:"replaces"`
	Domain    string        `json:"domain"`
	Selector  string        `json:"selector"`
	Algorithm string        `json:"algorithm"`
	Bits      int           `json:"bits"`
	State     string        `json:"state"`
	Since     time.Time     `json:"since"`
	Due       *time.Time    `json:"due"`
	Waits     *string       `json:"waits"`
	Problem   *string       `json:"problem"`
	Looked    *time.Time    `json:"looked"`
	Servers   []keys.Server `json:"servers"`
	For       []string      `json:"for"`
	DNS       []dns.Change  `json:"dns"`
	Aliases   []dns.Change  `json:"aliases"` // that the owner of the domain publishes once
	Next      *nextStep     `json:"next"`
	Revealed  *string       `json:"revealed"`

	zone string // of the records, "" where it was not seen
}

// nextStep is what comes next in the life of a key; without a time it comes when somebody does what the key waits for.
type nextStep struct {
	Step string     `json:"step"`
	At   *time.Time `json:"at"`
}

func (k *keysRun) next(e *store.DKIMKey) *nextStep {
	step, at := k.Next(e)
	if step == keys.NextNone {
		return nil
	}
	n := &nextStep{Step: step}
	if !at.IsZero() {
		n.At = &at
	}
	return n
}

// nextText is a step in words, "" for none.
func (k *keysRun) nextText(n *nextStep) string {
	if n == nil {
		return "-"
	}
	if n.At == nil {
		return k.a.say(keyNext[n.Step])
	}
	return k.a.say(keyNext[n.Step]) + " " + minute(*n.At)
}

// status describes a key. patterns are all that there are.
func (k *keysRun) status(e store.DKIMKey, patterns []store.DKIMPattern) keyStatus {
	n := keys.NoteOf(&e)
	s := keyStatus{
		ID: e.ID, Series: e.Series, Replaces: notEmpty(e.Replaces), Domain: e.Domain, Selector: e.Selector, Algorithm: e.Algorithm, Bits: e.Bits, State: e.State,
		zone: n.Zone, Since: since(&e), Waits: notEmpty(n.Waits), Problem: notEmpty(n.Problem), Servers: n.Servers, For: []string{}, DNS: []dns.Change{}, Revealed: notEmpty(e.Revealed),
	}
	if unreadable := k.Unreadable(&e); unreadable != "" && e.State != store.KeyRetiring {
		s.Problem = &unreadable
	}
	if !e.Due.IsZero() {
		s.Due = &e.Due
	}
	if !n.At.IsZero() {
		s.Looked = &n.At
	}
	if s.Servers == nil {
		s.Servers = []keys.Server{}
	}
	for _, p := range patterns {
		if p.Series == e.Series {
			s.For = append(s.For, p.Pattern)
		}
	}
	switch {
	case e.State == store.KeyRemoved || e.State == store.KeyRevealed:
	case e.State == store.KeyRetiring && (n.Waits == keys.WaitsRemove || n.Waits == keys.WaitsGone):
		s.DNS = append(s.DNS, k.Withdraw(&e))
	default:
		s.DNS = append(s.DNS, k.Publish(&e))
	}
	return s
}

func notEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// since is when a key came into its state.
func since(e *store.DKIMKey) time.Time {
	switch at := map[string]time.Time{store.KeyPublished: e.Seen, store.KeySigning: e.Signing, store.KeyRetiring: e.Retiring, store.KeyRemoved: e.Removed, store.KeyRevealed: e.Removed}[e.State]; {
	case at.IsZero():
		return e.Created
	default:
		return at
	}
}

func (k *keysRun) statuses(ctx context.Context, list []store.DKIMKey) ([]keyStatus, error) {
	patterns, err := k.store.KeyPatterns(ctx)
	if err != nil {
		return nil, lookError{err}
	}
	names, err := k.store.KeyNames(ctx, "")
	if err != nil {
		return nil, lookError{err}
	}
	out := make([]keyStatus, 0, len(list))
	for _, e := range list {
		s := k.status(e, patterns)
		if s.Aliases = k.Aliases(&e, names); s.Aliases == nil {
			s.Aliases = []dns.Change{}
		}
		s.Next = k.next(&e)
		out = append(out, s)
	}
	return out, nil
}

func (a *app) keysStatusCommand() *cobra.Command {
	c := a.keysCommand("keys status", func(ctx context.Context, k *keysRun, args []string) error { return k.showStatus(ctx, args) })
	return c
}

// showStatus says of each key where it is in its life. Exit code 1 where one has a problem.
func (k *keysRun) showStatus(ctx context.Context, args []string) error {
	list, err := k.named(ctx, args, false)
	if err != nil {
		return err
	}
	all, err := k.statuses(ctx, list)
	if err != nil {
		return err
	}
	if err := k.a.show(map[string]any{"keys": all}, func(w io.Writer, _ render.TextOptions) error { return k.writeStatus(w, all) }); err != nil {
		return err
	}
	for _, s := range all {
		if s.Problem != nil {
			return findingsError{}
		}
	}
	return nil
}

// keyProblem is what a note says, in the language of the output where it has words for it.
func (a *app) keyProblem(text string) string {
	if a.japanese() {
		text, _ = keys.Japanese(text)
	}
	return text
}

func (k *keysRun) writeStatus(w io.Writer, all []keyStatus) error {
	a := k.a
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, a.say(msgNoKeys))
		return err
	}
	domain := ""
	for _, s := range all {
		if s.Domain != domain {
			domain = s.Domain
			fmt.Fprintln(w, domain)
		}
		fmt.Fprintf(w, "  %s  %s  %s\n", s.Selector, kind(s), a.say(msgStateSince, "state", a.say(keyStates[s.State]), "time", minute(s.Since)))
		if s.Waits != nil {
			due := ""
			if s.Due != nil {
				due = minute(*s.Due)
			}
			fmt.Fprintln(w, "    "+a.say(keyWaits[*s.Waits], "time", due))
		}
		if s.Problem != nil {
			fmt.Fprintln(w, "    "+a.say(msgKeyProblem, "text", render.Printable(a.keyProblem(*s.Problem))))
		}
		if s.State == store.KeyPrepared || s.Problem != nil || s.Waits != nil && *s.Waits != keys.WaitsMail {
			for _, v := range s.Servers {
				fmt.Fprintln(w, "      "+render.Printable(v.Name)+"  "+a.say(keyHas[v.Has])+" ("+render.Printable(a.keyProblem(v.Detail))+")")
			}
		}
	}
	return nil
}
