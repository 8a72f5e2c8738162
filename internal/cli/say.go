package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/catalogue"
)

// text is a text in both languages; a test makes sure that none is missing.
type text = catalogue.Text

// say gives a text in the language of this run, {placeholders} filled by pairs.
func (a *app) say(t text, pairs ...string) string {
	replace := make([]string, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		replace[i], replace[i+1] = "{"+pairs[i]+"}", pairs[i+1]
	}
	return strings.NewReplacer(replace...).Replace(t.In(a.lang))
}

// flagText gives the help of a flag.
func (a *app) flagText(name string) string { return flagTexts[name].In(a.lang) }

// The flag library writes "(default ...)" in English only.
func init() {
	cobra.AddTemplateFunc("defaults_en", func(s string) string { return s })
	cobra.AddTemplateFunc("defaults_ja", func(s string) string { return strings.ReplaceAll(s, "(default ", "(既定: ") })
}

// usageTemplate is cobra's with its few words in a language.
func usageTemplate(lang string) string {
	words := strings.NewReplacer(
		"DEFAULTS", "defaults_"+lang,
		"USAGE", usageWords["usage"].In(lang), "COMMANDS", usageWords["commands"].In(lang),
		"FLAGS", usageWords["flags"].In(lang), "GLOBAL", usageWords["global"].In(lang),
		"EXAMPLES", usageWords["examples"].In(lang), "MORE", usageWords["more"].In(lang),
		"COMMAND", usageWords["command"].In(lang), "OPTIONS", usageWords["options"].In(lang),
	)
	return words.Replace(`USAGE:{{if .Runnable}}{{if not .HasAvailableSubCommands}}
  {{.UseLine}} OPTIONS{{end}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND OPTIONS{{end}}{{if .HasExample}}

EXAMPLES:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

COMMANDS:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

FLAGS:
{{.LocalFlags.FlagUsages | DEFAULTS | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

GLOBAL:
{{.InheritedFlags.FlagUsages | DEFAULTS | trimTrailingWhitespaces}}{{end}}

MORE
`)
}

// translateHelpFlags gives every command its --help in a language.
func translateHelpFlags(c *cobra.Command, lang string) {
	c.InitDefaultHelpFlag()
	if f := c.Flags().Lookup("help"); f != nil {
		f.Usage = usageWords["help"].In(lang)
	}
	for _, child := range c.Commands() {
		translateHelpFlags(child, lang)
	}
}
