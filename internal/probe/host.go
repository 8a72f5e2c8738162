package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/internal/wire/https"
)

// Port is that of mail transfer.
const Port = 25

// Host probes one host. It returns when ctx ends or the configured time is over, and
// always gives a result.
func (p *Prober) Host(ctx context.Context, name string) Host {
	h := Host{Name: name, At: p.cfg.Dialer.Now()}
	if !wire.IsHostName(strings.ReplaceAll(name, "_", "-")) {
		h.end(Unreachable, https.FetchBadURL, "not a host name")
		return h
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		h.end(Inconclusive, NoAnswer, "the time was over before it began")
		return h
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	s, err := p.connect(ctx, &h)
	if err != nil {
		h.unreachable(err)
		return h
	}
	p.converse(s, &h)
	s.close()
	h.Transcript = s.transcript
	if p.cfg.Versions && h.TLS.Outcome == Accepted {
		p.tryVersions(ctx, &h)
	}
	return h
}

func (h *Host) end(o Outcome, problem, detail string) {
	h.Outcome, h.Problem, h.Detail = o, problem, detail
}

func (h *Host) unreachable(err error) {
	var e *fetch.Error
	h.end(Unreachable, fetch.Problem(err), err.Error())
	if errors.As(err, &e) && e.Addr.IsValid() {
		h.Addr = e.Addr.Addr()
	}
	if h.Problem == https.FetchDNS {
		h.Outcome = Inconclusive
	}
}

func (p *Prober) connect(ctx context.Context, h *Host) (*session, error) {
	conn, err := p.cfg.Dialer.Dial(ctx, h.Name, Port)
	if err != nil {
		return nil, err
	}
	if a, ok := conn.RemoteAddr().(interface{ String() string }); ok {
		h.Addr = addrOf(a.String())
	}
	return newSession(ctx, conn, h.Name, p.cfg.HELO, p.cfg.Dialer.Now), nil
}

// converse is the first connection: greeting, EHLO, STARTTLS, EHLO, mailbox, QUIT.
func (p *Prober) converse(s *session, h *Host) {
	if !greet(s, h) {
		return
	}
	h.Outcome = Seen
	if !offers(h.Extensions, "STARTTLS") {
		h.TLS.Outcome = NotOffered
	} else if h.TLS = s.startTLS(tls.VersionTLS10, tls.VersionTLS13); h.TLS.Outcome == Accepted {
		reply, err := s.command("EHLO " + s.helo) // RFC 3207 section 4.2
		if err != nil {
			h.TLS.Problem, h.TLS.Detail = why(s.ctx, err)
			return
		}
		if reply.class() == 2 {
			h.TLSExtensions = reply.Lines[1:]
		}
	} else if h.TLS.Problem != TLSNotWelcome && h.TLS.Problem != TLSDeferred {
		return // the connection is spent
	}
	if p.cfg.Postmaster != "" {
		h.Postmaster = s.postmaster(p.cfg.Postmaster)
	}
	s.command("QUIT") // whether it says good-bye is no matter
}

// greet reads the banner and says EHLO; false where that is the end.
func greet(s *session, h *Host) bool {
	var err error
	if h.Banner, err = s.read(); err != nil {
		problem, detail := why(s.ctx, err)
		h.end(Inconclusive, problem, detail)
		return false
	}
	if h.Banner.Code != 220 {
		h.notWelcome(h.Banner, "the connection")
		return false
	}
	if h.EHLO, h.ESMTP, err = s.hello(); err != nil {
		problem, detail := why(s.ctx, err)
		h.end(Inconclusive, problem, detail)
		return false
	}
	if h.EHLO.class() != 2 {
		h.notWelcome(h.EHLO, "EHLO")
		return false
	}
	if h.ESMTP {
		h.Extensions = h.EHLO.Lines[1:]
	}
	return true
}

func (h *Host) notWelcome(r *Reply, what string) {
	if r.class() == 4 {
		h.end(Inconclusive, Deferred, what+" was deferred")
		return
	}
	h.end(Inconclusive, NotWelcome, what+" was refused")
}

// offers reports whether an extension is among the lines of EHLO, in any case.
func offers(extensions []string, keyword string) bool {
	return slices.ContainsFunc(extensions, func(line string) bool {
		word, _, _ := strings.Cut(line, " ")
		return strings.EqualFold(word, keyword)
	})
}

// postmaster asks whether the mailbox that every domain must have is there (RFC 5321
// section 4.5.1), and takes the question back.
func (s *session) postmaster(domain string) *Mailbox {
	m := &Mailbox{Address: "postmaster@" + domain, Outcome: Inconclusive}
	var err error
	if m.MailFrom, err = s.command("MAIL FROM:<>"); err != nil || m.MailFrom.class() != 2 {
		return m
	}
	if m.RcptTo, err = s.command("RCPT TO:<" + m.Address + ">"); err != nil {
		return m
	}
	m.Outcome = recipientOutcome(m.RcptTo)
	s.command("RSET") // the connection ends anyway
	return m
}

// recipientOutcome: only what speaks of the address refuses the address. A refusal by
// policy (X.7.X), 554 and every 4xx may be about who asks.
func recipientOutcome(r *Reply) Outcome {
	enhanced := r.Enhanced()
	switch {
	case r.class() == 2:
		return Accepted
	case r.class() != 5:
		return Inconclusive
	case strings.HasPrefix(enhanced, "5.1."), strings.HasPrefix(enhanced, "5.2.1"):
		return Refused
	case enhanced == "" && (r.Code == 550 || r.Code == 551 || r.Code == 553) && speaksOfMailbox(r.Text()):
		return Refused
	}
	return Inconclusive
}

func speaksOfMailbox(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"unknown", "no such", "not exist", "doesn't exist", "not found", "invalid recipient", "mailbox unavailable"},
		func(words string) bool { return strings.Contains(text, words) })
}

// tryVersions finds out which older versions are accepted, one connection for each
// question, and stops where the host stops answering.
func (p *Prober) tryVersions(ctx context.Context, h *Host) {
	var tries []uint16
	if h.TLS.Version == tls.VersionName(tls.VersionTLS13) {
		tries = append(tries, tls.VersionTLS12)
	}
	tries = append(tries, tls.VersionTLS11, tls.VersionTLS10)
	for _, version := range tries {
		v := Version{Version: tls.VersionName(version), Outcome: Inconclusive}
		if v.Version == h.TLS.Version {
			continue // it was seen
		}
		if !pause(ctx, p.cfg.Pause) {
			v.Detail = "the time was over"
		} else {
			p.tryVersion(ctx, h, version, &v)
		}
		h.Versions = append(h.Versions, v)
		if v.Outcome == Inconclusive {
			return // back off
		}
	}
}

func (p *Prober) tryVersion(ctx context.Context, h *Host, version uint16, v *Version) {
	again := Host{Name: h.Name}
	s, err := p.connect(ctx, &again)
	if err != nil {
		v.Detail = err.Error()
		return
	}
	defer s.close()
	if !greet(s, &again) {
		v.Detail = again.Detail
		return
	}
	if !offers(again.Extensions, "STARTTLS") {
		v.Detail = "STARTTLS was not offered this time"
		return
	}
	t := s.startTLS(version, version)
	if v.Detail = t.Detail; t.Problem == TLSNotWelcome {
		return // not about the version
	}
	v.Outcome = t.Outcome
	switch {
	case t.Problem == Closed: // some hosts hang up in place of an alert
		v.Outcome = Refused
	case v.Outcome == Accepted:
		s.command("QUIT") // whether it says good-bye is no matter
	}
}

// pause waits; false where ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
