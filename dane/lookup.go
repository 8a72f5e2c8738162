package dane

import (
	"context"
	"fmt"

	"github.com/todoku/todoku/dns"
)

// Result is what a look-up came to: what a sender that does DANE will do.
type Result string

const (
	// None: there are no TLSA records; mail goes out as without DANE.
	None Result = "none"
	// Insecure: there are TLSA records, but an answer on the way to them is not
	// protected by DNSSEC, so that they are ignored (RFC 7672 section 2.2).
	Insecure Result = "insecure"
	// Unusable: secure TLSA records, none of which SMTP can use. TLS is mandatory,
	// the certificate is not looked at (RFC 7672 section 2.2).
	Unusable Result = "unusable"
	// Secure: secure and usable TLSA records. Mail is delivered only where one of them
	// fits what the host shows; see [Verify].
	Secure Result = "secure"
	// TempError: a look-up failed. Senders hold the mail back (RFC 7672 section 2.1.2).
	TempError Result = "temperror"
)

// The values of Verdict.Problem.
const (
	NoTLSA          = "no-tlsa"          // with Result None
	NoAddress       = "no-address"       // with Result None: there is no such host
	MXInsecure      = "mx-insecure"      // with Result Insecure
	AddressInsecure = "address-insecure" // with Result Insecure
	TLSAInsecure    = "tlsa-insecure"    // with Result Insecure
	AddressFailed   = "address-dns-failed"
	TLSAFailed      = "tlsa-dns-failed"
	NoUsable        = "no-usable-record" // with Result Unusable
)

// Verdict is what [Lookup] found, with all that it was derived from.
type Verdict struct {
	Host   string `json:"host"`
	Result Result `json:"result"`
	// Problem is why Result is not Secure, "" where it is. Reason says it in English.
	Problem string `json:"problem,omitempty"`
	Reason  string `json:"reason"`
	// MXSecure is what the caller said of the MX answer.
	MXSecure bool `json:"mx_secure"`
	// Base is the TLSA base domain: Host, or where CNAMEs lead it (RFC 7672 section 2.2.2).
	// The certificate has to be for this name.
	Base string       `json:"base"`
	A    dns.Answer   `json:"a"`
	AAAA dns.Answer   `json:"aaaa"`
	TLSA []dns.Answer `json:"tlsa"` // one, or two where Host is an alias
	// Records are those at Base, unusable ones included.
	Records []Record `json:"records"`
}

// Port is that of mail transfer.
const Port = 25

// Lookup looks at the addresses and the TLSA records of an MX host. mxSecure says
// whether the MX answer that named it, or its absence, came with the AD bit. TLSA is
// asked for even where the rest is insecure, so that records that do nothing are found.
func Lookup(ctx context.Context, r dns.Resolver, host string, mxSecure bool) Verdict {
	v := Verdict{Host: dns.CanonicalName(host), MXSecure: mxSecure}
	v.Base = v.Host
	g := dns.NewGroup(r)
	g.Go(func() { v.A = r.Resolve(ctx, dns.Question{Name: v.Host, Type: dns.TypeA}) })
	g.Go(func() { v.AAAA = r.Resolve(ctx, dns.Question{Name: v.Host, Type: dns.TypeAAAA}) })
	var direct dns.Answer
	g.Go(func() { direct = v.ask(ctx, r, v.Host) })
	g.Wait()
	if alias := v.alias(); alias != "" {
		first := v.ask(ctx, r, alias)
		v.TLSA = append(v.TLSA, first)
		if first.Status.Found() || first.Status.Failed() {
			v.Base = alias
			v.judge(first)
			return v
		}
	}
	v.TLSA = append(v.TLSA, direct)
	v.judge(direct)
	return v
}

func (v *Verdict) ask(ctx context.Context, r dns.Resolver, host string) dns.Answer {
	return r.Resolve(ctx, dns.Question{Name: Name(host, Port), Type: dns.TypeTLSA})
}

// alias is where secure CNAMEs lead Host, "" where there are none.
func (v *Verdict) alias() string {
	for _, a := range []dns.Answer{v.A, v.AAAA} {
		if n := len(a.Chain); n > 0 && a.AuthenticData && a.Status.Found() {
			return dns.CanonicalName(a.Chain[n-1].Data)
		}
	}
	return ""
}

// addressSecure: every answer that gave addresses, or said that there are none, was
// secure. One insecure answer is enough to lead a sender astray.
func (v *Verdict) addressSecure() bool {
	return v.A.AuthenticData && v.AAAA.AuthenticData
}

func (v *Verdict) judge(tlsa dns.Answer) {
	for _, rec := range tlsa.Records[:min(len(tlsa.Records), MaxRecords)] {
		if r, err := Parse(rec.Data); err == nil {
			v.Records = append(v.Records, r)
		}
	}
	switch {
	case v.A.Status.Failed() || v.AAAA.Status.Failed():
		v.is(TempError, AddressFailed, fmt.Sprintf("an address look-up of %s failed: A %s, AAAA %s", v.Host, v.A.Status, v.AAAA.Status))
	case !v.A.Status.Found() && !v.AAAA.Status.Found():
		v.is(None, NoAddress, v.Host+" has no address")
	case tlsa.Status.Failed() && v.MXSecure && v.addressSecure():
		v.is(TempError, TLSAFailed, fmt.Sprintf("the TLSA look-up of %s failed: %s", tlsa.Question.Name, tlsa.Status))
	case tlsa.Status.Failed(): // senders do not even ask (RFC 7672 section 2.2.2)
		v.is(None, TLSAFailed, fmt.Sprintf("the TLSA look-up of %s failed (%s), which senders do not make where DNSSEC is missing", tlsa.Question.Name, tlsa.Status))
	case !tlsa.Status.Found():
		v.is(None, NoTLSA, "there is no TLSA record at "+tlsa.Question.Name)
	case !v.MXSecure:
		v.is(Insecure, MXInsecure, "the MX answer is not protected by DNSSEC")
	case !v.addressSecure():
		v.is(Insecure, AddressInsecure, "the address of "+v.Host+" is not protected by DNSSEC")
	case !tlsa.AuthenticData:
		v.is(Insecure, TLSAInsecure, "the TLSA answer is not protected by DNSSEC")
	case len(v.usable()) == 0:
		v.is(Unusable, NoUsable, "no TLSA record can be used for SMTP")
	default:
		v.is(Secure, "", "secure and usable TLSA records")
	}
}

func (v *Verdict) usable() []Record {
	var out []Record
	for _, r := range v.Records {
		if r.Problem() == "" {
			out = append(out, r)
		}
	}
	return out
}

func (v *Verdict) is(result Result, problem, reason string) {
	v.Result, v.Problem, v.Reason = result, problem, reason
}
