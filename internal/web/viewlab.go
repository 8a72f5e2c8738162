package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/lab"
)

// labRunPage shows a run.
type labRunPage struct {
	frame
	labView
}

// labView is a matrix in one language.
type labView struct {
	Token     string
	Expires   time.Time
	Addresses []string
	Seen, All int
	Says      []string // what the server is like
	Rows      []labRow
	Curve     *labCurve // nil where nothing was tried again
}

// labRow is one receiver.
type labRow struct {
	Name, What     string
	Mark           mark
	Why, Do        string
	ID, Setting    string
	Tries          []labTry
	Count, Further int
	rank           int
}

// labTry is one attempt.
type labTry struct {
	Number                       int
	At                           time.Time
	Gap, From, TLS, Result, Said string
}

// unpublished are the reasons for which a receiver is not in the DNS.
var unpublished = map[string]bool{"lacks-" + lab.LacksAddress: true, "lacks-" + lab.LacksIPv4: true, "lacks-" + lab.LacksIPv6: true, "lacks-" + lab.LacksPolicy: true}

// listedTries are the attempts shown of one receiver.
const listedTries = 30

// AllAddresses are the addresses, separated.
func (v labView) AllAddresses(separator string) string { return strings.Join(v.Addresses, separator) }

// viewLab writes a matrix down.
func viewLab(lang string, m *lab.Matrix) labView {
	v := labView{Token: m.Token, Expires: m.Expires, All: len(m.Cells), Says: labSays(lang, m.Profile)}
	for i := range m.Cells {
		c := &m.Cells[i]
		if !unpublished[c.Reason] {
			v.Addresses = append(v.Addresses, c.Address)
		}
		if len(c.Attempts) > 0 {
			v.Seen++
		}
		v.Rows = append(v.Rows, viewLabCell(lang, c))
	}
	slices.SortStableFunc(v.Rows, func(a, b labRow) int { return a.rank - b.rank })
	v.Curve = viewCurve(lang, m)
	return v
}

func labSays(lang string, p lab.Profile) (says []string) {
	if p.TLS == "" {
		return []string{i18n.T(lang, "lab.profile.nothing")}
	}
	for _, w := range []string{"tls." + p.TLS, "sts." + p.MTASTS, "dane." + p.DANE} {
		if labProfiles[w] != "" {
			says = append(says, labWord(lang, labProfiles, w))
		}
	}
	return says
}

// labOrder is how the receivers are listed: what to mend first.
var labOrder = []lab.Verdict{lab.VerdictBad, lab.VerdictWorse, lab.VerdictWaiting, lab.VerdictFine, lab.VerdictGood, lab.VerdictUnseen, lab.VerdictUntestable}

// worst is the status of the whole, for the title: "" where nothing was delivered yet.
func (v labView) worst() string {
	for _, r := range v.Rows {
		switch labOrder[max(0, r.rank)] {
		case lab.VerdictBad:
			return "fail"
		case lab.VerdictWorse:
			return "warn"
		case lab.VerdictGood, lab.VerdictFine:
			return "pass"
		}
	}
	return ""
}

// labMark is how a verdict is shown.
func labMark(lang string, v lab.Verdict) mark {
	m := mark{Class: "none", Sign: "…"}
	switch v {
	case lab.VerdictGood:
		m = markOf("", "pass")
	case lab.VerdictFine:
		m = markOf("", "info")
	case lab.VerdictWorse:
		m = markOf("", "warn")
	case lab.VerdictBad:
		m = markOf("", "fail")
	case lab.VerdictUntestable:
		m = markOf("", "unknown")
	}
	m.Word = labWord(lang, labVerdicts, string(v))
	return m
}

func viewLabCell(lang string, c *lab.Cell) labRow {
	var args []any
	for name, value := range c.Args {
		args = append(args, name, visible(value))
	}
	row := labRow{
		Name: c.Receiver, What: labWord(lang, labReceivers, c.Receiver), Mark: labMark(lang, c.Verdict), Why: labWord(lang, labReasons, c.Reason, args...),
		ID: "set-" + c.Receiver, Setting: labSettings[c.Advice], Count: len(c.Attempts), Further: max(0, len(c.Attempts)-listedTries),
		rank: slices.Index(labOrder, c.Verdict),
	}
	if c.Advice != "" {
		row.Do = labWord(lang, labAdvice, c.Advice)
	}
	for i := range c.Attempts[:min(len(c.Attempts), listedTries)] {
		row.Tries = append(row.Tries, viewTry(lang, c.Attempts, i))
	}
	return row
}

func viewTry(lang string, list []lab.Attempt, i int) labTry {
	a := &list[i]
	t := labTry{Number: i + 1, At: a.At, From: a.IP.String(), TLS: i18n.T(lang, "lab.no-tls"), Said: a.Reply}
	if i > 0 {
		t.Gap = span3(a.At.Sub(list[i-1].At))
	}
	if a.HELO != "" {
		t.From += " (" + a.HELO + ")"
	}
	switch {
	case a.Outcome == lab.Policy:
		t.TLS = "HTTPS"
	case a.TLS == nil:
	case a.TLS.Error != "":
		t.TLS = a.TLS.Error
	default:
		t.TLS = a.TLS.Version + ", " + a.TLS.Cipher
	}
	if a.TLS != nil && a.TLS.ServerName != "" {
		t.TLS += ", SNI " + a.TLS.ServerName
	}
	t.Result = labWord(lang, labOutcomes, a.Outcome)
	if a.Outcome == lab.Left || a.Outcome == lab.TLSError {
		t.Result += ", " + labWord(lang, labStages, a.Stage)
	}
	return t
}

// span3 writes a duration with about three digits: 4.2 s, 12 min 5 s, 3 h 20 min.
func span3(d time.Duration) string {
	n := func(d, unit time.Duration) string { return strconv.FormatInt(int64(d/unit), 10) }
	switch {
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return n(d, time.Minute) + " min " + n(d%time.Minute, time.Second) + " s"
	}
	return n(d, time.Hour) + " h " + n(d%time.Hour, time.Minute) + " min"
}

// labCurve is a drawing: attempts over time, for receivers that put off.
type labCurve struct {
	Width, Height, Left, Bottom int
	Title                       string
	Series                      []labSeries
	Across, Up                  []labTick
}

type labSeries struct {
	Name, Line, Text, LabelX, LabelY string
	Number                           int
	Dots                             []labDot
	Tries                            []labTry
}

type labDot struct {
	X, Y     string
	Accepted bool
}

type labTick struct{ At, Text string }

const (
	curveWidth, curveHeight   = 640, 260
	curveLeft, curveRight     = 44, 110
	curveTop, curveBottom     = 16, 36
	curveDots, curveMostTicks = 60, 6
)

// viewCurve draws the receivers that put off; nil where none was tried.
func viewCurve(lang string, m *lab.Matrix) *labCurve {
	c := &labCurve{Width: curveWidth, Height: curveHeight, Left: curveLeft, Bottom: curveHeight - curveBottom}
	longest, most := time.Second, 2
	var drawn [][]lab.Attempt
	for _, name := range []string{lab.Greylist, lab.Deferring} {
		list := namedOnly(m.Cell(name))
		if len(list) == 0 {
			continue
		}
		longest, most = max(longest, list[len(list)-1].At.Sub(list[0].At)), max(most, len(list))
		drawn = append(drawn, list)
	}
	if len(drawn) == 0 {
		return nil
	}
	x := func(d time.Duration) float64 {
		return curveLeft + float64(d)/float64(longest)*(curveWidth-curveLeft-curveRight)
	}
	y := func(n int) float64 {
		return curveHeight - curveBottom - float64(n)/float64(most)*(curveHeight-curveTop-curveBottom)
	}
	var says []string
	for i, list := range drawn {
		s := viewSeries(lang, list, x, y)
		s.Number = i + 1
		says = append(says, s.Text)
		c.Series = append(c.Series, s)
	}
	for i := range 5 {
		d := longest * time.Duration(i) / 4
		c.Across = append(c.Across, labTick{number(x(d)), span3(d)})
	}
	for n := 0; n <= most; n += max(1, (most+curveMostTicks-1)/curveMostTicks) {
		c.Up = append(c.Up, labTick{number(y(n)), strconv.Itoa(n)})
	}
	c.Title = i18n.T(lang, "lab.curve-title", "What", strings.Join(says, "; "))
	return c
}

// namedOnly are the attempts that named their recipient, no more than are drawn.
func namedOnly(c *lab.Cell) (out []lab.Attempt) {
	for _, a := range c.Attempts {
		if a.Reply != "" && len(out) < curveDots {
			out = append(out, a)
		}
	}
	return out
}

func viewSeries(lang string, list []lab.Attempt, x func(time.Duration) float64, y func(int) float64) labSeries {
	s := labSeries{Name: list[0].Receiver}
	for i := range list {
		d := labDot{number(x(list[i].At.Sub(list[0].At))), number(y(i + 1)), list[i].Outcome == lab.Accepted}
		s.Dots = append(s.Dots, d)
		s.Line += d.X + "," + d.Y + " "
		s.Tries = append(s.Tries, viewTry(lang, list, i))
	}
	last := s.Dots[len(s.Dots)-1]
	s.LabelX, s.LabelY = last.X, last.Y
	s.Text = i18n.T(lang, "lab.curve-one", "Name", s.Name, "Tries", len(list), "Total", span3(list[len(list)-1].At.Sub(list[0].At)))
	return s
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
