// Package reply answers mail to an address of this program (check-auth@...) with a report
// by mail: who gets one, what it says, in which language, and how it is signed. It follows
// RFC 3834: an answer goes to the envelope sender alone, only where SPF or DKIM show that he is no
// stranger's victim, with a null envelope sender, and never to a program.
//
// It decides nothing about mail: results and findings come from verify.
package reply

import (
	"strings"

	"github.com/todoku/todoku/internal/store"
)

// ConfirmPath is the page by which an address agrees: it hands its token to Agree.
const ConfirmPath = "/reply/confirm"

// Purpose of an address.
type Purpose int

// The purposes of addresses.
const (
	// None: not one of ours.
	None Purpose = iota
	// Test: the report goes to the envelope sender.
	Test
	// Elsewhere: the report goes to the address in the local part, if that agreed.
	Elsewhere
	// Confirm: that agreement. Stop: its end.
	Confirm
	Stop
	// Sender: where our own mail comes from. What is sent there is never answered.
	Sender
)

// Addresses are those of the program at one mail domain.
type Addresses struct {
	// Local is the local part, "check-auth". Others are made of it: check-auth-report,
	// check-auth-confirm-TOKEN, check-auth-stop-TOKEN and check-auth-user=example.com.
	Local  string
	Domain string
}

// ValidLocal reports whether a local part may be configured: letters, digits and hyphens,
// short enough for a token behind it.
func ValidLocal(s string) bool {
	return s != "" && len(s) <= 24 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-") && !strings.EqualFold(s, "postmaster")
}

// Parse gives the purpose of a local part, in any case, and with it the address or the
// token that it holds.
func (a Addresses) Parse(local string) (Purpose, string) {
	if len(local) < len(a.Local) || !strings.EqualFold(local[:len(a.Local)], a.Local) {
		return None, ""
	}
	rest := local[len(a.Local):]
	if rest == "" || rest[0] == '+' {
		return Test, ""
	}
	if rest[0] != '-' {
		return None, ""
	}
	rest = rest[1:]
	if at := strings.LastIndexByte(rest, '='); at >= 0 {
		address := rest[:at] + "@" + rest[at+1:]
		if _, _, ok := split(address); !ok {
			return None, ""
		}
		return Elsewhere, address
	}
	rest = strings.ToLower(rest)
	if rest == "report" {
		return Sender, ""
	}
	for word, purpose := range map[string]Purpose{"confirm-": Confirm, "stop-": Stop} {
		if token, ok := strings.CutPrefix(rest, word); ok && validToken(token) {
			return purpose, token
		}
	}
	return None, ""
}

func (a Addresses) test() string   { return a.Local + "@" + a.Domain }
func (a Addresses) sender() string { return a.Local + "-report@" + a.Domain }
func (a Addresses) confirm(token string) string {
	return a.Local + "-confirm-" + token + "@" + a.Domain
}
func (a Addresses) stop(token string) string { return a.Local + "-stop-" + token + "@" + a.Domain }

// validToken: of the form of [store.NewID].
func validToken(s string) bool {
	return len(s) == len(store.NewID()) && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// split takes an address apart that mail can be sent to without ado: ASCII, a dot-string,
// a host name of several labels. Quoted local parts and address literals are left out.
func split(address string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at > 64 || len(address) > 254 {
		return "", "", false
	}
	local, domain = address[:at], strings.ToLower(address[at+1:])
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") || !strings.Contains(domain, ".") {
		return "", "", false
	}
	for i := range len(local) {
		if c := local[i]; !letterOrDigit(c|0x20) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) < 0 || c < 0x21 {
			return "", "", false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return "", "", false
		}
		for i := range len(label) {
			if !letterOrDigit(label[i]) && label[i] != '-' {
				return "", "", false
			}
		}
	}
	return local, domain, true
}

func letterOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
