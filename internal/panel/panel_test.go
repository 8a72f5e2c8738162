package panel

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/store"
)

var (
	admin = Who{Admin: true}
	now   = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
)

// nowhere is a world whose name servers show nothing.
type nowhere struct{}

func (nowhere) Observe(context.Context, string, string) keys.Observation {
	return keys.Observation{Zone: "example.com", Servers: []keys.Server{{Name: "ns.example.com", Has: keys.Absent}}}
}

func open(t *testing.T) *Panel {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	return New(Config{Store: st, Keys: keys.New(keys.Config{Store: st, Master: master, Observer: nowhere{}, Now: clock}), Now: clock})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

func TestName(t *testing.T) {
	for in, want := range map[string]string{
		" Example.COM. ": "example.com", "日本語.example": "xn--wgv71a119e.example", "a_b.example": "a_b.example", "a-1.co.jp": "a-1.co.jp",
		"com": "", "": "", ".": "", "a..b": "", "-a.example": "", "a-.example": "", "192.0.2.1": "", "a b.example": "", "a@b.example": "", "*.example": "", "=cmd.example": "",
		"a.example\x00": "", "a\n.example": "", "<script>.example": "", "\u202ea.example": "", "\xff.example": "", strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 130) + "example": "",
		strings.Repeat("日", 500): "", "a/b.example": "",
	} {
		got, err := Name(in)
		var bad *Invalid
		if got != want || (err == nil) != (want != "") || err != nil && !errors.As(err, &bad) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestWhoMayWhat(t *testing.T) {
	p, ctx := open(t), t.Context()
	ann, err := p.Store.AddPerson(ctx, store.Person{Name: "ann", Role: "customer"}, false)
	must(t, err)
	for _, name := range []string{"a.example", "b.example"} {
		_, err := p.Create(ctx, admin, name, Change{})
		must(t, err)
	}
	must(t, p.Give(ctx, admin, "a.example", ann.ID, true))
	her, nobody := Who{Person: ann.ID}, Who{}
	for who, want := range map[Who]int{admin: 2, her: 1, nobody: 0} {
		if list, next, err := p.List(ctx, who, "", "", 10); err != nil || len(list) != want || next != "" {
			t.Errorf("%+v: %v, %v", who, list, err)
		}
	}
	if _, err := p.Update(ctx, her, "A.example", Change{DKIM: ptr(false), Senders: &[]string{"Bob", "ann", "bob"}}); err != nil {
		t.Error(err)
	}
	d, err := p.Get(ctx, her, "a.example")
	if err != nil || d.DKIM || strings.Join(d.Senders, ",") != "ann,bob" || d.People != nil {
		t.Errorf("%+v, %v", d, err)
	}
	for name, err := range map[string]error{
		"enable":  second(p.Update(ctx, her, "a.example", Change{Disabled: ptr(true)})),
		"create":  second(p.Create(ctx, her, "c.example", Change{})),
		"remove":  p.Remove(ctx, her, "a.example"),
		"give":    p.Give(ctx, her, "b.example", ann.ID, true),
		"nobody":  second(p.Create(ctx, nobody, "c.example", Change{})),
		"nobody2": p.Remove(ctx, nobody, "a.example"),
	} {
		if !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"see": second(p.Get(ctx, her, "b.example")), "change": second(p.Update(ctx, her, "b.example", Change{DKIM: ptr(false)})), "keys": p.MakeKeys(ctx, her, "b.example"),
		"nobody sees": second(p.Get(ctx, nobody, "a.example")), "no domain": second(p.Get(ctx, admin, "../etc")), "gone": second(p.Get(ctx, admin, "gone.example")),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d, _ := p.Get(ctx, admin, "a.example"); len(d.People) != 1 {
		t.Errorf("%+v", d.People)
	}
}

func second[T any](_ T, err error) error { return err }

func TestBadChanges(t *testing.T) {
	p, ctx := open(t), t.Context()
	_, err := p.Create(ctx, admin, "a.example", Change{})
	must(t, err)
	for field, c := range map[string]Change{
		"dmarc":     {DMARC: ptr("REJECT; rua=mailto:x")},
		"senders":   {Senders: ptr([]string{"a b"})},
		"senders ":  {Senders: ptr([]string{"a\u202eb"})},
		"senders  ": {Senders: ptr(make([]string, MaxSenders+1))},
		"senders*":  {Senders: ptr([]string{strings.Repeat("a", 321)})},
	} {
		var bad *Invalid
		if _, err := p.Update(ctx, admin, "a.example", c); !errors.As(err, &bad) || bad.Field != strings.TrimRight(field, " *") || bad.Text.JA == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := p.Create(ctx, admin, "A.EXAMPLE.", Change{}); !errors.Is(err, store.ErrExists) {
		t.Error(err)
	}
}

func TestKeys(t *testing.T) {
	p, ctx := open(t), t.Context()
	_, err := p.Create(ctx, admin, "example.com", Change{})
	must(t, err)
	for range 2 { // the second time there is nothing to make
		must(t, p.MakeKeys(ctx, admin, "example.com"))
	}
	d, err := p.Get(ctx, admin, "example.com")
	must(t, err)
	if len(d.Keys) != 2 || d.Policy.Reasons[0] != ReasonNoCheck || d.Policy.Reasons[1] != ReasonKeyWaits {
		t.Fatalf("%+v", d)
	}
	for i := range d.Keys {
		k := &d.Keys[i]
		if k.Seen || k.Change == nil || len(k.Servers) != 1 || k.State != store.KeyPrepared {
			t.Errorf("%+v", k)
		}
		for _, f := range paste.Forms {
			if text := k.Written(f, "en"); !strings.Contains(text, "v=DKIM1") || strings.Contains(text, "PRIVATE") {
				t.Errorf("%s: %q", f.ID, text)
			}
		}
	}
	p.Keys = nil
	if err := p.MakeKeys(ctx, admin, "example.com"); !errors.Is(err, keys.ErrNoMaster) {
		t.Error(err)
	}
}

// checked keeps a check of example.com whose DMARC record is this, "" for none.
func checked(t *testing.T, p *Panel, record string, at time.Time) {
	t.Helper()
	zone := dns.Zone{
		"example.com":             {"MX 10 mail.example.com", "TXT v=spf1 ip4:192.0.2.25 -all", "NS ns.example.com", "SOA ns.example.com hostmaster.example.com 1 7200 900 1209600 3600"},
		"mail.example.com":        {"A 192.0.2.25"},
		"ns.example.com":          {"A 192.0.2.53"},
		"25.2.0.192.in-addr.arpa": {"PTR mail.example.com"},
	}
	if record != "" {
		zone["_dmarc.example.com"] = []string{"TXT " + record}
	}
	target, err := check.ParseTarget("example.com")
	must(t, err)
	_, e := (&check.Checker{Resolver: dns.MustMemory(zone)}).Record(t.Context(), check.Request{Target: target, Now: at, DNSOnly: true}, check.Watch{})
	b, err := e.Encode()
	must(t, err)
	must(t, p.Store.AddRun(t.Context(), &store.Run{Target: "example.com", Label: "example.com", Kind: "domain", At: at, State: store.Done, Status: "pass", Evidence: b}))
}

func TestPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		record, chosen, current, want string
		seen                          bool
		reasons                       string
	}{
		"none there":        {"", "none", "", "v=DMARC1; p=none", false, "no-key findings no-reports few-seen"},
		"stricter":          {"v=DMARC1; p=none; rua=mailto:d@example.com", "reject", "none", "v=DMARC1; p=reject; rua=mailto:d@example.com", false, "no-key findings few-seen"},
		"tags stay":         {"v=DMARC1; p=none; sp=reject; adkim=s", "quarantine", "none", "v=DMARC1; p=quarantine; sp=reject; adkim=s", false, "no-key findings no-reports few-seen"},
		"testing goes":      {"v=DMARC1; p=reject; t=y; rua=mailto:d@example.com", "reject", "reject", "v=DMARC1; p=reject; rua=mailto:d@example.com", false, "no-key findings few-seen"},
		"there":             {"v=DMARC1; p=reject; rua=mailto:d@example.com", "reject", "reject", "", true, "no-key findings few-seen"},
		"weaker":            {"v=DMARC1; p=reject; rua=mailto:d@example.com", "none", "reject", "v=DMARC1; p=none; rua=mailto:d@example.com", false, "no-key findings few-seen"},
		"nothing is chosen": {"v=DMARC1; p=reject; rua=mailto:d@example.com", "", "reject", "", false, "no-key findings few-seen"},
	} {
		t.Run(name, func(t *testing.T) {
			p, ctx := open(t), t.Context()
			_, err := p.Create(ctx, admin, "example.com", Change{DMARC: &c.chosen})
			must(t, err)
			checked(t, p, c.record, now.Add(-time.Hour))
			d, err := p.Get(ctx, admin, "example.com")
			must(t, err)
			got := ""
			if d.Policy.Change != nil {
				got = d.Policy.Change.Data[0]
				if text := d.Policy.Written(paste.Forms[2], "en"); !strings.Contains(text, c.want) {
					t.Errorf("to paste: %q", text)
				}
			}
			reasons := strings.Join(d.Policy.Reasons, " ")
			if !strings.Contains(c.reasons, "findings") || len(d.Policy.Findings) == 0 {
				reasons = strings.ReplaceAll(reasons, " findings", "")
				c.reasons = strings.ReplaceAll(c.reasons, " findings", "")
			}
			if got != c.want || d.Policy.Seen != c.seen || d.Policy.Current != c.current || reasons != c.reasons {
				t.Errorf("%q seen %t, now %q, reasons %q", got, d.Policy.Seen, d.Policy.Current, reasons)
			}
		})
	}
}

func TestOldCheck(t *testing.T) {
	p, ctx := open(t), t.Context()
	_, err := p.Create(ctx, admin, "example.com", Change{DKIM: ptr(false)})
	must(t, err)
	checked(t, p, "", now.Add(-8*24*time.Hour))
	if d, err := p.Get(ctx, admin, "example.com"); err != nil || d.Policy.Reasons[0] != ReasonOldCheck || d.Policy.Reasons[1] != ReasonDKIMOff {
		t.Errorf("%+v, %v", d.Policy.Reasons, err)
	}
}

func TestCSV(t *testing.T) {
	p, ctx := open(t), t.Context()
	_, err := p.Create(ctx, admin, "old.example", Change{DMARC: ptr("none"), Senders: &[]string{"x"}})
	must(t, err)
	done, err := p.Import(ctx, admin, strings.NewReader("\ufeffSenders,domain,dkim\r\n\"Ann '=bob\",New.example,off\r\nx,old.example,\r\n"), false)
	if err != nil || done != (Imported{Made: 1, Same: 1}) {
		t.Errorf("%+v, %v", done, err)
	}
	done, err = p.Import(ctx, admin, strings.NewReader("domain,state,dmarc,senders\nold.example,disabled,reject,'+81@x -y\n"), false)
	if err != nil || done != (Imported{Changed: 1}) {
		t.Errorf("%+v, %v", done, err)
	}
	var b strings.Builder
	must(t, p.Export(ctx, admin, &b))
	want := "domain,state,dkim,dmarc,senders,customers\r\nnew.example,enabled,off,,'=bob ann,\r\nold.example,disabled,on,reject,'+81@x -y,\r\n"
	if got := strings.ReplaceAll(b.String(), "''=bob", "'=bob"); got != want {
		t.Errorf("%q", b.String())
	}
	done, err = p.Import(ctx, admin, strings.NewReader(b.String()), false) // what was written changes nothing
	if err != nil || done != (Imported{Same: 2}) {
		t.Errorf("%+v, %v\n%s", done, err, b.String())
	}
}

// TestSplitLogins: a login counts however far it stands from others. None at all would let everybody send.
func TestSplitLogins(t *testing.T) {
	if got := SplitLogins(strings.Repeat(" ", 100_000) + "alice,\n;bob"); !slices.Equal(got, []string{"alice", "bob"}) {
		t.Errorf("%q", got)
	}
	if got := SplitLogins(strings.Repeat("a ", 5000)); len(got) != MaxSenders+1 {
		t.Errorf("%d", len(got))
	}
	if got := SplitLogins(" ,\n"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestHarmless(t *testing.T) {
	for _, cell := range []string{"", "a", "=1+1", "+1", "-1", "@x", "\tx", "＝1", "'", "''", "'=x", "''=x", "a=b", "'a", "=\xffx"} {
		got := harmless(cell)
		if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r") || asWritten(got) != cell {
			t.Errorf("%q: %q, read as %q", cell, got, asWritten(got))
		}
	}
}

func TestBadFiles(t *testing.T) {
	p, ctx := open(t), t.Context()
	many := func(n int) string {
		var b strings.Builder
		b.WriteString("domain\n")
		for i := range n {
			fmt.Fprintf(&b, "d%d.example\n", i)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		file string
		line int
	}{
		"empty": {"", 0}, "no domain": {"dkim\non\n", 1}, "another column": {"domain,password\na.example,x\n", 1}, "twice the column": {"domain,domain\n", 1},
		"bad name": {"domain\na.example\n=cmd|' /C calc'!A0\n", 3}, "bad state": {"domain,state\na.example,maybe\n", 2}, "bad policy": {"domain,dmarc\na.example,p=reject\n", 2},
		"quotes": {"domain\na.example\n\"b.example\n", 3}, "more cells": {"domain\na.example,x\n", 2}, "an open quotation mark": {"domain,senders\na.example,\"x\nb.example,y\nc.example,z\n", 2}, "twice": {"domain\na.example\nA.example.\n", 3}, "UTF-16": {"\xff\xfed\x00o\x00", 0},
		"100,000 lines": {many(100_000), 0}, "5 MiB": {"domain\n" + strings.Repeat("x", 5<<20), 0}, "many logins": {"domain,senders\na.example," + strings.Repeat("u ", 1000) + "\n", 2},
	} {
		var bad *Invalid
		if done, err := p.Import(ctx, admin, strings.NewReader(c.file), false); !errors.As(err, &bad) || bad.Line != c.line || done != (Imported{}) {
			t.Errorf("%s: %+v %v (line %+v)", name, done, err, bad)
		}
	}
	if n, _ := p.Store.CountDomains(ctx); n != 0 {
		t.Errorf("%d domains were made", n)
	}
	if done, err := p.Import(ctx, admin, strings.NewReader(many(MaxLines)), false); err != nil || done.Made != MaxLines {
		t.Errorf("%+v, %v", done, err)
	}
	list, next, err := p.List(ctx, admin, "d99", "", 50)
	if err != nil || len(list) != 50 || next != list[49].Name {
		t.Errorf("%d %q %v", len(list), next, err)
	}
}

// TestFilesAtOneTime: of two files about the same domains one is taken after the other, and not a part of either.
func TestFilesAtOneTime(t *testing.T) {
	p, ctx := open(t), t.Context()
	const lines = 2500 // more than are read at once
	for _, name := range []string{"her", "him"} {
		_, err := p.Store.AddPerson(ctx, store.Person{Name: name, Role: access.Customer}, false)
		must(t, err)
	}
	file := func(dkim string, customers ...string) string {
		var b strings.Builder
		b.WriteString("domain,dkim,customers\n")
		for i := range lines {
			fmt.Fprintf(&b, "d%d.example,%s,%s\n", i, dkim, customers[i%len(customers)])
		}
		return b.String()
	}
	on, off := file("on", "her"), file("off", "him")
	for round := range 12 {
		_, err := p.Import(ctx, admin, strings.NewReader(file("on", "her", "him")), false)
		must(t, err)
		var wg sync.WaitGroup
		for _, text := range []string{on, off, on, off} {
			wg.Go(func() {
				if _, err := p.Import(ctx, admin, strings.NewReader(text), false); err != nil && !errors.Is(err, store.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, err := p.Store.Domains(ctx, "", "", "", lines)
		must(t, err)
		whose, err := p.CustomersOf(ctx, admin, list)
		must(t, err)
		signs, hers := 0, 0
		for _, d := range list {
			if d.DKIM {
				signs++
			}
			if whose[d.Name][0] == "her" {
				hers++
			}
		}
		if len(list) != lines || signs != 0 && signs != lines || hers != signs {
			t.Fatalf("round %d: of %d domains %d sign and %d are hers, which is as neither file says", round, len(list), signs, hers)
		}
	}
}

// TestWideFiles: a line that is too long, or has too many cells, is refused before anything is made of it.
func TestWideFiles(t *testing.T) {
	commas := strings.Repeat(",", MaxFile-1000)
	for name, c := range map[string]struct {
		file string
		line int
	}{
		"commas": {commas, 1}, "commas behind a line": {"domain\na.example\n" + commas, 3}, "over many lines": {"domain\n" + strings.Repeat(",,\"\n\"", MaxLines/2), 2},
		"a long cell": {"domain,senders\na.example," + strings.Repeat("a ", maxLine), 2}, "an open quotation mark": {"domain,senders\na.example,\"a\n" + strings.Repeat("b.example,x\n", MaxLines-9), 2},
	} {
		var bad *Invalid
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := readFile([]byte(c.file), columns, "domain", readLine, func(l line) string { return l.name })
		runtime.ReadMemStats(&after)
		if !errors.As(err, &bad) || bad.Line != c.line || !strings.Contains(bad.Text.EN, "too long") {
			t.Errorf("%s: %v", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 3*MaxFile {
			t.Errorf("%s: %d octets were allocated", name, n)
		}
	}
	logins := make([]string, MaxSenders)
	for i := range logins {
		logins[i] = strings.Repeat("a", maxLogin-20) + fmt.Sprint("-", i, "@a.example")
	}
	lines, bad, err := readFile([]byte("domain,senders,customers\na.example,\""+strings.Join(logins, "\n")+"\",\"a,b\"\n"), columns, "domain", readLine, func(l line) string { return l.name })
	if err != nil || bad.err() != nil || len(lines) != 1 || len(*lines[0].change.Senders) != MaxSenders {
		t.Errorf("%d lines, %v, %v", len(lines), bad, err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("domain,state\na.example,enabled\n")
	f.Add("domain,senders\na.example,\"'=x y\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, _, err := readFile([]byte(text), columns, "domain", readLine, func(l line) string { return l.name })
		var bad *Invalid
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		for _, l := range lines {
			if again, err := Name(l.name); err != nil || again != l.name {
				t.Errorf("%q: %q, %v", l.name, again, err)
			}
		}
	})
}

func TestRules(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := NewRules(p.Store, nil)
	if r.For("a.example", "x") != Sign {
		t.Error("before anything is known")
	}
	for name, c := range map[string]Change{
		"on.example": {}, "off.example": {DKIM: ptr(false)}, "gone.example": {Disabled: ptr(true), DKIM: ptr(false)},
		"some.example": {Senders: &[]string{"Ann", "bob@some.example"}}, "free.some.example": {},
	} {
		_, err := p.Create(ctx, admin, name, c)
		must(t, err)
	}
	must(t, r.Refresh(ctx))
	for _, c := range []struct {
		domain, login string
		want          Verdict
	}{
		{"on.example", "", Sign}, {"other.example", "x", Sign}, {"example", "", Sign}, {"", "", Sign}, {"off.example", "ann", Off}, {"gone.example", "ann", Disabled},
		{"some.example", "ANN", Sign}, {"some.example", "bob@some.example", Sign}, {"some.example", "eve", Sender}, {"some.example", "", Sender},
		{"below.some.example", "eve", Sender}, {"x.free.some.example", "eve", Sign}, {"notsome.example", "eve", Sign},
	} {
		if got := r.For(c.domain, c.login); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.domain, c.login, got, c.want)
		}
	}
	_, err := p.Update(ctx, admin, "off.example", Change{DKIM: ptr(true)})
	must(t, err)
	must(t, r.Refresh(ctx))
	if r.For("off.example", "") != Sign {
		t.Error("a change was not noticed")
	}
}

// TestPublicSuffix: nobody's domain is one under which everybody registers theirs; a suffix that is somebody's own may be, and what is there already can be changed.
func TestPublicSuffix(t *testing.T) {
	p, ctx := open(t), t.Context()
	for _, name := range []string{"co.jp", "CO.UK.", "tokyo.jp", "xn--55qx5d.cn", "公司.cn", "anything.ck"} {
		var bad *Invalid
		if _, err := p.Create(ctx, admin, name, Change{}); !errors.As(err, &bad) || bad.Field != "name" || !strings.Contains(bad.Text.EN, "public suffix") || !strings.Contains(bad.Text.JA, "パブリックサフィックス") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := p.Import(ctx, admin, strings.NewReader("domain\n"+name+"\n"), true); err == nil || !strings.Contains(err.Error(), "line 2: name: ") {
			t.Errorf("%s in a file: %v", name, err)
		}
	}
	for _, name := range []string{"example.co.jp", "github.io", "www.ck", "new.example", "a.b.example"} {
		if _, err := p.Create(ctx, admin, name, Change{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, p.Store.SetDomains(ctx, &store.Domain{Name: "co.jp", DKIM: true}))
	if _, err := p.Import(ctx, admin, strings.NewReader("domain,state\nco.jp,disabled\n"), false); err != nil {
		t.Errorf("one that is there: %v", err)
	}
}
