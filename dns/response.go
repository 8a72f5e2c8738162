package dns

import (
	"net/netip"
	"strings"
	"unicode"

	miekg "github.com/miekg/dns"
)

// read takes from a message what answers the question for name, a canonical name.
// Records of other names, types and classes are ignored. Where next is not "", the
// chain is cut and goes on at next.
func read(m *miekg.Msg, name string, t Type) (a Answer, next string) {
	a.AuthenticData, a.RCode = m.AuthenticatedData, uint16(m.Rcode)
	if m.Rcode != miekg.RcodeSuccess && m.Rcode != miekg.RcodeNameError {
		a.Status, a.AuthenticData = failedStatus(m.Rcode), false
		a.Detail = explain(m)
		return a, ""
	}
	end := name
	if t != TypeCNAME {
		a.Chain, end = chain(m.Answer, name)
	}
	if len(a.Chain) > MaxChain {
		return malformed(a, "the CNAME chain loops or is too long"), ""
	}
	if m.Rcode == miekg.RcodeNameError {
		// It is the last name of the chain that does not exist (RFC 2308 section 2.1).
		a.Status, a.TTL = NXDomain, negativeTTL(m)
		a.Detail = extendedError(m)
		return a, ""
	}
	if flaw := a.collect(m.Answer, end, t); flaw != "" {
		return malformed(a, flaw), ""
	}
	if len(a.Records) > 0 {
		a.Status = Success
		return a, ""
	}
	return a.empty(m, end)
}

// empty decides what a message without the asked records says (RFC 2308 section 2.2).
func (a Answer) empty(m *miekg.Msg, end string) (Answer, string) {
	soa, referral := false, false
	for _, rr := range m.Ns {
		soa = soa || rr.Header().Rrtype == miekg.TypeSOA
		referral = referral || rr.Header().Rrtype == miekg.TypeNS
	}
	switch {
	case soa:
		a.Status, a.TTL = NoData, negativeTTL(m)
		a.Detail = extendedError(m)
	case len(a.Chain) > 0:
		if !ValidName(end) || end == "" {
			return malformed(a, "the CNAME target is not a domain name"), ""
		}
		return a, end
	case referral && !m.Authoritative:
		a.Status, a.AuthenticData = OtherError, false
		a.Detail = "the server gave a referral, not an answer"
		a.Delegation = delegation(m.Ns, end)
	default:
		a.Status = NoData // without an SOA it may not be kept: TTL 0
		a.Detail = extendedError(m)
	}
	return a, ""
}

// maxDelegation bounds the name servers of a referral.
const maxDelegation = 64

// delegation gives the NS records of one zone, which a name is in.
func delegation(section []miekg.RR, name string) (out []Record) {
	zone := ""
	for _, rr := range section {
		h := rr.Header()
		if h.Rrtype != miekg.TypeNS || h.Class != miekg.ClassINET || h.Rdlength == 0 || len(out) == maxDelegation {
			continue
		}
		rec := fromWire(rr)
		if zone == "" {
			zone = CanonicalName(rec.Name)
		}
		if CanonicalName(rec.Name) == zone && IsSubdomain(name, zone) {
			out = append(out, rec)
		}
	}
	return out
}

// chain follows the CNAME records of one message from name. A CNAME that was
// followed once is not followed again.
func chain(section []miekg.RR, name string) (links []Record, end string) {
	next := make(map[string]Record)
	for _, rr := range section {
		if c, ok := rr.(*miekg.CNAME); ok && c.Hdr.Class == miekg.ClassINET {
			rec := fromWire(c)
			if owner := CanonicalName(rec.Name); next[owner].Type == 0 {
				next[owner] = rec
			}
		}
	}
	for len(links) <= MaxChain {
		rec, ok := next[name]
		if !ok {
			break
		}
		delete(next, name)
		links = append(links, rec)
		name = CanonicalName(rec.Data)
	}
	return links, name
}

// collect takes the records of type t at name, or says what is wrong with them.
func (a *Answer) collect(section []miekg.RR, name string, t Type) (flaw string) {
	octets := 0
	for _, rr := range section {
		h := rr.Header()
		if h.Rrtype != uint16(t) || h.Class != miekg.ClassINET || CanonicalName(unescapeName(h.Name)) != name {
			continue
		}
		if h.Rdlength == 0 && t != TypeTXT { // lets an A record without address through the wire library
			return "a record has no data"
		} // a TXT record without a string is illegal too (RFC 1035 section 3.3.14), but says nothing and spoils no other
		rec := fromWire(rr)
		if octets += len(rec.Data); octets > MaxOctets {
			return "the answer has too much data"
		}
		a.append(rec)
	}
	return ""
}

func failedStatus(rcode int) Status {
	switch rcode {
	case miekg.RcodeServerFailure:
		return ServFail
	case miekg.RcodeRefused:
		return Refused
	}
	return OtherError
}

// negativeTTL reads the SOA of the authority section (RFC 2308 section 5); 0
// without one.
func negativeTTL(m *miekg.Msg) uint32 {
	for _, rr := range m.Ns {
		if soa, ok := rr.(*miekg.SOA); ok {
			return min(saneTTL(soa.Hdr.Ttl), saneTTL(soa.Minttl))
		}
	}
	return 0
}

// saneTTL: a TTL with the highest bit set counts as zero (RFC 2181 section 8).
func saneTTL(ttl uint32) uint32 {
	if ttl > 1<<31-1 {
		return 0
	}
	return ttl
}

// explain says which failure the server reported.
func explain(m *miekg.Msg) string {
	word := miekg.RcodeToString[m.Rcode]
	if word == "" {
		word = "an unknown response code"
	}
	if more := extendedError(m); more != "" {
		return "the server answered " + word + ": " + more
	}
	return "the server answered " + word
}

// extendedError gives the extended DNS errors of a message (RFC 8914): the meaning
// of each code and the server's own words, which are a stranger's: printable, short.
func extendedError(m *miekg.Msg) string {
	opt := m.IsEdns0()
	if opt == nil {
		return ""
	}
	var parts []string
	for _, o := range opt.Option {
		e, ok := o.(*miekg.EDNS0_EDE)
		if !ok || len(parts) == 3 {
			continue
		}
		parts = append(parts, strings.TrimSuffix(miekg.ExtendedErrorCodeToString[e.InfoCode]+": "+printable(e.ExtraText, 200), ": "))
	}
	return strings.Join(parts, "; ")
}

func printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s[:min(len(s), most)])
	return strings.TrimSpace(s)
}

// fromWire decodes one record.
func fromWire(rr miekg.RR) Record {
	h := rr.Header()
	rec := Record{Name: unescapeName(h.Name), Type: Type(h.Rrtype), TTL: saneTTL(h.Ttl)}
	switch v := rr.(type) {
	case *miekg.TXT:
		rec.takeStrings(v.Txt)
	case *miekg.SPF:
		rec.takeStrings(v.Txt)
	case *miekg.A:
		rec.Addr, _ = netip.AddrFromSlice(v.A.To4())
		rec.Data = rec.Addr.String()
	case *miekg.AAAA:
		rec.Addr, _ = netip.AddrFromSlice(v.AAAA.To16())
		rec.Data = rec.Addr.String()
	case *miekg.CNAME:
		rec.Data = unescapeName(v.Target)
	case *miekg.NS:
		rec.Data = unescapeName(v.Ns)
	case *miekg.PTR:
		rec.Data = unescapeName(v.Ptr)
	case *miekg.MX:
		rec.Data, rec.Pref = unescapeName(v.Mx), v.Preference
	default:
		rec.Data = presentation(rr)
	}
	return rec
}

// takeStrings joins character-strings, which come escaped.
func (r *Record) takeStrings(escaped []string) {
	parts := make([]string, len(escaped))
	for i, s := range escaped {
		parts[i] = unescapeText(s)
	}
	r.Data = strings.Join(parts, "")
	if len(parts) > 1 {
		r.Strings = parts
	}
}

func unescapeText(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := unescapeOctet(s[i:])
		b.WriteByte(c)
		i += n
	}
	return b.String()
}
