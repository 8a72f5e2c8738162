package cli

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// barAfter is how long a run lasts before it shows a bar.
const barAfter = 2 * time.Second

// progress shows on stderr how far a long run has come, in octets of input or in targets.
type progress struct {
	w         io.Writer
	total     int64 // -1 where not known
	octetwise bool  // total counts octets
	describe  func(messages int) string
	start     time.Time
	always    bool
	off       bool

	bar      *progressbar.ProgressBar
	messages int
	octets   int64
}

// newProgress makes one; it shows nothing unless stderr is a terminal or always is set.
func (a *app) newProgress(targets []target, always bool) *progress {
	p := a.progress(always, func(n int) string { return a.say(msgProgress, "n", itoa(n)) })
	p.octetwise = true
	for _, t := range targets {
		if t.size < 0 {
			p.total = -1
			break
		}
		p.total += t.size
	}
	return p
}

// newCount makes one that counts total things, -1 where their number is not known.
func (a *app) newCount(total int, always bool, what text) *progress {
	p := a.progress(always, func(n int) string { return a.say(what, "n", itoa(n)) })
	p.total = int64(total)
	return p
}

func (a *app) progress(always bool, describe func(int) string) *progress {
	f, ok := a.Err.(*os.File)
	return &progress{
		w: a.Err, start: time.Now(), always: always, describe: describe,
		off: !always && !(ok && term.IsTerminal(int(f.Fd()))),
	}
}

// add counts one message.
func (p *progress) add(octets int64) {
	p.messages++
	p.octets += octets
	if p.off {
		return
	}
	if p.bar == nil {
		if !p.always && time.Since(p.start) < barAfter {
			return
		}
		p.bar = progressbar.NewOptions64(p.total,
			progressbar.OptionSetWriter(p.w), progressbar.OptionShowBytes(p.octetwise), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(24), progressbar.OptionSetPredictTime(true))
	}
	p.bar.Describe(p.describe(p.messages))
	_ = p.bar.Set64(min(p.octets, max(p.total, p.octets))) // a bar that cannot be drawn is no failure
}

// aside clears the bar before something else is written to the same terminal.
func (p *progress) aside() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// finish takes the bar away.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}
