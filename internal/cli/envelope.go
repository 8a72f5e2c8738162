package cli

import (
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/evidence"
)

// envelopeFlags are what a user says of the SMTP session.
type envelopeFlags struct{ ip, helo, mailFrom string }

func (a *app) envelopeFlags(c *cobra.Command) *envelopeFlags {
	e := new(envelopeFlags)
	c.Flags().StringVar(&e.ip, "ip", "", a.flagText("ip"))
	c.Flags().StringVar(&e.helo, "helo", "", a.flagText("helo"))
	c.Flags().StringVar(&e.mailFrom, "mail-from", "", a.flagText("mail-from"))
	return e
}

// given reports whether any part of the envelope was given.
func (e *envelopeFlags) given(c *cobra.Command) bool {
	f := c.Flags()
	return f.Changed("ip") || f.Changed("helo") || f.Changed("mail-from")
}

// session gives the assumed session. An empty --mail-from, or "<>", is the null
// path; without the flag the envelope sender is not known.
func (e *envelopeFlags) session(a *app, c *cobra.Command) (evidence.Session, error) {
	s := evidence.Session{
		HELO:        e.helo,
		MailFrom:    strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(e.mailFrom), "<"), ">"),
		HasMailFrom: c.Flags().Changed("mail-from"),
	}
	if e.ip == "" {
		return s, nil
	}
	ip, err := netip.ParseAddr(strings.Trim(e.ip, "[]"))
	if err != nil || ip.Zone() != "" {
		return s, usagef("%s", a.say(msgBadIP, "value", e.ip))
	}
	s.RemoteIP = ip.Unmap()
	return s, nil
}
