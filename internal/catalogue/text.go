package catalogue

import (
	"maps"
	"slices"
	"strings"
)

// Title is the finding's verdict in one line, in "ja" or, for anything else, English.
// An ID that is not in the catalogue is its own title: it shows, rather than vanishes.
func (f Finding) Title(lang string) string {
	e, ok := Lookup(f.ID)
	if !ok {
		return f.ID
	}
	return fill(e.Title.In(lang), f.argsIn(lang))
}

// Detail is what the finding means for delivery, and why.
func (f Finding) Detail(lang string) string {
	e, _ := Lookup(f.ID)
	return fill(e.Detail.In(lang), f.argsIn(lang))
}

// Fix is the repair in one sentence, "" where nothing is to be repaired.
func (f Finding) Fix(lang string) string {
	e, _ := Lookup(f.ID)
	return fill(e.Fix.In(lang), f.argsIn(lang))
}

// Steps are the steps of the repair in order; never nil.
func (f Finding) Steps(lang string) []string {
	e, _ := Lookup(f.ID)
	steps, args := make([]string, 0, len(e.Steps)+len(f.Advice)), f.argsIn(lang)
	for _, list := range [][]Text{e.Steps, f.Advice} {
		for _, s := range list {
			steps = append(steps, fill(s.In(lang), args))
		}
	}
	return steps
}

// Refs are the sources: RFC sections and addresses of pages; never nil.
func (f Finding) Refs() []string {
	e, _ := Lookup(f.ID)
	if e.Refs == nil {
		return []string{}
	}
	return slices.Clone(e.Refs)
}

// argsIn are the arguments in a language: "meaning.ja" takes the place of "meaning".
func (f Finding) argsIn(lang string) map[string]string {
	suffix := ".en"
	if lang == "ja" {
		suffix = ".ja"
	}
	var args map[string]string
	for name, value := range f.Args {
		if name, ok := strings.CutSuffix(name, suffix); ok {
			if args == nil {
				args = maps.Clone(f.Args)
			}
			args[name] = value
		}
	}
	if args == nil {
		return f.Args
	}
	return args
}

// fill replaces each {name} by its argument, and {name:message|messages} by the word for one or for more of what
// the argument counts. It reads the text once, so that an argument (which may come from a hostile message) is never
// itself expanded.
func fill(text string, args map[string]string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			break
		}
		name, forms, counted := strings.Cut(text[open+1:open+end], ":")
		b.WriteString(text[:open])
		switch value, ok := args[name]; {
		case !ok:
			b.WriteString(text[open : open+end+1])
		case counted:
			b.WriteString(form(forms, value))
		default:
			b.WriteString(value)
		}
		text = text[open+end+1:]
	}
	b.WriteString(text)
	return b.String()
}

// form chooses of "one|other" by a number.
func form(forms, number string) string {
	one, other, _ := strings.Cut(forms, "|")
	if number == "1" {
		return one
	}
	return other
}

// placeholders gives the names in braces, sorted, each once.
func placeholders(text string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(text, "{")
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			break
		}
		name, _, _ = strings.Cut(name, ":")
		names = append(names, name)
		text = after
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// With fills the {placeholders} of a text by name, value, name, value ... A value is never itself expanded. An English text says
// {n} {n:message|messages} where the word depends on the number.
func (t Text) With(pairs ...string) Text {
	args := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i]] = pairs[i+1]
	}
	return Text{fill(t.EN, args), fill(t.JA, args)}
}
