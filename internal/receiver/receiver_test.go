package receiver

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/todoku/todoku/dns"
)

var zone = dns.Zone{
	"workspace.example": {"MX 10 alt1.aspmx.l.google.com", "MX 1 aspmx.l.google.com"}, "new.example": {"MX 1 smtp.google.com"},
	"m365.example": {"MX 0 m365-example.mail.protection.outlook.com"}, "m365new.example": {"MX 0 m365-example.a-v1.mx.microsoft"},
	"icloud.example": {"MX 10 mx01.mail.icloud.com", "MX 10 mx02.mail.icloud.com"}, "ybiz.example": {"MX 20 mx-biz.mail.am0.yahoodns.net"},
	"gateway.example": {"MX 10 eu-smtp-inbound-1.mimecast.com"}, "ses.example": {"MX 10 inbound-smtp.eu-west-1.amazonaws.com"},
	// no provider's
	"own.example": {"MX 10 mail.own.example"}, "mixed.example": {"MX 10 mx01.mail.icloud.com", "MX 10 mail.own.example"}, "backup.example": {"MX 10 mail.own.example", "MX 20 aspmx.l.google.com"},
	"null.example": {"MX 0 ."}, "none.example": {"A 192.0.2.1"}, "rented.example": {"MX 10 ec2-192-0-2-1.compute.amazonaws.com"}, "like.example": {"MX 10 aspmx.l.google.com.evil.example"},
	"broken.example": {"SERVFAIL"},
}

func TestFind(t *testing.T) {
	f := New(dns.MustMemory(zone), nil)
	for domain, want := range map[string]string{
		"gmail.com": "gmail", "WORKSPACE.example.": "gmail", "new.example": "gmail", "m365.example": "microsoft", "m365new.example": "microsoft", "icloud.example": "apple", "ybiz.example": "yahoo",
		"gateway.example": "mimecast", "ses.example": "amazon_ses",
		"own.example": Other, "mixed.example": Other, "backup.example": Other, "null.example": Other, "none.example": Other, "rented.example": Other, "like.example": Other, "broken.example": Other, "nowhere.example": Other,
		"": Other, "localhost": Other, "[192.0.2.1]": Other, "a b.example": Other,
	} {
		if got := f.Find(t.Context(), domain); got != want {
			t.Errorf("%q: %s, want %s", domain, got, want)
		}
	}
}

// slow answers after a while, or with a failure.
type slow struct {
	after time.Duration
	fail  atomic.Bool
	asked atomic.Int64
	next  dns.Resolver
}

func (s *slow) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	s.asked.Add(1)
	select {
	case <-time.After(s.after):
	case <-ctx.Done():
		return dns.Answer{Question: q, Status: dns.Timeout}
	}
	if s.fail.Load() {
		return dns.Answer{Question: q, Status: dns.ServFail}
	}
	return s.next.Resolve(ctx, q)
}

// TestBoundedWait: a message waits no longer than its own time; the next one knows.
func TestBoundedWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: time.Second, next: dns.MustMemory(zone)}
		f := New(s, nil)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if got := f.Find(ctx, "workspace.example"); got != Other || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%s after %s", got, time.Since(began))
		}
		if got := f.Find(t.Context(), "workspace.example"); got != "gmail" || s.asked.Load() != 1 {
			t.Errorf("%s, asked %d times", got, s.asked.Load())
		}
		// Kept for its time; then the old answer serves while it is asked anew, also where that fails.
		time.Sleep(keepMost)
		s.fail.Store(true)
		began = time.Now()
		if got := f.Find(t.Context(), "workspace.example"); got != "gmail" || time.Since(began) != 0 {
			t.Errorf("%s after %s", got, time.Since(began))
		}
		time.Sleep(2 * time.Second)
		if got := f.Find(t.Context(), "workspace.example"); got != "gmail" || s.asked.Load() != 2 {
			t.Errorf("%s, asked %d times", got, s.asked.Load())
		}
	})
}

// TestDeadResolver: nothing piles up, however many domains there are.
func TestDeadResolver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: time.Hour}
		f := New(s, nil)
		for i := range 3 * mostWaiting {
			f.Want(fmt.Sprintf("d%d.example", i))
		}
		synctest.Wait()
		if waiting, known := f.counts(); waiting != mostWaiting || known != mostWaiting || s.asked.Load() != atOnce {
			t.Errorf("%d wait, %d known, %d asked", waiting, known, s.asked.Load())
		}
		time.Sleep(lookTime * (mostWaiting/atOnce + 2))
		synctest.Wait()
		if waiting, _ := f.counts(); waiting != 0 {
			t.Errorf("%d wait", waiting)
		}
	})
}

// counts gives how many names wait, and how many are known.
func (f *Finder) counts() (waiting, known int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting, len(f.known)
}

// TestMany: the memory is bounded.
func TestMany(t *testing.T) {
	f := New(dns.MustMemory(zone), nil)
	for i := range mostKnown + 10 {
		f.Find(t.Context(), fmt.Sprintf("d%d.example", i))
	}
	if n := len(f.known); n > mostKnown {
		t.Errorf("%d are remembered", n)
	}
}
