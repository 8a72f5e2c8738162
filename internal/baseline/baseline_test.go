package baseline

import (
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/said"
)

func TestBaseline(t *testing.T) {
	b, err := Read(strings.NewReader(`
[[accept]]
id = "ptr.missing"
subject = "192.0.2.1"
reason = "the provider sets it next week"
until = 2026-12-31

[[accept]]
id = "dmarc.policy-none"
reason = "we are watching"
until = "2026-11-01"
`))
	if err != nil {
		t.Fatal(err)
	}
	fs := []catalogue.Finding{
		{ID: "ptr.missing", Subject: "192.0.2.1", Status: catalogue.Fail},
		{ID: "ptr.missing", Subject: "192.0.2.2", Status: catalogue.Fail},
		{ID: "dmarc.policy-none", Subject: "example.com", Status: catalogue.Info},
	}
	b.Apply(fs, time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC))
	if fs[0].Accepted == nil || fs[0].Accepted.Reason != "the provider sets it next week" || fs[0].Status != catalogue.Fail {
		t.Errorf("on its last day an entry holds: %+v", fs[0])
	}
	if fs[1].Accepted != nil {
		t.Error("another subject is accepted")
	}
	if fs[2].Accepted != nil {
		t.Error("an entry holds after its last day")
	}
	b.Apply(fs, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
}

// TestBadFiles: a mistake in a baseline must not accept anything in silence.
func TestBadFiles(t *testing.T) {
	for text, want := range map[string]string{
		"accept = 1":                       "write [[accept]] tables",
		"[[acept]]\nid=1":                  "acept",
		"[[accept]]\nid = \"ptr.missing\"": "no reason",
		"[[accept]]\nid = \"ptr.mising\"\nreason = \"x\"":                            "no finding",
		"[[accept]]\nreason = \"x\"":                                                 "no id",
		"[[accept]]\nid = \"ptr.missing\"\nreason = \"x\"\nuntil = \"soon\"":         "until",
		"[[accept]]\nid = \"ptr.missing\"\nreason = \"x\"\nexpires = \"2026-01-01\"": `"expires": an entry has id, reason, subject and until`,
		"[[accept": "baseline",
	} {
		_, err := Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
			continue
		}
		if ja := said.Japanese(err); ja == err.Error() || strings.Contains(ja, "baseline") {
			t.Errorf("%q: %q in Japanese", text, ja)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("[[accept]]\nid = \"ptr.missing\"\nreason = \"x\"\nuntil = 2026-12-31")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, e := range b.Entries {
			if e.ID == "" || e.Reason == "" {
				t.Fatalf("%q gives %+v", text, e)
			}
		}
	})
}
