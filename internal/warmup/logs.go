package warmup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/explain"
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
)

// causes are the categories of reply rules that speak of volume or reputation. What is refused for another cause (no such user, no
// SPF) says nothing of the volume.
var causes = map[string]bool{"rate": true, "reputation": true, "blocklist": true, "spam": true, "complaints": true, "abuse": true, "filtered": true, "ip-policy": true}

// Outcomes reads lines of a mail log (Postfix, Exim, Sendmail, qmail): what became of deliveries, by provider ("*" for one that is not known).
func Outcomes(lines []byte) map[string]Outcome {
	out := map[string]Outcome{}
	r, err := explain.Explain(lines)
	if err != nil || r.Kind != explain.KindLog {
		return out
	}
	for i := range r.Failures {
		f := &r.Failures[i]
		provider := f.Match.Provider
		if provider == "" {
			provider = Everybody
		}
		o := out[provider]
		switch {
		case f.Action == "delivered" || f.Class == bounce.Success:
			o.Delivered++
		case !causes[f.Category]:
			continue
		case f.Action == "failed":
			o.Refused++
		default:
			o.Deferred++
			if f.Category == "rate" {
				o.Silence = max(o.Silence, silence(f.Match.Provider))
			}
		}
		out[provider] = o
	}
	return out
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

// ReadLog reads what is new in a log since it was last read, and notes it for a source. It gives how many deliveries there were. Where
// the file begins differently than before (it was rotated) it is read from its beginning.
func ReadLog(ctx context.Context, st *store.Store, source, name string, now time.Time) (deliveries int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	defer f.Close()
	head, err := headOf(f)
	if err != nil || head == "" {
		return 0, err
	}
	position, err := st.LogPosition(ctx, name, head)
	if err != nil {
		return 0, err
	}
	if _, err := f.Seek(position, io.SeekStart); err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	r := bufio.NewReaderSize(f, maxLine)
	for {
		batch, read, err := nextLines(r)
		if err != nil {
			return deliveries, fmt.Errorf("reading a log: %w", err)
		}
		if read == 0 {
			return deliveries, nil
		}
		for provider, o := range Outcomes(batch) {
			deliveries += o.Delivered + o.Deferred + o.Refused
			if err := Note(ctx, st, source, provider, o, now); err != nil {
				return deliveries, err
			}
		}
		position += int64(read)
		if err := st.SetLogPosition(ctx, name, head, position); err != nil {
			return deliveries, err
		}
	}
}

// headOf is a hash of the first line of a file, "" where it has none yet: the line of the same file stays.
func headOf(f io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(f, maxLine), headSize).ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		return "", fmt.Errorf("reading a log: %w", err)
	}
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:]), nil
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
