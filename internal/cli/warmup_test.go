package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

func TestWarmup(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	now := []string{"--at", "2026-11-06T12:00:00Z"}
	run := func(args ...string) ran { return p.run(append(append([]string{"warmup"}, args...), now...)...) }
	if r := run("status").want(t, 0); !strings.Contains(r.out, "no plans") {
		t.Error(r.out)
	}
	if r := run("plan", "192.0.2.1", "gmail", "--target", "1000", "--by", "2026-11-15").want(t, 0); !strings.Contains(r.out, "2026-11-06        50") || !strings.Contains(r.out, "2026-11-15      1000") || !strings.Contains(r.out, "2026-11-16  no bound") {
		t.Errorf("%q", r.out)
	}
	run("plan", "192.0.2.1", "*", "--table", "generic").want(t, 0)
	log := filepath.Join(t.TempDir(), "mail.log")
	if err := os.WriteFile(log, []byte("Nov  6 12:00:00 mx postfix/smtp[1]: A1: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 OK gsmtp)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run("read-log", "192.0.2.1", log).want(t, 0); !strings.Contains(r.err, ": 1 delivery\n") {
		t.Error(r.err)
	}
	if r := run("hold", "192.0.2.1", "gmail").want(t, 0); r.out != "192.0.2.1 to Gmail (Google) stays at 50 messages a day until --release.\n" {
		t.Errorf("%q", r.out)
	}
	if r := run("hold", "192.0.2.1", "gmail", "--reason", "complaints").want(t, 0); !strings.HasSuffix(r.out, "until --release. Reason: complaints\n") {
		t.Errorf("%q", r.out)
	}
	if r := run("plan", "192.0.2.1", "gmail").want(t, 0); !strings.HasSuffix(r.out, "0 of 50 sent today.\n192.0.2.1 to Gmail (Google) stays at 50 messages a day until --release. Reason: complaints\n") {
		t.Errorf("%q", r.out)
	}
	if r := run("status").want(t, 0); !strings.Contains(r.out, "day 1 of 10; 0 of 50") || !strings.Contains(r.out, "1 delivered") || !strings.Contains(r.out, "held: complaints") || !strings.Contains(r.out, "all other providers") {
		t.Error(r.out)
	}
	if r := run("status", "--lang", "ja").want(t, 0); !strings.Contains(r.out, "据え置き中") {
		t.Error(r.out)
	}
	v := run("status", "--json").want(t, 0).json(t)
	if at(t, v, "warmups", 1, "provider") != "gmail" || at(t, v, "warmups", 1, "allowed") != 50.0 || at(t, v, "warmups", 1, "today", "delivered") != 1.0 || at(t, v, "warmups", 1, "held") != true {
		t.Errorf("%v", v)
	}
	if r := run("hold", "192.0.2.1", "gmail", "--release").want(t, 0); r.out != "192.0.2.1 to Gmail (Google) goes on: 0 of 50 messages sent today; if all goes well it allows 1000 messages a day on 2026-11-15.\n" {
		t.Errorf("%q", r.out)
	}
	if v := run("hold", "192.0.2.1", "gmail", "--json").want(t, 0).json(t); at(t, v, "held") != true || at(t, v, "allowed") != 50.0 {
		t.Errorf("%v", v)
	}
	if r := run("end", "192.0.2.1", "gmail").want(t, 0); r.out != "The plan of 192.0.2.1 to Gmail (Google) has ended: the plan for all other providers counts there now.\n" {
		t.Errorf("%q", r.out)
	}
	if r := run("end", "192.0.2.1", "*", "--lang", "ja").want(t, 0); !strings.Contains(r.out, "送信量の制限はなくなります") {
		t.Errorf("%q", r.out)
	}
	if r := run("plan", "192.0.2.1", "apple", "--table", "sendgrid").want(t, 0); !strings.Contains(r.out, "2026-11-06       480  20 an hour\n") {
		t.Errorf("%q", r.out)
	}
	if r := run("status").want(t, 0); !strings.Contains(r.out, "at most 20 in each hour") {
		t.Errorf("%q", r.out)
	}
	run("plan", "192.0.2.1", "yahoo", "--table", "generic").want(t, 0)
	if v := run("end", "192.0.2.1", "yahoo", "--json").want(t, 0).json(t); at(t, v, "bound_by") != nil || at(t, v, "provider") != "yahoo" {
		t.Errorf("%v", v)
	}
	if r := run("plan", "192.0.2.1", "yahoo", "--target", "500", "--by", "2026-11-05").want(t, 2); !strings.Contains(r.err, "--by: The date is from 2026-11-06 (today, in UTC)") {
		t.Errorf("%q", r.err)
	}
	if r := run("read-log", "192.0.2.77", log).want(t, 0); !strings.Contains(r.err, "192.0.2.77 has no plan: nothing was counted") {
		t.Errorf("%q", r.err)
	}
	run("read-log", "192.0.2.1", t.TempDir()).want(t, 3)
	for _, args := range []string{"end 192.0.2.1 gmail", "hold 192.0.2.1 gmail", "plan 192.0.2.1 gmail", "read-log 192.0.2.1 /nonexistent/log"} {
		run(strings.Fields(args)...).want(t, 3)
	}
	for _, args := range []string{
		"plan", "plan x gmail", "plan 192.0.2.1 nobody", "plan 192.0.2.1 gmail --table x", "plan 192.0.2.1 gmail --target 5", "plan 192.0.2.1 gmail --table ses --target 5", "plan 192.0.2.1 gmail --target 5 --by soon",
		"plan 192.0.2.1 gmail --target 1000000 --days 3", "plan 192.0.2.1 gmail --days 3", "status x", "hold x", "hold 192.0.2.1 gmail --release --reason x", "end", "read-log 192.0.2.1", "read-log x y",
	} {
		run(strings.Fields(args)...).want(t, 2)
	}
}
