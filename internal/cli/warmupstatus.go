package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

func (a *app) warmupStatusCommand() *cobra.Command {
	var database string
	var noLists bool
	var listKeys []string
	c := a.command("warmup status", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		var lists *blocklist.Checker
		if !noLists {
			r, err := a.newResolver()
			if err != nil {
				return err
			}
			if lists, err = a.blocklists(r, listKeys); err != nil {
				return err
			}
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error { return a.warmupStatus(c.Context(), a.book(st, lists)) })
	})
	a.databaseFlag(c, &database)
	c.Flags().BoolVar(&noLists, "no-blocklists", false, a.flagText("no-blocklists"))
	c.Flags().StringArrayVar(&listKeys, "blocklist-key", nil, a.flagText("blocklist-key"))
	return c
}

func (a *app) warmupStatus(ctx context.Context, b *warmup.Book) error {
	all, err := b.Plans(ctx, "")
	if err != nil {
		return lookError{err}
	}
	sent, err := b.Sent(ctx)
	if err != nil {
		return lookError{err}
	}
	for i := range all {
		all[i] = all[i].In(a.lang)
	}
	for i := range sent {
		sent[i].Judged = sent[i].In(a.lang)
	}
	return a.show(map[string]any{"warmups": all, "volume": sent}, func(w io.Writer, _ render.TextOptions) error {
		if err := a.writeWarmups(w, all); err != nil {
			return err
		}
		return a.writeVolume(w, sent)
	})
}

func (a *app) writeWarmups(w io.Writer, all []warmup.View) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, a.say(msgNoWarmups))
		return err
	}
	for i := range all {
		a.writeWarmup(w, &all[i])
	}
	return nil
}

func (a *app) writeWarmup(w io.Writer, o *warmup.View) {
	fmt.Fprintf(w, "%s  %s\n", o.Source, warmup.ProviderName(o.Provider).In(a.lang))
	line := func(t text, pairs ...string) { fmt.Fprintln(w, "  "+a.say(t, pairs...)) }
	if o.Over() {
		line(msgPlanOver, "plan", o.One.Plan, "granted", strconv.Itoa(o.Today.Granted))
	} else {
		line(msgPlanDay, "plan", o.One.Plan, "day", strconv.Itoa(o.At+1), "days", strconv.Itoa(len(o.Steps)), "granted", strconv.Itoa(o.Today.Granted), "allowed", strconv.Itoa(*o.Allowed))
	}
	if !o.Over() && o.Steps[o.At].Hour > 0 {
		line(msgPlanHour, "n", strconv.Itoa(o.Steps[o.At].Hour))
	}
	if o.Target != nil && o.Target.Date != nil {
		line(msgPlanAim, "target", strconv.Itoa(o.Target.PerDay), "date", *o.Target.Date)
	}
	line(msgPlanLog, "delivered", strconv.Itoa(o.Today.Delivered), "deferred", strconv.Itoa(o.Today.Deferred), "refused", strconv.Itoa(o.Today.Refused))
	if o.Held {
		line(msgPlanHeld, "why", cmp.Or(render.Printable(o.One.Why), "-"))
	}
	if o.Connections != nil && *o.Connections == 0 {
		line(msgPlanSilent, "time", minute(o.Silent))
	} else if o.Connections != nil {
		line(msgPlanOpen, "n", strconv.Itoa(*o.Connections))
	}
	if n := len(o.Days); n > 0 {
		line(msgPlanThen, "date", o.Days[n-1].Date, "then", warmup.Followed[o.Days[n-1].Then].In(a.lang))
	}
	line(msgPlanStanding, "standing", string(o.Standing), "reason", render.Printable(o.Reason))
}

// writeVolume says what each source sent, as the milter counted it.
func (a *app) writeVolume(w io.Writer, sent []warmup.Sent) error {
	for _, s := range sent {
		source := s.Source
		if source == "" {
			source = a.say(msgVolumeNowhere)
		}
		if _, err := fmt.Fprintln(w, a.say(msgVolume, "source", source, "today", strconv.FormatInt(s.Today, 10), "paced", strconv.FormatInt(s.Paced, 10), "mean", fmt.Sprintf("%.0f", s.Mean),
			"standing", string(s.Standing), "reason", render.Printable(s.Reason))); err != nil {
			return err
		}
	}
	return nil
}
