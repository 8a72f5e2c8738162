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
func (f *folder) word(s string, glued bool) { f.join("", s, "", glued) }

// join is word for three parts that are one word.
func (f *folder) join(a, b, c string, glued bool) {
	n := len(a) + len(b) + len(c)
	space := 0
	if !glued {
		space = 1
	}
	if f.line > 1 && f.line+space+n > maxLine {
		f.b = append(f.b, "\r\n\t"...)
		f.line = 1
	} else if space > 0 {
		f.b = append(f.b, ' ')
		f.line++
	}
	f.b = append(append(append(f.b, a...), b...), c...)
	f.line += n
}

// list writes "name=a:b:c;", foldable behind the colons.
func (f *folder) list(name string, words []string) {
	for i, w := range words {
		end := ":"
		if i == len(words)-1 {
			end = ";"
		}
		if i == 0 {
			f.join(name+"=", w, end, false)
			continue
		}
		f.join("", w, end, true)
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
