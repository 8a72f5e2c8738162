package paste

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/todoku/todoku/dns"
)

// The forms below describe whole record sets: they hold everything that stands at the
// name after the change.

type r53Record struct {
	Value string `json:"Value"`
}

type r53Change struct {
	Action string `json:"Action"`
	Set    struct {
		Name    string      `json:"Name"`
		Type    string      `json:"Type"`
		TTL     uint32      `json:"TTL"`
		Records []r53Record `json:"ResourceRecords"`
	} `json:"ResourceRecordSet"`
}

func (p Plan) r53(action string, t dns.Type, ttl uint32, records []dns.Record) r53Change {
	c := r53Change{Action: action}
	c.Set.Name, c.Set.Type, c.Set.TTL = p.fqdn(), t.String(), ttl
	for _, r := range records {
		c.Set.Records = append(c.Set.Records, r53Record{presentation(r)})
	}
	return c
}

func writeRoute53(p Plan, _ string) string {
	var changes []r53Change
	if p.CNAME != nil {
		changes = append(changes, p.r53("DELETE", dns.TypeCNAME, p.CNAME.TTL, []dns.Record{*p.CNAME}))
	}
	switch {
	case len(p.After) > 0:
		changes = append(changes, p.r53("UPSERT", p.Change.Type, p.ttl(), p.After))
	case len(p.Before) > 0: // a deletion names the set exactly as it is
		changes = append(changes, p.r53("DELETE", p.Change.Type, p.Before[0].TTL, p.Before))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	// A struct of strings and numbers always encodes.
	_ = e.Encode(map[string]any{"Changes": changes})
	return b.String()
}

// hclQuote quotes a string for Terraform: ${ and %{ would begin a template.
func hclQuote(s string) string {
	return jsonQuote(strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s))
}

// jsonQuote quotes a string for JavaScript, JSON and double-quoted YAML. What does not
// show, or turns the reading direction, is written as an escape.
func jsonQuote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	var out strings.Builder
	for _, r := range strings.TrimRight(b.String(), "\n") {
		if r > '~' && r <= 0xffff && !unicode.IsPrint(r) {
			fmt.Fprintf(&out, "\\u%04x", r)
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// unwritable says that the form cannot hold the record set: its strings are text, and
// a record is not. A form that changed the octet that it cannot write would break a record
// that the repair does not touch. It is "" where all is well.
func (p Plan) unwritable(comment, lang string) string {
	for _, r := range p.After {
		if !utf8.ValidString(data(r)) {
			return comment + " " + word(lang, "a record here holds octets that are no text, which this form cannot write: use a zone file or nsupdate",
				"テキストではないバイト列を含むレコードがあるため、この形式では書けません。ゾーンファイルか nsupdate を使ってください。") + "\n"
		}
	}
	return ""
}

// resourceName makes an identifier of a record set.
func (p Plan) resourceName() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, dns.CanonicalName(p.Change.Name)+"_"+strings.ToLower(p.Change.Type.String()))
	if name[0] >= '0' && name[0] <= '9' {
		name = "r_" + name
	}
	return name
}

func nothingLeft(comment, lang string) string {
	return comment + " " + word(lang, "remove this record set: nothing is left of it", "このレコードセットを削除してください (残るレコードはありません)") + "\n"
}

func writeTerraformRoute53(p Plan, lang string) string {
	if len(p.After) == 0 {
		return nothingLeft("#", lang)
	}
	var values []string
	for _, r := range p.After {
		v := data(r)
		if isText(r.Type) {
			// The provider puts the outer quotes itself; a string that is cut needs the inner ones.
			v = strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(quotedStrings(r), `" "`, `""`), `"`), `"`)
		}
		values = append(values, "    "+hclQuote(v)+",\n")
	}
	return fmt.Sprintf("resource \"aws_route53_record\" %q {\n  zone_id = aws_route53_zone.main.zone_id\n  name    = %s\n  type    = %q\n  ttl     = %s\n  records = [\n%s  ]\n}\n",
		p.resourceName(), hclQuote(dns.CanonicalName(p.Change.Name)), p.Change.Type, num(p.ttl()), strings.Join(values, ""))
}

func writeTerraformCloudflare(p Plan, lang string) string {
	if len(p.After) == 0 {
		return nothingLeft("#", lang)
	}
	var b strings.Builder
	for i, r := range p.After {
		name := p.resourceName()
		if i > 0 {
			name += fmt.Sprintf("_%d", i+1)
		}
		content := strings.TrimSuffix(data(r), ".")
		if isText(r.Type) {
			content = quotedStrings(r)
		}
		priority := ""
		if r.Type == dns.TypeMX {
			content = strings.TrimSuffix(r.Data, ".")
			priority = fmt.Sprintf("  priority = %d\n", r.Pref)
		}
		fmt.Fprintf(&b, "resource \"cloudflare_dns_record\" %q {\n  zone_id  = var.zone_id\n  name     = %s\n  type     = %q\n  content  = %s\n%s  ttl      = %s\n}\n",
			name, hclQuote(dns.CanonicalName(p.Change.Name)), r.Type, hclQuote(content), priority, num(p.ttl()))
	}
	return b.String()
}

func writeOctoDNS(p Plan, lang string) string {
	if len(p.After) == 0 {
		return nothingLeft("#", lang)
	}
	if s := p.unwritable("#", lang); s != "" {
		return s
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n  ttl: %s\n  type: %s\n", jsonQuote(p.relative("")), num(p.ttl()), p.Change.Type)
	b.WriteString("  values:\n")
	for _, r := range p.After {
		switch {
		case r.Type == dns.TypeMX:
			fmt.Fprintf(&b, "    - preference: %d\n      exchange: %s\n", r.Pref, jsonQuote(mxHost(r)))
		case isText(r.Type):
			fmt.Fprintf(&b, "    - %s\n", jsonQuote(strings.ReplaceAll(data(r), ";", `\;`)))
		default:
			fmt.Fprintf(&b, "    - %s\n", jsonQuote(data(r)))
		}
	}
	if p.Change.Type == dns.TypeCNAME || p.Change.Type == dns.TypePTR {
		return strings.Replace(strings.Replace(b.String(), "  values:\n    - ", "  value: ", 1), "  values:\n", "", 1)
	}
	return b.String()
}

// mxHost is the exchange of an MX record, absolute; "." is the null MX.
func mxHost(r dns.Record) string { return shown(dns.CanonicalName(r.Data)) + "." }

func writeDNSControl(p Plan, lang string) string {
	if len(p.After) == 0 {
		return nothingLeft("//", lang)
	}
	if s := p.unwritable("//", lang); s != "" {
		return s
	}
	var b strings.Builder
	ttl := "TTL(" + num(p.ttl()) + ")"
	for _, r := range p.After {
		name := jsonQuote(p.relative("@"))
		switch r.Type {
		case dns.TypeMX:
			fmt.Fprintf(&b, "MX(%s, %d, %s, %s),\n", name, r.Pref, jsonQuote(mxHost(r)), ttl)
		case dns.TypeTXT, dns.TypeSPF:
			fmt.Fprintf(&b, "TXT(%s, %s, %s),\n", name, jsonQuote(data(r)), ttl)
		case dns.TypeTLSA, dns.TypeCAA:
			fields := strings.Fields(data(r))
			for i, f := range fields {
				if strings.Trim(f, "0123456789") != "" || i == 3 {
					fields[i] = jsonQuote(strings.Trim(f, `"`))
				}
			}
			if r.Type == dns.TypeCAA && len(fields) == 3 {
				fmt.Fprintf(&b, "CAA(%s, %s, %s, %s),\n", name, fields[1], fields[2], ttl)
				continue
			}
			fmt.Fprintf(&b, "%s(%s, %s, %s),\n", r.Type, name, strings.Join(fields, ", "), ttl)
		default:
			fmt.Fprintf(&b, "%s(%s, %s, %s),\n", r.Type, name, jsonQuote(data(r)), ttl)
		}
	}
	return b.String()
}
