package dns

import (
	"fmt"
	"strconv"
	"strings"

	miekg "github.com/miekg/dns"
)

var typeNames = map[Type]string{
	TypeA: "A", TypeNS: "NS", TypeCNAME: "CNAME", TypeSOA: "SOA", TypePTR: "PTR", TypeMX: "MX",
	TypeTXT: "TXT", TypeAAAA: "AAAA", TypeDS: "DS", TypeDNSKEY: "DNSKEY", TypeTLSA: "TLSA",
	TypeSPF: "SPF", TypeCAA: "CAA",
}

var typesByName = func() map[string]Type {
	m := make(map[string]Type, len(typeNames))
	for t, n := range typeNames {
		m[n] = t
	}
	return m
}()

// String gives the mnemonic, "TXT", or "TYPE123" (RFC 3597 section 5).
func (t Type) String() string {
	if n, ok := typeNames[t]; ok {
		return n
	}
	if n, ok := miekg.TypeToString[uint16(t)]; ok && t != 0 && t != 65535 {
		return n
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// ParseType is the inverse of String, in any case.
func ParseType(s string) (Type, error) {
	u := strings.ToUpper(s)
	if t, ok := typesByName[u]; ok {
		return t, nil
	}
	if t, ok := miekg.StringToType[u]; ok && t != 0 && t != 65535 {
		return Type(t), nil
	}
	if digits, ok := strings.CutPrefix(u, "TYPE"); ok {
		if v, err := strconv.ParseUint(digits, 10, 16); err == nil {
			return Type(v), nil
		}
	}
	return 0, fmt.Errorf("dns: %q is not a record type", s)
}

// MarshalText gives String.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseType.
func (t *Type) UnmarshalText(b []byte) (err error) {
	*t, err = ParseType(string(b))
	return err
}

var statusWords = [...]string{
	Unknown: "unknown", Success: "success", NoData: "no-data", NXDomain: "nxdomain",
	ServFail: "servfail", Refused: "refused", Timeout: "timeout", Malformed: "malformed",
	BadName: "bad-name", NetError: "net-error", OtherError: "other-error", NotRecorded: "not-recorded",
}

// String gives one word: "success", "no-data", "nxdomain", "servfail", ...
func (s Status) String() string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return "status-" + strconv.Itoa(int(s))
}

// ParseStatus is the inverse of String.
func ParseStatus(word string) (Status, error) {
	for s, w := range statusWords {
		if w == word {
			return Status(s), nil
		}
	}
	return Unknown, fmt.Errorf("dns: %q is not a status", word)
}

// MarshalText gives String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseStatus.
func (s *Status) UnmarshalText(b []byte) (err error) {
	*s, err = ParseStatus(string(b))
	return err
}
