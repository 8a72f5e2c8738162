package check

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/probe"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/survey"
)

// Evidence is all that one check saw: the DNS answers, the documents that came, the
// hosts that were talked to and what the blocklists said. A report can be made from it
// again, later, with newer rules or with one record changed, without asking anybody.
type Evidence struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Target is what was checked, as the user wrote it.
	Target    string       `json:"target"`
	Time      time.Time    `json:"time"`
	IPs       []netip.Addr `json:"ips,omitempty"`
	Selectors []string     `json:"selectors,omitempty"`
	Audience  string       `json:"audience,omitempty"`
	DNSOnly   bool         `json:"dns_only,omitempty"`
	// Fetched, Probed and Listed say which of the senses beside the DNS were used.
	Fetched bool `json:"fetched,omitempty"`
	Probed  bool `json:"probed,omitempty"`
	Listed  bool `json:"listed,omitempty"`

	Answers   []dns.Answer `json:"answers"`
	Documents []exchange   `json:"documents,omitempty"`
	Hosts     []probe.Host `json:"hosts,omitempty"`
	Sweeps    []sweep      `json:"sweeps,omitempty"`
}

const (
	evidenceFormat  = "todoku-check"
	evidenceVersion = 1
	// maxEvidence bounds one run, in octets of its JSON.
	maxEvidence = 8 << 20
)

// ErrTooLarge: a domain that answers with so much is not kept.
var ErrTooLarge = errors.New("check: more was seen than is kept of one check")

// Encode gives the octets to store.
func (e *Evidence) Encode() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("writing the evidence of a check: %w", err)
	}
	if len(b) > maxEvidence {
		return nil, ErrTooLarge
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// DecodeEvidence is the inverse of Encode.
func DecodeEvidence(b []byte) (*Evidence, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of a check: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxEvidence+1))
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of a check: %w", err)
	}
	if len(text) > maxEvidence {
		return nil, ErrTooLarge
	}
	e := new(Evidence)
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("reading the evidence of a check: %w", err)
	}
	if e.Format != evidenceFormat || e.Version > evidenceVersion {
		return nil, fmt.Errorf("reading the evidence of a check: %q version %d is not known to this program", e.Format, e.Version)
	}
	return e, nil
}

// options are those with which the evidence came about, and what gives it again.
func (e *Evidence) options() Options {
	o := survey.Options{Now: e.Time, IPs: e.IPs, Selectors: e.Selectors, DNSOnly: e.DNSOnly, Unlimited: true}
	if e.Fetched {
		o.Fetch = newDocuments(e.Documents)
	}
	if e.Probed {
		o.Prober = recordedHosts(e.Hosts)
	}
	if e.Listed {
		o.Blocklists = recordedSweeps(e.Sweeps)
	}
	audience := e.Audience
	if audience == "" {
		audience = "all"
	}
	return Options{Survey: o, Audience: audience}
}

// Replay makes the report again. Nothing is asked.
func (e *Evidence) Replay(ctx context.Context) *Report {
	t, _ := ParseTarget(e.Target) // it was one before
	return Run(ctx, dns.NewReplayer(e.Answers), t, e.options())
}

// replace puts newer evidence of a part in the place of what it replaces.
func (e *Evidence) replace(newer *Evidence) *Evidence {
	out := *e
	out.Time = newer.Time
	out.Answers = merge(newer.Answers, e.Answers, func(a dns.Answer) any { return a.Question })
	out.Documents = merge(newer.Documents, e.Documents, func(x exchange) any { return x.URL })
	out.Hosts = merge(newer.Hosts, e.Hosts, func(h probe.Host) any { return h.Name })
	out.Sweeps = merge(newer.Sweeps, e.Sweeps, func(s sweep) any { return s.Subject })
	return &out
}

// merge gives newer, and of older what newer does not have.
func merge[T any](newer, older []T, key func(T) any) []T {
	seen := make(map[any]bool, len(newer))
	out := make([]T, 0, len(newer)+len(older))
	for _, x := range newer {
		seen[key(x)] = true
		out = append(out, x)
	}
	for _, x := range older {
		if !seen[key(x)] {
			out = append(out, x)
		}
	}
	return out
}

// sweep is what the blocklists said of one subject. Of a list only its name is kept: what
// it is and what its answers mean stands in the data of this program.
type sweep struct {
	Subject string `json:"subject"`
	Lists   []seen `json:"lists"`
}

type seen struct {
	ID     string       `json:"id"`
	Proof  dnsbl.Proof  `json:"proof"`
	Result dnsbl.Result `json:"result"`
}

func sweepOf(s blocklist.Sweep) sweep {
	out := sweep{Subject: s.Subject}
	for _, l := range s.Lists {
		l.Result.Codes = nil // read again from the addresses
		out.Lists = append(out.Lists, seen{l.List.ID, l.Proof, l.Result})
	}
	return out
}

func (s sweep) again() blocklist.Sweep {
	known := make(map[string]provider.Blocklist)
	for _, b := range provider.Blocklists() {
		known[b.ID] = b
	}
	out := blocklist.Sweep{Subject: s.Subject}
	for _, l := range s.Lists {
		b, ok := known[l.ID]
		if !ok {
			continue // a list that is no more says nothing
		}
		r := l.Result
		for _, ip := range r.Addresses {
			r.Codes = append(r.Codes, b.Read(ip).Codes...)
		}
		out.Lists = append(out.Lists, blocklist.Seen{List: b, Proof: l.Proof, Result: r})
	}
	return out
}

type recordedSweeps []sweep

func (r recordedSweeps) Sweep(_ context.Context, _ dns.Resolver, s dnsbl.Subject) blocklist.Sweep {
	for _, x := range r {
		if x.Subject == s.String() {
			return x.again()
		}
	}
	return blocklist.Sweep{Subject: s.String()}
}

type recordedHosts []probe.Host

func (r recordedHosts) Host(_ context.Context, name string) probe.Host {
	for _, h := range r {
		if h.Name == name {
			return h
		}
	}
	return probe.Host{Name: name, Outcome: probe.Inconclusive, Problem: probe.NotTried, Detail: "not looked at"}
}
