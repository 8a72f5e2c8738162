package web

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/i18n"
)

const (
	drawnHunks     = 12 // of one report
	dumpRow        = 8  // octets of a line
	drawnMutations = 12
)

// examView is what was found out about one part of a message under a broken signature.
type examView struct {
	Say     string
	Changes []string // what happened, in clauses
	Hunks   []hunkView
	More    int
}

var (
	partKeys  = map[forensics.Part]string{forensics.Body: "forensics.body", forensics.Header: "forensics.header"}
	foundKeys = map[forensics.Outcome]string{
		forensics.Explained: "forensics.say.explained", forensics.Unexplained: "forensics.say.unexplained", forensics.Unexamined: "forensics.say.unexamined",
	}
)

// hunkView is one place where what was signed and what came differ.
type hunkView struct {
	Say          string
	Signed, Seen sideView
}

// sideView is one of the two: as text and as a dump of octets.
type sideView struct {
	Text, Dump []octetRun
	Cut        int
	Nothing    bool // no octet of its own
}

// octetRun is a piece of text or of a dump; Differs where the other side has it not.
type octetRun struct {
	Text    string
	Differs bool
}

// viewForensics draws examinations. room bounds the places shown on the whole page.
func viewForensics(lang string, all []forensics.Examination, room *int) (out []examView) {
	for _, e := range all {
		if partKeys[e.Part] == "" || foundKeys[e.Outcome] == "" {
			continue
		}
		part := i18n.T(lang, partKeys[e.Part])
		v := examView{Say: i18n.T(lang, foundKeys[e.Outcome], "Part", part, "Count", e.Tried), More: e.MoreHunks}
		mutations, _ := some(e.Mutations, drawnMutations)
		for _, m := range mutations {
			text := catalogue.Mutations[string(m.Kind)].Change.In(lang)
			if text == "" {
				continue
			}
			v.Changes = append(v.Changes, strings.ReplaceAll(text, "{field}", clip(visible(m.Field), 80)))
		}
		for _, h := range e.Hunks {
			if *room == 0 {
				v.More++
				continue
			}
			*room--
			v.Hunks = append(v.Hunks, viewHunk(lang, h))
		}
		out = append(out, v)
	}
	return out
}

func viewHunk(lang string, h forensics.Hunk) hunkView {
	return hunkView{
		Say:    i18n.T(lang, "forensics.place", "At", h.SignedAt, "Signed", len(h.Signed)+h.SignedCut, "Seen", len(h.Seen)+h.SeenCut),
		Signed: viewSide(h.Before, h.Signed, h.After, h.SignedAt, h.SignedCut),
		Seen:   viewSide(h.Before, h.Seen, h.After, h.SeenAt, h.SeenCut),
	}
}

func viewSide(before, own, after []byte, at, cut int) sideView {
	if cut > 0 {
		after = nil // it follows what is left out
	}
	v := sideView{Cut: cut, Nothing: len(own) == 0}
	for _, r := range []octetRun{{string(before), false}, {string(own), true}, {string(after), false}} {
		if r.Text != "" {
			v.Text = append(v.Text, octetRun{visible(r.Text), r.Differs})
		}
	}
	octets := append(append(append([]byte{}, before...), own...), after...)
	v.dump(octets, at-len(before), len(before), len(before)+len(own))
	return v
}

// dump writes lines of offset, octets in hexadecimal, and the octets that are printable ASCII.
func (v *sideView) dump(octets []byte, offset, from, to int) {
	add := func(text string, differs bool) {
		if n := len(v.Dump); n > 0 && v.Dump[n-1].Differs == differs {
			v.Dump[n-1].Text += text
			return
		}
		v.Dump = append(v.Dump, octetRun{text, differs})
	}
	for row := 0; row < len(octets); row += dumpRow {
		end := min(row+dumpRow, len(octets))
		add(fmt.Sprintf("%06x ", offset+row), false)
		for i := row; i < row+dumpRow; i++ {
			if i >= end {
				add("   ", false)
				continue
			}
			differs := i >= from && i < to
			if differs && i > row && i-1 >= from { // the space between two that differ is theirs
				add(fmt.Sprintf(" %02x", octets[i]), true)
				continue
			}
			add(" ", false)
			add(fmt.Sprintf("%02x", octets[i]), differs)
		}
		add("  ", false)
		for i := row; i < end; i++ {
			c := octets[i]
			if c < ' ' || c > '~' {
				c = '.'
			}
			add(string(rune(c)), i >= from && i < to)
		}
		add("\n", false)
	}
}
