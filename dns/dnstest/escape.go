package dnstest

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/dns"
)

// escape writes a name of package dns for the wire library, and unescape reads it.
func escape(name string) string {
	text := dns.Record{Name: name, Type: dns.TypeA}.Text()
	return text[:strings.IndexByte(text, ' ')]
}

func unescape(name string) string {
	rec, err := dns.ParseRR(name + " 0 IN A 0.0.0.0")
	if err != nil {
		return strings.TrimSuffix(name, ".")
	}
	return rec.Name
}

func escapeStrings(rec dns.Record) []string {
	var out []string
	for _, s := range rec.CharacterStrings() {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
				fmt.Fprintf(&b, `\%03d`, c)
				continue
			}
			b.WriteByte(s[i])
		}
		out = append(out, b.String())
	}
	return out
}
