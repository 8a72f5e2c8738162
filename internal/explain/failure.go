package explain

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/provider"
)

// explainFailure fills in everything that follows from the reply and its circumstances.
func explainFailure(f Failure, from sender) Failure {
	f.Host = cleanHost(f.Host)
	if !f.Reply.Enhanced.IsZero() {
		f.Status = f.Reply.Enhanced
	}
	f.Class = classOf(f)
	reply := f.Reply
	reply.Enhanced = f.Status
	f.Match = provider.MatchReply(provider.ReplyQuery{Reply: reply, Host: f.Host, Recipient: f.Recipient, Phase: f.Phase})
	general, ref, ok := generalMeaning(f.Reply.Code, f.Status)
	if ok {
		f.General, f.GeneralRef = general.text, ref
	}
	switch {
	case f.Class == bounce.Success || f.Class == bounce.Intermediate:
		f.Basis, f.Meaning = ByCode, accepted
		if ok {
			f.Meaning, f.General = general.text, text{}
		}
		return f
	case f.Match.Known:
		f.byRule()
	default:
		f.withoutRule(general, ref, ok)
	}
	c := categories[f.Category]
	f.Title, f.Cause = c.title, c.cause
	if f.Next == (text{}) {
		f.Next = c.next
	}
	if f.List != "" {
		f.Meaning, f.Cause, f.Next = fillText(f.Meaning, "list", f.List), fillText(f.Cause, "list", f.List), fillText(f.Next, "list", f.List)
	}
	f.Findings = findingsOf(f)
	f.Command = fillCommand(commandOf(f), f, from)
	return f
}

var accepted = text{EN: "The server accepted it.", JA: "サーバーが受け付けました。"}

// classOf is the class of the reply, else of the status, else of what was done. A
// notification of failure is none of success, whatever code it quotes.
func classOf(f Failure) bounce.Class {
	c := f.Reply.Class()
	if c == bounce.Unknown {
		c = bounce.Class(f.Status.Class)
	}
	acted := classOfAction(f.Action)
	if c == bounce.Unknown || (c == bounce.Success || c == bounce.Intermediate) && acted != bounce.Unknown {
		return acted
	}
	return c
}

// cleanHost keeps the host of what mailers write into Remote-MTA: "mx.example.com.
// (192.0.2.1, the server for the domain ...)", "mx.example.com:25", "[192.0.2.1]".
func cleanHost(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	if host, port, ok := strings.Cut(s, ":"); ok && !strings.Contains(port, ":") {
		s = host
	}
	return strings.Trim(s, ".[]()")
}

func classOfAction(action string) bounce.Class {
	switch action {
	case "failed":
		return bounce.Permanent
	case "delayed":
		return bounce.Temporary
	case "delivered", "relayed", "expanded":
		return bounce.Success
	}
	return bounce.Unknown
}

func (f *Failure) byRule() {
	r := f.Match.Rule
	f.Basis, f.Category, f.Meaning, f.Next = ByRule, r.Category, r.Meaning, r.Remedy
	// The registry does not know what a provider means by a code of its own.
	if strings.HasPrefix(f.GeneralRef, "RFC 5321") {
		f.General, f.GeneralRef = text{}, ""
	}
}

// withoutRule explains what no provider's rule fits: by a telling code, by the words,
// by a vague code, and last by the class alone.
func (f *Failure) withoutRule(general meaning, ref string, ok bool) {
	byCode := ok && general.category != "" && !strings.HasPrefix(ref, "RFC 5321")
	telling := byCode && f.Status.Detail != 0 && general.category != "policy" && general.category != "protocol"
	if general.category == "network" && f.Reply.Code != 0 {
		telling = false // a server that answers is there: such codes are made up
	}
	if f.Class == bounce.Temporary && general.category == "userunknown" {
		telling = false // nobody is unknown for a while: 4.2.1 is how rates are limited
	}
	word := byWords(f.Reply.Text)
	switch {
	case word == "transient" && f.Class == bounce.Permanent:
		word = "" // "service unavailable" is what servers that refuse for good say too
	case telling && !outranksCode(word, f.Status):
		word = ""
	}
	if f.Match.Provider == "microsoft" && f.Status == (bounce.Status{Class: 5, Subject: 4, Detail: 1}) && strings.Contains(strings.ToLower(f.Reply.Text), "access denied") {
		word = "userunknown" // how Exchange Online refuses an address that its directory lacks
	}
	switch {
	case telling && word == "":
		f.Basis, f.Category = ByCode, general.category
	case word != "":
		f.Basis, f.Category = ByWords, word
	case byCode || ok && general.category != "":
		f.Basis, f.Category = ByCode, general.category
	default:
		f.Basis, f.Category = ByClass, "refused"
		if f.Class == bounce.Temporary {
			f.Category = "transient"
		}
	}
	if f.Basis == ByClass && ok && f.Reply.Text == "" && f.Status.IsZero() {
		f.Basis = ByCode // a bare basic code means what RFC 5321 says, and no more
	}
	f.deadList()
	f.Meaning = categories[f.Category].cause
	if f.Basis == ByCode && ok {
		f.Meaning = general.text
		f.General, f.GeneralRef = text{}, ref
	}
	if f.Basis == ByClass {
		f.Meaning = unknownClass[f.Class]
		if f.Reply.Code == 0 && f.Status.IsZero() {
			f.Meaning = noReason
		}
		if r := f.Match.Rule; r != nil {
			f.Next = r.Remedy
		}
	}
}

// outranksCode reports words that say more than the code of the registry: whose fault it is, and
// that a server means TLS by a code that the registry has for ARC, as Gmail does.
func outranksCode(word string, code bounce.Status) bool {
	return word == "resolver" || word == "unverified-sender" || word == "suspended" ||
		word == "tls" && code.Subject == 7 && code.Detail == 29
}

// zonePattern finds what may be the zone of a blocklist: names of three labels and more, or of two.
var zonePattern = pattern.New(`(?i)\b(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}\b`)

// deadList: the reply names a blocklist that is none any more.
func (f *Failure) deadList() {
	if f.Category != "blocklist" {
		return
	}
	s := f.Reply.Text[:min(len(f.Reply.Text), maxWords)]
	for _, name := range zonePattern.FindAllString(s, 20) {
		if d, ok := provider.DeadBlocklistOf(strings.ToLower(name)); ok && d.Failure != "suspect" && d.Failure != "moved" {
			f.Category, f.List = "dead-list", strings.ToLower(name)
			return
		}
	}
}

// noReason: a notification in words that are not known here.
var noReason = text{EN: "The text holds no code, and no reason in words that are known here.", JA: "コードがなく、理由も文面から判断できません。"}

var unknownClass = map[bounce.Class]catalogue.Text{
	bounce.Temporary: {EN: "This code is not known here. It is temporary: the same message may be accepted later.", JA: "このコードの意味は不明です。一時的な拒否で、同じメールが後で受け付けられる可能性があります。"},
	bounce.Permanent: {EN: "This code is not known here. It is permanent: the same message will be refused again.", JA: "このコードの意味は不明です。恒久的な拒否で、同じメールを送っても再び拒否されます。"},
	bounce.Unknown:   {EN: "The text does not say whether trying again helps.", JA: "再送すれば届くかどうかは、この文面からはわかりません。"},
}

// ruleFindings are the findings of rules that mean something narrower than their category.
var ruleFindings = map[string][]string{
	"gmail-004": {"ptr.missing", "ptr.unconfirmed", "spf.fail", "dkim.none"}, "gmail-009": {"dmarc.temperror"},
	"gmail-014": {"dmarc.none"}, "gmail-015": {"dmarc.none"}, "gmail-021": {"spf.plus-all"}, "gmail-022": {"spf.plus-all"},
	"gmail-040": {"message.no-from", "message.from-syntax"}, "gmail-041": {"message.several-from", "message.several-authors"},
	"gmail-043": {"message.duplicate-field"}, "gmail-044": {"message.bad-field"}, "gmail-047": {"message.eight-bit-header", "message.utf8-header"},
	"gmail-049": {"message.bare-lf", "message.long-line", "message.no-header-end"}, "gmail-050": {"message.large-header", "message.too-many-fields"},
	"yahoo-008": {"message.duplicate-field"}, "microsoft-001": {"spf.fail", "dkim.none", "dmarc.none", "dmarc.fail"},
	"microsoft-015": {"ptr.missing", "ptr.unconfirmed"}, "microsoft-019": {"message.missing-field", "message.duplicate-field"},
	"microsoft-026": {"message.bare-lf"}, "microsoft-027": {"tls.none"}, "microsoft-028": {},
}

// findingsOf gives the findings that say the same, those that the catalogue has.
func findingsOf(f Failure) []string {
	ids := categories[f.Category].findings
	if f.Match.Known {
		if own, ok := ruleFindings[f.Match.Rule.ID]; ok {
			ids = own
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := catalogue.Lookup(id); return !ok })
}

func commandOf(f Failure) string {
	if f.Match.Known && f.Match.Rule.ID == "microsoft-028" {
		return checkRcpt
	}
	return categories[f.Category].command
}

// fillCommand puts what the input tells into a command. Only what is an address or a
// domain name by its characters gets in, so that it can be pasted into a shell.
func fillCommand(command string, f Failure, from sender) string {
	ip, domain, rcpt := "IP", "DOMAIN", "RECIPIENT-DOMAIN"
	if a := sendingIP(f, from); a.IsValid() {
		ip = a.String()
	}
	if d := sendingDomain(f, from); d != "" {
		domain = d
	}
	if d := domainOf(f.Recipient); d != "" {
		rcpt = d
	}
	return strings.NewReplacer("{ip}", ip, "{domain}", domain, "{recipient-domain}", rcpt).Replace(command)
}

var (
	ipPattern     = pattern.New(`\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}`)
	domainPattern = pattern.New(`^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$`)
	// namedDomain: the forms in which receivers name the sender's domain.
	namedDomain = pattern.New(`(?i)(?:sending domain|dkim domain|spf domain|domain|spf|from) \[?([a-z0-9][a-z0-9.-]*\.[a-z][a-z0-9-]+)\b\]?(?:'s dmarc| is not accepted| does not|\]| has a| has been)`)
)

// sendingIP is the sending address that a reply names: the first in its text.
func sendingIP(f Failure, from sender) netip.Addr {
	for _, s := range ipPattern.FindAllString(f.Reply.Text, 8) {
		if a, err := netip.ParseAddr(s); err == nil && a.String() != f.IP && !a.IsPrivate() && !a.IsLoopback() {
			return a
		}
	}
	return from.ip
}

// sendingDomain is the sender's domain that a reply names, else that of the message.
func sendingDomain(f Failure, from sender) string {
	if m := namedDomain.FindStringSubmatch(f.Reply.Text); m != nil {
		return cleanDomain(m[1])
	}
	return from.domain
}

// domainOf is the domain of an address, "" where it has none that can be a host name.
func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return cleanDomain(domain)
}

func cleanDomain(s string) string {
	s = strings.ToLower(strings.TrimSuffix(strings.Trim(s, "<> "), "."))
	if !strings.Contains(s, ".") || !domainPattern.MatchString(s) {
		return ""
	}
	return s
}
