package dnsbl

import (
	"context"
	"net/netip"

	"github.com/todoku/todoku/dns"
)

// State is what a list says of a subject.
type State string

// The states.
const (
	IsListed    State = "listed"
	IsNotListed State = "not-listed"
	// IsUnknown: nothing is known; see Result.Problem. It is neither of the others.
	IsUnknown State = "unknown"
)

// The values of Result.Problem.
const (
	NotServed        = "not-served"      // the list has no entries for such subjects
	BadName          = "bad-name"        // no such name can be asked
	DNSFailure       = "dns-failure"     // no answer, or SERVFAIL
	WasRefused       = "refused"         // the list does not answer this resolver
	InvalidAddress   = "invalid-address" // an address that no list gives
	UndocumentedCode = "undocumented"    // the list does not explain the code
)

// MaxText and MaxTexts bound the reasons that are kept: octets of one, and how many.
const (
	MaxText  = 512
	MaxTexts = 4
)

// Result is what a list says of one subject.
type Result struct {
	List  string
	State State
	// Name is the name that was asked, "[key]" in the place of a key.
	Name string
	// Addresses are those of the answer, 16 at most.
	Addresses []netip.Addr
	// Codes are the documented meanings that apply.
	Codes []Code
	// Text are the reasons the list gives in TXT records, as they came (any octet may
	// be in them), cut at MaxText. Asked for only where the subject is listed.
	Text []string
	// Problem is why the state is unknown, else "".
	Problem string
	// Reason is a short English sentence about the problem, else "".
	Reason string
}

// Check asks a list about a subject: one question, and a second for the reason where
// it is listed. It does not prove the list: see [Prove].
func Check(ctx context.Context, r dns.Resolver, l List, s Subject) Result {
	res := Result{List: l.ID, State: IsUnknown}
	if !l.Serves(s.Family()) {
		return res.unknown(NotServed, "the list has no entries for such subjects")
	}
	name := l.queryName(s, l.Zone)
	if name == "" {
		return res.unknown(BadName, "the name with that of the list is too long")
	}
	res.Name = QueryName(s, l.shownZone())
	answer := r.Resolve(ctx, dns.Question{Name: name, Type: dns.TypeA})
	res = l.judge(res, answer)
	if res.State == IsListed {
		res.Text = l.texts(r.Resolve(ctx, dns.Question{Name: name, Type: dns.TypeTXT}))
	}
	return res
}

func (l List) shownZone() string {
	if l.Key == "" {
		return l.Zone
	}
	return "[key]." + l.Zone
}

func (l List) judge(res Result, a dns.Answer) Result {
	reading := l.readAnswer(a)
	res.Addresses, res.Codes = reading.addrs, reading.codes
	switch {
	case reading.refused:
		return res.unknown(WasRefused, "the list does not answer this resolver")
	case a.Status.Failed():
		return res.unknown(DNSFailure, l.Mask("the list could not be asked: "+a.Status.String()))
	case reading.invalid:
		return res.unknown(InvalidAddress, "the answer is an address outside 127.0.0.0/8")
	case reading.listed:
		res.State = IsListed
	case reading.unclear:
		return res.unknown(UndocumentedCode, "the list does not document this answer")
	default:
		res.State = IsNotListed
	}
	return res
}

func (l List) texts(a dns.Answer) []string {
	var texts []string
	for _, rec := range a.Records {
		if len(texts) == MaxTexts {
			break
		}
		// Masked before it is cut: half a key is a key too.
		text := l.Mask(rec.Data)
		texts = append(texts, text[:min(len(text), MaxText)])
	}
	return texts
}

func (res Result) unknown(problem, reason string) Result {
	res.State, res.Problem, res.Reason = IsUnknown, problem, reason
	return res
}
