package inbox

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

// unknownMailbox tags transcript lines that tell of some mailbox that is not known:
// hidden from every mailbox's page.
const unknownMailbox = "?"

// command answers one line. An error ends the session.
func (c *session) command(line string) error {
	if c.commandsSinceOne++; c.commandsSinceOne > maxIdleCommands {
		c.fail(outcomeRefused, "too many commands without a message")
		return c.hangUp(replyTooMany)
	}
	verb, argument, _ := strings.Cut(line, " ")
	argument = strings.TrimRight(argument, " \t")
	verb = strings.ToUpper(strings.TrimRight(verb, "\t"))
	lmtp := c.server.config.LMTP
	switch verb {
	case "LHLO":
		if !lmtp {
			return c.bad(replyUnknown)
		}
		return c.hello(true, argument)
	case "EHLO", "HELO":
		if lmtp {
			return c.bad(replyLMTP) // RFC 2033 section 4.1: neither may be accepted
		}
		return c.hello(verb == "EHLO", argument)
	case "XFORWARD":
		if !lmtp {
			return c.bad(replyUnknown)
		}
		return c.origin(argument)
	case "MAIL":
		return c.mail(argument)
	case "RCPT":
		return c.rcpt(argument)
	case "DATA":
		return c.data(argument)
	case "BDAT":
		return c.bdat(argument)
	case "STARTTLS":
		if lmtp {
			return c.bad(replyUnknown)
		}
		return c.startTLS(argument)
	case "RSET":
		c.endTransaction()
		c.say(replyOK)
	case "NOOP":
		c.say(replyOK)
	case "VRFY":
		c.say(replyVerify)
	case "HELP":
		c.say(replyHelp)
	case "QUIT":
		c.say(replyBye)
		return errQuit
	case "EXPN":
		return c.bad(replyNoExpand)
	case "AUTH":
		return c.bad(replyNoAuth)
	default:
		return c.bad(replyUnknown)
	}
	return nil
}

// hello: RFC 5321 section 4.1.1.1. The name is kept as given and never a reason to
// refuse (section 4.1.4).
func (c *session) hello(extended bool, name string) error {
	if name = strings.TrimSpace(name); name == "" || len(name) > maxDomain {
		return c.bad(replyNeedName)
	}
	c.endTransaction() // "exactly as if a RSET command had been issued"
	c.continuePrelude()
	c.greeted = true
	if !c.server.config.LMTP { // there it is the name of the mail server that hands over
		c.seen.HELO, c.seen.ESMTP = name, extended
		c.emit(live.Event{Kind: "helo", Text: name})
	}
	if !extended {
		c.say(reply{250, "", c.server.config.Hostname})
		return nil
	}
	lines := append([]string{c.server.config.Hostname}, c.extensions()...)
	for i, l := range lines {
		separator := "-"
		if i == len(lines)-1 {
			separator = " "
		}
		c.sayLine("", "250"+separator+l)
	}
	return nil
}

func (c *session) extensions() []string {
	e := []string{
		"PIPELINING",          // RFC 2920
		"8BITMIME",            // RFC 6152
		"SMTPUTF8",            // RFC 6531
		"ENHANCEDSTATUSCODES", // RFC 2034
		"CHUNKING",            // RFC 3030
		fmt.Sprintf("SIZE %d", c.server.config.MaxSize),                 // RFC 1870
		fmt.Sprintf("LIMITS RCPTMAX=%d", c.server.config.MaxRecipients), // RFC 9422
	}
	switch {
	case c.server.config.LMTP:
		e = append(e, forwardable)
	case c.seen.TLS == nil:
		e = append(e, "STARTTLS") // RFC 3207
	}
	return e
}

// mail: RFC 5321 section 4.1.1.2.
func (c *session) mail(argument string) error {
	switch {
	case !c.greeted:
		return c.bad(replyHelloFirst)
	case c.open:
		return c.bad(replyMailTwice)
	}
	c.recordFailure() // of a message before this one
	rest, found := cutPrefixFold(argument, "FROM:")
	if !found {
		return c.bad(reply{501, "5.5.4", "Give the sender: MAIL FROM:<user@example.com>"})
	}
	p, problem := parsePath(rest)
	if problem != "" {
		return c.bad(reply{501, "5.1.7", "The sender's address cannot be read: " + problem})
	}
	if p.mailbox != "" && p.domain == "" {
		return c.bad(reply{501, "5.1.7", "The sender's address has no domain"})
	}
	c.seen.MailFrom, c.seen.HasMailFrom, c.seen.Parameters = p.mailbox, true, p.parameters
	t, r := c.mailParameters(p)
	if r.code != 0 {
		c.fail(outcomeOf(r), r.text)
		return c.bad(r)
	}
	c.transcript.beginTransaction(c.lastLine)
	c.hear(c.heard)
	c.story.beginTransaction()
	c.setTransaction(t)
	c.emit(live.Event{Kind: "mail-from", Text: p.mailbox})
	c.say(reply{250, "2.1.0", "Sender OK"})
	return nil
}

// mailParameters reads SIZE, BODY and SMTPUTF8; others were not offered (RFC 5321
// section 4.1.1.11). A reply with a code is a refusal.
func (c *session) mailParameters(p path) (transaction, reply) {
	t := transaction{open: true}
	for _, parameter := range p.parameters {
		name, value, _ := strings.Cut(parameter, "=")
		switch strings.ToUpper(name) {
		case "SIZE":
			size, r := c.declaredSize(value)
			if r.code != 0 {
				return t, r
			}
			t.declared = size
		case "BODY":
			if !strings.EqualFold(value, "7BIT") && !strings.EqualFold(value, "8BITMIME") {
				return t, reply{501, "5.5.4", "BODY can be 7BIT or 8BITMIME"}
			}
		case "SMTPUTF8":
			t.utf8 = true
		default:
			return t, reply{555, "5.5.4", "A parameter of MAIL FROM was not offered by EHLO"}
		}
	}
	if !t.utf8 && !isASCII(p.mailbox) {
		return t, replyNeedsUTF8
	}
	return t, reply{}
}

// declaredSize: RFC 1870 section 6.1.
func (c *session) declaredSize(value string) (int64, reply) {
	if value == "" || len(value) > 20 || strings.Trim(value, "0123456789") != "" {
		return 0, reply{501, "5.5.4", "SIZE takes a number of octets"}
	}
	size, err := strconv.ParseInt(value, 10, 64)
	if err != nil || size > c.server.config.MaxSize {
		return 0, reply{552, "5.3.4", fmt.Sprintf("The message is too large: at most %d octets are taken", c.server.config.MaxSize)}
	}
	return size, reply{}
}

// rcpt: RFC 5321 section 4.1.1.3.
func (c *session) rcpt(argument string) error {
	c.transcript.tag(c.lastLine, unknownMailbox) // until it is read, it may tell of any mailbox
	switch {
	case !c.open:
		return c.bad(replyMailFirst)
	case c.chunks != nil:
		return c.bad(replyInChunks)
	}
	rest, found := cutPrefixFold(argument, "TO:")
	if !found {
		return c.bad(reply{501, "5.5.4", "Give the recipient: RCPT TO:<token@" + c.server.config.Domains[0] + ">"})
	}
	p, problem := parsePath(rest)
	switch {
	case problem == "" && p.mailbox == "":
		problem = "it is empty"
		fallthrough
	case problem != "":
		return c.bad(reply{501, "5.1.3", "The recipient's address cannot be read: " + problem})
	case len(p.parameters) > 0:
		return c.bad(reply{555, "5.5.4", "Parameters of RCPT TO were not offered by EHLO"})
	case !c.utf8 && !isASCII(p.mailbox):
		return c.bad(replyNeedsUTF8)
	}
	if !c.isOurs(p.domain) {
		c.transcript.tag(c.lastLine, "")
		return c.refuse("", p, outcomeRefused, reply{550, "5.7.1", fmt.Sprintf(
			"Nothing is relayed: this host takes mail for one-time addresses at %s alone", c.server.config.Domains[0])})
	}
	token, _, _ := strings.Cut(strings.ToLower(p.local), "+") // a tag after + is the sender's affair
	c.transcript.tag(c.lastLine, token)
	return c.recipient(p, token)
}

// isOurs reports whether mail for a domain (or our own address as a literal) is taken.
func (c *session) isOurs(domain string) bool {
	if domain == "" || c.server.domains[canonicalDomain(domain)] {
		return true
	}
	literal, ok := addressLiteral(domain)
	if !ok {
		return false
	}
	local, err := netip.ParseAddrPort(c.seen.LocalAddr)
	return err == nil && local.Addr().Unmap() == literal.Unmap()
}

// recipient looks the mailbox up.
func (c *session) recipient(p path, token string) error {
	if len(c.recipients) >= c.server.config.MaxRecipients {
		c.sayAbout(token, replyTooManyRcpt)
		return c.countRefused()
	}
	if token == "postmaster" { // RFC 5321 section 4.5.1: always accepted; the operator reads it
		c.accept(recipient{address: p.mailbox})
		return nil
	}
	if is := c.server.config.Service; is != nil && is(p.local) {
		c.accept(recipient{address: p.mailbox, service: token})
		return nil
	}
	ctx, cancel := context.WithTimeout(c.work, 10*time.Second)
	defer cancel()
	_, err := c.server.config.Store.Mailbox(ctx, token)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return c.refuse(token, p, outcomeUnknown, reply{550, "5.1.1",
			"No such one-time address (or it has expired): open the start page and copy a fresh one"})
	case err != nil:
		c.server.config.Log.Error("a mailbox could not be looked up", "error", err)
		c.fail(outcomeRefused, "the mailbox could not be looked up")
		c.sayAbout(token, replyLookupFailed)
		return nil
	}
	c.accept(recipient{address: p.mailbox, token: token})
	return nil
}

// accept takes a recipient and tells its page the story so far.
func (c *session) accept(r recipient) {
	known := false
	for _, other := range c.recipients {
		known = known || other.token == r.token && (r.token != "" || strings.EqualFold(other.address, r.address))
	}
	if !known {
		c.recipients = append(c.recipients, r)
		c.failure = nil // of another recipient, whose sender reads the reply; it must not be told here
		c.tellStory(r)
	}
	c.answers++
	c.sayAbout(r.about(), reply{250, "2.1.5", "Recipient OK"})
}

// refuse answers a recipient that is not taken.
func (c *session) refuse(token string, p path, outcome string, r reply) error {
	if len(c.recipients) == 0 {
		c.fail(outcome, fmt.Sprintf("<%s>: %s", readable(p.mailbox), r.text))
	}
	c.emitUnknown(live.Event{Kind: "rcpt-refused", Text: p.mailbox})
	c.sayAbout(token, r)
	return c.countRefused()
}

// countRefused ends a session that guesses addresses.
func (c *session) countRefused() error {
	if c.refused++; c.refused <= maxRefused {
		return nil
	}
	c.fail(outcomeRefused, "too many refused recipients")
	return c.hangUp(replyTooManyBad)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// setTransaction changes the transaction and gives the memory of the old one back.
func (c *session) setTransaction(t transaction) {
	if c.chunks != nil && c.chunks != t.chunks {
		c.chunks.free()
	}
	c.transaction = t
}

// endTransaction forgets the transaction and keeps a trace of one that failed.
func (c *session) endTransaction() {
	c.recordFailure()
	c.setTransaction(transaction{})
	c.seen.MailFrom, c.seen.HasMailFrom, c.seen.Parameters = "", false, nil
}
