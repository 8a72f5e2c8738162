package dkim

// A line of the field that Sign writes is at most 78 octets long (RFC 5322 section
// 2.1.1) wherever its parts allow.
const maxLine = 78

// folder writes a header field, folding it between its parts.
type folder struct {
	b    []byte
	line int // octets on the current line
}

// word writes s, which must stay together, on a new line if it does not fit the
// current one. glued means that no white space may stand before it on the same
// line; a fold may.
func (f *folder) word(s string, glued bool) {
	space := 0
	if !glued {
		space = 1
	}
	if f.line > 1 && f.line+space+len(s) > maxLine {
		f.b = append(f.b, "\r\n\t"...)
		f.line = 1
	} else if space > 0 {
		f.b = append(f.b, ' ')
		f.line++
	}
	f.b = append(f.b, s...)
	f.line += len(s)
}

// list writes "name=a:b:c;", foldable behind the colons.
func (f *folder) list(name string, words []string) {
	for i, w := range words {
		if i == 0 {
			w = name + "=" + w
		}
		if i == len(words)-1 {
			w += ";"
		} else {
			w += ":"
		}
		f.word(w, i > 0)
	}
}

// data writes base64, foldable anywhere, behind what is already there.
func (f *folder) data(s string) {
	for s != "" {
		if f.line >= maxLine {
			f.b = append(f.b, "\r\n\t"...)
			f.line = 1
		}
		n := min(len(s), maxLine-f.line)
		f.b = append(f.b, s[:n]...)
		f.line += n
		s = s[n:]
	}
}
