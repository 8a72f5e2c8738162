package spf

import (
	"github.com/todoku/todoku/dns"
)

// explain fetches and expands the text of exp= after a fail (section 6.2).
// Whatever goes wrong, there is simply no explanation; neither the limit of ten
// nor that of void look-ups applies.
func (c *checker) explain(f *frame, term int) string {
	at := site{f: f, t: &c.parser.terms[term], step: c.trace.open(f, term, isFetched)}
	text, problem := c.explanation(at)
	c.trace.asked(at.step)
	if problem != "" {
		c.trace.end(at.step, isError, "")
		c.trace.note(at.step).detail = problem
		return ""
	}
	c.trace.note(at.step).detail = text
	return text
}

// explanation gives the text, or says why there is none.
func (c *checker) explanation(at site) (text, problem string) {
	target, ok := c.target(at)
	if !ok {
		return "", c.trace.note(at.step).detail
	}
	a := c.ask(target, dns.TypeTXT)
	switch {
	case a.Status != dns.Success || len(a.Records) == 0:
		return "", "there is no explanation at " + target
	case len(a.Records) > 1:
		return "", "there is more than one TXT record at " + target
	}
	m, err := parseMacroString(a.Records[0].Data, inExplanation)
	if err != nil {
		return "", "the explanation does not parse: " + err.Error()
	}
	text = c.expandText(m, at.f)
	for i := 0; i < len(text); i++ {
		// A macro brought it in; the text goes into an SMTP reply.
		if text[i] < ' ' || text[i] >= 0x7f {
			return "", "the explanation is not US-ASCII text"
		}
	}
	return text, ""
}
