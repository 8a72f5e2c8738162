package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"github.com/todoku/todoku/internal/caller"
)

// policyHost serves the MTA-STS policies (RFC 8461 section 3.3), and notes who fetched them.
type policyHost struct {
	lab      *Lab
	listener net.Listener
}

func (l *Lab) listenPolicy() (*policyHost, error) {
	listener, err := net.Listen("tcp", l.cfg.Policy.Listen.String())
	if err != nil {
		return nil, err
	}
	return &policyHost{l, netutil.LimitListener(listener, maxPerPort)}, nil
}

// Close closes the port before run.
func (p *policyHost) Close() error { return p.listener.Close() }

func (p *policyHost) run(ctx context.Context) error {
	s := &http.Server{
		Handler: p, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second,
		MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(p.lab.cfg.Log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: p.lab.good()},
	}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.ServeTLS(p.listener, "", ""); !errors.Is(err, http.ErrServerClosed) && ctx.Err() == nil {
		return err
	}
	return nil
}

// ServeHTTP gives the policy of the host that is asked.
func (p *policyHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l := p.lab
	name, found := strings.CutPrefix(caller.HostName(strings.ToLower(r.Host)), "mta-sts.")
	name, ours := strings.CutSuffix(name, "."+l.cfg.Domain)
	policy := l.policy(name)
	if !found || !ours || policy == "" || r.URL.Path != "/.well-known/mta-sts.txt" {
		http.NotFound(w, r)
		return
	}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && r.Method == http.MethodGet {
		a := &Attempt{At: l.cfg.Now(), Receiver: name, IP: at.Addr().Unmap().WithZone(""), Stage: AtConnect, Outcome: Policy, HELO: clip(r.UserAgent())}
		_ = l.keep(r.Context(), "", a)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, policy)
}
