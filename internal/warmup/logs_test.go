package warmup

import (
	"bufio"
	"strings"
	"testing"
)

// TestNextLines_NoEnd: a line without end, such as the hole that a log has that was cut while somebody wrote, is passed over.
func TestNextLines_NoEnd(t *testing.T) {
	hole := strings.Repeat("\x00", 16*(2*batchLines+5))
	r := bufio.NewReaderSize(strings.NewReader(hole+"\nwhole\n"), 16)
	text, total := "", 0
	for range 10 {
		lines, n, err := nextLines(r)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		text, total = text+string(lines), total+n
	}
	if total != len(hole)+len("\nwhole\n") || text != "whole\n" {
		t.Errorf("%d of %d octets, %q", total, len(hole)+7, text)
	}
}
