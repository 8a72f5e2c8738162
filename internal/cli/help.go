package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/render"
)

// Columns of help: a line has at most so many, the names of flags take at most so many of them.
const (
	helpColumns = 100
	nameColumns = 32
)

// helpGroup is a heading in the help of a command and the flags below it, in the order in which
// they are best read. A name that ends in - stands for all flags that begin with it and that no
// other group names.
type helpGroup struct {
	title text
	flags []string
}

// helpGroups are the headings of the commands that have many flags, by the command's name.
// Flags that no group names stand under the usual heading.
var helpGroups = map[string][]helpGroup{
	"milter": milterGroups,
	"serve": {
		{text{EN: "Pages and who may see them", JA: "Web ページと利用者"}, []string{
			"http", "http-host", "public-url", "http-trust-proxy", "public", "public-retention",
			"openid-issuer", "openid-client-id", "openid-client-secret-file", "openid-allow", "openid-admin"}},
		{text{EN: "Where test mail comes in", JA: "テストメールの受信"}, []string{
			"smtp", "hostname", "mail-domain", "tls-cert", "tls-key", "trust-proxy", "max-message", "lmtp",
			"imap", "imap-password-file", "imap-receiver", "imap-"}},
		{text{EN: "What is kept", JA: "保存"}, []string{"database", "retention", "drop-body-after", "quota"}},
		{text{EN: "How mail and domains are checked", JA: "メールとドメインの検証"}, []string{
			"workers", "no-blocklists", "blocklist-key", "allow-private", "spamassassin", "rspamd"}},
		{text{EN: "Answers to mail", JA: "メールへの返信"}, []string{
			"reply-local-part", "reply-direct", "smart-host", "smart-host-", "dkim-domain", "dkim-selector", "dkim-key", "dkim-generate", "reply-"}},
		{text{EN: "Keys that sign, and the panel", JA: "署名の鍵と管理ページ"}, []string{
			"master-key-file", "keys-rotate-after", "keys-", "dns-update", "dns-update-key", "customer-domains"}},
		{text{EN: "Events of Amazon SES", JA: "Amazon SES のイベント"}, []string{"ses-topic", "ses-"}},
		{text{EN: "The outbound lab", JA: "送信ラボ"}, []string{"lab-domain", "lab-listen", "lab-"}},
		{text{EN: "In the mail flow (as the flags of todoku milter, by the same names without milter-)", JA: "メールの流れの中 (milter- を除いた同名の todoku milter のフラグと同じ)"}, []string{"milter", "milter-"}},
	},
}

var milterGroups = []helpGroup{
	{text{EN: "Where mail servers find it", JA: "メールサーバーからの接続"}, []string{"listen", "socket-mode", "socket-group", "grace"}},
	{text{EN: "Whose mail is signed in place of being checked", JA: "検証せずに署名するメール"}, []string{
		"trusted-network", "daemon-name", "local-macro", "exempt-domain", "dont-sign-to"}},
	{text{EN: "How it is signed", JA: "署名"}, []string{
		"key", "database", "master-key-file", "unsigned", "freemail-from", "canonicalization", "expires", "add-missing", "add-"}},
	{text{EN: "How all other mail is checked, and what is done with it", JA: "その他のメールの検証と処置"}, []string{
		"authserv-id", "also-ours", "policy", "received-spf", "minimum-key-bits", "must-be-signed", "keep-events"}},
	{text{EN: "Mail that is forwarded", JA: "転送するメール"}, []string{
		"forward", "seal-domain", "seal-key", "srs-domain", "srs-secret-file", "srs-long", "srs-listen", "alias-listen"}},
	{text{EN: "Warm-up (with --database)", JA: "ウォームアップ (--database とともに指定)"}, []string{"outgoing-address", "mail-log", "pace-first", "pace-first-header", "pace-away"}},
	{text{EN: "In place of OpenDKIM and OpenDMARC", JA: "OpenDKIM と OpenDMARC からの移行"}, []string{"import-"}},
}

// usageTemplate is cobra's with its few words in a language.
func usageTemplate(lang string) string {
	words := strings.NewReplacer(
		"USAGE", usageWords["usage"].In(lang), "COMMANDS", usageWords["commands"].In(lang),
		"GLOBAL", usageWords["global"].In(lang), "LANG", lang,
		"EXAMPLES", usageWords["examples"].In(lang), "MORE", usageWords["more"].In(lang),
		"COMMAND", usageWords["command"].In(lang), "OPTIONS", usageWords["options"].In(lang),
	)
	return words.Replace(`USAGE:{{if .Runnable}}{{if not .HasAvailableSubCommands}}
  {{.UseLine}} OPTIONS{{end}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND OPTIONS{{end}}{{if .HasExample}}

EXAMPLES:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

COMMANDS:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}{{flagHelp . "LANG"}}{{end}}{{if .HasAvailableInheritedFlags}}

GLOBAL:
{{flagList .InheritedFlags "LANG"}}{{end}}

MORE
`)
}

func init() {
	cobra.AddTemplateFunc("flagHelp", flagHelp)
	cobra.AddTemplateFunc("flagList", func(set *pflag.FlagSet, lang string) string { return flagList(flagsOf(set), lang) })
}

// flagHelp lists the flags of a command under their headings.
func flagHelp(c *cobra.Command, lang string) string {
	groups, rest := grouped(helpGroups[c.Name()], flagsOf(c.LocalFlags()))
	var b strings.Builder
	for i, flags := range groups {
		fmt.Fprintf(&b, "\n\n%s:\n%s", helpGroups[c.Name()][i].title.In(lang), flagList(flags, lang))
	}
	if len(rest) > 0 {
		fmt.Fprintf(&b, "\n\n%s:\n%s", usageWords["flags"].In(lang), flagList(rest, lang))
	}
	return b.String()
}

// grouped gives the flags of each group, and those of none.
func grouped(groups []helpGroup, flags []*pflag.Flag) (in [][]*pflag.Flag, rest []*pflag.Flag) {
	named := make(map[string]bool)
	for _, g := range groups {
		for _, name := range g.flags {
			named[name] = true
		}
	}
	taken := make(map[string]bool)
	in = make([][]*pflag.Flag, len(groups))
	for i, g := range groups {
		for _, name := range g.flags {
			for _, f := range flags {
				all := strings.HasSuffix(name, "-") && strings.HasPrefix(f.Name, name) && !named[f.Name]
				if f.Name == name || all {
					in[i], taken[f.Name] = append(in[i], f), true
				}
			}
		}
	}
	for _, f := range flags {
		if !taken[f.Name] {
			rest = append(rest, f)
		}
	}
	return in, rest
}

// flagsOf are the flags that help shows, by name.
func flagsOf(set *pflag.FlagSet) (flags []*pflag.Flag) {
	set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, f)
		}
	})
	return flags
}

// flagList writes one flag after the other: its name and value, and beside or below it what it does.
func flagList(flags []*pflag.Flag, lang string) string {
	names, column := make([]string, len(flags)), 0
	for i, f := range flags {
		value, _ := pflag.UnquoteUsage(f)
		names[i] = strings.TrimRight("      --"+f.Name+" "+value, " ")
		if f.Shorthand != "" {
			names[i] = "  -" + f.Shorthand + ", " + strings.TrimLeft(names[i], " ")
		}
		if n := render.Columns(names[i]); n <= nameColumns {
			column = max(column, n)
		}
	}
	var b strings.Builder
	for i, f := range flags {
		b.WriteString(names[i])
		at := render.Columns(names[i])
		for j, line := range render.Wrap(flagUsage(f, lang), helpColumns-column-3) {
			if j > 0 || at > column {
				b.WriteString("\n")
				at = 0
			}
			b.WriteString(strings.Repeat(" ", column+3-at) + line)
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// flagUsage is what a flag does, with the value it has when nothing is said, where there is one.
func flagUsage(f *pflag.Flag, lang string) string {
	_, usage := pflag.UnquoteUsage(f)
	switch f.DefValue {
	case "", "0", "0s", "false", "[]", "<nil>":
		return usage
	}
	if strings.Contains(usage, "(default") || strings.Contains(usage, "既定") {
		return usage
	}
	word := text{EN: " (default %s)", JA: " (既定: %s)"}
	return usage + fmt.Sprintf(word.In(lang), f.DefValue)
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
