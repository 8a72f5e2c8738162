package authres

import "strings"

// Parse reads the value of an Authentication-Results field as real servers emit
// it: comments anywhere, no authserv-id, missing or unquoted values, stray words
// and empty parts between semicolons. What is read is bounded in size, number and
// depth. The error wraps [ErrSyntax] or [ErrLimit], and then the Header is empty:
// nothing of a field that cannot be read whole may be relied on.
func Parse(value []byte) (Header, error) {
	sc := &scanner{s: string(value[:min(len(value), maxValueSize+1)])}
	p := parser{scanner: sc}
	switch {
	case len(value) > maxValueSize:
		sc.fail(ErrLimit, "the value has %d octets, more than %d", len(value), maxValueSize)
	case strings.IndexByte(sc.s, 0) >= 0:
		sc.fail(ErrSyntax, "a NUL octet")
	default:
		p.parse()
	}
	if sc.err != nil {
		return Header{}, sc.err
	}
	return p.h, nil
}

type parser struct {
	*scanner
	h     Header
	props int
}

func (p *parser) parse() {
	p.skip()
	switch id, ok := p.readID(); {
	case ok:
		p.h.AuthServID = id
		p.skip()
		p.h.Version = p.readNumber()
		p.skipPart()
	case p.err == nil && p.pos == len(p.s):
		p.fail(ErrSyntax, "the value is empty")
	}
	for p.err == nil && p.pos < len(p.s) {
		if p.skip(); p.peek() == ';' {
			p.pos++
			continue
		}
		p.readResult()
		p.skipPart()
	}
}

// readID reads the authserv-id. There is none when the value starts with
// "method=", as Microsoft 365 writes it; the scanner is then still before it.
func (p *parser) readID() (string, bool) {
	start := p.pos
	if p.peek() == '"' {
		id, _ := p.readQuoted()
		return id, p.err == nil
	}
	for p.pos < len(p.s) && isRun(p.s[p.pos]) && p.s[p.pos] != '=' && p.s[p.pos] != '/' {
		p.pos++
	}
	id := p.s[start:p.pos]
	if id == "" {
		return "", false
	}
	mark := p.pos
	p.skip()
	if p.peek() == '/' { // example.org/1, the version as some write it
		p.pos++
		mark = p.pos
		p.skip()
		p.readNumber()
		p.skip()
	}
	if p.peek() == '=' {
		p.pos = start
		return "", false
	}
	p.pos = mark
	return id, true
}

// endsCFWS reports the last octet of white space or of a comment.
func endsCFWS(c byte) bool { return isSpace(c) || c == ')' }

// skipPart passes over whatever is left before the next semicolon.
func (p *parser) skipPart() {
	for p.err == nil && p.pos < len(p.s) {
		p.skip()
		switch p.peek() {
		case 0, ';':
			return
		case '"':
			p.readQuoted()
		default:
			p.readRun()
		}
	}
}

// readResult reads one resinfo. A part that is none, as "none" itself, is left
// to skipPart.
func (p *parser) readResult() {
	method := p.readWord()
	if method == "" {
		return
	}
	r := Result{Method: strings.ToLower(method)}
	p.skip()
	if p.peek() == '/' {
		p.pos++
		p.skip()
		r.MethodVersion = p.readNumber()
		p.skip()
	}
	if p.peek() != '=' {
		return
	}
	p.pos++
	p.skip()
	r.Value = strings.ToLower(p.readValue())
	p.comment = ""
	p.readProperties(&r)
	r.Comment = p.comment
	if len(p.h.Results) >= maxResults {
		p.fail(ErrLimit, "more than %d results", maxResults)
		return
	}
	p.h.Results = append(p.h.Results, r)
}

// readProperties reads reason= and the propspecs up to the next semicolon.
func (p *parser) readProperties(r *Result) {
	for p.err == nil {
		p.skip()
		if c := p.peek(); c == 0 || c == ';' {
			return
		}
		start := p.pos
		prop, ok := p.readName()
		if !ok {
			// A stray word; what follows it after a space is looked at afresh.
			if p.pos == start || !endsCFWS(p.s[p.pos-1]) {
				p.skipWord()
			}
			continue
		}
		prop.Value = p.readPropertyValue()
		if prop.Type == "" && prop.Name == "reason" {
			r.Reason = cleanText(prop.Value)
			continue
		}
		if p.props++; p.props > maxProperties {
			p.fail(ErrLimit, "more than %d properties", maxProperties)
			return
		}
		r.Props = append(r.Props, prop)
	}
}

// readName reads [ptype "."] property "=" with the CFWS that may stand between.
func (p *parser) readName() (prop Property, ok bool) {
	first := p.readWord()
	if first == "" {
		return prop, false
	}
	if p.skip(); p.peek() == '.' {
		p.pos++
		p.skip()
		prop.Type = strings.ToLower(first)
		start := p.pos
		for c := p.peek(); isWord(c) || c == '.'; c = p.peek() {
			p.pos++
		}
		first = p.s[start:p.pos]
		p.skip()
	}
	if first == "" || p.peek() != '=' {
		return prop, false
	}
	p.pos++
	prop.Name = strings.ToLower(first)
	return prop, true
}

// readPropertyValue reads a pvalue. With white space after the equals sign the
// value may be missing, and what follows the next property: "smtp.mailfrom=
// smtp.helo=example.com" has an empty mailfrom.
func (p *parser) readPropertyValue() string {
	if p.skip() && p.atProperty() {
		return ""
	}
	return p.readValue()
}

// atProperty looks ahead, a bounded way, for "ptype.property=" or "reason=".
func (p *parser) atProperty() bool {
	ahead := p.s[p.pos:min(p.pos+2*maxWrittenWord, len(p.s))]
	n := 0
	for n < len(ahead) && (isWord(ahead[n]) || ahead[n] == '.') {
		n++
	}
	if n == len(ahead) || ahead[n] != '=' {
		return false
	}
	name := ahead[:n]
	return strings.EqualFold(name, "reason") || strings.IndexByte(name, '.') > 0
}

// skipWord passes over one word that means nothing.
func (p *parser) skipWord() {
	switch p.peek() {
	case '"':
		p.readQuoted()
	default:
		p.readRun()
	}
}

// AuthServID reads only the authserv-id of a value, as leniently as any consumer
// might: without regard to what follows, a final dot dropped. ok is false when
// there is none. Use [Forged] to decide what to remove.
func AuthServID(value []byte) (id string, ok bool) {
	sc := &scanner{s: string(value)}
	p := parser{scanner: sc}
	p.skip()
	id, ok = p.readID()
	id = strings.TrimSuffix(strings.TrimSpace(id), ".")
	return id, ok && id != ""
}
