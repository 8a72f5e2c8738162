package e2e

import (
	"bufio"
	"bytes"
	"crypto"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// TestBatchOfTenThousand verifies 10,000 signed messages in one run: every one gets its line, in
// order, progress is shown, and memory does not grow with their number.
func TestBatchOfTenThousand(t *testing.T) {
	const count = 10_000
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	zone := dnstest.New(t, dns.MustMemory(dns.Zone{
		"s._domainkey.shop.example": {"TXT " + rec},
		"_dmarc.shop.example":       {"TXT v=DMARC1; p=reject"},
	}))
	small, large := filepath.Join(t.TempDir(), "small.mbox"), filepath.Join(t.TempDir(), "large.mbox")
	writeMbox(t, small, key, count/10)
	writeMbox(t, large, key, count)

	few := verifyBatch(t, zone.Addr(), small, count/10)
	many := verifyBatch(t, zone.Addr(), large, count)
	if many > few*2+64<<10 {
		t.Errorf("memory grows with the number of messages: %d KiB for %d, %d KiB for %d", few, count/10, many, count)
	}
}

func writeMbox(t *testing.T, name string, key crypto.Signer, count int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	body := strings.Repeat("The quick brown fox jumps over the lazy dog, and on it goes.\r\n", 32)
	for i := range count {
		raw := fmt.Sprintf("From: info@shop.example\r\nTo: a@b.example\r\nSubject: number %d\r\nDate: Sun, 22 Nov 2026 12:00:00 +0900\r\nMessage-ID: <%d@shop.example>\r\n\r\n%s", i, i, body)
		field, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{Domain: "shop.example", Selector: "s", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, "From info@shop.example Sun Nov 22 12:00:00 2026\n%s\n", strings.ReplaceAll(string(field)+raw, "\r\n", "\n"))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// verifyBatch returns the peak resident memory in KiB.
func verifyBatch(t *testing.T, resolver, mbox string, count int) int64 {
	t.Helper()
	cmd := exec.Command(binary, "verify", "--json", "--progress", "--resolver", resolver, mbox)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	// Read as it comes: what is kept here would count as the child's, which begins as a
	// copy of this process.
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	dec := json.NewDecoder(out)
	for dec.More() {
		var v struct {
			File  string
			DMARC struct{ Result string }
		}
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if v.DMARC.Result != "pass" {
			t.Fatalf("message %d (%s): dmarc %q", lines, v.File, v.DMARC.Result)
		}
		lines++
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("verify: %v\n%.2000s", err, errs.String())
	}
	if lines != count {
		t.Errorf("%d verdicts for %d messages", lines, count)
	}
	if !strings.Contains(errs.String(), "messages") {
		t.Errorf("no progress on stderr: %.300q", errs.String())
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	t.Logf("%d messages: %v of CPU, %d MiB at most", count, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), usage.Maxrss>>10)
	return usage.Maxrss
}
