package filter

import (
	"bytes"
	"slices"
	"strings"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/internal/milter"
)

// Names of fields that this filter writes beside standard ones.
const (
	VerdictField    = "X-Todoku-Verdict"
	QuarantineField = "X-Todoku-Quarantine"
)

const receivedSPFField = "Received-SPF"

// view shows a field as the mail server named it to package authres.
type view struct {
	name  string
	value []byte
}

func (v view) Name() string  { return v.name }
func (v view) Value() []byte { return v.value }

// claim is by what a field may claim to come from us.
type claim uint8

const (
	byNothing  claim = iota
	byID             // Authentication-Results, its name perhaps in a disguise, with our authserv-id
	byName           // a field that nobody else writes
	byReceiver       // Received-SPF with our names, where we add that field
)

// claimOf looks at the name of a field.
func claimOf(name []byte) claim {
	if len(name) == 0 {
		return byNothing
	}
	// Of most fields the first octet says that they are no such field, in any disguise.
	switch c := name[0] | 0x20; {
	case c == 'a' || name[0] <= ' ' || name[0] >= 0x7f:
		return byID
	case c == 'x' && (isName(name, VerdictField) || isName(name, QuarantineField) || isName(name, PassField)):
		return byName
	case c == 'r' && isName(name, receivedSPFField):
		return byReceiver
	}
	return byNothing
}

// numbered is a field as milters name it: the n-th of a name, from 1.
type numbered struct {
	name string
	n    int
}

// strip removes what claims to come from us: Authentication-Results with our authserv-id, and our
// own fields. Of a name the highest number goes first, so that removing one never shifts those still to go.
func (t *transaction) strip(c *milter.Changes) (removed int) {
	var kept error
	for _, f := range append(t.forgedBeyond(), t.forgedKept()...) {
		if err := c.DeleteHeader(f.name, f.n); err != nil {
			kept = err
			continue
		}
		removed++
	}
	if kept != nil { // said once, however many they are
		t.event.problem("message.forged-results-kept", "a field that claims to be ours could not be removed: "+kept.Error())
	}
	return removed
}

// forgedKept gives the forged ones of the fields that are kept, the last first.
func (t *transaction) forgedKept() []numbered {
	forged := t.forged()
	if len(forged) == 0 {
		return nil
	}
	all := make([]numbered, 0, len(forged))
	count := make(map[string]int)
	for i := range t.fields {
		name := folded(t.name(i))
		count[name]++
		if forged[i] {
			all = append(all, numbered{string(t.name(i)), count[name]})
		}
	}
	slices.Reverse(all)
	return all
}

// forged gives the indexes of the fields that claim to be ours.
func (t *transaction) forged() map[int]bool {
	var forged map[int]bool
	var views []authres.FieldView
	var which []int // the field of each view
	mark := func(i int) {
		if forged == nil {
			forged = make(map[int]bool)
		}
		forged[i] = true
	}
	for i := range t.fields {
		switch claimOf(t.name(i)) {
		case byID:
			views, which = append(views, view{string(t.name(i)), t.value(i)}), append(which, i)
		case byName:
			mark(i)
		case byReceiver:
			if !t.event.Outgoing && t.isReceiver(t.value(i)) {
				mark(i)
			}
		}
	}
	if len(views) == 0 {
		return forged
	}
	for _, i := range authres.Forged(views, t.settings.ids...) {
		if which[i] != t.kept-1 {
			mark(which[i])
		}
	}
	return forged
}

// isReceiver reports a Received-SPF that we might have added, and others may not in our name.
func (t *transaction) isReceiver(value []byte) bool {
	return t.settings.ReceivedSPF && namesAny(value, t.settings.Hostname, t.settings.AuthServID)
}

// isName compares the name of a field with one in ASCII, without regard to case. Letters beyond ASCII that Unicode folds to one within
// (U+017F, U+212A) have more octets: to mail servers, which count the fields of a name, they are others.
func isName(name []byte, with string) bool {
	return len(name) == len(with) && strings.EqualFold(string(name), with)
}

// folded gives a name in the lower case of ASCII.
func folded(name []byte) string {
	out := bytes.Clone(name)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c | 0x20
		}
	}
	return string(out)
}

// namesAny reports that a value has one of the names, whole.
func namesAny(value []byte, names ...string) bool {
	s := strings.ToLower(string(value))
	part := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' }
	for _, name := range names {
		name = strings.ToLower(name)
		for from := 0; name != ""; {
			i := strings.Index(s[from:], name)
			if i < 0 {
				break
			}
			i += from
			end := i + len(name)
			if (i == 0 || !part(s[i-1]) && s[i-1] != '.') && (end == len(s) || !part(s[end]) && (s[end] != '.' || end+1 == len(s) || !part(s[end+1]))) {
				return true
			}
			from = i + 1
		}
	}
	return false
}
