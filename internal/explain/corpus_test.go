package explain

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/testcorpus"
)

// classifiedFloor is how many of the corpus's 845 files are explained by more than
// their first digit: 737 when this was written. What is missing are auto-replies,
// complaints, mail that is no bounce, and notifications in other languages.
const classifiedFloor = 730

func TestCorpusOfBounces(t *testing.T) {
	root := testcorpus.Path(t, "reports/bounce")
	files, classified, kinds := 0, 0, make(map[Kind]int)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		r, err := Explain(raw)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		kinds[r.Kind]++
		if len(r.Failures) > 0 && r.Failures[0].Basis != ByClass {
			classified++
		}
		for _, f := range r.Failures {
			if f.Meaning.EN == "" || f.Meaning.JA == "" || f.Basis == "" {
				t.Errorf("%s: nothing is said of %q", path, f.Reply.String())
			}
		}
		if r.Summary("en") == "" || strings.Contains(r.Summary("ja"), "{") {
			t.Errorf("%s: summary %q", path, r.Summary("ja"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d classified: %v", files, classified, kinds)
	if classified < classifiedFloor {
		t.Errorf("%d of %d files are classified, fewer than %d", classified, files, classifiedFloor)
	}
}

// A sample, each with the reason why this and nothing else is right.
func TestCorpusSampleArgued(t *testing.T) {
	tests := []struct {
		file, why                 string
		kind                      Kind
		provider, phase, category string
		rule                      string
	}{
		{"sisimai-bsd/rhost-nttdocomo-02.eml", "Postfix: in reply to end of DATA, so docomo's filter and not a dead address", KindDSN, "docomo", "data", "filtered", "docomo-001"},
		{"sisimai-bsd/rhost-nttdocomo-01.eml", "sendmail's transcript has the refusal below >>> DATA, and no complaint about recipients follows", KindDSN, "docomo", "data", "filtered", "docomo-001"},
		{"sisimai-bsd/rhost-kddi-01.eml", "au's form without an address before it is the filter", KindDSN, "au_kddi", "data", "filtered", "au_kddi-001"},
		{"sisimai-bsd/rhost-kddi-02.eml", "below >>> DATA, but 'no valid recipients' follows: pipelined, RCPT TO was refused", KindDSN, "au_kddi", "rcpt-to", "userunknown", "au_kddi-002"},
		{"sisimai-bsd/rhost-google-03.eml", "Gmail names the hard fail of SPF among the three meanings of 5.7.26", KindDSN, "gmail", "data", "spf", "gmail-007"},
		{"sisimai-bsd/lhost-postfix-70.eml", "Gmail names the domain's DMARC policy", KindDSN, "gmail", "data", "dmarc", "gmail-008"},
		{"sisimai-bsd/rhost-google-06.eml", "Gmail asks for a PTR record, permanently", KindDSN, "gmail", "data", "ptr", "gmail-003"},
		{"sisimai-bsd/rhost-google-08.eml", "a second Subject field", KindDSN, "gmail", "data", "rfc5322", "gmail-043"},
		{"sisimai-bsd/rhost-google-05.eml", "out of storage space is a full mailbox", KindDSN, "gmail", "rcpt-to", "mailboxfull", "gmail-056"},
		{"sisimai-bsd/rhost-yahooinc-02.eml", "[TSS04] defers", KindDSN, "yahoo", "mail-from", "rate", "yahoo-001"},
		{"sisimai-bsd/rhost-microsoft-05.eml", "4.7.650 is a rate limit for reputation", KindDSN, "microsoft", "mail-from", "rate", "microsoft-023"},
		{"sisimai-bsd/rhost-microsoft-01.eml", "5.7.606 is within the range of banned addresses", KindDSN, "microsoft", "rcpt-to", "blocklist", "microsoft-017"},
		{"sisimai-bsd/rhost-apple-02.eml", "Apple quotes the domain's DMARC policy", KindDSN, "apple", "data", "dmarc", "apple-003"},
		{"sisimai-bsd/rhost-franceptt-01.eml", "OFR_416 is an invalid recipient", KindDSN, "orange", "rcpt-to", "userunknown", "orange-006"},
		{"sisimai-bsd/rfc3464-57.eml", "Gmail writes a whole sentence into Remote-MTA; the host in it is au's", KindDSN, "au_kddi", "", "filtered", "au_kddi-001"},
		{"sisimai-bsd/lhost-exim-03.eml", "Exim's words: after end of data; the text alone tells that the header is at fault", KindBounce, "", "data", "rfc5322", "generic-002"},
		{"sisimai-bsd/lhost-kddi-01.eml", "no code at all; 'mailbox is full' in the text", KindBounce, "", "", "mailboxfull", ""},
		{"sisimai-bsd/lhost-qmail-22.eml", "qmail's own form around Microsoft's 5.7.509", KindBounce, "microsoft", "data", "dmarc", "microsoft-013"},
		{"kumomta/1.eml", "RFC 3464's own example: a time-out", KindDSN, "", "", "network", "generic-001"},
		{"sisimai-bsd/lhost-postfix-15.eml", "no server answered: no reply, only X-Postfix words and 4.4.1", KindDSN, "", "", "network", ""},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			r, err := Explain(testcorpus.Read(t, "reports/bounce/"+tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Failures) == 0 {
				t.Fatalf("%s without failures", r.Kind)
			}
			f := r.Failures[0]
			rule := ""
			if f.Match.Rule != nil {
				rule = f.Match.Rule.ID
			}
			if r.Kind != tt.kind || f.Match.Provider != tt.provider || f.Phase != tt.phase || f.Category != tt.category || rule != tt.rule {
				t.Errorf("%s, provider %q, phase %q, %s, rule %q; %s", r.Kind, f.Match.Provider, f.Phase, f.Category, rule, tt.why)
			}
		})
	}
	for file, kind := range map[string]Kind{"sisimai-bsd/arf-01.eml": KindComplaint, "sisimai-not/is-not-bounce-01.eml": KindHeader, "sisimai-not/is-not-bounce-02.eml": KindHeader} {
		r, err := Explain(testcorpus.Read(t, "reports/bounce/"+file))
		if err != nil || r.Kind != kind || len(r.Failures) > 0 {
			t.Errorf("%s: %+v, %v", file, r, err)
		}
	}
}
