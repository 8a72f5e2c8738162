package spf

import "time"

// The limits of RFC 7208 section 4.6.4. They hold for the whole evaluation, over
// all records that are included or redirected to, and are checked before the
// question that would exceed them is asked.
const (
	// MaxLookups is the number of terms that may need the DNS.
	MaxLookups = 10
	// MaxVoidLookups is the number of terms that may ask for something that does not
	// exist or has no data.
	MaxVoidLookups = 2
	// MaxMX is the number of mail exchangers one mx term may have.
	MaxMX = 10
	// MaxPTR is the number of names of the client that are looked at; more are ignored.
	MaxPTR = 10
	// MaxQueries is the number of DNS questions of one evaluation, those for exp= and
	// %{p} included. The RFC's own limits would allow more than a hundred; records
	// that are not an attack need far fewer than 40.
	MaxQueries = 40
	// MaxDuration is how long an evaluation may take where the context sets no
	// deadline: the least that section 4.6.4 asks to allow.
	MaxDuration = 20 * time.Second
)

// budget counts what an evaluation has spent.
type budget struct {
	lookups, voids, queries int
	// refused: there was a question more. What came out of the term that had it, of
	// ptr and %{p} whose failed look-ups are of no consequence, is not known.
	refused bool
	// termVoid: the current term has had its void look-up counted. Section 4.6.4
	// limits "the number of terms for which DNS queries return" nothing, not the
	// number of such queries: an mx with four hosts that have no AAAA record is one.
	termVoid bool
}

// spendLookup counts a term that needs the DNS, before it asks anything.
func (c *checker) spendLookup(at site) *failure {
	c.budget.lookups++
	c.budget.termVoid = false
	if c.budget.lookups <= MaxLookups {
		return nil
	}
	return permError(ProblemTooManyLookups, at,
		"the evaluation needs more than 10 terms that look up the DNS (RFC 7208 section 4.6.4)")
}

// spendVoid counts a look-up that found nothing, once per term.
func (c *checker) spendVoid(at site) *failure {
	if c.budget.termVoid {
		return nil
	}
	c.budget.termVoid = true
	c.budget.voids++
	if c.budget.voids <= MaxVoidLookups {
		return nil
	}
	return permError(ProblemTooManyVoidLookups, at,
		"more than 2 terms look up what does not exist (RFC 7208 section 4.6.4)")
}

// checkQueries refuses a question beyond the limit, before it is asked.
func (c *checker) checkQueries(at site) *failure {
	if c.budget.queries < MaxQueries {
		return nil
	}
	return tooManyQueries(at)
}

// checkRefused fails a term that wanted a question beyond the limit and did without.
func (c *checker) checkRefused(at site) *failure {
	if !c.budget.refused {
		return nil
	}
	return tooManyQueries(at)
}

func tooManyQueries(at site) *failure {
	return permError(ProblemTooManyQueries, at, "the evaluation needs more than 40 DNS questions")
}
