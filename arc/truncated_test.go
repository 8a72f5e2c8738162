package arc_test

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/message"
)

// Attack 9: a chain over fields that may not be the last of their names is not validated.
func TestAttack09FieldBeyondTheLimit(t *testing.T) {
	w := newWorld(zone())
	m := message.Parse([]byte(plainMessage))
	set, err := arc.Seal(m, options("lists.example.org", rsa2048(), arc.Verdict{Result: arc.None}))
	if err != nil {
		t.Fatal(err)
	}
	sealed := string(set) + plainMessage
	if v := arc.Verify(t.Context(), w, message.Parse([]byte(sealed)), arc.Options{}); v.Result != arc.Pass {
		t.Fatalf("untouched: %+v", v)
	}
	many := "\r\n" + strings.Repeat("X: y\r\n", message.MaxFields) + "\r\n"
	v := arc.Verify(t.Context(), w, message.Parse([]byte(strings.Replace(sealed, "\r\n\r\n", many, 1))), arc.Options{})
	if v.Result != arc.Fail || v.OldestPass != -1 || !strings.Contains(v.Reason, "more fields") {
		t.Errorf("truncated: %+v", v)
	}
}
