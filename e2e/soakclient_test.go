package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

// fate is what became of one message. Whoever took the number from the queue may write it.
type fate struct {
	accepted, lost, deferred, aborted, cut int
	life                                   int // that accepted it
}

// mta is a mail server: it keeps every message in a queue of its own until the milter accepted it. A connection that is
// lost and a 4xx mean to try again later, as with Postfix's milter_default_action = tempfail.
type mta struct {
	t       *testing.T
	seed    uint64
	sup     *supervisor
	addr    string
	keys    *soakKeys
	zones   []*dns.Memory
	dns     *soakDNS
	file    spans[int]    // which key of the file signs
	marks   spans[string] // what the table says of spoofs
	late    spans[bool]   // whether the key of late.example is there
	gate    sync.RWMutex  // held for reading while a message is on its way
	queue   chan int
	fates   []fate
	wrong   atomic.Int32
	mu      sync.Mutex
	changed *sync.Cond
	lines   []*line
	// counts, under mu
	accepted, deferred, lost, aborted, cut, unreached int
}

// line is a connection of the mail server.
type line struct {
	client  string
	life    int
	conn    net.Conn
	session *foreign.ClientSession
}

// maxWrong is how many messages that are wrong a test shows.
const maxWrong = 20

func (m *mta) errorf(n int, format string, args ...any) {
	if m.wrong.Add(1) <= maxWrong {
		m.t.Errorf("message %d (kind %d): "+format, append([]any{n, kindOf(n)}, args...)...)
	}
}

// start fills the queue and begins.
func (m *mta) start(ctx context.Context, total, workers int) (wait func()) {
	m.changed = sync.NewCond(&m.mu)
	m.queue, m.fates = make(chan int, total), make([]fate, total)
	for n := range total {
		m.queue <- n
	}
	var wg sync.WaitGroup
	done, finished := context.WithCancel(ctx)
	for range workers {
		l := &line{}
		m.lines = append(m.lines, l)
		wg.Go(func() { m.work(done, l) })
	}
	go func() {
		m.until(done, func() bool { return m.accepted == total })
		finished()
	}()
	return wg.Wait
}

// until waits for counts; false where ctx ended before.
func (m *mta) until(ctx context.Context, ok func() bool) bool {
	defer context.AfterFunc(ctx, func() { m.mu.Lock(); m.changed.Broadcast(); m.mu.Unlock() })()
	m.mu.Lock()
	defer m.mu.Unlock()
	for !ok() {
		if ctx.Err() != nil {
			return false
		}
		m.changed.Wait()
	}
	return true
}

// count adds to what the mail server saw.
func (m *mta) count(at *int) {
	m.mu.Lock()
	*at++
	m.mu.Unlock()
	m.changed.Broadcast()
}

func (m *mta) work(ctx context.Context, l *line) {
	defer l.hangUp()
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-m.queue:
			m.gate.RLock()
			err := m.open(l, kindOf(n))
			again := time.Microsecond
			if err == nil {
				again = m.attempt(l, n)
			}
			m.gate.RUnlock()
			if again > 0 { // the queue has room for every message
				time.AfterFunc(again, func() { m.queue <- n })
			}
			if err != nil {
				m.count(&m.unreached)
				time.Sleep(30 * time.Millisecond) // nobody tells a mail server when a milter is there again
			}
		}
	}
}

// quiet waits until no message is on its way, closes all connections, and runs f.
func (m *mta) quiet(f func()) {
	m.gate.Lock()
	defer m.gate.Unlock()
	for _, l := range m.lines {
		l.hangUp()
	}
	f()
}

// hangUp says QUIT.
func (l *line) hangUp() {
	if l.session != nil {
		l.session.Close()
		l.cut()
	}
}

// cut ends the connection without a word.
func (l *line) cut() {
	if l.conn != nil {
		l.conn.Close()
	}
	l.conn, l.session = nil, nil
}

// Dial keeps the connection, so that it can be cut.
func (l *line) Dial(network, addr string) (net.Conn, error) {
	c, err := net.DialTimeout(network, addr, 10*time.Second)
	l.conn = c
	return c, err
}

// open connects, unless a connection for this client is there.
func (m *mta) open(l *line, k kind) error {
	if l.session != nil && l.client == k.client() {
		return nil
	}
	l.hangUp()
	l.life, _ = m.sup.now()
	c := foreign.NewClientWithOptions("tcp", m.addr, foreign.ClientOptions{Dialer: l, ActionMask: 0x1ff, ProtocolMask: 0x1fffff &^ foreign.OptSkip, ReadTimeout: time.Minute, WriteTimeout: time.Minute})
	var err error
	if l.session, err = c.Session(); err == nil {
		_, err = l.session.Conn("client.example", foreign.FamilyInet, 25, k.client())
	}
	if err == nil {
		_, err = l.session.Helo("mail.good.example")
	}
	if life, _ := m.sup.now(); err == nil && life != l.life {
		err = fmt.Errorf("it was started again meanwhile")
	}
	if err != nil {
		l.cut()
		return err
	}
	l.client = k.client()
	return nil
}

// pause is how long a message waits after so many failures.
func pause(tries int, r *rand.Rand) time.Duration {
	return time.Duration(20+r.IntN(60)) * time.Millisecond << min(tries, 6)
}

// How a client gives up.
const (
	staysOn = iota
	abortsInHeader
	abortsInBody
	cutsInBody
	cutsAtEnd // the verdict is lost
)

// attempt tells the milter of a message, and gives how long to wait before it is tried again, 0 for never.
func (m *mta) attempt(l *line, n int) time.Duration {
	f := &m.fates[n]
	tries := f.lost + f.deferred + f.cut + f.aborted
	r := rand.New(rand.NewPCG(m.seed, uint64(n)<<16+uint64(tries)))
	way := staysOn
	if p := r.IntN(100); tries < 3 && p < 8 {
		way = []int{abortsInHeader, abortsInHeader, abortsInBody, abortsInBody, abortsInBody, cutsInBody, cutsInBody, cutsAtEnd}[p]
	}
	raw := m.keys.raw(m.t, n, rand.New(rand.NewPCG(m.seed, uint64(n))))
	began := time.Now()
	ended, err := m.tell(l, n, raw, way)
	switch {
	case way == abortsInHeader || way == abortsInBody:
		f.aborted++
		m.count(&m.aborted)
		if err != nil || l.session.Abort() != nil {
			l.cut()
		}
		return time.Microsecond
	case err != nil || way == cutsInBody:
		f.cut++
		m.count(&m.cut)
		l.cut()
		return pause(f.cut, r)
	}
	if way == cutsAtEnd {
		_, _ = l.conn.Write([]byte{0, 0, 0, 1, byte(foreign.CodeEOB)}) // whether it came there nobody knows
		l.cut()
		f.lost++
		m.count(&m.lost)
		return time.Microsecond
	}
	mods, a, err := ended()
	if err != nil {
		l.cut()
		f.lost++
		m.count(&m.lost)
		return pause(f.lost, r)
	}
	if a.Code == foreign.ActReplyCode && a.SMTPCode/100 == 4 {
		m.deferral(n, a, began)
		f.deferred++
		m.count(&m.deferred)
		return pause(f.deferred, r)
	}
	if a.Code != foreign.ActAccept {
		m.errorf(n, "answered %+v", a)
	}
	m.check(n, raw, changed(message.Parse([]byte(raw)), mods, true), began)
	f.accepted++
	f.life = l.life
	m.count(&m.accepted)
	return 0
}

// tell sends a message up to its end, or to where the client gives up. ended sends the end and waits.
func (m *mta) tell(l *line, n int, raw string, way int) (ended func() ([]foreign.ModifyAction, *foreign.Action, error), err error) {
	s, k := l.session, kindOf(n)
	step := func(_ *foreign.Action, e error) {
		if err == nil {
			err = e
		}
	}
	macros := []string{"i", queueID(n)}
	if k == kindUser {
		macros = append(macros, "{auth_authen}", "alice")
	}
	step(nil, s.Macros(foreign.CodeMail, macros...))
	step(s.Mail("bounce@"+k.author(n), nil))
	step(s.Rcpt(k.rcpt(), nil))
	parsed := message.Parse([]byte(raw))
	for _, f := range parsed.Fields {
		v := strings.TrimSuffix(strings.ReplaceAll(string(f.Value()), "\r\n", "\n"), "\n")
		step(s.HeaderField(f.Name(), v))
		if way == abortsInHeader {
			return nil, err
		}
	}
	step(s.HeaderEnd())
	for body := parsed.Body; len(body) > 0 && err == nil; {
		some := body[:min(len(body), 60_000)]
		if way == abortsInBody || way == cutsInBody {
			step(s.BodyChunk(some[:len(some)/2]))
			return nil, err
		}
		step(s.BodyChunk(some))
		body = body[len(some):]
	}
	return s.End, err
}

func queueID(n int) string { return fmt.Sprintf("4Soak%06d", n) }

// deferral says what is wrong with a 4xx.
func (m *mta) deferral(n int, a *foreign.Action, began time.Time) {
	now := time.Now()
	switch k := kindOf(n); {
	case k == kindLate && len(m.late.during(began, began)) == 0: // its key is not there yet
	case k == kindLate && m.late.during(began, now)[0]: // it is, and the milter looks every few seconds
	case k == kindDefer && len(m.dns.faults.during(began, now)) > 0:
	default:
		m.errorf(n, "put off: %d %s", a.SMTPCode, a.SMTPText)
	}
}

// check says what is wrong with a message that was accepted.
func (m *mta) check(n int, raw, out string, began time.Time) {
	now := time.Now()
	k := kindOf(n)
	var err error
	if k.outgoing() {
		if k == kindLate && len(m.late.during(began, now)) == 0 {
			m.errorf(n, "accepted before its key was there")
		}
		err = checkSigned(k, m.zones, m.file.during(began, now), out)
	} else {
		err = checkVerified(k, out, len(m.dns.faults.during(began, now)) > 0, m.marks.during(began, now))
	}
	if err != nil {
		m.errorf(n, "%v\n%.1500s", err, out)
	}
	if k != kindSpoof && !strings.HasSuffix(out, raw) {
		m.errorf(n, "the message itself was changed")
	}
}
