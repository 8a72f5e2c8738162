package inspect

// bimi judges brand indicators.
func (j *judgement) bimi() {}
