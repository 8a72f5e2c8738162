// Package srs rewrites the envelope sender of forwarded mail, so that SPF passes at the next hop
// and bounces still come home: the sender rewriting scheme, which no RFC describes, as libsrs2 and
// postsrsd write and read it.
//
//	sender                                   forwarded by fwd.example
//	user@example.com                         SRS0=HHHH=TT=example.com=user@fwd.example
//	SRS0=HHHH=TT=example.com=user@fwd.test   SRS1=GGGG=fwd.test==HHHH=TT=example.com=user@fwd.example
//	SRS1=GGGG=fwd.test==...@other.example    SRS1=IIII=fwd.test==...@fwd.example
//
// HHHH is the beginning of an HMAC-SHA1 in base64, TT the day in base32. A bounce to a rewritten
// address is turned back only where the hash is ours and the day is not long ago: else the
// forwarder would relay mail for anybody. Hash and day are compared without regard to case, because
// mail servers on the way change it.
//
// An address here is a path without its angle brackets. Quoted local parts are unquoted before they
// are rewritten, and the whole is quoted again where it has to be.
package srs

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	// MaxLocal is how long a local part may be, in octets (RFC 5321 section 4.5.3.1.1).
	MaxLocal = 64
	// MaxAddress is how long an address may be, in octets: a path of 256 without its angle
	// brackets (RFC 5321 section 4.5.3.1.3).
	MaxAddress = 254
	// DefaultHashLength is how many characters of the hash are written, as by postsrsd.
	DefaultHashLength = 4
	// DefaultMaxAge is how long a rewritten address can be turned back, as by libsrs2.
	DefaultMaxAge = 21 * day

	day = 24 * time.Hour
	// maxHash is how many characters of base64 an HMAC-SHA1 has.
	maxHash = 27
	// slots is after how many days the time stamp begins again.
	slots = 1024
)

// The kinds of error.
var (
	// ErrNotSRS: the address is not one that this forwarder has rewritten; leave it as it is.
	ErrNotSRS = errors.New("srs: the address is not rewritten")
	// ErrSyntax: this is no address, or begins as a rewritten one and is none.
	ErrSyntax = errors.New("srs: the address is malformed")
	// ErrHash: the hash is not ours, or the address was changed: refuse mail to it.
	ErrHash = errors.New("srs: the hash does not fit the address")
	// ErrExpired: the address was rewritten too long ago: refuse mail to it.
	ErrExpired = errors.New("srs: the address has expired")
	// ErrTooLong: the rewritten address would be longer than mail servers have to take. Forward with
	// the sender unchanged: SPF fails then at the next hop, and an unbroken DKIM signature carries the mail.
	ErrTooLong = errors.New("srs: the rewritten address is too long")
)

// Config says who rewrites, and how.
type Config struct {
	// Domains are those of the forwarder. Senders are rewritten to the first; addresses in all are
	// turned back, and senders in all are left alone. Names in Unicode are those in A-labels, which mail servers ask for in either form.
	Domains []string
	// Local says of further domains (lower case, A-labels) that their senders need no rewriting, because this host
	// may send for them; nil: there are none.
	Local func(domain string) bool
	// Secrets are any octets. The first signs, all are tried where an address is turned back: put a new one
	// first, and take the old one away after MaxAge.
	Secrets [][]byte
	// Separator stands behind SRS0 and SRS1 in what is written: '=' (also where it is 0), '+' or '-'. Each is read.
	Separator byte
	// HashLength is how many characters of the hash are written, 4 to 27; 0 is DefaultHashLength.
	// HashMin is how many are needed at least to be turned back; 0 is HashLength.
	HashLength, HashMin int
	// MaxAge is how long a rewritten address can be turned back, in whole days, below 1024 days; 0 is DefaultMaxAge.
	MaxAge time.Duration
	// LongLocal allows local parts above MaxLocal. Most mail servers take them, but none has to. The bound
	// of MaxAddress stays.
	LongLocal bool
}

// Rewriter rewrites and turns back. Safe for concurrent use.
type Rewriter struct{ cfg Config }

// String names the first domain.
func (r *Rewriter) String() string { return "srs rewriter of " + r.cfg.Domains[0] }

// has reports that a domain, as aLabels gives it, is one of the forwarder's.
func (r *Rewriter) has(domain string) bool {
	return slices.ContainsFunc(r.cfg.Domains, func(d string) bool { return d == domain || aLabels(d) == domain })
}

// Format is String, whatever the verb: the secrets are never printed.
func (r *Rewriter) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// New checks the configuration; the error says what is wrong with it.
func New(c Config) (*Rewriter, error) {
	c.Domains, c.Secrets = slices.Clone(c.Domains), slices.Clone(c.Secrets)
	if len(c.Domains) == 0 {
		return nil, errors.New("srs: no domain of the forwarder is given")
	}
	for i, d := range c.Domains {
		c.Domains[i] = lower(strings.TrimSuffix(d, "."))
		if !validDomain(c.Domains[i]) {
			return nil, fmt.Errorf("srs: %q is not a domain", d)
		}
	}
	if len(c.Secrets) == 0 || slices.ContainsFunc(c.Secrets, func(s []byte) bool { return len(s) == 0 }) {
		return nil, errors.New("srs: no secret is given, or an empty one")
	}
	if c.Separator == 0 {
		c.Separator = '='
	}
	if strings.IndexByte(separators, c.Separator) < 0 {
		return nil, fmt.Errorf("srs: the separator %q is not =, + or -", c.Separator)
	}
	if c.HashLength == 0 {
		c.HashLength = DefaultHashLength
	}
	if c.HashMin == 0 {
		c.HashMin = c.HashLength
	}
	if c.HashLength < DefaultHashLength || c.HashLength > maxHash || c.HashMin < DefaultHashLength || c.HashMin > c.HashLength {
		return nil, fmt.Errorf("srs: a hash has %d to %d characters, and no fewer written than needed", DefaultHashLength, maxHash)
	}
	if c.MaxAge == 0 {
		c.MaxAge = DefaultMaxAge
	}
	if c.MaxAge < day || c.MaxAge >= slots*day {
		return nil, fmt.Errorf("srs: the greatest age is 1 to %d days", slots-1)
	}
	return &Rewriter{c}, nil
}

// Forward gives the sender to forward with. The null path (""), and senders in the forwarder's own and
// local domains, stay as they are. Errors: ErrSyntax, ErrTooLong.
func (r *Rewriter) Forward(sender string, now time.Time) (string, error) {
	if sender == "" {
		return "", nil
	}
	local, domain, err := split(sender)
	if err != nil {
		return "", err
	}
	if d := aLabels(domain); r.has(d) || r.cfg.Local != nil && r.cfg.Local(d) {
		return sender, nil
	}
	return r.join(r.rewritten(local, domain, now))
}

// rewritten gives the local part of the rewritten address.
func (r *Rewriter) rewritten(local, domain string, now time.Time) string {
	sep := string(r.cfg.Separator)
	switch kind, rest := tag(local); kind {
	case 0:
		// The separator of the other forwarder is kept: it is in its address.
		rest = local[len(tag0):]
		return tag1 + sep + r.hash(0, domain, rest) + "=" + domain + "=" + rest
	case 1:
		if _, host, user, ok := cut3(rest); ok && validHost(host) && isTail(user) {
			// The chain does not grow: the bounce goes to the first forwarder, past the others.
			return tag1 + sep + r.hash(0, host, user) + "=" + host + "=" + user
		}
	}
	stamp := timestamp(now)
	return tag0 + sep + r.hash(0, stamp, domain, local) + "=" + stamp + "=" + domain + "=" + local
}

// join puts a local part before the forwarder's domain, within the limits.
func (r *Rewriter) join(local string) (string, error) {
	local = quoteLocal(local)
	address := local + "@" + r.cfg.Domains[0]
	if len(address) > MaxAddress {
		return "", fmt.Errorf("%w: %d octets, at most %d", ErrTooLong, len(address), MaxAddress)
	}
	if len(local) > MaxLocal && !r.cfg.LongLocal {
		return "", fmt.Errorf("%w: %d octets before the @, at most %d", ErrTooLong, len(local), MaxLocal)
	}
	return address, nil
}

// Reverse gives the address that a rewritten one came from: the sender of SRS0, the address at the first forwarder of
// SRS1. ErrNotSRS: the address is somebody's; leave it. ErrSyntax, ErrHash, ErrExpired: refuse mail to it.
func (r *Rewriter) Reverse(address string, now time.Time) (string, error) {
	local, domain, err := split(address)
	if err != nil {
		return "", err
	}
	if !r.has(aLabels(domain)) {
		return "", ErrNotSRS
	}
	kind, rest := tag(local)
	switch kind {
	case 0:
		hash, stamp, more, ok := cut3(rest)
		host, user, okUser := strings.Cut(more, "=")
		if !ok || !okUser || !validHost(host) || user == "" {
			return "", fmt.Errorf("%w: it begins with SRS0, but is not SRS0=hash=day=domain=local", ErrSyntax)
		}
		if !r.verifies(hash, stamp, host, user) {
			return "", ErrHash
		}
		if err := checkAge(stamp, now, r.cfg.MaxAge); err != nil {
			return "", err
		}
		return quoteLocal(user) + "@" + host, nil
	case 1:
		hash, host, user, ok := cut3(rest)
		if !ok || !validHost(host) || !isTail(user) {
			return "", fmt.Errorf("%w: it begins with SRS1, but is not SRS1=hash=domain==hash=day=domain=local", ErrSyntax)
		}
		if !r.verifies(hash, host, user) {
			return "", ErrHash
		}
		return quoteLocal(tag0+user) + "@" + host, nil
	}
	return "", ErrNotSRS
}

// Rewritten reports whether the local part looks like one that some forwarder has rewritten.
func Rewritten(address string) bool {
	local, _, err := split(address)
	if err != nil {
		return false
	}
	kind, _ := tag(local)
	return kind >= 0
}
