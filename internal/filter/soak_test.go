package filter

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/milter"
)

// flaky is a resolver that fails now and then, and answers from elsewhere than memory.
type flaky struct {
	dns.Resolver
	n *atomic.Int64
}

func (f flaky) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	switch f.n.Add(1) % 97 {
	case 0:
		return dns.Answer{Question: q, Status: dns.ServFail}
	case 50:
		return dns.Answer{Question: q, Status: dns.Timeout}
	}
	return f.Resolver.Resolve(ctx, q)
}

// flakyKeys cannot be read now and then.
type flakyKeys struct {
	Signers
	n *atomic.Int64
}

func (f flakyKeys) For(local, domain string) ([]Key, error) {
	if f.n.Add(1)%41 == 0 {
		return nil, errors.New("of the test")
	}
	return f.Signers.For(local, domain)
}

// soak is what the clients of a soak share.
type soak struct {
	t                          *testing.T
	in, out                    string // messages
	todo                       chan int
	accepted, deferred, broken atomic.Int64
}

// work passes messages over one connection after the other until there are no more, or until the server goes.
// What got no answer goes back.
func (s *soak) work(ctx context.Context, addr string) {
	for ctx.Err() == nil {
		c := foreign.NewClientWithOptions("tcp", addr, foreign.ClientOptions{ActionMask: 0xff, ProtocolMask: 0x1fffff, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second})
		fs, err := c.Session()
		if err != nil {
			return
		}
		ok := s.connection(ctx, fs)
		fs.Close()
		c.Close()
		if !ok {
			return
		}
	}
}

// connection passes some messages; false where there are no more.
func (s *soak) connection(ctx context.Context, fs *foreign.ClientSession) bool {
	outgoing, first := false, true
	for range 20 {
		var n int
		select {
		case n = <-s.todo:
		default:
			return false
		}
		if first {
			outgoing, first = n%2 == 0, false
			ip := goodIP
			if outgoing {
				ip = "192.0.2.5"
			}
			fs.Conn("client.example", foreign.FamilyInet, 25, ip)
			fs.Helo("mail.good.example")
		}
		if !s.message(fs, n, outgoing) {
			s.broken.Add(1)
			s.todo <- n
			return true
		}
	}
	return true
}

// message passes one; false where there was no answer. Some are given up first, in several ways.
func (s *soak) message(fs *foreign.ClientSession, n int, outgoing bool) bool {
	raw := s.in
	if outgoing {
		raw = s.out
	}
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	send := func(all bool) (mods []foreign.ModifyAction, a *foreign.Action, err error) {
		fs.Macros(foreign.CodeMail, "i", "QUEUEID")
		fs.Mail("a@good.example", nil)
		fs.Rcpt("you@ours.example", nil)
		for line := range strings.SplitSeq(strings.ReplaceAll(head, "\r\n ", "\n "), "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			fs.HeaderField(name, value)
		}
		if !all && n%3 == 0 {
			return nil, nil, nil
		}
		fs.HeaderEnd()
		fs.BodyChunk([]byte(body))
		if !all {
			return nil, nil, nil
		}
		return fs.End()
	}
	if n%10 == 0 {
		send(false)
		fs.Abort()
	}
	mods, a, err := send(true)
	if err != nil {
		return false
	}
	signed := false
	for _, m := range mods {
		signed = signed || m.HeaderName == "DKIM-Signature"
	}
	switch {
	case a.Code == foreign.ActAccept && outgoing && !signed:
		s.t.Error("a message went out unsigned")
	case a.Code == foreign.ActAccept:
		s.accepted.Add(1)
	case a.Code == foreign.ActReplyCode && a.SMTPCode == 451:
		s.deferred.Add(1)
	default:
		s.t.Errorf("%+v", a)
	}
	return true
}

// Faults of the resolver and of the keys, clients that give up, new settings and restarts: every message gets an
// answer, none goes out unsigned, and nothing stays behind. 3,000 messages; 100,000 with TODOKU_SOAK.
func TestSoak(t *testing.T) {
	total := 3_000
	if os.Getenv("TODOKU_SOAK") != "" {
		total = 100_000
	}
	fold := func(raw string) string { return strings.ReplaceAll(raw, "\r\n\t", "\r\n ") }
	s := &soak{t: t, in: fold(signed(t, letter("me@good.example"), "good.example", "g")), out: letter("me@ours.example"), todo: make(chan int, total+100)}
	for n := range total {
		s.todo <- n
	}
	var looked, keyed atomic.Int64
	set := settings()
	set.Resolver, set.Unsigned = flaky{world(), &looked}, Defer
	set.Signers = flakyKeys{&FileKeys{exact: map[string][]Key{"ours.example": {{"ours.example", "e1", edKey()}}}}, &keyed}
	set.Policy = DefaultPolicy()
	set.Policy.Default[Temporary] = Defer
	f, err := New(set, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 10
	var heap [rounds]uint64
	var goroutines [rounds]int
	for round := range rounds {
		soakRound(t, s, f, set, total*(rounds-1-round)/rounds)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap[round], goroutines[round] = m.HeapAlloc, runtime.NumGoroutine()
	}
	if got := s.accepted.Load() + s.deferred.Load(); got != int64(total) || len(s.todo) != 0 {
		t.Errorf("%d answers to %d messages, %d left", got, total, len(s.todo))
	}
	if s.deferred.Load() == 0 || looked.Load() < int64(total) {
		t.Errorf("%d deferred, %d look-ups: nothing went wrong", s.deferred.Load(), looked.Load())
	}
	t.Logf("%d accepted, %d deferred, %d cut off and sent again; heap %d, goroutines %v", s.accepted.Load(), s.deferred.Load(), s.broken.Load(), heap, goroutines)
	if grown := int64(heap[rounds-1]) - int64(heap[1]); grown > 1<<20 {
		t.Errorf("the heap grew by %d octets: %d", grown, heap)
	}
	if goroutines[rounds-1] > goroutines[1]+2 {
		t.Errorf("goroutines stayed behind: %v", goroutines)
	}
}

// soakRound serves until so many messages are left, changes settings meanwhile, and ends while clients are at work.
func soakRound(t *testing.T, s *soak, f *Filter, set *Settings, left int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	server := &milter.Server{Handler: f.Session, Options: Options()}
	go func() { done <- server.Serve(ctx, l, 10*time.Millisecond) }()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { s.work(ctx, l.Addr().String()) })
	}
	for len(s.todo) > left {
		if err := f.Change(set); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
	}
	if left > 0 {
		stop() // in the middle of it
	}
	wg.Wait()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
