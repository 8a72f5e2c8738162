package cli

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknownCommand says that there is no such command, and which one may be meant.
func (a *app) unknownCommand(parent *cobra.Command, name string) error {
	path := name
	if parent.HasParent() {
		path = parent.Name() + " " + name
	}
	text := a.say(msgUnknownCommand, "name", path)
	parent.SuggestionsMinimumDistance = 2 // two slips of the finger
	if near := parent.SuggestionsFor(name); len(near) > 0 {
		for i := range near {
			near[i] = parent.CommandPath() + " " + near[i]
		}
		text += a.say(msgDidYouMean, "commands", strings.Join(near, ", "))
	}
	return usagef("%s", text)
}

// flagError gives an error of the flag parser in the language of this run.
func (a *app) flagError(_ *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		return usagef("%s", a.say(msgUnknownFlag, "flag", name))
	case errors.As(err, &missing):
		return usagef("%s", a.say(msgFlagNeedsValue, "flag", missing.GetFlag().Name))
	case errors.As(err, &invalid):
		text := msgBadValue
		switch invalid.GetFlag().Value.Type() {
		case "duration":
			text = msgBadDuration
		case "days":
			text = msgBadDays
		case "int", "int64", "uint":
			text = msgBadNumber
		}
		return usagef("%s", a.say(text, "flag", invalid.GetFlag().Name, "value", invalid.GetValue()))
	}
	return usagef("%v", err)
}

// completeWords lets a shell complete the value of a flag that takes one of a few words.
func completeWords(c *cobra.Command, flag string, words ...string) {
	err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic("cli: " + err.Error()) // there is no such flag, or it has words already
	}
}

// reason gives the usual reasons why a file cannot be used in the language of this
// run, and any other as the system has it.
func (a *app) reason(err error) error {
	for _, r := range []struct {
		is   error
		text text
	}{{fs.ErrNotExist, msgNotExist}, {fs.ErrPermission, msgPermission}} {
		if errors.Is(err, r.is) {
			return translatedError{a.say(r.text), err}
		}
	}
	return err
}

// translatedError is an error whose text is in the language of this run.
type translatedError struct {
	text string
	err  error
}

func (e translatedError) Error() string { return e.text }
func (e translatedError) Unwrap() error { return e.err }
