package explain

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/provider"
)

// maxFailures bounds how many deliveries of one input are explained.
const maxFailures = 200

// phasePattern finds the SMTP command that was refused in the words of Postfix, Exim,
// sendmail's transcripts and qmail.
var phasePattern = pattern.New(`(?i)\(?in reply to (end of DATA|[A-Z]+(?: (?:FROM|TO))?)(?: command)?\)?` +
	`|after (?:pipelined )?(end of data|RCPT TO|MAIL FROM|DATA|EHLO|HELO|STARTTLS|AUTH|initial connection|sending data block|sending message body)` +
	`|>>> (RCPT|MAIL|DATA|EHLO|HELO|STARTTLS|AUTH)\b` +
	`|(failed after I sent the message|does not like recipient|sender was rejected|but my name was rejected|but greeting failed)`)

var phaseWords = []struct{ word, phase string }{
	{"end of data", provider.PhaseData}, {"failed after i sent", provider.PhaseData}, {"sending ", provider.PhaseData}, {"data", provider.PhaseData},
	{"rcpt", provider.PhaseRcptTo}, {"like recipient", provider.PhaseRcptTo},
	{"mail", provider.PhaseMailFrom}, {"sender was", provider.PhaseMailFrom},
	{"ehlo", provider.PhaseHELO}, {"helo", provider.PhaseHELO}, {"my name", provider.PhaseHELO},
	{"starttls", provider.PhaseTLS}, {"auth", provider.PhaseAuth}, {"connection", provider.PhaseConnect}, {"greeting", provider.PhaseConnect},
}

// phaseOf finds the last command named in a text. rest is the text before a trailing
// "(in reply to ...)", which is the log's and not the server's.
func phaseOf(s string) (command, phase, rest string) {
	all := phasePattern.Regexp().FindAllStringSubmatchIndex(s, -1)
	if len(all) == 0 {
		return "", "", s
	}
	last := all[len(all)-1]
	for i := 2; i < len(last); i += 2 {
		if last[i] >= 0 {
			command = strings.ToLower(s[last[i]:last[i+1]])
		}
	}
	rest = s
	if strings.HasPrefix(strings.ToLower(strings.TrimPrefix(s[last[0]:], "(")), "in reply to") {
		rest = strings.TrimSpace(s[:last[0]])
	}
	for _, w := range phaseWords {
		if strings.Contains(command, w.word) {
			return command, w.phase, rest
		}
	}
	return command, "", rest
}

// sessionLine is a client's line in a session as telnet, swaks or an RFC shows it.
var sessionLine = pattern.New(`(?im)^[ \t]*(?:c: ?|[-~]?> ?)?(rcpt to:|mail from:|data[ \t]*$|ehlo |helo |starttls[ \t]*$|auth )`)

// sessionPhase is the last command that a client gave in a session.
func sessionPhase(before string) string {
	all := sessionLine.FindAllStringSubmatch(before, -1)
	if len(all) == 0 {
		return ""
	}
	command := strings.ToLower(all[len(all)-1][1])
	for _, w := range phaseWords {
		if strings.Contains(command, w.word) {
			return w.phase
		}
	}
	return ""
}

var (
	hostPattern = pattern.New(`(?i)\bhost ([A-Za-z0-9_.-]+)(?: ?\[([0-9A-Fa-f.:]+)\]| said\b)` +
		`|\bH=([A-Za-z0-9_.-]+) \[([0-9A-Fa-f.:]+)\]` +
		`|while talking to ([A-Za-z0-9_.-]+)` +
		`|relay=([A-Za-z0-9_.-]+?)\.?(?: ?\[([0-9A-Fa-f.:]+)\]|,)` +
		`|(?:server for the recipient domain|by the server for) \S+ by ([A-Za-z0-9_.-]+)`)
	addressPattern = pattern.New(`<([^<>\s@]{1,64}@[A-Za-z0-9.-]{1,255})>|(?:^|[\s:*=>(])([A-Za-z0-9._%+=/-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9])`)
)

// hostOf finds the server that was spoken to: the last one named before the reply.
func hostOf(before string) (host, ip string) {
	all := hostPattern.FindAllStringSubmatch(before, -1)
	if len(all) == 0 {
		return "", ""
	}
	m := all[len(all)-1]
	for _, i := range []int{1, 3, 5, 6, 8} {
		if m[i] != "" {
			host = strings.TrimSuffix(m[i], ".")
		}
	}
	for _, i := range []int{2, 4, 7} {
		if m[i] != "" {
			ip = m[i]
		}
	}
	if host == "none" || host == "local" {
		host = ""
	}
	return host, ip
}

// recipientOf finds the recipient named last before a reply, else within it.
func recipientOf(before, reply string) string {
	for _, s := range []string{before, reply} {
		if all := addressPattern.FindAllStringSubmatch(s, -1); len(all) > 0 {
			m := all[len(all)-1]
			return m[1] + m[2]
		}
	}
	return ""
}

// scan explains the replies within a text: a notification, a transcript, a log line.
// The same reply about the same recipient is told once, in the form that says most.
func scan(s string, kind Kind) []Failure {
	s = s[:min(len(s), maxScan)]
	found := bounce.FindReplies(s)
	var out []Failure
	for i, r := range found {
		if len(out) == maxFailures {
			break
		}
		start := 0
		if i > 0 {
			start = found[i-1].End
		}
		f := circumstances(s, start, r)
		f.Phase = pipelined(f.Phase, s, r, found[i+1:])
		if skipReply(f.Reply, out) {
			continue
		}
		out = merge(out, f)
	}
	for i := range out {
		out[i] = explainFailure(out[i], sender{})
	}
	return out
}

// circumstances reads what stands around a reply, in its paragraph and close to it.
func circumstances(s string, start int, r bounce.Found) Failure {
	before := s[max(start, r.Start-700):r.Start]
	near := before
	if i := strings.LastIndex(near, "\n\n"); i >= 0 {
		near = near[i:]
	}
	var f Failure
	flat := strings.Join(strings.Fields(near), " ")
	f.Host, f.IP = hostOf(near)
	if f.Host == "" {
		f.Host, f.IP = hostOf(before)
	}
	f.Reply = r.Reply
	_, f.Phase, f.Reply.Text = phaseOf(f.Reply.Text)
	if f.Phase == "" {
		_, f.Phase, _ = phaseOf(flat)
	}
	if f.Phase == "" {
		f.Phase = sessionPhase(before)
	}
	f.Reply.Text = strings.TrimRight(f.Reply.Text, `'")`)
	f.Recipient = recipientOf(near, f.Reply.Text)
	return f
}

// pipelined corrects the phase of a transcript: with pipelining sendmail shows the
// refusal of a recipient below ">>> DATA", and then the server's complaint that no
// recipient is left.
func pipelined(phase, s string, r bounce.Found, later []bounce.Found) string {
	if phase != provider.PhaseData || !strings.Contains(s[max(0, r.Start-16):r.Start], "<<<") {
		return phase
	}
	for _, l := range later[:min(len(later), 6)] {
		t := strings.ToLower(l.Text)
		if l.Code == 503 || strings.Contains(t, "no valid recipients") || strings.Contains(t, "need rcpt") {
			return provider.PhaseRcptTo
		}
	}
	return phase
}

// skipReply leaves out what only follows from an earlier refusal.
func skipReply(r bounce.Reply, before []Failure) bool {
	t := strings.ToLower(r.Text)
	return len(before) > 0 && (r.Code == 503 || strings.Contains(t, "no valid recipients") || strings.Contains(t, "need rcpt") || t == "service unavailable")
}

// merge adds a failure, or what it knows to one that tells of the same reply.
func merge(out []Failure, f Failure) []Failure {
	i := slices.IndexFunc(out, func(o Failure) bool {
		return sameReply(o.Reply, f.Reply) && (o.Recipient == f.Recipient || f.Recipient == "" || o.Recipient == "")
	})
	if i < 0 {
		return append(out, f)
	}
	o := &out[i]
	for _, set := range []struct {
		to   *string
		from string
	}{{&o.Recipient, f.Recipient}, {&o.Host, f.Host}, {&o.IP, f.IP}, {&o.Phase, f.Phase}} {
		if *set.to == "" {
			*set.to = set.from
		}
	}
	return out
}

func sameReply(a, b bounce.Reply) bool {
	return a.Code == b.Code && (a.Text == b.Text || strings.HasPrefix(a.Text, b.Text) && b.Text != "" || strings.HasPrefix(b.Text, a.Text) && a.Text != "")
}
