package inspect

// spf judges SPF records and all that they include.
func (j *judgement) spf() {}
