package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

func (a *app) warmupReadCommand() *cobra.Command {
	var database string
	c := a.command("warmup read-log", func(c *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usagef("%s", a.say(msgWarmupLog))
		}
		source, err := warmup.Source(args[0])
		if err != nil {
			return a.badWarmup(&warmup.Invalid{Field: "source", Text: warmup.NoSource}, args...)
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			for _, name := range args[1:] {
				read, err := warmup.ReadLog(c.Context(), st, source, name, a.globals.now)
				var file *os.PathError
				switch {
				case errors.As(err, &file):
					return lookError{a.fileError(name, err)}
				case err != nil:
					return lookError{err}
				}
				a.saidLog(name, read)
			}
			if list, err := a.book(st, nil).Plans(c.Context(), source); err == nil && len(list) == 0 {
				fmt.Fprintln(a.Err, a.say(msgLogNoPlan, "source", source))
			}
			return nil
		})
	})
	a.databaseFlag(c, &database)
	return c
}

// saidLog says what was read of a log.
func (a *app) saidLog(name string, r warmup.LogRead) {
	fmt.Fprintln(a.Err, a.say(msgLogRead, "file", name, "n", strconv.Itoa(r.Deliveries)))
	if r.Old > 0 {
		fmt.Fprintln(a.Err, a.say(msgLogOld, "file", name, "n", strconv.Itoa(r.Old), "zone", time.Now().Format("MST -0700")))
	}
}
