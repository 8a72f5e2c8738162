package inbox

import (
	"encoding/hex"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/live"
)

// forwardable are the attributes that a mail server may tell of its own client with
// Postfix's XFORWARD.
const forwardable = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"

// origin takes what the mail server that hands a message over by LMTP says of its own
// client: that client is who sent the message.
func (c *session) origin(argument string) error {
	if c.open {
		return c.bad(replyMailTwice)
	}
	attributes := strings.Fields(argument)
	if len(attributes) == 0 || len(attributes) > 16 {
		return c.bad(replyForward)
	}
	for _, a := range attributes {
		name, text, _ := strings.Cut(a, "=")
		value, ok := fromXtext(text)
		if !ok || len(value) > maxDomain {
			return c.bad(replyForward)
		}
		if strings.EqualFold(value, "[UNAVAILABLE]") || strings.EqualFold(value, "[TEMPUNAVAIL]") {
			value = ""
		}
		if !c.takeOrigin(strings.ToUpper(name), value) {
			return c.bad(replyForward)
		}
	}
	c.say(replyOK)
	return nil
}

// takeOrigin takes one attribute; false: it cannot be read.
func (c *session) takeOrigin(name, value string) bool {
	switch name {
	case "ADDR":
		c.client, c.seen.RemoteIP = netip.Addr{}, netip.Addr{}
		if len(value) > 5 && strings.EqualFold(value[:5], "IPV6:") {
			value = value[5:]
		}
		if value == "" {
			return true
		}
		ip, err := netip.ParseAddr(value)
		if err != nil || ip.Zone() != "" {
			return false
		}
		c.client, c.seen.RemoteIP = ip.Unmap(), ip.Unmap()
		c.emit(live.Event{Kind: "connected", Text: c.client.String()})
	case "PORT":
		c.seen.RemotePort = 0
		if port, err := strconv.ParseUint(value, 10, 16); err == nil {
			c.seen.RemotePort = uint16(port)
		} else if value != "" {
			return false
		}
	case "HELO":
		c.seen.HELO = value
	case "PROTO":
		c.seen.ESMTP = strings.EqualFold(value, "ESMTP")
	case "NAME", "IDENT", "SOURCE": // the transcript has them
	default:
		return false
	}
	return true
}

// fromXtext decodes xtext (RFC 3461 section 4), in which XFORWARD gives its values.
func fromXtext(s string) (string, bool) {
	if !strings.Contains(s, "+") {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '+' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		octet, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			return "", false
		}
		b.Write(octet)
		i += 2
	}
	return b.String(), true
}

// sayFinal answers a message: once, or in LMTP for each recipient that was accepted, in
// their order (RFC 2033 section 4.2). They share one fate here.
func (c *session) sayFinal(r reply) {
	c.say(r)
	c.repeatFinal(r)
}

// repeatFinal answers the recipients but the first.
func (c *session) repeatFinal(r reply) {
	if !c.server.config.LMTP {
		return
	}
	for range c.answers - 1 {
		_, _ = io.WriteString(c.w, r.String()+"\r\n")
	}
}
