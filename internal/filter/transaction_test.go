package filter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
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

// whole is a letter of 10 KB as mail programs and servers write it.
func whole(from string) string {
	return "Received: from x by y; Thu, 26 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nX-Mailer: one\r\n" +
		letter(from) + strings.Repeat("The quick brown fox jumps over the lazy dog, and on it goes.\r\n", 160)
}

// BenchmarkSigned is an outgoing message of 10 KB from its first packet to its last, with its line in the log. It gets an Ed25519
// signature, which costs little, so that the rest is seen.
func BenchmarkSigned(b *testing.B) {
	set := settings()
	set.Signers = &FileKeys{exact: map[string][]Key{"ours.example": {{"ours.example", "e1", edKey()}}}}
	p := packet(nil, 'D', "Mi", "4fXyZ1aBcD", "{auth_authen}", "me")
	p = packet(packet(p, 'M', "<bounce@ours.example>"), 'R', "<you@elsewhere.example>")
	transactions(b, set, "192.0.2.1", wholeMessage(p, whole("Me <me@ours.example>")), "DKIM-Signature", func(e *Event) { e.Receivers() })
}

// BenchmarkVerified is an incoming message of 10 KB with one signature of RSA, the DNS in memory.
func BenchmarkVerified(b *testing.B) {
	set := settings()
	set.Resolver = dns.NewCache(set.Resolver, dns.CacheConfig{})
	p := packet(packet(nil, 'D', "Mi", "4fXyZ1aBcD"), 'M', "<bounce@good.example>")
	p = packet(p, 'R', "<you@ours.example>")
	transactions(b, set, goodIP, wholeMessage(p, signed(b, whole("me@good.example"), "good.example", "g")), "dkim=pass", nil)
}

// wholeMessage appends the packets of a message from its fields to its end.
func wholeMessage(p []byte, raw string) []byte {
	parsed := message.Parse([]byte(raw))
	for _, f := range parsed.Fields {
		p = packet(p, 'L', f.Name(), string(f.Value()))
	}
	return packet(packet(packet(p, 'N'), 'B', string(parsed.Body)), 'E')
}

// transactions passes the packets of one message over and over through a connection; each must get such a field, or a field with such a word.
func transactions(b *testing.B, set *Settings, ip string, p []byte, field string, observe func(*Event)) {
	f, err := New(set, slog.New(slog.NewTextHandler(io.Discard, nil)), observe)
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
	next := func() (cmd byte, named bool) {
		var head [5]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			b.Fatal(err)
		}
		n := int(binary.BigEndian.Uint32(head[:4])) - 1
		data, err := in.Peek(n)
		if err != nil {
			b.Fatal(err)
		}
		named = bytes.Contains(data, []byte(field))
		_, _ = in.Discard(n)
		return head[4], named
	}
	send := func(p []byte) {
		if _, err := c.Write(p); err != nil {
			b.Fatal(err)
		}
	}
	send(packet(nil, 'O', "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"))
	next()
	send(packet(packet(packet(nil, 'D', "Cj", "mx.ours.example", "{daemon_name}", "mx.ours.example", "v", "Postfix 3.7.11"), 'C', "client.example", "4\x04\xd2"+ip), 'H', "client.example"))
	b.ReportAllocs()
	for b.Loop() {
		send(p)
		found := false
		for cmd, named := next(); cmd != 'a'; cmd, named = next() {
			found = found || named
		}
		if !found {
			b.Fatal("it did not get " + field)
		}
	}
}
