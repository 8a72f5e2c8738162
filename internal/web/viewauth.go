package web

import (
	"crypto/ed25519"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/iprev"
)

func itoa(n int) string { return strconv.Itoa(n) }

// iprevView is the reverse name of the client.
type iprevView struct {
	Result, IP, Say string
	Names           []ptrName
	Reason          string
}

type ptrName struct {
	Name      string
	Confirmed bool
}

func viewIPRev(lang string, v iprev.Verdict) iprevView {
	out := iprevView{Result: word(string(v.Result)), Reason: v.Reason}
	if v.IP.IsValid() {
		out.IP = v.IP.String()
	}
	names, _ := some(v.Names, 10)
	for _, n := range names {
		out.Names = append(out.Names, ptrName{n, slices.Contains(v.Confirmed, n)})
	}
	key := map[iprev.Result]string{
		iprev.Pass: "iprev.say.pass", iprev.Fail: "iprev.say.fail", iprev.PermError: "iprev.say.permerror", iprev.TempError: "iprev.say.temperror",
	}[v.Result]
	if key == "" {
		key = "iprev.say.none"
	}
	out.Say = i18n.T(lang, key, "IP", out.IP)
	return out
}

// word is a result word, "none" where there is none.
func word(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// dkimList are the signatures.
type dkimList struct {
	Signatures []signatureView
	More       int
	changed    bool // what changed is shown of one
}

// firstDomain is the domain of the first signature with this result.
func (l dkimList) firstDomain(result string) string {
	for _, s := range l.Signatures {
		if s.Result == result {
			return s.Domain
		}
	}
	return ""
}

type signatureView struct {
	Result, Say, Reason                  string
	Domain, Selector, Identity           string
	Algorithm, Canonicalization, KeyName string
	Bits                                 int
	Headers                              []string
	MoreHeaders                          int
	Length                               string
	Signed, Expires                      string
	Record                               string
	Testing                              bool
	Changed                              []examView
	FirstChanged                         bool
}

func viewDKIM(lang string, all []dkim.Verdict, examined [][]forensics.Examination) dkimList {
	list, more := some(all, drawnSignatures)
	out := dkimList{More: more}
	room := drawnHunks
	for i := range list {
		v := viewSignature(lang, &list[i])
		if i < len(examined) && len(examined[i]) > 0 {
			v.Changed = viewForensics(lang, examined[i], &room)
			v.FirstChanged, out.changed = !out.changed, true
		}
		out.Signatures = append(out.Signatures, v)
	}
	return out
}

func viewSignature(lang string, d *dkim.Verdict) signatureView {
	v := signatureView{Result: word(string(d.Result)), Reason: d.Reason, Bits: d.KeyBits, Testing: d.Testing}
	if s := d.Signature; s != nil {
		v.Domain, v.Selector, v.Identity, v.Algorithm = s.Domain, s.Selector, s.Identity, s.Algorithm
		v.Canonicalization = s.Canonicalization()
		v.KeyName = s.Selector + "._domainkey." + s.Domain
		v.Headers, v.MoreHeaders = some(s.Headers, drawnHeaders)
		if s.Length >= 0 {
			v.Length = strconv.FormatInt(s.Length, 10)
		}
		v.Signed, v.Expires = stamp(s.Timestamp), stamp(s.Expires)
	}
	if d.Key != nil {
		v.Record = d.Key.Record
		if _, ok := d.Key.Public.(ed25519.PublicKey); ok && v.Bits == 0 {
			v.Bits = 256
		}
	}
	key := map[dkim.Result]string{
		dkim.Pass: "dkim.say.pass", dkim.Fail: "dkim.say.fail", dkim.Policy: "dkim.say.policy", dkim.Neutral: "dkim.say.neutral",
		dkim.TempError: "dkim.say.temperror", dkim.PermError: "dkim.say.permerror",
	}[d.Result]
	if key == "" {
		key = "dkim.say.neutral"
	}
	v.Say = i18n.T(lang, key, "Domain", v.Domain)
	return v
}

// arcView is the chain.
type arcView struct {
	Result, Say, Reason string
	Sets                []arc.Set
	More                int
	OldestPass          string
}

func viewARC(lang string, a arc.Verdict) arcView {
	v := arcView{Result: word(string(a.Result)), Reason: a.Reason}
	v.Sets, v.More = some(a.Sets, drawnSets)
	switch a.Result {
	case arc.Pass:
		v.Say = i18n.T(lang, "arc.say.pass", "Count", a.Instances)
		v.OldestPass = itoa(a.OldestPass)
	case arc.Fail:
		v.Say = i18n.T(lang, "arc.say.fail")
	default:
		v.Say = i18n.T(lang, "arc.say.none")
	}
	return v
}

// dnsTable is every answer used.
type dnsTable struct {
	Answers []answerView
	More    int
	Total   int
}

type answerView struct {
	Name, Type, Status, Class, Server, Detail, Time string
	TTL                                             uint32
	AD                                              bool
	Data                                            []string
	More                                            int
	Chain                                           []string
}

var statusWords = map[dns.Status]string{
	dns.Success: "NOERROR", dns.NoData: "NODATA", dns.NXDomain: "NXDOMAIN", dns.ServFail: "SERVFAIL", dns.Refused: "REFUSED",
	dns.Timeout: "TIMEOUT", dns.Malformed: "MALFORMED", dns.BadName: "BADNAME", dns.NetError: "UNREACHABLE",
	dns.OtherError: "ERROR", dns.NotRecorded: "NOT-RECORDED",
}

var typeWords = map[dns.Type]string{
	dns.TypeA: "A", dns.TypeNS: "NS", dns.TypeCNAME: "CNAME", dns.TypeSOA: "SOA", dns.TypePTR: "PTR", dns.TypeMX: "MX",
	dns.TypeTXT: "TXT", dns.TypeAAAA: "AAAA", dns.TypeDS: "DS", dns.TypeDNSKEY: "DNSKEY", dns.TypeTLSA: "TLSA", dns.TypeSPF: "SPF", dns.TypeCAA: "CAA",
}

func typeWord(t dns.Type) string {
	if w := typeWords[t]; w != "" {
		return w
	}
	return "TYPE" + itoa(int(t))
}

func viewDNS(all []dns.Answer) dnsTable {
	list, more := some(all, drawnAnswers)
	t := dnsTable{More: more, Total: len(all)}
	for i := range list {
		t.Answers = append(t.Answers, viewAnswer(&list[i]))
	}
	return t
}

func viewAnswer(a *dns.Answer) answerView {
	v := answerView{
		Name: a.Question.Name, Type: typeWord(a.Question.Type), Status: statusWords[a.Status], Class: "none",
		Server: a.Server, Detail: a.Detail, TTL: a.TTL, AD: a.AuthenticData,
	}
	if v.Status == "" {
		v.Status = "UNKNOWN"
	}
	switch {
	case a.Status.Found():
		v.Class = "pass"
	case a.Status.Failed():
		v.Class = "unknown"
	}
	if a.Elapsed > 0 {
		v.Time = strconv.FormatFloat(float64(a.Elapsed.Microseconds())/1000, 'f', 1, 64) + " ms"
	}
	records, more := some(a.Records, drawnRecords)
	v.More = more
	for _, r := range records {
		data := r.Data
		if r.Type == dns.TypeMX && !strings.Contains(data, " ") {
			data = itoa(int(r.Pref)) + " " + data
		}
		if data == "" && r.Addr != (netip.Addr{}) {
			data = r.Addr.String()
		}
		v.Data = append(v.Data, data)
	}
	chain, _ := some(a.Chain, drawnRecords)
	for _, r := range chain {
		v.Chain = append(v.Chain, r.Data)
	}
	return v
}
