package filter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakePacer answers as the test says, and keeps what it was asked.
type fakePacer struct {
	mu       sync.Mutex
	say      Pace
	source   string
	rcpts    map[string]int
	first    bool
	asked    int
	returned int
}

func (p *fakePacer) Take(_ context.Context, source string, rcpts map[string]int, first bool) Pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.source, p.rcpts, p.first = source, rcpts, first
	p.asked++
	return p.say
}

func (p *fakePacer) Return(string, map[string]int, bool, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.returned++
}

func source(t *testing.T, text string) Source {
	t.Helper()
	s, err := ParseSource(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const paced = "From: me@ours.example\r\nSubject: s\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@ours.example>\r\n"

func TestPacing(t *testing.T) {
	until := now.Add(time.Hour)
	for name, c := range map[string]struct {
		say     Pace
		header  string
		from    string
		to      []string
		reply   string // "" for accepted
		first   bool
		source  string
		rcpts   map[string]int
		problem string
	}{
		"room":           {say: Pace{Allowed: true}, source: "192.0.2.25", rcpts: map[string]int{"gmail": 1, "*": 1}, to: []string{"a@gmail.com", "b@elsewhere.example"}},
		"today is full":  {say: Pace{Provider: "gmail", Why: "day", Until: until}, source: "192.0.2.25", reply: "451 4.7.0 Paced by the warm-up of 192.0.2.25: today's share for Gmail (Google) is used up; room is expected at 2026-11-26 13:00 UTC"},
		"silence":        {say: Pace{Provider: "*", Why: "silent", Until: until}, source: "192.0.2.25", reply: "all other receivers asked for silence"},
		"too many":       {say: Pace{Provider: "*", Why: "many", Until: until}, source: "192.0.2.25", reply: "send it to fewer at a time"},
		"kept":           {say: Pace{Provider: "yahoo", Why: "kept", Until: until}, source: "192.0.2.25", reply: "kept for mail that goes first"},
		"by header":      {say: Pace{Allowed: true}, header: "X-Kind: Transactional\r\n", first: true, source: "192.0.2.25"},
		"another value":  {say: Pace{Allowed: true}, header: "X-Kind: bulk\r\n", source: "192.0.2.25"},
		"by sender":      {say: Pace{Allowed: true}, from: "login@ours.example", first: true, source: "192.0.2.25"},
		"a bounce":       {say: Pace{Allowed: true}, from: "", first: true, source: "192.0.2.25"},
		"another source": {say: Pace{Allowed: true}, from: "x@news.ours.example", source: "2001:db8::1"},
		"not asked":      {say: Pace{Allowed: true, Unasked: errors.New("away")}, source: "192.0.2.25", problem: "warmup.not-asked"},
		"not asked, defer": {say: Pace{Unasked: errors.New("away"), Until: now.Add(10 * time.Second)}, source: "192.0.2.25", reply: "try again in 10s",
			problem: "warmup.not-asked"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			p := &fakePacer{say: c.say}
			s.Signers = ourKeys()
			s.Pacing = &Pacing{Pacer: p, Sources: []Source{source(t, "news.ours.example=2001:db8::1"), source(t, "192.0.2.25")}, First: []string{"login@ours.example"}, Header: [2]string{"X-Kind", "transactional"}}
			if c.to == nil {
				c.to = []string{"a@GMAIL.com"}
			}
			if c.from == "" && name != "a bounce" {
				c.from = "me@ours.example"
			}
			r := start(t, s).pass(mail{ip: "192.0.2.3", helo: "h", user: "me", from: c.from, to: c.to, raw: paced + c.header + "\r\nHello.\r\n"})
			if !strings.Contains(r.reply, c.reply) || c.reply == "" && len(r.event.Signed) == 0 || c.reply != "" && (len(r.event.Signed) > 0 || r.event.Action != Defer || !r.event.Paced) {
				t.Errorf("%q, %+v", r.reply, r.event)
			}
			if p.source != c.source || p.first != c.first || c.rcpts != nil && !maps.Equal(p.rcpts, c.rcpts) {
				t.Errorf("asked for %q %v %v", p.source, p.rcpts, p.first)
			}
			if c.problem != "" && (len(r.event.Problems) == 0 || r.event.Problems[0].ID != c.problem) {
				t.Errorf("%v", r.event.Problems)
			}
		})
	}
}

// TestPacingOfVeryMany: each recipient counts for their provider, also those whom an event does not name any more.
func TestPacingOfVeryMany(t *testing.T) {
	s := settings()
	p := &fakePacer{say: Pace{Allowed: true}}
	s.Signers = ourKeys()
	s.Pacing = &Pacing{Pacer: p, Sources: []Source{source(t, "192.0.2.25")}}
	var to []string
	for i := range maxRcptsKept {
		to = append(to, fmt.Sprintf("a%d@gmail.com", i))
	}
	for i := range maxRcptsKept + 50 {
		to = append(to, fmt.Sprintf("b%d@GMail.com", i), fmt.Sprintf("c@d%d.example", i))
	}
	to = append(to, "d@yahoo.com") // of too many domains
	r := start(t, s).pass(mail{ip: "192.0.2.3", helo: "h", user: "me", from: "me@ours.example", to: to, raw: paced + "\r\nHello.\r\n"})
	want := map[string]int{"gmail": 2*maxRcptsKept + 50, "*": maxRcptsKept + 51}
	if !maps.Equal(p.rcpts, want) || !maps.Equal(r.event.Receivers(), want) || len(r.event.Rcpts) != maxRcptsKept || r.event.RcptCount != len(to) {
		t.Errorf("asked for %v, counted %v, want %v", p.rcpts, r.event.Receivers(), want)
	}
}

// TestPacingOfWhatDoesNotGo: what is refused for another reason is given back; incoming mail is never paced.
func TestPacingOfWhatDoesNotGo(t *testing.T) {
	s := settings()
	p := &fakePacer{say: Pace{Allowed: true}}
	s.Unsigned = Reject
	s.Pacing = &Pacing{Pacer: p, Sources: []Source{source(t, "192.0.2.25")}}
	srv := start(t, s)
	if r := srv.pass(mail{ip: "192.0.2.3", from: "me@ours.example", to: []string{"a@gmail.com"}, raw: paced + "\r\n"}); p.asked != 1 || p.returned != 1 || r.event.Action != Reject {
		t.Errorf("%d, %d, %v", p.asked, p.returned, r.event.Action)
	}
	srv.pass(mail{ip: "198.51.100.7", helo: "mail.good.example", from: "a@good.example", to: []string{"me@ours.example"}, raw: "From: a@good.example\r\n\r\n"})
	if p.asked != 1 {
		t.Error("incoming mail was paced")
	}
	s.Pacing.Sources = []Source{source(t, "daemon")} // and this client of the test gives no such macro
	if err := srv.f.Change(s); err != nil {
		t.Fatal(err)
	}
	if srv.pass(mail{ip: "192.0.2.3", from: "me@ours.example", to: []string{"a@gmail.com"}, raw: paced + "\r\n"}); p.asked != 1 {
		t.Error("paced from an address that is not known")
	}
}

func TestForeignFreemail(t *testing.T) {
	for action, want := range map[Action]string{Accept: "", Tag: "", Reject: "550 5.7.1 From is an address at gmail.com"} {
		s := settings()
		s.Signers, s.Mends.Freemail = ourKeys(), action
		srv := start(t, s)
		r := srv.pass(mail{ip: "192.0.2.3", user: "me", from: "me@ours.example", to: []string{"a@b.example"}, raw: "From: me@gmail.com\r\n\r\n"})
		warned := false
		for _, p := range r.event.Problems {
			warned = warned || p.ID == "dmarc.foreign-freemail"
		}
		if !strings.Contains(r.reply, want) || warned != (action != Accept) || (r.event.Action == Reject) != (action == Reject) {
			t.Errorf("%v: %q %+v", action, r.reply, r.event)
		}
		if r := srv.pass(mail{ip: "192.0.2.3", user: "me", from: "me@ours.example", to: []string{"a@gmail.com"}, raw: paced + "\r\n"}); len(r.event.Problems) > 0 || r.event.Action != Accept {
			t.Errorf("%v: our own: %+v", action, r.event)
		}
	}
}

func TestParseSource(t *testing.T) {
	for _, bad := range []string{"", "x", "=x", "a=", "fe80::1%eth0"} {
		if _, err := ParseSource(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if s := source(t, "a@b.example=::ffff:192.0.2.1"); s.Pattern != "a@b.example" || s.Addr.String() != "192.0.2.1" {
		t.Errorf("%+v", s)
	}
}

// knownReceivers know the exchangers of one domain; others are never known.
type knownReceivers struct {
	mu   sync.Mutex
	want []string
}

func (k *knownReceivers) Want(domain string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.want = append(k.want, domain)
}

func (k *knownReceivers) Find(ctx context.Context, domain string) string {
	if domain == "workspace.example" || domain == "xn--r8jz45g.example" {
		return "gmail"
	}
	<-ctx.Done()
	return "*"
}

// TestReceivers: a domain that somebody brought to a provider counts as the provider's; one that is not known in time does not hold the
// message up, and all that follows goes by the same count.
func TestReceivers(t *testing.T) {
	for name, p := range map[string]*fakePacer{"paced": {say: Pace{Allowed: true}}, "only counted": nil} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			s.Signers = ourKeys()
			k := &knownReceivers{}
			s.Pacing = &Pacing{Receivers: k, Sources: []Source{source(t, "192.0.2.25")}}
			if p != nil {
				s.Pacing.Pacer = p
			}
			r := start(t, s).pass(mail{ip: "192.0.2.3", helo: "h", user: "me", from: "me@ours.example", to: []string{"a@Workspace.example", "b@workspace.example", "c@slow.example", "d@slow2.example", "e@例え.example"}, raw: paced + "\r\nHello.\r\n"})
			want := map[string]int{"gmail": 3, "*": 2}
			if got := r.event.Receivers(); !maps.Equal(got, want) || p != nil && !maps.Equal(p.rcpts, want) {
				t.Errorf("%v", got)
			}
			if len(k.want) != 5 || k.want[0] != "workspace.example" || k.want[4] != "xn--r8jz45g.example" {
				t.Errorf("%v", k.want)
			}
		})
	}
}
