package judge

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/message"
)

// message judges the message itself, apart from authentication.
func (c *verdict) message() {
	if c.LineEndsNormalized {
		c.add("message.line-ends-converted", c.author(), nil)
	}
	if c.Message == nil {
		return
	}
	if c.empty() {
		c.add("message.empty", c.author(), nil)
		return // everything else is missing too
	}
	c.authorField()
	c.defects()
	c.outOfRange()
	c.displayName()
	c.freemail()
	c.header()
	c.encodedWords()
	c.content = parts.Read(c.Message)
	c.pages = pagesOf(c.content)
	c.structure()
	c.charsets()
	c.markup()
	c.links()
	c.list()
}

// empty reports that there is no octet of a message.
func (c *verdict) empty() bool { return c.Message != nil && len(c.Message.Raw) == 0 }

// authorField judges From: who the author is.
func (c *verdict) authorField() {
	_, mailboxes, err := c.Message.AuthorDomain()
	var evidence []string
	for _, f := range c.Message.All("From") {
		evidence = append(evidence, "From: "+clip(f.Unfolded()))
		if len(evidence) == 5 {
			break
		}
	}
	switch {
	case err == nil && len(mailboxes) > 1:
		c.add("message.several-authors", c.author(), args{"count": strconv.Itoa(len(mailboxes))}, evidence...)
	case err == nil:
	case errors.Is(err, message.ErrNoFrom):
		c.add("message.no-from", c.author(), nil)
	case errors.Is(err, message.ErrSeveralFrom):
		c.add("message.several-from", c.author(), nil, evidence...)
	case errors.Is(err, message.ErrSeveralDomains):
		c.add("message.several-domains", c.author(), nil, evidence...)
	case errors.Is(err, message.ErrFromSyntax):
		c.add("message.from-syntax", c.author(), nil, append(evidence, err.Error())...)
	}
}

// defects makes one finding of all defects of one ID.
func (c *verdict) defects() {
	type group struct {
		fields   []string
		evidence []string
		count    int
	}
	groups := make(map[string]*group)
	var order []string
	for _, d := range c.Message.Defects() {
		id := c.defectID(d)
		if id == "" {
			continue
		}
		g := groups[id]
		if g == nil {
			g = new(group)
			groups[id] = g
			order = append(order, id)
		}
		g.count += d.Count
		if d.Field != "" && !slices.Contains(g.fields, d.Field) && len(g.fields) < 10 {
			g.fields = append(g.fields, clip(d.Field))
		}
		if len(g.evidence) < 10 {
			g.evidence = append(g.evidence, describe(d))
		}
	}
	for _, id := range order {
		g := groups[id]
		a := args{"count": strconv.Itoa(g.count), "fields": strings.Join(g.fields, ", ")}
		if _, ok := catalogue.Lookup(id); !ok {
			a["defect"] = strings.TrimPrefix(id, "message.")
			id = "message.defect"
		}
		c.add(id, c.author(), a, g.evidence...)
	}
}

// outOfRange: a Date more than a day ahead of the verdict, or of a clock that was never
// set, which says 1970 or 1980. Of others that lie back nothing can be told: messages are judged long
// after they came.
func (c *verdict) outOfRange() {
	f, ok := c.Message.First("Date")
	if !ok {
		return
	}
	t, err := mail.ParseDate(f.Unfolded())
	if err != nil {
		return
	}
	if t.Year() <= 1980 {
		c.add("message.invalid-date", c.author(), nil, "Date: "+clip(f.Unfolded()))
	} else if !c.Now.IsZero() && t.After(c.Now.Add(24*time.Hour)) {
		c.add("message.invalid-date", c.author(), nil, "Date: "+clip(f.Unfolded()), "judged at "+c.Now.UTC().Format(time.RFC3339))
	}
}

// defectID gives the finding of a defect, "" where another finding says it already.
func (c *verdict) defectID(d message.Defect) string {
	switch {
	case (d.ID == message.MissingField || d.ID == message.DuplicateField) && strings.EqualFold(d.Field, "From"):
		return ""
	case d.ID == message.MissingField && strings.EqualFold(d.Field, "Message-ID"):
		// RFC 5322 only recommends it; a finding of its own, as providers ask for it.
		return "message.missing-message-id"
	case d.ID == message.UTF8Header && slices.Contains(c.Session.Parameters, "SMTPUTF8"):
		return ""
	}
	return "message." + d.ID
}

// describe says where a defect is.
func describe(d message.Defect) string {
	where := ""
	if d.Field != "" {
		where = " in " + clip(d.Field)
	}
	return fmt.Sprintf("%s%s: %d, first at octet %d", d.ID, where, d.Count, d.Offset)
}

// clip bounds a value that is shown as evidence.
func clip(s string) string {
	const limit = 1000
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}

// maxProblems bounds what is noted of one kind; maxFieldLook the octets of a field that are read.
const (
	maxProblems  = 10
	maxFieldLook = 64 << 10
)

func note(list []string, s string) []string {
	if len(list) == maxProblems {
		return list
	}
	return append(list, clip(s))
}
