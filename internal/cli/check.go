package cli

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/baseline"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/survey"
)

// checkFlags are those of `todoku check`.
type checkFlags struct {
	ips       []string
	selectors []string
	audience  string
	dnsOnly   bool
	net       networkFlags
	whatIf    []string
	format    string
	baseline  string
	paste     []string
	noLists   bool
	listKeys  []string
	jobs      int
	progress  bool
	verbose   bool
}

// defaultCheckJobs: a check waits for the DNS most of its time.
const defaultCheckJobs = 16

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	c := a.command("check", func(c *cobra.Command, args []string) error { return a.check(c, args, &f) })
	c.Flags().StringArrayVar(&f.ips, "ip", nil, a.flagText("check-ip"))
	c.Flags().StringArrayVar(&f.selectors, "selector", nil, a.flagText("check-selector"))
	c.Flags().StringVar(&f.audience, "audience", "all", a.flagText("audience"))
	c.Flags().BoolVar(&f.dnsOnly, "dns-only", false, a.flagText("dns-only"))
	a.networkFlags(c, &f.net)
	c.Flags().StringArrayVar(&f.whatIf, "what-if", nil, a.flagText("what-if"))
	c.Flags().StringVar(&f.format, "format", "text", a.flagText("format"))
	c.Flags().StringVar(&f.baseline, "baseline", "", a.flagText("baseline"))
	c.Flags().StringSliceVar(&f.paste, "paste", nil, a.flagText("paste"))
	c.Flags().BoolVar(&f.noLists, "no-blocklists", false, a.flagText("no-blocklists"))
	c.Flags().StringArrayVar(&f.listKeys, "blocklist-key", nil, a.flagText("blocklist-key"))
	c.Flags().IntVarP(&f.jobs, "jobs", "j", defaultCheckJobs, a.flagText("check-jobs"))
	c.Flags().BoolVar(&f.progress, "progress", false, a.flagText("progress"))
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, a.flagText("verbose"))
	completeWords(c, "audience", "all", "bulk")
	completeWords(c, "format", render.Formats...)
	completeWords(c, "paste", paste.IDs()...)
	return c
}

// check looks at every target of the arguments.
func (a *app) check(c *cobra.Command, args []string, f *checkFlags) error {
	if len(args) == 0 {
		return usagef("%s", a.say(msgNoTarget))
	}
	for _, arg := range args {
		if _, err := check.ParseTarget(arg); err != nil && arg != "-" {
			return usagef("%s", a.targetProblem(arg, err))
		}
	}
	if f.jobs < 1 || f.jobs > 1024 {
		return usagef("%s", a.say(msgBadJobs))
	}
	if f.audience != "all" && f.audience != "bulk" {
		return usagef("%s", a.say(msgBadAudience, "value", f.audience))
	}
	if !slices.Contains(render.Formats, f.format) {
		return usagef("%s", a.say(msgBadFormat, "value", f.format, "words", strings.Join(render.Formats, ", ")))
	}
	if a.globals.json {
		f.format = "json"
	}
	o, err := a.checkOptions(f)
	if err != nil {
		return err
	}
	if o.Baseline, err = a.readBaseline(f.baseline); err != nil {
		return err
	}
	r, err := a.resolverWith(f.whatIf)
	if err != nil {
		return err
	}
	if !f.dnsOnly {
		if err := a.network(r, &f.net, &o.Survey); err != nil {
			return err
		}
	} else if f.net.probe || f.net.postmaster {
		return usagef("%s", a.say(msgProbeDNSOnly))
	}
	if !f.noLists {
		lists, err := a.blocklists(r, f.listKeys)
		if err != nil {
			return err
		}
		o.Survey.Blocklists = lists
	}
	k := &checker{app: a, resolver: r, options: o, flags: f, text: a.textOptions()}
	k.text.Verbose = f.verbose
	if k.forms, err = a.pasteForms(f.paste); err != nil {
		return err
	}
	k.alone = len(args) == 1 && args[0] != "-"
	k.document, _ = render.NewCheckWriter(f.format, a.lang, version()) // text and JSON have none
	return k.run(c.Context(), args)
}

// checkOptions reads the flags that say what to look at.
func (a *app) checkOptions(f *checkFlags) (check.Options, error) {
	o := check.Options{Audience: f.audience, Survey: survey.Options{Now: a.globals.now, DNSOnly: f.dnsOnly}}
	for _, s := range f.ips {
		ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
		if err != nil || ip.Zone() != "" {
			return o, usagef("%s", a.say(msgBadIP, "value", s))
		}
		o.Survey.IPs = append(o.Survey.IPs, ip.Unmap())
	}
	for _, s := range f.selectors {
		name, err := ascii(s)
		if err != nil {
			return o, usagef("--selector %q: %v", s, err)
		}
		o.Survey.Selectors = append(o.Survey.Selectors, name)
	}
	return o, nil
}

// blocklists gives the checker of the whole run: it proves each list alive once an hour.
func (a *app) blocklists(r dns.Resolver, keys []string) (*blocklist.Checker, error) {
	choice := provider.Choice{Keys: make(map[string]string)}
	for _, s := range keys {
		name, key, ok := strings.Cut(s, "=")
		if !ok || !slices.Contains(provider.BlocklistKeyNames(), name) || key == "" {
			// The key itself is not shown.
			return nil, usagef("%s", a.say(msgBadListKey, "words", strings.Join(provider.BlocklistKeyNames(), ", ")))
		}
		choice.Keys[name] = key
	}
	return blocklist.New(blocklist.Config{Resolver: r, Lists: choice.Choose()}), nil
}

// readBaseline reads the file of accepted findings, nil for none.
func (a *app) readBaseline(name string) (*baseline.Baseline, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, lookError{a.fileError(name, err)}
	}
	defer f.Close()
	b, err := baseline.Read(f)
	if err != nil {
		return nil, usagef("%s: %s", name, a.saidText(err))
	}
	return b, nil
}

// pasteForms gives the forms of the words; "all" means all of them.
func (a *app) pasteForms(words []string) ([]paste.Form, error) {
	var out []paste.Form
	for _, word := range words {
		if word == "all" {
			return paste.Forms, nil
		}
		form, ok := paste.Lookup(word)
		if !ok {
			return nil, usagef("%s", a.say(msgBadPaste, "value", word, "words", "all, "+strings.Join(paste.IDs(), ", ")))
		}
		out = append(out, form)
	}
	return out, nil
}

// targetProblem says in one line why a text is no target.
func (a *app) targetProblem(arg string, err error) string {
	if len(arg) > 100 {
		arg = strings.ToValidUTF8(arg[:100], "") + "..."
	}
	for is, t := range map[error]text{check.ErrEmpty: msgTargetEmpty, check.ErrRange: msgTargetRange, check.ErrOneLabel: msgTargetLabel} {
		if errors.Is(err, is) {
			return a.say(t, "value", arg)
		}
	}
	return a.say(msgTargetName, "value", arg)
}
