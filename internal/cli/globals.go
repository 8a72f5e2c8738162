package cli

import (
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
)

// globals are the flags that every command has.
type globals struct {
	resolver string
	timeout  seconds
	lang     string
	at       string
	config   string
	json     bool
	noColor  bool
	failOn   string

	now     time.Time // of --at, or when the command began
	started time.Time // when the command began
}

const defaultTimeout = 20 * time.Second

func (a *app) globalFlags(f *pflag.FlagSet) {
	g := &a.globals
	g.timeout = seconds(defaultTimeout)
	f.StringVar(&g.resolver, "resolver", "", a.flagText("resolver"))
	f.Var(&g.timeout, "timeout", a.flagText("timeout"))
	f.StringVar(&g.lang, "lang", "", a.flagText("lang"))
	f.StringVar(&g.at, "at", "", a.flagText("at"))
	f.StringVar(&g.config, "config", "", a.flagText("config"))
	f.BoolVar(&g.json, "json", false, a.flagText("json"))
	f.BoolVar(&g.noColor, "no-color", false, a.flagText("no-color"))
	f.StringVar(&g.failOn, "fail-on", string(catalogue.Fail), a.flagText("fail-on"))
}

// configure reads environment and file into the flags that were not given, and
// checks the global ones.
func (a *app) configure(c *cobra.Command) error {
	if err := a.settle(c); err != nil {
		return err
	}
	g := &a.globals
	if g.lang != "" {
		if !i18n.Known(g.lang) {
			return usagef("%s", a.say(msgBadLang, "value", g.lang))
		}
		a.lang = g.lang
	}
	g.now, g.started = time.Now(), time.Now()
	if g.at != "" {
		at, err := time.Parse(time.RFC3339, g.at)
		if err != nil {
			return usagef("%s", a.say(msgBadTime, "flag", "at", "value", g.at))
		}
		g.now = at
	}
	if g.timeout <= 0 {
		return usagef("%s", a.say(msgBadTimeout))
	}
	if _, ok := severity[catalogue.Status(g.failOn)]; !ok {
		return usagef("%s", a.say(msgBadFailOn, "value", g.failOn))
	}
	return nil
}

// clock is the system's; with --at one that was set to that time when the program began.
func (a *app) clock() time.Time {
	if a.globals.at == "" {
		return time.Now()
	}
	return a.globals.now.Add(time.Since(a.globals.started))
}

// severity ranks what --fail-on compares. What could not be seen is neither a pass
// nor a fail: it counts only when it is asked for by name.
var severity = map[catalogue.Status]int{catalogue.Info: 1, catalogue.Warn: 2, catalogue.Fail: 3, catalogue.Unknown: 3}

// reaches reports whether a finding is at or above --fail-on.
func (g *globals) reaches(s catalogue.Status) bool {
	limit := catalogue.Status(g.failOn)
	switch s {
	case catalogue.Pass:
		return false
	case catalogue.Unknown:
		return limit == catalogue.Unknown
	}
	return severity[s] >= severity[limit]
}

// newResolver gives the resolver that the flags ask for, with one cache for the
// whole run, as the domain of many messages is the same.
func (a *app) newResolver() (dns.Resolver, error) {
	cfg := dns.ClientConfig{Timeout: time.Duration(a.globals.timeout)}
	if a.globals.resolver != "" {
		if _, err := dns.ParseServer(a.globals.resolver); err != nil {
			return nil, usagef("--resolver: %v", err)
		}
		cfg.Servers = []string{a.globals.resolver}
	}
	client, err := dns.NewClient(cfg)
	if err != nil {
		return nil, usagef("--resolver: %v", err)
	}
	return dns.NewCache(client, dns.CacheConfig{}), nil
}

// whatIf gives the overlay of --what-if records, nil for none.
func (a *app) whatIf(texts []string) (func(dns.Resolver) dns.Resolver, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	changes, err := check.ParseWhatIf(texts)
	if err != nil {
		return nil, usagef("--what-if %v", err)
	}
	return func(r dns.Resolver) dns.Resolver { return dns.Overlay(r, changes...) }, nil
}

// resolverWith is newResolver with --what-if records laid over it.
func (a *app) resolverWith(texts []string) (dns.Resolver, error) {
	over, err := a.whatIf(texts)
	if err != nil {
		return nil, err
	}
	r, err := a.newResolver()
	if err != nil || over == nil {
		return r, err
	}
	return over(r), nil
}

// textOptions says how to write for people on stdout.
func (a *app) textOptions() render.TextOptions {
	o := render.TextOptions{Lang: a.lang, Width: 80}
	f, ok := a.Out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return o
	}
	o.Color = !a.globals.noColor && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"
	if w, _, err := term.GetSize(int(f.Fd())); err == nil {
		o.Width = min(w, 110)
	}
	return o
}

// seconds is a duration flag that also takes a bare number of seconds.
type seconds time.Duration

func (s *seconds) Set(text string) error {
	if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 && n < 1e6 {
		*s = seconds(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	*s = seconds(d)
	return nil
}

func (s *seconds) String() string { return time.Duration(*s).String() }
func (s *seconds) Type() string   { return "duration" }
