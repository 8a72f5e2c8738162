package dnstest

import (
	"net"
	"strings"

	miekg "github.com/miekg/dns"
	"github.com/todoku/todoku/dns"
)

// answer makes the message for a question; nil where there is to be no answer.
func (s *Server) answer(query *miekg.Msg, q Query) *miekg.Msg {
	m := new(miekg.Msg)
	m.SetReply(query)
	m.Authoritative, m.RecursionAvailable, m.Compress = true, true, true
	if q.EDNS {
		m.SetEdns0(1232, q.DO)
	}
	if s.cfg.noEDNS && q.EDNS {
		m.Rcode, m.Extra = miekg.RcodeFormatError, nil
		return m
	}
	name := unescape(query.Question[0].Name)
	if s.cfg.otherName != "" {
		name = s.cfg.otherName
		m.Question[0].Name = miekg.Fqdn(name)
	}
	a := s.resolver.Resolve(s.ctx, dns.Question{Name: name, Type: q.Type})
	if a.Status == dns.Timeout || a.Status == dns.NetError {
		return nil
	}
	m.AuthenticatedData = a.AuthenticData && (q.AD || q.DO)
	m.Rcode = rcode(a)
	for _, set := range [][]dns.Record{a.Chain, a.Records} {
		for _, rec := range set {
			if rr := toWire(rec); rr != nil {
				m.Answer = append(m.Answer, rr)
			}
		}
	}
	if a.Status.Void() && !s.cfg.noSOA {
		m.Ns = append(m.Ns, s.soa(a))
	}
	if opt := m.IsEdns0(); opt != nil && s.cfg.ede != nil && a.Status.Failed() {
		opt.Option = append(opt.Option, s.cfg.ede)
	}
	if s.cfg.change != nil {
		s.cfg.change(q, m)
	}
	return m
}

func rcode(a dns.Answer) int {
	switch a.Status {
	case dns.Success, dns.NoData:
		return miekg.RcodeSuccess
	case dns.NXDomain:
		return miekg.RcodeNameError
	case dns.Refused, dns.NotRecorded:
		return miekg.RcodeRefused
	case dns.BadName:
		return miekg.RcodeFormatError
	case dns.OtherError:
		if a.RCode != 0 {
			return int(a.RCode)
		}
	}
	return miekg.RcodeServerFailure
}

// soa is the SOA for a negative answer: the zone's own, found upwards from the end
// of the chain, else one made up. Its TTL is the negative TTL (RFC 2308 section 3).
func (s *Server) soa(a dns.Answer) miekg.RR {
	name := a.Question.Name
	if n := len(a.Chain); n > 0 {
		name = a.Chain[n-1].Data
	}
	for labels := strings.Split(name, "."); len(labels) > 0; labels = labels[1:] {
		up := s.resolver.Resolve(s.ctx, dns.Question{Name: strings.Join(labels, "."), Type: dns.TypeSOA})
		if !up.Status.Found() || len(up.Chain) > 0 {
			continue
		}
		if soa, ok := toWire(up.Records[0]).(*miekg.SOA); ok {
			soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
			return soa
		}
	}
	return &miekg.SOA{
		Hdr: miekg.RR_Header{Name: ".", Rrtype: miekg.TypeSOA, Class: miekg.ClassINET, Ttl: a.TTL},
		Ns:  "ns.invalid.", Mbox: "hostmaster.invalid.", Serial: 1, Refresh: 7200, Retry: 600, Expire: 86400, Minttl: a.TTL,
	}
}

// toWire encodes one record; nil for one that cannot be.
func toWire(rec dns.Record) miekg.RR {
	h := miekg.RR_Header{Name: escape(rec.Name), Rrtype: uint16(rec.Type), Class: miekg.ClassINET, Ttl: rec.TTL}
	switch rec.Type {
	case dns.TypeTXT:
		return &miekg.TXT{Hdr: h, Txt: escapeStrings(rec)}
	case dns.TypeSPF:
		return &miekg.SPF{Hdr: h, Txt: escapeStrings(rec)}
	case dns.TypeA:
		return &miekg.A{Hdr: h, A: net.IP(rec.Addr.AsSlice())}
	case dns.TypeAAAA:
		return &miekg.AAAA{Hdr: h, AAAA: net.IP(rec.Addr.AsSlice())}
	case dns.TypeCNAME:
		return &miekg.CNAME{Hdr: h, Target: escape(rec.Data)}
	case dns.TypeNS:
		return &miekg.NS{Hdr: h, Ns: escape(rec.Data)}
	case dns.TypePTR:
		return &miekg.PTR{Hdr: h, Ptr: escape(rec.Data)}
	case dns.TypeMX:
		return &miekg.MX{Hdr: h, Preference: rec.Pref, Mx: escape(rec.Data)}
	}
	rr, err := miekg.NewRR(rec.Text())
	if err != nil {
		return nil
	}
	return rr
}

// misbehave packs the reply and does to it what the options ask for.
func (s *Server) misbehave(m, query *miekg.Msg, q Query) [][]byte {
	if s.cfg.wrongID {
		m.Id++
	}
	if q.Network == "udp" {
		if s.cfg.truncateUDP {
			m.Truncated, m.Answer, m.Ns = true, nil, nil
		} else {
			m.Truncate(udpSize(query))
		}
	}
	packed, err := m.Pack()
	if err != nil || len(packed) > miekg.MaxMsgSize {
		// A reply that does not fit into a message is the server's failure.
		m.Answer, m.Ns, m.Rcode = nil, nil, miekg.RcodeServerFailure
		if packed, err = m.Pack(); err != nil {
			return nil
		}
	}
	if s.cfg.decoys && q.Network == "udp" {
		return append(decoys(packed), packed)
	}
	return [][]byte{packed}
}

func udpSize(query *miekg.Msg) int {
	if opt := query.IsEdns0(); opt != nil {
		return int(min(max(opt.UDPSize(), 512), 1232))
	}
	return 512
}

// decoys are what someone would send who knows the port but not the question.
func decoys(reply []byte) [][]byte {
	otherID := append([]byte(nil), reply...)
	otherID[0] ^= 0x55
	otherQuestion := append([]byte(nil), reply...)
	if len(otherQuestion) > 13 {
		otherQuestion[13] ^= 0x01 // the first octet of the name asked
	}
	noReply := append([]byte(nil), reply...)
	noReply[2] &^= 0x80
	return [][]byte{otherID, otherQuestion, noReply, reply[:7]}
}
