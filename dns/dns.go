// Package dns asks the Domain Name System one question at a time and keeps
// apart what most resolvers blur: a name that does not exist, a name without
// data of the asked type, a server failure, a refusal and a time-out.
//
// Everything rests on [Resolver], an interface of one method. Caching,
// recording, replaying, overlaying ("what if I published this?"), counting and
// in-memory zones are small wrappers of that one method.
package dns

import (
	"context"
	"net/netip"
	"time"
)

// Resolver answers one question. Implementations are safe for concurrent use.
// There is no error result: everything that can go wrong is a [Status].
type Resolver interface {
	Resolve(ctx context.Context, q Question) Answer
}

// Type is a DNS record type (RFC 1035 section 3.2.2 and its successors).
type Type uint16

// The record types that mail authentication asks for.
const (
	TypeA      Type = 1
	TypeNS     Type = 2
	TypeCNAME  Type = 5
	TypeSOA    Type = 6
	TypePTR    Type = 12
	TypeMX     Type = 15
	TypeTXT    Type = 16
	TypeAAAA   Type = 28
	TypeDS     Type = 43
	TypeDNSKEY Type = 48
	TypeTLSA   Type = 52
	TypeSPF    Type = 99
	TypeCAA    Type = 257
)

// Question is one question to the DNS.
type Question struct {
	// Name is the domain name asked, without the final dot ("" is the root),
	// as ASCII (A-labels), in any case.
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Server, where valid, is the server to ask in place of the resolver's own
	// (an authoritative server, say). A resolver that cannot honour it ignores it.
	Server netip.AddrPort `json:"server,omitzero"`
}

// Status is the one way in which a question ended.
type Status uint8

const (
	// Unknown is the zero value: not asked.
	Unknown Status = iota
	// Success: at least one record of the asked type (after CNAMEs).
	Success
	// NoData: the name exists but has no record of the type (RFC 2308 section 2.2).
	NoData
	// NXDomain: the name does not exist (RFC 2308 section 2.1).
	NXDomain
	// ServFail: the server answered SERVFAIL (RCODE 2); DNSSEC failures look like this.
	ServFail
	// Refused: the server answered REFUSED (RCODE 5).
	Refused
	// Timeout: no usable answer within the deadline.
	Timeout
	// Malformed: an answer came that does not parse, does not fit the question,
	// loops (CNAME) or exceeds a limit.
	Malformed
	// BadName: the question itself cannot be asked (label over 63 octets, name over
	// 253, empty label); nothing was sent.
	BadName
	// NetError: the server could not be reached (connection refused, no route) or
	// closed the connection before its answer was complete.
	NetError
	// OtherError: any other RCODE; see Answer.RCode.
	OtherError
	// NotRecorded: a replay was asked a question that its recording does not hold.
	NotRecorded
)

// Found reports whether records came. Void reports whether the answer is a
// void look-up of RFC 7208 section 4.6.4 (NXDOMAIN or no data). Failed reports
// that nothing is known: neither presence nor absence.
func (s Status) Found() bool { return s == Success }

// Void: see Found.
func (s Status) Void() bool { return s == NoData || s == NXDomain }

// Failed: see Found. BadName does not fail: such a name certainly has no records.
func (s Status) Failed() bool { return s != Success && s != NoData && s != NXDomain && s != BadName }

// Record is one resource record, data decoded.
type Record struct {
	// Name is the owner, without the final dot.
	Name string `json:"name"`
	Type Type   `json:"type"`
	// TTL in seconds.
	TTL uint32 `json:"ttl"`
	// Data is: for TXT and SPF the character-strings joined without a space, raw
	// octets (RFC 7208 section 3.3); for A and AAAA the address; for CNAME, NS,
	// PTR and MX the target without the final dot; else presentation form.
	Data string `json:"data"`
	// Strings are the character-strings of TXT and SPF, nil where there is just one.
	Strings []string `json:"strings,omitempty"`
	// Addr is the address of A and AAAA.
	Addr netip.Addr `json:"-"`
	// Pref is the preference of MX.
	Pref uint16 `json:"pref,omitempty"`
}

// Answer is what one question gave.
type Answer struct {
	Question Question `json:"question"`
	Status   Status   `json:"status"`
	// Records are those of the asked type only, at the end of Chain.
	Records []Record `json:"records,omitempty"`
	// Chain are the CNAME records followed from the asked name, in order.
	Chain []Record `json:"chain,omitempty"`
	// Delegation are the NS records of a referral: the name servers of a zone below, as the server that was asked names them. Only
	// with Failed.
	Delegation []Record `json:"-"`
	// TTL in seconds: how long this answer may be kept. The least TTL of Records
	// and Chain, or the negative TTL of RFC 2308 section 5; 0 when Failed.
	TTL uint32 `json:"ttl"`
	// AuthenticData is the AD bit as the server sent it.
	AuthenticData bool `json:"ad,omitempty"`
	// RCode is the DNS response code, with EDNS extension bits.
	RCode uint16 `json:"rcode,omitempty"`
	// Server is who answered, host:port, "zone" for in-memory data, "" if none did.
	Server string `json:"server,omitempty"`
	// Detail is a short English explanation of a failure, with the EDE text of
	// RFC 8914 where the server gave one.
	Detail string `json:"detail,omitempty"`
	// Elapsed is the time the question took; 0 from a cache or a zone.
	Elapsed time.Duration `json:"elapsed,omitempty"`
	// Cached: served by a cache.
	Cached bool `json:"cached,omitempty"`
}
