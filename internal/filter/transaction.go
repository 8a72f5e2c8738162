package filter

import (
	"bytes"
	"cmp"
	"context"
	"strings"
	"sync"

	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/message"
)

// transaction is one message on its way.
type transaction struct {
	f        *Filter
	conn     *milter.Conn
	settings *Settings
	event    Event

	*header      // nil until the first field
	unclear bool // the header cannot be told from what the mail server gave
	plain   bool // to a recipient who gets no signature

	reversed  []reversed // recipients that were rewritten senders of ours
	rewritten bool       // the sender, or that was tried in vain
	kept      int        // one more than the index of a field of ours that stays, 0: none does
	beyond    *beyond    // nil where no field that may claim to be ours stands beyond the limits

	parsed *message.Message
	author author
	way    way
	cancel context.CancelFunc // of look-ups that began with the header, nil where there are none
}

// author is whom From names: its one domain and its mailboxes, or why there is none.
type author struct {
	domain string
	boxes  []message.Address
	err    error
}

// header is a header as the mail server gave it.
type header struct {
	octets []byte // as in the message
	fields []span
}

// span is where a field is, and how long its name.
type span struct{ start, name int }

// headers keeps the memory of finished messages for those of the next.
var headers = sync.Pool{New: func() any {
	return &header{octets: make([]byte, 0, firstHeader), fields: make([]span, 0, 32)}
}}

// firstHeader is room for the header of an ordinary message, mostHeader what is worth keeping.
const (
	firstHeader = 8 << 10
	mostHeader  = 64 << 10
)

// release gives the memory of the header back. Nobody may look at the message any more.
func (t *transaction) release() {
	h := t.header
	t.header, t.parsed, t.way = nil, nil, nil
	if h != nil && cap(h.octets) <= mostHeader {
		h.octets, h.fields = h.octets[:0], h.fields[:0]
		headers.Put(h)
	}
}

// name is that of the i-th field, as the mail server has it.
func (h *header) name(i int) []byte { return h.octets[h.fields[i].start:][:h.fields[i].name] }

// value is what stands behind the colon of the i-th field.
func (h *header) value(i int) []byte {
	end := len(h.octets)
	if i+1 < len(h.fields) {
		end = h.fields[i+1].start
	}
	f := h.fields[i]
	return bytes.TrimSuffix(h.octets[f.start+f.name+1:end], []byte("\r\n"))
}

// way is what is done for a message, incoming or outgoing.
type way interface {
	// begin gets the whole header, write the body.
	begin()
	write(part []byte)
	// finish makes the changes and gives the reply. Who has to wait for anything bounds the time by Settings.Timeout.
	finish(ctx context.Context, c *milter.Changes) milter.Reply
}

func (t *transaction) Rcpt(to milter.Path) milter.Reply {
	if r := t.reverse(to.Address); r != milter.Continue {
		return r
	}
	t.plain = t.plain || len(t.settings.DontSignTo) > 0 && fits(t.settings.DontSignTo, to.Address)
	if t.event.RcptCount++; len(t.event.Rcpts) < maxRcptsKept {
		t.event.Rcpts = append(t.event.Rcpts, to.Address)
		t.want(to.Address)
	} else if t.event.beyond(to.Address) {
		t.want(to.Address)
	}
	return milter.Continue
}

func (t *transaction) Data() milter.Reply { return milter.Continue }

func (t *transaction) Header(name, value []byte) milter.Reply {
	if t.header == nil {
		t.header = headers.Get().(*header)
	}
	t.unclear = t.unclear || breaksOut(value)
	t.fields = append(t.fields, span{len(t.octets), len(name)})
	t.octets = milter.AppendField(t.octets, name, value)
	return milter.Continue
}

// breaksOut reports a line end that no white space follows. What stands behind it would be a field of
// its own, or the body, to whoever reads the message next.
func breaksOut(value []byte) bool {
	for {
		i := bytes.IndexByte(value, '\n')
		if i < 0 {
			return false
		}
		if value = value[i+1:]; len(value) == 0 || value[0] != ' ' && value[0] != '\t' {
			return true
		}
	}
}

func (t *transaction) EndOfHeader(truncated bool) milter.Reply {
	if t.header == nil {
		t.header = headers.Get().(*header)
	}
	t.parsed = message.ParseHeader(t.octets, truncated || t.unclear)
	t.event.Queue = cmp.Or(t.conn.Macro("i"), t.event.Queue)
	a := &t.author
	if a.domain, a.boxes, a.err = t.parsed.AuthorDomain(); a.err == nil {
		t.event.Author = a.domain
	}
	if id, ok := t.parsed.First("Message-ID"); ok {
		t.event.MessageID = strings.Clone(cut(strings.TrimSpace(id.Unfolded()), maxMessageID))
	}
	t.event.Outgoing = t.event.Outgoing || t.settings.byMacro(t.conn.Macro)
	switch u := t.settings.Untouched; {
	case u.has(&t.event):
		t.way = untouched{}
	case t.beyond.tooMany():
		t.way = overrun{t: t}
	case u.hasAuthor(t.event.Author):
		t.way = stripped{t: t}
	default:
		t.way = t.choose()
	}
	t.way.begin()
	return milter.Continue
}

func (t *transaction) Body(part []byte) milter.Reply {
	t.event.Size += int64(len(part))
	t.way.write(part)
	return milter.Continue
}

func (t *transaction) Abort() {
	if t.cancel != nil {
		t.cancel()
	}
}

func (t *transaction) EndOfMessage(ctx context.Context, c *milter.Changes) milter.Reply {
	defer t.Abort()
	t.event.Queue = cmp.Or(t.conn.Macro("i"), t.event.Queue)
	r := t.paced(ctx, func() milter.Reply { return t.way.finish(ctx, c) })
	if r == milter.Accept {
		t.bringHome(c)
	}
	t.event.Ended = t.settings.Now()
	t.event.Reply = r
	t.f.record(&t.event)
	if t.f.observe == nil || t.event.Auth == nil { // else the event, whose results have parts of the header, lives on
		t.release()
	}
	return r
}
