package repair

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
)

// TestMX: one change for the whole set, which never leaves a domain without exchanger.
func TestMX(t *testing.T) {
	good := Exchanger{Text: "10 mail.example.com.", Pref: 10, TTL: 600}
	gone := Exchanger{Text: "20 gone.example.com.", Pref: 20, Bad: true}
	alias := Exchanger{Text: "30 mx.example.com.", Pref: 30, Bad: true, Instead: "host.example.net"}
	same := Exchanger{Text: "40 alias.example.com.", Pref: 40, Bad: true, Instead: "Mail.example.com"}
	for _, c := range []struct {
		name string
		set  []Exchanger
		want *dns.Change
	}{
		{"nothing wrong", []Exchanger{good}, nil},
		{"nothing would be left", []Exchanger{gone}, nil},
		{"one goes", []Exchanger{good, gone}, &dns.Change{Action: dns.Remove, Name: "example.com.", Type: dns.TypeMX, TTL: 600, Was: []string{"20 gone.example.com."}}},
		{"one is replaced, keeping its preference", []Exchanger{good, alias},
			&dns.Change{Action: dns.Replace, Name: "example.com.", Type: dns.TypeMX, TTL: 600, Data: []string{"30 host.example.net."}, Was: []string{"30 mx.example.com."}}},
		{"what is there already is not put there again", []Exchanger{same, good}, &dns.Change{Action: dns.Remove, Name: "example.com.", Type: dns.TypeMX, TTL: 600, Was: []string{"40 alias.example.com."}}},
		{"both", []Exchanger{gone, alias},
			&dns.Change{Action: dns.Replace, Name: "example.com.", Type: dns.TypeMX, TTL: 3600, Data: []string{"30 host.example.net."}, Was: []string{"20 gone.example.com.", "30 mx.example.com."}}},
	} {
		got := MX("example.com", c.set)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		if got != nil {
			if err := got.Validate(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}
