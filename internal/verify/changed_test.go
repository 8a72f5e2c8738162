package verify_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

const newsletter = "From: Shop <info@shop.example>\r\nTo: club@lists.example\r\nSubject: Minutes of the meeting\r\n" +
	"Date: Sun, 01 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello all,\r\n\r\nhere are the minutes: http://shop.example/minutes\r\n"

// TestChangedByAList is the report on a message that was signed and then changed by a list, as people read it.
func TestChangedByAList(t *testing.T) {
	key, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	f, err := dkim.Sign(strings.NewReader(newsletter), dkim.SignOptions{
		Domain: "shop.example", Selector: "s", Key: key, Header: dkim.Relaxed, Body: dkim.Relaxed, Timestamp: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw := strings.Replace(string(f)+newsletter, "Subject: ", "List-Id: Club <club.lists.example>\r\nSubject: [club] ", 1) +
		"\r\n_______________________\r\nclub mailing list \r\nclub@lists.example\r\n"
	s := session
	s.MailFrom, s.HELO = "club-bounces@lists.example", "mail.lists.example"
	zone := dns.MustMemory(dns.Zone{
		"shop.example":              {"TXT v=spf1 mx -all", "MX 10 mail.shop.example."},
		"mail.shop.example":         {"A 192.0.2.2"},
		"_dmarc.shop.example":       {"TXT v=DMARC1; p=reject"},
		"s._domainkey.shop.example": {"TXT " + rec},
		"lists.example":             {"TXT v=spf1 ip4:192.0.2.1 -all"},
		"mail.lists.example":        {"A 192.0.2.1"},
		"1.2.0.192.in-addr.arpa":    {"PTR mail.lists.example."},
	})
	rep := verify.Message(context.Background(), zone, verify.Request{Name: "club.eml", Source: "file", Raw: []byte(raw), Session: s, Now: now})
	// What is said of other areas has its tests elsewhere.
	rep.Cards, rep.Score = nil, nil
	rep.Findings = slices.DeleteFunc(rep.Findings, func(f catalogue.Finding) bool { return catalogue.Area(f.ID) != "dkim" })
	for _, lang := range []string{"en", "ja"} {
		var b bytes.Buffer
		if err := render.VerifyText(&b, rep, render.TextOptions{Lang: lang, Width: 100, Verbose: false}); err != nil {
			t.Fatal(err)
		}
		got := regexp.MustCompile(`p=MII\S+`).ReplaceAllString(b.String(), "p=KEY")
		path := filepath.Join("testdata", "changed."+lang+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, d)
		}
	}
}
