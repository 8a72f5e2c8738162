package spf

import (
	"github.com/todoku/todoku/dns"
)

// explain fetches and expands the text of exp= after a fail (section 6.2).
// Whatever goes wrong, there is simply no explanation; neither the limit of ten
// nor that of void look-ups applies.
func (c *checker) explain(d *decision) string {
	s, mark := c.trace.open(d.expAt, &d.exp), c.trace.mark()
	text, problem := c.explanation(d.expAt, &d.exp, s)
	step := &c.trace.steps[s]
	step.Queries = c.trace.asked(mark)
	if problem != "" {
		step.Outcome, step.Detail = OutcomeError, problem
		return ""
	}
	step.Outcome, step.Detail = OutcomeFetched, text
	return text
}

// explanation gives the text, or says why there is none.
func (c *checker) explanation(f *frame, t *Term, s int) (text, problem string) {
	target, ok := c.target(f, t, s)
	if !ok {
		return "", c.trace.steps[s].Detail
	}
	a := c.ask(target, dns.TypeTXT)
	switch {
	case a.Status != dns.Success || len(a.Records) == 0:
		return "", "there is no explanation at " + target
	case len(a.Records) > 1:
		return "", "there is more than one TXT record at " + target
	}
	m, err := ParseExplanation(a.Records[0].Data)
	if err != nil {
		return "", "the explanation does not parse: " + err.Error()
	}
	text = c.expandText(m, f)
	for i := 0; i < len(text); i++ {
		// A macro brought it in; the text goes into an SMTP reply.
		if text[i] < ' ' || text[i] >= 0x7f {
			return "", "the explanation is not US-ASCII text"
		}
	}
	return text, ""
}
