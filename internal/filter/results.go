package filter

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

// maxDKIMResults bounds what one message says of its signatures: some readers lose mail with a very
// long field. With the other methods that is ten results at most.
const maxDKIMResults = 5

// authenticationResults writes the one field (RFC 8601).
func authenticationResults(id string, e *Event, o Override) []byte {
	res := e.Auth
	h := authres.Header{AuthServID: id, Results: make([]authres.Result, 0, 8)}
	h.Results = append(h.Results, dkimResults(res)...)
	h.Results = append(h.Results, spfResults(res)...)
	if res.ARC.Result != "none" {
		h.Results = append(h.Results, arcResult(res, e))
	}
	h.Results = append(h.Results, dmarcResult(res, o))
	if ip := res.IPRev; ip.IP.IsValid() {
		h.Results = append(h.Results, authres.Result{Method: "iprev", Value: string(ip.Result), Props: []authres.Property{{Type: "policy", Name: "iprev", Value: ip.IP.String()}}})
	}
	return h.Field()
}

// dkimResults are those of the signatures that matter most: passing ones first, aligned before others.
func dkimResults(res *mailauth.Result) []authres.Result {
	if len(res.DKIM) == 0 {
		return []authres.Result{{Method: "dkim", Value: "none"}}
	}
	order := make([]*dkim.Verdict, len(res.DKIM))
	for i := range res.DKIM {
		order[i] = &res.DKIM[i]
	}
	rank := func(v *dkim.Verdict) int {
		switch {
		case v.Result == dkim.Pass && v.Signature != nil && v.Signature.Domain == res.DMARC.AlignedDKIM:
			return 0
		case v.Result == dkim.Pass:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(order, func(a, b *dkim.Verdict) int { return rank(a) - rank(b) })
	out := make([]authres.Result, 0, maxDKIMResults)
	for _, v := range order[:min(len(order), maxDKIMResults)] {
		r := authres.Result{Method: "dkim", Value: string(v.Result)}
		if v.Result != dkim.Pass {
			r.Reason = v.Reason
		}
		if s := v.Signature; s != nil {
			r.Props = append(r.Props, authres.Property{Type: "header", Name: "d", Value: s.Domain})
			if s.Identity != "" && s.Identity != "@"+s.Domain {
				r.Props = append(r.Props, authres.Property{Type: "header", Name: "i", Value: s.Identity})
			}
			r.Props = append(r.Props, authres.Property{Type: "header", Name: "s", Value: s.Selector}, authres.Property{Type: "header", Name: "a", Value: s.Algorithm})
			if len(s.Value) >= 6 { // RFC 6008: enough to tell signatures of one domain apart
				r.Props = append(r.Props, authres.Property{Type: "header", Name: "b", Value: base64.StdEncoding.EncodeToString(s.Value[:6])})
			}
		}
		out = append(out, r)
	}
	return out
}

func spfResults(res *mailauth.Result) []authres.Result {
	one := func(v spf.Verdict, identity string) authres.Result {
		prop := authres.Property{Type: "smtp", Name: "mailfrom", Value: identity}
		if v.Identity == spf.HELO {
			prop = authres.Property{Type: "smtp", Name: "helo", Value: v.Domain}
		}
		r := authres.Result{Method: "spf", Value: string(v.Result), Props: []authres.Property{prop}}
		if v.Result == spf.PermError || v.Result == spf.TempError {
			r.Reason = v.Reason
		}
		return r
	}
	if !res.SPFChecked {
		return []authres.Result{{Method: "spf", Value: "none"}}
	}
	out := []authres.Result{one(res.SPF, res.SPF.Domain)}
	if res.HELO != nil {
		out = append(out, one(*res.HELO, ""))
	}
	return out
}

func arcResult(res *mailauth.Result, e *Event) authres.Result {
	r := authres.Result{Method: "arc", Value: string(res.ARC.Result), Reason: res.ARC.Reason}
	if n := len(res.ARC.Sets); n > 0 && res.ARC.Sets[n-1].SealDomain != "" {
		r.Comment = "i=" + strconv.Itoa(res.ARC.Sets[n-1].Instance) + " sealed by " + res.ARC.Sets[n-1].SealDomain
	}
	if res.ARC.OldestPass >= 0 && res.ARC.Result == "pass" {
		r.Props = append(r.Props, authres.Property{Type: "header", Name: "oldest-pass", Value: strconv.Itoa(res.ARC.OldestPass)})
	}
	if e.Client.Addr.IsValid() {
		r.Props = append(r.Props, authres.Property{Type: "smtp", Name: "remote-ip", Value: e.Client.Addr.String()})
	}
	return r
}

func dmarcResult(res *mailauth.Result, o Override) authres.Result {
	d := res.DMARC
	r := authres.Result{Method: "dmarc", Value: string(d.Result)}
	if d.Result != "pass" && d.Result != "fail" {
		r.Reason = d.Reason
	}
	if d.Policy != "" {
		r.Comment = "p=" + string(d.Policy)
		if d.Disposition != "" && d.Disposition != d.Policy {
			r.Comment += " dis=" + string(d.Disposition)
		}
		if o.Type != "" {
			r.Comment += " override=" + o.Type
		}
	}
	if d.FromDomain != "" {
		r.Props = append(r.Props, authres.Property{Type: "header", Name: "from", Value: d.FromDomain})
	}
	if d.Policy != "" {
		r.Props = append(r.Props, authres.Property{Type: "policy", Name: "dmarc", Value: string(d.Policy)})
	}
	return r
}

// receivedSPF writes the field of RFC 7208 section 9.1.
func receivedSPF(v spf.Verdict, e *Event, receiver string) []byte {
	var b strings.Builder
	b.WriteString("Received-SPF: " + string(v.Result) + "\r\n\t(" + plain(receiver) + ": " + spfSentence(v, e) + ")")
	pair := func(key, value string) {
		if value != "" {
			b.WriteString("\r\n\t" + key + "=" + quoted(value) + ";")
		}
	}
	pair("client-ip", e.Client.Addr.String())
	pair("envelope-from", e.MailFrom)
	pair("helo", e.HELO)
	pair("receiver", receiver)
	pair("identity", string(v.Identity))
	pair("mechanism", v.Mechanism)
	pair("problem", v.Problem)
	return []byte(b.String() + "\r\n")
}

func spfSentence(v spf.Verdict, e *Event) string {
	ip, domain := e.Client.Addr.String(), plain(v.Domain)
	switch v.Result {
	case spf.Pass:
		return domain + " designates " + ip + " as permitted sender"
	case spf.Fail, spf.SoftFail:
		return domain + " does not designate " + ip + " as permitted sender"
	case spf.Neutral:
		return domain + " says nothing of " + ip
	case spf.None:
		return domain + " has no SPF record"
	}
	return "the record of " + domain + " could not be evaluated"
}

// plain keeps of untrusted text what may stand in a comment.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`()\"`, r) {
			return '?'
		}
		return r
	}, cut(s, 255))
}

// quoted writes a value as a dot-atom where it is one, else as a quoted string of printable ASCII and of Unicode.
func quoted(s string) string {
	unicode := utf8.ValidString(s) // as a sender of SMTPUTF8 mail may be (RFC 6531), whose header may hold the same
	s = cut(s, 320)
	if unicode {
		s = strings.ToValidUTF8(s, "")
	}
	atom := s != ""
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-_", c) >= 0) {
			atom = false
		}
	}
	if atom {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == 0x7f || c > 0x7f && !unicode:
			b.WriteByte('?')
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

func cut(s string, most int) string {
	if len(s) > most {
		return s[:most]
	}
	return s
}

// cutField splits a whole field into its name and what stands behind the colon.
func cutField(field []byte) (name, value string) {
	f := message.NewField(field)
	return f.Name(), string(bytes.TrimSuffix(f.Value(), []byte("\r\n")))
}

// dkimWord is one word for all signatures: the best result.
func dkimWord(vs []dkim.Verdict) string {
	if len(vs) == 0 {
		return "none"
	}
	for _, v := range vs {
		if v.Result == dkim.Pass {
			return "pass"
		}
	}
	return string(vs[0].Result)
}
