// Package imapin takes test mail out of a mailbox at any provider by IMAP (RFC 9051), for
// those who have no port 25 at all. What the envelope was is known only where the
// mailbox's own mail host is named, whose Received field is then believed.
package imapin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// Config of a poller.
type Config struct {
	// URL is imaps://USER@HOST[:PORT]/MAILBOX, or imap: for STARTTLS; without a mailbox,
	// INBOX. Without TLS only on loopback and where Insecure says so.
	URL, Password string
	Insecure      bool
	// Receiver is the host whose Received field says who sent a message ("mx.google.com"),
	// as it names itself after "by"; "" where nobody is believed.
	Receiver string
	// Delete removes what was taken; otherwise it is marked as seen.
	Delete bool
	// Every is the time between two looks; 0 for a minute.
	Every time.Duration
	// MaxSize is the largest message taken, in octets; 0 for 50 MiB.
	MaxSize int64
	// TLS is for tests; nil verifies the server by the system's authorities.
	TLS   *tls.Config
	Store Store
	Hub   *live.Hub
	// Received is called after a message became durable, with its id.
	Received func(id string)
	Log      *slog.Logger
	Now      func() time.Time
}

// Store is what a poller needs of the store.
type Store interface {
	AddMessage(ctx context.Context, m *store.Message) error
	Mailbox(ctx context.Context, token string) (store.Mailbox, error)
}

const (
	// pollTime bounds one look at the mailbox.
	pollTime = 5 * time.Minute
	// maxTaken bounds the messages of one look; the next one takes more.
	maxTaken = 100
	// slowest is the longest time between two looks after failures.
	slowest = 30 * time.Minute
)

// Poller looks into one mailbox. One goroutine runs it.
type Poller struct {
	Config
	addr, user, mailbox string
	startTLS            bool
}

// New checks the configuration.
func New(c Config) (*Poller, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.User.Username() == "" || u.Scheme != "imaps" && u.Scheme != "imap" {
		return nil, errors.New("the IMAP mailbox is no URL such as imaps://user@imap.example.com/INBOX")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("the password of the IMAP mailbox goes into a file, not into its URL")
	}
	p := &Poller{Config: c, user: u.User.Username(), mailbox: strings.Trim(u.Path, "/"), startTLS: u.Scheme == "imap"}
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "143", false: "993"}[p.startTLS]
	}
	p.addr = net.JoinHostPort(u.Hostname(), port)
	if ip, err := netip.ParseAddr(u.Hostname()); c.Insecure && (err != nil || !ip.IsLoopback()) {
		return nil, errors.New("IMAP without TLS is for a server on loopback alone")
	}
	if p.mailbox == "" {
		p.mailbox = "INBOX"
	}
	if p.Every <= 0 {
		p.Every = time.Minute
	}
	if p.MaxSize <= 0 {
		p.MaxSize = 50 << 20
	}
	if p.Received == nil {
		p.Received = func(string) {}
	}
	if p.Hub == nil {
		p.Hub = live.NewHub()
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	return p, nil
}

// Run looks into the mailbox until ctx ends. What fails is logged and tried again, more
// and more slowly.
func (p *Poller) Run(ctx context.Context) error {
	wait := p.Every
	for {
		n, err := p.Poll(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			wait = min(2*wait, max(slowest, p.Every))
			p.Log.Error("the IMAP mailbox could not be read", "server", p.addr, "error", err, "again_in", wait)
		case n == maxTaken:
			wait = 0
		default:
			wait = p.Every
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		wait = max(wait, p.Every)
	}
}

// Poll looks once, and gives the number of messages taken.
func (p *Poller) Poll(ctx context.Context) (taken int, err error) {
	ctx, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	c, err := p.dial()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if err := c.Login(p.user, p.Password).Wait(); err != nil {
		return 0, fmt.Errorf("signing in: %w", err)
	}
	box, err := c.Select(p.mailbox, nil).Wait()
	if err != nil {
		return 0, fmt.Errorf("opening %q: %w", p.mailbox, err)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen, imap.FlagDeleted}}, nil).Wait()
	if err != nil {
		return 0, fmt.Errorf("looking for new messages: %w", err)
	}
	for _, uid := range first(found.All, maxTaken) {
		if err := p.one(ctx, c, box.UIDValidity, uid); err != nil {
			return taken, err
		}
		taken++
	}
	if p.Delete && taken > 0 {
		if err := c.Expunge().Close(); err != nil {
			return taken, fmt.Errorf("deleting: %w", err)
		}
	}
	return taken, c.Logout().Wait()
}

// first gives so many of a set of UIDs at most: a server can name four thousand million of
// them in one range.
func first(set imap.NumSet, most int) (out []imap.UID) {
	uids, _ := set.(imap.UIDSet)
	for _, r := range uids {
		for uid := r.Start; uid != 0 && uid <= r.Stop && len(out) < most; uid++ {
			out = append(out, uid)
		}
	}
	return out
}

func (p *Poller) dial() (*imapclient.Client, error) {
	o := &imapclient.Options{TLSConfig: p.TLS, Dialer: &net.Dialer{Timeout: 30 * time.Second}}
	switch {
	case p.Insecure:
		return imapclient.DialInsecure(p.addr, o)
	case p.startTLS:
		return imapclient.DialStartTLS(p.addr, o)
	}
	return imapclient.DialTLS(p.addr, o)
}

// one takes one message, and marks it when it is durable.
func (p *Poller) one(ctx context.Context, c *imapclient.Client, validity uint32, uid imap.UID) error {
	raw, err := p.fetch(c, uid)
	if err != nil {
		return fmt.Errorf("reading message %d: %w", uid, err)
	}
	if raw == nil {
		p.Log.Warn("a message of the IMAP mailbox is too large and is left there", "uid", uid, "at_most", p.MaxSize)
	} else if err := p.keep(ctx, raw, p.id(validity, uid)); err != nil {
		return err
	}
	flag := imap.FlagSeen
	if p.Delete && raw != nil {
		flag = imap.FlagDeleted
	}
	if err := c.Store(imap.UIDSetNum(uid), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close(); err != nil {
		return fmt.Errorf("marking message %d: %w", uid, err)
	}
	return nil
}

// fetch reads a message whole; nil: it is too large.
func (p *Poller) fetch(c *imapclient.Client, uid imap.UID) (raw []byte, err error) {
	// One octet more than is taken tells whether there is more.
	part := &imap.SectionPartial{Offset: 0, Size: p.MaxSize + 1}
	cmd := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: part}}})
	defer cmd.Close()
	found := false
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		for item := m.Next(); item != nil; item = m.Next() {
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil || found {
				continue // the client reads away what is left
			}
			found = true
			if raw, err = io.ReadAll(io.LimitReader(body.Literal, p.MaxSize+1)); err != nil {
				return nil, err
			}
		}
	}
	if err := cmd.Close(); err != nil {
		return nil, err
	}
	if int64(len(raw)) > p.MaxSize {
		return nil, nil
	}
	if raw == nil {
		raw = []byte{}
	}
	return raw, nil
}

// id is the same for the same message of the mailbox, so that one that was stored before
// a connection broke is not stored again; nobody can guess it.
func (p *Poller) id(validity uint32, uid imap.UID) string {
	h := hmac.New(sha256.New, []byte(p.Password))
	fmt.Fprintf(h, "%s\n%s\n%s\n%d\n%d", p.addr, p.user, p.mailbox, validity, uid)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// keep stores a message.
func (p *Poller) keep(ctx context.Context, raw []byte, id string) error {
	now := p.Now()
	parsed := message.Parse(raw)
	m := &store.Message{ID: id, Token: p.token(ctx, parsed), Received: now, Evidence: evidence.Bundle{
		Format: evidence.Format, Version: evidence.BundleVersion, Time: now, Source: "imap", Session: p.session(parsed), Message: raw,
	}}
	err := p.Store.AddMessage(ctx, m)
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("storing: %w", err)
	}
	if m.Token != "" {
		p.Hub.Publish(m.Token, live.Event{Kind: "received", At: now, Bytes: int64(len(raw)), ReportID: id})
	}
	p.Received(id)
	return nil
}

// token is that of the waiting page that the message is for: an address of the mailbox
// with the token behind a plus, as "user+TOKEN@example.com". "" is none.
func (p *Poller) token(ctx context.Context, m *message.Message) string {
	tried := 0
	for _, f := range m.Fields {
		if !f.Is("To") && !f.Is("Delivered-To") && !f.Is("X-Original-To") && !f.Is("Cc") {
			continue
		}
		for part := range strings.FieldsFuncSeq(f.Unfolded(), func(r rune) bool { return strings.ContainsRune(" ,;<>\t\"", r) }) {
			local, _, ok := strings.Cut(part, "@")
			_, tag, tagged := strings.Cut(local, "+")
			if !ok || !tagged {
				continue
			}
			if tried++; tried > 20 {
				return ""
			}
			if box, err := p.Store.Mailbox(ctx, tag); err == nil {
				return box.Token
			}
		}
	}
	return ""
}

// session is what the header says of the envelope, as far as it can be believed: the
// topmost Received field of the mail host named, and the Return-Path above it. Everything
// beneath was there when the message came, and can be forged.
func (p *Poller) session(m *message.Message) evidence.Session {
	var s evidence.Session
	if p.Config.Receiver == "" {
		return s
	}
	path, hasPath := "", false
	for _, f := range m.Fields {
		switch {
		case f.Is("Return-Path") && !hasPath:
			path = strings.TrimSpace(f.Unfolded())
			hasPath = strings.HasPrefix(path, "<") && strings.HasSuffix(path, ">")
		case f.Is("Received"):
			r := message.ParseReceived(f.Unfolded())
			if !strings.EqualFold(strings.TrimSuffix(r.By, "."), p.Config.Receiver) {
				continue // a later hop within the provider
			}
			if !r.FromIP.IsValid() {
				return s // whatever is beneath may be forged
			}
			s.RemoteIP, s.HELO, s.Receiver = r.FromIP.Unmap(), r.From, r.By
			s.ESMTP = strings.HasPrefix(strings.ToUpper(r.With), "ESMTP")
			if hasPath {
				s.MailFrom, s.HasMailFrom = strings.Trim(path, "<>"), true
			}
			return s
		}
	}
	return s
}
