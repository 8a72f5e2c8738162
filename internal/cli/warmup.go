package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

func (a *app) warmupGroup() *cobra.Command {
	return a.group("warmup", a.warmupPlanCommand(), a.warmupStatusCommand(), a.warmupHoldCommand(), a.warmupEndCommand(), a.warmupReadCommand(), a.warmupEventsCommand())
}

// pair reads SOURCE and PROVIDER.
func (a *app) pair(args []string) (source, who string, err error) {
	if len(args) != 2 {
		return "", "", usagef("%s", a.say(msgWarmupPair))
	}
	source, who, err = warmup.Pair(args[0], args[1])
	return source, who, a.badWarmup(err, args...)
}

// badWarmup says in our language what of a request cannot be used.
func (a *app) badWarmup(err error, values ...string) error {
	var bad *warmup.Invalid
	if !errors.As(err, &bad) {
		return err
	}
	what := bad.Text.In(a.lang)
	switch bad.Field {
	case "source":
		what = render.Printable(values[0]) + ": " + what
	case "provider":
		what = render.Printable(values[1]) + ": " + what
	case "":
	default:
		what = "--" + bad.Field + ": " + what
	}
	return usagef("%s", what)
}

// book is what this program does with the plans of a database, at the time of --at. lists is nil where no blocklist is asked.
func (a *app) book(st *store.Store, lists *blocklist.Checker) *warmup.Book {
	now := func() time.Time { return a.globals.now }
	return warmup.NewBook(warmup.BookConfig{Store: st, Listings: warmup.NewListings(lists, nil), Now: now})
}

func (a *app) warmupPlanCommand() *cobra.Command {
	var database string
	var q warmup.Request
	c := a.command("warmup plan", func(c *cobra.Command, args []string) error {
		source, who, err := a.pair(args)
		if err != nil {
			return err
		}
		q.Source, q.Provider = source, who
		asked := q.Table != "" || q.Target != 0 || q.Days != 0 || q.By != ""
		if asked { // what cannot be used is said before the database is opened
			if err := q.Check(a.globals.now); err != nil {
				return a.badWarmup(err, args...)
			}
		}
		open := a.withStore
		if asked {
			open = a.withNewStore
		}
		return open(c.Context(), database, func(st *store.Store) error {
			b := a.book(st, nil)
			if asked {
				if _, err := b.Begin(c.Context(), q); err != nil {
					return a.warmupDone(a.badWarmup(err, args...))
				}
			}
			one, err := b.Plan(c.Context(), source, who)
			if err != nil {
				return a.warmupDone(err)
			}
			one = one.In(a.lang)
			return a.show(one, func(w io.Writer, _ render.TextOptions) error { return a.writePlan(w, &one) })
		})
	})
	a.databaseFlag(c, &database)
	f := c.Flags()
	f.StringVar(&q.Table, "table", "", a.flagText("warmup-table"))
	f.IntVar(&q.Target, "target", 0, a.flagText("warmup-target"))
	f.IntVar(&q.Days, "days", 0, a.flagText("warmup-days"))
	f.StringVar(&q.By, "by", "", a.flagText("warmup-by"))
	completeWords(c, "table", "generic", "sendgrid", "ses")
	return c
}

// writePlan says where a plan is, and what the days allow.
func (a *app) writePlan(w io.Writer, o *warmup.View) error {
	is, stays := msgPlanIs, text{}
	switch {
	case o.Over():
		is = msgOverNow
	case o.Held && o.One.Why != "":
		is, stays = msgPlanNow, msgHeldWhy
	case o.Held:
		is, stays = msgPlanNow, msgHeldNow
	}
	fmt.Fprintln(w, a.say(is, a.planPairs(o)...))
	if stays != (text{}) {
		fmt.Fprintln(w, a.say(stays, a.planPairs(o)...))
	}
	if !o.Over() && !o.Held {
		if err := a.writeForecast(w, *o); err != nil {
			return err
		}
	}
	if o.Connections != nil && *o.Connections == 0 {
		fmt.Fprintln(w, a.say(msgSilentNow, "time", minute(o.Silent)))
	}
	return nil
}

func (a *app) writeForecast(w io.Writer, o warmup.View) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, e := range o.Forecast {
		allowed, hourly := strconv.Itoa(e.Allowed), ""
		if e.Allowed == 0 {
			allowed = a.say(msgUnbounded)
		}
		if e.Hour > 0 {
			hourly = "  " + a.say(msgHourly, "n", strconv.Itoa(e.Hour))
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\n", e.Date, allowed, hourly)
	}
	return tab.Flush()
}

func (a *app) warmupHoldCommand() *cobra.Command {
	var database, why string
	var release bool
	c := a.command("warmup hold", func(c *cobra.Command, args []string) error {
		source, who, err := a.pair(args)
		if err != nil {
			return err
		}
		if release && why != "" {
			return usagef("%s", a.say(msgReleaseReason))
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			b, says := a.book(st, nil), msgHeldNow
			if release {
				err, says = b.Resume(c.Context(), source, who), msgGoesOn
			} else {
				err = a.badWarmup(b.Hold(c.Context(), source, who, why), args...)
			}
			if err != nil {
				return a.warmupDone(err)
			}
			one, err := b.Plan(c.Context(), source, who)
			if err != nil {
				return a.warmupDone(err)
			}
			if one.Held && one.One.Why != "" {
				says = msgHeldWhy
			}
			if one.Over() {
				says = msgOverNow
			}
			one = one.In(a.lang)
			return a.show(one, func(w io.Writer, _ render.TextOptions) error {
				_, err := fmt.Fprintln(w, a.say(says, a.planPairs(&one)...))
				return err
			})
		})
	})
	a.databaseFlag(c, &database)
	c.Flags().StringVar(&why, "reason", "", a.flagText("warmup-reason"))
	c.Flags().BoolVar(&release, "release", false, a.flagText("warmup-release"))
	return c
}

// warmupDone says what went wrong.
func (a *app) warmupDone(err error) error {
	var usage usageError
	if errors.As(err, &usage) {
		return err
	}
	if errors.Is(err, warmup.ErrUnknown) || errors.Is(err, store.ErrNotFound) {
		return lookError{errors.New(a.say(msgNoWarmup))}
	}
	if err != nil {
		return lookError{err}
	}
	return nil
}

// endedObject says of a plan that has ended which one counts in its place, null where none does.
type endedObject struct {
	Source   string  `json:"source"`
	Provider string  `json:"provider"`
	Bound    *string `json:"bound_by"`
}

// planPairs are what sentences about a plan are filled with.
func (a *app) planPairs(o *warmup.View) []string {
	share, aim := a.say(msgUnbounded), "-"
	if o.Allowed != nil {
		share = strconv.Itoa(*o.Allowed)
	}
	if o.Target != nil && o.Target.Date != nil {
		aim = a.say(msgPlanAim, "target", strconv.Itoa(o.Target.PerDay), "date", *o.Target.Date)
	}
	return []string{"source", o.Source, "provider", warmup.ProviderName(o.Provider).In(a.lang), "plan", o.One.Plan, "day", strconv.Itoa(o.At + 1), "days", strconv.Itoa(len(o.Steps)),
		"share", share, "granted", strconv.Itoa(o.Today.Granted), "why", cmp.Or(render.Printable(o.One.Why), "-"), "aim", aim}
}

func (a *app) warmupEndCommand() *cobra.Command {
	var database string
	c := a.command("warmup end", func(c *cobra.Command, args []string) error {
		source, who, err := a.pair(args)
		if err != nil {
			return err
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			b := a.book(st, nil)
			if err := b.End(c.Context(), source, who); err != nil {
				return a.warmupDone(err)
			}
			o, says := endedObject{Source: source, Provider: who}, msgEnded
			if _, err := b.Plan(c.Context(), source, warmup.Everybody); err == nil && who != warmup.Everybody {
				everybody := warmup.Everybody
				o.Bound, says = &everybody, msgEndedBound
			}
			return a.show(o, func(w io.Writer, _ render.TextOptions) error {
				_, err := fmt.Fprintln(w, a.say(says, "source", source, "provider", warmup.ProviderName(who).In(a.lang)))
				return err
			})
		})
	})
	a.databaseFlag(c, &database)
	return c
}
