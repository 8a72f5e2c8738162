package milter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Options are what a filter wants of every connection.
type Options struct {
	// Actions are the changes it may make. Those that a mail server does not offer are missing in Conn.Actions.
	Actions Actions
	// Skipped are steps whose events it does not need: any but OnConnect, OnHelo, OnMail and OnEndOfHeader.
	Skipped Steps
	// Answered are the steps at which it may say something else than Continue that has to be
	// said there and then. All others are left unanswered where the mail server can do without.
	Answered Steps
	// RejectedRcpts: recipients that the mail server refused are events, too.
	RejectedRcpts bool
	// Macros to ask for, by stage, names with braces where they have them: "{auth_authen}". A stage that is
	// not named gets what the mail server is set to send.
	Macros map[Stage][]string
}

// always are the steps whose events a connection needs for its own state.
const always = OnConnect | OnHelo | OnMail | OnEndOfHeader

var errNegotiation = errors.New("no negotiation that this filter understands")

// negotiate takes the offer of the mail server and appends the answer.
func (c *conn) negotiate(offer []byte) error {
	if len(offer) < 12 {
		return fmt.Errorf("%w: %d octets", errNegotiation, len(offer))
	}
	version := binary.BigEndian.Uint32(offer)
	actions := binary.BigEndian.Uint32(offer[4:])
	flags := binary.BigEndian.Uint32(offer[8:])
	if version < minVersion {
		return fmt.Errorf("%w: version %d", errNegotiation, version)
	}
	o := &c.server.Options
	c.Version = min(version, Version)
	c.Actions = o.Actions &^ setMacros & Actions(actions)
	agreed := uint32(0)
	c.steps, c.silent = EveryStep, 0
	for _, p := range protocolSteps {
		unwanted := o.Skipped&^always&p.step != 0
		switch {
		case unwanted && flags&p.without != 0:
			agreed |= p.without
		case (o.Answered&p.step == 0 || unwanted) && flags&p.silent != 0:
			agreed |= p.silent
			c.silent |= p.step
		}
		if unwanted {
			c.steps &^= p.step
		}
	}
	agreed |= flags & flagLeadingSpace
	c.leadSpace = agreed&flagLeadingSpace != 0
	if c.steps&OnBody != 0 && c.Answers(OnBody) {
		agreed |= flags & flagSkip
		c.skips = agreed&flagSkip != 0
	}
	if o.RejectedRcpts {
		agreed |= flags & flagRejected
	}
	c.negotiated = true
	c.answerNegotiation(agreed, Actions(actions)&setMacros != 0)
	return c.flush()
}

func (c *conn) answerNegotiation(flags uint32, lists bool) {
	data := binary.BigEndian.AppendUint32(make([]byte, 0, 256), c.Version)
	wanted := c.server.Options.Macros
	lists = lists && len(wanted) > 0
	actions := c.Actions
	if lists {
		actions |= setMacros
	}
	data = binary.BigEndian.AppendUint32(data, uint32(actions))
	data = binary.BigEndian.AppendUint32(data, flags)
	if lists {
		for s := StageConnect; s <= StageEndOfHeader; s++ {
			if names, ok := wanted[s]; ok {
				data = binary.BigEndian.AppendUint32(data, uint32(s))
				data = append(append(data, strings.Join(slices.Clone(names), " ")...), 0)
			}
		}
	}
	c.out = append(beginPacket(c.buffer(), cmdNegotiate, len(data)), data...)
}
