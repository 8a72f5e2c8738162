package check

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

// Kind is what a target is.
type Kind string

const (
	// KindDomain is a domain or host name: both send mail, and both are judged alike.
	KindDomain Kind = "domain"
	// KindAddress is a mail address; its domain is checked.
	KindAddress Kind = "address"
	// KindIP is an address of a sending host.
	KindIP Kind = "ip"
)

// IP is the address of a host.
type IP = netip.Addr

// Target is one target, understood.
type Target struct {
	// Text is what the user wrote, but for the password of a URL.
	Text string
	Kind Kind
	// Domain is the name to check, A-labels; "" for an address of a host.
	Domain string
	// IP is set for KindIP.
	IP IP
}

// The reasons for which a text is no target.
var (
	ErrEmpty    = errors.New("check: nothing to check")
	ErrRange    = errors.New("check: a range of addresses")
	ErrName     = errors.New("check: not a domain name, address or mail address")
	ErrOneLabel = errors.New("check: one label is no domain that mail is sent from")
)

// ParseTarget understands a domain, a host name, an address, a mail address or a URL,
// in the forms in which people paste them: with a trailing dot, in brackets, in
// Japanese, with full-width dots, with "mailto:" before it. The error is one of those above.
func ParseTarget(text string) (Target, error) {
	t := Target{Text: withoutPassword(text), Kind: KindDomain}
	s := strings.Trim(strings.TrimSpace(text), "<>\"'`「」")
	s = strings.NewReplacer("。", ".", "．", ".", "｡", ".", "＠", "@").Replace(s)
	if s == "" {
		return t, ErrEmpty
	}
	if len(s) > 2048 || !utf8.ValidString(s) {
		return t, ErrName
	}
	if ip, ok := address(s); ok {
		t.Kind, t.IP = KindIP, ip
		return t, nil
	}
	s = host(s)
	if isRange(s) {
		return t, ErrRange
	}
	if ip, ok := addressIn(s); ok {
		t.Kind, t.IP = KindIP, ip
		return t, nil
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		t.Kind, s = KindAddress, s[i+1:]
	}
	name, err := domainName(s)
	if err != nil {
		return t, err
	}
	t.Domain = name
	if ip, ok := ofReverseName(name); ok {
		t.Kind, t.Domain, t.IP = KindIP, "", ip
	}
	return t, nil
}

// isRange reports 192.0.2.0/24, 192.0.2.1-192.0.2.9, 192.0.2.1-9 and 192.0.2.*.
func isRange(s string) bool {
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	if from, to, ok := strings.Cut(strings.ReplaceAll(s, " ", ""), "-"); ok {
		_, first := address(from)
		_, last := address(to)
		return first && (last || to != "" && strings.Trim(to, "0123456789") == "")
	}
	_, ok := address(strings.ReplaceAll(s, "*", "0"))
	return ok && strings.Contains(s, "*")
}

// addressIn reads an address with a port behind it or a mailbox before it, as well.
func addressIn(s string) (IP, bool) {
	if i := strings.LastIndex(s, "@["); i >= 0 {
		s = s[i+1:]
	}
	if ap, err := netip.ParseAddrPort(s); err == nil && ap.Addr().Zone() == "" {
		return ap.Addr().Unmap(), true
	}
	return address(s)
}

// ofReverseName gives the address that a name beneath in-addr.arpa or ip6.arpa is the
// reverse name of.
func ofReverseName(name string) (IP, bool) {
	labels := strings.Split(name, ".")
	var text string
	switch n := len(labels) - 2; {
	case n == 4 && strings.HasSuffix(name, ".in-addr.arpa"):
		text = labels[3] + "." + labels[2] + "." + labels[1] + "." + labels[0]
	case n == 32 && strings.HasSuffix(name, ".ip6.arpa"):
		var b strings.Builder
		for i := n - 1; i >= 0; i-- {
			b.WriteString(labels[i])
			if i%4 == 0 && i > 0 {
				b.WriteByte(':')
			}
		}
		text = b.String()
	}
	ip, err := netip.ParseAddr(text)
	return ip, err == nil && dns.ReverseName(ip) == name
}

// urlPassword finds the password of a URL, as it would be pasted from an address bar.
var urlPassword = regexp.MustCompile(`(://[^\s/?#@:]*:)[^\s/?#]*@`)

// withoutPassword leaves the password of a URL out: the text goes into reports.
func withoutPassword(text string) string { return urlPassword.ReplaceAllString(text, "$1…@") }

// host takes the host out of a URL.
func host(s string) string {
	const mailto = "mailto:"
	if len(s) >= len(mailto) && strings.EqualFold(s[:len(mailto)], mailto) {
		s, _, _ = strings.Cut(s[len(mailto):], "?")
		return s
	}
	if strings.Contains(s, "://") {
		if u, err := url.Parse(s); err == nil && u.Hostname() != "" {
			return u.Hostname()
		}
	}
	if before, _, ok := strings.Cut(s, "/"); ok && !strings.Contains(s, "@") {
		if _, err := netip.ParsePrefix(s); err != nil && strings.Contains(before, ".") {
			return before // example.com/path
		}
	}
	return s
}

// address reads an address, also as an SMTP address literal and with brackets.
func address(s string) (IP, bool) {
	s = strings.Trim(s, "[]")
	if rest, ok := strings.CutPrefix(strings.ToLower(s), "ipv6:"); ok {
		s = rest
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return IP{}, false
	}
	return ip.Unmap(), true
}

// attributes are the labels beneath which a domain publishes what is said of its mail.
var attributes = []string{"_dmarc", "_domainkey", "_mta-sts", "_tls", "_bimi"}

// domainName gives the A-labels of a name. _dmarc.example.com and its like are names of
// records: the domain is what is asked about.
func domainName(s string) (string, error) {
	s = strings.TrimSuffix(s, ".")
	if h, p, ok := strings.Cut(s, ":"); ok && p != "" && strings.Trim(p, "0123456789") == "" {
		s = h // example.com:25
	}
	if !wire.Convertible(s) {
		return "", ErrName
	}
	ascii, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.Transitional(false)).ToASCII(s)
	if err != nil {
		return "", ErrName
	}
	name := dns.CanonicalName(ascii)
	if name == "" || !dns.ValidName(name) || strings.ContainsFunc(name, notInName) {
		return "", ErrName
	}
	labels := strings.Split(name, ".")
	for i := len(labels) - 3; i >= 0; i-- {
		if slices.Contains(attributes, labels[i]) {
			labels = labels[i+1:]
			name = strings.Join(labels, ".")
			break
		}
	}
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" {
		return "", ErrName // 300.1.2.3
	}
	if len(labels) < 2 {
		return "", ErrOneLabel
	}
	return name, nil
}

func notInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}
