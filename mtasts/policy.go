package mtasts

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/wire"
)

// Bounds of a policy. RFC 8461 section 3.2 sets that of max_age, and section 3.3
// suggests that of the file.
const (
	// MaxMaxAge is the most that max_age can be, in seconds: about a year.
	MaxMaxAge = 31_557_600
	// MaxPolicy is how many octets of a policy file are read.
	MaxPolicy = 64 << 10
	// MaxLines is how many lines of a policy file are read.
	MaxLines = 2000
)

const policyVersion = "STSv1"

// Policy is a parsed policy file (RFC 8461 section 3.2).
type Policy struct {
	Mode Mode `json:"mode"` // "" where absent or invalid
	// MX are the valid patterns in order, in lower case: "mx.example.com", "*.example.net".
	MX []string `json:"mx"`
	// MaxAge in seconds: how long a sender may keep the policy.
	MaxAge uint32 `json:"max_age"`
	// Fields are all lines that are fields, in order, as written.
	Fields   []Field   `json:"fields"`
	Problems []Problem `json:"problems"`
}

// ParsePolicy reads a policy file. It always gives a policy; Valid says whether it
// counts.
func ParsePolicy(file []byte) *Policy {
	p := &policyParser{policy: &Policy{}, seen: make(map[string]bool)}
	text := string(file[:min(len(file), MaxPolicy)])
	if rest, ok := strings.CutPrefix(text, "\ufeff"); ok {
		p.problem(ByteOrderMark, "", "")
		text = rest
	}
	for text != "" {
		if p.line == MaxLines {
			p.problem(TooManyFields, "", "")
			break
		}
		var line string
		line, text, _ = strings.Cut(text, "\n")
		p.line++
		p.readLine(strings.TrimSuffix(line, "\r"))
	}
	p.line = 0
	p.finish()
	return p.policy
}

type policyParser struct {
	policy *Policy
	line   int
	seen   map[string]bool
}

func (p *policyParser) readLine(line string) {
	if strings.Contains(line, "\r") {
		p.problem(BareCR, "", clip(line))
		return
	}
	line = strings.TrimRight(line, " \t")
	if line == "" {
		p.problem(BlankLine, "", "")
		return
	}
	name, value, ok := strings.Cut(line, ":")
	value = strings.TrimLeft(value, " \t")
	if !ok || !wire.IsExtName(name) || !isPolicyValue(value) {
		p.problem(Syntax, "", clip(line))
		return
	}
	p.policy.Fields = append(p.policy.Fields, Field{name, value})
	if p.seen[name] && name != "mx" {
		p.problem(DuplicateField, name, clip(value))
		return
	}
	p.seen[name] = true
	p.take(name, value)
}

func (p *policyParser) take(name, value string) {
	switch name {
	case "version":
		if value != policyVersion {
			p.problem(InvalidVersion, name, clip(value))
		}
	case "mode":
		switch m := Mode(value); m {
		case Enforce, Testing, NoMode:
			p.policy.Mode = m
		default:
			p.problem(InvalidMode, name, clip(value))
		}
	case "mx":
		if !wire.IsHostName(strings.TrimPrefix(value, "*.")) {
			p.problem(InvalidMX, name, clip(value))
			return
		}
		p.policy.MX = append(p.policy.MX, strings.ToLower(value))
	case "max_age":
		p.takeMaxAge(value)
	default:
		switch strings.ToLower(name) {
		case "version", "mode", "mx", "max_age", "max-age", "maxage":
			p.problem(FieldCase, name, clip(value))
		default:
			p.problem(UnknownField, name, clip(value))
		}
	}
}

func (p *policyParser) takeMaxAge(value string) {
	v, err := strconv.ParseUint(value, 10, 64)
	switch {
	case err != nil || len(value) > 10: // 1*10(DIGIT)
		p.problem(InvalidMaxAge, "max_age", clip(value))
	case v > MaxMaxAge:
		p.problem(MaxAgeTooLarge, "max_age", value)
	default:
		p.policy.MaxAge = uint32(v)
	}
}

// finish names what is missing.
func (p *policyParser) finish() {
	if !p.seen["version"] {
		p.problem(MissingVersion, "", "")
	}
	if !p.seen["mode"] {
		p.problem(MissingMode, "", "")
	}
	if !p.seen["max_age"] {
		p.problem(MissingMaxAge, "", "")
	}
	// "mode: none" needs no mx (RFC 8461 section 3.2).
	if !p.seen["mx"] && (p.policy.Mode == Enforce || p.policy.Mode == Testing) {
		p.problem(MissingMX, "", "")
	}
}

func (p *policyParser) problem(id, name, value string) {
	p.policy.Problems = append(p.policy.Problems, Problem{ID: id, Name: name, Value: value, Line: p.line})
}

// Valid reports whether senders will use the policy.
func (p *Policy) Valid() bool { return valid(p.Problems) }

// Match gives the first pattern that host, an MX host name in any case, matches
// (RFC 8461 section 4.1). A wildcard stands for exactly one label, the leftmost.
func (p *Policy) Match(host string) (pattern string, ok bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" {
		return "", false
	}
	for _, pattern := range p.MX {
		if suffix, wild := strings.CutPrefix(pattern, "*."); wild {
			label, rest, found := strings.Cut(host, ".")
			if found && label != "" && rest == suffix {
				return pattern, true
			}
		} else if pattern == host {
			return pattern, true
		}
	}
	return "", false
}

// String writes a policy file from Mode, MX and MaxAge, each line ended by CRLF.
func (p *Policy) String() string {
	var b strings.Builder
	b.WriteString("version: " + policyVersion + "\r\nmode: " + string(p.Mode) + "\r\n")
	for _, mx := range p.MX {
		b.WriteString("mx: " + mx + "\r\n")
	}
	b.WriteString("max_age: " + strconv.FormatUint(uint64(p.MaxAge), 10) + "\r\n")
	return b.String()
}

// isPolicyValue: sts-policy-ext-value, which covers the values of the other fields:
// visible ASCII and UTF-8 beyond it, inner spaces.
func isPolicyValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == 0x7f {
			return false
		}
	}
	return s != "" && utf8.ValidString(s)
}

// clip shortens what a problem quotes.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most]
}
