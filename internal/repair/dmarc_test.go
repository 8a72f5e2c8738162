package repair

import (
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/dmarc"
)

func TestDMARC(t *testing.T) {
	for _, c := range []struct {
		texts   []string
		want    string
		dropped []string
	}{
		{[]string{"v=DMARC1; p=none"}, "v=DMARC1; p=none", nil},
		{[]string{"v=dmarc1; p=reject"}, "v=DMARC1; p=reject", nil},
		{[]string{"v=DMARC1 p=reject rua=mailto:a@example.com"}, "v=DMARC1; p=reject; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1, p=none, rua=mailto:a@example.com, mailto:b@example.com"}, "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.com", nil},
		{[]string{"p=quarantine; rua=mailto:a@example.com"}, "v=DMARC1; p=quarantine; rua=mailto:a@example.com", nil},
		{[]string{`"v=DMARC1\; p=none\; rua=mailto:a@example.com"`}, "v=DMARC1; p=none; rua=mailto:a@example.com", nil},
		{[]string{"“v=DMARC1； p=reject”"}, "v=DMARC1; p=reject", nil},
		{[]string{"v=DMARC1; p=rejct; rua=a@example.com"}, "v=DMARC1; p=reject; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1; p=quarentine"}, "v=DMARC1; p=quarantine", nil},
		{[]string{"v=DMARC1; p=reject; sp=rejct"}, "v=DMARC1; p=reject; sp=reject", nil},
		{[]string{"v=DMARC1; policy=reject"}, "v=DMARC1; p=reject", nil},
		{[]string{"v=DMARC1; p=allow"}, "v=DMARC1; p=none", []string{"p=allow"}},
		{[]string{"v=DMARC1; p=reject; pct=0"}, "v=DMARC1; p=reject; t=y", nil},
		{[]string{"v=DMARC1; p=reject; pct=50; ri=86400"}, "v=DMARC1; p=reject", []string{"pct=50", "ri=86400"}},
		{[]string{"v=DMARC1; p=none; fo=0:1:d:s; rua=mailto:a@example.com!10m"}, "v=DMARC1; p=none; fo=1:d:s; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1; p=none; rua=mailto:a@example.com;mailto:b@example.com"}, "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.com", nil},
		{[]string{"v=DMARC1; p=none; rua=mailt:ȺȺȺȺȺȺȺȺ@example.com"}, "v=DMARC1; p=none", []string{"rua=mailt:ȺȺȺȺȺȺȺȺ@example.com"}},
		{[]string{"v=DMARC1; p=none; rua=mailto:a@例え.example,b@例え.example!10m"}, "v=DMARC1; p=none; rua=mailto:a@xn--r8jz45g.example,mailto:b@xn--r8jz45g.example", nil},
		{[]string{"v=DMARC1; p=none; rua=mailto:a@example.com!10x"}, "v=DMARC1; p=none; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1; p=none; rau=mailto:a@example.com"}, "v=DMARC1; p=none; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1; p=none; rua=mailto: a@example.com; adkim=relaxed"}, "v=DMARC1; p=none; adkim=r; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1; p=none; rua=mailto://a@example.com, nobody"}, "v=DMARC1; p=none; rua=mailto:a@example.com", []string{"rua=nobody"}},
		{
			[]string{"v=DMARC1; p=none; rua=mailto:a@example.com", "v=DMARC1; p=reject; rua=mailto:b@example.net"},
			"v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.net", nil,
		},
		{nil, "v=DMARC1; p=none", nil},
		{[]string{"v=DMARC1; p=reject", "v=DMARC1; p=quarantine"}, "v=DMARC1; p=quarantine", nil},
		{[]string{"v=DMARC1; p=reject", "v=DMARC1; p=reject"}, "v=DMARC1; p=reject", nil},
		{[]string{"v=DMARC1; p=rejct; rua=mailto:a@example.com", "v=DMARC1; p=quarantine"}, "v=DMARC1; p=quarantine; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1; p=non", "v=DMARC1; p=quarantine"}, "v=DMARC1; p=quarantine", nil},
		{[]string{"v=DMARC1; p=reject; sp=rejct", "v=DMARC1; p=none"}, "v=DMARC1; p=none", nil},
		{[]string{"v=DMARC1; rua=mailto:a@example.com", "v=DMARC1; p=quarantine"}, "v=DMARC1; p=quarantine; rua=mailto:a@example.com", nil},
		{[]string{"v=DMARC1; p=rejct", "v=DMARC1; p=rejekt"}, "v=DMARC1; p=reject", nil},
		{[]string{"v=DMARC1; p=quarantine; sp=reject", "v=DMARC1; p=quarantine; sp=none"}, "v=DMARC1; p=quarantine; sp=none", nil},
		{[]string{"v=DMARC1; p=quarantine; sp=reject", "v=DMARC1; p=quarantine"}, "v=DMARC1; p=quarantine; sp=quarantine", nil},
		{[]string{"v=DMARC1; p=reject; np=reject", "v=DMARC1; p=reject; sp=none"}, "v=DMARC1; p=reject; sp=none; np=none", nil},
		{[]string{"v=DMARC1; p=reject; adkim=s; aspf=s", "v=DMARC1; p=reject; aspf=s; t=y"}, "v=DMARC1; p=reject; adkim=r; aspf=s; t=y", nil},
	} {
		got := DMARC(c.texts)
		if got.Text != c.want || !slices.Equal(got.Dropped, c.dropped) {
			t.Errorf("%q:\n got %q, dropped %q\nwant %q, dropped %q", c.texts, got.Text, got.Dropped, c.want, c.dropped)
		}
	}
}

// FuzzDMARC: whatever was published, the repair is a record without a problem, and
// the repair of the repair is itself.
func FuzzDMARC(f *testing.F) {
	for _, s := range []string{"v=DMARC1; p=none; rua=mailto:a@b.c", "p=reject", "v=DMARC1 p=x;;;=;rua=,;fo=:", "“ｖ＝DMARC1”"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		plan := DMARC([]string{a, b})
		r, ok := dmarc.Parse(plan.Text)
		if !ok || len(r.Problems) > 0 {
			t.Fatalf("%q + %q give %q: %v", a, b, plan.Text, r)
		}
		if _, _, _, ok := r.Usable(); !ok {
			t.Fatalf("%q is of no use", plan.Text)
		}
		if len(plan.Text) < maxDMARCText && !strings.Contains(plan.Text, "@") {
			if again := DMARC([]string{plan.Text}); again.Text != plan.Text {
				t.Fatalf("%q becomes %q", plan.Text, again.Text)
			}
		}
	})
}
