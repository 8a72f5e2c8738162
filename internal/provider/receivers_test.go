package provider

import "testing"

// TestReceiverOf: a domain is that of the first provider that has it, or one above it, however it is written.
func TestReceiverOf(t *testing.T) {
	slow := func(domain string) string {
		for _, r := range replies().receivers {
			if within(domain, r.domains) {
				return r.id
			}
		}
		return ""
	}
	names := []string{"", ".", "com", "example.com", "gmail.com.", "GMail.Com", "a.b.gmail.com", ".gmail.com", "..gmail.com", "xgmail.com", "gmail.com..", "gmail.com.example"}
	for _, r := range replies().receivers {
		for _, d := range r.domains {
			names = append(names, d, "mail."+d, "x"+d)
		}
	}
	for _, name := range names {
		if got, want := ReceiverOf(name), slow(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if ReceiverOf("gmail.com") != "gmail" {
		t.Error(ReceiverOf("gmail.com"))
	}
}
