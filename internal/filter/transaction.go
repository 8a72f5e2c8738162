package filter

import (
	"bytes"
	"context"
	"strings"

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

	head    []byte // the header in the octets of the message
	names   []string
	starts  []int
	unclear bool // the header cannot be told from what the mail server gave

	header *message.Message
	way    way
	cancel context.CancelFunc
}

// way is what is done for a message, incoming or outgoing.
type way interface {
	// begin gets the whole header, write the body.
	begin(ctx context.Context)
	write(part []byte)
	// finish makes the changes and gives the reply.
	finish(ctx context.Context, c *milter.Changes) milter.Reply
}

func (t *transaction) Rcpt(to milter.Path) milter.Reply {
	if t.event.RcptCount++; len(t.event.Rcpts) < maxRcptsKept {
		t.event.Rcpts = append(t.event.Rcpts, to.Address)
	}
	return milter.Continue
}

func (t *transaction) Data() milter.Reply { return milter.Continue }

// firstHeader is room for the header of an ordinary message.
const firstHeader = 4 << 10

func (t *transaction) Header(name, value []byte) milter.Reply {
	if t.head == nil {
		t.head = make([]byte, 0, firstHeader)
		t.names = make([]string, 0, 32)
		t.starts = make([]int, 0, 32)
	}
	t.unclear = t.unclear || breaksOut(value)
	t.names = append(t.names, string(name))
	t.starts = append(t.starts, len(t.head))
	t.head = milter.AppendField(t.head, name, value)
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
	t.header = message.ParseHeader(t.head, truncated || t.unclear)
	t.event.Queue = cmpOr(t.conn.Macro("i"), t.event.Queue)
	var err error
	if t.event.Author, _, err = t.header.AuthorDomain(); err != nil {
		t.event.Author = ""
	}
	if t.event.Outgoing {
		t.way = &outgoing{transaction: t}
	} else {
		t.way = &incoming{transaction: t}
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.settings.Timeout)
	t.cancel = cancel
	t.way.begin(ctx)
	return milter.Continue
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
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
	defer t.cancel()
	ctx, cancel := context.WithTimeout(ctx, t.settings.Timeout)
	defer cancel()
	t.event.Queue = cmpOr(t.conn.Macro("i"), t.event.Queue)
	r := t.way.finish(ctx, c)
	t.event.Ended = t.settings.Now()
	t.event.Reply = r
	t.f.record(&t.event)
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
	forged := make(map[int]bool)
	var views []authres.FieldView
	for i, name := range t.names {
		views = append(views, view{name, t.value(i)})
		if strings.EqualFold(name, VerdictField) || strings.EqualFold(name, QuarantineField) {
			forged[i] = true
		}
	}
	for _, i := range authres.Forged(views, t.settings.ids...) {
		forged[i] = true
	}
	if len(forged) == 0 {
		return 0
	}
	number := make([]int, len(t.names)) // among the fields of its name, from 1
	count := make(map[string]int)
	for i, name := range t.names {
		name = strings.ToLower(name)
		count[name]++
		number[i] = count[name]
	}
	for i := len(t.names) - 1; i >= 0; i-- {
		if !forged[i] {
			continue
		}
		if err := c.DeleteHeader(t.names[i], number[i]); err != nil {
			t.event.problem("message.forged-results-kept", "a field that claims to be ours could not be removed: "+err.Error())
			continue
		}
		removed++
	}
	return removed
}

// value is what stands behind the colon of the i-th field.
func (t *transaction) value(i int) []byte {
	end := len(t.head)
	if i+1 < len(t.starts) {
		end = t.starts[i+1]
	}
	return bytes.TrimSuffix(t.head[t.starts[i]+len(t.names[i])+1:end], []byte("\r\n"))
}
