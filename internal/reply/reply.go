package reply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

const (
	// replyLife is how long a report is tried to be delivered, tokenLife how long an
	// address may take to agree, and agreed how long that is good for.
	replyLife = 24 * time.Hour
	tokenLife = 48 * time.Hour
	agreed    = 90 * 24 * time.Hour
)

// Config of a responder.
type Config struct {
	Store *store.Store
	// Queued is called after mail was queued; nil: nobody is told.
	Queued    func()
	Addresses Addresses
	// Own are further domains of ours, which get no mail.
	Own []string
	// Keys sign our mail; without any it goes unsigned.
	Keys []Key
	// Link gives where the report of a message is, "" for nowhere; Page where the pages of
	// this package are ("https://todoku.example"), "" for nowhere.
	Link func(id string) string
	Page string
	// Judged gives the report on a stored message again; nil: no report follows an agreement
	// by itself.
	Judged func(ctx context.Context, m *store.Message) *render.Report
	Log    *slog.Logger     // nil: none
	Now    func() time.Time // nil: time.Now
}

// Responder answers. Safe for concurrent use.
type Responder struct{ c Config }

// New gives a responder.
func New(c Config) (*Responder, error) {
	if c.Store == nil {
		return nil, errors.New("reply: no store")
	}
	if !ValidLocal(c.Addresses.Local) {
		return nil, fmt.Errorf("reply: %q cannot be the local part of an address that answers: use 1 to 24 letters, digits and hyphens", c.Addresses.Local)
	}
	if _, _, ok := split(c.Addresses.test()); !ok {
		return nil, fmt.Errorf("reply: %q is no mail domain that can answer: give the full name of a domain", c.Addresses.Domain)
	}
	if c.Queued == nil {
		c.Queued = func() {}
	}
	if c.Link == nil {
		c.Link = func(string) string { return "" }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Responder{c}, nil
}

// Takes reports whether a local part is an address of ours; see inbox.Config.Service.
func (r *Responder) Takes(local string) bool {
	purpose, _ := r.c.Addresses.Parse(local)
	return purpose != None
}

// Link gives where the report of a message is; see inbox.Config.Link.
func (r *Responder) Link(id string) string { return r.c.Link(id) }

// Answer queues the answer to a message that was received and verified, if it gets one. It may be called
// again for the same message: it is answered once. An error means that it should be.
func (r *Responder) Answer(ctx context.Context, m *store.Message, rep *render.Report) (Decision, error) {
	d := decide(Input{
		Addresses: r.c.Addresses, Own: r.c.Own, Source: m.Evidence.Source, Session: m.Evidence.Session, Message: rep.Message, Auth: rep.Auth,
	})
	var err error
	switch {
	case d.Token != "" && d.Why == "":
		err = r.token(ctx, d)
	case d.Why == "":
		d.Why, err = r.report(ctx, m, rep, d, "")
	case d.Why == Unconfirmed:
		d.Why, err = r.elsewhere(ctx, m, rep, d)
	}
	if err == nil && d.Purpose != None {
		r.c.Log.Info("a message to an address that answers", "message", m.ID, "to", d.To, "answered", d.Why == "", "why_not", string(d.Why))
	}
	return d, err
}

// report queues the report. stop is the token by which the owner of an address elsewhere ends it.
func (r *Responder) report(ctx context.Context, m *store.Message, rep *render.Report, d Decision, stop string) (Why, error) {
	now := r.c.Now()
	lang := language(rep.Message)
	l := &letter{lang: lang, rep: rep, to: m.Evidence.Session.Recipients[0], link: r.c.Link(m.ID)}
	if stop != "" {
		l.stop = r.c.Addresses.stop(stop)
	}
	html, err := l.html()
	if err != nil {
		return r.defect(m.ID, err)
	}
	msg := &ownMail{
		from: r.c.Addresses.sender(), to: d.To, lang: lang, subject: subjectOf(rep.Message, say(textSubject, lang)), about: rep.Message,
		id: m.ID, domain: r.c.Addresses.Domain, date: now, text: l.text(), html: html, loop: m.ID, auto: "auto-replied",
	}
	if d.Purpose == Elsewhere { // whoever gets it did not write what it answers
		msg.about = nil
	}
	o := r.outbound("reply", "reply:"+m.ID, m, d.To, now, now.Add(replyLife))
	return r.queue(ctx, msg, o, []store.OutboundLimit{
		{By: "recipient", Since: now.Add(-time.Hour), Max: 20}, {By: "recipient", Since: now.Add(-24 * time.Hour), Max: 60},
		{By: "domain", Since: now.Add(-time.Hour), Max: 120}, {Since: now.Add(-time.Hour), Max: 1000},
	}, nil)
}

// elsewhere sends the report to an address that agreed, or asks it.
func (r *Responder) elsewhere(ctx context.Context, m *store.Message, rep *render.Report, d Decision) (Why, error) {
	now := r.c.Now()
	stop, err := r.c.Store.ConfirmedReplyAddress(ctx, d.To, now)
	if err == nil {
		return r.report(ctx, m, rep, d, stop)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Unconfirmed, err
	}
	lang, token := language(rep.Message), store.NewID()
	page := ""
	if r.c.Page != "" {
		page = say(confirmLink, lang, "link", r.c.Page+ConfirmPath+"?token="+token+"&lang="+lang)
	}
	body := say(confirmBody, lang,
		"client", m.Evidence.Session.RemoteIP.String(), "to", render.Printable(m.Evidence.Session.Recipients[0]), "address", d.To,
		"hours", strconv.Itoa(int(tokenLife/time.Hour)), "confirm", r.c.Addresses.confirm(token), "link", page)
	msg := &ownMail{
		from: r.c.Addresses.sender(), to: d.To, lang: lang, subject: say(confirmSubject, lang),
		id: m.ID, domain: r.c.Addresses.Domain, date: now, text: strings.ReplaceAll(body, "\n\n\n", "\n\n"), loop: m.ID, auto: "auto-generated",
	}
	o := r.outbound("confirmation", "confirmation:"+m.ID, m, d.To, now, now.Add(tokenLife))
	why, err := r.queue(ctx, msg, o, []store.OutboundLimit{
		{By: "recipient", Since: now.Add(-24 * time.Hour), Max: 1}, {By: "domain", Since: now.Add(-time.Hour), Max: 5},
		{By: "client", Since: now.Add(-24 * time.Hour), Max: 5}, {Since: now.Add(-time.Hour), Max: 100},
	}, &store.ReplyAddress{Address: d.To, TokenHash: hash(token), Expires: now.Add(tokenLife), Stop: store.NewID()})
	if why == "" {
		why = Unconfirmed
	}
	return why, err
}

// defect: the answer cannot be written, today or tomorrow. The verdict must not wait for it.
func (r *Responder) defect(id string, err error) (Why, error) {
	r.c.Log.Error("the answer to a message could not be written", "message", id, "error", err)
	return Defect, nil
}

func (r *Responder) outbound(kind, reason string, m *store.Message, to string, now, expires time.Time) *store.Outbound {
	_, domain, _ := split(to)
	return &store.Outbound{
		Kind: kind, Reason: reason, Recipient: to, Domain: dmarc.RegisteredDomain(domain),
		Client: m.Evidence.Session.RemoteIP.String(), Created: now, Expires: expires,
	}
}

// queue composes, signs and queues. Why is Limited where too much was sent lately.
func (r *Responder) queue(ctx context.Context, msg *ownMail, o *store.Outbound, limits []store.OutboundLimit, ask *store.ReplyAddress) (Why, error) {
	var err error
	if o.Message, err = signed(msg.compose(), r.c.Keys, msg.date); err != nil {
		return r.defect(msg.id, err)
	}
	err = r.c.Store.AddOutbound(ctx, o, limits, ask)
	switch {
	case errors.Is(err, store.ErrExists): // this message was answered before
		return "", nil
	case errors.Is(err, store.ErrLimited):
		return Limited, nil
	case errors.Is(err, store.ErrFull): // the verdict must not wait for room
		r.c.Log.Warn("there is no room to queue an answer by mail", "message", msg.id)
		return NoRoom, nil
	case err != nil:
		return "", err
	}
	r.c.Queued()
	return "", nil
}

// token takes the agreement of an address, or its end.
func (r *Responder) token(ctx context.Context, d Decision) error {
	var err error
	if d.Purpose == Stop {
		_, err = r.c.Store.StopReplyAddress(ctx, d.Token)
	} else {
		_, _, err = r.Agree(ctx, d.Token)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Agree takes the agreement of an address, by the token that was sent to it, and queues the
// report on the message that it was asked about. It gives the address, and whether a report is
// on its way. store.ErrNotFound: no such token, or its time is over.
func (r *Responder) Agree(ctx context.Context, token string) (address string, sent bool, err error) {
	if !validToken(token) {
		return "", false, store.ErrNotFound
	}
	now := r.c.Now()
	if address, err = r.c.Store.ConfirmReplyAddress(ctx, hash(token), now, now.Add(agreed)); err != nil {
		return "", false, err
	}
	sent, err = r.owed(ctx, address)
	if err != nil { // the agreement stands; the next test mail is answered
		r.c.Log.Warn("the report on the message that an address was asked about could not be sent", "error", err)
	}
	return address, sent, nil
}

// owed queues the report on the message about which an address was asked.
func (r *Responder) owed(ctx context.Context, address string) (sent bool, err error) {
	if r.c.Judged == nil {
		return false, nil
	}
	asked, err := r.c.Store.LastOutbound(ctx, "confirmation", address)
	if err != nil {
		return false, err
	}
	m, err := r.c.Store.Message(ctx, strings.TrimPrefix(asked.Reason, "confirmation:"))
	if err != nil || !m.Dropped.IsZero() || len(m.Evidence.Session.Recipients) == 0 {
		return false, err
	}
	stop, err := r.c.Store.ConfirmedReplyAddress(ctx, address, r.c.Now())
	if err != nil {
		return false, err
	}
	// The address is as it was written in the test mail: local parts may differ by case.
	why, err := r.report(ctx, m, r.c.Judged(ctx, m), Decision{Purpose: Elsewhere, To: asked.Recipient}, stop)
	if errors.Is(err, store.ErrNotFound) { // its body went meanwhile
		return false, nil
	}
	return err == nil && why == "", err
}

func hash(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}
