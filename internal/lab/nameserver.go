package lab

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	miekg "github.com/miekg/dns"
	"golang.org/x/net/netutil"

	"github.com/todoku/todoku/dns"
)

// nameServer answers for the zone of the lab and for nothing else.
type nameServer struct {
	signer *zoneSigner
	domain string
	sets   map[string]map[uint16][]miekg.RR // by owner in lower case, absolute
	soa    []miekg.RR
	udp    net.PacketConn
	tcp    net.Listener
}

// maxQuestion is the longest name that is answered for: the one after it must fit too.
const maxQuestion = 240

// listenDNS opens the port.
func (l *Lab) listenDNS() (*nameServer, error) {
	s, err := newNameServer(l.cfg.Domain, l.zone, l.signer)
	if err != nil {
		return nil, err
	}
	at, err := ParseAddress(l.cfg.DNS, 53)
	if err != nil {
		return nil, err
	}
	if s.tcp, err = net.Listen("tcp", at.Listen.String()); err != nil {
		return nil, err
	}
	if s.udp, err = net.ListenPacket("udp", s.tcp.Addr().String()); err != nil {
		_ = s.tcp.Close()
		return nil, err
	}
	s.tcp = netutil.LimitListener(s.tcp, maxPerPort)
	return s, nil
}

func newNameServer(domain string, zone []dns.Record, signer *zoneSigner) (*nameServer, error) {
	apex := miekg.Fqdn(domain)
	s := &nameServer{signer: signer, domain: apex, sets: map[string]map[uint16][]miekg.RR{apex: {miekg.TypeDNSKEY: {signer.key}}}}
	for _, rec := range zone {
		rr, err := miekg.NewRR(rec.Text())
		if err != nil {
			return nil, fmt.Errorf("the record %s: %w", rec.Text(), err)
		}
		h := rr.Header()
		if h.Rrtype == miekg.TypeSOA {
			s.soa = []miekg.RR{rr}
		}
		name := strings.ToLower(h.Name)
		for at := name; at != s.domain && miekg.IsSubDomain(s.domain, at); { // names between are there too
			_, up, _ := strings.Cut(at, ".")
			if at = up; s.sets[at] == nil {
				s.sets[at] = map[uint16][]miekg.RR{}
			}
		}
		if s.sets[name] == nil {
			s.sets[name] = map[uint16][]miekg.RR{}
		}
		s.sets[name][h.Rrtype] = append(s.sets[name][h.Rrtype], rr)
	}
	return s, nil
}

// ServeDNS answers one question.
func (s *nameServer) ServeDNS(w miekg.ResponseWriter, q *miekg.Msg) {
	m := s.answer(q)
	size := 512
	if opt := q.IsEdns0(); opt != nil {
		m.SetEdns0(1232, opt.Do())
		size = int(min(max(opt.UDPSize(), 512), 1232))
	}
	if _, tcp := w.RemoteAddr().(*net.TCPAddr); tcp {
		size = miekg.MaxMsgSize
	}
	m.Truncate(size)
	_ = w.WriteMsg(m) // the client asks again
}

func (s *nameServer) answer(q *miekg.Msg) *miekg.Msg {
	m := new(miekg.Msg)
	m.SetReply(q)
	if q.Opcode != miekg.OpcodeQuery || len(q.Question) != 1 {
		return m.SetRcode(q, miekg.RcodeNotImplemented)
	}
	name := strings.ToLower(q.Question[0].Name)
	if !miekg.IsSubDomain(s.domain, name) || len(name) > maxQuestion || q.Question[0].Qclass != miekg.ClassINET {
		return m.SetRcode(q, miekg.RcodeRefused)
	}
	m.Authoritative = true
	sets, there := s.sets[name]
	for _, rr := range sets[q.Question[0].Qtype] {
		m.Answer = append(m.Answer, miekg.Copy(rr))
	}
	if len(m.Answer) == 0 {
		m.Ns = s.soa
		if !there {
			m.Rcode = miekg.RcodeNameError
		}
	}
	if opt := q.IsEdns0(); opt != nil && opt.Do() {
		if err := s.signer.secure(m, s.soa, name, there, slices.Collect(maps.Keys(sets))); err != nil {
			return m.SetRcode(q, miekg.RcodeServerFailure)
		}
	}
	return m
}

// run serves until ctx ends.
func (s *nameServer) run(ctx context.Context) error {
	udp := &miekg.Server{PacketConn: s.udp, Handler: s}
	tcp := &miekg.Server{Listener: s.tcp, Handler: s, MaxTCPQueries: 100}
	done := make(chan error, 2)
	for _, server := range []*miekg.Server{udp, tcp} {
		up := make(chan struct{})
		server.NotifyStartedFunc = func() { close(up) }
		go func() { done <- server.ActivateAndServe() }()
		select {
		case <-up:
		case err := <-done:
			_ = s.Close()
			return err
		}
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-done:
		done <- nil
	}
	_, _ = udp.Shutdown(), tcp.Shutdown()
	<-done
	<-done
	return err
}

// Close closes the port before run.
func (s *nameServer) Close() error {
	_ = s.udp.Close()
	return s.tcp.Close()
}
