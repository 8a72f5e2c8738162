package render

import (
	"io"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/provider"
)

// markdown writes a report for a wiki, an issue or a chat.
type markdown struct{ lang string }

func (m *markdown) Begin(io.Writer) error { return nil }
func (m *markdown) End(io.Writer) error   { return nil }

func (m *markdown) Unread(w io.Writer, target, problem string) error {
	_, err := io.WriteString(w, "# "+mdText(target)+"\n\n"+mdText(problem)+"\n\n")
	return err
}

func (m *markdown) Report(w io.Writer, r *check.Report) error {
	var b strings.Builder
	worst := r.Worst()
	b.WriteString("# " + mdText(r.Target) + ": " + label(m.lang, string(worst)) + "\n\n")
	b.WriteString(mdText(checkTitle(r, m.lang)) + "\n\n")
	if len(r.Cards) > 0 {
		b.WriteString("| " + label(m.lang, "provider") + " | " + label(m.lang, "cards") + " | |\n|---|---|---|\n")
		for _, c := range r.Cards {
			b.WriteString("| " + mdText(provider.ReceiverName(c.Provider).In(m.lang)) + " | " + label(m.lang, "card-"+string(c.Verdict)) + " | " + mdText(rowsText(c, m.lang)) + " |\n")
		}
		b.WriteString("\n")
	}
	for _, group := range findingGroups(r.Findings) {
		if len(group.findings) == 0 {
			continue
		}
		b.WriteString("## " + label(m.lang, group.label) + "\n\n")
		for _, f := range group.findings {
			m.finding(&b, f, group.label == "fine")
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *markdown) finding(b *strings.Builder, f catalogue.Finding, brief bool) {
	sign, _ := signOf(string(f.Status))
	if brief {
		b.WriteString("- " + sign + " " + mdText(f.Title(m.lang)) + "\n")
		return
	}
	b.WriteString("### " + sign + " " + mdText(f.Title(m.lang)) + "\n\n`" + f.ID + "` · " + label(m.lang, string(f.Status)) + "\n\n")
	b.WriteString(mdText(f.Detail(m.lang)) + "\n\n")
	if f.Accepted != nil {
		b.WriteString(label(m.lang, "accepted", "reason", mdText(f.Accepted.Reason)) + "\n\n")
	}
	evidence := make([]string, len(f.Evidence))
	for i, e := range f.Evidence {
		evidence[i] = spoken(m.lang, e)
	}
	mdCode(b, evidence)
	if fix := f.Fix(m.lang); fix != "" {
		b.WriteString("**" + label(m.lang, "fix") + "** " + mdText(fix) + "\n\n")
	}
	for i, s := range f.Steps(m.lang) {
		b.WriteString(itoa(i+1) + ". " + mdText(s) + "\n")
		if i == len(f.Steps(m.lang))-1 {
			b.WriteString("\n")
		}
	}
	var changes []string
	for _, c := range f.DNS {
		changes = append(changes, changeLine(c))
	}
	mdCode(b, changes)
	for _, s := range f.Snippets {
		b.WriteString(mdText(s.For) + "\n\n")
		mdCode(b, snippetLines(s.Text))
	}
	if refs := f.Refs(); len(refs) > 0 {
		b.WriteString(label(m.lang, "refs") + " " + mdText(strings.Join(refs, ", ")) + "\n\n")
	}
}

// mdCode writes lines as a block that nothing in them can end: its fence is longer than
// any in them. (A block that is only indented would be text again behind a list.)
func mdCode(b *strings.Builder, lines []string) {
	if len(lines) == 0 {
		return
	}
	longest := 2
	for _, s := range lines {
		run := 0
		for i := range len(s) {
			if run++; s[i] != '`' {
				run = 0
			}
			longest = max(longest, run)
		}
	}
	fence := strings.Repeat("`", longest+1)
	b.WriteString(fence + "text\n")
	for _, s := range lines {
		b.WriteString(printable(s, maxCopied) + "\n")
	}
	b.WriteString(fence + "\n\n")
}

// mdText makes text that means nothing to Markdown or HTML, but for our own backquotes.
func mdText(s string) string {
	return strings.NewReplacer(
		"\\", "\\\\", "<", "&lt;", ">", "&gt;", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "#", "\\#", "|", "\\|", "\n", " ",
	).Replace(Printable(s))
}

// changeLine shows one change on one line.
func changeLine(c dns.Change) string {
	s := string(c.Action) + " " + strings.TrimSuffix(c.Name, ".") + ". " + c.Type.String()
	for _, w := range c.Was {
		s += " - " + quoted(c.Type, w)
	}
	for _, d := range c.Data {
		s += " + " + quoted(c.Type, d)
	}
	return s
}

func quoted(t dns.Type, data string) string {
	if t == dns.TypeTXT || t == dns.TypeSPF {
		return "\"" + data + "\""
	}
	return data
}

// findingGroup is what a report shows under one title.
type findingGroup struct {
	label    string
	findings []catalogue.Finding
}

// findingGroups parts findings into what is to be done, what is good to know, and
// what is fine.
func findingGroups(fs []catalogue.Finding) []findingGroup {
	groups := []findingGroup{{label: "todo"}, {label: "notes"}, {label: "fine"}}
	for _, f := range fs {
		i := 0
		switch {
		case f.Status == catalogue.Pass:
			i = 2
		case f.Status == catalogue.Info || f.Accepted != nil:
			i = 1
		}
		groups[i].findings = append(groups[i].findings, f)
	}
	return groups
}
