// Package paste writes DNS changes in the forms in which people apply them: zone
// files, update scripts, infrastructure code and the fields of hosting panels.
//
// A form that knows only whole record sets (Route 53, OctoDNS, DNSControl, Terraform)
// is given what stands there now, so that it keeps what the change does not touch.
package paste

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// Form is one form.
type Form struct {
	// ID is the word by which it is chosen.
	ID string
	// Name says what it is for.
	Name catalogue.Text
	// write writes the plan; lang is for words in comments and panels.
	write func(p Plan, lang string) string
}

// Plan is one change of one record set, worked out.
type Plan struct {
	Change dns.Change
	// Zone is the name of the zone that the record set is in, no final dot: forms with
	// relative names need it.
	Zone string
	// Before and After are the whole record set before and after the change.
	Before, After []dns.Record
	// CNAME is a CNAME that stands in the way and goes.
	CNAME *dns.Record
}

// NewPlan works out a change: before are the records at the name now, of the type of
// the change and CNAME. The error says why the change cannot be made.
func NewPlan(c dns.Change, zone string, before []dns.Record) (Plan, error) {
	if err := c.Validate(); err != nil {
		return Plan{}, err
	}
	p := Plan{Change: c, Zone: dns.CanonicalName(zone)}
	name := dns.CanonicalName(c.Name)
	if strings.ContainsFunc(name, oddInName) {
		return Plan{}, fmt.Errorf("paste: %q is a name that no form can be trusted with", name)
	}
	if !dns.IsSubdomain(name, p.Zone) {
		p.Zone = name
	}
	var here []dns.Record
	for _, r := range before {
		if dns.CanonicalName(r.Name) == name && (r.Type == c.Type || r.Type == dns.TypeCNAME) {
			here = append(here, r)
		}
	}
	m, err := dns.MemoryOf(here)
	if err != nil {
		return Plan{}, err
	}
	if err := m.Apply(c); err != nil {
		return Plan{}, err
	}
	for _, r := range m.Records() {
		if r.Type == c.Type {
			p.After = append(p.After, r)
		}
	}
	for _, r := range here {
		switch {
		case r.Type == c.Type:
			p.Before = append(p.Before, r)
		case c.Type != dns.TypeCNAME && c.Action == dns.Replace && len(c.Was) == 0:
			p.CNAME = &r
		}
	}
	return p, nil
}

// oddInName: what a name to publish never has, and what means something in one form or
// another. Names can come from other people's records. The slash is that of RFC 2317.
func oddInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.*/", r))
}

// removed are the records that go, added those that come.
func (p Plan) removed() []dns.Record { return minus(p.Before, p.After) }
func (p Plan) added() []dns.Record   { return minus(p.After, p.Before) }

func minus(a, b []dns.Record) []dns.Record {
	there := make(map[string]bool, len(b))
	for _, r := range b {
		there[sameKey(r)] = true
	}
	var out []dns.Record
	for _, r := range a {
		if !there[sameKey(r)] {
			out = append(out, r)
		}
	}
	return out
}

// sameKey is equal for records of one type that are the same by [dns.Record.SameData].
func sameKey(r dns.Record) string {
	switch r.Type {
	case dns.TypeA, dns.TypeAAAA:
		return r.Addr.String()
	case dns.TypeCNAME, dns.TypeNS, dns.TypePTR, dns.TypeMX:
		return fmt.Sprint(r.Pref) + " " + dns.CanonicalName(r.Data)
	}
	return r.Data
}

// Forms are all forms, in the order in which they are offered.
var Forms = []Form{
	{"string", catalogue.Text{EN: "the text alone", JA: "値のみ"}, writeString},
	{"chunks", catalogue.Text{EN: "quoted strings of at most 255 octets", JA: "255 オクテット以内に区切った引用符付き文字列"}, writeChunks},
	{"bind", catalogue.Text{EN: "zone file (BIND, NSD, Knot)", JA: "ゾーンファイル (BIND、NSD、Knot)"}, writeBIND},
	{"nsupdate", catalogue.Text{EN: "nsupdate (RFC 2136)", JA: "nsupdate (RFC 2136)"}, writeNSUpdate},
	{"route53", catalogue.Text{EN: "Amazon Route 53, change batch (JSON)", JA: "Amazon Route 53 の変更バッチ (JSON)"}, writeRoute53},
	{"cloudflare", catalogue.Text{EN: "Cloudflare dashboard", JA: "Cloudflare ダッシュボード"}, writeCloudflare},
	{"terraform-route53", catalogue.Text{EN: "Terraform, aws provider", JA: "Terraform (aws プロバイダー)"}, writeTerraformRoute53},
	{"terraform-cloudflare", catalogue.Text{EN: "Terraform, cloudflare provider", JA: "Terraform (cloudflare プロバイダー)"}, writeTerraformCloudflare},
	{"octodns", catalogue.Text{EN: "OctoDNS (YAML)", JA: "OctoDNS (YAML)"}, writeOctoDNS},
	{"dnscontrol", catalogue.Text{EN: "DNSControl (dnsconfig.js)", JA: "DNSControl (dnsconfig.js)"}, writeDNSControl},
	{"sakura", catalogue.Text{EN: "Sakura Internet panel", JA: "さくらインターネットのドメインコントロールパネル"}, panelForm(sakura)},
	{"xserver", catalogue.Text{EN: "Xserver panel", JA: "エックスサーバーのサーバーパネル"}, panelForm(xserver)},
	{"conoha", catalogue.Text{EN: "ConoHa panel", JA: "ConoHa のコントロールパネル"}, panelForm(conoha)},
	{"onamae", catalogue.Text{EN: "Onamae.com Navi", JA: "お名前.com Navi"}, panelForm(onamae)},
	{"value-domain", catalogue.Text{EN: "Value-Domain DNS settings", JA: "バリュードメインの DNS 設定"}, writeValueDomain},
}

// IDs are the words of all forms.
func IDs() []string {
	out := make([]string, len(Forms))
	for i, f := range Forms {
		out[i] = f.ID
	}
	return out
}

// Lookup gives a form by its word.
func Lookup(id string) (Form, bool) {
	for _, f := range Forms {
		if f.ID == id {
			return f, true
		}
	}
	return Form{}, false
}

// Write writes a plan in the form, in "ja" or English. It always ends in a line end.
func (f Form) Write(p Plan, lang string) string { return f.write(p, lang) }

// relative is the name within the zone, apex for the zone itself.
func (p Plan) relative(apex string) string {
	name := dns.CanonicalName(p.Change.Name)
	if name == p.Zone {
		return apex
	}
	return strings.TrimSuffix(name, "."+p.Zone)
}

// fqdn is the absolute name.
func (p Plan) fqdn() string { return dns.CanonicalName(p.Change.Name) + "." }

func (p Plan) ttl() uint32 {
	if p.Change.TTL > 0 {
		return p.Change.TTL
	}
	return 3600
}

// data is the value of a record, TXT joined and unquoted. Whoever wrote it may have put
// line breaks or terminal sequences into it.
func data(r dns.Record) string { return r.ChangeText() }

// field is data as a line of text takes it. What is no printable character is written
// as zone files do, by its octets: a line break would begin a line that says something
// else.
func field(r dns.Record) string { return shown(data(r)) }

func shown(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && n == 1 || !unicode.IsPrint(c) {
			for _, octet := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, "\\%03d", octet)
			}
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// quotedStrings are the character-strings of TXT as zone files write them.
func quotedStrings(r dns.Record) string {
	var parts []string
	for _, s := range r.CharacterStrings() {
		parts = append(parts, zoneQuote(s))
	}
	return strings.Join(parts, " ")
}

// zoneQuote quotes one character-string (RFC 1035 section 5.1).
func zoneQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func isText(t dns.Type) bool { return t == dns.TypeTXT || t == dns.TypeSPF }

// presentation is the data of a record as a zone file has it.
func presentation(r dns.Record) string {
	if isText(r.Type) {
		return quotedStrings(r)
	}
	return r.ChangeText()
}

func writeString(p Plan, lang string) string {
	var b strings.Builder
	for _, r := range p.added() {
		b.WriteString(field(r) + "\n")
	}
	if b.Len() == 0 {
		return word(lang, "# nothing to add: remove what is there", "# 追加する値はありません (既存のレコードを削除してください)") + "\n"
	}
	return b.String()
}

func writeChunks(p Plan, lang string) string {
	var b strings.Builder
	for _, r := range p.added() {
		b.WriteString(presentation(r) + "\n")
	}
	if b.Len() == 0 {
		return writeString(p, lang)
	}
	return b.String()
}

func writeBIND(p Plan, lang string) string {
	var b strings.Builder
	line := func(lead string, r dns.Record) {
		fmt.Fprintf(&b, "%s%s %d IN %s %s\n", lead, p.fqdn(), p.ttl(), r.Type, presentation(r))
	}
	gone := p.removed()
	if p.CNAME != nil {
		gone = append(gone, *p.CNAME)
	}
	if len(gone) > 0 {
		b.WriteString(word(lang, "; remove:", "; 次の行を削除:") + "\n")
		for _, r := range gone {
			line(";   ", r)
		}
	}
	for _, r := range p.added() {
		line("", r)
	}
	return b.String()
}

func writeNSUpdate(p Plan, _ string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "zone %s.\n", p.Zone)
	if p.CNAME != nil {
		fmt.Fprintf(&b, "update delete %s CNAME\n", p.fqdn())
	}
	for _, r := range p.removed() {
		fmt.Fprintf(&b, "update delete %s %s %s\n", p.fqdn(), r.Type, presentation(r))
	}
	for _, r := range p.added() {
		fmt.Fprintf(&b, "update add %s %d %s %s\n", p.fqdn(), p.ttl(), r.Type, presentation(r))
	}
	b.WriteString("send\n")
	return b.String()
}

func word(lang, en, ja string) string {
	if lang == "ja" {
		return ja
	}
	return en
}

func num(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
