package warmup

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/store"
)

const (
	// gmailSilence is what Gmail asks for after 421-4.7.28 (2026-03-21); yahooSilence what Yahoo does after [TSS04].
	gmailSilence = 10 * time.Minute
	yahooSilence = 2 * time.Hour
	// batchLines bounds the lines that are read at one time, maxLine the octets of one, headSize those by which a log is known again.
	batchLines = 4000
	maxLine    = 16 << 10
	headSize   = 256
	// mostOf bounds the recipients of one line that count.
	mostOf = 1000
)

// causes are the categories of reply rules that speak of volume or reputation. What is refused for another cause (no such user, no
// SPF) says nothing of the volume.
var causes = map[string]bool{"rate": true, "reputation": true, "blocklist": true, "spam": true, "complaints": true, "abuse": true, "filtered": true, "ip-policy": true}

// ofVolume reports a refusal that speaks of the volume or reputation of who sends. One whose code is of the recipient's mailbox (RFC 3463
// section 3.3), as Gmail's 450 4.2.1 for a person who receives too much, says nothing of it.
func ofVolume(f *explain.Failure) bool { return causes[f.Category] && f.Status.Subject != mailbox }

// mailbox is the subject of enhanced codes that are about a recipient's mailbox.
const mailbox = 2

// LogRead is what was read of a log.
type LogRead struct {
	// Deliveries are those that count; Old how many were left since they are neither of today nor of the last two hours.
	Deliveries, Old int
	// Last is when the youngest line about a delivery was written, by its own time; zero: there was none.
	Last time.Time
}

// add adds what was read after it.
func (r *LogRead) add(o LogRead) {
	r.Deliveries += o.Deliveries
	r.Old += o.Old
	if o.Last.After(r.Last) {
		r.Last = o.Last
	}
}

// reading is what some lines come to.
type reading struct {
	LogRead
	outcomes outcomes          // by provider, "*" for one that is not known, without a source; what was put off is in late
	late     map[string]string // provider by message, recipient and day: a server tries again and again, it counts once a day
}

func newReading() *reading { return &reading{outcomes: outcomes{}, late: map[string]string{}} }

// Outcomes reads lines of a mail log (Postfix, Exim, Sendmail, qmail): what became of deliveries, by provider ("*" for one that is not
// known), of today and of the last two hours. What was put off again counts once.
func Outcomes(lines []byte, now time.Time) map[string]Outcome {
	r := newReading()
	r.read(lines, now)
	for _, who := range r.late {
		r.add(who, Outcome{Deferred: 1})
	}
	out := make(map[string]Outcome, len(r.outcomes))
	for key, list := range r.outcomes {
		for _, o := range list {
			out[key.provider] = out[key.provider].and(o)
		}
	}
	return out
}

func (r *reading) add(who string, o Outcome) { r.outcomes.add(planKey{"", who}, o) }

// read takes in lines.
func (r *reading) read(lines []byte, now time.Time) {
	for b := range bytes.Lines(lines) {
		line := strings.TrimSpace(string(b))
		l, ok := readLine(line, now, time.Local)
		if !ok {
			continue
		}
		if l.at.IsZero() || l.at.After(now) {
			l.at = now
		}
		if l.at.After(r.Last) {
			r.Last = l.at
		}
		if date(l.at) != date(now) && now.Sub(l.at) > present {
			r.Old++
			continue
		}
		if l.delivered {
			r.delivered(l)
		} else {
			r.failed(l, now)
		}
	}
}

func (r *reading) delivered(l logLine) {
	if len(l.to) == 0 { // qmail names nobody
		l.to = []string{""}
	}
	for _, to := range l.to[:min(len(l.to), mostOf)] {
		who := provider.ReceiverAt(l.host, domainOf(to))
		if who == "" {
			who = Everybody
		}
		r.Deliveries++
		r.add(who, Outcome{Delivered: 1})
	}
}

// failed asks why. All recipients of a line were told the same, and are at one host.
func (r *reading) failed(l logLine, now time.Time) {
	f, ok := explain.LogLine(l.text)
	if !ok || !ofVolume(&f) {
		return
	}
	who := l.receiver(f)
	n := max(1, min(len(l.to), mostOf))
	r.Deliveries += n
	if f.Action == "failed" {
		r.add(who, Outcome{Refused: n})
		return
	}
	if f.Category == "rate" && silence(who) > 0 {
		r.add(who, Outcome{Silence: silence(who), At: l.at})
	}
	for i := range n {
		to := ""
		if i < len(l.to) {
			to = l.to[i]
		}
		if l.queue == "" { // nobody knows whether it is the same again
			r.add(who, Outcome{Deferred: 1})
			continue
		}
		sum := sha256.Sum256([]byte(l.queue + "\n" + to))
		r.late[date(now)+" "+hex.EncodeToString(sum[:12])] = who
	}
}

// receiver is the provider that did not take it, known as that of a delivery is: any server can use the words of any provider, and its words
// hold nobody's mail up but its own. Only a line that names neither recipient nor host is known by them.
func (l *logLine) receiver(f explain.Failure) string {
	who := ""
	if len(l.to) > 0 {
		who = provider.ReceiverAt(cmp.Or(l.host, f.Host), domainOf(l.to[0]))
	} else if who = provider.ReceiverAt(f.Host, ""); who == "" && f.Host == "" {
		who = f.Match.Provider
	}
	return cmp.Or(who, Everybody)
}

// silence is for how long a provider wants to hear nothing after it said that it is too much.
func silence(provider string) time.Duration {
	switch provider {
	case "gmail":
		return gmailSilence
	case "yahoo":
		return yahooSilence
	}
	return 0
}

// lateFor is how long it is known that a message was put off on a day.
const lateFor = 48 * time.Hour

// note notes what was read for a source. It changes nothing of r: a transaction may be run again.
func (r *reading) note(ctx context.Context, d *store.Deliveries, source string, now time.Time) error {
	ids := slices.Sorted(maps.Keys(r.late))
	for i, id := range ids {
		ids[i] = "log " + source + " " + id
	}
	fresh, err := d.TakeEvents(ctx, ids, now.Add(lateFor))
	if err != nil {
		return err
	}
	all := make(outcomes, len(r.outcomes))
	for key, list := range r.outcomes {
		all[planKey{source, key.provider}] = slices.Clone(list)
	}
	for _, id := range fresh { // what was put off and was not counted yet, today
		all.add(planKey{source, r.late[strings.TrimPrefix(id, "log "+source+" ")]}, Outcome{Deferred: 1})
	}
	return noteAll(ctx, d, all, now)
}

// ReadLog reads what is new in a log since it was last read, and notes it for a source; from its beginning, where it never was.
func ReadLog(ctx context.Context, st *store.Store, source, name string, now time.Time) (all LogRead, err error) {
	if _, err := os.Stat(name); err != nil { // to a follower it is a file that is not there yet
		return all, fmt.Errorf("reading a log: %w", err)
	}
	f := NewFollower(st, source, name)
	f.fromStart = true
	defer f.Close()
	for {
		more, err := f.poll(ctx, now, &all)
		if err != nil || !more {
			return all, err
		}
	}
}

// nextLines gives whole lines, and how many octets they were; what is too long for a line is passed over. A line without its end
// is still being written.
func nextLines(r *bufio.Reader) (lines []byte, read int, err error) {
	var out bytes.Buffer
	long := 0 // octets of a line that is too long
	for range batchLines {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			long += len(line)
			continue
		case errors.Is(err, io.EOF):
			return out.Bytes(), read, nil
		case err != nil:
			return nil, 0, err
		}
		if read += long + len(line); long == 0 {
			out.Write(line)
		}
		long = 0
	}
	return out.Bytes(), read + long, nil // of a line without end too, or it would be read for ever
}
