package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/probe"
)

var checkedAt = time.Date(2026, 11, 26, 3, 4, 5, 0, time.UTC)

func shop(spf string) *dns.Memory {
	return dns.MustMemory(dns.Zone{
		"shop.example": {
			"SOA ns1.shop.example. hostmaster.shop.example. 1 3600 600 1209600 300", "NS ns1.shop.example.", "NS ns2.shop.example.", "MX 10 mail.shop.example.", "TXT " + spf,
		},
		"ns1.shop.example":           {"A 10.0.0.2"},
		"ns2.shop.example":           {"A 10.0.0.3"},
		"mail.shop.example":          {"A 198.51.100.20"},
		"_dmarc.shop.example":        {"TXT v=DMARC1; p=reject; rua=mailto:dmarc@shop.example"},
		"_mta-sts.shop.example":      {"TXT v=STSv1; id=20261126"},
		"mta-sts.shop.example":       {"A 198.51.100.20"},
		"20.100.51.198.in-addr.arpa": {"PTR mail.shop.example."},
	})
}

// policies serves an MTA-STS policy that names no host of the domain.
type policies struct{}

func (policies) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(req.URL.Host, "mta-sts.") {
		return nil, errors.New("refused")
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/plain"}}, Request: req,
		Body: io.NopCloser(strings.NewReader("version: STSv1\r\nmode: enforce\r\nmx: other.example\r\nmax_age: 604800\r\n"))}, nil
}

type deaf struct{}

func (deaf) Host(_ context.Context, name string) probe.Host {
	return probe.Host{Name: name, Outcome: probe.Seen, TLS: probe.TLS{Outcome: probe.NotOffered}, Banner: &probe.Reply{Code: 220, Lines: []string{"mail.shop.example"}}}
}

// ids are the findings in short.
func ids(r *Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, string(f.Status)+" "+f.ID+" "+f.Subject)
	}
	return out
}

// TestReplay: the report made again from stored evidence is the same, the policy and the
// probes included, and asks nobody.
func TestReplay(t *testing.T) {
	target, err := ParseTarget("shop.example")
	if err != nil {
		t.Fatal(err)
	}
	c := &Checker{Resolver: shop("v=spf1 ip4:198.51.100.20 ipv4:198.51.100.21 -all"), Fetch: policies{}, Prober: deaf{}}
	asked := 0
	rep, e := c.Record(context.Background(), Request{Target: target, Now: checkedAt, Probe: true}, Watch{Asked: func(dns.Answer) { asked++ }})
	if asked == 0 || len(e.Documents) == 0 || len(e.Hosts) != 1 {
		t.Fatalf("%d answers, %d documents, %d hosts", asked, len(e.Documents), len(e.Hosts))
	}
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 32<<10 {
		t.Errorf("a usual run takes %d octets", len(b))
	}
	again, err := DecodeEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	got := again.Replay(context.Background())
	want, _ := json.Marshal(rep.Findings)
	have, _ := json.Marshal(got.Findings)
	if !bytes.Equal(want, have) {
		t.Errorf("the replay says\n%s\nand the check said\n%s", strings.Join(ids(got), "\n"), strings.Join(ids(rep), "\n"))
	}
	if !slices.ContainsFunc(rep.Findings, func(f catalogue.Finding) bool { return catalogue.Area(f.ID) == "mta-sts" && f.Status == catalogue.Fail }) {
		t.Errorf("the policy was not judged:\n%s", strings.Join(ids(rep), "\n"))
	}
}

// TestAgain: what a finding is about is asked anew, past the cache; the rest is as it was.
func TestAgain(t *testing.T) {
	target, _ := ParseTarget("shop.example")
	zone := shop("v=spf1 ip4:198.51.100.20 ipv4:198.51.100.21 -all")
	c := &Checker{Resolver: dns.NewCache(zone, dns.CacheConfig{})}
	before, e := c.Record(context.Background(), Request{Target: target, Now: checkedAt}, Watch{})
	first := before.First()
	if first == nil || first.ID != "spf.syntax" {
		t.Fatalf("first %+v", first)
	}
	for _, change := range first.DNS {
		if err := zone.Apply(change); err != nil {
			t.Fatal(err)
		}
	}
	still := 0
	after, e2 := c.Again(context.Background(), e, first.ID, Request{Now: checkedAt.Add(time.Hour)}, Watch{Asked: func(dns.Answer) { still++ }})
	if still == 0 || still > 60 {
		t.Errorf("%d questions for one finding", still)
	}
	d := Compare(before, after)
	if len(d.Fixed) != 1 || d.Fixed[0].ID != "spf.syntax" || len(d.Broke) != 0 || len(d.Records) != 1 || d.Records[0].Name != "shop.example" {
		t.Errorf("the difference: %+v", d)
	}
	if !e2.Time.Equal(checkedAt.Add(time.Hour)) || len(e2.Answers) < len(e.Answers) {
		t.Errorf("evidence of %v with %d answers, before %d", e2.Time, len(e2.Answers), len(e.Answers))
	}
	// The other way about it broke.
	if d := Compare(after, before); len(d.Broke) != 1 || len(d.Fixed) != 0 {
		t.Errorf("backwards: %+v", d)
	}
}

// TestWhatIfOnEvidence judges a change without asking for what was seen.
func TestWhatIfOnEvidence(t *testing.T) {
	target, _ := ParseTarget("shop.example")
	c := &Checker{Resolver: shop("v=spf1 ip4:198.51.100.20 -all")}
	before, e := c.Record(context.Background(), Request{Target: target, Now: checkedAt}, Watch{})
	c.Resolver = dns.MustMemory(dns.Zone{"inc.example": {"TXT v=spf1 ip4:198.51.100.99 -all"}})
	after := c.WhatIf(context.Background(), e, []dns.Change{{Action: dns.Replace, Name: "shop.example", Type: dns.TypeTXT, Data: []string{"v=spf1 include:inc.example include:gone.example -all"}}})
	d := Compare(before, after)
	if !slices.ContainsFunc(d.Broke, func(f catalogue.Finding) bool { return f.ID == "spf.include-none" }) || len(d.Fixed) != 0 {
		t.Errorf("%+v", d)
	}
}

// TestNotSeenIsNotFixed: a failure of the DNS neither fixes nor breaks anything.
func TestNotSeenIsNotFixed(t *testing.T) {
	target, _ := ParseTarget("shop.example")
	c := &Checker{Resolver: shop("v=spf1 ip4:198.51.100.20 ipv4:1 -all")}
	before, _ := c.Record(context.Background(), Request{Target: target, Now: checkedAt}, Watch{})
	c.Resolver = failing{}
	blind, _ := c.Record(context.Background(), Request{Target: target, Now: checkedAt}, Watch{})
	if d := Compare(before, blind); len(d.Fixed) != 0 || len(d.Broke) != 0 || len(d.Noise) == 0 {
		t.Errorf("%+v", d)
	}
	if d := Compare(blind, before); len(d.Fixed) != 0 || len(d.Broke) != 0 {
		t.Errorf("backwards: %+v", d)
	}
}

type failing struct{}

func (failing) Resolve(_ context.Context, q dns.Question) dns.Answer {
	return dns.Answer{Question: q, Status: dns.ServFail}
}

func TestDecodeEvidenceIsBounded(t *testing.T) {
	big := &Evidence{Format: evidenceFormat, Version: evidenceVersion}
	for range 40 {
		big.Documents = append(big.Documents, exchange{Body: make([]byte, 1<<20)})
	}
	if _, err := big.Encode(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("encoding: %v", err)
	}
	for _, b := range [][]byte{nil, []byte("x"), {0x1f, 0x8b}} {
		if _, err := DecodeEvidence(b); err == nil {
			t.Errorf("%q is no evidence", b)
		}
	}
}
