package dmarc

// Every bound holds before a question is sent.
const (
	// maxWalkQueries is the bound of RFC 9989 section 4.10: it follows from the
	// shortening to seven labels, for any name the DNS can have.
	maxWalkQueries = 8
	// maxIdentifierWalks is how many domains of identifiers are walked: that of SPF and
	// those of ten signatures. Further ones count only when they are the author domain.
	maxIdentifierWalks = 11
	// maxIdentifiers is how many identifiers are looked at at all.
	maxIdentifiers = 100
	// maxServed bounds what is kept of several records at one name, in octets, but for
	// the last of them.
	maxServed = 4096
	// maxDistinctNames is how many names one evaluation may ask about: the walks, the
	// public suffix list's domain, the author domain itself.
	maxDistinctNames = (1+maxIdentifierWalks)*maxWalkQueries + 2
)
