package panel

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
)

// forwarding is a panel with domains a.example and b.example; her has a.example.
func forwarding(t *testing.T) (p *Panel, her Who) {
	t.Helper()
	p, ctx := open(t), t.Context()
	for _, name := range []string{"a.example", "b.example"} {
		_, err := p.Create(ctx, admin, name, Change{})
		must(t, err)
	}
	person, err := p.Store.AddPerson(ctx, store.Person{Name: "her", Role: access.Customer}, false)
	must(t, err)
	must(t, p.Give(ctx, admin, "a.example", person.ID, true))
	return p, Who{Person: person.ID}
}

func TestForwards(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	f, err := p.SetForward(ctx, her, "A.example", ForwardRequest{Address: " Info@A.EXAMPLE. ", To: []string{"Me@Else.example", "me@else.example", "", "x@日本.example"}, Keep: true})
	if err != nil || f.Address() != "info@a.example" || strings.Join(f.Targets, " ") != "Me@else.example x@xn--wgv71a.example" || !f.Keep || f.Changed.IsZero() {
		t.Errorf("%+v, %v", f, err)
	}
	for _, address := range []string{"@a.example", "x", "o'neil+a.b@a.example"} {
		if _, err := p.SetForward(ctx, her, "a.example", ForwardRequest{Address: address, To: []string{"me@else.example"}}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	list, next, err := p.Forwards(ctx, her, "a.example", "", 2)
	if err != nil || len(list) != 2 || list[0].Address() != "@a.example" || next != "info@a.example" {
		t.Errorf("%+v, %q, %v", list, next, err)
	}
	if list, next, err = p.Forwards(ctx, her, "a.example", next, 2); err != nil || len(list) != 2 || next != "" {
		t.Errorf("%+v, %q, %v", list, next, err)
	}
	if _, err := p.SetForward(ctx, her, "a.example", ForwardRequest{Address: "x"}); err != nil {
		t.Error(err)
	}
	if list, _, err := p.Forwards(ctx, admin, "a.example", "", 9); err != nil || len(list) != 3 {
		t.Errorf("%+v, %v", list, err)
	}
	for name, err := range map[string]error{
		"a stranger's":      second(p.SetForward(ctx, her, "b.example", ForwardRequest{Address: "x", To: []string{"me@else.example"}})),
		"nobody":            second(p.SetForward(ctx, Who{}, "a.example", ForwardRequest{Address: "x", To: []string{"me@else.example"}})),
		"a stranger's list": third(p.Forwards(ctx, her, "b.example", "", 9)),
		"none":              second(p.SetForward(ctx, admin, "none.example", ForwardRequest{Address: "x", To: []string{"me@else.example"}})),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }

// TestForwardTakenWhileLooking: what is looked at while somebody has a domain is not kept once they have it no longer.
func TestForwardTakenWhileLooking(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	since, err := p.Store.ForwardsChanges(ctx)
	must(t, err)
	f := store.Forward{Domain: "a.example", Local: "x", Targets: []string{"me@else.example"}}
	must(t, p.Remove(ctx, admin, "a.example"))
	must(t, second(p.Create(ctx, admin, "a.example", Change{})))
	if err := p.keepForwards(ctx, her, since, f); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if n, err := p.Store.CountForwards(ctx, ""); err != nil || n != 0 {
		t.Errorf("%d are kept, %v", n, err)
	}
}

func TestBadForwards(t *testing.T) {
	p, ctx := open(t), t.Context()
	_, err := p.Create(ctx, admin, "a.example", Change{})
	must(t, err)
	ok := []string{"me@else.example"}
	for name, c := range map[string]struct {
		q     ForwardRequest
		field string
	}{
		"nothing": {ForwardRequest{To: ok}, "address"}, "another domain": {ForwardRequest{Address: "x@b.example", To: ok}, "address"}, "quotes": {ForwardRequest{Address: `"a b"@a.example`, To: ok}, "address"},
		"dots": {ForwardRequest{Address: "a..b", To: ok}, "address"}, "long": {ForwardRequest{Address: strings.Repeat("a", 65), To: ok}, "address"}, "SRS": {ForwardRequest{Address: "SRS0=HHH=TT=x=y@a.example", To: ok}, "address"},
		"control": {ForwardRequest{Address: "a\r\nb", To: ok}, "address"}, "not ASCII": {ForwardRequest{Address: "é", To: ok}, "address"},
		"itself": {ForwardRequest{Address: "x", To: []string{"X@A.example."}}, "to"}, "all to itself": {ForwardRequest{Address: "@a.example", To: []string{"new@a.example"}}, "to"},
		"no address": {ForwardRequest{Address: "x", To: []string{"root"}}, "to"}, "command": {ForwardRequest{Address: "x", To: []string{"|cat@else.example"}}, "to"}, "file": {ForwardRequest{Address: "x", To: []string{"/etc/passwd"}}, "to"},
		"option": {ForwardRequest{Address: "x", To: []string{"-oQ@else.example"}}, "to"}, "include": {ForwardRequest{Address: "x", To: []string{":include:/etc/passwd@else.example"}}, "to"}, "list": {ForwardRequest{Address: "x", To: []string{"a@else.example,b@else.example"}}, "to"},
		"address literal": {ForwardRequest{Address: "x", To: []string{"a@[127.0.0.1]"}}, "to"}, "numbers": {ForwardRequest{Address: "x", To: []string{"a@127.0.0.1"}}, "to"}, "route": {ForwardRequest{Address: "x", To: []string{"a%b@c@d.example"}}, "to"}, "percent": {ForwardRequest{Address: "x", To: []string{"x%a.example@d.example"}}, "to"}, "bang": {ForwardRequest{Address: "x", To: []string{"a.example!x@d.example"}}, "to"},
		"many": {ForwardRequest{Address: "x", To: make([]string, MaxTargets+1)}, "to"}, "all keep": {ForwardRequest{Address: "@a.example", To: ok, Keep: true}, "keep"},
	} {
		var bad *Invalid
		if _, err := p.SetForward(ctx, admin, "a.example", c.q); !errors.As(err, &bad) || bad.Field != c.field || bad.Text.JA == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, _ := p.Store.CountForwards(ctx, ""); n != 0 {
		t.Errorf("%d are kept", n)
	}
}

// TestForwardLoops: mail never comes back to where it began, over however many domains, extensions and entries for all others.
func TestForwardLoops(t *testing.T) {
	p, _ := forwarding(t)
	ctx := t.Context()
	set := func(address string, to ...string) error {
		_, domain, _ := strings.Cut(address, "@")
		_, err := p.SetForward(ctx, admin, domain, ForwardRequest{Address: address, To: to})
		return err
	}
	must(t, set("one@a.example", "two@b.example"))
	must(t, set("two@b.example", "three@a.example", "x@else.example"))
	for _, c := range [][]string{{"three@a.example", "one@a.example"}, {"three@a.example", "ok@else.example", "two@b.example"}, {"@a.example", "two@b.example"}, {"three@a.example", "one+tag@a.example"}} {
		var bad *Invalid
		if err := set(c[0], c[1:]...); !errors.As(err, &bad) || bad.Field != "to" {
			t.Errorf("%v: %v", c, err)
		}
	}
	must(t, set("@b.example", "one@a.example")) // two@b.example has its own
	must(t, set("three@a.example", "end@else.example"))
	must(t, set("@a.example", "two@b.example")) // three@a.example has its own by now
	for i := range 30 {                         // a long way is one all the same
		must(t, set(fmt.Sprintf("s%d@b.example", i), fmt.Sprintf("s%d@b.example", i+1)))
	}
	if err := set("s30@b.example", "s0@b.example"); err == nil {
		t.Error("a loop of thirty")
	}
}

// TestForwardLoopByRemoval: an address that is taken away is one of all others, whose mail may lead back to it.
func TestForwardLoopByRemoval(t *testing.T) {
	p, _ := forwarding(t)
	ctx := t.Context()
	for _, q := range []ForwardRequest{{Address: "end@a.example", Keep: true}, {Address: "base@a.example", To: []string{"two@b.example"}}, {Address: "base+x@a.example", Keep: true}, {Address: "@a.example", To: []string{"one@b.example"}},
		{Address: "one@b.example", To: []string{"end@a.example"}}, {Address: "two@b.example", To: []string{"base+x@a.example"}}} {
		_, domain, _ := strings.Cut(q.Address, "@")
		_, err := p.SetForward(ctx, admin, domain, q)
		must(t, err)
	}
	for _, address := range []string{"end@a.example", "base+x@a.example"} {
		var bad *Invalid
		if _, err := p.SetForward(ctx, admin, "a.example", ForwardRequest{Address: address}); !errors.As(err, &bad) {
			t.Errorf("%s: %v", address, err)
		}
		var all *Faults
		if _, err := p.ImportForwards(ctx, admin, strings.NewReader("address\n"+address+"\n"), false); !errors.As(err, &all) {
			t.Errorf("%s from a file: %v", address, err)
		}
	}
	for _, address := range []string{"@a.example", "end@a.example"} { // first what leads to it
		if _, err := p.SetForward(ctx, admin, "a.example", ForwardRequest{Address: address}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestForwardLoopAtOnce: of two changes at the same moment that lead to each other one is refused.
func TestForwardLoopAtOnce(t *testing.T) {
	p, _ := forwarding(t)
	for i := range 20 {
		var wg sync.WaitGroup
		ways := [2][2]string{{"a.example", "b.example"}, {"b.example", "a.example"}}
		errs := make([]error, 2)
		for n, way := range ways {
			wg.Go(func() {
				_, errs[n] = p.SetForward(t.Context(), admin, way[0], ForwardRequest{Address: fmt.Sprint("x", i), To: []string{fmt.Sprint("x", i, "@", way[1])}})
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("%v, %v", errs[0], errs[1])
		}
	}
}

// TestForwardFilesAtOnce: a file that meets a change of somebody else is looked at again, and what changes nothing disturbs nobody.
func TestForwardFilesAtOnce(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	for i := range 20 {
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for n, domain := range []string{"a.example", "b.example"} {
			wg.Go(func() {
				errs[n] = second(p.ImportForwards(ctx, admin, strings.NewReader(fmt.Sprintf("address,to\nx%d@%s,me@else.example\n", i, domain)), false))
			})
		}
		wg.Wait()
		must(t, errors.Join(errs...))
	}
	since, err := p.Store.ForwardsChanges(ctx)
	must(t, err)
	must(t, second(p.SetForward(ctx, her, "a.example", ForwardRequest{Address: "x0", To: []string{"me@else.example"}})))
	if n, err := p.Store.ForwardsChanges(ctx); err != nil || n != since {
		t.Errorf("%d changes, then %d, %v", since, n, err)
	}
}

func TestForwardBounds(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	var b strings.Builder
	b.WriteString("address,to\n")
	for i := range MaxForwards {
		fmt.Fprintf(&b, "u%d@a.example,me@else.example\n", i)
	}
	done, err := p.ImportForwards(ctx, her, strings.NewReader(b.String()), true)
	if err != nil || done.Made != MaxForwards {
		t.Errorf("%+v, %v", done, err)
	}
	if n, _ := p.Store.CountForwards(ctx, ""); n != 0 {
		t.Errorf("a dry run kept %d", n)
	}
	if done, err = p.ImportForwards(ctx, her, strings.NewReader(b.String()), false); err != nil || done.Made != MaxForwards {
		t.Errorf("%+v, %v", done, err)
	}
	var bad *Invalid
	if _, err := p.SetForward(ctx, her, "a.example", ForwardRequest{Address: "more", Keep: true}); !errors.As(err, &bad) {
		t.Error(err)
	}
	if _, err := p.SetForward(ctx, her, "a.example", ForwardRequest{Address: "u1", Keep: true}); err != nil { // it is there
		t.Error(err)
	}
}

func TestForwardCSV(t *testing.T) {
	p, her := forwarding(t)
	ctx := t.Context()
	file := "address,to,keep\ninfo@a.example,me@else.example you@else.example,yes\n'@a.example,all@else.example,\nann@A.example,,yes\n"
	done, err := p.ImportForwards(ctx, her, strings.NewReader(file), false)
	if err != nil || done != (Imported{Made: 3}) {
		t.Fatalf("%+v, %v", done, err)
	}
	var b strings.Builder
	must(t, p.ExportForwards(ctx, her, &b))
	if want := "address,to,keep\r\n'@a.example,all@else.example,no\r\nann@a.example,,yes\r\ninfo@a.example,me@else.example you@else.example,yes\r\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	if done, err = p.ImportForwards(ctx, her, strings.NewReader(b.String()), false); err != nil || done != (Imported{Same: 3}) { // what was written changes nothing
		t.Errorf("%+v, %v", done, err)
	}
	if done, err = p.ImportForwards(ctx, her, strings.NewReader("address\nann@a.example\nnone@a.example\n"), false); err != nil || done != (Imported{Changed: 1, Same: 1}) {
		t.Errorf("%+v, %v", done, err)
	}
	for name, c := range map[string]struct {
		file  string
		lines string
	}{
		"each fault": {"address,to\nx@a.example,bad\nx@b.example,me@else.example\n,me@else.example\nx@a.example,y@a.example\ny@a.example,x@a.example\n", "2 3 4 5 6"},
		"twice":      {"address,to\nx@a.example,me@else.example\nX@a.example,me@else.example\n", "3"},
		"keep":       {"address,keep\nx@a.example,maybe\n", "2"}, "columns": {"address,password\n", "1"},
	} {
		_, err := p.ImportForwards(ctx, her, strings.NewReader(c.file), false)
		var all *Faults
		var one *Invalid
		lines := ""
		if errors.As(err, &all) {
			for _, f := range all.List {
				lines += fmt.Sprint(f.Line, " ")
			}
		} else if errors.As(err, &one) {
			lines = fmt.Sprint(one.Line)
		}
		if strings.TrimSpace(lines) != c.lines {
			t.Errorf("%s: %q (%v)", name, lines, err)
		}
	}
	var many strings.Builder
	many.WriteString("address,to\n" + strings.Repeat("x,bad\n", 5000))
	var all *Faults
	if _, err := p.ImportForwards(ctx, her, strings.NewReader(many.String()), false); !errors.As(err, &all) || len(all.List) != maxFaults || all.More != 5000-maxFaults {
		t.Errorf("%v", err)
	}
}

func TestAliases(t *testing.T) {
	p, _ := forwarding(t)
	ctx := t.Context()
	a := NewAliases(p.Store, nil)
	if _, ok := a.Lookup(TableAlias, "x@a.example"); ok {
		t.Error("before anything is known")
	}
	for _, q := range []ForwardRequest{
		{"info@a.example", []string{"me@else.example", "you@else.example"}, true}, {"@a.example", []string{"All@else.example"}, false}, {"ann@a.example", nil, true}, {"only@b.example", []string{"me@else.example"}, false},
	} {
		_, domain, _ := strings.Cut(q.Address, "@")
		_, err := p.SetForward(ctx, admin, domain, q)
		must(t, err)
	}
	must(t, a.Refresh(ctx))
	for _, c := range []struct{ table, key, want string }{
		{TableAlias, "Info@A.example", "info@a.example, me@else.example, you@else.example"}, {TableAlias, "@a.example", "All@else.example"}, {TableAlias, "ann@a.example", "ann@a.example"},
		{TableAlias, "x@a.example", ""}, {TableAlias, "info", ""}, {TableAlias, "", ""}, {TableAlias, strings.Repeat("a", 4000), ""}, {"forward", "info@a.example", ""},
		{TableAliasDomain, "b.example", "b.example"}, {TableAliasDomain, "a.example", ""}, {TableAliasDomain, "c.example", ""},
	} {
		if got, ok := a.Lookup(c.table, c.key); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s %s: %q, %t", c.table, c.key, got, ok)
		}
	}
	for _, c := range []struct {
		address, to string
		ok          bool
	}{
		{"INFO@a.example", "", true}, {"info+tag@a.example", "", true}, {"x@a.example", "All@else.example", true}, {"ann@a.example", "", false}, {"ONLY@B.example", "me@else.example", true}, {"x@b.example", "", false}, {"x", "", false},
	} {
		if to, ok := a.Leaves(c.address); to != c.to || ok != c.ok {
			t.Errorf("%s: %q, %t", c.address, to, ok)
		}
	}
	_, err := p.Update(ctx, admin, "b.example", Change{Disabled: ptr(true)})
	must(t, err)
	must(t, a.Refresh(ctx))
	if _, ok := a.Lookup(TableAlias, "only@b.example"); ok {
		t.Error("a disabled domain forwards")
	}
}

// TestAliasesUnicode: a mail server asks for an internationalised domain as its client wrote it (RFC 6531), and takes an address that stays for the end only
// where the answer is written as the question.
func TestAliasesUnicode(t *testing.T) {
	p, _ := forwarding(t)
	ctx := t.Context()
	for _, d := range []store.Domain{{Name: "xn--r8jz45g.example"}, {Name: "xn--wgv71a119e.example"}} {
		must(t, p.Store.SetDomains(ctx, &d))
	}
	for _, q := range []ForwardRequest{{"info@例え.example", []string{"me@else.example"}, false}, {"info@日本語.example", []string{"me@else.example"}, true}, {"@日本語.example", []string{"all@else.example"}, false}} {
		_, domain, _ := strings.Cut(q.Address, "@")
		_, err := p.SetForward(ctx, admin, domain, q)
		must(t, err)
	}
	a := NewAliases(p.Store, nil)
	must(t, a.Refresh(ctx))
	for _, c := range []struct{ table, key, want string }{
		{TableAlias, "Info@例え.example", "me@else.example"}, {TableAlias, "info@xn--r8jz45g.example", "me@else.example"},
		{TableAlias, "info@日本語.example", "info@日本語.example, me@else.example"}, {TableAlias, "@日本語.example", "all@else.example"},
		{TableAliasDomain, "例え.example", "例え.example"}, {TableAliasDomain, "日本語.example", ""},
	} {
		if got, ok := a.Lookup(c.table, c.key); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s %s: %q, %t", c.table, c.key, got, ok)
		}
	}
	for address, want := range map[string]string{"INFO+tag@例え.example": "me@else.example", "x@日本語.example": "all@else.example"} {
		if to, ok := a.Leaves(address); to != want || !ok {
			t.Errorf("%s: %q, %t", address, to, ok)
		}
	}
}

func FuzzForward(f *testing.F) {
	f.Add("info@a.example", "me@else.example")
	f.Add("@a.example", "|x@y.example")
	f.Add("a b", "\"x\"@y.example,")
	f.Fuzz(func(t *testing.T, address, to string) {
		q, err := ForwardRequest{Address: address, To: []string{to}}.forward("a.example")
		if err != nil {
			return
		}
		for _, s := range append(q.Targets, q.Address()) {
			if strings.ContainsAny(s, " ,\"<>\\:;()\t\r\n\x00") || strings.Count(s, "@") != 1 {
				t.Errorf("%q gives %q", address+" "+to, s)
			}
		}
		if q.Domain != "a.example" {
			t.Errorf("%q is of %q", address, q.Domain)
		}
	})
}

// TestForwardsAtOneTime: of many who change forwarding addresses at one time, each another one, nobody is sent away.
func TestForwardsAtOneTime(t *testing.T) {
	p, ctx := open(t), t.Context()
	const many = 60
	for i := range many {
		_, err := p.Create(ctx, admin, fmt.Sprintf("d%d.example", i), Change{})
		must(t, err)
	}
	var file strings.Builder
	file.WriteString("address,to\n")
	for i := range 2000 {
		fmt.Fprintf(&file, "f%d@d%d.example,x@else.example\n", i, i%many)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := p.ImportForwards(ctx, admin, strings.NewReader(file.String()), false); err != nil {
			t.Errorf("a file: %v", err)
		}
	})
	for i := range many {
		wg.Go(func() {
			if _, err := p.SetForward(ctx, admin, fmt.Sprintf("d%d.example", i), ForwardRequest{Address: "info", To: []string{"me@else.example"}}); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n, err := p.Store.CountForwards(ctx, ""); err != nil || n != 2000+many {
		t.Errorf("%d forwarding addresses, %v", n, err)
	}
}
