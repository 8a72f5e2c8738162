package forensics

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHunks(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		signed, seen string
		want         []Hunk
		more         int
	}{
		"same":       {"a\r\nb\r\n", "a\r\nb\r\n", nil, 0},
		"both empty": {"", "", nil, 0},
		"appended": {"Hello\r\n", "Hello\r\n--\r\nlist\r\n", []Hunk{{
			SignedAt: 7, SeenAt: 7, Before: []byte("Hello\r\n"), Signed: []byte{}, Seen: []byte("--\r\nlist\r\n"), After: []byte{},
		}}, 0},
		"from nothing": {"", "x\r\n", []Hunk{{Before: []byte{}, Signed: []byte{}, Seen: []byte("x\r\n"), After: []byte{}}}, 0},
		"amid a line": {"subject:Minutes\r\nto:b\r\n", "subject:[club] Minutes\r\nto:b\r\n", []Hunk{{
			SignedAt: 8, SeenAt: 8, Before: []byte("subject:"), Signed: []byte{}, Seen: []byte("[club] "), After: []byte("Minutes\r\nto:b\r\n"),
		}}, 0},
		"two lines apart": {"one\r\nsame\r\ntwo\r\n", "One\r\nsame\r\ntwO\r\n", []Hunk{
			{Before: []byte{}, Signed: []byte("o"), Seen: []byte("O"), After: []byte("ne\r\nsame\r\ntw")},
			{SignedAt: 13, SeenAt: 13, Before: []byte("ne\r\nsame\r\ntw"), Signed: []byte("o"), Seen: []byte("O"), After: []byte("\r\n")},
		}, 0},
		"a line less": {"a\r\nb\r\nc\r\n", "a\r\nc\r\n", []Hunk{{
			SignedAt: 3, SeenAt: 3, Before: []byte("a\r\n"), Signed: []byte("b\r\n"), Seen: []byte{}, After: []byte("c\r\n"),
		}}, 0},
		"no line end": {"a", "b", []Hunk{{Before: []byte{}, Signed: []byte("a"), Seen: []byte("b"), After: []byte{}}}, 0},
		"long": {"a\r\n", "a\r\n" + long, []Hunk{{
			SignedAt: 3, SeenAt: 3, Before: []byte("a\r\n"), Signed: []byte{}, Seen: []byte(long[:maxHunkOctets]), SeenCut: 300 - maxHunkOctets, After: []byte{},
		}}, 0},
	} {
		got, more := hunks([]byte(c.signed), []byte(c.seen))
		if d := cmp.Diff(c.want, got); d != "" || more != c.more {
			t.Errorf("%s: %d more (-want +got):\n%s", name, more, d)
		}
	}
	var signed, seen bytes.Buffer
	for i := range 50 {
		fmt.Fprintf(&signed, "line %d\r\n", i)
		fmt.Fprintf(&seen, "line %d \r\n", i)
	}
	if got, more := hunks(signed.Bytes(), seen.Bytes()); len(got) != maxHunks || more != 50-maxHunks || string(got[0].Seen) != " " || len(got[0].Signed) != 0 {
		t.Errorf("%d hunks and %d more: %+v", len(got), more, got)
	}
}

// FuzzHunks: whatever differs, what a hunk says is there, within bounds, and texts that
// differ have a hunk.
func FuzzHunks(f *testing.F) {
	f.Add("a\r\nb\r\n", "a\r\nc\r\n")
	f.Add("", "x")
	f.Add("a\r\na\r\na\r\nb", "a\r\nb\r\na\r\n")
	f.Fuzz(func(t *testing.T, signed, seen string) {
		got, _ := hunks([]byte(signed), []byte(seen))
		if (len(got) == 0) != (signed == seen) {
			t.Fatalf("%d hunks of %q and %q", len(got), signed, seen)
		}
		for _, h := range got {
			if !strings.HasPrefix(signed[h.SignedAt:], string(h.Signed)) || !strings.HasPrefix(seen[h.SeenAt:], string(h.Seen)) ||
				!strings.HasSuffix(signed[:h.SignedAt], string(h.Before)) || !strings.HasSuffix(seen[:h.SeenAt], string(h.Before)) ||
				!strings.HasPrefix(signed[h.SignedAt+len(h.Signed)+h.SignedCut:], string(h.After)) ||
				!strings.HasPrefix(seen[h.SeenAt+len(h.Seen)+h.SeenCut:], string(h.After)) {
				t.Fatalf("%+v is not in %q and %q", h, signed, seen)
			}
			if len(h.Signed) > maxHunkOctets || len(h.Seen) > maxHunkOctets || len(h.Before) > hunkContext || len(h.After) > hunkContext {
				t.Fatalf("too much: %+v", h)
			}
		}
	})
}
