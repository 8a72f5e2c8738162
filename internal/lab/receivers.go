package lab

// seat is how a receiver behaves before it knows the recipient: at the connection, at
// EHLO and in TLS. Receivers that differ only later share one, and its address.
type seat string

const (
	seatNormal   seat = "normal"   // everything offered, a good certificate
	seatPlain    seat = "plain"    // no STARTTLS
	seatExpired  seat = "expired"  // a certificate that has expired
	seatMismatch seat = "mismatch" // a certificate for another name
	seatTLS12    seat = "tls12"    // nothing above TLS 1.2
	seatSize     seat = "size"     // takes small messages only, and says so
	seatBare     seat = "bare"     // no extension but STARTTLS
	seatBroken   seat = "broken"   // resets every connection
)

// seats are in the order in which addresses are given out.
var seats = []seat{seatNormal, seatPlain, seatExpired, seatMismatch, seatTLS12, seatSize, seatBare, seatBroken}

// Receiver is a virtual one: TOKEN@Name.domain.
type Receiver struct {
	Name string
	seat seat
	// family is 4 or 6 where the receiver has addresses of that family alone.
	family int
	// policy: it has an MTA-STS policy, and so needs a host for it. dane: it has TLSA
	// records, and so needs a signed zone.
	policy, dane bool
}

// The names of the receivers.
const (
	Good        = "good"
	Plain       = "plain"
	TLS12       = "tls12"
	Expired     = "expired"
	Mismatch    = "mismatch"
	STSGood     = "sts-good"
	STSBad      = "sts-bad"
	DANEGood    = "dane-good"
	DANEBad     = "dane-bad"
	Greylist    = "greylist"
	Deferring   = "deferring"
	RejectRCPT  = "reject-rcpt"
	RejectData  = "reject-data"
	Slow        = "slow"
	Bare        = "bare"
	Size        = "size"
	IPv4        = "ipv4"
	IPv6        = "ipv6"
	BackupMX    = "backup-mx"
	NullMX      = "null-mx"
	brokenFirst = "first-of-backup-mx" // the host of the first MX of BackupMX
)

// Receivers are all of them, in the order of the matrix.
var Receivers = []Receiver{
	{Name: Good, seat: seatNormal},
	{Name: Plain, seat: seatPlain},
	{Name: TLS12, seat: seatTLS12},
	{Name: Expired, seat: seatExpired},
	{Name: Mismatch, seat: seatMismatch},
	{Name: STSGood, seat: seatNormal, policy: true},
	{Name: STSBad, seat: seatNormal, policy: true},
	{Name: DANEGood, seat: seatNormal, dane: true},
	{Name: DANEBad, seat: seatNormal, dane: true},
	{Name: Greylist, seat: seatNormal},
	{Name: Deferring, seat: seatNormal},
	{Name: RejectRCPT, seat: seatNormal},
	{Name: RejectData, seat: seatNormal},
	{Name: Slow, seat: seatNormal},
	{Name: Bare, seat: seatBare},
	{Name: Size, seat: seatSize},
	{Name: IPv4, seat: seatNormal, family: 4},
	{Name: IPv6, seat: seatNormal, family: 6},
	{Name: BackupMX, seat: seatNormal},
	{Name: NullMX, seat: seatNormal},
}

// receiver finds one by name.
func receiver(name string) (Receiver, bool) {
	for _, r := range Receivers {
		if r.Name == name {
			return r, true
		}
	}
	return Receiver{}, false
}

// alone gives the receiver that a seat belongs to where it belongs to one alone: whoever
// connects there means it.
func (s seat) alone() string {
	if s == seatBroken {
		return BackupMX
	}
	name := ""
	for _, r := range Receivers {
		if r.seat != s {
			continue
		}
		if name != "" {
			return ""
		}
		name = r.Name
	}
	return name
}

// host is the name of a receiver's mail exchanger.
func (l *Lab) host(name string) string { return "mx-" + name + "." + l.cfg.Domain }

// receiverOfHost tells by a host name (of SNI) which receiver is meant, "" for none.
func (l *Lab) receiverOfHost(host string) string {
	for _, r := range Receivers {
		if host == l.host(r.Name) {
			return r.Name
		}
	}
	return ""
}
