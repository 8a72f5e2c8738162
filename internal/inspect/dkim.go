package inspect

// dkim judges DKIM keys and the sending services recognised.
func (j *judgement) dkim() {}
