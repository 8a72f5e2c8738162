package cli

import (
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/lab"
)

// labFlags are those of the outbound lab. It is where it has a domain.
type labFlags struct {
	domain         string
	listen         []string
	dns, policy    string
	cert, key, dir string
	greylist, slow time.Duration
}

func (f *labFlags) add(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.domain, "lab-domain", "", a.flagText("lab-domain"))
	fl.StringArrayVar(&f.listen, "lab-listen", nil, a.flagText("lab-listen"))
	fl.StringVar(&f.dns, "lab-dns", "", a.flagText("lab-dns"))
	fl.StringVar(&f.policy, "lab-policy", "", a.flagText("lab-policy"))
	fl.StringVar(&f.dir, "lab-dir", "", a.flagText("lab-dir"))
}

// addServing adds what only a running lab needs.
func (f *labFlags) addServing(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.cert, "lab-cert", "", a.flagText("lab-cert"))
	fl.StringVar(&f.key, "lab-key", "", a.flagText("lab-key"))
	fl.DurationVar(&f.greylist, "lab-greylist", 5*time.Minute, a.flagText("lab-greylist"))
	fl.DurationVar(&f.slow, "lab-slow", time.Minute, a.flagText("lab-slow"))
}

// config gives the lab of the flags, nil for none.
func (f *labFlags) config(a *app, database string, r dns.Resolver) (*lab.Config, error) {
	if f.domain == "" {
		if len(f.listen) > 0 || f.dns != "" || f.policy != "" {
			return nil, usagef("%s", a.say(msgNeedFlag, "flag", "lab-domain"))
		}
		return nil, nil
	}
	c := &lab.Config{Domain: f.domain, DNS: f.dns, Greylist: f.greylist, Slow: f.slow, Resolver: r}
	var err error
	if c.Listen, err = lab.ParseListen(f.listen); err != nil {
		return nil, usagef("--lab-listen: %v", err)
	}
	if len(c.Listen) == 0 {
		return nil, usagef("%s", a.say(msgNeedFlag, "flag", "lab-listen"))
	}
	if f.dns != "" {
		if _, err := lab.ParseAddress(f.dns, 53); err != nil {
			return nil, usagef("--lab-dns: %v", err)
		}
	}
	if f.policy != "" {
		if c.Policy, err = lab.ParseAddress(f.policy, 443); err != nil {
			return nil, usagef("--lab-policy: %v", err)
		}
	}
	if (f.cert == "") != (f.key == "") {
		return nil, usagef("%s", a.say(msgLabCert))
	}
	if f.cert != "" {
		cert, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, lookError{fmt.Errorf("%s: %w", a.say(msgReadFile, "file", f.cert), err)}
		}
		c.Certificate = &cert
	}
	dir := f.dir
	if dir == "" && strings.Contains(database, "://") {
		return nil, usagef("%s", a.say(msgLabDir))
	}
	if dir == "" {
		dir = filepath.Dir(strings.TrimPrefix(database, "file:"))
	}
	if c.Keys, err = lab.LoadKeys(dir); err != nil {
		return nil, lookError{err}
	}
	if _, err := lab.New(*c); err != nil {
		return nil, usagef("--lab-domain: %v", err)
	}
	return c, nil
}

// labZoneCommand prints the records that the lab needs, for whoever serves the zone.
func (a *app) labZoneCommand() *cobra.Command {
	var f labFlags
	var database string
	c := a.command("lab zone", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		cfg, err := f.config(a, database, nil)
		switch {
		case err != nil:
			return err
		case cfg == nil:
			return usagef("%s", a.say(msgNeedFlag, "flag", "lab-domain"))
		}
		l, err := lab.New(*cfg)
		if err != nil {
			return lookError{err}
		}
		_, err = fmt.Fprint(a.Out, l.Zone())
		return err
	})
	f.add(c.Flags(), a)
	a.databaseFlag(c, &database)
	return c
}

// announceLab says where the lab is.
func (a *app) announceLab(c *lab.Config, http net.Addr) {
	if c != nil {
		fmt.Fprintln(a.Out, a.say(msgLab, "domain", c.Domain, "page", "http://"+http.String()+"/lab"))
	}
}
