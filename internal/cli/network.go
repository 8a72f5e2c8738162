package cli

import (
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/probe"
	"github.com/todoku/todoku/internal/survey"
)

// networkFlags say what a check may connect to beside the resolver.
type networkFlags struct {
	probe      bool
	postmaster bool
	versions   bool
	private    []string
}

// maxProbed is how many mail exchangers one run remembers.
const maxProbed = 10_000

func (a *app) networkFlags(c *cobra.Command, f *networkFlags) {
	c.Flags().BoolVar(&f.probe, "probe", false, a.flagText("probe"))
	c.Flags().BoolVar(&f.postmaster, "probe-postmaster", false, a.flagText("probe-postmaster"))
	c.Flags().BoolVar(&f.versions, "probe-versions", false, a.flagText("probe-versions"))
	c.Flags().StringArrayVar(&f.private, "allow-private", nil, a.flagText("allow-private"))
}

// network gives the survey what it fetches policies and logos with, and where it is
// asked for what it talks to mail exchangers with.
func (a *app) network(r dns.Resolver, f *networkFlags, o *survey.Options) error {
	dialer, err := a.dialer(r, f.private)
	if err != nil {
		return err
	}
	o.Fetch = fetch.NewClient(dialer, fetch.HTTPConfig{})
	if !f.probe && !f.postmaster && !f.versions {
		return nil
	}
	o.Prober = probe.Remember(probe.New(probe.Config{Dialer: dialer, HELO: ownName(), Versions: f.versions}), maxProbed)
	o.Postmaster = f.postmaster
	return nil
}

// dialer is the guarded dialer of this run, which reaches the given private networks too.
func (a *app) dialer(r dns.Resolver, private []string) (*fetch.Dialer, error) {
	cfg := fetch.Config{Resolver: r}
	if a.globals.at != "" {
		cfg.Now = func() time.Time { return a.globals.now }
	}
	for _, s := range private {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			addr, err := netip.ParseAddr(s)
			if err != nil {
				return nil, usagef("%s", a.say(msgBadNetwork, "value", s))
			}
			network = netip.PrefixFrom(addr, addr.BitLen())
		}
		cfg.Allow = append(cfg.Allow, network.Masked())
	}
	return fetch.NewDialer(cfg), nil
}

// ownName is the name to greet mail exchangers with; "" where this host has no full one.
func ownName() string {
	name, err := os.Hostname()
	if name = dns.CanonicalName(name); err != nil || !strings.Contains(name, ".") || !survey.HostName(name) {
		return ""
	}
	return name
}
