package panel

import (
	"errors"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
)

// TestCustomersByFile: a hoster gives many domains to their customers at once; what was written changes nothing when it is read.
func TestCustomersByFile(t *testing.T) {
	p, ctx := open(t), t.Context()
	ids := map[string]string{}
	for name, role := range map[string]string{"ann": access.Customer, "bob": access.Customer, "=eve": access.Customer, "root": access.Admin} {
		person, err := p.Store.AddPerson(ctx, store.Person{Name: name, Role: role}, false)
		must(t, err)
		ids[name] = person.ID
	}
	take := func(file string, want Imported) {
		t.Helper()
		if done, err := p.Import(ctx, admin, strings.NewReader(file), false); err != nil || done != want {
			t.Errorf("%q: %+v, %v", file, done, err)
		}
	}
	take("domain,customers\na.example,Ann bob ann\nb.example,bob\nc.example,'=eve\n", Imported{Made: 3})
	take("domain,customers\na.example,bob ann\nb.example,\n", Imported{Changed: 1, Same: 1})
	take("domain,dmarc\na.example,none\n", Imported{Changed: 1}) // without the column they stay
	var b strings.Builder
	must(t, p.Export(ctx, admin, &b))
	if want := "domain,state,dkim,dmarc,senders,customers\r\na.example,enabled,on,none,,ann bob\r\nb.example,enabled,on,,,\r\nc.example,enabled,on,,,'=eve\r\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	take(b.String(), Imported{Same: 3})
	for _, who := range []string{"nobody", "root", "\u202e", strings.Repeat("x", 300), strings.Repeat("ann ", 101)} {
		var bad *Invalid
		if _, err := p.Import(ctx, admin, strings.NewReader("domain,customers\nz.example,ann\nb.example,"+who+"\n"), false); !errors.As(err, &bad) || bad.Line != 3 || bad.Field != "customers" || len(bad.Text.EN) > 400 {
			t.Errorf("%q: %v", who, err)
		}
	}
	hers := Who{Person: ids["ann"]}
	b.Reset()
	must(t, p.Export(ctx, hers, &b))
	if want := "domain,state,dkim,dmarc,senders\r\na.example,enabled,on,none,\r\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	var bad *Invalid
	if _, err := p.Import(ctx, hers, strings.NewReader("domain,customers\na.example,ann\n"), false); !errors.As(err, &bad) || bad.Line != 1 {
		t.Errorf("a customer gives away: %v", err)
	}
	if _, err := p.Update(ctx, hers, "a.example", Change{Customers: &[]string{"ann"}}); !errors.Is(err, ErrForbidden) {
		t.Errorf("a customer takes a domain from another one: %v", err)
	}
	if _, err := p.Of(ctx, hers, "bob"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a customer asks what another one has: %v", err)
	}
	whose, err := p.Of(ctx, admin, " ANN ")
	must(t, err)
	if list, _, err := p.List(ctx, whose, "", "", 9); err != nil || len(list) != 1 || list[0].Name != "a.example" {
		t.Errorf("%v, %v", list, err)
	}
	// A customer who was disabled keeps what they have, and the file with their name can be read.
	must(t, p.Store.ChangePerson(ctx, ids["bob"], access.User, true, ""))
	take("domain,customers\na.example,ann bob\n", Imported{Same: 1})
}

// TestFindOwnScript: a domain is found by its name as people write it.
func TestFindOwnScript(t *testing.T) {
	p, ctx := open(t), t.Context()
	for _, name := range []string{"日本語.example", "a_b.example", "other.example"} {
		_, err := p.Create(ctx, admin, name, Change{})
		must(t, err)
	}
	for find, want := range map[string]string{"日本語": "xn--wgv71a119e.example", "日本語.Example": "xn--wgv71a119e.example", "a_B": "a_b.example", "THER.ex": "other.example", "中国": "", "a..b": "", "-": "xn--wgv71a119e.example"} {
		list, _, err := p.List(ctx, admin, find, "", 9)
		if got := ""; err != nil || len(list) > 1 || len(list) == 1 && list[0].Name != want || len(list) == 0 && want != got {
			t.Errorf("%q: %+v, %v", find, list, err)
		}
	}
}

// TestFilesOfSpreadsheets: what spreadsheets write by default, semicolons and local encodings, is refused with what to do.
func TestFilesOfSpreadsheets(t *testing.T) {
	p := open(t)
	for file, want := range map[string]string{"domain;state\na.example;enabled\n": "with commas between", "domain,senders\na.example,\x93\xfa\x96\x7b\n": "CSV UTF-8", "\xff\xfed\x00": "CSV UTF-8"} {
		var bad *Invalid
		if _, err := p.Import(t.Context(), admin, strings.NewReader(file), true); !errors.As(err, &bad) || !strings.Contains(bad.Text.EN, want) || bad.Text.JA == "" {
			t.Errorf("%q: %v", file, err)
		}
	}
}
