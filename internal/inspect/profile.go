package inspect

// sends reports whether the domain may send mail, as far as its own records say. One
// whose SPF record authorises nobody, or that takes no mail (RFC 7505) and names no
// sender, sends nothing.
func (j *judgement) sends() bool {
	p := j.Profile
	if len(j.Options.IPs) > 0 || len(j.Options.Selectors) > 0 {
		return true // the user says so
	}
	return !p.NobodyMaySend() && !(p.NullMX() && len(p.SPF()) == 0)
}
