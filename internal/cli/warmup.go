package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

func (a *app) warmupGroup() *cobra.Command {
	return a.group("warmup", a.warmupPlanCommand(), a.warmupStatusCommand(), a.warmupHoldCommand(), a.warmupEndCommand(), a.warmupReadCommand())
}

// warmupObject is a warm-up as JSON: its state, and what follows from it.
type warmupObject struct {
	warmup.One
	Allowed     *int              `json:"allowed"`         // null: as many as one likes
	Connections *int              `json:"connections_now"` // null: as many as one likes
	Standing    warmup.Standing   `json:"standing"`
	Change      float64           `json:"change"` // of today's volume against the mean of the month, in percent
	Forecast    []warmup.Expected `json:"forecast"`
}

func describeWarmup(o warmup.One, now time.Time) warmupObject {
	out := warmupObject{One: o, Forecast: o.Forecast(now)}
	if !o.Over() {
		out.Allowed = &o.Steps[o.At].Day
	}
	if open := o.Open(now); open != 0 {
		n := max(open, 0)
		out.Connections = &n
	}
	today, mean := o.Volume()
	standing, change, _ := warmup.Stand(warmup.Seen{Today: today, Mean: mean, Complaints: -1})
	out.Standing, out.Change = standing, 100*change
	return out
}

// pair reads SOURCE and PROVIDER.
func (a *app) pair(args []string) (source, who string, err error) {
	if len(args) != 2 {
		return "", "", usagef("%s", a.say(msgWarmupPair))
	}
	if source, err = warmup.Source(args[0]); err != nil {
		return "", "", usagef("%s", a.say(msgBadSource, "value", render.Printable(args[0])))
	}
	who = strings.ToLower(args[1])
	if who != warmup.Everybody && provider.ReceiverName(who).EN == who {
		return "", "", usagef("%s", a.say(msgBadProvider, "value", render.Printable(args[1])))
	}
	return source, who, nil
}

func (a *app) warmupPlanCommand() *cobra.Command {
	var database, table, by string
	var target, length int
	c := a.command("warmup plan", func(c *cobra.Command, args []string) error {
		source, who, err := a.pair(args)
		if err != nil {
			return err
		}
		name, steps, err := a.warmupSteps(table, target, length, by)
		if err != nil {
			return err
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			if steps != nil {
				if err := warmup.Plan(c.Context(), st, source, who, name, steps, a.globals.now); err != nil {
					return lookError{err}
				}
			}
			one, err := a.oneWarmup(c.Context(), st, source, who)
			if err != nil {
				return err
			}
			return a.show(one, func(w io.Writer, _ render.TextOptions) error { return a.writeForecast(w, one) })
		})
	})
	a.databaseFlag(c, &database)
	f := c.Flags()
	f.StringVar(&table, "table", "", a.flagText("warmup-table"))
	f.IntVar(&target, "target", 0, a.flagText("warmup-target"))
	f.IntVar(&length, "days", 0, a.flagText("warmup-days"))
	f.StringVar(&by, "by", "", a.flagText("warmup-by"))
	completeWords(c, "table", "generic", "sendgrid", "ses")
	return c
}

// warmupSteps gives the plan of the flags; nil where none is asked for.
func (a *app) warmupSteps(table string, target, length int, by string) (name string, steps []warmup.Step, err error) {
	switch {
	case table == "" && target == 0 && length == 0 && by == "":
		return "", nil, nil
	case table != "" && (target != 0 || length != 0 || by != ""), table == "" && (target == 0 || (length == 0) == (by == "")):
		return "", nil, usagef("%s", a.say(msgWarmupPlan))
	case table != "":
		t, ok := warmup.TableByName(table)
		if !ok {
			return "", nil, usagef("%s", a.say(msgBadTable, "value", table))
		}
		return t.Name, t.Steps, nil
	}
	if by != "" {
		day, err := time.Parse(time.DateOnly, by)
		if err != nil {
			return "", nil, usagef("%s", a.say(msgBadDay, "value", by))
		}
		length = int(day.Sub(a.globals.now.UTC().Truncate(24*time.Hour))/(24*time.Hour)) + 1
	}
	if steps, err = warmup.To(target, length); err != nil {
		return "", nil, usagef("%v", err)
	}
	return strconv.Itoa(target) + "/" + strconv.Itoa(length), steps, nil
}

func (a *app) oneWarmup(ctx context.Context, st *store.Store, source, who string) (warmupObject, error) {
	list, err := warmup.List(ctx, st, a.globals.now)
	if err != nil {
		return warmupObject{}, lookError{err}
	}
	for _, o := range list {
		if o.Source == source && o.Provider == who {
			return describeWarmup(o, a.globals.now), nil
		}
	}
	return warmupObject{}, lookError{errors.New(a.say(msgNoWarmup))}
}

func (a *app) writeForecast(w io.Writer, o warmupObject) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, e := range o.Forecast {
		allowed := strconv.Itoa(e.Allowed)
		if e.Allowed == 0 {
			allowed = a.say(msgUnbounded)
		}
		fmt.Fprintf(tab, "%s\t%s\t\n", e.Date, allowed)
	}
	return tab.Flush()
}

func (a *app) warmupStatusCommand() *cobra.Command {
	var database string
	c := a.command("warmup status", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			list, err := warmup.List(c.Context(), st, a.globals.now)
			if err != nil {
				return lookError{err}
			}
			all := make([]warmupObject, 0, len(list))
			for _, o := range list {
				all = append(all, describeWarmup(o, a.globals.now))
			}
			sent, err := warmup.Volumes(c.Context(), st, a.globals.now)
			if err != nil {
				return lookError{err}
			}
			return a.show(map[string]any{"warmups": all, "volume": sent}, func(w io.Writer, _ render.TextOptions) error {
				if err := a.writeWarmups(w, all); err != nil {
					return err
				}
				return a.writeVolume(w, sent)
			})
		})
	})
	a.databaseFlag(c, &database)
	return c
}

func (a *app) writeWarmups(w io.Writer, all []warmupObject) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, a.say(msgNoWarmups))
		return err
	}
	for _, o := range all {
		name := a.say(msgEverybody)
		if o.Provider != warmup.Everybody {
			name = provider.ReceiverName(o.Provider).In(a.lang)
		}
		fmt.Fprintf(w, "%s  %s\n", o.Source, name)
		if o.Over() {
			fmt.Fprintln(w, "  "+a.say(msgPlanOver, "plan", o.Plan, "granted", strconv.Itoa(o.Today.Granted)))
		} else {
			fmt.Fprintln(w, "  "+a.say(msgPlanDay, "plan", o.Plan, "day", strconv.Itoa(o.At+1), "days", strconv.Itoa(len(o.Steps)), "granted", strconv.Itoa(o.Today.Granted), "allowed", strconv.Itoa(*o.Allowed)))
		}
		fmt.Fprintln(w, "  "+a.say(msgPlanLog, "delivered", strconv.Itoa(o.Today.Delivered), "deferred", strconv.Itoa(o.Today.Deferred), "refused", strconv.Itoa(o.Today.Refused)))
		if o.Held {
			fmt.Fprintln(w, "  "+a.say(msgPlanHeld, "why", render.Printable(o.Why)))
		}
		if o.Connections != nil && *o.Connections == 0 {
			fmt.Fprintln(w, "  "+a.say(msgPlanSilent, "time", minute(o.Silent)))
		} else if o.Connections != nil {
			fmt.Fprintln(w, "  "+a.say(msgPlanOpen, "n", strconv.Itoa(*o.Connections)))
		}
		if n := len(o.Days); n > 0 {
			fmt.Fprintln(w, "  "+a.say(msgPlanThen, "date", o.Days[n-1].Date, "then", a.say(warmupThen[o.Days[n-1].Then])))
		}
		fmt.Fprintln(w, "  "+a.say(msgPlanStanding, "standing", string(o.Standing), "change", fmt.Sprintf("%+.0f", o.Change)))
	}
	return nil
}

// writeVolume says what each source sent, as the milter counted it.
func (a *app) writeVolume(w io.Writer, sent []warmup.Sent) error {
	for _, s := range sent {
		source := s.Source
		if source == "" {
			source = a.say(msgVolumeNowhere)
		}
		if _, err := fmt.Fprintln(w, a.say(msgVolume, "source", source, "today", strconv.FormatInt(s.Today, 10), "paced", strconv.FormatInt(s.Paced, 10), "mean", fmt.Sprintf("%.0f", s.Mean),
			"standing", string(s.Standing), "change", fmt.Sprintf("%+.0f", s.Change))); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) warmupHoldCommand() *cobra.Command {
	var database, why string
	var release bool
	c := a.command("warmup hold", func(c *cobra.Command, args []string) error {
		source, who, err := a.pair(args)
		if err != nil {
			return err
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			return a.warmupDone(warmup.Hold(c.Context(), st, source, who, !release, why, a.globals.now))
		})
	})
	a.databaseFlag(c, &database)
	c.Flags().StringVar(&why, "reason", "", a.flagText("warmup-reason"))
	c.Flags().BoolVar(&release, "release", false, a.flagText("warmup-release"))
	return c
}

// warmupDone says what went wrong.
func (a *app) warmupDone(err error) error {
	if errors.Is(err, warmup.ErrUnknown) || errors.Is(err, store.ErrNotFound) {
		return lookError{errors.New(a.say(msgNoWarmup))}
	}
	if err != nil {
		return lookError{err}
	}
	return nil
}

func (a *app) warmupEndCommand() *cobra.Command {
	var database string
	c := a.command("warmup end", func(c *cobra.Command, args []string) error {
		source, who, err := a.pair(args)
		if err != nil {
			return err
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			return a.warmupDone(st.EndWarmup(c.Context(), source, who))
		})
	})
	a.databaseFlag(c, &database)
	return c
}

func (a *app) warmupReadCommand() *cobra.Command {
	var database string
	c := a.command("warmup read-log", func(c *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usagef("%s", a.say(msgWarmupLog))
		}
		source, err := warmup.Source(args[0])
		if err != nil {
			return usagef("%s", a.say(msgBadSource, "value", render.Printable(args[0])))
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			for _, name := range args[1:] {
				n, err := warmup.ReadLog(c.Context(), st, source, name, a.globals.now)
				if err != nil {
					return lookError{err}
				}
				fmt.Fprintln(a.Err, a.say(msgLogRead, "file", name, "n", strconv.Itoa(n)))
			}
			return nil
		})
	})
	a.databaseFlag(c, &database)
	return c
}
