package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var http, smtp string
	c := a.command("demo", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		if err := a.checkListen("http", http); err != nil {
			return err
		}
		if err := a.checkListen("smtp", smtp); err != nil {
			return err
		}
		return a.ran(demo.Run(c.Context(), demo.Config{
			HTTP: http, SMTP: smtp, Log: a.logger(), Version: version(),
			Ready:     a.announce,
			Populated: func() { fmt.Fprintln(a.Out, a.say(msgPopulated)) },
		}))
	})
	c.Flags().StringVar(&http, "http", "127.0.0.1:8025", a.flagText("http"))
	c.Flags().StringVar(&smtp, "smtp", "127.0.0.1:2525", a.flagText("smtp"))
	return c
}
