package takeover

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
)

// OpenDKIM takes a configuration of OpenDKIM over. host is the name that stands for HOSTNAME. An error is that it cannot be read,
// or that a file of keys cannot.
func OpenDKIM(conf []byte, read Files, host string, into *filter.Settings, report *Report) error {
	r, list, err := begin("OpenDKIM", openDKIM, conf, read, into, report, host)
	if err != nil {
		return err
	}
	r.defaults()
	if err := r.signers(list); err != nil {
		return err
	}
	r.run(openDKIM, list)
	return nil
}

// defaults are what OpenDKIM does where its configuration says nothing.
func (r *reading) defaults() {
	s := r.into
	s.Header, s.Body, s.SimpleSignatures = dkim.Simple, dkim.Simple, true
	s.Fields = &filter.FieldChoice{Sign: signedByDefault, Omit: omittedByDefault}
	c, _ := hosts([]string{"127.0.0.1"})
	s.Trusted = c.Networks
	if s.Policy == nil {
		s.Policy = &filter.Policy{Default: map[filter.Outcome]filter.Action{}}
	}
	s.Policy.Default[filter.Temporary] = filter.Defer // On-DNSError
}

// signedByDefault are the fields that OpenDKIM signs where SignHeaders does not say, omittedByDefault those of OmitHeaders.
var (
	signedByDefault = []string{
		"from", "reply-to", "subject", "date", "to", "cc", "resent-date", "resent-from", "resent-sender", "resent-to", "resent-cc", "in-reply-to", "references",
		"list-id", "list-help", "list-unsubscribe", "list-subscribe", "list-post", "list-owner", "list-archive",
	}
	omittedByDefault = []string{"return-path", "received", "comments", "keywords", "bcc", "resent-bcc", "dkim-signature"}
)

// found signs with keys that were read.
type found struct{ keys *keys.Static }

// For gives the keys that the tables have for an author.
func (f found) For(local, domain string) (out []filter.Key, err error) {
	for _, k := range f.keys.Signers(local, domain) {
		out = append(out, filter.Key{Domain: k.Domain, Selector: k.Selector, Signer: k.Key})
	}
	return out, nil
}

// signers reads the keys, where there is anything to sign with.
func (r *reading) signers(list []setting) error {
	mode := r.values["mode"]
	if mode != "" && !strings.Contains(strings.ToLower(mode), "s") {
		return nil
	}
	some := false
	for _, name := range []string{"domain", "selector", "keyfile", "keytable", "signingtable"} {
		some = some || r.values[name] != ""
	}
	if !some {
		r.note("there is neither a SigningTable nor a Domain: nothing is signed")
		return nil
	}
	var flat strings.Builder
	for _, s := range list {
		fmt.Fprintf(&flat, "%s %s\n", s.name, s.value)
	}
	f, err := keys.ReadOpenDKIM([]byte(flat.String()), r.read)
	if err != nil {
		return err
	}
	for _, n := range f.Notes {
		r.note("%s", n)
	}
	for _, k := range f.Keys {
		for _, p := range k.Patterns {
			_, domain, _ := strings.Cut(p.Pattern, "@")
			domain, own := strings.TrimPrefix(domain, "."), dns.CanonicalName(k.Domain)
			if domain != own && !strings.HasSuffix(domain, "."+own) && !strings.Contains(domain, "*") {
				r.note("SigningTable: %s would be signed with d=%s, which does not align with it: Todoku does not sign it so, and warns", p.Pattern, own)
			}
		}
	}
	r.into.Signers = found{f.Static(keys.Yes(r.values["multiplesignatures"]))}
	return nil
}

// openDKIM are the settings of opendkim.conf(5), 2.11. Where a rule has none, the fate is Done.
var openDKIM = slices.Concat([]rule{
	{name: "Mode", apply: (*reading).mode},
	{name: "Socket", apply: (*reading).socket},
	{name: "AuthservID", apply: (*reading).authServID},
	{name: "Canonicalization", apply: (*reading).canonicalization},
	{name: "SignatureAlgorithm", apply: (*reading).algorithm},
	{name: "SignatureTTL", apply: (*reading).ttl},
	{name: "SignHeaders", apply: (*reading).signHeaders},
	{name: "OmitHeaders", apply: (*reading).omitHeaders},
	{name: "OversignHeaders", apply: (*reading).oversignHeaders},
	{name: "InternalHosts", apply: (*reading).internalHosts},
	{name: "PeerList", apply: (*reading).peers},
	{name: "MTA", apply: (*reading).mta},
	{name: "RemoveARFrom", apply: (*reading).removeARFrom},
	{name: "MinimumKeyBits", apply: (*reading).minimumKeyBits},
	{name: "DNSTimeout", apply: (*reading).dnsTimeout},
	{name: "On-Default", apply: (*reading).onDNSError},
	{name: "On-DNSError", apply: (*reading).onDNSError},
	{name: "KeyTable"}, {name: "SigningTable"}, {name: "Domain"}, {name: "Selector"}, {name: "KeyFile"}, {name: "SubDomains"}, {name: "MultipleSignatures"},
	{name: "BaseDirectory"}, {name: "Include"}, {name: "AlwaysAddARHeader"},
	{name: "RequireSafeKeys", fate: Otherwise, why: "keys that everybody can read are a matter of the file system here: check their mode"},
	{name: "ExternalIgnoreList", fate: Needless, why: "mail of strangers that uses your domains is checked, and no line is logged for it alone"},
	{name: "MaximumSignaturesToVerify", fate: Otherwise, why: "ten are looked at"},
	{name: "MaximumHeaders", fate: Otherwise, why: "what the mail server hands over is bounded: 1 MiB"},
	{name: "On-SignatureError", fate: Otherwise, why: "--unsigned says what becomes of mail that cannot be signed"},
	{name: "On-BadSignature", apply: onBad}, {name: "On-KeyNotFound", apply: onBad}, {name: "On-NoSignature", apply: onBad},
	{name: "On-InternalError", apply: onBad}, {name: "On-Security", apply: onBad},
}, only(Needless, "about the process that is replaced",
	"AutoRestart", "AutoRestartCount", "AutoRestartRate", "Background", "ChangeRootDirectory", "DisableCryptoInit", "EnableCoredumps", "KeepTemporaryFiles",
	"LogResults", "LogWhy", "MilterDebug", "PidFile", "SoftStart", "Syslog", "SyslogFacility", "SyslogName", "SyslogSuccess", "TemporaryDirectory", "UMask", "UserID",
	"LDAPAuthMechanism", "LDAPAuthName", "LDAPAuthRealm", "LDAPAuthUser", "LDAPBindPassword", "LDAPBindUser", "LDAPDisableCache", "LDAPKeepaliveIdle",
	"LDAPKeepaliveInterval", "LDAPKeepaliveProbes", "LDAPTimeout", "LDAPUseTLS", "StrictTestMode"),
	only(Otherwise, "--resolver names the resolver", "Nameservers", "ResolverConfiguration", "ResolverTracing", "DNSConnect", "QueryCache", "TestDNSData",
		"TestPublicKeys", "TrustAnchorFile"),
	only(NotDone, "", "AuthservIDWithJobID", "BodyLengthDB", "BogusKey", "CaptureUnknownErrors", "ClockDrift", "Diagnostics", "DiagnosticDirectory", "DomainKeysCompat",
		"DontSignMailTo", "ExemptDomains", "FinalPolicyScript", "FixCRLF", "IdentityHeader", "IdentityHeaderRemove", "IgnoreMalformedMail", "KeepAuthResults", "MacroList",
		"MaximumSignedBytes", "Minimum", "MTACommand", "MustBeSigned", "NoHeaderB", "POPDBFile", "Quarantine", "RedirectFailuresTo", "RemoveARAll", "RemoveOldSignatures",
		"ReplaceHeaders", "ReplaceRules", "ReportAddress", "ReportBccAddress", "RequestReports", "RequiredHeaders", "ResignAll", "ResignMailTo", "ScreenPolicyScript",
		"SelectCanonicalizationHeader", "SenderHeaders", "SenderMacro", "SendReports", "SetupPolicyScript", "SMTPURI", "SoftwareHeader", "Statistics", "StatisticsName",
		"StatisticsPolicyScript", "StatisticsPrefix", "StrictHeaders", "TrustSignaturesFrom", "UnprotectedKey", "VBR-Certifiers", "VBR-PurgeFields", "VBR-TrustedCertifiers",
		"VBR-TrustedCertifiersOnly", "VBR-Type", "WeakSyntaxChecks"))

func only(fate Fate, why string, names ...string) (out []rule) {
	for _, n := range names {
		out = append(out, rule{name: n, fate: fate, why: why})
	}
	return out
}

func (r *reading) mode(v string) (Fate, string) {
	v = strings.ToLower(v)
	u := r.untouched()
	u.Outgoing, u.Incoming = !strings.Contains(v, "s"), !strings.Contains(v, "v")
	if strings.Trim(v, "sv") != "" {
		return Otherwise, "only s and v are known"
	}
	return Done, ""
}

func (r *reading) untouched() *filter.Untouched {
	if r.into.Untouched == nil {
		r.into.Untouched = &filter.Untouched{}
	}
	return r.into.Untouched
}

func (r *reading) socket(v string) (Fate, string) {
	if r.report.Listen != "" {
		return Otherwise, "there is one milter now, at " + r.report.Listen
	}
	if kind, rest, ok := strings.Cut(v, ":"); ok && (kind == "inet" || kind == "inet6") && !strings.Contains(rest, "@") {
		r.report.Listen = v + map[string]string{"inet": "@0.0.0.0", "inet6": "@[::]"}[kind] // all interfaces, as there
	} else {
		r.report.Listen = v
	}
	return Done, ""
}

func (r *reading) authServID(v string) (Fate, string) {
	if v == "HOSTNAME" {
		if v = r.host; v == "" {
			return NotDone, "the name of this host is not known: set --authserv-id"
		}
	}
	if old := r.into.AuthServID; old != "" && !strings.EqualFold(old, v) {
		r.into.AlsoOurs = append(r.into.AlsoOurs, v)
		return Otherwise, "there is one Authentication-Results now, with " + old + "; fields that claim " + v + " are removed"
	}
	r.into.AuthServID = v
	return Done, ""
}

func (r *reading) canonicalization(v string) (Fate, string) {
	header, body, two := strings.Cut(strings.ToLower(v), "/")
	if !two {
		body = "simple"
	}
	word := map[string]dkim.Canonicalization{"simple": dkim.Simple, "relaxed": dkim.Relaxed}
	h, ok1 := word[header]
	b, ok2 := word[body]
	if !ok1 || !ok2 {
		return Unknown, "neither simple nor relaxed: simple/simple is used"
	}
	r.into.Header, r.into.Body = h, b
	return Done, ""
}

func (r *reading) algorithm(v string) (Fate, string) {
	if strings.EqualFold(v, "rsa-sha1") {
		return Otherwise, "RFC 8301 forbids it: RSA keys sign with rsa-sha256"
	}
	return Done, "by the key: rsa-sha256 or ed25519-sha256"
}

func (r *reading) ttl(v string) (Fate, string) {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return Unknown, "no number of seconds"
	}
	r.into.Expires = time.Duration(n) * time.Second
	return Done, ""
}

// fieldList gives a list of fields in lower case. With "*" first, "+name" and "-name" change the default.
func (r *reading) fieldList(v string, standard []string) ([]string, error) {
	list, err := r.entries(v)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
	if !slices.Contains(list, "*") {
		return list, nil
	}
	out := slices.Clone(standard)
	for _, e := range list {
		if name, ok := strings.CutPrefix(e, "+"); ok {
			out = append(out, name)
		} else if name, ok := strings.CutPrefix(e, "-"); ok {
			out = slices.DeleteFunc(out, func(o string) bool { return o == name })
		}
	}
	return out, nil
}

func (r *reading) signHeaders(v string) (Fate, string) {
	list, err := r.fieldList(v, signedByDefault)
	if err != nil {
		return NotDone, err.Error()
	}
	r.into.Fields.Sign = list
	return Done, ""
}

func (r *reading) omitHeaders(v string) (Fate, string) {
	list, err := r.fieldList(v, omittedByDefault)
	if err != nil {
		return NotDone, err.Error()
	}
	r.into.Fields.Omit = list
	return Done, ""
}

func (r *reading) oversignHeaders(v string) (Fate, string) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, err.Error()
	}
	r.into.Fields.Oversign = list
	return Done, ""
}

// clients reads a list of hosts, and notes what it cannot take of it.
func (r *reading) clients(name, v string) (filter.Clients, error) {
	list, err := r.entries(v)
	if err != nil {
		return filter.Clients{}, err
	}
	c, left := hosts(list)
	for _, e := range left {
		r.note("%s: %s is not taken over", name, e)
	}
	return c, nil
}

func (r *reading) internalHosts(v string) (Fate, string) {
	c, err := r.clients("InternalHosts", v)
	if err != nil {
		return NotDone, err.Error()
	}
	if r.into.Trusted = c.Networks; c.Networks == nil {
		r.into.Trusted = r.into.Trusted[:0:0] // nil would be loopback
	}
	r.into.TrustedNames = c.Names
	return Done, ""
}

func (r *reading) peers(v string) (Fate, string) {
	c, err := r.clients("PeerList", v)
	if err != nil {
		return NotDone, err.Error()
	}
	r.untouched().Peers = c
	return Done, ""
}

func (r *reading) mta(v string) (Fate, string) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, err.Error()
	}
	r.into.Daemons = list
	return Done, ""
}

func (r *reading) removeARFrom(v string) (Fate, string) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, err.Error()
	}
	for _, e := range list {
		if strings.HasPrefix(e, ".") {
			r.note("RemoveARFrom: %s: name the hosts, domains are not taken over", e)
			continue
		}
		r.into.AlsoOurs = append(r.into.AlsoOurs, e)
	}
	return Done, ""
}

func (r *reading) minimumKeyBits(v string) (Fate, string) {
	n, err := strconv.Atoi(v)
	switch {
	case err != nil:
		return Unknown, "no number"
	case n == 1024:
		return Done, ""
	case n < 1024:
		return Otherwise, "RFC 8301: RSA keys of less than 1024 bits never pass"
	}
	return NotDone, "RSA keys of 1024 bits and more pass"
}

func (r *reading) dnsTimeout(v string) (Fate, string) {
	n, err := strconv.Atoi(v)
	switch {
	case err != nil || n < 0:
		return Unknown, "no number of seconds"
	case n == 0:
		return Otherwise, "look-ups of a message always end: after 10 s"
	}
	r.into.Timeout = time.Duration(n) * time.Second
	return Otherwise, "it bounds all look-ups of a message together"
}

func (r *reading) onDNSError(v string) (Fate, string) {
	switch strings.ToLower(v) {
	case "accept", "a":
		r.into.Policy.Default[filter.Temporary] = filter.Accept
	case "tempfail", "t":
		r.into.Policy.Default[filter.Temporary] = filter.Defer
	case "reject", "r":
		r.into.Policy.Default[filter.Temporary] = filter.Defer
		return Otherwise, "mail is deferred, never refused for a DNS server that is down"
	default:
		return NotDone, ""
	}
	return Otherwise, "where DMARC, or with no DMARC record SPF, depends on the answer"
}

func onBad(_ *reading, v string) (Fate, string) {
	if v = strings.ToLower(v); v == "accept" || v == "a" {
		return Done, ""
	}
	return NotDone, "one signature alone decides nothing here; --policy says what becomes of which outcome"
}
