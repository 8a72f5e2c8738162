package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	miekg "github.com/miekg/dns"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

// Parts is how often Config.Done is called.
const Parts = 6

// maxServers is how many resolvers are looked at.
const maxServers = 8

// Look sees how the instrument is. It returns when ctx ends or soon after the longest of its questions; an
// error is one of the configuration.
func Look(ctx context.Context, cfg Config) (*Seen, error) {
	s := &Seen{Now: cfg.Now, Built: cfg.Built}
	var clients []*dns.Client
	for _, addr := range cfg.Servers[:min(len(cfg.Servers), maxServers)] {
		c, err := dns.NewClient(dns.ClientConfig{Servers: []string{addr}, Timeout: cfg.Timeout, Retries: 1})
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
		s.Servers = append(s.Servers, Server{Addr: addr})
	}
	var counting sync.Mutex
	done := func() {
		counting.Lock()
		defer counting.Unlock()
		if cfg.Done != nil {
			cfg.Done()
		}
	}
	var all sync.WaitGroup
	part := func(f func()) { all.Go(func() { f(); done() }) }
	part(func() { s.Ports = lookPorts(ctx, cfg.Places) })
	part(func() { s.Stored, s.Master = lookStored(ctx, cfg.Database), lookMaster(cfg.MasterKey) })
	var first sync.WaitGroup
	for i, c := range clients {
		first.Go(func() { s.Servers[i].Answer = c.Resolve(ctx, dns.Question{Type: dns.TypeSOA}) })
	}
	first.Wait()
	done()
	server, ok := s.answering()
	if !ok { // each further question would wait as long, and learn nothing
		done()
		done()
		part(func() { s.Probed = cfg.probe(ctx, nil) })
		all.Wait()
		return s, nil
	}
	var r dns.Resolver = clients[0]
	for i, c := range clients {
		if s.Servers[i].Addr == server.Addr {
			r = c
		}
	}
	part(func() { s.lookDNS(ctx, r, server.Addr) })
	part(func() {
		if cfg.Lists != nil {
			s.Lists = cfg.Lists.Prove(ctx)
		}
	})
	part(func() { s.Probed = cfg.probe(ctx, r) })
	all.Wait()
	return s, nil
}

// lookDNS asks a resolver what an honest one that validates answers in one way only.
func (s *Seen) lookDNS(ctx context.Context, r dns.Resolver, addr string) {
	var group sync.WaitGroup
	word := "todoku-" + rand.Text()
	for _, name := range []string{word + ".com", word + ".example.com"} {
		s.Invented = append(s.Invented, dns.Answer{Question: dns.Question{Name: name, Type: dns.TypeA}})
	}
	for i := range s.Invented {
		group.Go(func() { s.Invented[i] = r.Resolve(ctx, s.Invented[i].Question) })
	}
	group.Go(func() { s.Root = r.Resolve(ctx, dns.Question{Type: dns.Type(miekg.TypeDNSKEY)}) })
	var large, small *miekg.Msg
	group.Go(func() { large, s.TCP = exchange(ctx, "tcp", addr, miekg.TypeDNSKEY) })
	group.Go(func() {
		for range 2 {
			if small, _ = exchange(ctx, "udp", addr, miekg.TypeSOA); small != nil {
				return
			}
		}
	})
	group.Wait()
	for _, m := range []*miekg.Msg{large, small} {
		s.sign(m)
	}
}

// sign narrows the window to the signatures of a message.
func (s *Seen) sign(m *miekg.Msg) {
	if m == nil {
		return
	}
	for _, rr := range m.Answer {
		sig, ok := rr.(*miekg.RRSIG)
		if !ok || sig.Hdr.Name != "." {
			continue
		}
		from, until := time.Unix(int64(sig.Inception), 0).UTC(), time.Unix(int64(sig.Expiration), 0).UTC()
		if s.Signed == nil {
			s.Signed = &Window{from, until}
		}
		if from.After(s.Signed.From) {
			s.Signed.From = from
		}
		if until.Before(s.Signed.Until) {
			s.Signed.Until = until
		}
	}
}

// exchange asks for records of the root with their signatures. Nothing is to be validated on the way: where the clock is
// wrong, a resolver on the same machine holds every signature for expired.
func exchange(ctx context.Context, network, addr string, t uint16) (*miekg.Msg, error) {
	m := new(miekg.Msg)
	m.SetQuestion(".", t)
	m.SetEdns0(1232, true)
	m.CheckingDisabled = true
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c := &miekg.Client{Net: network, Timeout: 4 * time.Second, UDPSize: 1232}
	reply, _, err := c.ExchangeContext(ctx, m, addr)
	switch {
	case err != nil:
		return nil, err
	case reply.Rcode != miekg.RcodeSuccess:
		return reply, fmt.Errorf("the answer is %s", miekg.RcodeToString[reply.Rcode])
	case len(reply.Answer) == 0:
		return reply, errors.New("the answer is empty")
	}
	return reply, nil
}

func lookStored(ctx context.Context, database string) *Stored {
	if database == "" {
		return nil
	}
	s := &Stored{Free: -1}
	s.Condition, s.Err = store.Inspect(ctx, database)
	if s.File != "" {
		s.Free = free(s.File)
	}
	return s
}

func lookMaster(file string) *KeyFile {
	if file == "" {
		return nil
	}
	_, err := keys.LoadMaster(file, func(string) string { return "" })
	return &KeyFile{Name: file, Err: err}
}
