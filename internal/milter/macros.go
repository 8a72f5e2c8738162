package milter

import (
	"bytes"
	"fmt"
)

// Bounds of the macros of one stage. Postfix sends about ten, of a few dozen octets each.
const (
	maxMacros     = 256
	maxMacroBytes = 32 << 10
)

type macro struct{ name, value string }

// macros are the mail server's variables, by stage.
type macros [stages][]macro

// set takes a packet of macros: the command they belong to, then names and values, each ended by NUL.
// They replace what the stage had.
func (m *macros) set(stage Stage, list []byte) error {
	if len(list) > maxMacroBytes {
		return fmt.Errorf("%d octets of macros", len(list))
	}
	if bytes.Count(list, []byte{0}) > 2*maxMacros {
		return fmt.Errorf("more than %d macros", maxMacros)
	}
	have := m[stage][:0]
	all := string(list) // one allocation for all of them
	for len(all) > 0 {
		name, rest, ok := cutNUL(all)
		value, rest, ok2 := cutNUL(rest)
		if !ok || !ok2 {
			return fmt.Errorf("a macro without its end")
		}
		have = append(have, macro{bare(name), value})
		all = rest
	}
	m[stage] = have
	return nil
}

// bare is the name without braces.
func bare(name string) string {
	if n := len(name); n > 2 && name[0] == '{' && name[n-1] == '}' {
		return name[1 : n-1]
	}
	return name
}

// latest are the stages by how late in a message they come.
var latest = [...]Stage{StageEndOfMessage, stageBody, StageEndOfHeader, stageHeader, StageData, StageRcpt, StageMail, stageUnknown, StageHelo, StageConnect}

func (m *macros) get(name string) string {
	name = bare(name)
	for _, s := range latest {
		for i := range m[s] {
			if m[s][i].name == name {
				return m[s][i].value
			}
		}
	}
	return ""
}

// endMessage forgets the macros of the message.
func (m *macros) endMessage() {
	for s := StageMail; s < stages; s++ {
		m.clear(s)
	}
}

func (m *macros) endSession() {
	for s := range m {
		m.clear(Stage(s))
	}
}

func (m *macros) clear(s Stage) {
	clear(m[s]) // values must not outlive their message in memory that is kept
	m[s] = m[s][:0]
}

func cutNUL(s string) (before, after string, ok bool) {
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}
