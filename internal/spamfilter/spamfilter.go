// Package spamfilter asks a spam filter that the user runs what it makes of a message:
// rspamd over HTTP, or SpamAssassin's spamd. The filter's address is the user's own word,
// never a message's, so that it may well be on loopback. What a filter answers is its
// opinion and no receiver's verdict.
package spamfilter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

const (
	// Timeout bounds one question to a filter, besides the caller's context.
	Timeout = 30 * time.Second
	// maxAnswer is how many octets of an answer are read.
	maxAnswer = 1 << 20
	// maxSymbols is how many symbols of an answer are kept, the weightiest first.
	maxSymbols = 12
	// maxName and maxDetail bound, in octets, what is kept of a name and of other texts.
	maxName   = 100
	maxDetail = 200
)

// Query is a message and how it came.
type Query struct {
	// Raw is the message as it came; it is not changed.
	Raw []byte
	// Session gives the envelope; its zero value where nothing is known.
	Session evidence.Session
	// Time is when the message came.
	Time time.Time
}

// Answer is what a filter made of a message.
type Answer struct {
	// Spam: the filter would not deliver the message as ordinary mail.
	Spam bool
	// Action is what an rspamd would do ("add header"); "" for SpamAssassin.
	Action string
	// Score is the message's, Required that from which the filter acts to the full.
	Score, Required float64
	// Symbols are the rules that matched, weightiest first, at most 12.
	Symbols []Symbol
}

// Symbol is one rule that matched.
type Symbol struct {
	Name string
	// Score is what it adds; NaN where the filter did not say.
	Score float64
}

// String is the rule and what it adds, with two decimals.
func (s Symbol) String() string {
	if math.IsNaN(s.Score) {
		return s.Name
	}
	return fmt.Sprintf("%s %+.2f", s.Name, s.Score)
}

// heaviest gives the symbols that say something, weightiest first, bounded.
func heaviest(all []Symbol) []Symbol {
	all = slices.DeleteFunc(all, func(s Symbol) bool { return s.Score == 0 || s.Name == "" })
	weight := func(s Symbol) float64 {
		if math.IsNaN(s.Score) {
			return 0
		}
		return math.Abs(s.Score)
	}
	slices.SortFunc(all, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), strings.Compare(a.Name, b.Name))
	})
	return slices.Clone(all[:min(len(all), maxSymbols)])
}

// finite reports whether the numbers can be shown and compared.
func finite(numbers ...float64) bool {
	return !slices.ContainsFunc(numbers, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}

// plain makes a text of the filter, or of the envelope, harmless: printable, on one line,
// at most n octets.
func plain(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), n)], ""))
	return strings.TrimSpace(s)
}

var errTooLarge = fmt.Errorf("the answer is larger than %d octets", maxAnswer)

// readAnswer reads an answer to its end, or fails where it is too large.
func readAnswer(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if len(data) > maxAnswer {
		return nil, errTooLarge
	}
	return data, err
}

// failure says what kept a filter from answering.
func failure(ctx context.Context, what string, err error) error {
	var timeout net.Error
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%s: no answer in time", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}
