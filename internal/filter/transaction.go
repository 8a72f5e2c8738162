package filter

import (
	"bytes"
	"cmp"
	"context"
	"strings"
	"sync"

	"github.com/todoku/todoku/authres"
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

	reversed []reversed // recipients that were rewritten senders of ours
	kept     int        // one more than the index of a field of ours that stays, 0: none does

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

// Names of fields that this filter writes beside standard ones.
const (
	VerdictField    = "X-Todoku-Verdict"
	QuarantineField = "X-Todoku-Quarantine"
)

// view shows a field as the mail server named it to package authres.
type view struct {
	name  string
	value []byte
}

func (v view) Name() string  { return v.name }
func (v view) Value() []byte { return v.value }

// strip removes what claims to come from us: Authentication-Results with our authserv-id, and our
// own fields. Of a name the highest number goes first, so that removing one never shifts those still to go.
func (t *transaction) strip(c *milter.Changes) (removed int) {
	forged := t.forged()
	if len(forged) == 0 {
		return 0
	}
	number := make([]int, len(t.fields)) // among the fields of its name, from 1
	count := make(map[string]int)
	for i := range t.fields {
		name := strings.ToLower(string(t.name(i)))
		count[name]++
		number[i] = count[name]
	}
	for i := len(t.fields) - 1; i >= 0; i-- {
		if !forged[i] {
			continue
		}
		if err := c.DeleteHeader(string(t.name(i)), number[i]); err != nil {
			t.event.problem("message.forged-results-kept", "a field that claims to be ours could not be removed: "+err.Error())
			continue
		}
		removed++
	}
	return removed
}

// forged gives the indexes of the fields that claim to be ours.
func (t *transaction) forged() map[int]bool {
	var forged map[int]bool
	var views []authres.FieldView
	var which []int // the field of each view
	mark := func(i int) {
		if forged == nil {
			forged = make(map[int]bool)
		}
		forged[i] = true
	}
	for i := range t.fields {
		name := t.name(i)
		// Of most fields the first octet says that they are no such field, in any disguise.
		if len(name) == 0 {
			continue
		}
		switch c := name[0] | 0x20; {
		case c == 'a' || name[0] <= ' ' || name[0] >= 0x7f:
			views, which = append(views, view{string(name), t.value(i)}), append(which, i)
		case c == 'x':
			if isName(name, VerdictField) || isName(name, QuarantineField) || isName(name, PassField) {
				mark(i)
			}
		case c == 'r' && t.settings.ReceivedSPF && !t.event.Outgoing: // that we add, and others may not in our name
			if isName(name, "Received-SPF") && namesAny(t.value(i), t.settings.Hostname, t.settings.AuthServID) {
				mark(i)
			}
		}
	}
	if len(views) == 0 {
		return forged
	}
	for _, i := range authres.Forged(views, t.settings.ids...) {
		if which[i] != t.kept-1 {
			mark(which[i])
		}
	}
	return forged
}

// isName compares the name of a field, without regard to case.
func isName(name []byte, with string) bool {
	return strings.EqualFold(string(name), with)
}

// namesAny reports that a value has one of the names, whole.
func namesAny(value []byte, names ...string) bool {
	s := strings.ToLower(string(value))
	part := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' }
	for _, name := range names {
		name = strings.ToLower(name)
		for from := 0; name != ""; {
			i := strings.Index(s[from:], name)
			if i < 0 {
				break
			}
			i += from
			end := i + len(name)
			if (i == 0 || !part(s[i-1]) && s[i-1] != '.') && (end == len(s) || !part(s[end]) && (s[end] != '.' || end+1 == len(s) || !part(s[end+1]))) {
				return true
			}
			from = i + 1
		}
	}
	return false
}
