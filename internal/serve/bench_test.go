package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/wire"
)

// benchNode is a node with a DNS server on loopback, and a signed message of 10 KB.
func benchNode(b *testing.B) (n *running, letter string) {
	b.Helper()
	key, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		b.Fatal(err)
	}
	record, err := dkim.RecordFor(key.Public())
	if err != nil {
		b.Fatal(err)
	}
	server := dnstest.New(b, dns.MustMemory(dns.Zone{
		"sender.example": {"TXT v=spf1 ip4:127.0.0.1 -all", "MX 10 mail.sender.example"}, "_dmarc.sender.example": {"TXT v=DMARC1; p=reject"},
		"mail.sender.example": {"A 127.0.0.1"}, "1.0.0.127.in-addr.arpa": {"PTR mail.sender.example"}, "s._domainkey.sender.example": {"TXT " + record},
	}))
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{server.Addr()}})
	if err != nil {
		b.Fatal(err)
	}
	letter = strings.TrimSuffix(testMail, "Hello.\r\n") + strings.Repeat("The quick brown fox jumps over the lazy dog, and on it goes.\r\n", 160)
	signature, err := dkim.Sign(strings.NewReader(letter), dkim.SignOptions{Domain: "sender.example", Selector: "s", Key: key, Header: wire.Relaxed, Body: wire.Relaxed, Timestamp: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	return startNode(b, func(c *Config) { c.Resolver = dns.NewCache(client, dns.CacheConfig{}) }), string(signature) + letter
}

// report delivers the letter and gives the address of its report.
func (n *running) report(letter string) string {
	box, events := n.mailbox()
	n.hand(box, letter)
	_, e := await(n.t, events, "verified")
	return "http://" + n.HTTP.String() + "/r/" + e.ReportID
}

// hand delivers a letter, and gives the time at which its last octet was sent.
func (n *running) hand(box store.Mailbox, letter string) time.Time {
	n.t.Helper()
	s := n.dial()
	defer s.conn.Close()
	for _, step := range [][2]string{{"EHLO mail.sender.example", "250"}, {"MAIL FROM:<a@sender.example>", "250"}, {"RCPT TO:<" + box.Token + "@inbox.todoku.example>", "250"}, {"DATA", "354"}} {
		s.say(step[0], step[1])
	}
	if _, err := io.WriteString(s.conn, letter+".\r\n"); err != nil {
		n.t.Fatal(err)
	}
	sent := time.Now()
	s.expect("250")
	return sent
}

func read(tb testing.TB, client *http.Client, url string) int {
	resp, err := client.Get(url)
	if err != nil {
		tb.Error(err)
		return 0
	}
	defer resp.Body.Close()
	size, err := io.Copy(io.Discard, resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		tb.Errorf("%s: %d %v", url, resp.StatusCode, err)
	}
	return int(size)
}

// BenchmarkReportPage reads one report page again and again, over HTTP: each time it is a
// replay of the stored evidence.
func BenchmarkReportPage(b *testing.B) {
	n, letter := benchNode(b)
	url, size := n.report(letter), 0
	for b.Loop() {
		size = read(b, http.DefaultClient, url)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/page")
	b.ReportMetric(float64(size)/1000, "KB/page")
}

// BenchmarkPages is several readers at one time.
func BenchmarkPages(b *testing.B) {
	n, letter := benchNode(b)
	url := n.report(letter)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for pb.Next() {
			read(b, client, url)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}

// BenchmarkVerdict is the time that a person at the live page waits: from the last octet
// of DATA to the verdict, through the database, with a DNS server on loopback.
func BenchmarkVerdict(b *testing.B) {
	n, letter := benchNode(b)
	var waited time.Duration
	for b.Loop() {
		box, events := n.mailbox()
		sent := n.hand(box, letter)
		await(b, events, "verified")
		waited += time.Since(sent)
	}
	b.ReportMetric(float64(waited.Microseconds())/1000/float64(b.N), "ms/verdict")
}

// BenchmarkList reads the list of what came, with 10,000 reports in the database.
func BenchmarkList(b *testing.B) {
	n, _ := benchNode(b)
	now := time.Now()
	for range 100 {
		batch := make([]*store.Message, 100)
		for i := range batch {
			batch[i] = &store.Message{Received: now, State: store.Verified, Status: "pass", FromDomain: "sender.example", Subject: fmt.Sprintf("Message %d", i), Evidence: evidence.Bundle{
				Format: evidence.Format, Version: evidence.BundleVersion, Time: now, Source: "smtp", Message: bytes.Repeat([]byte("x"), 2000),
			}}
		}
		if err := n.Store.AddMessages(context.Background(), batch...); err != nil {
			b.Fatal(err)
		}
	}
	url := "http://" + n.HTTP.String() + "/operator"
	for b.Loop() {
		read(b, http.DefaultClient, url)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/list")
}
