package forensics

import "bytes"

// Hunk is one place where the canonical text that was signed and the one that came differ,
// octet by octet.
type Hunk struct {
	// SignedAt and SeenAt are the offsets of the difference in the two texts.
	SignedAt, SeenAt int
	// Before and After are octets that both have around it.
	Before, After []byte
	// Signed are the octets that were signed, Seen those in their place; either may be empty.
	// SignedCut and SeenCut octets more are left out.
	Signed, Seen       []byte
	SignedCut, SeenCut int
}

// lineBlock are lines that differ: those of the signed text from a to aEnd, of the seen from b to bEnd.
type lineBlock struct{ a, aEnd, b, bEnd int }

// hunks compares two texts: line by line first, so that two changes far apart are two
// hunks, then octet by octet. more are left out.
func hunks(signed, seen []byte) (out []Hunk, more int) {
	a, b := splitLines(signed), splitLines(seen)
	for _, block := range differingLines(signed, seen, a, b) {
		for _, p := range block.pairs() {
			h, ok := hunk(signed, seen, lineSpan(a, p.a, p.aEnd, len(signed)), lineSpan(b, p.b, p.bEnd, len(seen)))
			switch {
			case !ok:
			case len(out) == maxHunks:
				more++
			default:
				out = append(out, h)
			}
		}
	}
	return out, more
}

// pairs takes a block apart where each of its lines has one in its place.
func (l lineBlock) pairs() []lineBlock {
	n := l.aEnd - l.a
	if n != l.bEnd-l.b || n < 2 {
		return []lineBlock{l}
	}
	out := make([]lineBlock, 0, n)
	for i := range n {
		out = append(out, lineBlock{l.a + i, l.a + i + 1, l.b + i, l.b + i + 1})
	}
	return out
}

// textSpan is a part of a text, in octets.
type textSpan struct{ from, to int }

func lineSpan(ends []int, from, to, size int) textSpan {
	at := func(i int) int {
		switch {
		case i == 0:
			return 0
		case i > len(ends):
			return size
		}
		return ends[i-1]
	}
	return textSpan{at(from), at(to)}
}

// splitLines gives the offsets behind each line.
func splitLines(text []byte) (ends []int) {
	for i := 0; i < len(text); {
		i += len(lineAt(text, i))
		ends = append(ends, i)
	}
	return ends
}

// hunk narrows two spans to the octets that differ; not ok where none does.
func hunk(signed, seen []byte, a, b textSpan) (h Hunk, ok bool) {
	for a.from < a.to && b.from < b.to && signed[a.from] == seen[b.from] {
		a.from++
		b.from++
	}
	for a.from < a.to && b.from < b.to && signed[a.to-1] == seen[b.to-1] {
		a.to--
		b.to--
	}
	if a.from == a.to && b.from == b.to {
		return Hunk{}, false
	}
	h = Hunk{SignedAt: a.from, SeenAt: b.from}
	// The octets before are common as far as the line before is, which may be another one.
	h.Before = common(signed[max(0, a.from-hunkContext):a.from], seen[max(0, b.from-hunkContext):b.from])
	h.Signed, h.SignedCut = clipped(signed[a.from:a.to])
	h.Seen, h.SeenCut = clipped(seen[b.from:b.to])
	h.After = commonStart(signed[a.to:min(len(signed), a.to+hunkContext)], seen[b.to:min(len(seen), b.to+hunkContext)])
	return h, true
}

// common gives the octets in which two texts end alike, commonStart those in which they begin so.
func common(a, b []byte) []byte {
	n := 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return bytes.Clone(a[len(a)-n:])
}

func commonStart(a, b []byte) []byte {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return bytes.Clone(a[:n])
}

func clipped(text []byte) (part []byte, cut int) {
	n := min(len(text), maxHunkOctets)
	return bytes.Clone(text[:n]), len(text) - n
}

// differingLines finds the lines that two texts, cut at the ends of their lines, do not have
// in common. Where there are too many to be compared with each other they are one block.
func differingLines(signed, seen []byte, a, b []int) []lineBlock {
	line := func(text []byte, ends []int, i int) []byte {
		s := lineSpan(ends, i, i+1, len(text))
		return text[s.from:s.to]
	}
	l := lineBlock{0, len(a), 0, len(b)}
	for l.a < l.aEnd && l.b < l.bEnd && bytes.Equal(line(signed, a, l.a), line(seen, b, l.b)) {
		l.a++
		l.b++
	}
	for l.a < l.aEnd && l.b < l.bEnd && bytes.Equal(line(signed, a, l.aEnd-1), line(seen, b, l.bEnd-1)) {
		l.aEnd--
		l.bEnd--
	}
	n, m := l.aEnd-l.a, l.bEnd-l.b
	if n == 0 || m == 0 || n*m > maxLinePairs {
		return []lineBlock{l}
	}
	numbers := map[string]int{} // equal lines have one number
	number := func(text []byte, ends []int, from, count int) []int {
		out := make([]int, count)
		for i := range out {
			key := string(line(text, ends, from+i))
			if numbers[key] == 0 {
				numbers[key] = len(numbers) + 1
			}
			out[i] = numbers[key]
		}
		return out
	}
	out := commonLines(number(signed, a, l.a, n), number(seen, b, l.b, m))
	for i := range out {
		out[i].a, out[i].aEnd, out[i].b, out[i].bEnd = out[i].a+l.a, out[i].aEnd+l.a, out[i].b+l.b, out[i].bEnd+l.b
	}
	return out
}

// commonLines finds the longest common sequence of two lists and gives what is between.
func commonLines(a, b []int) (out []lineBlock) {
	n, m := len(a), len(b)
	width := m + 1
	long := make([]uint16, (n+1)*width) // of a[i:] and b[j:]
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i] == b[j] {
				long[i*width+j] = long[(i+1)*width+j+1] + 1
			} else {
				long[i*width+j] = max(long[(i+1)*width+j], long[i*width+j+1])
			}
		}
	}
	open := lineBlock{0, 0, 0, 0}
	closeAt := func(i, j int) {
		if open.aEnd, open.bEnd = i, j; open.a < i || open.b < j {
			out = append(out, open)
		}
	}
	i, j := 0, 0
	for i < n && j < m {
		switch {
		case a[i] == b[j]:
			closeAt(i, j)
			i, j = i+1, j+1
			open = lineBlock{a: i, b: j}
		case long[(i+1)*width+j] >= long[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	closeAt(n, m)
	return out
}
