package inspect

// dmarc judges DMARC records and the walk that finds them.
func (j *judgement) dmarc() {}
