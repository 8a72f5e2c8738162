package inbox

import (
	"bytes"
	"strings"
	"testing"
)

// undot is RFC 5321 section 4.5.2 said plainly: what stands before CRLF.CRLF, less
// the first dot of each line that has one. The CRLF of the DATA command counts.
func undot(stream []byte) (message []byte, consumed int, found bool) {
	s := append([]byte("\r\n"), stream...)
	i := bytes.Index(s, []byte("\r\n.\r\n"))
	if i < 0 {
		return nil, 0, false
	}
	message = bytes.ReplaceAll(s[:i+2], []byte("\r\n."), []byte("\r\n"))
	return message[2:], i + 3, true
}

// decodeIn feeds a stream in pieces of a size.
func decodeIn(stream []byte, size int) (out []byte, consumed int, done bool) {
	var d dotDecoder
	for consumed < len(stream) && !done {
		piece := stream[consumed:min(consumed+size, len(stream))]
		before := len(out)
		var n int
		out, n, done = d.decode(out, piece)
		if len(out)-before > n+maxHeld {
			panic("decode gave out more than it may")
		}
		consumed += n
	}
	return out, consumed, done
}

func TestDots(t *testing.T) {
	for _, c := range []struct{ name, stream, want, rest string }{
		{"no mail data", ".\r\n", "", ""},
		{"one line", "a\r\n.\r\nQUIT", "a\r\n", "QUIT"},
		{"doubled dot", "..\r\n...\r\n.\r\n", ".\r\n..\r\n", ""},
		{"single dot and text", ".a\r\n.\r\n", "a\r\n", ""},
		{"dot inside", "a.\r\nb.b\r\n.\r\n", "a.\r\nb.b\r\n", ""},
		{"bare LF around the dot", "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", ""},
		{"dot then bare CR", ".\rx\r\n.\r\n", "\rx\r\n", ""},
		{"dot then CR CR LF", ".\r\r\n.\r\n", "\r\r\n", ""},
		{"CR before CRLF.CRLF", "a\r\r\n.\r\nQUIT", "a\r\r\n", "QUIT"},
		{"many CR", "\r\r\r\n.\r\n", "\r\r\r\n", ""},
		{"empty lines", "\r\n\r\n.\r\n", "\r\n\r\n", ""},
		{"dot then bare LF", ".\n\r\n.\r\n", "\n\r\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for size := 1; size <= len(c.stream); size++ {
				got, n, done := decodeIn([]byte(c.stream), size)
				if string(got) != c.want || c.stream[n:] != c.rest || !done {
					t.Errorf("in pieces of %d: %q, rest %q, done %v; want %q, rest %q", size, got, c.stream[n:], done, c.want, c.rest)
				}
			}
		})
	}
}

func FuzzDots(f *testing.F) {
	for _, s := range []string{".\r\n", "a\r\n.\r\nb", "\r\r\n.\r\n", ".\r.\r\n.\r\n", "\n.\n", "\r.\r", ".\r\r\n.\r\n", "..\r\n.\r\n", ".\r\n.\r\n"} {
		f.Add([]byte(s), uint8(1))
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, size uint8) {
		want, consumed, found := undot(stream)
		got, n, done := decodeIn(stream, int(size)+1)
		if done != found {
			t.Fatalf("end found: %v, want %v", done, found)
		}
		if found && (!bytes.Equal(got, want) || n != consumed) {
			t.Fatalf("got %q after %d octets, want %q after %d", got, n, want, consumed)
		}
	})
}

func BenchmarkDots(b *testing.B) {
	line := strings.Repeat("0123456789abcdef", 4) + "\r\n"
	stream := []byte(strings.Repeat(line, 16_000) + ".\r\n")
	dst := make([]byte, 0, len(stream)+maxHeld)
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			var d dotDecoder
			if _, _, done := d.decode(dst, stream); !done {
				b.Fatal("no end")
			}
		}
	})
	b.Run("floor-copy", func(b *testing.B) {
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			_ = append(dst, stream...)
		}
	})
}
