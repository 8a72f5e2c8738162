package paste

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/dns"
)

// panel is how a hosting panel asks for a record: the names of its fields, in its own
// language, and its habits.
type panel struct {
	where                          string // the way to the page
	name, kind, value, prefer, ttl string // field names; "" where there is none
	apex                           string // what to type as the name of the zone itself
	finalDot                       bool   // host names end in a dot
	maxText                        int    // octets of TXT; 0 for no limit that is known
}

// The panels, by what their manuals say in November 2026. Sakura's limit on TXT:
// https://help.sakura.ad.jp/domain/2712/
var (
	sakura  = panel{where: "ドメインコントロールパネル > ゾーン編集", name: "エントリ名", kind: "種別", value: "値", prefer: "優先度", ttl: "TTL", apex: "@", finalDot: true, maxText: 255}
	xserver = panel{where: "サーバーパネル > DNSレコード設定 > DNSレコード追加", name: "ホスト名", kind: "種別", value: "内容", prefer: "優先度", ttl: "TTL"}
	conoha  = panel{where: "コントロールパネル > DNS > レコード追加", name: "名称", kind: "タイプ", value: "値", prefer: "優先度", ttl: "TTL", apex: "@"}
	onamae  = panel{where: "お名前.com Navi > ネームサーバーの設定 > DNS設定/転送設定 > DNSレコード設定", name: "ホスト名", kind: "TYPE", value: "VALUE", prefer: "優先", ttl: "TTL"}
)

func panelForm(f panel) func(Plan, string) string {
	return func(p Plan, lang string) string { return f.write(p, lang) }
}

func (f panel) write(p Plan, lang string) string {
	var b strings.Builder
	b.WriteString(f.where + "\n")
	gone := p.removed()
	if p.CNAME != nil {
		gone = append(gone, *p.CNAME)
	}
	for _, r := range gone {
		b.WriteString(word(lang, "Remove:", "削除:") + "\n" + f.record(p, r, lang))
	}
	for _, r := range p.added() {
		b.WriteString(word(lang, "Add:", "追加:") + "\n" + f.record(p, r, lang))
	}
	return b.String()
}

// record writes the fields of one record.
func (f panel) record(p Plan, r dns.Record, lang string) string {
	var b strings.Builder
	row := func(name, value string) {
		if name != "" {
			fmt.Fprintf(&b, "  %s: %s\n", name, value)
		}
	}
	name := p.relative(f.apex)
	if name == "" {
		name = word(lang, "(leave empty)", "(空欄)")
	}
	row(f.name, name)
	row(f.kind, r.Type.String())
	value := field(r)
	if r.Type == dns.TypeMX {
		value = mxHost(r)
	}
	if host := r.Type == dns.TypeMX || r.Type == dns.TypeCNAME || r.Type == dns.TypeNS || r.Type == dns.TypePTR; host && !f.finalDot && value != "." {
		value = strings.TrimSuffix(value, ".")
	}
	row(f.value, value)
	if r.Type == dns.TypeMX {
		row(f.prefer, fmt.Sprint(r.Pref))
	}
	row(f.ttl, num(p.ttl()))
	if isText(r.Type) && f.maxText > 0 && len(r.Data) > f.maxText {
		fmt.Fprintf(&b, "  %s\n", word(lang,
			fmt.Sprintf("This panel takes at most %d octets of TXT; this value has %d. Move the zone to other name servers, or use a shorter key or a CNAME.", f.maxText, len(r.Data)),
			fmt.Sprintf("この管理画面に登録できる TXT は %d 文字までです (この値は %d 文字)。別のネームサーバーを利用するか、短い鍵または CNAME を使ってください。", f.maxText, len(r.Data))))
	}
	return b.String()
}

func writeCloudflare(p Plan, lang string) string {
	f := panel{where: "DNS > Records", name: "Name", kind: "Type", value: "Content", prefer: "Priority", ttl: "TTL", apex: "@"}
	return f.write(p, lang)
}

// writeValueDomain writes the lines of Value-Domain's text field: kind, name, value.
func writeValueDomain(p Plan, lang string) string {
	var b strings.Builder
	line := func(lead string, r dns.Record) {
		name := p.relative("@")
		switch r.Type {
		case dns.TypeMX:
			// The name of an MX line is the mail server's; its own name is the zone's.
			if name != "@" {
				fmt.Fprintf(&b, "%s%s\n", lead, word(lang, "(an MX of a subdomain cannot be written in this field)", "(サブドメインの MX はこの欄では設定できません)"))
				return
			}
			host := mxHost(r)
			if inZone, ok := strings.CutSuffix(strings.TrimSuffix(host, "."), "."+p.Zone); ok {
				host = inZone
			}
			fmt.Fprintf(&b, "%smx %s %d\n", lead, host, r.Pref)
		default:
			fmt.Fprintf(&b, "%s%s %s %s\n", lead, strings.ToLower(r.Type.String()), name, field(r))
		}
	}
	gone := p.removed()
	if p.CNAME != nil {
		gone = append(gone, *p.CNAME)
	}
	for _, r := range gone {
		line(word(lang, "remove: ", "削除: "), r)
	}
	for _, r := range p.added() {
		line("", r)
	}
	return b.String()
}
