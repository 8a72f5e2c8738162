package inbox

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/todoku/todoku/internal/pgtest"
)

const benchClients = 32

var benchMessage = "From: a@flood.example\r\nSubject: flood\r\n\r\n" + strings.Repeat("0123456789abcdef 0123456789abcdef\r\n", 60)

// BenchmarkReceive is the durable acceptance of small messages (2 KB) from 32
// clients, over connections with many messages each and with one each.
func BenchmarkReceive(b *testing.B) {
	b.Run("sqlite/many-per-connection", func(b *testing.B) { benchReceive(b, start(b, nil), false) })
	b.Run("sqlite/one-per-connection", func(b *testing.B) { benchReceive(b, start(b, nil), true) })
	b.Run("postgres/many-per-connection", func(b *testing.B) {
		benchReceive(b, startOn(b, pgtest.Start(b).Database(b), nil), false)
	})
}

func benchReceive(b *testing.B, r *receiver, reconnect bool) {
	b.ReportAllocs()
	b.ResetTimer()
	var peak uint64
	fanOut(b, benchClients, func(next func() bool) error {
		var p *pipe
		for next() {
			if p == nil {
				var err error
				if p, err = newPipe(r.addr); err != nil {
					return err
				}
				if err = p.hello(); err != nil {
					return err
				}
			}
			if err := p.deliver(r.box.Token, benchMessage); err != nil {
				return err
			}
			if reconnect {
				p.close()
				p = nil
			}
		}
		if p != nil {
			p.close()
		}
		return nil
	})
	b.StopTimer()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	peak = max(peak, m.Sys)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(peak>>20), "MB-sys")
}

// fanOut shares b.N pieces of work among n goroutines.
func fanOut(b *testing.B, n int, work func(next func() bool) error) {
	b.Helper()
	var mu sync.Mutex
	left := b.N
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		left--
		return left >= 0
	}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := work(next); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

// BenchmarkReceiveFloor is the least that any durable receiver must do: the same
// octets over TCP in the same four round trips, written to a file with an fsync
// that all who wait share, and nothing else.
func BenchmarkReceiveFloor(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	log := newBareLog(f)
	var servers sync.WaitGroup
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			servers.Go(func() { bareServer(conn, log) })
		}
	}()
	b.ResetTimer()
	fanOut(b, benchClients, func(next func() bool) error {
		p, err := newPipe(l.Addr().String())
		if err != nil {
			return err
		}
		defer p.close()
		if err := p.hello(); err != nil {
			return err
		}
		for next() {
			if err := p.deliver("token", benchMessage); err != nil {
				return err
			}
		}
		return nil
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	_ = l.Close()
	servers.Wait()
	log.close()
}

// bareServer answers without looking: it knows the lengths.
func bareServer(conn net.Conn, log *bareLog) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	say := func(s string) { _, _ = io.WriteString(conn, s) }
	say("220 floor\r\n")
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case err != nil:
			return
		case bytes.HasPrefix(line, []byte("DATA")):
			say("250 ok\r\n250 ok\r\n354 go\r\n")
			raw := make([]byte, len(benchMessage)+3)
			if _, err := io.ReadFull(r, raw); err != nil {
				return
			}
			<-log.write(raw)
			say("250 ok\r\n")
		case bytes.HasPrefix(line, []byte("EHLO")):
			say("250 ok\r\n")
		}
	}
}

// bareLog is a group commit and nothing else.
type bareLog struct {
	queue chan bareWrite
	ended chan struct{}
}

type bareWrite struct {
	raw  []byte
	done chan struct{}
}

func newBareLog(f *os.File) *bareLog {
	l := &bareLog{make(chan bareWrite, 256), make(chan struct{})}
	go func() {
		defer close(l.ended)
		for w := range l.queue {
			batch := []bareWrite{w}
			for more := true; more; {
				select {
				case w, more = <-l.queue:
					if more {
						batch = append(batch, w)
					}
				default:
					more = false
				}
			}
			for _, w := range batch {
				_, _ = f.Write(w.raw)
			}
			_ = f.Sync()
			for _, w := range batch {
				close(w.done)
			}
		}
	}()
	return l
}

func (l *bareLog) write(raw []byte) <-chan struct{} {
	done := make(chan struct{})
	l.queue <- bareWrite{raw, done}
	return done
}

func (l *bareLog) close() {
	close(l.queue)
	<-l.ended
}
