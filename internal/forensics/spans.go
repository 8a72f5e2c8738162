package forensics

import (
	"bytes"
	"strings"
)

// insertion is a stretch of the canonical body that may have been inserted.
type insertion struct {
	span
	kind   Kind
	likely bool
	part   int
}

// spans takes stretches of text out: a part of a multipart, a footer or banner within a
// part, and last any few lines.
func (b *bodySearch) spans() bool {
	if b.spent() {
		return false
	}
	e := entity{fields: b.header, body: b.seen}
	found := b.partSpans(e)
	regions := textRegions(e)
	for i, r := range regions {
		if i == maxParts {
			break
		}
		multipart := len(regions) > 1 || e.boundary() != ""
		found = append(found, b.footers(r, i, multipart)...)
		found = append(found, b.banners(r, i)...)
		found = append(found, b.htmlSpans(r, i)...)
		if len(found) > maxSpans {
			found = found[:maxSpans]
			break
		}
	}
	for _, likely := range []bool{true, false} {
		for _, f := range found {
			if b.spent() {
				return false
			}
			if f.likely == likely && b.fits(b.without(f), f.kind) {
				return true
			}
		}
	}
	return b.spanPairs(found) || b.anyLines()
}

// without gives the canonical body without some insertions, the first first, in b.buf. Lines
// that are canonical stay so; only the end may have to be trimmed anew.
func (b *bodySearch) without(list ...insertion) []byte {
	out := b.buf[:0]
	from := 0
	for _, f := range list {
		out = append(out, b.seen[from:f.from]...)
		from = f.to
	}
	out = append(out, b.seen[from:]...)
	b.buf = out
	return trimBody(b.canon, out)
}

// spanPairs: a disclaimer goes into the plain part and into the HTML part.
func (b *bodySearch) spanPairs(found []insertion) bool {
	n := 0
	for _, f := range found {
		for _, g := range found {
			if !f.likely || !g.likely || f.kind != g.kind || f.part >= g.part || f.to > g.from {
				continue
			}
			if n++; n > maxSpanPairs || b.spent() {
				return false
			}
			if b.fits(b.without(f, g), f.kind) {
				return true
			}
		}
	}
	return false
}

// partSpans: each part with the delimiter line above it.
func (b *bodySearch) partSpans(e entity) (out []insertion) {
	lines := delimiters(e.body, e.boundary())
	for i := 0; i+1 < len(lines); i++ {
		out = append(out, insertion{span: span{lines[i].from, lines[i+1].from}, kind: PartAdded, likely: true, part: -1})
	}
	return out
}

// region is the content of a part: its text, without the line end before the next delimiter.
type region struct {
	span
	html bool
}

// textRegions gives the text parts of an entity, nested multiparts included.
func textRegions(e entity) []region {
	if e.boundary() == "" {
		return []region{{span{0, len(e.body)}, strings.HasPrefix(strings.ToLower(e.value("Content-Type")), "text/html")}}
	}
	return appendRegions(nil, e, 0, 3)
}

func appendRegions(out []region, e entity, base, depth int) []region {
	for _, p := range e.parts() {
		part := parseEntity(e.body[p.from:p.to])
		start := base + p.from + len(part.head)
		switch typ := strings.ToLower(part.value("Content-Type")); {
		case len(out) >= maxParts:
			return out
		case part.boundary() != "" && depth > 0:
			out = appendRegions(out, part, start, depth-1)
		case typ == "" || strings.HasPrefix(typ, "text/"):
			out = append(out, region{span{start, base + p.to}, strings.HasPrefix(typ, "text/html")})
		}
	}
	return out
}

// footers: from the end of a region up, each line may be where the footer begins.
// The line end in front of it may be new or the text's own.
func (b *bodySearch) footers(r region, part int, multipart bool) (out []insertion) {
	if !multipart {
		return nil // a cut of the whole body finds it
	}
	end := r.to
	for n := 0; n < maxSpanLines && end > r.from; n++ {
		line := lineBefore(b.seen, r.from, end)
		end -= len(line)
		text := bytes.TrimSpace(line)
		likely := len(text) == 0 || bytes.HasPrefix(text, []byte("--")) || bytes.HasPrefix(text, []byte("__")) ||
			bytes.HasPrefix(text, []byte("==")) || bytes.HasPrefix(text, []byte("**"))
		out = append(out, insertion{span{end, r.to}, PartFooterAdded, likely, part})
		if end-2 >= r.from && bytes.HasSuffix(b.seen[:end], crlf) {
			out = append(out, insertion{span{end - 2, r.to}, PartFooterAdded, likely, part})
		}
		if tail := r.to + 2; tail <= len(b.seen) && bytes.HasPrefix(b.seen[r.to:], crlf) {
			out = append(out, insertion{span{end, tail}, PartFooterAdded, likely, part})
		}
	}
	return out
}

// banners: from the beginning of a region down.
func (b *bodySearch) banners(r region, part int) (out []insertion) {
	at := r.from
	for n := 0; n < maxSpanLines && at < r.to; n++ {
		line := lineAt(b.seen[:r.to], at)
		at += len(line)
		likely := n < 6 || len(line) <= 2
		out = append(out, insertion{span{r.from, at}, BannerAdded, likely, part})
	}
	return out
}

// htmlSpans: behind <body> and before </body> whole elements are put in, without
// regard to lines.
func (b *bodySearch) htmlSpans(r region, part int) (out []insertion) {
	if !r.html {
		return nil
	}
	text := bytes.ToLower(b.seen[r.from:r.to])
	if len(text) != r.to-r.from {
		return nil // lower case has another length in some scripts
	}
	if i := bytes.Index(text, []byte("<body")); i >= 0 {
		if n := bytes.IndexByte(text[i:], '>'); n >= 0 {
			start := i + n + 1
			for _, end := range tagEnds(text, start) {
				out = append(out, insertion{span{r.from + start, r.from + end}, BannerAdded, true, part})
			}
		}
	}
	for _, before := range []string{"</body", "</html", ""} {
		end := len(text)
		if before != "" {
			end = bytes.LastIndex(text, []byte(before))
		}
		for _, start := range tagStarts(text, end) {
			out = append(out, insertion{span{r.from + start, r.from + end}, PartFooterAdded, true, part})
		}
	}
	return out
}

// tagEnds gives offsets behind closing tags and line ends from an offset on.
func tagEnds(text []byte, from int) (out []int) {
	for i := from; i < len(text) && len(out) < maxTags; {
		n := bytes.IndexByte(text[i:], '>')
		if n < 0 {
			break
		}
		i += n + 1
		out = append(out, i)
		if bytes.HasPrefix(text[i:], crlf) {
			out = append(out, i+2)
		}
	}
	return out
}

// tagStarts gives offsets of tags that begin an element before an offset, last first.
func tagStarts(text []byte, before int) (out []int) {
	for i := before; i > 0 && len(out) < maxTags; {
		n := bytes.LastIndexByte(text[:i], '<')
		if n < 0 {
			break
		}
		i = n
		if bytes.HasPrefix(text[i:], []byte("</")) {
			continue
		}
		out = append(out, i)
		if bytes.HasSuffix(text[:i], crlf) {
			out = append(out, i-2)
		}
	}
	return out
}

// anyLines takes out up to eight lines anywhere, of bodies of up to 120 lines.
func (b *bodySearch) anyLines() bool {
	var at []int
	for i := 0; i < len(b.seen); i += len(lineAt(b.seen, i)) {
		if at = append(at, i); len(at) > 120 {
			return false
		}
	}
	at = append(at, len(b.seen))
	for n := 1; n <= 8; n++ {
		for i := 0; i+n < len(at) && b.left > 0; i++ {
			kind := TextInserted
			if len(bytes.TrimSpace(b.seen[at[i]:at[i+n]])) == 0 {
				kind = BlankLines
			}
			if b.fits(b.without(insertion{span: span{at[i], at[i+n]}}), kind) {
				return true
			}
		}
	}
	return false
}

// unwrapped: the whole body became a part of a multipart that is new.
func (b *bodySearch) unwrapped() bool {
	e := entity{fields: b.header, body: b.body}
	for _, p := range e.parts() {
		if b.spent() {
			return false
		}
		part := parseEntity(e.body[p.from:p.to])
		if b.try(part.body, Wrapped) || b.try(concat(part.body, crlf), Wrapped) {
			return true
		}
	}
	return false
}
