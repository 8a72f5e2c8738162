package filter

import (
	"strings"
)

// Results is what was found of an incoming message, as Authentication-Results says it (without the name before it); "" of an outgoing one.
func (e *Event) Results() string {
	if e.Auth == nil {
		return ""
	}
	_, value := cutField(authenticationResults("x", e, e.Override))
	_, value, _ = strings.Cut(strings.Join(strings.Fields(value), " "), "; ")
	return value
}
