package inbox

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/todoku/todoku/internal/pgtest"
	"github.com/todoku/todoku/internal/store"
)

// A 250 after DATA means the message is durable: the receiver is killed (kill -9)
// in the middle of a flood, again and again on one database, and every message
// that got its 250 must be there afterwards, octet for octet. TODOKU_SOAK=n (make
// soak) does n times as many rounds.
func TestKillLosesNoAcceptedMessage(t *testing.T) {
	times := 1
	if s := os.Getenv("TODOKU_SOAK"); s != "" {
		var err error
		if times, err = strconv.Atoi(s); err != nil || times < 1 {
			t.Fatalf("TODOKU_SOAK=%s is no count", s)
		}
	}
	t.Run("SQLite", func(t *testing.T) { killRounds(t, t.TempDir()+"/todoku.db", 4*times) })
	t.Run("PostgreSQL", func(t *testing.T) { killRounds(t, pgtest.Start(t).Database(t), 2*times) })
}

func killRounds(t *testing.T, database string, rounds int) {
	accepted := make(map[string]string) // by identifier
	for round := range rounds {
		floodAndKill(t, database, round, accepted)
		stored := readAll(t, database)
		for id, raw := range accepted {
			switch got, found := stored[id]; {
			case !found:
				t.Errorf("round %d: message %s got its 250 and is lost", round, id)
			case got != raw:
				t.Errorf("round %d: message %s came back changed: %d octets of %d", round, id, len(got), len(raw))
			}
		}
		t.Logf("round %d: %d accepted, %d stored in all", round, len(accepted), len(stored))
	}
}

// floodAndKill adds to accepted what got a 250 before the receiver died.
func floodAndKill(t *testing.T, database string, round int, accepted map[string]string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDatabase+"="+database)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { _ = cmd.Process.Kill() })
	defer func() {
		kill()
		_ = cmd.Wait()
	}()
	var addr, token string
	if _, err := fmt.Fscan(bufio.NewReader(out), &addr, &token); err != nil {
		t.Fatalf("the receiver did not start: %v", err)
	}

	var mu sync.Mutex
	left := 100 + rand.IntN(400) // messages until the kill
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			for m := 0; ; m++ {
				id := fmt.Sprintf("%d-%d-%d", round, n, m)
				raw := floodMessage(id)
				if !sendOne(addr, token, raw) {
					return
				}
				mu.Lock()
				accepted[id] = raw
				if left--; left == 0 {
					go kill() // while the others are sending
				}
				mu.Unlock()
			}
		})
	}
	clients.Wait()
}

// floodMessage gives a message with odd octets, now and then a large one, so that
// the kill hits half-written ones.
func floodMessage(id string) string {
	body := "\x00\xff bare\rCR and bare\nLF\r\n"
	if rand.IntN(20) == 0 {
		body = strings.Repeat(body, 20_000)
	}
	return "X-Id: " + id + "\r\n\r\n" + body
}

// sendOne reports whether a message got its 250, on a connection of its own.
func sendOne(addr, token, raw string) bool {
	c, err := newPipe(addr)
	if err != nil {
		return false
	}
	defer c.close()
	return c.hello() == nil && c.deliver(token, raw) == nil
}

func readAll(t *testing.T, database string) map[string]string {
	t.Helper()
	st, err := store.Open(ctx, database)
	if err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	defer func() { _ = st.Close() }()
	list, err := st.Recent(ctx, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, l := range list {
		m, err := st.Message(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		id, _, _ := bytes.Cut(bytes.TrimPrefix(m.Evidence.Message, []byte("X-Id: ")), []byte("\r\n"))
		all[string(id)] = string(m.Evidence.Message)
	}
	return all
}
