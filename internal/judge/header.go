package judge

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/message"
)

// Sizes of a header that no ordinary message has. Gmail does not publish its limits (552 5.3.4);
// Postfix keeps 102,400 octets of a field (header_size_limit).
const (
	largeHeader = 256 << 10
	largeField  = 64 << 10
	manyFields  = 1000
)

// header judges the fields that providers ask for.
func (c *verdict) header() {
	c.headerSize()
	c.reply()
	if mixedScript(c.from) {
		c.add("message.mixed-script", c.from, args{"domain": c.from}, c.from)
	}
	if f, ok := c.Message.First("Subject"); !ok || f.Unfolded() == "" {
		c.add("message.no-subject", c.author(), nil)
	}
	c.feedbackID()
	if f, ok := c.Message.First("BIMI-Selector"); ok && !bimiSelector.MatchString(f.Unfolded()) {
		c.add("message.bimi-selector", c.author(), nil, "BIMI-Selector: "+clip(f.Unfolded()))
	}
	if f, ok := c.Message.First("Auto-Submitted"); ok && !autoSubmitted.MatchString(f.Unfolded()) {
		c.add("message.auto-submitted", c.author(), nil, "Auto-Submitted: "+clip(f.Unfolded()))
	}
}

var (
	bimiSelector  = pattern.New(`(?i)^v=BIMI1\s*;\s*s=[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\s*;?$`)
	autoSubmitted = pattern.New(`(?i)^(no|auto-[a-z-]+|x-[a-z-]+)\s*(;.*|\(.*\))?$`)
	replySubject  = pattern.New(`(?i)^(\[[^\]]*\]\s*)*(re|aw|sv)\s*(\[[0-9]+\])?:`)
)

func (c *verdict) headerSize() {
	size, longest := 0, 0
	for i, f := range c.Message.Fields {
		size += len(f.Raw)
		if len(f.Raw) > len(c.Message.Fields[longest].Raw) {
			longest = i
		}
	}
	n := len(c.Message.Fields)
	known := slices.ContainsFunc(c.Message.Defects(), func(d message.Defect) bool {
		return d.ID == message.LargeHeader || d.ID == message.TooManyFields
	})
	if n == 0 || known || size < largeHeader && n < manyFields && len(c.Message.Fields[longest].Raw) < largeField {
		return
	}
	c.add("message.large-header", c.author(), nil,
		itoa(size)+" octets in "+itoa(n)+" fields; the longest is "+clip(c.Message.Fields[longest].Name())+" with "+itoa(len(c.Message.Fields[longest].Raw))+" octets")
}

// reply: an answer names what it answers (RFC 5322 section 3.6.4).
func (c *verdict) reply() {
	f, ok := c.Message.First("Subject")
	if !ok || c.Message.Count("In-Reply-To") > 0 || c.Message.Count("References") > 0 {
		return
	}
	if s := message.DecodeHeader(f.Unfolded()); replySubject.MatchString(s) {
		c.add("message.false-reply", c.author(), nil, "Subject: "+clip(s))
	}
}

// feedbackID judges Feedback-ID: a:b:c:SenderId (support.google.com/mail/answer/6254652).
func (c *verdict) feedbackID() {
	fs := c.Message.All("Feedback-ID")
	if len(fs) == 0 {
		return
	}
	if len(fs) > 1 {
		c.add("message.feedback-id", c.author(), nil, itoa(len(fs))+" fields")
		return
	}
	v := fs[0].Unfolded()
	parts := strings.Split(v, ":")
	sender := strings.TrimSpace(parts[len(parts)-1])
	if len(parts) > 4 || len(sender) < 5 || len(sender) > 15 {
		c.add("message.feedback-id", c.author(), nil, "Feedback-ID: "+clip(v))
	}
}

// covered reports whether a passing signature covers fields, each at least once; seen is false
// where a signature could not be checked, so that it is not known.
func (c *verdict) covered(names ...string) (ok, seen bool) {
	seen = true
	for _, v := range c.Auth.DKIM {
		if v.Result == "temperror" {
			seen = false
		}
		if v.Result != "pass" || v.Signature == nil {
			continue
		}
		all := true
		for _, n := range names {
			all = all && slices.ContainsFunc(v.Signature.Headers, func(h string) bool { return strings.EqualFold(h, n) })
		}
		if all {
			return true, true
		}
	}
	return false, seen
}
