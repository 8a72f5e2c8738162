package filter

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/message"
)

// Settings of a filter. They may not change once a filter has them: see Filter.Change.
type Settings struct {
	// AuthServID names us in Authentication-Results (RFC 8601 section 2.5). Fields of others that claim it
	// are removed, and those that claim one of AlsoOurs.
	AuthServID string
	AlsoOurs   []string
	// Hostname is our name for the SPF macro %{r}, and in Received-SPF; AuthServID where "".
	Hostname string
	// Trusted are networks whose mail is outgoing, beside that of users who authenticated. Loopback is among
	// them where it is nil.
	Trusted []netip.Prefix
	// TrustedNames are host names of clients whose mail is outgoing too; see Clients.
	TrustedNames []string
	// Untouched says which mail passes without a look; nil: none.
	Untouched *Untouched
	// Daemons are daemon names of the mail server ({daemon_name}) whose mail is outgoing.
	Daemons []string
	// Macros are macros of the mail server, by name without braces, that make mail outgoing where they have one of these values, with
	// none named: any value.
	Macros map[string][]string

	Resolver dns.Resolver
	// Timeout bounds the look-ups of a message, 10 s where 0: twice, for those that begin with its header and for
	// those at its end.
	Timeout time.Duration
	// Now is the clock; time.Now where nil.
	Now func() time.Time

	// ReceivedSPF adds that field (RFC 7208 section 9.1).
	ReceivedSPF bool
	// Policy is the table of outcomes; nil tags, and refuses nothing.
	Policy *Policy

	// MustBeSigned are fields, in lower case, all of which a signature must cover, where the message has them: else it is not accepted.
	MustBeSigned []string
	// MinimumKeyBits is the least size of RSA keys whose signatures are accepted, where it is above the 1024 of RFC 8301.
	MinimumKeyBits int

	// Signers have the keys of outgoing mail; nil: none.
	Signers Signers
	// MaySign says why mail whose From has this domain (A-labels, lower case), sent by this user ("" for none: a trusted
	// network), is not to be signed; nil gives no reason, and a nil function never has one.
	MaySign func(domain, user string) *NotSigned
	// DontSignTo are patterns of recipients, see Matches: mail to any of them is not signed, and that is no problem.
	DontSignTo []string
	// Senders say which users may send as whom; nil: as anybody we have a key for.
	Senders *Senders
	// Unsigned is what becomes of outgoing mail that gets no signature: Accept (and a warning), Defer or Reject.
	Unsigned Action
	// Mends are made on outgoing mail.
	Mends Mends
	// Pacing of outgoing mail; nil: none.
	Pacing *Pacing
	// Expires is how long after it is made a signature is good, 0 for no end.
	Expires time.Duration
	// Fields are those that signatures cover; nil: the recommended ones, see dkim.RecommendedHeaders.
	Fields *FieldChoice
	// Header and Body canonicalization of signatures; relaxed both where both are zero and Exact is not set.
	Header, Body dkim.Canonicalization
	// SimpleSignatures makes the zero values of Header and Body mean simple.
	SimpleSignatures bool

	// Forwarding is how mail is forwarded; nil: as it is.
	Forwarding *Forwarding

	ids []string
}

const defaultTimeout = 10 * time.Second

// Check says what is wrong with settings, before a filter has them.
func (s *Settings) Check() error {
	_, err := s.ready()
	return err
}

// ready gives a copy with the defaults filled in.
func (s *Settings) ready() (*Settings, error) {
	c := *s
	if c.AuthServID == "" || strings.ContainsAny(c.AuthServID, " \t\r\n;") {
		return nil, said.Error("the authserv-id %q: it must be a name, best that of the mail server", "authserv-id %q: 名前を指定してください (メールサーバーの名前が適しています)", c.AuthServID)
	}
	if isIDN(c.AuthServID) { // readers compare what they read with what they were told, and few read Unicode
		id, err := asciiDomain(c.AuthServID)
		if err != nil {
			return nil, said.Error("the authserv-id: %w", "authserv-id: %v", err)
		}
		c.AlsoOurs, c.AuthServID = append(slices.Clone(c.AlsoOurs), c.AuthServID), id
	}
	if c.Resolver == nil {
		return nil, errors.New("filter: no resolver")
	}
	switch c.Unsigned {
	case Accept, Defer, Reject:
	default:
		return nil, fmt.Errorf("outgoing mail without a signature can be accepted, deferred or rejected, not %v", c.Unsigned)
	}
	if c.MinimumKeyBits != 0 && (c.MinimumKeyBits < 1024 || c.MinimumKeyBits > 16384) {
		return nil, said.Error("RSA keys of %d bits: the least size is 1024 (RFC 8301 section 3.2) to 16384", "RSA 鍵の最小サイズ %d ビット: 1024 (RFC 8301 3.2 節) から 16384 の範囲で指定してください", c.MinimumKeyBits)
	}
	if err := c.Forwarding.check(); err != nil {
		return nil, err
	}
	if c.Hostname == "" {
		c.Hostname = c.AuthServID
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Policy == nil {
		c.Policy = DefaultPolicy()
	}
	if c.Trusted == nil {
		c.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if c.Header == dkim.Simple && c.Body == dkim.Simple && !c.SimpleSignatures {
		c.Header, c.Body = dkim.Relaxed, dkim.Relaxed
	}
	c.ids = append([]string{c.AuthServID}, c.AlsoOurs...)
	return &c, nil
}

// ours reports that a message is outgoing.
func (s *Settings) ours(e *Event, daemon string) bool {
	if e.User != "" || daemon != "" && slices.Contains(s.Daemons, daemon) {
		return true
	}
	if (Clients{Names: s.TrustedNames}).Has(e.Client) {
		return true
	}
	addr := e.Client.Addr
	if !addr.IsValid() { // a local program, unless the mail server did not understand its client
		return e.Client.Local
	}
	for _, p := range s.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Senders say which authenticated users may write which addresses in From: patterns by user. A pattern is an
// address, a domain, "*.domain" for what is below it, or "*".
type Senders struct {
	ByUser map[string][]string
	// Others is for users who are not in ByUser, nil: nothing.
	Others []string
}

// Allow reports whether a user may write as all of these mailboxes, else the first that is another's.
func (s *Senders) Allow(user string, author []message.Address) (denied message.Address, ok bool) {
	if s == nil || user == "" {
		return message.Address{}, true
	}
	patterns, ok := s.ByUser[strings.ToLower(user)]
	if !ok {
		patterns = s.Others
	}
	for _, a := range author {
		if !slices.ContainsFunc(patterns, func(p string) bool { return Matches(p, a.Local+"@"+a.Domain) }) {
			return a, false
		}
	}
	return message.Address{}, true
}

// Matches reports whether an address fits a pattern: "*", "domain", "*.domain" (below it), "local@domain", "local@*", without regard to case,
// or "<>". A domain of the address in Unicode (RFC 6531) is compared in A-labels, as parsePattern gives them.
func Matches(pattern, address string) bool {
	if pattern == nullSender {
		return address == ""
	}
	pattern, address = strings.ToLower(pattern), strings.ToLower(address)
	local, domain, _ := cutAddress(address)
	if isIDN(domain) {
		if a, err := asciiDomain(domain); err == nil {
			domain = a
		}
	}
	if i := strings.LastIndexByte(pattern, '@'); i >= 0 {
		return pattern[:i] == local && matchDomain(pattern[i+1:], domain)
	}
	return matchDomain(pattern, domain)
}

func matchDomain(pattern, domain string) bool {
	if pattern == "*" {
		return true
	}
	if below, ok := strings.CutPrefix(pattern, "*."); ok {
		return strings.HasSuffix(domain, "."+below)
	}
	return pattern == domain
}
