package render

import (
	"strings"
)

// TextOptions for people.
type TextOptions struct {
	Lang    string // en, ja
	Color   bool
	Width   int // columns; 0 means 80
	Verbose bool
}

// page collects the lines of a text. Only its own methods write escape sequences,
// around text that is already printable.
type page struct {
	b strings.Builder
	o TextOptions
	// written are changes and settings that the page holds already: findings on one
	// record set carry the same.
	written map[string]bool
}

// again reports whether a text was written before.
func (p *page) again(text string) bool {
	if p.written[text] {
		return true
	}
	if p.written == nil {
		p.written = make(map[string]bool)
	}
	p.written[text] = true
	return false
}

func newPage(o TextOptions) *page {
	if o.Width <= 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 40)
	return &page{o: o}
}

// label gives a label whose arguments are made printable.
func (p *page) label(key string, pairs ...string) string {
	safe := make([]string, len(pairs))
	for i, s := range pairs {
		safe[i] = Printable(s)
	}
	return label(p.o.Lang, Printable(key), safe...)
}

// counted gives a label that says how many, of which there is one for a single thing, too.
func (p *page) counted(key string, n int, pairs ...string) string {
	if n == 1 {
		key += "-one"
	}
	return p.label(key, append(pairs, "n", itoa(n))...)
}

func (p *page) blank() { p.b.WriteByte('\n') }

// line writes one line as it is; the caller made it printable.
func (p *page) line(indent int, s string) {
	p.b.WriteString(strings.Repeat(" ", indent))
	p.b.WriteString(s)
	p.b.WriteByte('\n')
}

// para writes wrapped text: the first line after lead, the others below its text.
func (p *page) para(indent int, lead, text string, style style) {
	text = Printable(text)
	hang := indent
	if lead != "" {
		hang += Columns(lead) + 1
	}
	lines := Wrap(text, max(p.o.Width-hang, 20))
	if len(lines) == 0 {
		lines = []string{""}
	}
	for i, s := range lines {
		s = p.paint(style, s)
		switch {
		case i > 0:
			p.line(hang, s)
		case lead != "":
			p.line(indent, p.paint(style.lead(), lead)+" "+s)
		default:
			p.line(indent, s)
		}
	}
}

// style is how a text is painted when colour is wanted.
type style string

const (
	plain  style = ""
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	blue   style = "34"
	purple style = "35"
)

// lead is the style of a lead before text of this style.
func (s style) lead() style {
	if s == faint {
		return faint
	}
	return bold
}

func (p *page) paint(s style, text string) string {
	if !p.o.Color || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// mark is the sign of a status or result word, painted.
func (p *page) mark(word string) string {
	sign, s := signOf(word)
	return p.paint(s, sign)
}

// signOf gives the sign and colour of a status or a result of RFC 8601.
func signOf(word string) (string, style) {
	switch word {
	case "pass":
		return "✓", green
	case "fail", "permerror":
		return "✗", red
	case "warn", "softfail", "policy":
		return "!", yellow
	case "unknown", "temperror":
		return "?", purple
	case "info":
		return "i", blue
	default:
		return "-", faint
	}
}

// result is a result word with its sign, as a column.
func (p *page) result(word string, columns int) string {
	word = Printable(word)
	sign, s := signOf(word)
	return p.paint(s, sign+" "+pad(word, columns))
}
