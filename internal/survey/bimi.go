package survey

import (
	"context"

	"github.com/todoku/todoku/bimi"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
)

// BIMI is what was seen of brand indicators.
type BIMI struct {
	// Verdict is about the record of the default selector.
	Verdict bimi.Verdict
	// Misplaced are records at names where nobody looks, looked for only where there is
	// none at the right one.
	Misplaced []dns.Record
	// Logo and Authority are what the record names; nil where that is nothing, or
	// nothing was fetched.
	Logo, Authority *bimi.Response
	// SVG and Certificate are what was found in them; nil where they did not come.
	SVG         *bimi.SVG
	Certificate *bimi.Certificate
}

func (l *look) bimi(ctx context.Context) {
	b := &l.BIMI
	org := dmarc.RegisteredDomain(l.Name)
	b.Verdict = bimi.Lookup(ctx, l.r, bimi.DefaultSelector, l.Name, org)
	if b.Verdict.Result == bimi.None && !l.takesNoMail(ctx) {
		b.Misplaced = l.strays(ctx, []string{l.Name, "_bimi." + l.Name, "default._bimi." + l.Name + "." + l.Name}, "bimi")
	}
	client := l.fetcher()
	if b.Verdict.Result != bimi.Valid || client == nil {
		return
	}
	record := b.Verdict.Record
	g := dns.NewGroup(l.r)
	for _, want := range []struct {
		url string
		got **bimi.Response
	}{{record.Location, &b.Logo}, {record.Authority, &b.Authority}} {
		if want.url != "" {
			g.Go(func() {
				r := bimi.Get(ctx, client, want.url)
				*want.got = &r
			})
		}
	}
	g.Wait()
	var logo []byte
	if b.Logo != nil && b.Logo.Problem == "" {
		logo = b.Logo.Body
		b.SVG = bimi.CheckSVG(logo)
	}
	if b.Authority != nil && b.Authority.Problem == "" {
		b.Certificate = bimi.CheckCertificate(b.Authority.Body, bimi.CertificateQuestion{
			Domain: l.Name, OrgDomain: org, Selector: bimi.DefaultSelector, Logo: logo, At: l.Options.Now,
		})
	}
}

// takesNoMail reports a null MX: such a domain is not asked for a logo.
func (l *look) takesNoMail(ctx context.Context) bool {
	return Profile{MX: l.ask(ctx, l.Name, dns.TypeMX)}.NullMX()
}
