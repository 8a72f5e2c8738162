package caller

import "net/http"

// Harden sets what browsers must know of every answer: what it may load (policy, a Content-Security-Policy), that its type is
// what it says, and that no other site may open, embed, follow or index it.
func Harden(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}
