// Package doctor looks whether the instrument itself is fit: the resolver, DNSSEC, the
// blocklists, the clock, the ports, the database. Look sees, Judge says what it means;
// neither knows anything about mail.
package doctor

import (
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// Status is how one thing is.
type Status string

// The statuses. Unknown is what could not be seen: neither fine nor a problem.
const (
	OK      Status = "ok"
	Problem Status = "problem"
	Unknown Status = "unknown"
)

// Check is what is said of one thing.
type Check struct {
	// ID is a stable word ("resolver.dnssec"); sockets of one kind share theirs.
	ID     string
	Status Status
	// Title names what was looked at, Detail says what was seen.
	Title, Detail said.Text
	// Fix is what to do; empty where all is well.
	Fix Fix
}

// Fix is what to do about something.
type Fix struct {
	Summary said.Text
	Steps   []said.Text
}

// Config says what to look at. Nothing is connected to but Servers, and Probe where that is named.
type Config struct {
	// Servers are the resolvers, host:port; see dns.SystemServers. Timeout is as in dns.ClientConfig.
	Servers []string
	Timeout time.Duration
	// Lists are the blocklists; nil: not looked at.
	Lists *blocklist.Checker
	// Places are where the program is to listen.
	Places []Place
	// Probe is a host whose port 25 to connect to, "" for none; ProbePort another port, for tests.
	Probe     string
	ProbePort int
	// Database and MasterKey are as in serve; "": not looked at.
	Database, MasterKey string
	// Now is what this machine's clock says, Built when the program was made (zero: not known).
	Now, Built time.Time
	// Done is called, one call at a time, after each of Parts.
	Done func()
}

// Seen is what Look saw.
type Seen struct {
	Now, Built time.Time
	Servers    []Server
	// Invented are answers for the addresses of names that nobody has.
	Invented []dns.Answer
	// Root is the answer for the root's DNSKEY records, as the program asks.
	Root dns.Answer
	// TCP is why the same failed over TCP, nil where it came. Only where a server answers.
	TCP error
	// Signed is the time within which the root's signatures hold; nil where none came.
	Signed *Window
	// Lists are nil where no list was looked at.
	Lists []blocklist.Seen
	Ports []Port
	// Probed is nil where there was no host to connect to.
	Probed *Probed
	// Stored and Master are nil where they were not looked at.
	Stored *Stored
	Master *KeyFile
}

// Server is a resolver and its answer for the root's SOA record.
type Server struct {
	Addr   string
	Answer dns.Answer
}

// Window is a span of time.
type Window struct{ From, Until time.Time }

// Place is where the program is to listen: a flag's name, and network and address of package net.
type Place struct{ Flag, Network, Address string }

// Port is a place, and why the program cannot listen there (nil: it can).
type Port struct {
	Place
	Err error
	// Holder is who listens there, where that can be seen.
	Holder Holder
}

// Holder is a process; PID 0 where it could not be seen.
type Holder struct {
	PID  int
	Name string
	// Ours: another run of this program.
	Ours bool
}

// Probed is what a connection to a mail server showed.
type Probed struct {
	Host string
	// Resolved is false where no address of the host was found; Err says why then, or
	// why no address took the connection.
	Resolved bool
	Err      error
	// Greeting is the first line that came, at most 200 octets.
	Greeting string
}

// Stored is what was seen of the database.
type Stored struct {
	store.Condition
	Err error
	// Free is the room beside a file, in octets; -1 where it is not known.
	Free int64
}

// KeyFile is what was seen of the file of the master key.
type KeyFile struct {
	Name string
	Err  error
}

// answering gives the first server that has the root, else the first that says anything.
func (s *Seen) answering() (Server, bool) {
	var some Server
	ok := false
	for _, v := range s.Servers {
		if v.Answer.Status.Found() {
			return v, true
		}
		if !silent(v.Answer.Status) && !ok {
			some, ok = v, true
		}
	}
	return some, ok
}

// Silent reports that no resolver said anything: nothing could be looked at.
func (s *Seen) Silent() bool {
	_, ok := s.answering()
	return !ok
}

func silent(s dns.Status) bool { return s == dns.Timeout || s == dns.NetError }
