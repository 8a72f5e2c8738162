package inspect

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/survey"
)

func addressTexts(a survey.Addresses) []string {
	var out []string
	for _, r := range a.Records()[:min(len(a.Records()), 6)] {
		out = append(out, shown(a.Name)+" "+r.Type.String()+" "+r.Data)
	}
	return out
}

// answerText says in a few words what a question gave; "" for one that was not asked.
func answerText(a dns.Answer) string {
	if a.Status == dns.Unknown {
		return ""
	}
	text := fmt.Sprintf("%s %s: %s", shown(a.Question.Name), a.Question.Type, a.Status)
	for _, link := range a.Chain[:min(len(a.Chain), 4)] {
		text += "; CNAME " + shown(link.Data)
	}
	for _, r := range a.Records[:min(len(a.Records), 4)] {
		text += "; " + clip(strings.TrimSpace(r.Data))
	}
	if a.Detail != "" {
		text += " (" + clip(a.Detail) + ")"
	}
	return text
}

// clip bounds a text that is shown.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// written shows some texts of a name as evidence.
func written(name string, texts []string) []string {
	var out []string
	for _, t := range texts[:min(len(texts), 6)] {
		out = append(out, name+": "+clip(t))
	}
	return out
}

func answerTexts(answers []dns.Answer) []string {
	var out []string
	for _, a := range answers {
		out = append(out, answerText(a))
	}
	return out
}

func shown(name string) string {
	if name == "" {
		return "."
	}
	return clip(name)
}

func shownAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = shown(n)
	}
	return out
}
