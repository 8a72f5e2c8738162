package inspect

// zone judges the zone itself: SOA, name servers, DNSSEC, CAA.
func (j *judgement) zone() {}
