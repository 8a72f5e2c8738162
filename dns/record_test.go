package dns

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"time"
)

func TestRecorderOneQuestionOneAnswer(t *testing.T) {
	n := 0
	r := NewRecorder(resolverFunc(func(_ context.Context, q Question) Answer {
		n++
		return Answer{Question: q, Status: NXDomain, TTL: uint32(n)}
	}))
	ask(r, "b.example", TypeA)
	ask(r, "a.example", TypeA)
	ask(r, "A.example.", TypeA)
	r.Resolve(ctx, Question{Name: "a.example", Type: TypeA, Server: netip.MustParseAddrPort("192.0.2.1:53")})
	if a := ask(r, "B.example", TypeA); a.TTL != 1 || a.Question.Name != "B.example" {
		t.Errorf("asked again: %+v", a)
	}
	var got []string
	for _, a := range r.Answers() {
		got = append(got, fmt.Sprintf("%s %v %d", a.Question.Name, a.Question.Server.IsValid(), a.TTL))
	}
	if want := []string{"b.example false 1", "a.example false 2", "a.example true 3"}; !reflect.DeepEqual(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
}

// A failure that only says that the asker had stopped waiting gives way to an answer.
func TestRecorderAbandonedQuestion(t *testing.T) {
	r := NewRecorder(resolverFunc(func(ctx context.Context, q Question) Answer {
		if ctx.Err() != nil {
			return Answer{Question: q, Status: Timeout}
		}
		return Answer{Question: q, Status: Success}
	}))
	done, cancel := context.WithCancel(ctx)
	cancel()
	q := Question{Name: "a.example", Type: TypeA}
	r.Resolve(done, q)
	if a := r.Answers(); len(a) != 1 || a[0].Status != Timeout {
		t.Errorf("recorded %+v", a)
	}
	r.Resolve(ctx, q)
	r.Resolve(done, q)
	if a := r.Answers(); len(a) != 1 || a[0].Status != Success {
		t.Errorf("recorded %+v", a)
	}
}

func TestRecorderBound(t *testing.T) {
	r := NewRecorder(MustMemory(Zone{}))
	for i := range MaxRecorded + 5 {
		if a := ask(r, fmt.Sprintf("n%d.example", i), TypeA); a.Status != NXDomain {
			t.Fatalf("question %d: %+v", i, a)
		}
	}
	if len(r.Answers()) != MaxRecorded || r.Dropped() != 5 {
		t.Errorf("%d kept, %d dropped", len(r.Answers()), r.Dropped())
	}
}

func TestRecorderConcurrent(t *testing.T) {
	r := NewRecorder(MustMemory(testZone))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for name := range testZone {
				ask(r, name, TypeTXT)
				r.Answers()
			}
		})
	}
	wg.Wait()
	if len(r.Answers()) != len(testZone) {
		t.Errorf("%d answers to %d questions", len(r.Answers()), len(testZone))
	}
}

// The replay of a recording that went through JSON gives every answer again.
func TestReplayRoundTrip(t *testing.T) {
	r := NewRecorder(MustMemory(testZone))
	for name := range testZone {
		for _, typ := range []Type{TypeA, TypeAAAA, TypeTXT, TypeMX, TypeCNAME, TypeSOA, TypeCAA} {
			ask(r, name, typ)
		}
	}
	ask(r, "caf\xe9.example.com", TypeA)
	text, err := json.Marshal(r.Answers())
	if err != nil {
		t.Fatal(err)
	}
	var back []Answer
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	replay := NewReplayer(back)
	for _, want := range r.Answers() {
		if got := replay.Resolve(ctx, want.Question); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	if a := ask(replay, "EXAMPLE.com", TypeA); a.Status != Success || a.Question.Name != "EXAMPLE.com" || !a.Records[0].Addr.IsValid() {
		t.Errorf("any case: %+v", a)
	}
	if a := ask(replay, "other.example", TypeA); a.Status != NotRecorded || !a.Status.Failed() {
		t.Errorf("not recorded: %+v", a)
	}
	if a := ask(replay, "a..b", TypeA); a.Status != BadName {
		t.Errorf("bad name: %+v", a)
	}
}

func TestReplayPrefersAnswersToFailures(t *testing.T) {
	q := Question{Name: "a.example", Type: TypeA}
	r := NewReplayer([]Answer{{Question: q, Status: Timeout}, {Question: q, Status: NXDomain}, {Question: q, Status: NoData}})
	if a := r.Resolve(ctx, q); a.Status != NXDomain {
		t.Errorf("got %+v", a)
	}
}

func TestAnswerJSON(t *testing.T) {
	a := Answer{
		Question: Question{Name: "a.example", Type: TypeTXT, Server: netip.MustParseAddrPort("[2001:db8::1]:53")},
		Status:   Success, TTL: 60, AuthenticData: true, Server: "127.0.0.1:53", Elapsed: 5 * time.Millisecond,
		Chain:   []Record{{Name: "a.example", Type: TypeCNAME, TTL: 60, Data: "b.example"}},
		Records: []Record{{Name: "b.example", Type: TypeTXT, TTL: 60, Data: "caf\xe9", Strings: []string{"caf", "\xe9"}}},
	}
	got, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"question":{"name":"a.example","type":"TXT","server":"[2001:db8::1]:53"},"status":"success",` +
		`"records":[{"name":"b.example","type":"TXT","ttl":60,"data":"caf\ufffd","data64":"Y2Fm6Q==","strings":["caf","\ufffd"],"strings64":["Y2Fm","6Q=="]}],` +
		`"chain":[{"name":"a.example","type":"CNAME","ttl":60,"data":"b.example"}],` +
		`"ttl":60,"ad":true,"server":"127.0.0.1:53","elapsed":5000000}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back Answer
	if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(back, a) {
		t.Errorf("back: %+v, %v", back, err)
	}
	for _, bad := range []string{`{"status":"great"}`, `{"question":{"type":"NONSENSE"}}`, `{"records":[{"type":"TYPE99999"}]}`, `{"question":7}`, `{"records":[7]}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func FuzzAnswerJSON(f *testing.F) {
	f.Add("a.example", "text", "more", uint16(16), uint32(60), uint8(1))
	f.Add("caf\xe9", "\xff\x00", "\xef\xbf\xbd", uint16(99), uint32(0), uint8(3))
	f.Add("", "192.0.2.1", "", uint16(1), uint32(1<<31), uint8(11))
	f.Fuzz(func(t *testing.T, name, data, extra string, typ uint16, ttl uint32, status uint8) {
		rec := Record{Name: name, Type: Type(typ), TTL: ttl, Data: data + extra, Pref: typ}
		if extra != "" {
			rec.Strings = []string{data, extra}
		}
		if addr, err := netip.ParseAddr(rec.Data); err == nil && (rec.Type == TypeA && addr.Is4() || rec.Type == TypeAAAA && addr.Is6()) {
			rec.Addr = addr
		}
		a := Answer{Question: Question{Name: name, Type: Type(typ)}, Status: Status(status % 12), TTL: ttl, Records: []Record{rec}, Chain: []Record{rec}, RCode: typ}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back Answer
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(a, back) {
			t.Errorf("%s\nwas  %+v\nback %+v", text, a, back)
		}
	})
}

func TestCounterStopsBeforeTheQuestion(t *testing.T) {
	inner := NewCounter(MustMemory(testZone), 0)
	c := NewCounter(inner, 2)
	for i, want := range []Status{Success, Success, Malformed, Malformed} {
		if a := ask(c, "example.com", TypeA); a.Status != want {
			t.Errorf("question %d: %+v", i+1, a)
		}
		if c.Exceeded() != (i >= 2) {
			t.Errorf("after question %d: exceeded %v", i+1, c.Exceeded())
		}
	}
	if c.Count() != 4 || inner.Count() != 2 {
		t.Errorf("counted %d, asked %d", c.Count(), inner.Count())
	}
}

// A recording may have been edited by hand: an answer that contradicts itself proves neither presence nor absence.
func TestReplayOfContradiction(t *testing.T) {
	q := Question{Name: "a.example", Type: TypeTXT}
	address := Record{Name: "a.example", Type: TypeA, Data: "v=spf1 +all"}
	text := Record{Name: "a.example", Type: TypeTXT, Data: "v=spf1 -all"}
	for _, c := range []struct {
		name    string
		records []Record
		want    Status
	}{{"none", nil, Malformed}, {"another type", []Record{address}, Malformed}, {"both", []Record{address, text}, Success}} {
		kept := len(c.records)
		r := NewReplayer([]Answer{{Question: q, Status: Success, Records: c.records}})
		a := r.Resolve(t.Context(), q)
		if a.Status != c.want || a.Status == Success && (len(a.Records) != 1 || a.Records[0].Data != text.Data) {
			t.Errorf("%s: %+v", c.name, a)
		}
		if len(c.records) != kept || kept > 0 && c.records[0].Type != TypeA {
			t.Errorf("%s: the recording was changed", c.name)
		}
	}
}

// TestBudget: what is known costs nothing, and what was refused stays so in a replay.
func TestBudget(t *testing.T) {
	ctx := context.Background()
	counter := NewCounter(MustMemory(Zone{"a.example": {"A 192.0.2.1"}, "b.example": {"A 192.0.2.2"}}), 0)
	rec := NewRecorder(counter)
	before := rec.Resolve(ctx, Question{Name: "a.example", Type: TypeA})
	b := NewBudget(rec, 1)
	for _, name := range []string{"a.example", "A.example.", "b.example", "c.example", "c.example", "b.example"} {
		a := b.Resolve(ctx, Question{Name: name, Type: TypeA})
		if refused := name == "c.example"; refused != (a.Status == Malformed) {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	if counter.Count() != 2 || !before.Status.Found() {
		t.Errorf("%d questions", counter.Count())
	}
	if a := NewReplayer(rec.Answers()).Resolve(ctx, Question{Name: "c.example", Type: TypeA}); a.Status != Malformed {
		t.Errorf("a replay says %s", a.Status)
	}
}
