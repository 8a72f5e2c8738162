package cli

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/store"
)

// english is a run of English words; names, commands and standards' words are taken out before.
var (
	english = regexp.MustCompile(`\b[a-z]{2,} [a-z]{2,}\b`)
	names   = regexp.MustCompile(`spf=fail smtp\.mailfrom=\S+|dmarc=fail|mailing_list|local_policy|--[a-z-]+`)
)

// TestWhollyJapanese: what became of mail and why, and how warm-up plans are, is said in Japanese alone.
func TestWhollyJapanese(t *testing.T) {
	p := withKeys(t, dns.Zone{"2.0.0.127.zen.spamhaus.org": {"A 127.0.0.2"}, "1.2.0.192.zen.spamhaus.org": {"A 127.0.0.2"}})
	now := time.Date(2026, 11, 6, 12, 0, 0, 0, time.UTC)
	st, err := store.Open(context.Background(), p.env["TODOKU_DATABASE"])
	if err != nil {
		t.Fatal(err)
	}
	events := []store.MailEvent{
		{Outgoing: true, Action: "defer", Paced: true, Reason: "Paced by the warm-up of 192.0.2.1: what is left of the share for Gmail (Google) is kept for mail that goes first; room is expected at 2026-11-23 00:00 UTC, try again then"},
		{Outgoing: true, Action: "accept", Reason: "no key", Findings: [][2]string{{"dkim.user-not-allowed", `user "ann" may not write as <x@shop.example>`}, {"arc.cannot-seal", "the message is forwarded without an ARC seal: there is no key at all"}}},
		{Outgoing: true, Action: "reject", Reason: "no domain can answer for the message: more than one From field: 2"},
		{Action: "reject", Outcome: "dmarc-reject", Reason: "neither SPF nor DKIM speaks for shop.example, which asks to refuse such mail", Results: "spf=fail smtp.mailfrom=x@y.example; dmarc=fail"},
		{Action: "accept", Outcome: "dmarc-override", Reason: "mailing list l.example", Override: "mailing_list", Comment: "mailing list l.example"},
		{Action: "tag", Outcome: "unauthenticated", Reason: "nobody vouches for it"}, {Action: "quarantine", Outcome: "temperror"}, {Action: "hold", Outcome: "spf-fail", Reason: "shop.example says that it does not send from this address"},
	}
	for i := range events {
		e := &events[i]
		e.ID, e.At, e.Queue, e.Author, e.MailFrom, e.Rcpts, e.RcptCount = store.NewMailEventID(now), now, "Q", "shop.example", "x@shop.example", []string{"b@b.example"}, 1
	}
	if err := st.AddMailEvents(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if err := st.AddVolume(t.Context(), []store.Volume{{Day: "2026-11-06", Source: "192.0.2.1", Provider: "gmail", Author: "shop.example", Messages: 5000}, {Day: "2026-11-05", Source: "", Provider: "*", Messages: 50_000}}); err != nil {
		t.Fatal(err)
	}
	if err := st.AddComplaints(t.Context(), []store.Complaint{{Day: "2026-11-06", Domain: "shop.example", Source: "192.0.2.1", Provider: "yahoo", Complaints: 30, Delivered: 5000}}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	at := []string{"--at", now.Format(time.RFC3339), "--lang", "ja"}
	p.run(append([]string{"warmup", "plan", "192.0.2.1", "gmail", "--target", "1000", "--days", "10"}, at...)...).want(t, 0)
	p.run(append([]string{"warmup", "hold", "192.0.2.1", "gmail", "--reason", "苦情"}, at...)...).want(t, 0)
	for _, args := range [][]string{{"milter", "why", "x@shop.example"}, {"warmup", "status"}} {
		r := p.run(append(args, at...)...).want(t, 0)
		for line := range strings.Lines(r.out) {
			if m := english.FindString(names.ReplaceAllString(line, "")); m != "" {
				t.Errorf("%v: %q in %s", args, m, line)
			}
		}
		if n := strings.Count(r.out, "。"); n < 4 {
			t.Errorf("%v: %s", args, r.out)
		}
	}
	r := p.run(append([]string{"warmup", "status"}, at...)...).want(t, 0)
	for _, says := range []string{"POOR", "多くの受信側が参照するブロックリストに登録されています", "5000 通に対して 30 件 (0.60 %)", "苦情"} {
		if !strings.Contains(r.out, says) {
			t.Errorf("no %q in %s", says, r.out)
		}
	}
}
