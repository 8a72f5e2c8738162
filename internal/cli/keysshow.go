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
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/store"
)

// howPublished says who publishes the records of new keys.
func (k *keysRun) howPublished(list []store.DKIMKey) string {
	if slices.ContainsFunc(list, func(e store.DKIMKey) bool { return k.ByHand(&e) }) {
		return k.a.say(msgKeysMade)
	}
	return k.a.say(msgKeysUpdated)
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
