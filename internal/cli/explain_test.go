package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	p := newProgram(t, nil)
	reply := "550 5.7.25 The sending IP address doesn't have a PTR record. x1 - gsmtp"
	file := filepath.Join(t.TempDir(), "reply.txt")
	if err := os.WriteFile(file, []byte(reply), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := p.run("explain", reply).want(t, 0).out
	for name, r := range map[string]ran{
		"several arguments": p.run(append([]string{"explain"}, strings.Fields(reply)...)...),
		"a file":            p.run("explain", file),
		"standard input":    p.with(reply).run("explain", "-"),
	} {
		if r.want(t, 0).out != whole {
			t.Errorf("%s: %s", name, r.out)
		}
	}
	if ja := p.run("explain", "--lang", "ja", reply).want(t, 0).out; !strings.Contains(ja, "逆引き") {
		t.Errorf("Japanese: %s", ja)
	}

	var o struct {
		Kind     string `json:"kind"`
		Failures []struct {
			Rule         string   `json:"rule"`
			Class        string   `json:"class"`
			Requirements []string `json:"requirements"`
			Source       string   `json:"source"`
			Phase        *string  `json:"phase"`
			Tail         string   `json:"tail"`
		} `json:"failures"`
		Authentication []any `json:"authentication"`
		List           *any  `json:"list"`
	}
	if err := json.Unmarshal([]byte(p.run("explain", "--json", reply).want(t, 0).out), &o); err != nil {
		t.Fatal(err)
	}
	f := o.Failures[0]
	if o.Kind != "smtp-reply" || f.Rule != "gmail-003" || f.Class != "permanent" || f.Requirements[0] != "gmail-all-ptr" || f.Source == "" || f.Phase != nil || f.Tail != "x1 - gsmtp" || o.Authentication == nil {
		t.Errorf("%+v", o)
	}
}

func TestExplainBadInput(t *testing.T) {
	p := newProgram(t, nil)
	binary := filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(binary, []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]ran{
		"nothing":        p.run("explain"),
		"empty text":     p.run("explain", ""),
		"empty stdin":    p.run("explain", "-"),
		"binary":         p.run("explain", binary),
		"no such file":   p.run("explain", "no-such-file.eml"),
		"a folder":       p.run("explain", t.TempDir()),
		"nothing known":  p.run("explain", "hello", "world"),
		"as JSON":        p.run("explain", "--json", "hello"),
		"in Japanese":    p.run("explain", "--lang", "ja", "hello"),
		"only white":     p.with(" \n\n").run("explain", "-"),
		"an odd integer": p.run("explain", "42"),
	} {
		r.want(t, 2)
		lines := strings.Split(strings.TrimSpace(r.err), "\n")
		if r.out != "" || len(lines) != 2 || !strings.HasPrefix(lines[0], "todoku: ") {
			t.Errorf("%s: out %q, err %q", name, r.out, r.err)
		}
	}
}
