package authres

// fieldName is the name as RFC 8601 writes it.
const fieldName = "Authentication-Results"

// Field gives a whole header field: the name, [Header.String] folded so that
// lines stay below 78 octets where there is a space to fold at, and CRLF. Each
// result starts a line. Unfolding gives back String octet by octet.
func (h Header) Field() []byte {
	value, spaces := h.format()
	const prefix = fieldName + ": "
	out := make([]byte, 0, len(prefix)+len(value)+len(value)/16+2)
	out = append(out, prefix...)
	column := len(prefix)
	for start := 0; start < len(value); column = 0 {
		end := foldAt(value, start, foldColumn-column, spaces)
		if start > 0 {
			out = append(out, '\r', '\n')
		}
		out = append(out, value[start:end]...)
		for len(spaces) > 0 && abs(spaces[0]) <= end {
			spaces = spaces[1:]
		}
		start = end
	}
	return append(out, '\r', '\n')
}

// foldAt gives the end of the line that starts at start and has room for so many
// octets: the space before the next result, else the last space between words,
// else the last one within a comment or a quoted-string, else the first there is.
func foldAt(s string, start, room int, spaces []int) int {
	end := 0
	for _, at := range spaces {
		if abs(at) > start+room {
			break
		}
		if at < 0 {
			return -at
		}
		end = at
	}
	if len(s)-start <= room {
		return len(s)
	}
	if end > 0 {
		return end
	}
	for i := start + 1; i < len(s) && (i <= start+room || end == 0); i++ {
		// Before another space a fold would leave a line of white space alone.
		if s[i] == ' ' && i+1 < len(s) && s[i+1] != ' ' {
			end = i
		}
	}
	if end == 0 {
		end = len(s)
	}
	return end
}

func abs(n int) int { return max(n, -n) }
