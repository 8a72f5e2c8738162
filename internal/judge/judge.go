// Package judge turns what was seen of a message into findings. It looks nothing
// up and keeps no state: Message is a function of its input.
package judge

import (
	"slices"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

// Input is one authenticated message.
type Input struct {
	Session evidence.Session
	Message *message.Message
	Auth    mailauth.Result
	// LineEndsNormalized: the file had bare LF line ends throughout.
	LineEndsNormalized bool
	// Now is the time of the verdict, zero where it is not known.
	Now time.Time
	// Forensics are the examinations of each verdict of Auth.DKIM, as forensics.Message gives
	// them; nil where none was made.
	Forensics [][]forensics.Examination
}

// Message gives the findings, sorted.
func Message(in Input) []catalogue.Finding {
	c := &verdict{Input: in, from: in.Auth.DMARC.FromDomain}
	c.message()
	c.host()
	c.spf()
	if !c.empty() {
		c.dkim()
	}
	c.arc()
	c.dmarc()
	catalogue.Sort(c.findings)
	return c.findings
}

// verdict collects the findings on one message.
type verdict struct {
	Input
	from     string // the author domain, "" where there is none
	content  *parts.Content
	pages    []*page
	findings []catalogue.Finding
}

// args are the values of a text's placeholders.
type args map[string]string

// add adds a finding with the usual status of its entry and gives it for changes.
func (c *verdict) add(id, subject string, a args, evidence ...string) *catalogue.Finding {
	c.findings = append(c.findings, catalogue.New(id, subject, a, evidence...))
	return &c.findings[len(c.findings)-1]
}

// author is the author domain as a subject.
func (c *verdict) author() string {
	if c.from == "" {
		return "message"
	}
	return c.from
}

// authenticated reports whether anything at all passed, for whatever domain: what
// Gmail and Yahoo ask of every sender.
func (c *verdict) authenticated() bool {
	return c.spfPasses() || slices.ContainsFunc(c.Auth.DKIM, func(v dkim.Verdict) bool { return v.Result == dkim.Pass })
}

func (c *verdict) spfPasses() bool { return c.Auth.SPFChecked && c.Auth.SPF.Result == spf.Pass }

// passes reports whether DMARC passes.
func (c *verdict) passes() bool { return c.Auth.DMARC.Result == dmarc.Pass }

// belongs reports whether a DKIM domain belongs with the author domain, whatever
// its signature came out as.
func (c *verdict) belongs(domain string) bool {
	for _, a := range c.Auth.DMARC.Identifiers {
		if a.Method == "dkim" && a.Domain == domain {
			return a.Aligned
		}
	}
	return c.from != "" && (dns.IsSubdomain(domain, c.from) || dns.IsSubdomain(c.from, domain))
}
