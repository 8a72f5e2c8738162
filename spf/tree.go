package spf

import (
	"context"
	"net/netip"
	"strings"

	"github.com/todoku/todoku/dns"
)

// The bounds of a [Walk]. Twice what an evaluation may need is enough to say by how
// much a record is over its limits, and what to do about it.
const (
	// MaxWalkRecords is how many records a walk reads at most, MaxWalkDepth how deep.
	MaxWalkRecords = 60
	MaxWalkDepth   = 20
	// MaxWalkQueries is how many questions a walk asks at most.
	MaxWalkQueries = 250
	// maxWalkMX is how many mail exchangers of one mx term are looked at.
	maxWalkMX = 20
	// maxWalkOctets is how much text a walk reads. Records are some hundred octets.
	maxWalkOctets = 256 << 10
	// maxWalkTexts is how many SPF records of one name are mended together.
	maxWalkTexts = 8
)

// Node is one record of the tree that a record spans by include and redirect.
type Node struct {
	// Domain owns the record. Answer is what its name gave; not asked for the root.
	Domain string
	Answer dns.Answer
	// Texts are the SPF records of the name: one, if all is well.
	Texts []string
	// Record is the record as it can be read, nil where there is none. Err says why the
	// published text does not parse; Record is then what Mend made of it.
	Record *Record
	Err    *SyntaxError
	// Terms stand beside Record.Terms.
	Terms []NodeTerm
	// Loop: the record is one of those that lead to it, and was not followed again.
	Loop bool
	// Cut: a bound of the walk was met, and the record was not read.
	Cut bool
}

// NodeTerm is what one term asks for, and what that costs.
type NodeTerm struct {
	*Term
	// Target is the name it asks for; "" where it asks none, or where macros make it.
	Target string
	// Macro: the name depends on the message or client, and was not asked.
	Macro bool
	// Unreachable: it stands after "all", or is a redirect beside "all": receivers
	// never look at it.
	Unreachable bool
	// Answers are those to its own questions, the TXT of an include or redirect left out.
	Answers []dns.Answer
	// Exchangers counts the mail exchangers of an mx term.
	Exchangers int
	// Networks are those that match, of ip4, ip6, a and mx.
	Networks []netip.Prefix
	// Below is the record that an include or redirect leads to.
	Below *Node
}

// Walk reads a record and all that it includes or redirects to, without a client:
// every term, not only those before the first match. mend may make a readable record
// of one that does not parse (or of several of one name, joined); nil for never.
//
// The answers are asked level by level, those of one level at the same time.
func Walk(ctx context.Context, r dns.Resolver, domain, record string, mend func(string) string) *Node {
	w := &walker{ctx: ctx, r: r, mend: mend, records: 1}
	root := &Node{Domain: dns.CanonicalName(domain), Texts: []string{record}}
	level := []visit{{node: root}}
	w.read(root)
	for depth := 0; len(level) > 0; depth++ {
		level = w.level(level, depth)
	}
	return root
}

type walker struct {
	ctx     context.Context
	r       dns.Resolver
	mend    func(string) string
	records int
	queries int
	octets  int // read so far
}

// visit is a node with the domains that lead to it.
type visit struct {
	node *Node
	path []string
}

// read parses the texts of a node.
func (w *walker) read(n *Node) {
	if len(n.Texts) == 0 {
		return
	}
	for _, s := range n.Texts {
		w.octets += len(s)
	}
	if w.octets > maxWalkOctets && w.records > 1 {
		n.Cut = true
		return
	}
	text := strings.Join(n.Texts[:min(len(n.Texts), maxWalkTexts)], " ")
	rec, err := Parse(n.Texts[0])
	if err != nil {
		n.Err, _ = err.(*SyntaxError)
	}
	if (err != nil || len(n.Texts) > 1) && w.mend != nil {
		rec, err = Parse(w.mend(text))
	}
	if err != nil {
		return
	}
	n.Record = rec
	n.Terms = make([]NodeTerm, len(rec.Terms))
	all := false
	for i := range rec.Terms {
		t := &n.Terms[i]
		t.Term = &rec.Terms[i]
		t.Unreachable = all && !t.Kind.Modifier() || t.Kind == Redirect && rec.Find(All) != nil
		all = all || t.Kind == All
		w.target(t, n.Domain)
	}
}

// target sets the name that a term asks for.
func (w *walker) target(t *NodeTerm, domain string) {
	switch {
	case t.Domain.HasMacros():
		t.Macro = true
		return
	case t.Kind == IP4 || t.Kind == IP6:
		t.Networks = []netip.Prefix{t.Prefix.Masked()}
		return
	case t.Kind == All || t.Kind == UnknownModifier:
		return
	case t.Domain.Text != "":
		t.Target = dns.CanonicalName(t.Domain.Text)
	default:
		t.Target = domain
	}
	if nameProblem(t.Target) == "" {
		return
	}
	none := dns.Answer{Question: dns.Question{Name: t.Target}, Status: dns.BadName}
	if t.Kind == Include || t.Kind == Redirect { // a permanent error (RFC 7208 sections 5.2 and 6.1), as a name without a record is
		none.Question.Type = dns.TypeTXT
		t.Below = &Node{Domain: t.Target, Answer: none}
		return
	}
	t.Answers = []dns.Answer{none}
}

// level asks all that the terms of one level need and gives the next level.
func (w *walker) level(nodes []visit, depth int) []visit {
	g := dns.NewGroup(w.r)
	var next []visit
	for _, v := range nodes {
		for i := range v.node.Terms {
			t := &v.node.Terms[i]
			if t.Target == "" || t.Answers != nil || t.Below != nil {
				continue
			}
			switch t.Kind {
			case Include, Redirect:
				if below := w.descend(t, v, depth); below != nil {
					next = append(next, visit{below, append(v.path[:len(v.path):len(v.path)], v.node.Domain)})
					g.Go(func() { below.Answer = w.ask(below.Domain, dns.TypeTXT) })
				}
			case A, MX, Exists, Exp:
				w.fetch(&g, t)
			}
		}
	}
	g.Wait()
	w.exchangers(nodes)
	for _, v := range next {
		for _, r := range v.node.Answer.Records {
			if IsRecord(r.Data) {
				v.node.Texts = append(v.node.Texts, r.Data)
			}
		}
		w.read(v.node)
	}
	return next
}

// descend gives the node to fetch for an include or redirect, nil where it is not followed.
func (w *walker) descend(t *NodeTerm, from visit, depth int) *Node {
	t.Below = &Node{Domain: t.Target}
	if t.Target == from.node.Domain {
		t.Below.Loop = true
		return nil
	}
	for _, d := range from.path {
		if d == t.Target {
			t.Below.Loop = true
			return nil
		}
	}
	if w.records >= MaxWalkRecords || depth >= MaxWalkDepth || !w.spend(1) {
		t.Below.Cut = true
		return nil
	}
	w.records++
	return t.Below
}

// spend takes n questions from the budget, if it has them.
func (w *walker) spend(n int) bool {
	if w.queries+n > MaxWalkQueries {
		return false
	}
	w.queries += n
	return true
}

func (w *walker) ask(name string, t dns.Type) dns.Answer {
	q := dns.Question{Name: name, Type: t}
	if w.ctx.Err() != nil {
		return dns.Answer{Question: q, Status: dns.Timeout, Detail: timeUsedUp}
	}
	return w.r.Resolve(w.ctx, q)
}

// fetch asks what a term needs itself: addresses, mail exchangers, or a text.
func (w *walker) fetch(g *dns.Group, t *NodeTerm) {
	types := []dns.Type{dns.TypeA, dns.TypeAAAA}
	switch t.Kind {
	case MX:
		types = []dns.Type{dns.TypeMX}
	case Exists:
		types = []dns.Type{dns.TypeA}
	case Exp:
		types = []dns.Type{dns.TypeTXT}
	}
	if !w.spend(len(types)) {
		return
	}
	t.Answers = make([]dns.Answer, len(types))
	for i, typ := range types {
		g.Go(func() { t.Answers[i] = w.ask(t.Target, typ) })
	}
}

// exchangers asks for the addresses of the mail exchangers of a level, and gives the
// a and mx terms their networks.
func (w *walker) exchangers(nodes []visit) {
	g := dns.NewGroup(w.r)
	for _, v := range nodes {
		for i := range v.node.Terms {
			if t := &v.node.Terms[i]; t.Kind == MX && len(t.Answers) == 1 {
				w.fetchHosts(&g, t)
			}
		}
	}
	g.Wait()
	for _, v := range nodes {
		for i := range v.node.Terms {
			if t := &v.node.Terms[i]; t.Kind == A || t.Kind == MX {
				t.network()
			}
		}
	}
}

func (w *walker) fetchHosts(g *dns.Group, t *NodeTerm) {
	records := t.Answers[0].Records
	t.Exchangers = len(records)
	for i := range records[:min(len(records), maxWalkMX)] {
		host := dns.CanonicalName(records[i].Data)
		if nameProblem(host) == "" && w.spend(2) {
			t.Answers = append(t.Answers, dns.Answer{Question: dns.Question{Name: host, Type: dns.TypeA}},
				dns.Answer{Question: dns.Question{Name: host, Type: dns.TypeAAAA}})
		}
	}
	for i := 1; i < len(t.Answers); i++ {
		answer := &t.Answers[i]
		g.Go(func() { *answer = w.ask(answer.Question.Name, answer.Question.Type) })
	}
}

// network collects the networks of an a or mx term.
func (t *NodeTerm) network() {
	for i := range t.Answers {
		for j := range t.Answers[i].Records {
			r := &t.Answers[i].Records[j]
			bits := int(t.Bits4)
			switch r.Type {
			case dns.TypeA:
			case dns.TypeAAAA:
				bits = int(t.Bits6)
			default:
				continue
			}
			if p, err := recordAddr(r).Prefix(bits); err == nil {
				t.Networks = append(t.Networks, p)
			}
		}
	}
}

// Each calls f for every term of the tree that receivers look at, depth first; path
// are the terms that lead to it. It does not go below a term for which f is false.
func (n *Node) Each(f func(n *Node, t *NodeTerm, path []*NodeTerm) bool) { n.each(nil, f) }

func (n *Node) each(path []*NodeTerm, f func(*Node, *NodeTerm, []*NodeTerm) bool) {
	for i := range n.Terms {
		t := &n.Terms[i]
		if t.Unreachable || !f(n, t, path) || t.Below == nil {
			continue
		}
		t.Below.each(append(path[:len(path):len(path)], t), f)
	}
}
