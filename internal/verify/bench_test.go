package verify

import (
	"io"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/render"
)

// BenchmarkMessage is one message through the whole product, its domains looked at and
// remembered, written as JSON.
func BenchmarkMessage(b *testing.B) {
	zone := dns.MustMemory(shopZone)
	i := NewInspector(nil)
	b.ReportAllocs()
	for b.Loop() {
		r := Message(b.Context(), zone, Request{Raw: []byte(mail), Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Inspector: i})
		if err := render.VerifyJSON(io.Discard, r, "en"); err != nil {
			b.Fatal(err)
		}
	}
}
