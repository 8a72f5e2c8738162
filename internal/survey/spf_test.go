package survey

import "testing"

func TestRegistrable(t *testing.T) {
	for name, want := range map[string]string{
		"_spf.mail.example.co.jp": "example.co.jp", "www999.sakura.ne.jp": "sakura.ne.jp", "spf.vendor.com": "vendor.com",
		"x.vendor.example": "vendor.example", "mail.corp.local": "", "com": "", "co.jp": "", "a.b.github.io": "github.io",
		"spf.vendor.con": "",
	} {
		if got := Registrable(name); got != want {
			t.Errorf("Registrable(%q) = %q, want %q", name, got, want)
		}
	}
}
