package drill

import (
	"context"
	"crypto/tls"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/bimi"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/survey"
)

// liveZone is the zone of every live case; its own records are added.
const liveZone = `; domain: example.com
example.com. 3600 SOA ns1.example.com. hostmaster.example.com. 2026112501 7200 900 1209600 300
example.com. 3600 NS ns1.example.com.
example.com. 3600 NS ns2.example.com.
ns1.example.com. 3600 A 192.0.2.1
ns2.example.com. 3600 A 198.51.100.1
example.com. 3600 MX 10 mail.example.com.
example.com. 3600 TXT "v=spf1 mx -all"
mail.example.com. 3600 A 192.0.2.25
mail.example.com. 3600 TXT "v=spf1 a -all"
www.example.com. 3600 A 192.0.2.80
25.2.0.192.in-addr.arpa. 3600 PTR mail.example.com.
_dmarc.example.com. 3600 TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
_smtp._tls.example.com. 3600 TXT "v=TLSRPTv1; rua=mailto:tls@example.com"
`

const (
	stsZone   = "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\nmta-sts.example.com. A 192.0.2.80\n"
	bimiZone  = "default._bimi.example.com. TXT \"v=BIMI1; l=https://www.example.com/logo.svg; a=;\"\n"
	certZone  = "default._bimi.example.com. TXT \"v=BIMI1; l=https://www.example.com/logo.svg; a=https://www.example.com/vmc.pem;\"\n"
	policyURL = "mta-sts.example.com/.well-known/mta-sts.txt"
	logoURL   = "www.example.com/logo.svg"
	enforce   = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n"
	logo      = `<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 10 10"><title>Example</title><path d="M0 0h9v9z"/></svg>`
	signedAll = "; secure: .\n; secure: example.com\n"
	// The digest of no key.
	otherKey = "d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971"
)

func text(body string) page { return page{kind: "text/plain", body: body} }

func svg(body string) page { return page{kind: "image/svg+xml", body: body} }

// liveCase is a fault that no zone shows, only a server.
type liveCase struct {
	name string
	zone string // beside liveZone
	// is sets the servers up, cure mends them; what records cure needs none.
	is, cure func(t *testing.T, w *world)
	// served: the policy file or logo of the finding's first snippet is put at this URL.
	served string
	want   Expected
}

var liveCases = []liveCase{
	{name: "policy: certificate expired", zone: stsZone, want: Expected{"mta-sts.certificate", "fail"},
		is:   func(t *testing.T, w *world) { w.webCert = w.issue(t, now.AddDate(0, 0, -1), "mta-sts.example.com") },
		cure: func(t *testing.T, w *world) { w.webCert = w.issue(t, now.AddDate(1, 0, 0), "mta-sts.example.com") }},
	{name: "policy: certificate of the web site", zone: stsZone, want: Expected{"mta-sts.certificate", "fail"},
		is:   func(t *testing.T, w *world) { w.webCert = w.issue(t, now.AddDate(1, 0, 0), "www.example.com") },
		cure: func(t *testing.T, w *world) { w.webCert = w.issue(t, now.AddDate(1, 0, 0), "mta-sts.example.com") }},
	{name: "policy: self-signed certificate", zone: stsZone, want: Expected{"mta-sts.certificate", "fail"},
		is:   func(t *testing.T, w *world) { w.webCert = selfSigned(t, "mta-sts.example.com") },
		cure: func(t *testing.T, w *world) { w.webCert = w.issue(t, now.AddDate(1, 0, 0), "mta-sts.example.com") }},
	{name: "policy: redirect", zone: stsZone, want: Expected{"mta-sts.redirect", "fail"},
		is: func(_ *testing.T, w *world) {
			w.pages[policyURL] = page{status: 301, location: "https://www.example.com/.well-known/mta-sts.txt"}
		},
		cure: func(_ *testing.T, w *world) { w.pages[policyURL] = text(enforce) }},
	{name: "policy: not there", zone: stsZone, want: Expected{"mta-sts.policy-unreachable", "fail"}, served: policyURL,
		is: func(_ *testing.T, w *world) { delete(w.pages, policyURL) }},
	{name: "policy: server error says nothing", zone: stsZone, want: Expected{"mta-sts.policy-unseen", "unknown"},
		is:   func(_ *testing.T, w *world) { w.pages[policyURL] = page{status: 503} },
		cure: func(_ *testing.T, w *world) { w.pages[policyURL] = text(enforce) }},
	{name: "policy: no mode", zone: stsZone, want: Expected{"mta-sts.policy-invalid", "fail"}, served: policyURL,
		is: func(_ *testing.T, w *world) {
			w.pages[policyURL] = text("version: STSv1\nmx: mail.example.com\nmax_age: 604800\n")
		}},
	{name: "policy: invalid while testing", zone: stsZone, want: Expected{"mta-sts.policy-invalid", "warn"}, served: policyURL,
		is: func(_ *testing.T, w *world) {
			w.pages[policyURL] = text("version: STSv1\nmode: testing\nmx: https://mail.example.com/\nmax_age: one week\n")
		}},
	{name: "policy: a page of the web site", zone: stsZone, want: Expected{"mta-sts.policy-invalid", "fail"}, served: policyURL,
		is: func(_ *testing.T, w *world) {
			w.pages[policyURL] = page{kind: "text/html", body: "<html><body>It works!</body></html>"}
		}},
	{name: "policy: not text/plain", zone: stsZone, want: Expected{"mta-sts.content-type", "warn"},
		is:   func(_ *testing.T, w *world) { w.pages[policyURL] = page{kind: "text/html", body: enforce} },
		cure: func(_ *testing.T, w *world) { w.pages[policyURL] = text(enforce) }},
	{name: "policy: exchanger not named", zone: stsZone, want: Expected{"mta-sts.mx-not-covered", "fail"}, served: policyURL,
		is: func(_ *testing.T, w *world) {
			w.pages[policyURL] = text(strings.Replace(enforce, "mail.example.com", "*.mail.example.com", 1))
		}},
	{name: "policy: exchanger not named, testing", zone: stsZone, want: Expected{"mta-sts.mx-not-covered", "warn"}, served: policyURL,
		is: func(_ *testing.T, w *world) {
			w.pages[policyURL] = text("version: STSv1\nmode: testing\nmx: mx.example.net\nmax_age: 86400\n")
		}},
	{name: "policy served, record missing", zone: "mta-sts.example.com. A 192.0.2.80\n", want: Expected{"mta-sts.none", "info"}},
	{name: "policy served, record at the wrong name", zone: "mta-sts.example.com. A 192.0.2.80\n_mta_sts.example.com. TXT \"v=STSv1; id=1\"\n", want: Expected{"mta-sts.wrong-name", ""}},
	{name: "policy enforced, record invalid", zone: "mta-sts.example.com. A 192.0.2.80\n_mta-sts.example.com. TXT \"v=STSv1; id=2026-11-25\"\n", want: Expected{"mta-sts.record-invalid", "fail"}},

	{name: "exchanger: no STARTTLS", want: Expected{"tls.mx-no-starttls", "warn"},
		is:   func(_ *testing.T, w *world) { w.startTLS = false },
		cure: func(_ *testing.T, w *world) { w.startTLS = true }},
	{name: "exchanger: no STARTTLS where MTA-STS is enforced", zone: stsZone, want: Expected{"tls.mx-no-starttls", "fail"},
		is:   func(_ *testing.T, w *world) { w.startTLS = false },
		cure: func(_ *testing.T, w *world) { w.startTLS = true }},
	{name: "exchanger: no STARTTLS where DANE promises it", zone: signedAll + "_25._tcp.mail.example.com. TLSA 3 1 1 " + otherKey + "\n", want: Expected{"tls.mx-no-starttls", "fail"},
		is: func(_ *testing.T, w *world) { w.startTLS = false }},
	{name: "exchanger: self-signed, which harms nobody", want: Expected{"tls.mx-certificate", "info"},
		is:   func(t *testing.T, w *world) { w.mxCert = selfSigned(t, "mail.example.com") },
		cure: func(t *testing.T, w *world) { w.mxCert = w.issue(t, now.AddDate(1, 0, 0), "mail.example.com") }},
	{name: "exchanger: certificate for another name where MTA-STS is enforced", zone: stsZone, want: Expected{"tls.mx-certificate", "fail"},
		is:   func(t *testing.T, w *world) { w.mxCert = w.issue(t, now.AddDate(1, 0, 0), "www.example.com") },
		cure: func(t *testing.T, w *world) { w.mxCert = w.issue(t, now.AddDate(1, 0, 0), "mail.example.com") }},
	{name: "exchanger: expired certificate while testing", zone: stsZone, want: Expected{"tls.mx-certificate", "warn"},
		is: func(t *testing.T, w *world) {
			w.mxCert = w.issue(t, now.AddDate(0, 0, -1), "mail.example.com")
			w.pages[policyURL] = text(strings.Replace(enforce, "enforce", "testing", 1))
		},
		cure: func(t *testing.T, w *world) { w.mxCert = w.issue(t, now.AddDate(1, 0, 0), "mail.example.com") }},
	{name: "exchanger: TLS 1.1 at most", want: Expected{"tls.mx-old-version", "warn"},
		is:   func(_ *testing.T, w *world) { w.lowest, w.highest = tls.VersionTLS10, tls.VersionTLS11 },
		cure: func(_ *testing.T, w *world) { w.lowest, w.highest = tls.VersionTLS12, 0 }},
	{name: "exchanger: TLS 1.0 beside new versions", want: Expected{"tls.mx-older-versions", "info"},
		is:   func(_ *testing.T, w *world) { w.lowest = tls.VersionTLS10 },
		cure: func(_ *testing.T, w *world) { w.lowest = tls.VersionTLS12 }},
	{name: "exchanger: no postmaster", want: Expected{"tls.mx-postmaster", "warn"},
		is:   func(_ *testing.T, w *world) { w.noPostmaster = true },
		cure: func(_ *testing.T, w *world) { w.noPostmaster = false }},
	{name: "exchanger: puts strangers off", want: Expected{"tls.mx-unseen", "unknown"},
		is:   func(_ *testing.T, w *world) { w.banner = "421 4.7.0 try again later" },
		cure: func(_ *testing.T, w *world) { w.banner = "220 mail.example.com ESMTP" }},
	{name: "exchanger: a firewall hides it", want: Expected{"tls.mx-greeting", "info"},
		is:   func(_ *testing.T, w *world) { w.banner = "220 ********************" },
		cure: func(_ *testing.T, w *world) { w.banner = "220 mail.example.com ESMTP" }},

	{name: "TLSA: of an older key", zone: signedAll + "_25._tcp.mail.example.com. TLSA 3 1 1 " + otherKey + "\n", want: Expected{"dane.mismatch", "fail"}},
	{name: "TLSA: of an older key, not signed yet", zone: "; secure: .\n. SOA a.root-servers.net. nstld.verisign-grs.com. 1 1800 900 604800 86400\n_25._tcp.mail.example.com. TLSA 3 1 1 " + otherKey + "\n", want: Expected{"dane.unsigned", "warn"}},
	{name: "TLSA: of an authority that did not sign", zone: signedAll + "_25._tcp.mail.example.com. TLSA 2 0 1 " + otherKey + "\n", want: Expected{"dane.mismatch", "fail"}},
	{name: "TLSA: for web servers", zone: signedAll + "_25._tcp.mail.example.com. TLSA 1 1 1 " + otherKey + "\n", want: Expected{"dane.unusable", "warn"}},

	{name: "logo: a script in it", zone: bimiZone, want: Expected{"bimi.svg-invalid", "warn"}, served: logoURL,
		is: func(_ *testing.T, w *world) {
			w.pages[logoURL] = svg(strings.Replace(logo, "<path", "<script>alert(1)</script><path", 1))
		}},
	{name: "logo: as a drawing program saves it", zone: bimiZone, want: Expected{"bimi.svg-invalid", "warn"}, served: logoURL,
		is: func(_ *testing.T, w *world) {
			w.pages[logoURL] = svg(`<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><path d="M0 0h9v9z"/></svg>`)
		}},
	{name: "logo: not there", zone: bimiZone, want: Expected{"bimi.logo-unreachable", "warn"},
		is:   func(_ *testing.T, w *world) { delete(w.pages, logoURL) },
		cure: func(_ *testing.T, w *world) { w.pages[logoURL] = svg(logo) }},
	{name: "logo: server error says nothing", zone: bimiZone, want: Expected{"bimi.unseen", "unknown"},
		is:   func(_ *testing.T, w *world) { w.pages[logoURL] = page{status: 500} },
		cure: func(_ *testing.T, w *world) { w.pages[logoURL] = svg(logo) }},
	{name: "mark certificate: a page in its place", zone: certZone, want: Expected{"bimi.certificate-invalid", "warn"},
		is: func(_ *testing.T, w *world) { w.pages["www.example.com/vmc.pem"] = page{body: "<html></html>"} }},
	{name: "mark certificate: not there", zone: certZone, want: Expected{"bimi.certificate-unreachable", "warn"}},
}

// TestLiveClosedLoop: faults of policy, mail and logo servers are found where real servers
// on loopback have them, and are gone when the repair is made.
func TestLiveClosedLoop(t *testing.T) {
	for _, c := range liveCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := orderly(t)
			if c.is != nil {
				c.is(t, w)
			}
			zone := readLive(t, c.zone)
			before := w.judge(t, zone, nil)
			expectFirst(t, before, c.want)
			found := slices.IndexFunc(before, func(f catalogue.Finding) bool { return f.ID == c.want.ID })
			if found < 0 {
				return
			}
			published := changes(before)
			if c.cure == nil && c.served == "" && len(before[found].DNS) == 0 {
				return // only people can cure it
			}
			if c.cure != nil {
				c.cure(t, w)
			}
			if c.served != "" {
				body := before[found].Snippets[0].Text
				w.pages[c.served] = text(body)
			}
			after := w.judge(t, zone, published)
			if has(after, before[found]) {
				t.Errorf("it is repaired, and there is still %s", show(before[found]))
			}
			noNewFail(t, before, after, "the repair")
			for _, f := range after {
				if f.Status == catalogue.Fail || f.Status == catalogue.Warn {
					t.Errorf("the repair leaves %s", show(f))
				}
			}
		})
	}
}

// TestLiveHealthy: everything in order passes everything.
func TestLiveHealthy(t *testing.T) {
	w := orderly(t)
	zone := readLive(t, signedAll+stsZone+bimiZone)
	for _, f := range w.judge(t, zone, nil) {
		if f.Status == catalogue.Fail || f.Status == catalogue.Warn || f.Status == catalogue.Unknown && transportAreas[catalogue.Area(f.ID)] {
			t.Errorf("got %s", show(f))
		}
	}
	passes := func(id string) bool {
		return slices.ContainsFunc(w.judge(t, zone, nil), func(f catalogue.Finding) bool { return f.ID == id && f.Status == catalogue.Pass })
	}
	for _, id := range []string{"mta-sts.pass", "tls-rpt.pass", "tls.mx-pass", "bimi.pass"} {
		if !passes(id) {
			t.Errorf("there is no %s", id)
		}
	}
}

var transportAreas = map[string]bool{"mta-sts": true, "tls-rpt": true, "dane": true, "tls": true, "bimi": true}

// orderly is a world in which nothing is wrong.
func orderly(t *testing.T) *world {
	w := newWorld(t)
	w.pages[policyURL] = text(enforce)
	w.pages[logoURL] = svg(logo)
	return w
}

func readLive(t *testing.T, zone string) Case {
	t.Helper()
	c, err := Read(strings.NewReader(liveZone+zone), t.Name())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) judge(t *testing.T, c Case, published []dns.Change) []catalogue.Finding {
	t.Helper()
	return w.look(t, c, published, false).Findings
}

// look checks the zone by way of the servers.
func (w *world) look(t *testing.T, c Case, published []dns.Change, guarded bool) *check.Report {
	t.Helper()
	server, client := served(t, c, published)
	r := oneServer{dns.NewCache(client, dns.CacheConfig{})}
	d := w.dialer(r, guarded)
	o := survey.Options{Now: now, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25")}, Fetch: fetch.NewClient(d, fetch.HTTPConfig{}), Prober: w.prober(d), Postmaster: true, Roots: w.roots}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	rep := check.Run(ctx, r, check.Target{Text: c.Domain, Kind: check.KindDomain, Domain: c.Domain}, check.Options{Survey: o})
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	return rep
}

// TestNoWayInside: a domain cannot make this program talk to the machines beside it, by
// a policy host, a logo, a certificate, a redirect or a mail exchanger.
func TestNoWayInside(t *testing.T) {
	w := orderly(t)
	for _, inside := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"} {
		kind := "A"
		if strings.Contains(inside, ":") {
			kind = "AAAA"
		}
		port := netip.MustParseAddrPort(w.web.Listener.Addr().String()).Port()
		for what, zone := range map[string]string{
			"policy":      "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\nmta-sts.example.com. " + kind + " " + inside + "\n",
			"alias":       "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\nmta-sts.example.com. CNAME in.example.com.\nin.example.com. " + kind + " " + inside + "\n",
			"logo":        "default._bimi.example.com. TXT \"v=BIMI1; l=https://in.example.com/logo.svg; a=https://in.example.com/vmc.pem;\"\nin.example.com. " + kind + " " + inside + "\n",
			"address":     "default._bimi.example.com. TXT \"v=BIMI1; l=https://" + netip.AddrPortFrom(netip.MustParseAddr(inside), port).String() + "/logo.svg; a=;\"\n",
			"exchanger":   "in.example.com. " + kind + " " + inside + "\nexample.com. MX 5 in.example.com.\n",
			"both worlds": "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\nmta-sts.example.com. A 127.0.0.1\nmta-sts.example.com. A 10.0.0.1\n",
		} {
			rep := w.look(t, readLive(t, zone), nil, true)
			s := rep.Survey
			tried := 0
			if r := s.Transport.STS.Verdict.Response; r != nil {
				tried++
				if r.Problem != "address-refused" || r.Body != nil {
					t.Errorf("%s at %s: %+v", what, inside, r)
				}
			}
			for _, r := range []*bimi.Response{s.BIMI.Logo, s.BIMI.Authority} {
				if r != nil {
					tried++
					if r.Problem != "address-refused" && r.Problem != "bad-url" || r.Body != nil {
						t.Errorf("%s at %s: %+v", what, inside, r)
					}
				}
			}
			for _, p := range s.Transport.Probes {
				if p.Name == "in.example.com" {
					tried++
					if p.Problem != "address-refused" {
						t.Errorf("%s at %s: %+v", what, inside, p.Host)
					}
				}
			}
			if tried == 0 {
				t.Errorf("%s at %s: nothing was tried", what, inside)
			}
		}
	}
	if n := w.hits.Load(); n != 0 {
		t.Errorf("the server inside was reached %d times", n)
	}
}
