package forensics

import (
	"bytes"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/wire"
)

// rewrites undo a change that touched the whole body, each by the same rule
// everywhere. nil means that the rule finds nothing to undo.
var rewrites = []struct {
	kind Kind
	undo func([]byte) []byte
}{
	{WhiteSpace, trimLines},
	{WhiteSpace, restoreSignatureDashes},
	{WhiteSpace, func(b []byte) []byte { return canonicalBody(wire.Relaxed, b) }},
	{BlankLines, dropLeadingBlankLines},
	{BlankLines, func(b []byte) []byte { return concat(crlf, b) }},
	{BlankLines, func(b []byte) []byte { return concat(crlfcrlf, b) }},
	{BlankLines, singleSpaced},
	{BlankLines, doubleSpaced},
	{BlankLines, collapseBlankLines},
	{BlankLines, dropBlankLines},
	{LineEnds, bareLFToCRLF},
	{LineEnds, func(b []byte) []byte { return replace(b, "\r\n", "\n") }},
	{LineEnds, func(b []byte) []byte { return replace(b, "\r\n", "\r") }},
	{LineEnds, func(b []byte) []byte { return replace(b, "\r\r\n", "\r\n") }},
	{LineEnds, func(b []byte) []byte { return replace(b, "\r\n", "\r\r\n") }},
	{LineEnds, bareCRToCRLF},
	{FromEscaped, func(b []byte) []byte { return replaceAtLineStart(b, ">From ", "From ") }},
	{FromEscaped, func(b []byte) []byte { return replaceAtLineStart(b, "From ", ">From ") }},
	{FromEscaped, func(b []byte) []byte { return replaceAtLineStart(b, "From ", "=46rom ") }},
	{DotsChanged, func(b []byte) []byte { return replaceAtLineStart(b, "..", ".") }},
	{DotsChanged, func(b []byte) []byte { return replaceAtLineStart(b, ".", "..") }},
	{ByteOrderMarkAdded, func(b []byte) []byte { return replace(b, "\uFEFF", "") }},
	{NULsAdded, func(b []byte) []byte { return replace(b, "\x00", "") }},
	{EscapeStripped, restoreEscapes},
	{EighthBitStripped, func(b []byte) []byte { return restoreEighthBit(b, false, false) }},
	{EighthBitStripped, func(b []byte) []byte { return restoreEighthBit(b, true, false) }},
	{EighthBitStripped, func(b []byte) []byte { return restoreEighthBit(b, true, true) }},
	{TabsExpanded, func(b []byte) []byte { return replace(b, "        ", "\t") }},
	{TabsExpanded, func(b []byte) []byte { return replace(b, "\t", "        ") }},
	{TabsExpanded, func(b []byte) []byte { return replace(b, "    ", "\t") }},
	{TabsExpanded, func(b []byte) []byte { return replace(b, "\t", "    ") }},
	{TabsExpanded, func(b []byte) []byte { return replace(b, "\t", " ") }},
	{LongLinesBroken, func(b []byte) []byte { return joinBroken(b, " ") }},
	{LongLinesBroken, func(b []byte) []byte { return joinBroken(b, "") }},
	{LongLinesBroken, func(b []byte) []byte { return replace(b, "!\r\n ", "") }},
}

// wrapWidths are the columns at which programs wrap text.
var wrapWidths = []int{76, 72, 78, 80, 70, 75, 79, 74, 77, 65, 60}

// rewritten tries the rewrites, alone and then with a footer or a banner; then
// re-encodings.
func (b *bodySearch) rewritten() bool {
	for _, r := range rewrites {
		if b.spent() {
			return false
		}
		if b.try(r.undo(b.body), r.kind) {
			return true
		}
	}
	if len(b.body) > maxRewritten {
		return false
	}
	for _, width := range wrapWidths {
		if b.spent() {
			return false
		}
		if b.try(joinWrapped(b.body, width), TextWrapped) {
			return true
		}
	}
	return b.unlinked() || b.reencoded()
}

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func replace(b []byte, old, new string) []byte {
	if !bytes.Contains(b, []byte(old)) {
		return nil
	}
	return bytes.ReplaceAll(b, []byte(old), []byte(new))
}

// eachLine rewrites line by line; the lines come without CRLF, the last without having one.
func eachLine(b []byte, rewrite func(line []byte) []byte) []byte {
	lines := bytes.Split(b, crlf)
	for i, l := range lines {
		lines[i] = rewrite(l)
	}
	return bytes.Join(lines, crlf)
}

func trimLines(b []byte) []byte {
	return eachLine(b, func(l []byte) []byte { return bytes.TrimRight(l, " \t") })
}

// restoreSignatureDashes: "-- " above a signature loses its space first of all.
func restoreSignatureDashes(b []byte) []byte {
	return eachLine(b, func(l []byte) []byte {
		if string(l) == "--" {
			return []byte("-- ")
		}
		return l
	})
}

func dropLeadingBlankLines(b []byte) []byte {
	for {
		i := bytes.Index(b, crlf)
		if i < 0 || len(bytes.TrimSpace(b[:i])) > 0 {
			return b
		}
		b = b[i+2:]
	}
}

// singleSpaced drops every second line if all of these are empty.
func singleSpaced(b []byte) []byte {
	lines := bytes.Split(bytes.TrimSuffix(b, crlf), crlf)
	kept := lines[:0:0]
	for i, l := range lines {
		if i%2 == 0 {
			kept = append(kept, l)
		} else if len(l) > 0 {
			return nil
		}
	}
	return append(bytes.Join(kept, crlf), crlf...)
}

func doubleSpaced(b []byte) []byte {
	if len(b) > maxRewritten {
		return nil
	}
	return replace(b, "\r\n", "\r\n\r\n")
}

func collapseBlankLines(b []byte) []byte {
	for bytes.Contains(b, []byte("\r\n\r\n\r\n")) {
		b = bytes.ReplaceAll(b, []byte("\r\n\r\n\r\n"), crlfcrlf)
	}
	return b
}

func dropBlankLines(b []byte) []byte {
	for bytes.Contains(b, crlfcrlf) {
		b = bytes.ReplaceAll(b, crlfcrlf, crlf)
	}
	return bytes.TrimPrefix(b, crlf)
}

func bareLFToCRLF(b []byte) []byte {
	if !bytes.Contains(b, []byte("\n")) {
		return nil
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(b, crlf, []byte("\n")), []byte("\n"), crlf)
}

func bareCRToCRLF(b []byte) []byte {
	if !bytes.Contains(b, []byte("\r")) {
		return nil
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(b, crlf, []byte("\r")), []byte("\r"), crlf)
}

func replaceAtLineStart(b []byte, old, new string) []byte {
	out := eachLine(b, func(l []byte) []byte {
		if rest, ok := bytes.CutPrefix(l, []byte(old)); ok {
			return concat([]byte(new), rest)
		}
		return l
	})
	if bytes.Equal(out, b) {
		return nil
	}
	return out
}

// restoreEscapes puts back the ESC of ISO-2022-JP's shifts where old relays lost it.
func restoreEscapes(b []byte) []byte {
	if bytes.IndexByte(b, 0x1b) >= 0 || !bytes.Contains(b, []byte("$B")) {
		return nil
	}
	for _, shift := range []string{"$B", "$@", "(B", "(J", "(I"} {
		b = bytes.ReplaceAll(b, []byte(shift), []byte("\x1b"+shift))
	}
	return b
}

// restoreEighthBit takes three octets that were a UTF-8 character of Japanese, Chinese or
// Korean text before the eighth bit was cleared for what they were: those with a control
// among them; with runs, also those behind one; with all, every three that look so.
func restoreEighthBit(b []byte, runs, all bool) []byte {
	out := make([]byte, 0, len(b))
	changed, run := false, all
	for i := 0; i < len(b); {
		if i+2 < len(b) && 'b' <= b[i] && b[i] <= 'i' && b[i+1] < 0x40 && b[i+2] < 0x40 && (run || b[i+1] < ' ' || b[i+2] < ' ') {
			r := []byte{b[i] | 0x80, b[i+1] | 0x80, b[i+2] | 0x80}
			if utf8.Valid(r) && !bytes.HasPrefix(b[i+1:], crlf) {
				out, changed, run = append(out, r...), true, runs
				i += 3
				continue
			}
		}
		out, run = append(out, b[i]), all
		i++
	}
	if !changed {
		return nil
	}
	return out
}

// joinBroken joins a line that has as many octets as servers let through with the
// next one, without the white space that was put before it.
func joinBroken(b []byte, inserted string) []byte {
	lines := bytes.Split(b, crlf)
	var out []byte
	joined := false
	long := 0
	for _, l := range lines {
		if len(l) > long && len(l) <= 1000 {
			long = len(l)
		}
	}
	if long < 500 {
		return nil
	}
	broken := false
	for i, l := range lines {
		if i > 0 {
			rest, ok := bytes.CutPrefix(l, []byte(inserted))
			if broken && ok {
				l, joined = rest, true
			} else {
				out = append(out, crlf...)
			}
		}
		broken = len(lines[i]) == long || len(lines[i]) >= 989 && len(lines[i]) <= 1000
		out = append(out, l...)
	}
	if !joined {
		return nil
	}
	return out
}

// joinWrapped undoes a wrapping at a width: a line is joined with the next one where that
// one's first word did not fit any more.
func joinWrapped(b []byte, width int) []byte {
	lines := bytes.Split(b, crlf)
	var out []byte
	joined := false
	for i, l := range lines {
		if i > 0 {
			before := lines[i-1]
			word, _, _ := bytes.Cut(l, []byte(" "))
			if len(before) > 0 && len(before) <= width && len(word) > 0 && len(before)+1+len(word) > width {
				out = append(bytes.TrimRight(out, " "), ' ')
				joined = true
			} else {
				out = append(out, crlf...)
			}
		}
		out = append(out, l...)
	}
	if !joined {
		return nil
	}
	return out
}

// singleLines tries what may have happened to one line alone, of bodies of up to 200 lines.
func (b *bodySearch) singleLines() bool {
	if len(b.seen) > 32<<10 {
		return false
	}
	put := func(at int, text string, kind Kind) bool {
		b.buf = append(append(append(b.buf[:0], b.seen[:at]...), text...), b.seen[at:]...)
		return b.fits(b.buf, kind)
	}
	at := 0
	for n := 0; n < 200 && at < len(b.seen) && b.left > 0; n++ {
		line := lineAt(b.seen, at)
		end := at + len(bytes.TrimSuffix(line, crlf))
		if put(at, ".", DotsChanged) || put(at, "\r\n", BlankLines) || b.canon == wire.Simple && put(end, " ", WhiteSpace) {
			return true
		}
		at += len(line)
	}
	return false
}
