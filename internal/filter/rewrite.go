package filter

import (
	"errors"
	"strings"

	"github.com/todoku/todoku/srs"
)

// The tables of addresses; see [Filter.Rewrite].
const (
	TableForward = "forward" // senders, by whom they are forwarded
	TableReverse = "reverse" // recipients that are rewritten senders, by whom these are
)

// Rewrite answers a mail server that asks a table for an address, ok false where the address stays as it is. What claims to be a
// rewritten address and is none, or an old one, stays: the mail server then knows no such recipient, and says so.
func (f *Filter) Rewrite(table, address string) (string, bool) {
	s := f.settings.Load()
	// Mail servers also ask for "user" and "@domain".
	if s.Forwarding == nil || s.Forwarding.SRS == nil || strings.IndexByte(address, '@') <= 0 {
		return "", false
	}
	var out string
	var err error
	switch table {
	case TableForward:
		out, err = s.Forwarding.SRS.Forward(address, s.Now())
	case TableReverse:
		out, err = s.Forwarding.SRS.Reverse(address, s.Now())
	default:
		return "", false
	}
	if errors.Is(err, srs.ErrTooLong) { // nobody learns it otherwise: SPF fails at the next server
		f.log.Warn("a sender is forwarded as it is", "finding", "spf.sender-not-rewritten", "sender", cut(readable(address), maxMessageID), "detail", err.Error())
	}
	return out, err == nil && out != address
}
