package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/publish"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// keysFlags say where keys are kept, by whom their records are published, and when they change.
type keysFlags struct {
	master, updateKey     string
	updates               []string
	rotateAfter, mailLife days
	reveal                bool
}

func (f *keysFlags) add(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.master, "master-key-file", "", a.flagText("master-key-file"))
	fl.StringArrayVar(&f.updates, "dns-update", nil, a.flagText("dns-update"))
	fl.StringVar(&f.updateKey, "dns-update-key", "", a.flagText("dns-update-key"))
	fl.Var(&f.rotateAfter, "keys-rotate-after", a.flagText("keys-rotate-after"))
	f.mailLife = days(keys.DefaultMailLife)
	fl.Var(&f.mailLife, "keys-mail-life", a.flagText("keys-mail-life"))
	fl.BoolVar(&f.reveal, "keys-reveal", false, a.flagText("keys-reveal"))
}

// keysCommand begins a command that works on the keys of a database.
func (a *app) keysCommand(path string, run func(ctx context.Context, k *keysRun, args []string) error) *cobra.Command {
	var f keysFlags
	var database string
	var private []string
	c := a.command(path, func(c *cobra.Command, args []string) error {
		master, err := f.loadMaster(a)
		if err != nil {
			return err
		}
		r, err := a.newResolver()
		if err != nil {
			return err
		}
		open := a.withStore
		if master != nil && (path == "keys create" || path == "keys import") {
			open = a.withNewStore
		}
		return open(c.Context(), database, func(st *store.Store) error {
			k := &keysRun{a: a, store: st}
			if k.Keeper, err = f.keeper(a, st, master, r, private, nil); err != nil {
				return err
			}
			return run(c.Context(), k, args)
		})
	})
	a.databaseFlag(c, &database)
	f.add(c.Flags(), a)
	c.Flags().StringArrayVar(&private, "allow-private", nil, a.flagText("allow-private"))
	return c
}

// keysRun is one run of such a command.
type keysRun struct {
	*keys.Keeper
	a     *app
	store *store.Store
}

// loadMaster gives the master key, nil where there is none and none was named.
func (f *keysFlags) loadMaster(a *app) (*keys.Master, error) {
	m, err := keys.LoadMaster(f.master, a.Getenv)
	if errors.Is(err, keys.ErrNoMaster) {
		return nil, nil
	}
	if err != nil {
		if a.japanese() {
			err = errors.New(said.Japanese(err))
		}
		return nil, lookError{err}
	}
	return m, nil
}

// keeper puts together what keeps the keys. log nil says nothing.
func (f *keysFlags) keeper(a *app, st *store.Store, master *keys.Master, r dns.Resolver, private []string, log *slog.Logger) (*keys.Keeper, error) {
	c, err := f.keeperConfig(a, master, r, private)
	if err != nil {
		return nil, err
	}
	c.Store, c.Log = st, log
	return keys.New(*c), nil
}

// keeperConfig is all of it but the store.
func (f *keysFlags) keeperConfig(a *app, master *keys.Master, r dns.Resolver, private []string) (*keys.Config, error) {
	allowed, err := a.mayAsk(private)
	if err != nil {
		return nil, err
	}
	zones, err := f.publisher(a)
	if err != nil {
		return nil, err
	}
	if f.mailLife == 0 {
		return nil, usagef("%s", a.say(msgMailLife))
	}
	if cache, ok := r.(*dns.Cache); ok {
		r = cache.Fresh()
	}
	c := &keys.Config{
		Master: master, Observer: &keys.DNS{Resolver: r, Allowed: allowed}, Publisher: zones,
		Policy: keys.Policy{RotateAfter: time.Duration(f.rotateAfter), MailLife: time.Duration(f.mailLife), Reveal: f.reveal},
	}
	if a.globals.at != "" {
		c.Now = func() time.Time { return a.globals.now }
	}
	return c, nil
}

// serve gives how a server keeps the keys, nil where it has no master key. --keys-rotate-after needs one.
func (f *keysFlags) serve(a *app, r dns.Resolver, private []string) (*keys.Config, error) {
	master, err := f.loadMaster(a)
	if err != nil {
		return nil, err
	}
	if master == nil {
		if f.rotateAfter > 0 {
			return nil, usagef("%v", a.saidError("--keys-rotate-after", keys.ErrNoMaster))
		}
		return nil, nil
	}
	return f.keeperConfig(a, master, r, private)
}

// mayAsk says which name servers of zones may be asked: those at public addresses, and in networks that the user names.
func (a *app) mayAsk(private []string) (func(netip.Addr) bool, error) {
	var networks []netip.Prefix
	for _, s := range private {
		p, err := parsePrefix(s)
		if err != nil {
			return nil, usagef("%s", a.say(msgBadNetwork, "value", s))
		}
		networks = append(networks, p.Masked())
	}
	return func(addr netip.Addr) bool {
		for _, p := range networks {
			if p.Contains(addr.Unmap()) {
				return true
			}
		}
		return fetch.Refused(addr) == ""
	}, nil
}

// publisher reads --dns-update ZONE=HOST:PORT.
func (f *keysFlags) publisher(a *app) (publish.Zones, error) {
	zones := publish.Zones{}
	var key *publish.TSIG
	if f.updateKey != "" {
		text, err := readSecret(f.updateKey)
		if err != nil {
			return nil, lookError{a.fileError(f.updateKey, err)}
		}
		if key, err = publish.ParseTSIG(string(text)); err != nil {
			return nil, usagef("--dns-update-key %s: %v", f.updateKey, err)
		}
	}
	for _, u := range f.updates {
		zone, server, ok := strings.Cut(u, "=")
		zone, err := ascii(zone)
		if !ok || err != nil {
			return nil, usagef("%s", a.say(msgBadUpdate, "value", u))
		}
		if server, err = dns.ParseServer(server); err != nil {
			return nil, usagef("--dns-update %s: %v", u, err)
		}
		if key == nil && !loopback(server) {
			return nil, usagef("%s", a.say(msgUpdateKey))
		}
		zones[zone] = &publish.Update{Server: server, Zone: zone, Key: key}
	}
	return zones, nil
}

func loopback(server string) bool {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// readSecret reads a file that not everybody may read.
func readSecret(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		return nil, fmt.Errorf("everybody may read it (mode %04o): chmod 640 %s", mode, file)
	}
	return io.ReadAll(io.LimitReader(f, 64<<10))
}
