package catalogue

// The ranks put causes before what follows from them: a message that cannot be
// read explains everything else, a broken key explains a failed signature, and a
// failed signature explains a failed DMARC.
const (
	rankReading   = 10 // the message cannot be read one way only
	rankService   = 20 // a sending service's default explains the rest
	rankRecord    = 30 // a published record is broken
	rankMechanism = 40 // SPF or a signature did not pass
	rankAlignment = 50 // they passed for another domain
	rankHost      = 60 // the sending host
	rankDMARC     = 70 // what DMARC makes of it
	rankContext   = 80 // what softens or explains the outcome
	rankHygiene   = 90 // tidiness
)
