package authres

// Split cuts a value at its semicolons, those within comments and quoted strings
// left alone: the authserv-id with its version first, then each part as it was
// written, on one line, comments kept, empty parts left out. It is how a sealer
// takes over the results of its own domain into an ARC-Authentication-Results
// field (RFC 8617 section 4.1.1). It fails as [Parse] does.
func Split(value []byte) ([]string, error) {
	if _, err := Parse(value); err != nil {
		return nil, err
	}
	sc := &scanner{s: string(value)}
	var parts []string
	for start := 0; start <= len(sc.s); sc.pos++ {
		for sc.pos < len(sc.s) && sc.peek() != ';' && sc.err == nil {
			sc.skip()
			switch sc.peek() {
			case ';', 0:
			case '"':
				sc.readQuoted()
			default:
				sc.readRun()
			}
		}
		if sc.err != nil {
			return nil, sc.err
		}
		if part := cleanText(sc.s[start:sc.pos]); part != "" {
			parts = append(parts, part)
		}
		start = sc.pos + 1
	}
	return parts, nil
}
