package survey

import (
	"context"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/spf"
)

// Profile is what a domain says of whether it sends and receives mail at all.
type Profile struct {
	// MX and TXT are the answers at the domain itself.
	MX, TXT dns.Answer
	// WildcardKey is the answer at *._domainkey.<domain>, asked only where the domain
	// says that it sends nothing.
	WildcardKey dns.Answer
}

// NullMX reports a null MX: "0 ." (RFC 7505). One beside other exchangers is a mistake and
// says nothing: the domain takes mail.
func (p Profile) NullMX() bool {
	for _, r := range p.MX.Records {
		if r.Data != "" && r.Data != "." {
			return false
		}
	}
	return len(p.MX.Records) > 0
}

// NobodyMaySend reports that the only SPF record authorises nobody: "v=spf1 -all", or,
// beside a null MX, one that names no sender and refuses less strictly.
func (p Profile) NobodyMaySend() bool {
	records := p.SPF()
	if len(records) != 1 {
		return false
	}
	terms := strings.Fields(strings.ToLower(records[0]))[1:]
	if p.NullMX() {
		named := func(t string) bool { return t != "-all" && t != "~all" && t != "?all" }
		return !slices.ContainsFunc(terms, named)
	}
	return slices.Equal(terms, []string{"-all"})
}

// SPF are the SPF records at the domain.
func (p Profile) SPF() []string {
	var out []string
	for _, r := range p.TXT.Records {
		if spf.IsRecord(r.Data) {
			out = append(out, r.Data)
		}
	}
	return out
}

func (l *look) profile(ctx context.Context) {
	p := &l.Profile
	p.MX = l.ask(ctx, l.Name, dns.TypeMX)
	p.TXT = l.ask(ctx, l.Name, dns.TypeTXT)
	if p.NullMX() || p.NobodyMaySend() {
		p.WildcardKey = l.ask(ctx, "*._domainkey."+l.Name, dns.TypeTXT)
	}
}
