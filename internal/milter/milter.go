// Package milter is a server of the milter protocol, by which a mail server (Postfix,
// Sendmail) asks filters about a message while its client still waits: versions 2 to 6, over
// TCP and Unix sockets. It knows the protocol only: what is made of a message is for a
// [Session].
//
// The protocol in a paragraph. The mail server connects, the two negotiate what the filter
// may change and which events it wants, then each SMTP event comes as a packet: connection,
// HELO, MAIL, RCPT, DATA, every header field, the body in chunks, the end. Before an event
// its macros may come, the mail server's own variables ("{auth_authen}"). The filter
// answers each with continue, accept, reject ..., except where both agreed that it would not:
// those answers are round trips that cost twenty times what the rest of the protocol does, so
// this server agrees to leave out each that the session does not need. At the end, and
// only there, the message may be changed; the changes and the verdict go out in one write.
//
// Everything is bounded before it is kept. A peer that breaks the protocol loses its
// connection, and nobody else notices; a session that panics costs its message a
// temporary failure, and nobody else notices.
package milter

// Version is the protocol version that this package speaks at most.
const (
	Version    = 6
	minVersion = 2
)

// The commands of the mail server.
const (
	cmdAbort       = 'A'
	cmdBody        = 'B'
	cmdConnect     = 'C'
	cmdMacro       = 'D'
	cmdEndOfBody   = 'E'
	cmdHelo        = 'H'
	cmdQuitNew     = 'K' // QUIT_NC: this SMTP session ends, another will use the connection
	cmdHeader      = 'L'
	cmdMail        = 'M'
	cmdEndOfHeader = 'N'
	cmdNegotiate   = 'O'
	cmdQuit        = 'Q'
	cmdRcpt        = 'R'
	cmdData        = 'T'
	cmdUnknown     = 'U'
)

// The changes and other things that the filter says; verdicts are in reply.go.
const (
	modAddRcpt     = '+'
	modDeleteRcpt  = '-'
	modAddRcptArgs = '2'
	modBody        = 'b'
	modFrom        = 'e'
	modAddHeader   = 'h'
	modInsert      = 'i'
	modHeader      = 'm'
	modProgress    = 'p'
	modQuarantine  = 'q'
)

// Actions are the changes that a filter may make; they are negotiated.
type Actions uint32

// The actions. AddHeaders covers inserting, too.
const (
	AddHeaders Actions = 1 << iota
	ChangeBody
	AddRcpts
	DeleteRcpts
	ChangeHeaders
	Quarantine
	ChangeFrom
	AddRcptsWithArgs
	setMacros // the filter says which macros it wants
)

// Steps are the events of a message.
type Steps uint16

// The steps. The end of a message is always an event, and always answered.
const (
	OnConnect Steps = 1 << iota
	OnHelo
	OnMail
	OnRcpt
	OnData
	OnHeader
	OnEndOfHeader
	OnBody
	OnUnknown

	// EveryStep is all of them.
	EveryStep = OnUnknown<<1 - 1
)

// protocolStep says by which bits of the negotiation a step is left out, and left unanswered.
var protocolSteps = [...]struct {
	step            Steps
	without, silent uint32
}{
	{OnConnect, 0x1, 0x1000}, {OnHelo, 0x2, 0x2000}, {OnMail, 0x4, 0x4000}, {OnRcpt, 0x8, 0x8000}, {OnData, 0x200, 0x10000},
	{OnHeader, 0x20, 0x80}, {OnEndOfHeader, 0x40, 0x40000}, {OnBody, 0x10, 0x80000}, {OnUnknown, 0x100, 0x20000},
}

// Other bits of the negotiation.
const (
	flagSkip         = 0x400    // the mail server knows the reply Skip
	flagRejected     = 0x800    // refused recipients are events, too
	flagLeadingSpace = 0x100000 // header values come and go with the white space behind the colon
)

// Stage is a set of macros.
type Stage uint8

// The stages at which a mail server sends macros, by the numbers of the negotiation.
const (
	StageConnect Stage = iota
	StageHelo
	StageMail
	StageRcpt
	StageData
	StageEndOfMessage
	StageEndOfHeader
	stageBody
	stageHeader
	stageUnknown
	stages
)

// stageOf gives the stage whose macros come before a command.
func stageOf(cmd byte) (Stage, bool) {
	switch cmd {
	case cmdConnect:
		return StageConnect, true
	case cmdHelo:
		return StageHelo, true
	case cmdMail:
		return StageMail, true
	case cmdRcpt:
		return StageRcpt, true
	case cmdData:
		return StageData, true
	case cmdEndOfBody:
		return StageEndOfMessage, true
	case cmdEndOfHeader:
		return StageEndOfHeader, true
	case cmdBody:
		return stageBody, true
	case cmdHeader:
		return stageHeader, true
	case cmdUnknown:
		return stageUnknown, true
	}
	return 0, false
}
