package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
)

// customer makes one with a token, to whom some domains are given.
func (s *site) customer(name string, domains ...string) (store.Person, string) {
	s.t.Helper()
	p, err := s.Store.AddPerson(s.t.Context(), store.Person{Name: name, Role: access.Customer}, false)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range domains {
		if err := s.Service.Panel.Give(s.t.Context(), panel.Who{Admin: true}, d, p.ID, true); err != nil {
			s.t.Fatal(err)
		}
	}
	secret, _, err := tokens.CreateFor(s.t.Context(), s.Store, p, "test", []string{service.ScopeDomains}, time.Time{})
	if err != nil {
		s.t.Fatal(err)
	}
	return p, secret
}

func (c call) with(token string) call {
	c.headers = append([]string{"Authorization", "Bearer " + token}, c.headers...)
	return c
}

// TestCustomerTokens: every operation on domains answers a stranger's token as if the domain were not there, changes nothing and tells nothing; that
// of its customer does what it says, and what is for administrators is refused.
func TestCustomerTokens(t *testing.T) {
	s := panelSite(t)
	for _, name := range []string{"hers.example", "his.example"} {
		if a := s.do(post("/domains", object{"name": name, "senders": []string{"login-of-" + name}})); a.StatusCode != 201 {
			t.Fatalf("%s %s", a.Status, a.data)
		}
	}
	_, her := s.customer("her", "hers.example")
	_, him := s.customer("him", "his.example")
	if a := s.do(call{method: "POST", path: prefix + "/domains/hers.example/keys"}.with(her)); a.StatusCode != 200 {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	list, err := s.Store.Keys(t.Context(), "hers.example", false)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	csv := []string{"Content-Type", "text/csv"}
	at := func(id string) []call { // by operation, on her domain
		switch id {
		case "get-domain":
			return []call{getting("/domains/hers.example")}
		case "change-domain":
			return []call{post("/domains/hers.example", object{"dkim": true})}
		case "create-domain-keys":
			return []call{{method: "POST", path: prefix + "/domains/hers.example/keys"}}
		case "look-at-domain-keys":
			return []call{{method: "POST", path: prefix + "/domains/hers.example/look"}}
		case "act-on-domain-key":
			return []call{{method: "POST", path: prefix + "/domains/hers.example/keys/" + list[1].ID + "/retire"}, {method: "POST", path: prefix + "/domains/his.example/keys/" + list[0].ID + "/retire"}}
		case "list-forwards":
			return []call{getting("/domains/hers.example/forwards")}
		case "set-forward":
			return []call{post("/domains/hers.example/forwards", object{"address": "info", "to": []string{"me@else.example"}})}
		}
		return nil
	}
	whole := map[string]bool{"list-domains": true, "export-domains": true, "export-forwards": true, "import-domains": true, "import-forwards": true, "create-domain": true, "remove-domain": true}
	for _, op := range s.api.operations {
		if op.scope != service.ScopeDomains || whole[op.id] {
			continue
		}
		calls := at(op.id)
		if len(calls) == 0 {
			t.Errorf("%s is not tried", op.id)
		}
		for i, c := range calls {
			a := s.refused(op.id, c.with(him), service.NotFound)
			b := s.refused(op.id, call{method: c.method, path: strings.ReplaceAll(c.path, "hers.example", "none.example"), body: c.body, headers: c.headers}.with(him), service.NotFound)
			if string(a.data) != string(b.data) {
				t.Errorf("%s tells that the domain is there: %s %s", op.id, a.data, b.data)
			}
			if i == 0 {
				if a := s.do(c.with(her)); a.StatusCode != 200 {
					t.Errorf("%s of its own customer: %s %s", op.id, a.Status, a.data)
				}
			}
		}
	}
	for _, path := range []string{"/domains", "/domains.csv", "/forwards.csv"} {
		if a := s.do(getting(path).with(him)); a.StatusCode != 200 || strings.Contains(string(a.data), "hers.example") || strings.Contains(string(a.data), "else.example") {
			t.Errorf("%s: %s %s", path, a.Status, a.data)
		}
	}
	for name, c := range map[string]call{
		"import of a stranger's": {method: "POST", path: prefix + "/domains.csv", body: "domain,dkim\nhers.example,off\n", headers: csv},
		"import of a new one":    {method: "POST", path: prefix + "/domains.csv", body: "domain\nnew.example\n", headers: csv},
		"forwards of a stranger": {method: "POST", path: prefix + "/forwards.csv", body: "address,to\nx@hers.example,me@else.example\n", headers: csv},
		"enabling by a file":     {method: "POST", path: prefix + "/domains.csv", body: "domain,state\nhis.example,disabled\n", headers: csv},
		"an address of hers":     post("/domains/his.example/forwards", object{"address": "x@hers.example", "to": []string{"me@else.example"}}),
	} {
		s.refused(name, c.with(him), service.Invalid)
	}
	s.refused("enabling", post("/domains/his.example", object{"state": "disabled"}).with(him), service.Forbidden)
	s.refused("adding", post("/domains", object{"name": "new.example"}).with(him), service.Forbidden)
	if d, err := s.Service.Panel.Get(t.Context(), panel.Who{Admin: true}, "hers.example"); err != nil || !d.DKIM || d.Disabled || len(d.Senders) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestCustomerTokenEnds: a customer's token is worth what its customer is.
func TestCustomerTokenEnds(t *testing.T) {
	s := panelSite(t)
	p, her := s.customer("her")
	s.get200(getting("/domains").with(her))
	s.refused("another scope", post("/checks", object{"target": "example.com"}).with(her), service.Forbidden)
	if _, _, err := tokens.CreateFor(t.Context(), s.Store, p, "x", []string{service.ScopeAdmin}, time.Time{}); err == nil {
		t.Error("a token of a customer has the scope admin")
	}
	if err := s.Store.ChangePerson(t.Context(), p.ID, p.Role, true, ""); err != nil {
		t.Fatal(err)
	}
	s.refused("disabled", getting("/domains").with(her), service.Unauthorized)
	p.Role = access.User
	if err := s.Store.ChangePerson(t.Context(), p.ID, p.Role, false, ""); err != nil {
		t.Fatal(err)
	}
	s.refused("no customer", getting("/domains").with(her), service.Unauthorized)
	if _, _, err := tokens.CreateFor(t.Context(), s.Store, p, "x", []string{service.ScopeDomains}, time.Time{}); err == nil {
		t.Error("a token of a user")
	}
	if err := s.Store.RemovePerson(t.Context(), p.ID, ""); err != nil {
		t.Fatal(err)
	}
	s.refused("gone", getting("/domains").with(her), service.Unauthorized)
}

func (s *site) get200(c call) []byte {
	s.t.Helper()
	a := s.do(c)
	if a.StatusCode != 200 && a.StatusCode != 201 {
		s.t.Fatalf("%s: %s %s", c.path, a.Status, a.data)
	}
	return a.data
}

// TestOwnDomains: a customer adds a domain that shows that it is theirs, and no other.
func TestOwnDomains(t *testing.T) {
	s := panelSite(t)
	p, her := s.customer("her")
	other, him := s.customer("him")
	proof := panel.Proof(p.ID, "new.example")
	zone := dns.Zone{"_todoku.new.example": {"TXT " + proof.Data[0]}, "_todoku.two.example": {"TXT " + panel.Proof(p.ID, "two.example").Data[0]}, "_todoku.his.example": {"TXT " + panel.Proof(other.ID, "his.example").Data[0]}}
	s.Service.Panel.Resolver, s.Service.Panel.OwnDomains = dns.MustMemory(zone), 1
	if a := s.refused("not shown", post("/domains", object{"name": "other.example"}).with(her), service.Invalid); !strings.Contains(string(a.data), "_todoku.other.example.") || !strings.Contains(string(a.data), panel.Proof(p.ID, "other.example").Data[0]) {
		t.Errorf("%s", a.data)
	}
	s.refused("his", post("/domains", object{"name": "new.example"}).with(him), service.Invalid)
	s.refused("disabled from the start", post("/domains", object{"name": "new.example", "state": "disabled"}).with(her), service.Forbidden)
	s.get200(post("/domains", object{"name": "new.example"}).with(her))
	s.refused("more than may be", post("/domains", object{"name": "two.example"}).with(her), service.Invalid)
	s.get200(post("/domains", object{"name": "his.example"}).with(him))
	s.refused("a stranger", getting("/domains/new.example").with(him), service.NotFound)
	s.get200(getting("/domains/new.example").with(her))
}

// TestFaults: a file is refused with every line that cannot be used, and a dry run changes nothing.
func TestFaults(t *testing.T) {
	s := panelSite(t)
	csv := []string{"Content-Type", "text/csv"}
	a := s.refused("three lines", call{method: "POST", path: prefix + "/domains.csv", body: "domain,dkim\na.example,maybe\nb.example,on\n-,on\nb.example,off\n", headers: csv}, service.Invalid)
	for _, line := range []string{"line 2 dkim", "line 4 name", "line 5 name"} {
		if !strings.Contains(string(a.data), `"location":"`+line) {
			t.Errorf("no %q in %s", line, a.data)
		}
	}
	if b := s.get200(call{method: "POST", path: prefix + "/domains.csv?dry_run=true", body: "domain\na.example\nb.example\n", headers: csv}); !strings.Contains(string(b), `"made":2`) || !strings.Contains(string(b), `"dry_run":true`) {
		t.Errorf("%s", b)
	}
	if n, err := s.Store.CountDomains(t.Context()); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	var b strings.Builder
	b.WriteString("domain,senders\n")
	for i := range panel.MaxLines {
		fmt.Fprintf(&b, "d%d.example,login%d@d%d.example\n", i, i, i)
	}
	s.get200(call{method: "POST", path: prefix + "/domains.csv", body: b.String(), headers: csv})
	if out := s.get200(getting("/domains.csv")); strings.Count(string(out), "\r\n") != panel.MaxLines+1 {
		t.Errorf("%d lines came back", strings.Count(string(out), "\r\n"))
	}
}
