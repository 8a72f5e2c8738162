package lab

import (
	"crypto/tls"
	"strings"
	"sync"
	"time"
)

// elsewhere is the name in the certificate that does not fit.
const elsewhere = "mail.elsewhere.invalid"

// renewed gives a certificate of the lab's own, made anew each day, so that a program that
// runs for years shows none that has expired without being meant to.
type renewed struct {
	make func() (*tls.Certificate, error)
	now  func() time.Time

	mu   sync.Mutex
	cert *tls.Certificate
	at   time.Time
}

func (r *renewed) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.cert == nil || now.Sub(r.at) > 24*time.Hour {
		cert, err := r.make()
		if err != nil {
			return nil, err
		}
		r.cert, r.at = cert, now
	}
	return r.cert, nil
}

func (l *Lab) own(valid time.Duration, names ...string) *renewed {
	return &renewed{now: l.cfg.Now, make: func() (*tls.Certificate, error) { return l.cfg.Keys.issue(l.cfg.Now().Add(valid), names...) }}
}

// good gives the certificate that is in order: the user's, where there is one. Hosts with
// TLSA records show the lab's own, whose key those name.
func (l *Lab) good() func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	d := l.cfg.Domain
	own := l.own(90*24*time.Hour, "*."+d, "mta-sts."+STSGood+"."+d, "mta-sts."+STSBad+"."+d)
	if l.cfg.Certificate == nil {
		return own.get
	}
	return func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if strings.HasPrefix(strings.ToLower(h.ServerName), "mx-dane-") {
			return own.get(h)
		}
		return l.cfg.Certificate, nil
	}
}

// tlsOf is how a seat speaks TLS, nil for not at all.
func (l *Lab) tlsOf(s seat) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	switch s {
	case seatPlain, seatBroken:
		return nil
	case seatExpired:
		c.GetCertificate = l.own(-30*24*time.Hour, "*."+l.cfg.Domain).get
	case seatMismatch:
		c.GetCertificate = l.own(90*24*time.Hour, elsewhere).get
	default:
		c.GetCertificate = l.good()
	}
	if s == seatTLS12 {
		c.MaxVersion = tls.VersionTLS12
	}
	return c
}
