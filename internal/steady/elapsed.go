package steady

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"time"
)

// Elapsed gives a function that says how long the program has run, whatever the calendar says. Where the system tells (Linux), the time for
// which the machine slept is counted: a machine that sleeps every night would seem to jump every morning otherwise.
func Elapsed() func() time.Duration { return elapsed("/proc/uptime") }

func elapsed(file string) func() time.Duration {
	began := time.Now() // with the monotonic clock, which stands still while the machine sleeps
	up, known := uptime(file)
	return func() time.Duration {
		ran := time.Since(began)
		if now, ok := uptime(file); ok && known {
			ran = max(ran, now-up)
		}
		return ran
	}
}

// uptime reads for how long the system is up, in seconds with a fraction, the first word of the file.
func uptime(file string) (time.Duration, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	word, _, _ := bytes.Cut(text, []byte(" "))
	s, err := strconv.ParseFloat(string(bytes.TrimSpace(word)), 64)
	if err != nil || math.IsNaN(s) || s < 0 || s > 1e10 { // also what is no number
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}
