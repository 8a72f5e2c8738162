package repair

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/spf"
)

func TestMendSPF(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"valid", "v=spf1 +mx A/24 include:_spf.google.com ip4:192.0.2.0/24 -ALL", "v=spf1 +mx A/24 include:_spf.google.com ip4:192.0.2.0/24 -ALL"},
		{"ipv4", "v=spf1 ipv4:192.0.2.1 ipv6:2001:db8::1 -all", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"},
		{"swapped letters", "v=spf1 inlcude:_spf.google.com ~all", "v=spf1 include:_spf.google.com ~all"},
		{"equals sign", "v=spf1 include=_spf.google.com ip4=192.0.2.1 ~all", "v=spf1 include:_spf.google.com ip4:192.0.2.1 ~all"},
		{"redirect with a colon", "v=spf1 redirect:_spf.example.com", "v=spf1 redirect=_spf.example.com"},
		{"semicolons", "v=spf1; a; mx; include:a.example; ~all;", "v=spf1 a mx include:a.example ~all"},
		{"commas", "v=spf1 ip4:192.0.2.1,ip4:192.0.2.2,~all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all"},
		{"host in ip4", "v=spf1 ip4:mail.example.com -all", "v=spf1 a:mail.example.com -all"},
		{"families mixed up", "v=spf1 ip4:2001:db8::1 ip6:192.0.2.1 -all", "v=spf1 ip6:2001:db8::1 ip4:192.0.2.1 -all"},
		{"address in include and a", "v=spf1 include:192.0.2.1 a:192.0.2.2 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"},
		{"glued version", "v=spf1include:_spf.google.com ~all", "v=spf1 include:_spf.google.com ~all"},
		{"glued terms", "v=spf1 include:a.exampleinclude:b.example~all", "v=spf1 include:a.example include:b.example ~all"},
		{"glued ip4", "v=spf1 ip4:192.0.2.1ip4:192.0.2.2 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"},
		{"glued -all", "v=spf1 a:mail.example.com-all", "v=spf1 a:mail.example.com -all"},
		{"al", "v=spf1 mx -al", "v=spf1 mx -all"},
		{"al without sign lets nobody in", "v=spf1 mx al", "v=spf1 mx ~all"},
		{"torn all", "v=spf1 mx ~ all", "v=spf1 mx ~all"},
		{"torn include", "v=spf1 include: _spf.google.com ip4: 192.0.2.1 ~all", "v=spf1 include:_spf.google.com ip4:192.0.2.1 ~all"},
		{"torn colon", "v=spf1 include :_spf.google.com ~all", "v=spf1 include:_spf.google.com ~all"},
		{"missing colon", "v=spf1 include _spf.google.com ip4 192.0.2.1 ~all", "v=spf1 include:_spf.google.com ip4:192.0.2.1 ~all"},
		{"bare addresses", "v=spf1 192.0.2.1 198.51.100.0/24 2001:db8::1 -all", "v=spf1 ip4:192.0.2.1 ip4:198.51.100.0/24 ip6:2001:db8::1 -all"},
		{"bare include", "v=spf1 _spf.google.com ~all", "v=spf1 include:_spf.google.com ~all"},
		{"bad length", "v=spf1 ip4:192.0.2.0/33 ip4:192.0.2.4/ ip4:198.51.100.0/024 -all", "v=spf1 ip4:192.0.2.0 ip4:192.0.2.4 ip4:198.51.100.0/24 -all"},
		{"netmask, range and star", "v=spf1 ip4:192.0.2.0/255.255.255.0 ip4:198.51.100.4-198.51.100.7 ip4:203.0.113.* -all", "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.4/30 ip4:203.0.113.0/24 -all"},
		{"leading zero", "v=spf1 ip4:192.0.2.010 -all", "v=spf1 ip4:192.0.2.10 -all"},
		{"port", "v=spf1 ip4:192.0.2.1:25 -all", "v=spf1 ip4:192.0.2.1 -all"},
		{"signs", "v=spf1 mx --all", "v=spf1 mx -all"},
		{"full-width", "ｖ＝ｓｐｆ１　ｉｎｃｌｕｄｅ：ｓｐｆ．ｓｅｎｄｅｒ．ｘｓｅｒｖｅｒ．ｊｐ　〜ａｌｌ", "v=spf1 include:spf.sender.xserver.jp ~all"},
		{"byte order mark", "\ufeffv=spf1 mx\u200b \u00a0-all", "v=spf1 mx -all"},
		{"curly quotes and a dash", "“v=spf1 mx –all”", "v=spf1 mx -all"},
		{"straight quotes", `"v=spf1 mx -all"`, "v=spf1 mx -all"},
		{"two records in one", "v=spf1 mx ~all v=spf1 include:a.example -all", "v=spf1 mx ~all include:a.example -all"},
		{"nobody can tell", "v=spf1 ip4:1.2.3 foo mail.example.com mx -all", "v=spf1 mx -all"},
		{"macros stay", "v=spf1 exists:%{i}._spf.%{d2} -all", "v=spf1 exists:%{i}._spf.%{d2} -all"},
		{"bad macro", "v=spf1 exists:%{z}.example.com mx -all", "v=spf1 mx -all"},
		{"unknown modifiers stay", "v=spf1 mx ra=postmaster x-note=1 -all", "v=spf1 mx ra=postmaster x-note=1 -all"},
		{"second redirect", "v=spf1 redirect=a.example redirect=b.example", "v=spf1 redirect=a.example"},
		{"spaces around the version", "v = spf1 mx -all", "v=spf1 mx -all"},
		{"no version sign", "spf1 mx -all", "v=spf1 mx -all"},
		{"missing 1", "v=spf mx -all", "v=spf1 mx -all"},
		{"empty value", "v=spf1 a: mx: -all", "v=spf1 a mx -all"},
		{"URL", "v=spf1 include:https://_spf.example.com/ ~all", "v=spf1 include:_spf.example.com ~all"},
		{"a dot too many", "v=spf1 include:_spf..example.com ~all", "v=spf1 include:_spf.example.com ~all"},
		{"IDN", "v=spf1 a:mail.例え.jp ~all", "v=spf1 a:mail.xn--r8jz45g.jp ~all"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := MendSPF(tt.in); got.Text != tt.want {
				t.Errorf("%q\n got %q\nwant %q (%q, dropped %q)", tt.in, got.Text, tt.want, got.Corrected, got.Dropped)
			}
		})
	}
	if m := MendSPF("v=spf1 " + strings.Repeat("ip4:1.2.3.1-254,", 1000)); len(m.Text) > maxSPFText {
		t.Errorf("ranges make a record of %d octets", len(m.Text))
	}
	long := "v=spf1 a:" + strings.Repeat("例", 20_000) + ".jp ~all" // longer than any label: not converted
	if m := MendSPF(long); strings.Contains(m.Text, "xn--") {
		t.Errorf("%.60q", m.Text)
	}
	if m := MendSPF("v=spf1 ip4:1.2.3 mx -all"); !slices.Equal(m.Dropped, []string{"ip4:1.2.3"}) {
		t.Errorf("dropped %q, want the term that cannot be read, by name", m.Dropped)
	}
}

func TestLooksLikeSPF(t *testing.T) {
	for text, want := range map[string]bool{
		"v=spf1 -all": true, "V=SPF1": true, "v=spf1include:a.example ~all": true, "\ufeffv=spf1 mx -all": true,
		"spf1 include:_spf.google.com ~all": true, "v=spf mx -all": true, "v=spf1;mx;-all": true, "“v=spf1 mx -all”": true,
		"spf2.0/pra mx -all": false, "google-site-verification=abc": false, "v=DKIM1; p=": false, "v=DMARC1; p=none": false,
		"spf-check=all": false, "": false, "MS=ms123": false, "spfantasy all": false, "v=spf10 all": false,
	} {
		if got := LooksLikeSPF(text); got != want {
			t.Errorf("LooksLikeSPF(%q) = %v", text, got)
		}
	}
}

func TestAggregate(t *testing.T) {
	var in []netip.Prefix
	for _, s := range []string{"192.0.2.128/25", "192.0.2.0/25", "192.0.2.7/32", "2001:db8::/33", "2001:db8:8000::/33", "198.51.100.1/32", "0.0.0.0/32"} {
		in = append(in, netip.MustParsePrefix(s))
	}
	var got []string
	for _, p := range aggregate(in) {
		got = append(got, p.String())
	}
	want := []string{"0.0.0.0/32", "192.0.2.0/24", "198.51.100.1/32", "2001:db8::/32"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// FuzzMendSPF: whatever comes in, a record comes out that parses and is not mended again.
func FuzzMendSPF(f *testing.F) {
	for _, s := range []string{"v=spf1 inlcude:a.example ip4:192.0.2.1/33 ~ all", "ｖ＝ｓｐｆ１ ｍｘ", "v=spf1 exists:%{i}.%{d} a,mx;-al", "spf2.0/pra ?all"} {
		f.Add(s)
		f.Add(strings.Repeat("Ⱥ", 120) + s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		LooksLikeSPF(text)
		m := MendSPF(text)
		if _, err := spf.Parse(m.Text); err != nil {
			t.Fatalf("%q became %q: %v", text, m.Text, err)
		}
		if again := MendSPF(m.Text); again.Text != m.Text {
			t.Fatalf("%q became %q and then %q", text, m.Text, again.Text)
		}
	})
}
