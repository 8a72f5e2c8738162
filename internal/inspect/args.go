package inspect

import (
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
)

// args are the values of a text's placeholders.
type args map[string]string

func (a args) with(key, value string) args {
	a[key] = value
	return a
}

// why puts into a what a problem means, in both languages. name and value are what a
// text speaks of.
func (a args) why(texts map[string]catalogue.Text, problem, name, value string) args {
	t, ok := texts[problem]
	if !ok {
		t = catalogue.Text{EN: problem, JA: problem}
	}
	r := strings.NewReplacer("{name}", clip(name), "{value}", clip(value))
	a["reason"], a["reason.en"], a["reason.ja"] = problem, r.Replace(t.EN), r.Replace(t.JA)
	return a
}

// and adds another reason to those of why.
func (a args) and(b args) args {
	for _, key := range []string{"reason", "reason.en", "reason.ja"} {
		sep := ", "
		if key == "reason.ja" {
			sep = "、"
		}
		switch {
		case a[key] == "":
			a[key] = b[key]
		case !strings.Contains(a[key], b[key]) && len(a[key]) < 400:
			a[key] += sep + b[key]
		}
	}
	return a
}
