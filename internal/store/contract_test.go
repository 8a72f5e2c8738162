package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/pgtest"
)

// The contract holds on both engines: each test gets a fresh, empty store.
var contract = map[string]func(*testing.T, *Store){
	"MailboxRoundTrip":           testMailboxRoundTrip,
	"MailboxNames":               testMailboxNames,
	"ExpiredMailboxIsNotFound":   testExpiredMailboxIsNotFound,
	"MessageRoundTrip":           testMessageRoundTrip,
	"MessageIsByteExact":         testMessageIsByteExact,
	"SetVerified":                testSetVerified,
	"TextsThatDatabasesHate":     testTextsThatDatabasesHate,
	"Lists":                      testLists,
	"NotFound":                   testNotFound,
	"DuplicateHarmsNoOther":      testDuplicateHarmsNoOther,
	"AllOrNone":                  testAllOrNone,
	"Sessions":                   testSessions,
	"SessionsAreBoundedInRows":   testSessionsAreBoundedInRows,
	"SessionsAreBoundedInOctets": testSessionsAreBoundedInOctets,
	"PruneMailboxes":             testPruneMailboxes,
	"PruneMessagesInSteps":       testPruneMessagesInSteps,
	"PruneKeepsForEver":          testPruneKeepsForEver,
	"ConcurrentUse":              testConcurrentUse,
	"CancelledBeforeTheCommit":   testCancelledBeforeTheCommit,
	"CloseFinishesWhatWaits":     testCloseFinishesWhatWaits,
	"Closed":                     testClosed,
}

func TestSQLite(t *testing.T) {
	for name, test := range contract {
		t.Run(name, func(t *testing.T) { test(t, openTest(t, t.TempDir()+"/todoku.db")) })
	}
}

func TestPostgres(t *testing.T) {
	server := pgtest.Start(t)
	for name, test := range contract {
		t.Run(name, func(t *testing.T) { test(t, openTest(t, server.Database(t))) })
	}
}

func openTest(tb testing.TB, database string) *Store {
	tb.Helper()
	s, err := Open(context.Background(), database)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("closing: %v", err)
		}
	})
	return s
}

var (
	ctx  = context.Background()
	noon = time.Date(2026, 11, 6, 12, 0, 0, 0, time.UTC)
)

// equal compares evidence; nil and an empty list are the same.
var equal = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func sample() *Message {
	return &Message{
		Token:    "abc",
		Received: noon,
		Evidence: evidence.Bundle{
			Format: "todoku-evidence", Version: 1, Time: noon, Source: "smtp", LineEndsConverted: true,
			Session: evidence.Session{
				ID: "s1", Observed: true, RemoteIP: netip.MustParseAddr("192.0.2.1"), RemotePort: 25, HELO: "mail.example.com",
				ESMTP: true, HasMailFrom: true, Recipients: []string{"abc@inbox.example"}, Parameters: []string{"SIZE=10"},
				TLS:     &evidence.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"},
				Started: noon, Ended: noon.Add(time.Second), Outcome: "accepted",
				Transcript: []evidence.Line{{At: noon, From: "client", Text: "EHLO mail.example.com"}},
			},
			Opinions: []evidence.Opinion{{Filter: "rspamd", Address: "127.0.0.1:11333", Spam: true, Action: "reject", Score: 15.5, Required: 15, Symbols: []string{"BAD +15.00"}}},
			Message:  []byte("From: a@example.com\r\nSubject: Hello\r\n\r\nBody\r\n"),
		},
	}
}

func testMailboxRoundTrip(t *testing.T, s *Store) {
	want := Mailbox{Created: s.now().UTC().Truncate(time.Millisecond), Expires: s.now().Add(time.Hour).UTC().Truncate(time.Millisecond), ClientIP: "192.0.2.7", Lang: "ja"}
	got, err := s.NewMailbox(ctx, want)
	ok(t, err)
	if len(got.Token)*5 < 64 || strings.Trim(got.Token, alphabet) != "" {
		t.Errorf("token %q: want at least 64 bits of lower-case letters and digits", got.Token)
	}
	want.Token = got.Token
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	found, err := s.Mailbox(ctx, strings.ToUpper(got.Token))
	ok(t, err)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func testMailboxNames(t *testing.T, s *Store) {
	m, err := s.NewMailbox(ctx, Mailbox{Token: "Healthy-1"})
	ok(t, err)
	if m.Token != "healthy-1" || m.Created.IsZero() || !m.Expires.IsZero() {
		t.Errorf("got %+v", m)
	}
	_, err = s.NewMailbox(ctx, Mailbox{Token: "healthy-1"})
	wantErr(t, err, ErrExists)
	for _, bad := range []string{"a b", "a@b", "ä", "a\x00", strings.Repeat("a", 65)} {
		if _, err := s.NewMailbox(ctx, Mailbox{Token: bad}); err == nil {
			t.Errorf("token %q was taken", bad)
		}
		_, err := s.Mailbox(ctx, bad)
		wantErr(t, err, ErrNotFound)
	}
}

func testExpiredMailboxIsNotFound(t *testing.T, s *Store) {
	m, err := s.NewMailbox(ctx, Mailbox{Created: noon, Expires: noon.Add(time.Hour)})
	ok(t, err)
	s.now = func() time.Time { return noon.Add(time.Hour - time.Second) }
	_, err = s.Mailbox(ctx, m.Token)
	ok(t, err)
	s.now = func() time.Time { return noon.Add(time.Hour) }
	_, err = s.Mailbox(ctx, m.Token)
	wantErr(t, err, ErrNotFound)
}

func testMessageRoundTrip(t *testing.T, s *Store) {
	want := sample()
	ok(t, s.AddMessage(ctx, want))
	if len(want.ID)*5 < 96 || strings.Trim(want.ID, alphabet) != "" {
		t.Errorf("id %q: want at least 96 bits, URL-safe", want.ID)
	}
	if want.State != Received || want.Size != len(want.Evidence.Message) {
		t.Errorf("filled in: state %q, size %d", want.State, want.Size)
	}
	got, err := s.Message(ctx, want.ID)
	ok(t, err)
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n, err := s.MessageSize(ctx, want.ID); err != nil || n != want.Size {
		t.Errorf("its size is %d (%v), want %d", n, err, want.Size)
	}
	for _, id := range []string{NewID(), "a b", ""} {
		_, err := s.MessageSize(ctx, id)
		wantErr(t, err, ErrNotFound)
	}
}

func testMessageIsByteExact(t *testing.T, s *Store) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, raw := range map[string][]byte{
		"empty": {}, "nil": nil, "every octet": every, "NUL": {0}, "line ends": []byte("a\rb\nc\r\n\n.\n\r.\r\r\n"),
		"5 MB": bytes.Repeat(every, 20_000),
	} {
		m := &Message{Evidence: evidence.Bundle{Message: raw}}
		ok(t, s.AddMessage(ctx, m))
		got, err := s.Message(ctx, m.ID)
		ok(t, err)
		if !bytes.Equal(got.Evidence.Message, raw) || got.Size != len(raw) {
			t.Errorf("%s: %d octets came back as %d", name, len(raw), len(got.Evidence.Message))
		}
	}
}

func testSetVerified(t *testing.T, s *Store) {
	m := sample()
	ok(t, s.AddMessage(ctx, m))
	m.Status, m.FromDomain, m.Subject = "fail", "example.com", "Hello"
	m.Evidence.Time = noon.Add(time.Minute)
	m.Evidence.DNS = []dns.Answer{{
		Question: dns.Question{Name: "example.com", Type: dns.TypeTXT}, Status: dns.Success, TTL: 300,
		Records: []dns.Record{{Name: "example.com", Type: dns.TypeTXT, TTL: 300, Data: "v=spf1 -all"}},
	}}
	ok(t, s.SetVerified(ctx, m))
	got, err := s.Message(ctx, m.ID)
	ok(t, err)
	if got.State != Verified {
		t.Errorf("state %q", got.State)
	}
	if diff := cmp.Diff(m, got, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ids, err := s.Unverified(ctx, 10)
	ok(t, err)
	if len(ids) != 0 {
		t.Errorf("still to verify: %v", ids)
	}
}

// PostgreSQL takes neither NUL nor invalid UTF-8 in text, also inside JSON.
func testTextsThatDatabasesHate(t *testing.T, s *Store) {
	m := sample()
	m.Evidence.Session.HELO = "a\x00b\xff"
	m.Evidence.Session.Transcript[0].Text = "\x00\xfe EHLO '; DROP TABLE messages; --"
	m.Subject = "\x00\xff 件名"
	ok(t, s.AddMessage(ctx, m))
	got, err := s.Message(ctx, m.ID)
	ok(t, err)
	if want := "\uFFFD\uFFFD 件名"; got.Subject != want {
		t.Errorf("subject %q, want %q", got.Subject, want)
	}
	if want := "a\x00b\uFFFD"; got.Evidence.Session.HELO != want {
		t.Errorf("HELO %q, want %q", got.Evidence.Session.HELO, want)
	}
}

func testLists(t *testing.T, s *Store) {
	add := func(id, token string, at time.Time) {
		m := sample()
		m.ID, m.Token, m.Received = id, token, at
		ok(t, s.AddMessage(ctx, m))
	}
	add("first", "a", noon)
	add("second", "b", noon)
	add("third", "a", noon.Add(time.Second))
	add("older", "a", noon.Add(-time.Hour))

	ids := func(list []Message, err error) (out []string) {
		t.Helper()
		ok(t, err)
		for _, m := range list {
			out = append(out, m.ID)
			if m.Evidence.Message != nil {
				t.Errorf("%s came with its evidence", m.ID)
			}
		}
		return out
	}
	unverified, err := s.Unverified(ctx, 3)
	ok(t, err)
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"of a mailbox", ids(s.MessagesFor(ctx, "A", 10)), []string{"third", "first", "older"}},
		{"of a mailbox, limited", ids(s.MessagesFor(ctx, "a", 1)), []string{"third"}},
		{"of no mailbox", ids(s.MessagesFor(ctx, "\x00", 10)), nil},
		{"recent", ids(s.Recent(ctx, 10)), []string{"third", "second", "first", "older"}},
		{"recent, limit 0", ids(s.Recent(ctx, 0)), nil},
		{"recent, limit -1", ids(s.Recent(ctx, -1)), nil},
		{"unverified", unverified, []string{"first", "second", "third"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func testNotFound(t *testing.T, s *Store) {
	for _, id := range []string{"", "nothing", "\x00", "\xff", strings.Repeat("x", 100_000)} {
		_, err := s.Message(ctx, id)
		wantErr(t, err, ErrNotFound)
		_, err = s.Session(ctx, id)
		wantErr(t, err, ErrNotFound)
		_, err = s.Mailbox(ctx, id)
		wantErr(t, err, ErrNotFound)
		wantErr(t, s.SetVerified(ctx, &Message{ID: id}), ErrNotFound)
	}
}

func testDuplicateHarmsNoOther(t *testing.T, s *Store) {
	first := sample()
	first.ID = "taken"
	ok(t, s.AddMessage(ctx, first))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			m := sample()
			if m.ID = fmt.Sprint("new", i); i%5 == 0 {
				m.ID = "taken"
			}
			err := s.AddMessage(ctx, m)
			if i%5 == 0 {
				wantErr(t, err, ErrExists)
			} else if err != nil {
				t.Errorf("message %d shared a batch with a bad one: %v", i, err)
			}
		})
	}
	wg.Wait()
	list, err := s.Recent(ctx, 100)
	ok(t, err)
	if len(list) != 17 {
		t.Errorf("%d messages, want 17", len(list))
	}
}

func testAllOrNone(t *testing.T, s *Store) {
	a, b := sample(), sample()
	ok(t, s.AddMessages(ctx, a, b))
	c, again := sample(), sample()
	again.ID = a.ID
	wantErr(t, s.AddMessages(ctx, c, again), ErrExists)
	list, err := s.Recent(ctx, 10)
	ok(t, err)
	if len(list) != 2 {
		t.Errorf("%d messages, want 2", len(list))
	}
	ok(t, s.AddMessages(ctx))
}

func testSessions(t *testing.T, s *Store) {
	var want []FailedSession
	for i := range 3 {
		f := FailedSession{Token: "ABC", At: noon.Add(time.Duration(i) * time.Second), Session: sample().Evidence.Session}
		f.Session.Outcome, f.Session.Detail = "dropped", "the client hung up before DATA"
		ok(t, s.AddSession(ctx, &f))
		if f.ID == "" || f.Token != "abc" {
			t.Errorf("filled in: %+v", f)
		}
		want = append([]FailedSession{f}, want...)
	}
	got, err := s.Sessions(ctx, 10)
	ok(t, err)
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	one, err := s.Session(ctx, want[1].ID)
	ok(t, err)
	if diff := cmp.Diff(&want[1], one, equal); diff != "" {
		t.Errorf("one (-want +got):\n%s", diff)
	}
}

// fillSessions writes n rows without n transactions.
func fillSessions(t *testing.T, s *Store, n, size int) {
	t.Helper()
	ok(t, s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		for i := range n {
			if _, err := q.exec(ctx, `INSERT INTO sessions (id, token, at, size, session) VALUES ($1, '', 1, $2, '{}')`,
				fmt.Sprintf("%d-%d", size, i), size); err != nil {
				return err
			}
		}
		return nil
	}))
}

func countSessions(t *testing.T, s *Store) (n int) {
	t.Helper()
	ok(t, s.db.reader().queryRow(ctx, `SELECT count(*) FROM sessions`).Scan(&n))
	return n
}

func testSessionsAreBoundedInRows(t *testing.T, s *Store) {
	fillSessions(t, s, maxSessions+50, 2)
	for range trimEvery {
		ok(t, s.AddSession(ctx, &FailedSession{}))
	}
	if n := countSessions(t, s); n > maxSessions+trimEvery {
		t.Errorf("%d sessions are kept", n)
	}
	latest, err := s.Sessions(ctx, trimEvery)
	ok(t, err)
	for _, f := range latest {
		if f.At.UnixMilli() == 1 {
			t.Fatal("a newer session went before an older one")
		}
	}
}

func testSessionsAreBoundedInOctets(t *testing.T, s *Store) {
	const size = 1 << 20
	fillSessions(t, s, 99, size)
	ok(t, s.AddSession(ctx, &FailedSession{}))
	if n := countSessions(t, s); n > maxSessionBytes/size+1 || n < maxSessionBytes/size-1 {
		t.Errorf("%d sessions of 1 MiB are kept, want about %d", n, maxSessionBytes/size)
	}
}

func testPruneMailboxes(t *testing.T, s *Store) {
	s.now = func() time.Time { return noon }
	for i := range pruneRows + 10 {
		_, err := s.NewMailbox(ctx, Mailbox{Token: fmt.Sprint("old", i), Expires: noon})
		ok(t, err)
	}
	for token, expires := range map[string]time.Time{"later": noon.Add(time.Minute), "never": {}} {
		_, err := s.NewMailbox(ctx, Mailbox{Token: token, Expires: expires})
		ok(t, err)
	}
	n, err := s.Prune(ctx, noon, time.Hour)
	ok(t, err)
	if n != pruneRows+10 {
		t.Errorf("%d rows deleted, want %d", n, pruneRows+10)
	}
	for _, token := range []string{"later", "never"} {
		_, err := s.Mailbox(ctx, token)
		ok(t, err)
	}
}

func testPruneMessagesInSteps(t *testing.T, s *Store) {
	const old = 2*pruneRows + 1
	for i := range old {
		m := sample()
		m.ID, m.Received = fmt.Sprint("old", i), noon.Add(-2*time.Hour)
		if err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
			_, err := q.exec(ctx, `INSERT INTO messages (id, token, received, state, status, from_domain, subject, size,
				source, format, version, evidence_time, session, dns) VALUES ($1, '', $2, 'verified', '', '', '', $3, '', '', 1, 0, '{}', '[]')`,
				m.ID, millis(m.Received), pruneBytes/100)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	keep := sample()
	ok(t, s.AddMessage(ctx, keep))
	gone := sample()
	gone.Received = noon.Add(-3 * time.Hour)
	ok(t, s.AddMessage(ctx, gone))
	ok(t, s.AddSession(ctx, &FailedSession{At: noon.Add(-2 * time.Hour)}))
	ok(t, s.AddSession(ctx, &FailedSession{At: noon}))

	var first int64
	ok(t, s.committer.do(ctx, 0, func(ctx context.Context, q querier) (err error) {
		first, err = pruneMessages(millis(noon.Add(-time.Hour)))(ctx, q)
		return err
	}))
	if first < 90 || first > 110 {
		t.Errorf("one step deleted %d messages of a hundredth of its octets each", first)
	}
	n, err := s.Prune(ctx, noon, time.Hour)
	ok(t, err)
	if want := old + 2 - int(first); n != want {
		t.Errorf("%d rows deleted, want %d", n, want)
	}
	list, err := s.Recent(ctx, 10)
	ok(t, err)
	if len(list) != 1 || list[0].ID != keep.ID {
		t.Errorf("left: %v", list)
	}
	var raws int
	ok(t, s.db.reader().queryRow(ctx, `SELECT count(*) FROM raws`).Scan(&raws))
	if raws != 1 || countSessions(t, s) != 1 {
		t.Errorf("left: %d raw messages and %d sessions, want 1 and 1", raws, countSessions(t, s))
	}
}

func testPruneKeepsForEver(t *testing.T, s *Store) {
	ok(t, s.AddMessage(ctx, sample()))
	n, err := s.Prune(ctx, noon.Add(1e6*time.Hour), 0)
	ok(t, err)
	if n != 0 {
		t.Errorf("%d rows deleted", n)
	}
}

func testConcurrentUse(t *testing.T, s *Store) {
	box, err := s.NewMailbox(ctx, Mailbox{})
	ok(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				m := sample()
				m.Token = box.Token
				if err := s.AddMessage(ctx, m); err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Message(ctx, m.ID); err != nil {
					t.Errorf("stored, but: %v", err)
				}
				if err := s.SetVerified(ctx, m); err != nil {
					t.Error(err)
				}
				if _, err := s.Mailbox(ctx, box.Token); err != nil {
					t.Error(err)
				}
				if _, err := s.Recent(ctx, 5); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := s.MessagesFor(ctx, box.Token, 1000)
	ok(t, err)
	if len(list) != 160 {
		t.Errorf("%d messages, want 160", len(list))
	}
}

// block occupies the committer until release is called.
func block(s *Store) (release func(), ended <-chan error) {
	begun, proceed, end := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		end <- s.committer.do(ctx, 0, func(context.Context, querier) error {
			close(begun)
			<-proceed
			return nil
		})
	}()
	<-begun
	return func() { close(proceed) }, end
}

func testCancelledBeforeTheCommit(t *testing.T, s *Store) {
	release, ended := block(s)
	short, cancel := context.WithCancel(ctx)
	m := sample()
	m.ID = "cancelled"
	result := make(chan error, 1)
	go func() { result <- s.AddMessage(short, m) }()
	cancel()
	wantErr(t, <-result, context.Canceled)
	release()
	ok(t, <-ended)
	ok(t, s.AddMessage(ctx, sample())) // behind the other in the queue
	_, err := s.Message(ctx, "cancelled")
	wantErr(t, err, ErrNotFound)
}

func testCloseFinishesWhatWaits(t *testing.T, s *Store) {
	release, ended := block(s)
	results := make(chan error, 10)
	for range cap(results) {
		go func() { results <- s.AddMessage(ctx, sample()) }()
	}
	for len(s.committer.queue) < cap(results) { // the queue cannot tell when it is filled
		time.Sleep(time.Millisecond)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	release()
	ok(t, <-ended)
	ok(t, <-closed)
	for range cap(results) {
		if err := <-results; err != nil {
			t.Errorf("a write that waited at Close: %v", err)
		}
	}
}

func testClosed(t *testing.T, s *Store) {
	ok(t, s.Close())
	ok(t, s.Close())
	wantErr(t, s.AddMessage(ctx, sample()), ErrClosed)
	if _, err := s.Recent(ctx, 1); err == nil {
		t.Error("a closed store still reads")
	}
}
