package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/serve"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/systemd"
)

// milterFlags are those of the filter in the mail flow, in `todoku milter` and, with names that
// begin with "milter-", in `todoku serve`.
type milterFlags struct {
	listen                       []string
	socketMode, socketGroup      string
	authServID                   string
	alsoOurs, keys               []string
	trusted, daemons             []string
	choice                       choiceFlags
	policy, unsigned, canonicals string
	receivedSPF, addMissing      bool
	expires                      days
	grace                        time.Duration
	pace                         paceFlags
	forward                      forwardFlags
	takeover                     takeoverFlags
}

// defaultMilter is where the milter listens when nothing is said: where OpenDKIM does.
const defaultMilter = "inet:8891@127.0.0.1"

func (f *milterFlags) add(fl *pflag.FlagSet, a *app, prefix string) {
	fl.StringVar(&f.socketMode, prefix+"socket-mode", "0660", a.flagText("socket-mode"))
	fl.StringVar(&f.socketGroup, prefix+"socket-group", "", a.flagText("socket-group"))
	fl.StringVar(&f.authServID, prefix+"authserv-id", "", a.flagText("milter-authserv-id"))
	fl.StringArrayVar(&f.alsoOurs, prefix+"also-ours", nil, a.flagText("also-ours"))
	fl.StringArrayVar(&f.keys, prefix+"key", nil, a.flagText("milter-key"))
	fl.StringArrayVar(&f.trusted, prefix+"trusted-network", nil, a.flagText("trusted-network"))
	fl.StringArrayVar(&f.daemons, prefix+"daemon-name", nil, a.flagText("daemon-name"))
	f.choice.add(fl, a, prefix)
	fl.StringVar(&f.policy, prefix+"policy", "", a.flagText("milter-policy"))
	fl.StringVar(&f.unsigned, prefix+"unsigned", "accept", a.flagText("unsigned"))
	fl.StringVar(&f.canonicals, prefix+"canonicalization", "relaxed/relaxed", a.flagText("canonicalization"))
	fl.BoolVar(&f.receivedSPF, prefix+"received-spf", false, a.flagText("received-spf"))
	fl.BoolVar(&f.addMissing, prefix+"add-missing", false, a.flagText("add-missing"))
	fl.Var(&f.expires, prefix+"expires", a.flagText("milter-expires"))
	f.takeover.add(fl, a, prefix)
	f.pace.add(fl, a, prefix)
	f.forward.add(fl, a, prefix)
}

func (a *app) milterCommand() *cobra.Command {
	var f milterFlags
	var master keysFlags
	c := a.command("milter", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		r, err := a.newResolver()
		if err != nil {
			return err
		}
		cfg, stop, err := a.milter(c, &f, r, "")
		if err != nil {
			return err
		}
		defer stop()
		if f.pace.database != "" {
			st, err := store.OpenSparing(c.Context(), f.pace.database)
			if err != nil {
				return lookError{err}
			}
			defer st.Close()
			cfg.Store = st
		} else if len(f.pace.sources)+len(f.pace.logs) > 0 {
			return usagef("%s", a.say(msgPaceDatabase))
		}
		if err := a.ring(cfg, &master); err != nil {
			return err
		}
		if cfg.Ring == nil { // else a key can come
			if err := a.canSeal(cfg, ""); err != nil {
				return err
			}
		}
		return a.ran(serve.RunMilter(c.Context(), *cfg))
	})
	c.Flags().StringVar(&master.master, "master-key-file", "", a.flagText("master-key-file"))
	c.Flags().StringArrayVar(&f.listen, "listen", nil, a.flagText("milter-listen"))
	f.add(c.Flags(), a, "")
	c.Flags().StringVar(&f.pace.database, "database", "", a.flagText("milter-database"))
	c.Flags().DurationVar(&f.grace, "grace", 10*time.Second, a.flagText("grace"))
	completeWords(c, "unsigned", "accept", "defer", "reject")
	c.AddCommand(a.milterWhyCommand())
	return c
}

// milter gives what the flags say. Everything that can be wrong is found here, before anything listens.
func (a *app) milter(c *cobra.Command, f *milterFlags, r dns.Resolver, prefix string) (cfg *serve.MilterConfig, stop func(), err error) {
	mode, err := strconv.ParseUint(f.socketMode, 8, 9)
	if err != nil {
		return nil, nil, usagef("%s", a.say(msgBadMode, "flag", prefix+"socket-mode", "value", f.socketMode))
	}
	if err := a.checkMilter(f, prefix); err != nil {
		return nil, nil, err
	}
	settings := func() (*filter.Settings, error) {
		if a.config.changed() { // whoever changes it and sends SIGHUP may think that it is read
			a.logger().Warn("the configuration file was changed since the start, and only a restart reads it; SIGHUP reads the files that it names", "file", a.config.path)
		}
		return a.filterSettings(c, f, r, prefix)
	}
	if _, err := settings(); err != nil {
		return nil, nil, err
	}
	logs, err := f.pace.mailLogs(a, prefix)
	if err != nil {
		return nil, nil, err
	}
	_, taken, err := f.takeover.settings(a)
	if err != nil {
		return nil, nil, err
	}
	a.showTakeover(taken)
	listen := f.listen
	if taken != nil && taken.Listen != "" && len(listen) == 0 && a.Getenv("LISTEN_FDS") == "" {
		listen = []string{taken.Listen}
		if bad, ok := badSocket(listen); ok {
			return nil, nil, usagef("%s", a.say(msgTakenSocket, "value", strconv.Quote(bad), "flag", f.listenFlag(prefix)))
		}
	}
	if len(listen) == 0 {
		listen = []string{defaultMilter}
		if a.Getenv("LISTEN_FDS") != "" {
			listen = []string{"systemd"}
		}
	}
	reload, noReload := relayed(syscall.SIGHUP)
	status, noStatus := relayed(statusSignal()...)
	return &serve.MilterConfig{
		Listen: listen, SocketMode: fs.FileMode(mode), SocketGroup: f.socketGroup, Settings: settings, Reload: reload, Status: status, Grace: f.grace,
		Log: a.logger(), Getenv: a.Getenv, Ready: a.milterReady, PaceClosed: f.pace.away == "defer", Now: a.clock, KeepEvents: time.Duration(f.pace.keepEvents), MailLogs: logs, SRS: f.forward.srsListen, Tables: f.forward.tables,
	}, func() { noReload(); noStatus() }, nil
}

// milterReady says where the milter listens, to people and to the service manager.
func (a *app) milterReady(addrs []net.Addr) {
	for _, addr := range addrs {
		fmt.Fprintln(a.Out, a.say(msgMilter, "milter", addr.Network()+":"+addr.String()))
	}
	_ = systemd.Notify(a.Getenv, systemd.Ready)
}

// relayed passes signals on, one at a time: each that comes before the last was taken is one with it.
func relayed(which ...os.Signal) (<-chan struct{}, func()) {
	out := make(chan struct{}, 1)
	if len(which) == 0 { // to signal.Notify that would be all
		return out, func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, which...)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-signals:
				select {
				case out <- struct{}{}:
				default: // one is waiting already
				}
			}
		}
	}()
	return out, func() { signal.Stop(signals); close(done) }
}

// filterSettings reads keys and the table from their files.
func (a *app) filterSettings(c *cobra.Command, f *milterFlags, r dns.Resolver, prefix string) (*filter.Settings, error) {
	s, err := f.base(a, prefix)
	if err != nil {
		return nil, err
	}
	s.Resolver = r
	if c.Flags().Changed("timeout") {
		s.Timeout = time.Duration(a.globals.timeout)
	}
	if a.globals.at != "" {
		s.Now = a.clock
	}
	if f.takeover.opendkim == "" || c.Flags().Changed(prefix+"canonicalization") {
		if s.Header, s.Body, err = canonicalization(f.canonicals); err != nil {
			return nil, usagef("%v", a.saidError("--"+prefix+"canonicalization", err))
		}
		s.SimpleSignatures = true
	}
	if s.Unsigned, err = filter.ParseAction(f.unsigned); err != nil || s.Unsigned == filter.Tag || s.Unsigned == filter.QuarantineHeader || s.Unsigned == filter.Hold {
		return nil, usagef("%s", a.say(msgOneOf, "flag", prefix+"unsigned", "value", f.unsigned, "words", "accept, defer, reject"))
	}
	if len(f.trusted) > 0 {
		if s.Trusted, err = trusted(f.trusted); err != nil {
			return nil, usagef("%v", a.saidError("--"+prefix+"trusted-network", err))
		}
	}
	if len(f.keys) > 0 {
		keys, err := filter.LoadKeys(f.keys)
		if err != nil {
			return nil, a.keyFlagError("--"+prefix+"key", err)
		}
		s.Signers = keys
	}
	if err := f.pace.apply(a, s, f.addMissing, prefix); err != nil {
		return nil, err
	}
	if f.policy != "" {
		data, err := os.ReadFile(f.policy)
		if err != nil {
			return nil, lookError{a.fileError(f.policy, err)}
		}
		if s.Policy, s.Senders, err = filter.ParseTable(data); err != nil {
			return nil, usagef("%v", a.saidError(f.policy, err))
		}
	}
	if s.Forwarding, err = f.forward.forwarding(a, prefix); err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, usagef("%s", a.saidText(err))
	}
	return s, nil
}

// keyFlagError says what is wrong with a key that a flag names.
func (a *app) keyFlagError(flag string, err error) error {
	var file *fs.PathError
	if errors.As(err, &file) && !errors.Is(err, filter.ErrKeyReadable) {
		return lookError{a.fileError(file.Path, err)}
	}
	return usagef("%v", a.saidError(flag, err))
}

// base gives what other programs' configurations say, and over it the flags that need no file.
func (f *milterFlags) base(a *app, prefix string) (*filter.Settings, error) {
	s, _, err := f.takeover.settings(a)
	if err != nil {
		return nil, err
	}
	if f.authServID != "" {
		s.AuthServID = f.authServID
	} else if s.AuthServID == "" {
		if s.AuthServID = ownName(); s.AuthServID == "" {
			return nil, usagef("%s", a.say(msgNeedName, "flag", prefix+"authserv-id"))
		}
	}
	s.AlsoOurs = append(s.AlsoOurs, f.alsoOurs...)
	s.Daemons = append(s.Daemons, f.daemons...)
	if err := f.choice.apply(a, s, prefix); err != nil {
		return nil, err
	}
	s.ReceivedSPF = f.receivedSPF
	if f.expires > 0 {
		s.Expires = time.Duration(f.expires)
	}
	return s, nil
}

// trusted reads networks; "none" alone is none, not even loopback, and nil is the default.
func trusted(list []string) ([]netip.Prefix, error) {
	if len(list) == 1 && list[0] == "none" {
		return []netip.Prefix{}, nil
	}
	var out []netip.Prefix
	for _, text := range list {
		for s := range strings.SplitSeq(text, ",") {
			p, err := filter.ParseNetwork(strings.TrimSpace(s))
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
	}
	return out, nil
}
