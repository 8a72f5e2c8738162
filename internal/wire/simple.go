package wire

// trimmer drops the empty lines at the end of a body and ends the last line: all
// of the simple canonicalization (RFC 6376 section 3.4.3) and the second half of
// the relaxed one. Everything else passes through in place, in runs as long as
// they came.
type trimmer struct {
	out   digest
	lines int64 // CRLFs held back: they count only if something follows
	cr    bool  // a CR held back after them: the chunk ended there
	any   bool  // something was written
}

func newTrimmer() *trimmer { return &trimmer{out: newDigest()} }

func (t *trimmer) write(p []byte) {
	if len(p) == 0 {
		return
	}
	if t.cr {
		t.cr = false
		if p[0] == '\n' {
			t.lines++
			p = p[1:]
		} else {
			t.release()
			t.out.write(crlf[:1])
		}
	}
	end := len(p)
	if end > 0 && p[end-1] == '\r' {
		t.cr = true
		end--
	}
	var lines int64
	for end >= 2 && p[end-1] == '\n' && p[end-2] == '\r' {
		lines++
		end -= 2
	}
	if end > 0 {
		t.release()
		t.out.write(p[:end])
	}
	t.lines += lines
}

// manyLines is written from when empty lines turn out to be inside the body.
var manyLines = func() (b [512]byte) {
	for i := range b {
		b[i] = crlf[i%2]
	}
	return b
}()

// release writes the CRLFs held back.
func (t *trimmer) release() {
	t.any = true
	for t.lines > 0 {
		n := min(t.lines, int64(len(manyLines)/2))
		t.out.write(manyLines[:2*n])
		t.lines -= n
	}
}

// finish ends the last line. An empty body becomes a CRLF if emptyLine, else nothing.
func (t *trimmer) finish(emptyLine bool) {
	if t.cr { // a CR at the very end is data
		t.cr = false
		t.release()
		t.out.write(crlf[:1])
	}
	if t.any || emptyLine {
		t.out.write(crlf)
	}
}
