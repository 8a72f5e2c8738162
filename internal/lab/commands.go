package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// recipient is a named one of a run.
type recipient struct {
	token string
	Receiver
}

// command answers one line. An error ends the session.
func (c *session) command(line string) error {
	verb, argument, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		return c.hello(strings.EqualFold(verb, "EHLO"), strings.TrimSpace(argument))
	case "STARTTLS":
		return c.startTLS()
	case "MAIL":
		return c.mailFrom(argument)
	case "RCPT":
		return c.rcpt(argument)
	case "DATA":
		return c.data()
	case "RSET":
		c.abandon()
		c.say("250 2.0.0 OK")
	case "NOOP":
		c.say("250 2.0.0 OK")
	case "VRFY":
		c.say("252 2.5.2 Send the mail and see")
	case "QUIT":
		c.abandon()
		c.say("221 2.0.0 Bye")
		return errOver
	default:
		return c.bad("500 5.5.2 Unknown command")
	}
	return nil
}

func (c *session) hello(extended bool, name string) error {
	if name == "" {
		return c.bad("501 5.5.4 Give your host name")
	}
	c.abandon()
	c.helo = clip(name)
	if c.stage == AtConnect {
		c.stage = AtGreeted
	}
	c.pipelined = c.r.Buffered() > 0
	lines := []string{"mx." + c.lab.cfg.Domain}
	if extended {
		lines = append(lines, c.extensions()...)
	}
	for _, l := range lines[:len(lines)-1] {
		c.say("250-" + l)
	}
	c.say("250 " + lines[len(lines)-1])
	return nil
}

// limit is the largest message of this seat.
func (c *session) limit() int64 {
	if c.place.seat == seatSize {
		return sizeLimit
	}
	return maxSize
}

func (c *session) extensions() (e []string) {
	if c.place.seat != seatBare {
		e = append(e, "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", fmt.Sprintf("SIZE %d", c.limit()))
	}
	if c.place.tls != nil && c.tls == nil {
		e = append(e, "STARTTLS")
	}
	return e
}

// mailFrom takes any sender, which is not kept.
func (c *session) mailFrom(argument string) error {
	if c.helo == "" {
		return c.bad("503 5.5.1 Send EHLO first")
	}
	_, parameters, ok := path(argument, "FROM:")
	if !ok {
		return c.bad("501 5.5.4 Give the sender: MAIL FROM:<user@example.com>")
	}
	c.abandon()
	c.stage = AtMail
	c.mail = &transaction{at: c.lab.cfg.Now()}
	for _, p := range parameters[:min(len(parameters), 10)] {
		c.mail.parameters = append(c.mail.parameters, clip(p))
		name, value, _ := strings.Cut(p, "=")
		if size, err := strconv.ParseInt(value, 10, 64); strings.EqualFold(name, "SIZE") && (err != nil || size > c.limit()) && c.place.seat != seatBare {
			c.reply = fmt.Sprintf("552 5.3.4 The message is too large: at most %d octets are taken", c.limit())
			c.mail.refusal = c.reply
			c.say(c.reply)
			return nil
		}
	}
	c.say("250 2.1.0 Sender OK")
	return nil
}

// path reads "FROM:<a@b> parameters" leniently: what is no address of ours is refused later.
func path(argument, keyword string) (address string, parameters []string, ok bool) {
	if len(argument) < len(keyword) || !strings.EqualFold(argument[:len(keyword)], keyword) {
		return "", nil, false
	}
	rest, found := strings.CutPrefix(strings.TrimLeft(argument[len(keyword):], " "), "<")
	end := strings.LastIndexByte(rest, '>')
	if !found || end < 0 {
		return "", nil, false
	}
	return rest[:end], strings.Fields(rest[end+1:]), true
}

// rcpt finds the run and the receiver, and answers as that receiver does.
func (c *session) rcpt(argument string) error {
	if c.mail == nil {
		return c.bad("503 5.5.1 Send MAIL FROM first")
	}
	address, _, ok := path(argument, "TO:")
	if !ok {
		return c.bad("501 5.5.4 Give the recipient: RCPT TO:<token@good." + c.lab.cfg.Domain + ">")
	}
	if c.mail.recipient != nil {
		c.say("452 4.5.3 One recipient at a time; send the others in another message")
		return nil
	}
	r, ok := c.lab.addressee(address)
	if !ok {
		return c.bad("550 5.7.1 This host takes mail for the addresses of the lab alone")
	}
	ctx, cancel := context.WithTimeout(c.ctx, storeWithin)
	defer cancel()
	switch _, err := c.lab.cfg.Store.LabRun(ctx, r.token); {
	case errors.Is(err, store.ErrNotFound):
		return c.bad("550 5.1.1 There is no such run of the lab, or it is over")
	case err != nil:
		c.lab.cfg.Log.Error("a run of the lab could not be looked up", "error", err)
		c.say("451 4.3.0 The address could not be looked up; try again later")
		return nil
	}
	c.named = true
	if c.mail.refusal != "" { // a client that pipelines says for whom the message was
		return c.forRefused(r)
	}
	c.stage = AtRCPT
	answer, err := c.lab.answerRCPT(ctx, r, c.lab.cfg.Now())
	if err != nil {
		c.say("451 4.3.0 The address could not be looked up; try again later")
		return nil
	}
	if answer != "" {
		c.over(r, outcomeOf(answer), answer, nil)
		return nil
	}
	c.mail.recipient = &r
	c.say("250 2.1.5 Recipient OK")
	return nil
}

// forRefused keeps that a message was refused at MAIL FROM.
func (c *session) forRefused(r recipient) error {
	a := c.attempt()
	a.Receiver, a.Outcome, a.Reply = r.Name, Refused, c.mail.refusal
	_ = c.lab.keep(c.ctx, r.token, &a)
	return c.bad("503 5.5.1 The sender was refused")
}

// addressee reads TOKEN@NAME.domain.
func (l *Lab) addressee(address string) (recipient, bool) {
	local, domain, ok := strings.Cut(strings.ToLower(address), "@")
	name, ours := strings.CutSuffix(strings.TrimSuffix(domain, "."), "."+l.cfg.Domain)
	r, known := receiver(name)
	return recipient{strings.Trim(local, `"`), r}, ok && ours && known
}

// answerRCPT is the refusal of a receiver that refuses at RCPT, "" for none.
func (l *Lab) answerRCPT(ctx context.Context, r recipient, now time.Time) (string, error) {
	switch r.Name {
	case RejectRCPT:
		return "550 5.1.1 No such user: this is for good, do not try again", nil
	case NullMX:
		return "556 5.1.10 This domain takes no mail (null MX, RFC 7505)", nil
	case Greylist, Deferring:
	default:
		return "", nil
	}
	n, first, err := l.cfg.Store.LabHistory(ctx, r.token, r.Name)
	switch {
	case err != nil:
		return "", err
	case r.Name == Deferring && n < deferrals:
		return fmt.Sprintf("450 4.2.1 The mailbox is busy, %d of %d times; try again later", n+1, deferrals), nil
	case r.Name == Greylist && (n == 0 || now.Sub(first) < l.cfg.Greylist):
		return fmt.Sprintf("451 4.7.1 Greylisted: try again in %d seconds", int(l.cfg.Greylist.Seconds())), nil
	}
	return "", nil
}

func outcomeOf(reply string) string {
	switch reply[0] {
	case '2':
		return Accepted
	case '4':
		return Deferred
	}
	return Refused
}

// over keeps how it ended for a recipient, and says so. What cannot be kept is put off:
// the matrix would be wrong.
func (c *session) over(r recipient, outcome, reply string, b *body) {
	if outcome == Left && c.ctx.Err() != nil { // we went, not the client
		return
	}
	a := c.attempt()
	a.Receiver, a.Outcome, a.Reply = r.Name, outcome, reply
	if b != nil {
		a.Octets, a.EightBit = b.octets, b.eightBit
	}
	err := c.lab.keep(c.ctx, r.token, &a)
	switch {
	case outcome == Left:
	case err != nil && outcome == Accepted:
		c.say("451 4.3.0 The attempt could not be kept; try again later")
	default:
		c.say(reply)
	}
}

// abandon ends a transaction; a recipient that was accepted then got no message.
func (c *session) abandon() {
	if c.mail != nil && c.mail.recipient != nil {
		c.over(*c.mail.recipient, Left, "", nil)
	}
	c.mail = nil
}

// data reads the message and answers as the receiver does.
func (c *session) data() error {
	switch {
	case c.mail == nil:
		return c.bad("503 5.5.1 Send MAIL FROM first")
	case c.mail.recipient == nil, c.mail.refusal != "":
		return c.bad("503 5.5.1 No valid recipient yet")
	}
	c.stage = AtData
	c.say("354 Send the message; end it with a line of a single dot")
	b, r := &body{}, *c.mail.recipient
	err := c.read(b)
	if err == nil && r.Name == Slow {
		err = c.tarry()
	}
	c.mail.recipient = nil
	if err != nil {
		c.over(r, Left, "", b)
		return err
	}
	reply := "250 2.0.0 Taken, and thrown away"
	switch {
	case r.Name == RejectData:
		reply = "554 5.7.1 The message is refused: this is for good, do not try again"
	case b.octets > c.limit():
		reply = fmt.Sprintf("552 5.3.4 The message is too large: at most %d octets are taken", c.limit())
	}
	c.over(r, outcomeOf(reply), reply, b)
	c.mail = nil
	return nil
}

// tarry waits, and gives an error where the client goes meanwhile.
func (c *session) tarry() error {
	c.lab.tarrying.Add(1)
	defer c.lab.tarrying.Add(-1)
	until := time.Now().Add(c.lab.cfg.Slow)
	if err := c.raw.SetReadDeadline(until); err != nil {
		return err
	}
	_, err := c.r.Peek(1)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return c.ctx.Err()
	case err != nil:
		return err
	}
	select { // it said something already, and waits
	case <-time.After(time.Until(until)):
	case <-c.ctx.Done():
	}
	return c.ctx.Err()
}
