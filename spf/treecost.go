package spf

import "github.com/todoku/todoku/dns"

// Lookups is how many terms that need the DNS the term is, with all below it: what an
// address costs that matches nothing (section 4.6.4).
func (t *NodeTerm) Lookups() int {
	if t.Unreachable || !t.Kind.NeedsDNS() {
		return 0
	}
	n := 1
	if t.Below != nil {
		n += t.Below.Lookups()
	}
	return n
}

// Lookups is the sum over the terms of the record.
func (n *Node) Lookups() int {
	sum := 0
	for i := range n.Terms {
		sum += n.Terms[i].Lookups()
	}
	return sum
}

// Void reports whether the term itself finds nothing, whoever asks: for neither an
// IPv4 nor an IPv6 client.
func (t *NodeTerm) Void() bool {
	switch {
	case t.Below != nil:
		return t.Below.Answer.Status.Void()
	case len(t.Answers) == 0 || t.Kind == Exp:
		return false
	case t.Kind == MX && t.Answers[0].Status.Found():
		for _, a := range t.Answers[1:] {
			if !a.Status.Void() {
				return false
			}
		}
		return len(t.Answers) > 1
	}
	for _, a := range t.Answers {
		if !a.Status.Void() {
			return false
		}
	}
	return true
}

// Voids counts the void terms, with all below.
func (n *Node) Voids() int {
	sum := 0
	for i := range n.Terms {
		sum += n.Terms[i].Voids()
	}
	return sum
}

// Voids is 1 where the term is void, with all below it.
func (t *NodeTerm) Voids() int {
	if t.Unreachable {
		return 0
	}
	sum := 0
	if t.Void() {
		sum++
	}
	if t.Below != nil {
		sum += t.Below.Voids()
	}
	return sum
}

// Failed reports whether a question of the term was not answered.
func (t *NodeTerm) Failed() bool {
	if t.Below != nil && t.Below.Answer.Status != dns.Unknown && t.Below.Answer.Status.Failed() {
		return true
	}
	for _, a := range t.Answers {
		if a.Status.Failed() {
			return true
		}
	}
	return false
}
