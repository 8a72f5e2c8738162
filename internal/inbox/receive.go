package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

const (
	// slowest is the slowest a whole message may come, in octets a second.
	slowest = 1 << 10
	// progressEvery throttles the events of a message that is being received.
	progressEvery = 250 * time.Millisecond
	// storeTimeout bounds the wait for the database.
	storeTimeout = time.Minute
	// maxLinks bounds the links in one reply, which has at most 512 octets (RFC 5321 section 4.5.3.1.5).
	maxLinks = 400
)

// errEndless: more data came than anyone would wait for to refuse it politely.
var errEndless = errors.New("the data do not end")

// data: RFC 5321 section 4.1.1.4.
func (c *session) data(argument string) error {
	switch {
	case argument != "":
		return c.bad(replyNoArgument)
	case !c.open:
		return c.bad(replyMailFirst)
	case c.chunks != nil:
		return c.bad(replyInChunks)
	case len(c.recipients) == 0:
		return c.bad(replyNoRecipient)
	}
	c.say(replyGoAhead)
	b := c.newBody()
	defer b.free()
	p := c.newProgress()
	verdict, err := c.readDots(b, p)
	return c.dataEnded(b, p, verdict, err)
}

// dataEnded comes after the last octet of a message, whichever way it came.
func (c *session) dataEnded(b *body, p *progress, verdict, err error) error {
	p.report(true)
	c.note("%d octets of message data", p.octets)
	switch {
	case errors.Is(err, errEndless):
		c.fail(outcomeTooLarge, fmt.Sprintf("the client sent more than %d octets", p.octets))
		c.say(refusalOf(err, c.server.config.MaxSize))
		return errHungUp
	case err != nil:
		return err
	case verdict != nil:
		c.refuseMessage(verdict)
		return nil
	}
	c.deliver(b)
	return nil
}

func (c *session) newBody() *body {
	b := &body{max: c.server.config.MaxSize, budget: &c.server.memory}
	if c.declared > 0 { // a hint; growing is tried again when the octets come
		_ = b.grow(min(c.declared+readBuffer, hintCapacity))
	}
	return b
}

// readDots reads DATA to its end. verdict tells why the message cannot be taken
// (errTooLarge, errNoMemory): the rest is then read and thrown away, so that the
// client can be told. err is of the connection, or errEndless.
func (c *session) readDots(b *body, p *progress) (verdict, err error) {
	var d dotDecoder
	var scratch []byte
	for done := false; !done; {
		piece, err := c.piece(p)
		if err != nil {
			return verdict, err
		}
		if verdict == nil {
			if verdict = b.room(len(piece) + maxHeld); verdict != nil {
				b.free()
				scratch = make([]byte, 0, readBuffer+maxHeld)
			}
		}
		var n int
		if verdict == nil {
			b.octets, n, done = d.decode(b.octets, piece)
		} else {
			_, n, done = d.decode(scratch, piece)
		}
		if _, err := c.r.Discard(n); err != nil {
			return verdict, err
		}
		if err := p.add(n); err != nil {
			return verdict, err
		}
	}
	if verdict == nil && int64(len(b.octets)) > b.max {
		verdict = errTooLarge
	}
	return verdict, nil
}

// piece waits for more of a message and gives what there is, at least one octet,
// without consuming it.
func (c *session) piece(p *progress) ([]byte, error) {
	if c.r.Buffered() == 0 {
		now := time.Now()
		limit := c.server.config.ReadTimeout
		slow := p.begun.Add(limit + time.Duration(p.octets/slowest)*time.Second)
		if err := c.raw.SetReadDeadline(earlier(earlier(now.Add(limit), slow), c.end)); err != nil {
			return nil, err
		}
		if _, err := c.r.Peek(1); err != nil {
			return nil, err
		}
	}
	return c.r.Peek(c.r.Buffered())
}

// bdat: RFC 3030 section 2. The chunk follows its command at once and is read
// whatever the reply.
func (c *session) bdat(argument string) error {
	size, last, ok := parseBDAT(argument)
	if !ok {
		return c.bad(replyChunkTooBig)
	}
	if !c.open || len(c.recipients) == 0 {
		p := c.newProgress()
		if _, err := c.readChunk(nil, p, size); err != nil {
			return c.dataEnded(nil, p, nil, err)
		}
		return c.bad(replyNoRecipient)
	}
	c.commandsSinceOne = 0 // MaxSize bounds them already
	if c.chunks == nil {
		t := c.transaction
		t.chunks = c.newBody()
		c.setTransaction(t)
	}
	p := c.newProgress()
	p.before = int64(len(c.chunks.octets))
	verdict, err := c.readChunk(c.chunks, p, size)
	if err != nil || verdict != nil || last {
		return c.dataEnded(c.chunks, p, verdict, err)
	}
	c.say(reply{250, "2.0.0", fmt.Sprintf("%d octets received", size)})
	return nil
}

func parseBDAT(argument string) (size int64, last, ok bool) {
	number, rest, more := strings.Cut(argument, " ")
	if more && !strings.EqualFold(rest, "LAST") {
		return 0, false, false
	}
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return 0, false, false
	}
	size, err := strconv.ParseInt(number, 10, 64)
	return size, more, err == nil
}

// readChunk reads size octets into b, or throws them away when b is nil or they do
// not fit.
func (c *session) readChunk(b *body, p *progress, size int64) (verdict, err error) {
	for size > 0 {
		piece, err := c.piece(p)
		if err != nil {
			return verdict, err
		}
		n := int(min(int64(len(piece)), size))
		if b != nil && verdict == nil {
			if verdict = b.room(n); verdict == nil {
				b.octets = append(b.octets, piece[:n]...)
			}
			if verdict == nil && int64(len(b.octets)) > b.max {
				verdict = errTooLarge
			}
			if verdict != nil {
				b.free()
			}
		}
		if _, err := c.r.Discard(n); err != nil {
			return verdict, err
		}
		if err := p.add(n); err != nil {
			return verdict, err
		}
		size -= int64(n)
	}
	return verdict, nil
}

// progress counts the octets of a message and tells the waiting page now and then.
type progress struct {
	session  *session
	begun    time.Time
	before   int64 // octets of earlier chunks
	octets   int64
	reported time.Time
	endless  int64
}

func (c *session) newProgress() *progress {
	p := &progress{session: c, begun: time.Now(), endless: 4*c.server.config.MaxSize + 64<<20}
	p.report(true)
	return p
}

func (p *progress) add(n int) error {
	p.octets += int64(n)
	if p.octets > p.endless {
		return errEndless
	}
	p.report(false)
	return nil
}

func (p *progress) report(always bool) {
	now := time.Now()
	if !always && now.Sub(p.reported) < progressEvery {
		return
	}
	p.reported = now
	p.session.emit(live.Event{Kind: "data", Bytes: p.before + p.octets})
}

// refusalOf gives the reply for a message that could not be received or stored.
func refusalOf(reason error, maxSize int64) reply {
	switch {
	case errors.Is(reason, errTooLarge), errors.Is(reason, errEndless):
		r := replyTooLarge
		r.text = fmt.Sprintf("%s: at most %d octets are taken", r.text, maxSize)
		return r
	case errors.Is(reason, errNoMemory):
		return replyNoMemory
	case errors.Is(reason, store.ErrFull):
		return replyFull
	}
	return replyStoreFailed
}

func (c *session) refuseMessage(reason error) {
	r := refusalOf(reason, c.server.config.MaxSize)
	if !errors.Is(reason, errTooLarge) {
		c.server.config.Log.Error("a message could not be taken", "error", reason, "client", c.client)
	}
	c.sayFinal(r)
	c.fail(outcomeOf(r), r.text)
	c.endTransaction()
}

// deliver stores the message for each recipient, and answers 250 only when all are
// durable.
func (c *session) deliver(b *body) {
	ids := make([]string, len(c.recipients))
	for i := range ids {
		ids[i] = store.NewID()
	}
	ok := reply{250, "2.0.0", "Message accepted and stored (session " + c.seen.ID + ")"}
	c.transcript.add(c.now(), "server", ok.String(), "") // kept only if it comes true
	messages := c.messages(b.octets, ids)
	ok.text += c.links(ids) // not in the transcript: whoever has a link can read that report
	ctx, cancel := context.WithTimeout(c.work, storeTimeout)
	defer cancel()
	if err := c.server.config.Store.AddMessages(ctx, messages...); err != nil {
		c.transcript.dropLast()
		c.refuseMessage(err)
		return
	}
	_, _ = io.WriteString(c.w, ok.String()+"\r\n")
	c.repeatFinal(ok)
	for _, m := range messages {
		if m.Token != "" {
			c.server.config.Hub.Publish(m.Token, c.story.number(live.Event{
				Kind: "received", At: m.Received, SessionID: c.seen.ID, Bytes: int64(m.Size), ReportID: m.ID,
			}))
		}
		c.server.config.Received(m.ID)
	}
	c.accepted++
	c.commandsSinceOne = 0
	c.endTransaction()
}

// links tells the sender where the reports of mail to services will be.
func (c *session) links(ids []string) string {
	text := ""
	for i, r := range c.recipients {
		if c.server.config.Link == nil || r.service == "" {
			continue
		}
		if link := c.server.config.Link(ids[i]); link != "" && len(text)+len(link) < maxLinks {
			text += "; report: " + link
		}
	}
	return text
}

// messages gives one for each mailbox.
func (c *session) messages(raw []byte, ids []string) []*store.Message {
	now := c.now()
	list := make([]*store.Message, 0, len(c.recipients))
	for i, r := range c.recipients {
		list = append(list, &store.Message{
			ID: ids[i], Token: r.token, Received: now,
			Evidence: evidence.Bundle{
				Format: "todoku-evidence", Version: evidence.BundleVersion, Time: now, Source: c.server.config.Source,
				Session: c.snapshot(r, outcomeAccepted, ""), Message: raw,
			},
		})
	}
	return list
}
