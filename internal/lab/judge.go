package lab

import (
	"slices"
	"strconv"
	"time"
)

// Verdict is what is said of a mail server at one receiver.
type Verdict string

// The verdicts.
const (
	VerdictGood       Verdict = "good"
	VerdictFine       Verdict = "fine"       // allowed, and there is better
	VerdictWorse      Verdict = "worse"      // worse than it need be
	VerdictBad        Verdict = "bad"        // mail is lost, late or unprotected against the receiver's word
	VerdictWaiting    Verdict = "waiting"    // it is not over
	VerdictUnseen     Verdict = "unseen"     // nothing came yet
	VerdictUntestable Verdict = "untestable" // the lab lacks something
)

// Input is what a matrix is made of.
type Input struct {
	Domain, Token       string
	Begun, Expires, Now time.Time
	// Patience is how long silence must last to mean something; also what greylisting asks for.
	Patience time.Duration
	// Setup says of receivers that cannot be had what they lack.
	Setup map[string]string
	// Attempts are those that named the run, Strangers those of the same networks that named
	// nobody; oldest first.
	Attempts, Strangers []Attempt
}

// Cell is one receiver.
type Cell struct {
	Receiver string  `json:"receiver"`
	Address  string  `json:"address"`
	Verdict  Verdict `json:"verdict"`
	// Reason says why, a stable word.
	Reason string `json:"reason"`
	// Advice is what to set, a stable word; "" for nothing.
	Advice string `json:"advice,omitempty"`
	// Args fill the texts.
	Args     map[string]string `json:"args,omitempty"`
	Attempts []Attempt         `json:"attempts"`
}

// Profile is how the mail server sends, as far as it can be told.
type Profile struct {
	TLS    string `json:"tls"`     // "", none, opportunistic, mandatory, strict
	MTASTS string `json:"mta_sts"` // "", yes, no
	DANE   string `json:"dane"`    // "", yes, no
}

// Matrix is a run as judged.
type Matrix struct {
	Token   string    `json:"token"`
	Begun   time.Time `json:"begun"`
	Expires time.Time `json:"expires"`
	Profile Profile   `json:"profile"`
	Cells   []Cell    `json:"receivers"`
}

// Cell finds a receiver; nil where there is none of that name.
func (m *Matrix) Cell(name string) *Cell {
	for i := range m.Cells {
		if m.Cells[i].Receiver == name {
			return &m.Cells[i]
		}
	}
	return nil
}

// given is the part of the input that one receiver is judged by.
type given struct {
	*Input
	name     string
	attempts []Attempt // of the run
	nameless []Attempt // of strangers, at this receiver
	all      []Attempt // both, oldest first
}

// Judge makes the matrix. It reads no clock and asks nothing.
func Judge(in Input) *Matrix {
	m := &Matrix{Token: in.Token, Begun: in.Begun, Expires: in.Expires}
	for _, r := range Receivers {
		m.Cells = append(m.Cells, in.cell(r))
	}
	m.Profile = in.profile(m)
	return m
}

func (in *Input) given(name string) *given {
	g := &given{Input: in, name: name}
	for _, a := range in.Attempts {
		if a.Receiver == name {
			g.attempts = append(g.attempts, a)
		}
	}
	for _, a := range in.Strangers {
		if a.Receiver == name {
			g.nameless = append(g.nameless, a)
		}
	}
	g.all = slices.Concat(g.attempts, g.nameless)
	slices.SortStableFunc(g.all, func(a, b Attempt) int { return a.At.Compare(b.At) })
	return g
}

func (in *Input) cell(r Receiver) Cell {
	g := in.given(r.Name)
	c := Cell{Receiver: r.Name, Address: in.Token + "@" + r.Name + "." + in.Domain, Attempts: g.all}
	if c.Attempts == nil {
		c.Attempts = []Attempt{}
	}
	if lack := in.Setup[r.Name]; lack != "" && (lack != LacksZone || len(g.attempts) == 0) {
		c.Verdict, c.Reason = VerdictUntestable, "lacks-"+lack
		return c
	}
	o := judges[r.Name](g)
	c.Verdict, c.Reason, c.Advice, c.Args = o.verdict, o.reason, o.advice, o.args
	return c
}

// opinion is what one receiver gives.
type opinion struct {
	verdict        Verdict
	reason, advice string
	args           map[string]string
}

func (o opinion) with(pairs ...string) opinion {
	o.args = map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.args[pairs[i]] = pairs[i+1]
	}
	return o
}

var unseen = opinion{verdict: VerdictUnseen, reason: "unseen"}

func waiting(reason string) opinion { return opinion{verdict: VerdictWaiting, reason: reason} }

// delivered gives the first attempt that was taken, nil for none.
func (g *given) delivered() *Attempt {
	for i := range g.attempts {
		if g.attempts[i].Outcome == Accepted {
			return &g.attempts[i]
		}
	}
	return nil
}

// turned gives the last attempt of a client that connected and went before it named a
// recipient, nil for none.
func (g *given) turned() *Attempt {
	for i := len(g.nameless) - 1; i >= 0; i-- {
		if o := g.nameless[i].Outcome; o == Left || o == TLSError {
			return &g.nameless[i]
		}
	}
	return nil
}

// tlsFailed reports whether an attempt before t failed in TLS.
func (g *given) tlsFailed(t time.Time) bool {
	return slices.ContainsFunc(g.all, func(a Attempt) bool { return a.TLS != nil && a.TLS.Error != "" && !a.At.After(t) })
}

// settled reports whether the server has been sending for long enough that what it has not
// done by now it does not do.
func (in *Input) settled() bool {
	for _, a := range in.Attempts {
		if a.Outcome == Accepted {
			return in.Now.Sub(a.At) > in.Patience
		}
	}
	return false
}

func (in *Input) profile(m *Matrix) (p Profile) {
	encrypted, clear := 0, 0
	for _, a := range in.Attempts {
		if a.Outcome == Accepted && a.Receiver != Plain {
			if a.Encrypted() {
				encrypted++
			} else {
				clear++
			}
		}
	}
	switch {
	case m.Cell(Expired).Reason == "strict-refused" && m.Cell(Mismatch).Reason == "strict-refused":
		p.TLS = "strict"
	case encrypted > clear && m.Cell(Plain).Reason == "plain-refused":
		p.TLS = "mandatory"
	case encrypted > clear:
		p.TLS = "opportunistic"
	case clear > 0:
		p.TLS = "none"
	}
	p.MTASTS, p.DANE = yesNo(m.Cell(STSBad)), yesNo(m.Cell(DANEBad))
	return p
}

func yesNo(c *Cell) string {
	switch c.Verdict {
	case VerdictGood:
		return "yes"
	case VerdictWorse, VerdictBad:
		return "no"
	}
	return ""
}

// seconds writes a duration in whole seconds.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(d.Round(time.Second)/time.Second), 10)
}
