// Package cli is the command line: flags, files and exit codes. It decides nothing about mail.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
)

// IO is what a command reads from and writes to.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	// Getenv is os.Getenv, or a test's.
	Getenv func(string) string
}

// Run runs one command line (without the program's name) and gives its exit code.
// When ctx ends, the command stops as soon as it can.
func Run(ctx context.Context, args []string, std IO) int {
	a := &app{IO: std}
	a.lang = a.firstLang(args)
	root := a.root()
	root.SetArgs(args)
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	err := root.ExecuteContext(ctx)
	return a.exit(err)
}

// Main is Run for this process.
func Main(ctx context.Context) int {
	return Run(ctx, os.Args[1:], IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
}

// app is one run of the program.
type app struct {
	IO
	lang    string // of help and errors, until the settings are read
	globals globals
	// fromFile is where settings came from that were no flags, by the name of the flag.
	fromFile map[string]string
	// config is the configuration file that was read.
	config configFile
}

// root builds the tree of commands with its texts in one language.
func (a *app) root() *cobra.Command {
	root := a.command("", nil)
	root.Use = "todoku"
	root.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return a.unknownCommand(c, args[0])
		}
		return c.Help()
	}
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return a.configure(c) }
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(a.helpCommand())
	root.SetUsageTemplate(usageTemplate(a.lang))
	root.SetHelpTemplate("{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}\n\n{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}")
	root.SetFlagErrorFunc(a.flagError)
	a.globalFlags(root.PersistentFlags())

	root.AddCommand(
		a.checkCommand(), a.verifyCommand(), a.spfCommand(), a.dmarcCommand(),
		a.group("dkim", a.dkimSignCommand(), a.dkimVerifyCommand(), a.keygenCommand()),
		a.group("arc", a.arcSealCommand(), a.arcVerifyCommand()),
		a.group("srs", a.srsCommand("forward"), a.srsCommand("reverse")),
		a.keysGroup(), a.warmupGroup(),
		a.explainCommand(),
		a.serveCommand(), a.milterCommand(), a.receiveCommand(), a.mcpCommand(),
		a.group("token", a.tokenCreateCommand(), a.tokenListCommand(), a.tokenRevokeCommand()),
		a.group("lab", a.labZoneCommand()),
		a.demoCommand(), a.doctorCommand(), a.versionCommand(), a.completionCommand(),
	)
	translateHelpFlags(root, a.lang)
	completeWords(root, "lang", "en", "ja")
	completeWords(root, "fail-on", "fail", "warn", "info", "unknown")
	return root
}

// command begins a command with the texts of its path ("dkim sign").
func (a *app) command(path string, run func(c *cobra.Command, args []string) error) *cobra.Command {
	t := commandTexts[path]
	name := path[strings.LastIndexByte(path, ' ')+1:]
	return &cobra.Command{
		Use:          strings.TrimSpace(name + " " + t.args),
		Short:        t.short.In(a.lang),
		Long:         t.long.In(a.lang),
		Example:      t.example.In(a.lang),
		RunE:         run,
		Args:         cobra.ArbitraryArgs, // each command says itself what is wrong
		SilenceUsage: true,
		// The template names the flags, in its language.
		DisableFlagsInUseLine: true,
		SilenceErrors:         true,
	}
}

// group is a command that only holds others.
func (a *app) group(name string, children ...*cobra.Command) *cobra.Command {
	g := a.command(name, func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return a.unknownCommand(c, args[0])
		}
		c.SetOut(a.Err)
		_ = c.Help()
		return usageError{}
	})
	g.AddCommand(children...)
	return g
}

func (a *app) helpCommand() *cobra.Command {
	h := a.command("help", nil)
	h.RunE = func(c *cobra.Command, args []string) error {
		target, rest, err := c.Root().Find(args)
		if err != nil || target == nil || len(rest) > 0 {
			if target != nil && len(rest) > 0 {
				return a.unknownCommand(target, rest[0])
			}
			return a.unknownCommand(c.Root(), strings.Join(args, " "))
		}
		target.InitDefaultHelpFlag()
		return target.Help()
	}
	return h
}

// The errors of commands, by exit code. An error that is none of them comes from
// the flag parser and is wrong usage.
type (
	// usageError: exit 2.
	usageError struct{ msg string }
	// lookError: exit 3, could not look.
	lookError struct{ err error }
	// findingsError: exit 1; everything is already said.
	findingsError struct{}
)

func (e usageError) Error() string    { return e.msg }
func (e lookError) Error() string     { return e.err.Error() }
func (e lookError) Unwrap() error     { return e.err }
func (e findingsError) Error() string { return "findings" }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// errQuiet is a look-up failure that the output itself already shows.
var errQuiet = errors.New("")

// exit says what went wrong and gives the exit code.
func (a *app) exit(err error) int {
	var look lookError
	var usage usageError
	var mail mailServerError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &mail):
		a.complain(mail.err.Error())
		return mail.code
	case errors.As(err, new(findingsError)):
		return 1
	case errors.As(err, &look):
		if look.err != errQuiet {
			a.complain(look.err.Error())
		}
		return 3
	case errors.As(err, &usage) && usage.msg == "":
		return 2
	default:
		a.complain(a.settingError(err.Error()))
		fmt.Fprintln(a.Err, a.say(msgTryHelp))
		return 2
	}
}

// complain writes a problem; a file name in it may hold anything.
func (a *app) complain(text string) {
	fmt.Fprintf(a.Err, "todoku: %s\n", render.Printable(text))
}

// firstLang is the language of the texts before any setting is read: help and errors need one.
func (a *app) firstLang(args []string) string {
	for i, s := range args {
		value := ""
		if s == "--" {
			break
		}
		if v, ok := strings.CutPrefix(s, "--lang="); ok {
			value = v
		} else if s == "--lang" && i+1 < len(args) {
			value = args[i+1]
		}
		if i18n.Known(value) {
			return value
		}
	}
	if v := a.Getenv("TODOKU_LANG"); i18n.Known(v) {
		return v
	}
	return i18n.FromLocale(a.Getenv)
}
