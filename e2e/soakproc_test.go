package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// supervisor runs the program as a service manager does: whenever it ends it is started again, until stop.
type supervisor struct {
	t    *testing.T
	args []string

	mu       sync.Mutex
	changed  *sync.Cond
	cmd      *exec.Cmd
	life     int            // the number of the process that runs, from 1
	ready    int            // the last that said so
	how      map[int]string // by life, the signal that we ended it with
	stopping bool
	mayFail  bool              // it may end by itself: what it needs is away
	counts   map[string]int    // of watched texts in the log
	lines    map[string]string // the last with such a text
	tail     []string
	ended    chan struct{}
}

// Texts of the log that tests wait for.
const (
	saidReady, saidReloaded, saidRefused, saidStatus = "Milter: ", "the milter has new settings", "the old ones stay", "milter status"
	saidDropped, saidPanic, saidNotKept              = "dropped=", "panic", "cannot be kept now"
)

// keptLines is how much of the log a failed test shows.
const keptLines = 60

// supervise starts the program, and waits until it is ready.
func supervise(t *testing.T, args ...string) *supervisor {
	t.Helper()
	s := &supervisor{t: t, args: args, how: map[int]string{}, counts: map[string]int{}, lines: map[string]string{}, ended: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	go s.run()
	t.Cleanup(func() { s.stop() })
	s.awaitReady(t.Context())
	return s
}

// run is the service manager.
func (s *supervisor) run() {
	defer close(s.ended)
	for {
		s.mu.Lock()
		if s.stopping {
			s.mu.Unlock()
			return
		}
		s.life++
		life := s.life
		s.cmd = exec.Command(s.args[0], s.args[1:]...)
		s.cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
		out := &lifeLog{s: s, life: life}
		s.cmd.Stdout, s.cmd.Stderr = out, out
		err := s.cmd.Start()
		cmd := s.cmd
		s.changed.Broadcast()
		s.mu.Unlock()
		if err != nil {
			s.t.Error(err)
			return
		}
		err = cmd.Wait()
		s.mu.Lock()
		switch how := s.how[life]; {
		case how == "" && !s.stopping && !s.mayFail, how == "term" && err != nil:
			s.t.Errorf("life %d (%q) ended with %v\n%s", life, how, err, strings.Join(s.tail, "\n"))
		}
		s.mu.Unlock()
		time.Sleep(10 * time.Millisecond) // as a service manager does, so that one that cannot start does not spin
	}
}

// lifeLog takes what one process writes.
type lifeLog struct {
	s    *supervisor
	life int
	part []byte
}

func (l *lifeLog) Write(p []byte) (int, error) {
	l.part = append(l.part, p...)
	for {
		i := bytes.IndexByte(l.part, '\n')
		if i < 0 {
			return len(p), nil
		}
		l.s.took(l.life, string(l.part[:i]))
		l.part = l.part[i+1:]
	}
}

func (s *supervisor) took(life int, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tail = append(s.tail, line); len(s.tail) > 2*keptLines {
		s.tail = append([]string(nil), s.tail[keptLines:]...)
	}
	for _, text := range []string{saidReady, saidReloaded, saidRefused, saidStatus, saidDropped, saidPanic, saidNotKept} {
		if strings.Contains(line, text) {
			s.counts[text]++
			s.lines[text] = line
			s.changed.Broadcast()
		}
	}
	if strings.Contains(line, saidPanic) {
		s.t.Errorf("life %d: %s", life, line)
	}
	if strings.HasPrefix(line, saidReady) {
		s.ready = life
		s.changed.Broadcast()
	}
}

// until waits for a state; false where it did not come.
func (s *supervisor) until(ctx context.Context, what string, ok func() bool) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute) // what was begun is ended, though the mail is all there meanwhile
	defer cancel()
	defer context.AfterFunc(ctx, func() { s.mu.Lock(); s.changed.Broadcast(); s.mu.Unlock() })()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !ok() {
		if ctx.Err() != nil {
			s.t.Errorf("waited in vain for %s\n%s", what, strings.Join(s.tail, "\n"))
			return false
		}
		s.changed.Wait()
	}
	return true
}

// awaitReady waits until a process that nobody has ended serves.
func (s *supervisor) awaitReady(ctx context.Context) bool {
	return s.until(ctx, "the milter to start", func() bool { return s.ready == s.life && s.life > 0 && s.how[s.life] == "" })
}

// end sends the process that runs a signal that ends it, "term" or "kill".
func (s *supervisor) end(how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.how[s.life] = how
	if how == "kill" {
		s.cmd.Process.Kill()
	} else {
		s.cmd.Process.Signal(syscall.SIGTERM)
	}
}

// ask sends a signal that the process answers in its log, and gives that line, "" for none.
func (s *supervisor) ask(ctx context.Context, signal os.Signal, answer string) string {
	s.mu.Lock()
	before := s.counts[answer]
	s.cmd.Process.Signal(signal)
	s.mu.Unlock()
	if !s.until(ctx, fmt.Sprintf("%q", answer), func() bool { return s.counts[answer] > before }) {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[answer]
}

// now is the number of the process that runs, and its PID.
func (s *supervisor) now() (life, pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life, s.cmd.Process.Pid
}

// endedBy says how a life was ended, "" where we did not.
func (s *supervisor) endedBy(life int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.how[life]
}

func (s *supervisor) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.tail, "\n")
}

// stop ends the program in order, once.
func (s *supervisor) stop() {
	s.mu.Lock()
	first := !s.stopping
	s.stopping = true
	if first && s.cmd != nil && s.cmd.Process != nil {
		s.how[s.life] = "term"
		s.cmd.Process.Signal(syscall.SIGTERM)
	}
	s.mu.Unlock()
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		s.t.Error("it does not end")
		s.mu.Lock()
		s.cmd.Process.Kill()
		s.mu.Unlock()
		<-s.ended
	}
}
