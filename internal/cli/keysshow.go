package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
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

// showRecords prints what is to be published.
func (k *keysRun) showRecords(ctx context.Context, list []store.DKIMKey) error {
	all, err := k.statuses(ctx, list)
	if err != nil {
		return err
	}
	return k.a.show(map[string]any{"keys": all}, func(w io.Writer, _ render.TextOptions) error {
		for _, s := range all {
			if err := k.writeRecords(w, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (k *keysRun) writeRecords(w io.Writer, s keyStatus) error {
	if len(s.Aliases) > 0 {
		fmt.Fprintln(w, "; "+k.a.say(msgAliasesOnce))
	}
	for _, c := range s.Aliases {
		rec, err := dns.NewRecord(c.Name, c.Type, c.TTL, c.Data[0])
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w, rec.Text()); err != nil {
			return err
		}
	}
	for _, c := range s.DNS {
		data := c.Data
		if c.Action == dns.Remove {
			data = c.Was
			fmt.Fprintln(w, "; "+k.a.say(msgTakeAway))
		}
		for _, d := range data {
			rec, err := dns.NewRecord(c.Name, c.Type, c.TTL, d)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(w, rec.Text()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) keysListCommand() *cobra.Command {
	var all bool
	c := a.keysCommand("keys list", func(ctx context.Context, k *keysRun, args []string) error {
		list, err := k.named(ctx, args, all)
		if err != nil {
			return err
		}
		objects, err := k.statuses(ctx, list)
		if err != nil {
			return err
		}
		return a.show(map[string]any{"keys": objects}, func(w io.Writer, _ render.TextOptions) error {
			if len(objects) == 0 {
				_, err := fmt.Fprintln(w, a.say(msgNoKeys))
				return err
			}
			tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			fmt.Fprintln(tab, a.say(msgKeyColumns))
			for _, s := range objects {
				fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Domain, s.Selector, kind(s), a.say(keyStates[s.State]), minute(s.Since), k.nextText(s.Next))
			}
			return tab.Flush()
		})
	})
	c.Flags().BoolVar(&all, "all", false, a.flagText("keys-all"))
	return c
}

// named gives the keys of the arguments, all where there are none.
func (k *keysRun) named(ctx context.Context, args []string, gone bool) ([]store.DKIMKey, error) {
	if len(args) > 0 {
		return k.findAll(ctx, args, gone)
	}
	list, err := k.store.Keys(ctx, "", gone)
	if err != nil {
		return nil, lookError{err}
	}
	return list, nil
}

func kind(s keyStatus) string {
	if s.Algorithm == "rsa" {
		return "rsa " + strconv.Itoa(s.Bits)
	}
	return s.Algorithm
}

func minute(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

func (a *app) keysShowCommand() *cobra.Command {
	var words []string
	c := a.keysCommand("keys show", func(ctx context.Context, k *keysRun, args []string) error {
		if len(args) == 0 {
			return usagef("%s", a.say(msgKeyNames))
		}
		forms, err := a.pasteForms(words)
		if err != nil {
			return err
		}
		list, err := k.findAll(ctx, args, false)
		if err != nil {
			return err
		}
		all, err := k.statuses(ctx, list)
		if err != nil {
			return err
		}
		return a.show(map[string]any{"keys": all}, func(w io.Writer, _ render.TextOptions) error {
			for _, s := range all {
				fmt.Fprintf(w, "; %s  %s  %s  %s\n; %s: %s\n", s.ID, s.Selector+"._domainkey."+s.Domain, kind(s), a.say(keyStates[s.State]), a.say(msgSignsFor), render.Printable(strings.Join(s.For, ", ")))
				if err := k.writeForms(w, s, forms); err != nil {
					return err
				}
				if s.Revealed != nil {
					fmt.Fprint(w, *s.Revealed)
				}
			}
			return nil
		})
	})
	c.Flags().StringSliceVar(&words, "paste", nil, a.flagText("key-paste"))
	completeWords(c, "paste", paste.IDs()...)
	return c
}

// writeForms writes what is to be published, or taken away, in forms; in that of a zone file where none is named.
func (k *keysRun) writeForms(w io.Writer, s keyStatus, forms []paste.Form) error {
	if len(forms) == 0 {
		return k.writeRecords(w, s)
	}
	for _, form := range forms {
		fmt.Fprintln(w, "; "+form.Name.In(k.a.lang))
		for _, c := range slices.Concat(s.Aliases, s.DNS) {
			var stands []dns.Record
			for _, was := range c.Was {
				rec, err := dns.NewRecord(c.Name, c.Type, c.TTL, was)
				if err != nil {
					return err
				}
				stands = append(stands, rec)
			}
			plan, err := paste.NewPlan(c, cmp.Or(s.zone, dmarc.RegisteredDomain(dns.CanonicalName(c.Name))), stands)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, form.Write(plan, k.a.lang)); err != nil {
				return err
			}
		}
	}
	return nil
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
