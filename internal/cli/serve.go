package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/probe"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/serve"
)

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	c := a.command("serve", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		cfg, err := a.serveConfig(c, &f)
		if err != nil {
			return err
		}
		stop, err := a.milterOfServe(c, &f.milter, &cfg)
		if err != nil {
			return err
		}
		defer stop()
		return a.ran(serve.Run(c.Context(), cfg))
	})
	f.add(c.Flags(), a)
	return c
}

// serveConfig checks the flags before anything listens.
func (a *app) serveConfig(c *cobra.Command, f *serveFlags) (cfg serve.Config, err error) {
	if err := a.checkServing(f); err != nil {
		return cfg, err
	}
	cfg = serve.Config{
		Database: f.database, SMTP: f.smtp, HTTP: f.http, LMTP: f.lmtp, Hostname: f.hostname, MailDomain: f.mailDomain,
		HTTPHosts: f.httpHosts, Retention: time.Duration(f.retention), PublicRetention: time.Duration(f.publicKeep), DropAfter: time.Duration(f.dropAfter),
		MaxMessage: f.maxMessage, Quota: f.quota, Workers: f.workers, CustomerDomains: f.customerDomains, Log: a.logger(), Version: version(),
		Ready: func(n *serve.Node) { a.ready(n, cfg.Lab, f.publicURL) },
	}
	if program, err := os.Executable(); err == nil && !strings.HasPrefix(program, os.TempDir()) { // not that of "go run"
		cfg.Program = program
	}
	if cfg.Hostname == "" {
		cfg.Hostname = "localhost"
		if name, err := os.Hostname(); err == nil {
			cfg.Hostname = name
		}
	}
	if cfg.MailDomain == "" {
		cfg.MailDomain = cfg.Hostname
	}
	if c.Flags().Changed("timeout") {
		cfg.VerifyTimeout = time.Duration(a.globals.timeout)
	}
	for _, part := range []func(*serve.Config, *serveFlags) error{a.smtpConfig, a.doorConfig, a.sourcesConfig, a.partsConfig} {
		if err := part(&cfg, f); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

// checkServing checks where it is to listen.
func (a *app) checkServing(f *serveFlags) error {
	if err := a.checkListen("http", f.http); err != nil {
		return err
	}
	if err := a.checkListen("smtp", f.smtp); err != nil {
		return err
	}
	return a.checkLMTP(f.lmtp)
}

// ready says where everything is.
func (a *app) ready(n *serve.Node, l *lab.Config, publicURL string) {
	a.announce(n.SMTP, n.HTTP)
	if n.LMTP != nil {
		fmt.Fprintln(a.Out, a.say(msgLMTP, "lmtp", n.LMTP.String()))
	}
	a.announceLab(l, n.HTTP)
	if n.Setup != "" {
		at := publicURL
		if at == "" {
			at = "http://" + n.HTTP.String()
		}
		fmt.Fprintln(a.Out, a.say(msgSetup, "url", strings.TrimSuffix(at, "/")+n.Setup))
	}
}

// smtpConfig fills in who is believed at the SMTP port, and its certificate.
func (a *app) smtpConfig(cfg *serve.Config, f *serveFlags) error {
	for _, p := range f.trustProxy {
		prefix, err := parsePrefix(p)
		if err != nil {
			return usagef("--trust-proxy: %v", err)
		}
		cfg.TrustProxy = append(cfg.TrustProxy, prefix)
	}
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return usagef("%s", a.say(msgBothTLS))
	}
	if f.tlsCert == "" {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(f.tlsCert, f.tlsKey)
	if err != nil {
		return lookError{fmt.Errorf("%s: %w", a.say(msgReadFile, "file", f.tlsCert), err)}
	}
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	return nil
}

// sourcesConfig fills in what is asked: the DNS, blocklists, spam filters, a mailbox.
func (a *app) sourcesConfig(cfg *serve.Config, f *serveFlags) (err error) {
	if cfg.IMAP, err = f.imap.mailbox(a); err != nil {
		return err
	}
	if cfg.Resolver, err = a.newResolver(); err != nil {
		return err
	}
	if cfg.Checker, err = a.checkerOf(cfg.Resolver, f); err != nil {
		return err
	}
	cfg.Filters, err = f.filters.list(a)
	return err
}

// partsConfig fills in the parts that not everybody runs.
func (a *app) partsConfig(cfg *serve.Config, f *serveFlags) (err error) {
	if cfg.Lab, err = f.lab.config(a, cfg.Database, cfg.Resolver); err != nil {
		return err
	}
	if cfg.SES, err = f.ses.config(a, cfg.Resolver, f.private); err != nil {
		return err
	}
	if cfg.Keys, err = f.keys.serve(a, cfg.Resolver, f.private); err != nil {
		return err
	}
	cfg.Reply, err = a.replies(cfg, cfg.Resolver, f)
	return err
}

// checkerOf gives what the pages check domains with.
func (a *app) checkerOf(r dns.Resolver, f *serveFlags) (*check.Checker, error) {
	dialer, err := a.dialer(r, f.private)
	if err != nil {
		return nil, err
	}
	c := &check.Checker{
		Resolver: r, Timeout: time.Duration(a.globals.timeout), Fetch: fetch.NewClient(dialer, fetch.HTTPConfig{}),
		Prober: probe.New(probe.Config{Dialer: dialer, HELO: ownName()}),
	}
	if !f.noLists {
		c.Lists, err = a.blocklists(r, f.listKeys)
	}
	return c, err
}

func parsePrefix(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

// announce says where the program listens.
func (a *app) announce(smtp, http net.Addr) {
	fmt.Fprintln(a.Out, a.say(msgReady, "http", "http://"+http.String()+"/", "smtp", smtp.String()))
}

// logger writes what a running program has to say to stderr.
func (a *app) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.Err, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// ran gives the end of a server: an orderly one is no error, whoever asked for it.
func (a *app) ran(err error) error {
	if err == nil {
		return nil
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "listen" {
		return lookError{fmt.Errorf("%s: %w", a.say(msgListen), err)}
	}
	if a.japanese() && said.Both(err) {
		return lookError{errors.New(said.Japanese(err))}
	}
	return lookError{err}
}
