package dns

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func change(action Action, name string, t Type, data []string, was ...string) Change {
	return Change{Action: action, Name: name, Type: t, TTL: 60, Data: data, Was: was}
}

// changeCases are what a change does to a zone, by Memory.Apply and by Overlay alike.
var changeCases = []struct {
	name   string
	change Change
	ask    string
	typ    Type
	want   string
}{
	{"add beside", change(Add, "example.com.", TypeTXT, []string{"new"}), "example.com", TypeTXT, "success v=spf1 mx  -all  | two strings\"\xf0 | new"},
	{"add what is there", change(Add, "example.com", TypeA, []string{"192.0.2.1"}), "example.com", TypeA, "success 192.0.2.1"},
	{"add a new name", change(Add, "new.example.com", TypeA, []string{"192.0.2.9"}), "NEW.example.com", TypeA, "success 192.0.2.9"},
	{"other types of a new name", change(Add, "new.example.com", TypeA, []string{"192.0.2.9"}), "new.example.com", TypeTXT, "no-data"},
	{"parents of a new name exist", change(Add, "x.y.new.example.com", TypeA, []string{"192.0.2.9"}), "new.example.com", TypeTXT, "no-data"},
	{"replace all of a type", change(Replace, "example.com", TypeTXT, []string{"v=spf1 ~all"}), "example.com", TypeTXT, "success v=spf1 ~all"},
	{"replace leaves other types", change(Replace, "example.com", TypeTXT, []string{"x"}), "example.com", TypeA, "success 192.0.2.1"},
	{"replace with nothing", change(Replace, "example.com", TypeTXT, nil), "example.com", TypeTXT, "no-data"},
	{"replace one", change(Replace, "example.com", TypeTXT, []string{"v=spf1 ~all"}, "v=spf1 mx  -all "), "example.com", TypeTXT, "success two strings\"\xf0 | v=spf1 ~all"},
	{"replace what is not there", change(Replace, "example.com", TypeTXT, []string{"x"}, "v=spf1 other"), "example.com", TypeTXT, "success v=spf1 mx  -all  | two strings\"\xf0"},
	{"replace: one is there, one is not", change(Replace, "example.com", TypeMX, []string{"5 new.example.com."}, "20 MX2.example.com", "30 gone.example.com."), "example.com", TypeMX, "success 10 mx.example.com. | 5 new.example.com."},
	{"replace text that is not UTF-8, from JSON", change(Replace, "example.com", TypeTXT, []string{"x"}, "two strings\"\ufffd"), "example.com", TypeTXT, "success v=spf1 mx  -all  | x"},
	{"replace puts away a CNAME", change(Replace, "alias.example.com", TypeTXT, []string{"x"}), "alias.example.com", TypeTXT, "success x"},
	{"the CNAME is gone for other types too", change(Replace, "alias.example.com", TypeTXT, []string{"x"}), "alias.example.com", TypeA, "no-data"},
	{"replace a CNAME", change(Replace, "alias.example.com", TypeCNAME, []string{"v6.example.com."}), "alias.example.com", TypeAAAA, "success alias.example.com>v6.example.com | 2001:db8::1"},
	{"add does not put away a CNAME", change(Add, "alias.example.com", TypeA, []string{"192.0.2.9"}), "alias.example.com", TypeA, "success alias.example.com>example.com | 192.0.2.1"},
	{"a new CNAME", change(Add, "new.example.com", TypeCNAME, []string{"alias.example.com."}), "new.example.com", TypeA, "success new.example.com>alias.example.com | alias.example.com>example.com | 192.0.2.1"},
	{"a new loop", change(Replace, "example.com", TypeCNAME, []string{"alias.example.com"}), "alias2.example.com", TypeSPF, "malformed"},
	{"through a chain", change(Replace, "example.com", TypeA, []string{"192.0.2.8"}), "alias2.example.com", TypeA, "success alias2.example.com>alias.example.com | alias.example.com>example.com | 192.0.2.8"},
	{"remove one", change(Remove, "example.com", TypeMX, nil, "20 mx2.example.com."), "example.com", TypeMX, "success 10 mx.example.com."},
	{"remove what is not there", change(Remove, "example.com", TypeMX, nil, "21 mx2.example.com."), "example.com", TypeMX, "success 10 mx.example.com. | 20 mx2.example.com."},
	{"remove all of a type", change(Remove, "v6.example.com", TypeAAAA, nil, "2001:DB8:0::1"), "example.com", TypeAAAA, "no-data"},
	{"a name of its own blocks the wildcard", change(Add, "q.wild.example.com", TypeTXT, []string{"own"}), "q.wild.example.com", TypeTXT, "success own"},
	{"also for other types", change(Add, "q.wild.example.com", TypeTXT, []string{"own"}), "q.wild.example.com", TypeMX, "no-data"},
	{"also two levels down", change(Add, "q.r.wild.example.com", TypeTXT, []string{"own"}), "q.r.wild.example.com", TypeTXT, "success own"},
	{"also a CNAME wildcard", change(Add, "q.cw.example.com", TypeTXT, []string{"own"}), "q.cw.example.com", TypeTXT, "success own"},
	{"nothing is added: the wildcard still covers", change(Replace, "q.wild.example.com", TypeTXT, []string{"own"}, "other"), "q.wild.example.com", TypeTXT, "success wild"},
	{"beneath a wildcard, but with records of its own", change(Add, "x.wild.example.com", TypeA, []string{"192.0.2.9"}), "x.wild.example.com", TypeA, "success 192.0.2.3 | 192.0.2.9"},
	{"the wildcard itself", change(Replace, "*.wild.example.com", TypeTXT, []string{"changed"}), "*.wild.example.com", TypeTXT, "success changed"},
	{"a CAA record", change(Replace, "caa.example.com", TypeCAA, []string{`0 issue "other.example"`}, `0   issue  "ca.example"`), "caa.example.com", TypeCAA, `success 0 issue "other.example"`},
	{"text that looks quoted", change(Add, "new.example.com", TypeTXT, []string{`"a" "b"`}), "new.example.com", TypeTXT, `success "a" "b"`},
	{"a name no change touches", change(Add, "new.example.com", TypeA, []string{"192.0.2.9"}), "gone.example.com", TypeA, "nxdomain"},
}

func TestMemoryApply(t *testing.T) {
	for _, c := range changeCases {
		m := MustMemory(testZone)
		for range 2 { // a change made twice is a change made once
			if err := m.Apply(c.change); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if got := show(ask(m, c.ask, c.typ)); !strings.HasPrefix(got, c.want) || c.want != "malformed" && got != c.want {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
	}
}

func TestOverlay(t *testing.T) {
	for _, c := range changeCases {
		base := MustMemory(testZone)
		before := show(ask(base, c.ask, c.typ))
		a := ask(Overlay(base, c.change), c.ask, c.typ)
		if got := show(a); !strings.HasPrefix(got, c.want) || c.want != "malformed" && got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if a.Question.Name != c.ask || len(a.Chain) > MaxChain+1 {
			t.Errorf("%s: question %q, chain of %d", c.name, a.Question.Name, len(a.Chain))
		}
		if after := show(ask(base, c.ask, c.typ)); after != before {
			t.Errorf("%s: the base changed", c.name)
		}
	}
}

func TestMemoryApplyAllOrNothing(t *testing.T) {
	m := MustMemory(testZone)
	err := m.Apply(change(Add, "new.example.com", TypeA, []string{"192.0.2.9"}), change(Add, "new.example.com", TypeA, []string{"nonsense"}))
	if err == nil || !strings.Contains(err.Error(), "change 2") {
		t.Errorf("error %v", err)
	}
	if a := ask(m, "new.example.com", TypeA); a.Status != NXDomain {
		t.Errorf("got %+v", a)
	}
}

// A name that loses its last record is gone, and so are its empty parents.
func TestMemoryApplyRemovesNames(t *testing.T) {
	m := MustMemory(Zone{"a.b.example": {"A 192.0.2.1"}, "example": {"TXT x"}})
	if err := m.Apply(change(Remove, "a.b.example", TypeA, nil, "192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.b.example", "b.example"} {
		if a := ask(m, name, TypeA); a.Status != NXDomain {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	if n := len(m.Records()); n != 1 {
		t.Errorf("%d records", n)
	}
}

// What cannot be seen stays a failure, unless the change alone decides.
func TestOverlayOverFailures(t *testing.T) {
	base := MustMemory(Zone{"a.example": {"SERVFAIL"}})
	if a := ask(Overlay(base, change(Add, "a.example", TypeTXT, []string{"x"})), "a.example", TypeTXT); a.Status != ServFail {
		t.Errorf("add: %+v", a)
	}
	o := Overlay(base, change(Replace, "a.example", TypeTXT, []string{"x"}))
	if a := ask(o, "a.example", TypeTXT); a.Status != Success || a.TTL != 60 || a.Detail != "" {
		t.Errorf("replace: %+v", a)
	}
	if a := ask(o, "a.example", TypeA); a.Status != ServFail {
		t.Errorf("another type: %+v", a)
	}
	if a := ask(o, "a..b", TypeA); a.Status != BadName {
		t.Errorf("bad name: %+v", a)
	}
}

func TestOverlayOfSeveralChangesInOrder(t *testing.T) {
	o := Overlay(MustMemory(testZone),
		change(Replace, "example.com", TypeTXT, nil),
		change(Add, "EXAMPLE.com.", TypeTXT, []string{"b", "a"}),
		change(Remove, "example.com", TypeTXT, nil, "b"))
	if got := show(ask(o, "example.com", TypeTXT)); got != "success a" {
		t.Errorf("got %q", got)
	}
}

func TestChangeValidate(t *testing.T) {
	for _, c := range []Change{
		{}, {Action: "publish", Name: "a.example", Type: TypeA, Data: []string{"192.0.2.1"}},
		change(Add, "a..b", TypeA, []string{"192.0.2.1"}), change(Add, "a.example", TypeA, nil),
		change(Remove, "a.example", TypeA, nil), change(Replace, "a.example", TypeA, []string{"2001:db8::1"}),
		change(Add, "a.example", TypeMX, []string{"mx.example."}),
	} {
		if c.Validate() == nil {
			t.Errorf("%+v is valid", c)
		}
	}
}

func TestChangeJSON(t *testing.T) {
	got, err := json.Marshal([]Change{
		change(Replace, "example.com", TypeTXT, []string{"v=spf1 -all"}, "v=spf1 +all"),
		{Action: Remove, Name: "a.example.", Type: 65280, Was: []string{"x"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"action":"replace","name":"example.com.","type":"TXT","ttl":60,"data":["v=spf1 -all"],"was":["v=spf1 +all"]},` +
		`{"action":"remove","name":"a.example.","type":"TYPE65280","ttl":0,"data":[],"was":["x"]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back []Change
	if err := json.Unmarshal(got, &back); err != nil || back[0].Type != TypeTXT || back[1].Type != 65280 || back[0].Name != "example.com." {
		t.Errorf("back: %+v, %v", back, err)
	}
}

// TestChangeJSONRaw: text stays as it is published where the encoder says so.
func TestChangeJSONRaw(t *testing.T) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(change(Add, "example.com", TypeTXT, []string{"a<b>&c"})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"data":["a<b>&c"]`) {
		t.Errorf("got %s", b.String())
	}
}

func TestWhatIf(t *testing.T) {
	var recs []Record
	for _, line := range []string{
		`example.com. 300 IN TXT "v=spf1 -all"`, `Example.com TXT another`, `example.com. MX 10 mx.example.net.`,
	} {
		rec, err := ParseRR(line)
		if err != nil {
			t.Fatal(err)
		}
		recs = append(recs, rec)
	}
	want := []Change{
		{Action: Replace, Name: "example.com", Type: TypeTXT, TTL: 300, Data: []string{"v=spf1 -all", "another"}},
		{Action: Replace, Name: "example.com", Type: TypeMX, TTL: DefaultTTL, Data: []string{"10 mx.example.net."}},
	}
	if got := WhatIf(recs); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}
