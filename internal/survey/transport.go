package survey

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/todoku/todoku/dane"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/probe"
	"github.com/todoku/todoku/internal/wire/https"
	"github.com/todoku/todoku/mtasts"
	"github.com/todoku/todoku/tlsrpt"
)

// Transport is what was seen of TLS of the mail exchangers: MTA-STS, TLS-RPT, DANE, SMTP probes.
type Transport struct {
	// Hosts are the mail exchangers that have usable names, by preference, each once; the
	// domain itself where it has no MX record but an address (RFC 5321 section 5.1).
	// Where there are none, or they are not known, nothing else was looked at.
	Hosts []string

	STS    STS
	TLSRPT TLSRPT
	// DANE has one element for each of the first maxTLSHosts hosts.
	DANE []dane.Verdict
	// Validates: the resolver sets the AD bit where it should. It is found out only
	// where there are TLSA records that no AD bit came with.
	Validates bool
	// Probes are what the same hosts showed on port 25, empty where that was not asked for.
	Probes []MXProbe
}

// STS is what was seen of MTA-STS.
type STS struct {
	// Verdict is that of package mtasts. The policy was fetched also where there is no
	// record, if the policy host exists. Response is nil where it was not fetched.
	Verdict mtasts.Verdict
	// Host are the addresses of the policy host; AAAA is asked only where there is no A.
	Host Addresses
	// Misplaced are records at names where nobody looks, looked for only where there
	// is none at the right one.
	Misplaced []dns.Record
}

// TLSRPT is what was seen of TLSRPT.
type TLSRPT struct {
	Verdict tlsrpt.Verdict
	// Mailboxes are the domains of the mailto: addresses, with what says whether they take mail.
	Mailboxes []Mailbox
	// Misplaced are as those of STS.
	Misplaced []dns.Record
}

// Mailbox is one address for reports.
type Mailbox struct {
	URI, Host   string
	MX, Address dns.Answer // Address is asked only where there is no MX
}

// Void reports that no mail can be delivered there.
func (m Mailbox) Void() bool {
	if m.MX.Status.Found() {
		return len(m.MX.Records) == 1 && strings.Trim(m.MX.Records[0].Data, ".") == ""
	}
	return m.MX.Status.Void() && m.Address.Status.Void()
}

// MXProbe is one mail exchanger as it was seen on port 25.
type MXProbe struct {
	probe.Host
	// CertProblem is what is wrong with its certificate chain for its own name: "" or
	// one of the FetchCert constants of internal/wire; CertDetail says it in English.
	CertProblem, CertDetail string
}

// Prober looks at a mail exchanger on port 25.
type Prober interface {
	Host(ctx context.Context, name string) probe.Host
}

// maxTLSHosts bounds how many exchangers are looked at for DANE and probed, maxMailboxes how many
// addresses for TLS reports.
const (
	maxTLSHosts  = 4
	maxMailboxes = 4
)

func (l *look) transport(ctx context.Context) {
	t := &l.Transport
	mx := l.ask(ctx, l.Name, dns.TypeMX)
	t.Hosts = l.exchangers(ctx, mx)
	if len(t.Hosts) == 0 {
		return
	}
	g := dns.NewGroup(l.r)
	g.Go(func() { l.sts(ctx) })
	g.Go(func() { l.tlsrpt(ctx) })
	hosts := t.Hosts[:min(len(t.Hosts), maxTLSHosts)]
	t.DANE = make([]dane.Verdict, len(hosts))
	for i, host := range hosts {
		g.Go(func() { t.DANE[i] = dane.Lookup(ctx, l.r, host, mx.AuthenticData) })
	}
	if l.Options.Prober != nil && !l.Options.DNSOnly {
		t.Probes = make([]MXProbe, len(hosts))
		for i, host := range hosts {
			g.Go(func() { t.Probes[i] = l.probe(ctx, host) })
		}
	}
	g.Wait()
	t.Validates = l.validates(ctx)
}

// exchangers gives the hosts that take the domain's mail, none where it takes none.
func (l *look) exchangers(ctx context.Context, mx dns.Answer) []string {
	if empty(mx.Status) {
		if l.ask(ctx, l.Name, dns.TypeA).Status.Found() || l.ask(ctx, l.Name, dns.TypeAAAA).Status.Found() {
			return []string{l.Name}
		}
		return nil
	}
	records := slices.Clone(mx.Records)
	slices.SortStableFunc(records, func(a, b dns.Record) int { return int(a.Pref) - int(b.Pref) })
	var hosts []string
	for _, r := range records[:min(len(records), maxExchanges)] {
		name := dns.CanonicalName(r.Data)
		if name == "" || name == "." {
			continue // a null MX; beside others it is a mistake, and the area mx says so
		}
		if HostName(strings.ReplaceAll(name, "_", "x")) && !literal(name, l.Name).IsValid() && !slices.Contains(hosts, name) {
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// sts looks at MTA-STS.
func (l *look) sts(ctx context.Context) {
	s := &l.Transport.STS
	client := l.fetcher()
	if client == nil {
		s.Verdict = mtasts.Lookup(ctx, l.r, noDoer{}, l.Name)
		s.Verdict.Response = nil
	} else {
		s.Verdict = mtasts.Lookup(ctx, l.r, client, l.Name)
	}
	s.Host.Name = mtasts.PolicyHost(l.Name)
	if s.Host.A = l.ask(ctx, s.Host.Name, dns.TypeA); s.Host.A.Status.Void() {
		s.Host.AAAA = l.ask(ctx, s.Host.Name, dns.TypeAAAA)
	}
	if s.Verdict.Result != mtasts.None {
		return
	}
	s.Misplaced = l.strays(ctx, stsMisplaced(l.Name), "sts")
	if client != nil && s.Host.Found() {
		response, policy := mtasts.FetchPolicy(ctx, client, l.Name)
		s.Verdict.Response, s.Verdict.Policy = &response, policy
	}
}

// stsMisplaced and rptMisplaced are the names at which such records are found by
// mistake. That of the domain itself costs nothing: it is asked for SPF.
func stsMisplaced(domain string) []string {
	return []string{domain, "_mta_sts." + domain, "mta-sts." + domain, "_mta-sts." + domain + "." + domain}
}

func rptMisplaced(domain string) []string {
	return []string{domain, "_smtp-tls." + domain, "_tls._smtp." + domain, "_smtp_tls." + domain, "_smtp._tls." + domain + "." + domain}
}

// strays looks at several names for TXT records that begin like a record whose version
// has a word in it.
func (l *look) strays(ctx context.Context, names []string, word string) []dns.Record {
	answers := make([]dns.Answer, len(names))
	g := dns.NewGroup(l.r)
	for i, name := range names {
		if dns.ValidName(name) {
			g.Go(func() { answers[i] = l.ask(ctx, name, dns.TypeTXT) })
		}
	}
	g.Wait()
	var out []dns.Record
	for i, a := range answers {
		if len(a.Chain) > 0 {
			continue // a wildcard CNAME, or someone else's record
		}
		for _, r := range a.Records {
			head := strings.ToLower(r.Data[:min(len(r.Data), 16)])
			if strings.HasPrefix(head, "v=") && strings.Contains(head, word) && len(out) < 4 {
				r.Name = names[i]
				out = append(out, r)
			}
		}
	}
	return out
}

// tlsrpt looks at TLSRPT and at the mailboxes that it names.
func (l *look) tlsrpt(ctx context.Context) {
	t := &l.Transport.TLSRPT
	t.Verdict = tlsrpt.Lookup(ctx, l.r, l.Name)
	if t.Verdict.Result == tlsrpt.None {
		t.Misplaced = l.strays(ctx, rptMisplaced(l.Name), "tlsrpt")
	}
	if t.Verdict.Record == nil {
		return
	}
	for _, uri := range t.Verdict.Record.RUA {
		if _, ok := tlsrpt.Address(uri); ok && len(t.Mailboxes) < maxMailboxes {
			t.Mailboxes = append(t.Mailboxes, Mailbox{URI: uri, Host: reportHost(uri)})
		}
	}
	g := dns.NewGroup(l.r)
	for i := range t.Mailboxes {
		m := &t.Mailboxes[i]
		g.Go(func() {
			if m.MX = l.ask(ctx, m.Host, dns.TypeMX); m.MX.Status.Void() {
				if m.Address = l.ask(ctx, m.Host, dns.TypeA); m.Address.Status.Void() {
					m.Address = l.ask(ctx, m.Host, dns.TypeAAAA)
				}
			}
		})
	}
	g.Wait()
}

// validates finds out whether the resolver validates DNSSEC: by the answers that are
// there, else by the root, which is signed.
func (l *look) validates(ctx context.Context) bool {
	doubt := false
	for _, v := range l.Transport.DANE {
		for _, a := range append([]dns.Answer{v.A, v.AAAA}, v.TLSA...) {
			if a.AuthenticData {
				return true
			}
		}
		doubt = doubt || v.Result == dane.Insecure
	}
	return doubt && l.ask(ctx, "", dns.TypeSOA).AuthenticData
}

// probe looks at one exchanger on port 25.
func (l *look) probe(ctx context.Context, host string) MXProbe {
	prober := l.Options.Prober
	if asker, ok := prober.(interface {
		WithPostmaster(domain string) *probe.Prober
	}); ok && l.Options.Postmaster {
		prober = asker.WithPostmaster(l.Name)
	}
	p := MXProbe{Host: prober.Host(ctx, host)}
	if len(p.TLS.Chain) > 0 {
		p.CertProblem, p.CertDetail = probe.Verify(p.TLS.Chain, host, l.Options.Roots, l.Options.Now)
	}
	return p
}

// noDoer fetches nothing.
type noDoer struct{}

func (noDoer) Do(*http.Request) (*http.Response, error) { return nil, errors.New("not looked at") }

// fetcher is what documents are fetched with, nil for nothing.
func (l *look) fetcher() https.Doer {
	if l.Options.DNSOnly {
		return nil
	}
	return l.Options.Fetch
}
