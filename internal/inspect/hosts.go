package inspect

// hosts judges the sending hosts: reverse and forward DNS.
func (j *judgement) hosts() {}
