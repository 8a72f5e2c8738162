package repair

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/slips"
	"github.com/todoku/todoku/internal/wire"
)

// dmarcStart finds where a tag begins, whatever separates it from the one before.
var dmarcStart = pattern.New(`(?i)(?:^|[;,\s])\s*(policy|adkim|aspf|psd|pct|rua|ruf|sp|np|fo|rf|ri|p|t|v)\s*=`)

// mendDMARC reads the tags of a text as they were meant. What it cannot mend it gives in dropped.
func mendDMARC(text string) (tags map[string]string, dropped []string) {
	tags = make(map[string]string)
	clean, _ := Pasted(text)
	clean = withoutLine(clean, "v=dmarc1")
	clean = dmarcVersion.ReplaceAllString(clean, "")
	last := ""
	for piece := range strings.SplitSeq(clean, ";") {
		starts := dmarcStart.Regexp().FindAllStringSubmatchIndex(piece, 64)
		before := piece
		if len(starts) > 0 {
			before = piece[:starts[0][0]]
		}
		if before = strings.Trim(before, " ,"); before != "" {
			if d := mendLoose(tags, last, before); d != "" {
				dropped = append(dropped, d)
			}
		}
		for i, at := range starts {
			end := len(piece)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			name, value := strings.ToLower(piece[at[2]:at[3]]), strings.Trim(piece[at[1]:end], " ,")
			if name == "policy" {
				name = "p"
			}
			dropped = append(dropped, mendTag(tags, name, value)...)
			last = name
		}
	}
	if tags["rua"] == "" && len(tags) == 0 {
		return tags, dropped
	}
	return tags, dropped
}

// dmarcVersion is the beginning of a record in the ways in which it is misspelt.
var dmarcVersion = pattern.New(`(?i)^\W*(v\s*[=:]?\s*)?d\s*m\s*a\s*r\s*c\s*[-.]?\s*1?(\.0)?\s*[;,:]?\s*`)

// mendLoose reads a piece that begins with no known tag: another report address
// behind a semicolon, or a tag misspelt by a letter.
func mendLoose(tags map[string]string, last, piece string) (dropped string) {
	if (last == "rua" || last == "ruf") && strings.Contains(piece, "@") {
		if d := mendTag(tags, last, piece); len(d) > 0 {
			return d[0]
		}
		return ""
	}
	name, value, ok := strings.Cut(piece, "=")
	if known := MisspeltDMARCTag(strings.TrimSpace(name)); ok && known != "" && len(mendTag(tags, known, strings.TrimSpace(value))) == 0 {
		return ""
	}
	return piece
}

// mendTag reads the value of one tag and puts it in tags; what cannot be used it gives back.
func mendTag(tags map[string]string, name, value string) (dropped []string) {
	whole := []string{name + "=" + value}
	v := strings.ToLower(strings.ReplaceAll(value, " ", ""))
	set := func(v string) []string {
		if v == "" {
			return whole
		}
		if tags[name] == "" {
			tags[name] = v
		}
		return nil
	}
	switch name {
	case "p", "sp", "np":
		return set(nearest(v, "none", "quarantine", "reject"))
	case "adkim", "aspf":
		return set(map[string]string{"r": "r", "s": "s", "relaxed": "r", "strict": "s"}[v])
	case "psd":
		return set(map[string]string{"y": "y", "n": "n", "u": "u"}[v])
	case "t":
		return set(map[string]string{"y": "y", "n": "n", "yes": "y", "no": "n", "true": "y", "false": "n"}[v])
	case "pct":
		if v == "0" { // RFC 9989 appendix A.6
			name = "t"
			return set("y")
		}
	case "fo":
		return set(mendFO(v))
	case "rua", "ruf":
		good, bad := mendURIs(value)
		for _, b := range bad {
			dropped = append(dropped, name+"="+b)
		}
		if len(good) > 0 {
			mergeDMARC(tags, map[string]string{name: strings.Join(good, ",")})
		}
		return dropped
	}
	return whole
}

// mendFO keeps the options that fo can have; "1" asks for more than "0".
func mendFO(v string) string {
	var out []string
	for _, o := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(":,;/", r) }) {
		if len(o) == 1 && strings.Contains("01ds", o) && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if slices.Contains(out, "1") {
		out = slices.DeleteFunc(out, func(o string) bool { return o == "0" })
	}
	return strings.Join(out, ":")
}

var uriSize = pattern.New(`![0-9]*[a-zA-Z]*$`) // readable or not: reports ignore it (RFC 9990)

// asciiHost gives the address of a URI, with its domain in A-labels where it is written in
// other letters.
func asciiHost(uri string) string {
	at := strings.LastIndexByte(uri, '@')
	if at < 0 || strings.IndexFunc(uri, func(r rune) bool { return r > 0x7f }) <= at || !wire.Convertible(uri[at+1:]) {
		return uri
	}
	host, err := spfProfile.ToASCII(uri[at+1:])
	if err != nil {
		return uri
	}
	return uri[:at+1] + host
}

// mendURIs reads report addresses as they were meant.
func mendURIs(value string) (good, bad []string) {
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
	for i := 0; i < len(parts) && i < 32; i++ {
		one := strings.Trim(parts[i], "<>'")
		if strings.EqualFold(one, "mailto:") && i+1 < len(parts) {
			i++
			one += parts[i] // "mailto: a@b"
		}
		uri := asciiHost(uriSize.ReplaceAllString(one, ""))
		lower := strings.ToLower(uri)
		for _, scheme := range []string{"mailto://", "mailto=", "mail:", "email:", "mailto:mailto:", "malito:", "mailo:", "mailto;"} {
			if strings.HasPrefix(lower, scheme) {
				uri = "mailto:" + uri[len(scheme):]
				lower = strings.ToLower(uri)
			}
		}
		switch scheme, rest, ok := strings.Cut(uri, ":"); {
		case !strings.Contains(uri, "@"):
		case !ok:
			uri = "mailto:" + uri
		case nearest(strings.ToLower(scheme), "mailto") != "":
			uri = "mailto:" + rest
		}
		if r, ok := dmarc.Parse("v=DMARC1; p=none; rua=" + uri); ok && len(r.RUA) == 1 && len(r.Problems) == 0 && !strings.Contains(uri, ";") && Mailbox(uri) {
			good = union(good, []string{uri})
		} else if one != "" {
			bad = append(bad, one)
		}
	}
	return good, bad
}

// MisspeltDMARCTag gives the tag that an unknown one was probably meant to be, "" for none.
func MisspeltDMARCTag(name string) string {
	name = strings.ToLower(name)
	if len(name) < 2 || len(name) > 8 {
		return ""
	}
	if name == "policy" {
		return "p"
	}
	for _, known := range []string{"rua", "ruf", "adkim", "aspf", "policy", "p", "sp"} {
		if slips.Distance(name, known) == 1 && len(known) > 1 || strings.Trim(name, "_-") == known {
			if known == "policy" {
				return "p"
			}
			return known
		}
	}
	return ""
}

// nearest gives the word that text was meant to be: itself, or one at most two slips
// away; "" where it could be anything.
func nearest(text string, words ...string) string {
	for _, w := range words {
		if text == w {
			return w
		}
	}
	if len(text) < 3 || len(text) > 16 {
		return ""
	}
	for _, w := range words {
		if slips.Distance(text, w) <= min(2, len(w)/3) {
			return w
		}
	}
	return ""
}
