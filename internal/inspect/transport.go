package inspect

// transport judges TLS of the mail exchangers: MTA-STS, TLS-RPT, DANE, SMTP probes.
func (j *judgement) transport() {}
