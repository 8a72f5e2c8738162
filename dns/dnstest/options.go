package dnstest

import (
	"sync/atomic"
	"time"

	miekg "github.com/miekg/dns"
)

// Option makes the server misbehave.
type Option func(*config)

type config struct {
	truncateUDP bool
	delay       time.Duration
	drop        func(Query) bool
	wrongID     bool
	decoys      bool
	otherName   string
	raw         func(query []byte, network string) []byte
	cutTCP      int
	noEDNS      bool
	noSOA       bool
	change      func(Query, *miekg.Msg)
	ede         *miekg.EDNS0_EDE
}

// TruncateUDP answers everything by UDP with the TC bit and no records.
func TruncateUDP() Option { return func(c *config) { c.truncateUDP = true } }

// Delay waits before each answer.
func Delay(d time.Duration) Option { return func(c *config) { c.delay = d } }

// Drop leaves questions without an answer for which drop says so.
func Drop(drop func(Query) bool) Option { return func(c *config) { c.drop = drop } }

// DropFirst leaves the first n questions without an answer.
func DropFirst(n int) Option {
	var seen atomic.Int64
	return Drop(func(Query) bool { return seen.Add(1) <= int64(n) })
}

// WrongID answers with an ID that is not the question's.
func WrongID() Option { return func(c *config) { c.wrongID = true } }

// Decoys sends, before each answer by UDP, forged ones: with another ID, to another
// question, and not even a message.
func Decoys() Option { return func(c *config) { c.decoys = true } }

// OtherName answers as if another name had been asked: the question section and the
// records are of that name.
func OtherName(name string) Option { return func(c *config) { c.otherName = name } }

// Raw gives the octets of the reply; nil leaves the answer to the server.
func Raw(reply func(query []byte, network string) []byte) Option {
	return func(c *config) { c.raw = reply }
}

// CutTCP closes the connection after n octets of each reply, the length included.
func CutTCP(n int) Option { return func(c *config) { c.cutTCP = n } }

// NoEDNS answers FORMERR to questions with EDNS, as servers before RFC 6891 do.
func NoEDNS() Option { return func(c *config) { c.noEDNS = true } }

// NoSOA leaves the SOA out of negative answers, as careless servers do.
func NoSOA() Option { return func(c *config) { c.noSOA = true } }

// EDE adds an extended DNS error (RFC 8914) to failures.
func EDE(code uint16, text string) Option {
	return func(c *config) { c.ede = &miekg.EDNS0_EDE{InfoCode: code, ExtraText: text} }
}

// CutChains answers with the first CNAME alone where there is one, as a server does
// whose zone ends there.
func CutChains() Option {
	return func(c *config) {
		c.change = func(_ Query, m *miekg.Msg) {
			if len(m.Answer) > 0 && m.Answer[0].Header().Rrtype == miekg.TypeCNAME {
				m.Answer, m.Ns, m.Rcode = m.Answer[:1], nil, miekg.RcodeSuccess
			}
		}
	}
}
