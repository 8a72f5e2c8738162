package judge

import (
	"fmt"
	"maps"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/forensics"
)

// changedInTransit says which change broke a signature. It is as grave as the finding of
// the signature itself, whose cause it is.
func (c *verdict) changedInTransit(examined []forensics.Examination, a args, subject string, status catalogue.Status) {
	for _, e := range examined {
		if e.Outcome != forensics.Explained {
			continue
		}
		id := "dkim.changed-in-transit"
		if len(e.Mutations) == 1 && e.Mutations[0].Kind == forensics.WrongKey {
			id = "dkim.wrong-key"
		}
		f := c.add(id, subject, mutationArgs(e.Mutations, a), changes(e)...)
		f.Status = status
	}
}

// mutationArgs adds what happened and what to do about it, in both languages.
func mutationArgs(ms []forensics.Mutation, a args) args {
	out := maps.Clone(a)
	for lang, separator := range map[string]string{"en": "; ", "ja": "、"} {
		var change, advice []string
		for _, m := range ms {
			t := catalogue.Mutations[string(m.Kind)]
			field := strings.NewReplacer("{field}", clip(m.Field))
			if s := field.Replace(t.Change.In(lang)); !contains(change, s) {
				change = append(change, s)
			}
			if s := field.Replace(t.Advice.In(lang)); !contains(advice, s) {
				advice = append(advice, s)
			}
		}
		out["change."+lang], out["advice."+lang] = strings.Join(change, separator), strings.Join(advice, " ")
	}
	return out
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// changes are the mutations by name, and the difference line by line.
func changes(e forensics.Examination) []string {
	var names []string
	for _, m := range e.Mutations {
		name := string(m.Kind)
		if m.Field != "" {
			name += " (" + clip(m.Field) + ")"
		}
		names = append(names, name)
	}
	out := []string{string(e.Part) + ": " + strings.Join(names, ", ")}
	for _, l := range e.Difference {
		if l.Op == "-" || l.Op == "+" {
			out = append(out, l.Op+" "+l.Text)
		}
	}
	return out
}

// searched says that a search was without result.
func searched(examined []forensics.Examination) (out []string) {
	for _, e := range examined {
		switch e.Outcome {
		case forensics.Unexplained:
			out = append(out, fmt.Sprintf("%s: no known change explains it (%d tried)", e.Part, e.Tried))
		case forensics.Unexamined:
			out = append(out, string(e.Part)+": too large to look for the change")
		}
	}
	return out
}
