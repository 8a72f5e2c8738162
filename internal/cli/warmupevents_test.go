package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

const sesEvents = `{"eventType":"Delivery","mail":{"timestamp":"2026-11-06T11:59:58.012Z","messageId":"1","source":"b@shop.example","destination":["a@gmail.com"]},"delivery":{"timestamp":"2026-11-06T12:00:00.100Z","recipients":["a@workspace.example"],"smtpResponse":"250 OK"}}
{"notificationType":"Complaint","mail":{"timestamp":"2026-11-06T11:59:58.012Z","messageId":"1","source":"b@shop.example","destination":["a@gmail.com"]},"complaint":{"timestamp":"2026-11-06T12:00:00.100Z","feedbackId":"1","complainedRecipients":[{"emailAddress":"a@gmail.com"}]}}
{"hello":"world"}
`

func TestWarmupEvents(t *testing.T) {
	p := withKeys(t, dns.Zone{"workspace.example": {"MX 1 smtp.google.com"}})
	file := filepath.Join(t.TempDir(), "events.json")
	if err := os.WriteFile(file, []byte(sesEvents), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) ran {
		return p.run(append(append([]string{"warmup"}, args...), "--at", "2026-11-06T12:00:00Z")...)
	}
	run("plan", "192.0.2.1", "gmail", "--table", "generic").want(t, 0)
	if r := run("events", "--source", "192.0.2.1", "--count-volume", file).want(t, 0); !strings.Contains(r.out, "2 events (0 more were known, 0 too old): 1 delivered, 0 put off and 0 refused") || !strings.Contains(r.out, "1 complaint\n") || !strings.Contains(r.err, "1 entry is no event of") {
		t.Errorf("%q %q", r.out, r.err)
	}
	if v := run("events", "--source", "192.0.2.1", "--json", file).want(t, 0).json(t); at(t, v, "events") != 0.0 || at(t, v, "repeated") != 2.0 {
		t.Errorf("%v", v)
	}
	if v := run("status", "--json", "--no-blocklists").want(t, 0).json(t); at(t, v, "warmups", 0, "today", "delivered") != 1.0 || at(t, v, "volume", 0, "complaints") != 1.0 || at(t, v, "volume", 0, "complaints_of") != 1.0 {
		t.Errorf("%v", v)
	}
	bounce := filepath.Join(t.TempDir(), "bounce.json")
	if err := os.WriteFile(bounce, []byte(`{"eventType":"Bounce","mail":{"timestamp":"2026-11-06T11:50:00.000Z","messageId":"b1","source":"a@shop.example","destination":["z@gmail.com"]},"bounce":{"timestamp":"2026-11-06T11:55:01.000Z","bounceType":"Permanent","bounceSubType":"General","feedbackId":"f1","bouncedRecipients":[{"emailAddress":"z@gmail.com","status":"5.7.1","diagnosticCode":"smtp; 550 5.7.1 Gmail has detected that this message is likely unsolicited mail."}]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run("events", bounce).want(t, 0); !strings.Contains(r.out, "0 events") || !strings.Contains(r.err, "1 refusal or delay names no source address, and no plan heard of it") {
		t.Errorf("%q %q", r.out, r.err)
	}
	if r := run("events", "--source", "192.0.2.1", bounce).want(t, 0); !strings.Contains(r.out, "1 event (0 more were known") || !strings.Contains(r.out, "1 refused") || r.err != "" {
		t.Errorf("%q %q", r.out, r.err)
	}
	if v := run("status", "--json", "--no-blocklists").want(t, 0).json(t); at(t, v, "warmups", 0, "today", "refused") != 1.0 {
		t.Errorf("%v", v)
	}
	run("events").want(t, 2)
	run("events", "--source", "x", file).want(t, 2)
	run("events", "/nonexistent/file").want(t, 3)
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(sesEvents, `"messageId":"1"`, `"messageId":"2"`)+"nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run("events", file).want(t, 3); !strings.Contains(r.out, "2 events") || !strings.Contains(r.err, "at octet") {
		t.Errorf("%q %q", r.out, r.err)
	}
}

// TestServeSESFlags: what is wrong with them is said before anything listens.
func TestServeSESFlags(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	for _, args := range []string{"--ses-topic nonsense", "--ses-topic arn:aws:sns:us-east-1:123456789012:t --ses-source x", "--ses-source 192.0.2.1", "--ses-count-volume"} {
		if r := p.run(append([]string{"serve"}, strings.Fields(args)...)...).want(t, 2); !strings.Contains(r.err, "ses-") {
			t.Errorf("%s: %q", args, r.err)
		}
	}
}
