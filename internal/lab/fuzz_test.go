package lab

import (
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// nothing is a store with one run.
type nothing struct{}

func (nothing) AddLabRun(_ context.Context, r store.LabRun) (store.LabRun, error) { return r, nil }

func (nothing) LabRun(_ context.Context, token string) (store.LabRun, error) {
	if token != "tok" {
		return store.LabRun{}, store.ErrNotFound
	}
	return store.LabRun{Token: token}, nil
}

func (nothing) AddLabAttempt(context.Context, *store.LabAttempt) error { return nil }

func (nothing) LabHistory(context.Context, string, string) (int, time.Time, error) {
	return 0, time.Time{}, nil
}

func (nothing) LabAttempts(context.Context, string, int) ([]store.LabAttempt, error) { return nil, nil }

func (nothing) LabStrangers(context.Context, string, time.Time, int) ([]store.LabAttempt, error) {
	return nil, nil
}

var replyLine = regexp.MustCompile(`^[2-5][0-9][0-9][ -][\x20-\x7e]*\r\n$`)

// FuzzSession: whatever a client says, the session ends when the client does, and nothing is answered
// that is no reply.
func FuzzSession(f *testing.F) {
	for _, s := range []string{
		"EHLO x\r\nMAIL FROM:<a@b> SIZE=1\r\nRCPT TO:<tok@good.lab.example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n", "STARTTLS\r\n\x16\x03", "RCPT TO:<\"tok\"@slow.lab.example.com>\r\n",
		"HELO\r\nMAIL\r\nMAIL FROM:<>\r\nDATA\r\n.\r\n\r\n.", "EHLO x\nMAIL FROM:<>\nRCPT TO:<tok@null-mx.lab.example.com>\n", "\x00\xff\r\n",
	} {
		for i := range seats {
			f.Add([]byte(s), byte(i))
		}
	}
	keys, err := NewKeys()
	if err != nil {
		f.Fatal(err)
	}
	a, err := ParseAddress("127.0.0.1:0", 25)
	if err != nil {
		f.Fatal(err)
	}
	l, err := New(Config{Domain: "lab.example.com", Keys: keys, Store: nothing{}, Listen: []Address{a, a, a, a, a, a, a, a}, Slow: time.Millisecond})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, said []byte, at byte) {
		client, server := net.Pipe()
		over := make(chan struct{})
		go func() {
			defer close(over)
			newSession(t.Context(), l, l.places[int(at)%len(l.places)], server).run()
		}()
		answered := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(client)
			answered <- b
		}()
		_ = client.SetWriteDeadline(time.Now().Add(10 * time.Second))
		_, _ = client.Write(said)
		_ = client.Close()
		<-over
		lines := strings.SplitAfter(string(<-answered), "\r\n")
		for _, line := range lines[:len(lines)-1] {
			if !replyLine.MatchString(line) {
				t.Fatalf("answered %q", line)
			}
			if strings.HasPrefix(line, "220 2.0.0 Ready") {
				return // what follows is TLS
			}
		}
	})
}

// FuzzParseListen: what is read as addresses is bounded, and each has a public address.
func FuzzParseListen(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "192.0.2.0/24,[2001:db8::1]:25", "10.0.0.1:25=192.0.2.1", "::/0", "0.0.0.0/0", ",", "="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseListen([]string{text})
		if err != nil {
			return
		}
		if len(list) > maxAddresses {
			t.Fatalf("%d addresses", len(list))
		}
		for _, a := range list {
			if !a.Listen.IsValid() || !a.Public.IsValid() {
				t.Fatalf("%q: %+v", text, a)
			}
		}
	})
}
