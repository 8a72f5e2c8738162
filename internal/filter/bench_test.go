package filter

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/message"
)

// packet is one of the milter protocol.
func packet(to []byte, cmd byte, data ...string) []byte {
	all := strings.Join(data, "\x00")
	if len(data) > 0 && cmd != 'B' && cmd != 'O' {
		all += "\x00"
	}
	to = binary.BigEndian.AppendUint32(to, uint32(len(all)+1))
	return append(append(to, cmd), all...)
}

// BenchmarkSigned is an outgoing message of 10 KB from its first packet to its last, with its line in the log. It gets an Ed25519
// signature, which costs little, so that the rest is seen.
func BenchmarkSigned(b *testing.B) {
	set := settings()
	set.Signers = &FileKeys{exact: map[string][]Key{"ours.example": {{"ours.example", "e1", edKey()}}}}
	f, err := New(set, slog.New(slog.NewTextHandler(io.Discard, nil)), func(e *Event) { e.Receivers() })
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(b.TempDir(), "s"))
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	m := &milter.Server{Handler: f.Session, Options: OptionsFor(set)}
	go func() { done <- m.Serve(ctx, l, 0) }()
	defer func() { stop(); <-done }()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 64<<10)
	next := func() byte {
		var head [5]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			b.Fatal(err)
		}
		if _, err := in.Discard(int(binary.BigEndian.Uint32(head[:4])) - 1); err != nil {
			b.Fatal(err)
		}
		return head[4]
	}
	send := func(p []byte) {
		if _, err := c.Write(p); err != nil {
			b.Fatal(err)
		}
	}
	send(packet(nil, 'O', "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"))
	next()
	send(packet(packet(packet(nil, 'D', "Cj", "mx.ours.example", "{daemon_name}", "mx.ours.example", "v", "Postfix 3.7.11"), 'C', "client.ours.example", "4\x04\xd2"+"192.0.2.1"), 'H', "client.ours.example"))
	p := packet(nil, 'D', "Mi", "4fXyZ1aBcD", "{auth_authen}", "me")
	p = packet(packet(p, 'M', "<bounce@ours.example>"), 'R', "<you@elsewhere.example>")
	raw := letter("Me <me@ours.example>")
	parsed := message.Parse([]byte("Received: from x by y; Thu, 26 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nX-Mailer: one\r\n" + raw))
	for _, f := range parsed.Fields {
		p = packet(p, 'L', f.Name(), string(f.Value()))
	}
	p = packet(p, 'N')
	p = packet(packet(p, 'B', strings.Repeat("The quick brown fox jumps over the lazy dog, and on it goes.\r\n", 160)), 'E')
	b.ReportAllocs()
	for b.Loop() {
		send(p)
		signed := false
		for cmd := next(); cmd != 'a'; cmd = next() {
			signed = signed || cmd == 'i'
		}
		if !signed {
			b.Fatal("not signed")
		}
	}
}
