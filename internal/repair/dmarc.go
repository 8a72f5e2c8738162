package repair

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/pattern"
)

// DMARCPlan is the one record that takes the place of what is published.
type DMARCPlan struct {
	// Text is the record, valid and without anything to complain of.
	Text string
	// Dropped are the parts that could not be mended, as they were written.
	Dropped []string
}

// maxDMARC bounds how much of a text is read, and how many texts of one name.
const (
	maxDMARCText  = 4096
	maxDMARCTexts = 10
)

// dmarcLike finds texts that were meant to be DMARC records.
var dmarcLike = pattern.New(`(?i)^\W*(v\s*[=:]?\s*)?d\s*m\s*a\s*r\s*c|^\W*(v\s*=\s*\w+\s*;\s*)?p\s*=\s*(none|quarantine|reject)`)

// LooksLikeDMARC reports whether a TXT text was meant to be a DMARC record, valid or not.
func LooksLikeDMARC(text string) bool {
	if len(text) > maxDMARCText {
		text = text[:maxDMARCText]
	}
	clean, _ := Pasted(text)
	return dmarcLike.MatchString(withoutLine(clean, "v=dmarc1"))
}

// DMARC plans the record that says what the texts, of which each was meant to be a
// DMARC record, were meant to say. Addresses for reports are all kept. Of several
// policies the strictest counts: nobody publishes p=reject by accident, while p=none is
// what every wizard proposes.
func DMARC(texts []string) DMARCPlan {
	var plan DMARCPlan
	merged := make(map[string]string)
	for _, text := range texts[:min(len(texts), maxDMARCTexts)] {
		if len(text) > maxDMARCText {
			plan.Dropped = append(plan.Dropped, clipped(text[maxDMARCText:]))
			text = text[:maxDMARCText]
		}
		tags, dropped := mendDMARC(text)
		for _, d := range dropped {
			plan.Dropped = append(plan.Dropped, clipped(d))
		}
		mergeDMARC(merged, tags)
	}
	if merged["p"] == "" {
		merged["p"] = "none"
	}
	plan.Text = writeDMARC(merged)
	return plan
}

// DMARCWith gives a valid record with one tag set to a value, "" to remove it.
func DMARCWith(text, tag, value string) string {
	tags, _ := mendDMARC(text)
	if value == "" {
		delete(tags, tag)
	} else {
		tags[tag] = value
	}
	return writeDMARC(tags)
}

// dmarcOrder is the order in which tags are written.
var dmarcOrder = []string{"p", "sp", "np", "adkim", "aspf", "fo", "rua", "ruf", "psd", "t"}

func writeDMARC(tags map[string]string) string {
	parts := []string{"v=DMARC1"}
	for _, name := range dmarcOrder {
		if v := tags[name]; v != "" {
			parts = append(parts, name+"="+v)
		}
	}
	return strings.Join(parts, "; ")
}

var strictness = map[string]int{"none": 1, "quarantine": 2, "reject": 3}

// mergeDMARC adds the tags of one more record.
func mergeDMARC(into, tags map[string]string) {
	for name, v := range tags {
		old := into[name]
		switch {
		case old == "":
			into[name] = v
		case name == "rua" || name == "ruf":
			into[name] = strings.Join(union(strings.Split(old, ","), strings.Split(v, ",")), ",")
		case name == "p" && strictness[v] > strictness[old]:
			into[name] = v
		}
	}
}

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
	if at < 0 || strings.IndexFunc(uri, func(r rune) bool { return r > 0x7f }) <= at {
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

// Mailbox reports whether a URI names a mailbox: no receiver sends DMARC reports
// anywhere else (RFC 9990 section 4).
func Mailbox(uri string) bool {
	const scheme = "mailto:"
	if len(uri) < len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return false
	}
	local, domain, ok := strings.Cut(uri[len(scheme):], "@")
	if !strings.HasPrefix(local, `"`) && strings.ContainsAny(local, ":/<>(), ") {
		return false // RFC 5321 section 4.1.2 lets only a quoted local part hold these, and "/" is a URL
	}
	return ok && local != "" && domain != ""
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
		if distance(name, known) == 1 && len(known) > 1 || strings.Trim(name, "_-") == known {
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
		if distance(text, w) <= min(2, len(w)/3) {
			return w
		}
	}
	return ""
}

// distance is the number of letters to add, drop, change or swap (with the next) to
// make a into b. Both are short.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// clipped bounds a text that is shown.
func clipped(s string) string {
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}
