package cli

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/render"
)

// explainCommand says what a bounce, a reply or a header means.
func (a *app) explainCommand() *cobra.Command {
	var verbose bool
	c := a.command("explain", func(_ *cobra.Command, args []string) error {
		input, err := a.explainInput(args)
		if err != nil {
			return err
		}
		r, err := explain.Explain(input)
		switch {
		case errors.Is(err, explain.ErrEmpty):
			return usagef("%s", a.say(msgExplainEmpty))
		case errors.Is(err, explain.ErrBinary):
			return usagef("%s", a.say(msgExplainBinary))
		case err != nil:
			return usagef("%s", a.say(msgExplainUnknown))
		}
		return a.show(render.Explain(r, a.lang), func(w io.Writer, o render.TextOptions) error {
			o.Verbose = verbose
			return render.ExplainText(w, r, o)
		})
	})
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, a.flagText("verbose"))
	return c
}

// explainInput reads what is to be explained: a file that exists, standard input for
// "-", else the arguments themselves, as a reply is mostly pasted.
func (a *app) explainInput(args []string) ([]byte, error) {
	switch {
	case len(args) == 0:
		return nil, usagef("%s", a.say(msgExplainNothing))
	case len(args) == 1 && (args[0] == "-" || isFile(args[0])):
		raw, err := a.readFile(args[0])
		if err != nil {
			return nil, lookError{err}
		}
		return raw, nil
	}
	return []byte(strings.Join(args, " ")), nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}
