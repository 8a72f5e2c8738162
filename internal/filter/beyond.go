package filter

import (
	"context"
	"slices"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/internal/milter"
)

// beyond is what is known of the fields beyond the limits of the milter's server ([milter.Limits]). They are looked at as they come:
// of those that claim to be ours the number is kept, of the others nothing, for what a stranger makes us keep must end somewhere.
type beyond struct {
	count  [len(ourNames)]int // how many fields of each name the message has so far, those within the limits too
	forged []numbered
	more   bool // than mostBeyond are forged
}

// mostBeyond is how many forged fields beyond the limits are removed. Mail with more is refused: no honest mail has one.
const mostBeyond = 100

// ourNames are the names of fields that may have to be removed.
var ourNames = [...]string{"Authentication-Results", VerdictField, QuarantineField, PassField, receivedSPFField}

// add counts a field. Names in disguises, which no milter can remove, are not counted.
func (b *beyond) add(name []byte) numbered {
	for i, ours := range ourNames {
		if isName(name, ours) {
			b.count[i]++
			return numbered{ours, b.count[i]}
		}
	}
	return numbered{string(name), 0}
}

// Beyond looks at a field that is not kept.
func (t *transaction) Beyond(name, value []byte) {
	by := claimOf(name)
	if by == byNothing {
		return
	}
	if t.beyond == nil {
		t.beyond = &beyond{}
		if t.header != nil {
			for i := range t.fields {
				t.beyond.add(t.name(i))
			}
		}
	}
	b := t.beyond
	f := b.add(name)
	switch {
	case by == byID && len(authres.Forged([]authres.FieldView{view{f.name, value}}, t.settings.ids...)) == 0:
	case by == byReceiver && !t.isReceiver(value):
	case len(b.forged) == mostBeyond:
		b.more = true
	default:
		b.forged = append(b.forged, f)
	}
}

// tooMany reports more forged fields than can be removed.
func (b *beyond) tooMany() bool { return b != nil && b.more }

// forgedBeyond gives the forged ones of the fields that are not kept, the last first.
func (t *transaction) forgedBeyond() []numbered {
	if t.beyond == nil {
		return nil
	}
	all := slices.Clone(t.beyond.forged)
	if t.event.Outgoing { // we add no Received-SPF there, see forged
		all = slices.DeleteFunc(all, func(f numbered) bool { return f.name == receivedSPFField })
	}
	slices.Reverse(all)
	return all
}

// overrun refuses a message with more forged fields than can be removed.
type overrun struct {
	untouched
	t *transaction
}

func (o overrun) finish(context.Context, *milter.Changes) milter.Reply {
	o.t.event.Action, o.t.event.Reason = Reject, "the header is too large, and too many of its fields claim to be ours"
	return milter.Say(552, "5.3.4", "The header of this message is too large, and too many of its fields claim to come from this server")
}
