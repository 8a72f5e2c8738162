package explain

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/provider"
)

// The lines that mail servers log about a delivery.
var (
	postfixStatus = pattern.New(`\bstatus=(sent|bounced|deferred|expired|undeliverable|deliverable)\b\s*(?:\((.*)\)?)?`)
	postfixReject = pattern.New(`(?:reject|milter-reject|reject_warning): (\S+) from (\S+)\[([0-9A-Fa-f.:]+)\]:? (.*)`)
	sendmailStat  = pattern.New(`\bstat=(.*)`)
	sendmailReply = pattern.New(`\breply=(.*?)(?:, stat=|$)`)
	eximLine      = pattern.New(`(?:^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* |\bexim\S*: )(?:\S+ ){0,6}?(\*\*|==|=>|->|>>) (\S+@\S+?)(?:\s<[^>]*>)?:?\s(.*)|^(\*\*) (\S+@\S+?):?\s(.*)`)
	qmailLine     = pattern.New(`delivery \d+: (success|failure|deferral): (\S*)`)
	logTo         = pattern.New(`\bto=<?([^<>,\s]+@[^<>,\s]+?)>?(?:,|\s|$)`)
	logDSN        = pattern.New(`\bdsn=([245]\.\d{1,3}\.\d{1,3})`)
)

// logMarks: a line without any of them is no line about a delivery.
var logMarks = []string{"status=", "stat=", "reject", "delivery ", "** ", "== ", "=> ", "-> ", ">> "}

// The limits of a log: lines looked at, and deliveries explained.
const (
	maxLogLines      = 1_000_000
	maxLogDeliveries = 10_000
	maxLogLine       = 16 << 10
)

// readLog explains log lines; nil where no line is one.
func readLog(input []byte) *Result {
	r := &Result{Kind: KindLog}
	lines := 0
	for line := range bytes.Lines(input) {
		if lines++; lines > maxLogLines || len(r.Failures) == maxLogDeliveries {
			r.Truncated = true
			break
		}
		f, from, ok := readLogLine(strings.TrimSpace(strings.ToValidUTF8(string(line[:min(len(line), maxLogLine)]), "\uFFFD")))
		if ok {
			r.Failures = append(r.Failures, explainFailure(f, from))
		}
	}
	if len(r.Failures) == 0 {
		return nil
	}
	return finish(r)
}

// LogLine explains one line of a log; false where it is none about a delivery.
func LogLine(line string) (Failure, bool) {
	f, from, ok := readLogLine(strings.TrimSpace(strings.ToValidUTF8(line[:min(len(line), maxLogLine)], "\uFFFD")))
	if !ok {
		return f, false
	}
	return explainFailure(f, from), true
}

func readLogLine(line string) (f Failure, from sender, ok bool) {
	if !slices.ContainsFunc(logMarks, func(s string) bool { return strings.Contains(line, s) }) {
		return f, from, false
	}
	switch {
	case postfixStatus.MatchString(line):
		m := postfixStatus.FindStringSubmatch(line)
		f.Action = map[string]string{"sent": "delivered", "deliverable": "delivered", "deferred": "delayed"}[m[1]]
		if f.Action == "" {
			f.Action = "failed"
		}
		f.readLogText(line, strings.TrimSuffix(m[2], ")"))
	case postfixReject.MatchString(line):
		m := postfixReject.FindStringSubmatch(line)
		f.Action, f.Phase = "failed", rejectPhase(m[1])
		from.ip, _ = netip.ParseAddr(m[3])
		f.readLogText(line, m[4])
		f.Host, f.IP = "", "" // the log's own server refused
	case eximLine.MatchString(line):
		m := eximLine.FindStringSubmatch(line)
		f.Action = map[string]string{"**": "failed", "==": "delayed"}[m[1]+m[4]]
		if f.Action == "" {
			f.Action = "delivered"
		}
		f.Recipient = m[2] + m[5]
		f.readLogText(line, m[3]+m[6])
	case qmailLine.MatchString(line):
		m := qmailLine.FindStringSubmatch(line)
		f.Action = map[string]string{"success": "delivered", "failure": "failed", "deferral": "delayed"}[m[1]]
		f.readLogText(line, strings.ReplaceAll(m[2], "_", " "))
	case sendmailStat.MatchString(line) && (logDSN.MatchString(line) || strings.Contains(line, "to=")):
		f.readSendmail(line)
	default:
		return f, from, false
	}
	return f, from, true
}

func rejectPhase(word string) string {
	switch strings.ToUpper(word) {
	case "RCPT":
		return provider.PhaseRcptTo
	case "MAIL":
		return provider.PhaseMailFrom
	case "DATA", "END-OF-MESSAGE":
		return provider.PhaseData
	case "EHLO", "HELO":
		return provider.PhaseHELO
	case "CONNECT":
		return provider.PhaseConnect
	}
	return ""
}

// readSendmail reads a line of sendmail: stat= is its own word or the server's reply. Where it sent commands ahead of replies, dsn= and
// reply= are of the last command (502 5.5.1 to DATA) though a recipient was put off: then what stands behind "Deferred:" counts.
func (f *Failure) readSendmail(line string) {
	stat := sendmailStat.FindStringSubmatch(line)[1]
	switch lower := strings.ToLower(stat); {
	case strings.HasPrefix(lower, "sent"):
		f.Action = "delivered"
	case strings.HasPrefix(lower, "deferred") || strings.HasPrefix(lower, "queued"):
		f.Action = "delayed"
	default:
		f.Action = "failed"
	}
	said := stat
	own, _ := bounce.ParseReply(strings.TrimPrefix(stat, "Deferred: "))
	switch m := sendmailReply.FindStringSubmatch(line); {
	case f.Action == "delayed" && own.Code >= 400 && own.Code < 500:
		said = strings.TrimPrefix(stat, "Deferred: ")
	case m != nil:
		said = m[1]
	}
	if f.readLogText(line, said); f.Action == "delayed" && f.Status.Class == int(bounce.Permanent) {
		f.Status = bounce.Status{}
	}
}

// readLogText reads what was said from the part of the line that holds it, and the
// rest from the whole line.
func (f *Failure) readLogText(line, said string) {
	if f.Host == "" {
		f.Host, f.IP = hostOf(line)
	}
	if f.Recipient == "" {
		if m := logTo.FindStringSubmatch(line); m != nil {
			f.Recipient = m[1]
		}
	}
	if m := logDSN.FindStringSubmatch(line); m != nil {
		f.Status, _ = bounce.ParseStatus(m[1])
	}
	phase := ""
	_, phase, said = phaseOf(said)
	if f.Phase == "" {
		f.Phase = phase
	}
	if f.Phase == "" {
		_, f.Phase, _ = phaseOf(line)
	}
	if found := bounce.FindReplies(said); len(found) > 0 && f.Action != "delivered" {
		f.Reply = found[0].Reply
		return
	}
	f.Reply.Text = said
	if r, ok := bounce.ParseReply(said); ok {
		f.Reply = r
	}
	if f.Phase == "" && f.Host != "" && f.Reply.Code == 0 {
		f.Phase = provider.PhaseConnect
	}
}
