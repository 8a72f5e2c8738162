package inspect

// mx judges the mail exchangers.
func (j *judgement) mx() {}
