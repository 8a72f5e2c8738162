// Package explain says in plain words what a bounce, an SMTP reply, a mail log, a
// header or an Authentication-Results line means: who says so, by which rule, what
// the likely cause is, and what to do next. It looks nothing up: all it knows is the
// text it is given, the providers' reply rules and the public registries.
package explain

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/provider"
)

// Kind is what the input was taken for.
type Kind string

// The kinds of input.
const (
	KindReply       Kind = "smtp-reply"
	KindLog         Kind = "log"
	KindDSN         Kind = "dsn"
	KindBounce      Kind = "bounce"    // a notification that is no DSN
	KindComplaint   Kind = "complaint" // a feedback report (RFC 5965)
	KindHeader      Kind = "header"
	KindAuthRes     Kind = "authentication-results"
	KindARCAuthRes  Kind = "arc-authentication-results"
	KindReceivedSPF Kind = "received-spf"
)

// Errors of [Explain].
var (
	// ErrEmpty: there is nothing in the input.
	ErrEmpty = errors.New("explain: the input is empty")
	// ErrBinary: the input is no text.
	ErrBinary = errors.New("explain: the input is no text")
	// ErrUnknown: nothing in the input can be explained.
	ErrUnknown = errors.New("explain: nothing to explain in the input")
)

// MaxInput is how many octets of the input are read.
const MaxInput = 64 << 20

// Result is what the input means.
type Result struct {
	Kind Kind
	// Failures are the deliveries spoken of, in order; those that succeeded too.
	Failures []Failure
	// Authentication are Authentication-Results and their kin, top first.
	Authentication []Authentication
	// ReceivedSPF are Received-SPF fields, top first.
	ReceivedSPF []ReceivedSPF
	// Hops are the Received fields, top (latest) first.
	Hops []Hop
	// List is what the message says of mailing lists, nil where it says nothing.
	List *List
	// Findings of the catalogue that say the same, for what the headers claim.
	Findings []catalogue.Finding
	// Command is what to run next for the input as a whole, "" for none.
	Command string
	// Truncated: the input goes on beyond what was read.
	Truncated bool
}

// Basis says what an explanation rests on.
type Basis string

const (
	// ByRule: a provider's rule.
	ByRule Basis = "rule"
	// ByCode: the public registry of codes.
	ByCode Basis = "code"
	// ByWords: the words of the reply, as many servers use them.
	ByWords Basis = "words"
	// ByClass: nothing but the first digit.
	ByClass Basis = "class"
)

// Failure is one delivery, or attempt at one.
type Failure struct {
	Recipient string
	// Reporter is the server that reports it, Host the one that refused, IP its address.
	Reporter, Host, IP string
	Phase              string // provider.Phase..., "" where it is not known
	Action             string // of a DSN or a log: failed, delayed, delivered ...; "" where it is not known
	// RetryUntil is how long the reporting server will try, as written; "" where it does not say.
	RetryUntil string
	Reply      bounce.Reply
	// Status is the enhanced code: that of the reply, else what the notification or the log gives.
	Status bounce.Status
	Class  bounce.Class
	Match  provider.ReplyMatch
	Basis  Basis
	// Category is a key of the list of causes; Title and Cause are its texts.
	Category     string
	Title, Cause catalogue.Text
	// Meaning and Next are those of the rule, else those of the category.
	Meaning, Next catalogue.Text
	// General is what the public registry says of the codes, empty where it says
	// nothing or nothing more; GeneralRef is where.
	General    catalogue.Text
	GeneralRef string
	// List is a blocklist of the reply that is none any more, "" mostly.
	List     string
	Findings []string // IDs of the catalogue
	Command  string
}

// Explain finds out what the input is and says what it means. The error is one of those above.
func Explain(input []byte) (*Result, error) {
	input = bytes.TrimPrefix(input[:min(len(input), MaxInput)], []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(input)) == 0 {
		return nil, ErrEmpty
	}
	if isBinary(input) {
		return nil, ErrBinary
	}
	for _, read := range []func([]byte) *Result{readFields, readLog, readAuthResValue, readText} {
		if r := read(input); r != nil {
			return r, nil
		}
	}
	return nil, ErrUnknown
}

// isBinary reports that more than a twentieth of the beginning are controls. Mail
// holds a few: escapes of ISO-2022-JP, form feeds, a stray NUL.
func isBinary(b []byte) bool {
	b = b[:min(len(b), 4096)]
	odd := 0
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0x1b {
			odd++
		}
	}
	return odd*20 > len(b)
}

// readText reads a reply, or replies within a text of any kind.
func readText(input []byte) *Result {
	text := normalText(input)
	if r, ok := bounce.ParseReply(text); ok {
		if f, ok := singleReply(text, r); ok {
			return &Result{Kind: KindReply, Failures: []Failure{f}, Command: f.Command}
		}
	}
	fs := scan(text, KindReply)
	if len(fs) == 0 {
		fs = marked(text)
	}
	if len(fs) == 0 {
		fs = unanswered(text)
	}
	if len(fs) == 0 {
		return nil
	}
	return finish(&Result{Kind: KindReply, Failures: fs, Truncated: len(input) > maxScan || len(fs) == maxFailures})
}

// markedStatus is the code behind a reason of qmail.
var markedStatus = pattern.New(`\(#[245]\.\d{1,3}\.\d{1,3}\)`)

// marked reads the reason that qmail gives without any server's reply: "Sorry, no mailbox
// here by that name. (#5.1.1)", as a log has it or as a notification does.
func marked(text string) []Failure {
	code := markedStatus.FindString(text)
	if code == "" {
		return nil
	}
	reason, _, _ := strings.Cut(text, code)
	if i := strings.LastIndex(strings.TrimSpace(reason), "\n\n"); i >= 0 {
		reason = reason[i:]
	}
	r, ok := bounce.ParseReply(code[1:len(code)-1] + " " + strings.Join(strings.Fields(strings.ReplaceAll(reason, "_", " ")), " "))
	if !ok {
		return nil
	}
	return []Failure{explainFailure(Failure{Reply: r, Recipient: recipientOf(reason, "")}, sender{})}
}

// unansweredPattern are the words in which Postfix and Exim say that a delivery did not come to a
// server's reply, as a notification or a queue listing has them.
var unansweredPattern = pattern.New(`(?i)^(?:<\S+@\S+>: )?["'(]*(?:` +
	`connect to \S+\[[0-9a-f.:]+\](?::\d+)?: |host or domain name not found\b|host found but no data record\b|name service error for ` +
	`|(?:lost connection|conversation) with \S+\[[0-9a-f.:]+\]|tls is required, but was not offered\b|server certificate not (?:verified|trusted)\b` +
	`|mail for \S+ loops back to myself|all relevant mx records point to non-existent hosts|an mx or srv record indicated no smtp service` +
	`|retry timeout exceeded|retry time not reached for any host|all hosts (?:for \S+ )?have been failing for a long time|unrouteable (?:address|mail domain)\b` +
	`|temporary lookup failure\b)`)

// lastingPattern are those of these words that trying again does not help, as the one that says them knows.
var lastingPattern = pattern.New(`(?i)loops back to myself|non-existent hosts|indicated no smtp service|timeout exceeded|failing for a long time|unrouteable`)

// unanswered reads what a mail server says of its own when nobody answered it.
func unanswered(text string) []Failure {
	flat := strings.Join(strings.Fields(text[:min(len(text), 4<<10)]), " ")
	if !unansweredPattern.MatchString(flat) || byWords(flat) == "" {
		return nil
	}
	f := Failure{Reply: bounce.Reply{Text: flat[:runeEnd(flat, 600)]}, Recipient: recipientOf(flat, "")}
	if lastingPattern.MatchString(flat) {
		f.Action = "failed"
	}
	f.Host, f.IP = connectedTo(flat)
	return []Failure{explainFailure(f, sender{})}
}

// connectedPattern is how Postfix names a server that it spoke to, or wanted to speak to.
var connectedPattern = pattern.New(`(?i)(?:connect to|connection with|conversation with|offered by host) ([a-z0-9_.-]+)\[([0-9a-f.:]+)\]`)

func connectedTo(s string) (host, ip string) {
	if m := connectedPattern.FindStringSubmatch(s); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// singleReply is the explanation of a text that is one reply and no more. A session
// that begins with a greeting and ends in a refusal is none.
func singleReply(text string, r bounce.Reply) (Failure, bool) {
	refusals := len(bounce.FindReplies(text))
	if refusals > 1 || refusals == 1 && r.Class() < bounce.Temporary {
		return Failure{}, false
	}
	_, phase, cut := phaseOf(r.Text)
	r.Text = cut
	return explainFailure(Failure{Reply: r, Phase: phase}, sender{}), true
}

// normalText makes valid UTF-8 with LF line ends of the input, of bounded size.
func normalText(input []byte) string {
	s := string(input[:min(len(input), maxScan)])
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// maxScan is how much of a text is searched for replies.
const maxScan = 256 << 10

// finish sets what follows from the failures as a whole.
func finish(r *Result) *Result {
	for _, f := range r.Failures {
		if f.Command != "" && r.Command == "" {
			r.Command = f.Command
		}
	}
	return r
}

// sender is what is known of who sent the message.
type sender struct {
	domain string // of From, else of the envelope
	ip     netip.Addr
}
