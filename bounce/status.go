package bounce

import "strconv"

// Status is an enhanced mail system status code (RFC 3463 section 2):
// class "." subject "." detail. The zero value is none.
type Status struct{ Class, Subject, Detail int }

// Class says whether it makes sense to try again (RFC 3463 section 3.1, RFC 5321 section 4.2.1).
type Class int

const (
	// Unknown: neither code says.
	Unknown Class = 0
	// Success: accepted.
	Success Class = 2
	// Intermediate: the server waits for more (3yz, only in basic codes).
	Intermediate Class = 3
	// Temporary: the same message may be accepted later.
	Temporary Class = 4
	// Permanent: the same message will be refused again.
	Permanent Class = 5
)

// ParseStatus reads a status code that is the whole of s, as "5.7.26".
func ParseStatus(s string) (Status, bool) {
	st, n := scanStatus(s)
	return st, n > 0 && n == len(s)
}

// scanStatus reads a status code at the start of s and gives its length, 0 where there is none.
func scanStatus(s string) (Status, int) {
	if len(s) < 5 || s[0] != '2' && s[0] != '4' && s[0] != '5' || s[1] != '.' {
		return Status{}, 0
	}
	subject, n := scanNumber(s[2:])
	if n == 0 || 2+n >= len(s) || s[2+n] != '.' {
		return Status{}, 0
	}
	detail, m := scanNumber(s[3+n:])
	if m == 0 {
		return Status{}, 0
	}
	end := 3 + n + m
	// An IP address or a version goes on with another dot and digit.
	if end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
		return Status{}, 0
	}
	return Status{int(s[0] - '0'), subject, detail}, end
}

// scanNumber reads one to three digits (RFC 3463 section 2) that no further digit follows.
func scanNumber(s string) (value, length int) {
	for length < len(s) && isDigit(s[length]) {
		if length == 3 {
			return 0, 0
		}
		value = value*10 + int(s[length]-'0')
		length++
	}
	return value, length
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// IsZero reports that there is no code.
func (s Status) IsZero() bool { return s.Class == 0 }

// String gives the code as it is written, "" for none.
func (s Status) String() string {
	if s.IsZero() {
		return ""
	}
	return strconv.Itoa(s.Class) + "." + strconv.Itoa(s.Subject) + "." + strconv.Itoa(s.Detail)
}
