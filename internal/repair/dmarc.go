package repair

import (
	"strings"

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
// policies the most lenient counts: see lenient.
func DMARC(texts []string) DMARCPlan {
	var plan DMARCPlan
	merged := make(map[string]string)
	var read []dmarcReading
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
		read = append(read, dmarcReading{tags, writtenWell(text)})
	}
	lenient(merged, read)
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

// mergeDMARC adds the tags of one more record, addresses to those that are there.
func mergeDMARC(into, tags map[string]string) {
	for name, v := range tags {
		old := into[name]
		switch {
		case old == "":
			into[name] = v
		case name == "rua" || name == "ruf":
			into[name] = strings.Join(union(strings.Split(old, ","), strings.Split(v, ",")), ",")
		}
	}
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

// clipped bounds a text that is shown.
func clipped(s string) string {
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}
