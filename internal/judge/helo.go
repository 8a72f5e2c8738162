package judge

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/iprev"
)

// HELOQuestion gives what to ask in order to know whether the name that a host greeted
// with leads to its address; ok is false where that is settled without, or does not matter.
func HELOQuestion(s evidence.Session, ip iprev.Verdict) (q dns.Question, ok bool) {
	name := dns.CanonicalName(s.HELO)
	if !ip.IP.IsValid() || private(ip.IP) || !hostName(name) || slices.Contains(ip.Confirmed, name) {
		return q, false
	}
	q = dns.Question{Name: name, Type: dns.TypeAAAA}
	if ip.IP.Is4() {
		q.Type = dns.TypeA
	}
	return q, true
}

// HELO judges the name that a host greeted with (RFC 5321 section 4.1.1.1), by the answer
// to HELOQuestion where there is one, and gives what is missing of the names of a host
// without a PTR record.
func HELO(s evidence.Session, ip iprev.Verdict, answer dns.Answer) []catalogue.Finding {
	name := dns.CanonicalName(s.HELO)
	if name == "" || !ip.IP.IsValid() || private(ip.IP) {
		return nil
	}
	a := args{"helo": clip(s.HELO), "ip": ip.IP.String(), "name": strings.Join(ip.Confirmed, ", ")}
	_, asked := HELOQuestion(s, ip)
	id := "ptr.helo-elsewhere"
	switch {
	case addressLiteral(s.HELO, ip.IP) || !asked && hostName(name):
		id = "ptr.helo-pass"
	case !asked:
		id = "ptr.helo-syntax"
	case answer.Status.Failed():
		id = "ptr.helo-unknown"
	case !answer.Status.Found():
		id = "ptr.helo-unresolved"
	case slices.ContainsFunc(answer.Records, func(r dns.Record) bool { return r.Addr.IsValid() && r.Addr.Unmap() == ip.IP }):
		id = "ptr.helo-pass"
	}
	seen := ""
	if asked {
		seen = answer.Question.Name + " " + answer.Question.Type.String() + ": " + answer.Status.String()
	}
	out := []catalogue.Finding{catalogue.New(id, a["ip"], a, "HELO "+clip(s.HELO), seen)}
	if ip.Result != iprev.PermError || !asked {
		return out
	}
	// The host needs a PTR record. Its name is the one of HELO, once that leads back.
	switch id {
	case "ptr.helo-unresolved":
		out[0].DNS = []dns.Change{addressRecord(name, ip.IP)}
	case "ptr.helo-pass":
		f := catalogue.New("ptr.missing", a["ip"], args{"ip": a["ip"], "name": name}, ip.Reason)
		f.DNS = []dns.Change{{Action: dns.Add, Name: dns.ReverseName(ip.IP) + ".", Type: dns.TypePTR, TTL: 3600, Data: []string{name + "."}}}
		out = append(out, f)
	}
	return out
}

// addressLiteral reports whether a HELO argument is the address of the client in brackets.
func addressLiteral(helo string, ip netip.Addr) bool {
	inner, ok := strings.CutPrefix(helo, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if len(inner) > 5 && strings.EqualFold(inner[:5], "IPv6:") {
		inner = inner[5:]
	}
	got, err := netip.ParseAddr(inner)
	return ok && closed && err == nil && got.Unmap() == ip
}
