package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// submit sends one message through a mail server; the error is its refusal.
func submit(addr, from, to, message string) (err error) {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	defer func() {
		var refused *textproto.Error
		if errors.As(err, &refused) {
			err = fmt.Errorf("%d %s", refused.Code, refused.Msg)
		}
	}()
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(strings.ReplaceAll(message, "\n", "\r\n"))); err != nil {
		return err
	}
	return w.Close()
}

// todoku runs a command of the program under test to its end.
func todoku(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(binary, append([]string{"--lang", "en"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// startPaced runs a Postfix that sends to a sink, with our milter in serve and a plan of 50 a day for Gmail. It gives the port of
// the Postfix.
func startPaced(t *testing.T, s *sink, more ...string) (smtpAddr, database string, p *program) {
	t.Helper()
	need(t, "/usr/sbin/postfix")
	dir := t.TempDir()
	database = filepath.Join(dir, "t.db")
	args := append([]string{"serve", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--hostname", "mx.test.example", "--database", database, "--milter", "inet:0@127.0.0.1", "--milter-authserv-id", "mx.test.example",
		"--resolver", "127.0.0.1:1", "--milter-mail-log", filepath.Join(dir, "mail.log"), "--milter-outgoing-address", "192.0.2.25", "--milter-pace-first-header", "X-Kind: transactional"}, more...)
	log := filepath.Join(dir, "mail.log") // one of before, which is rotated once it is followed
	write(t, log, "Nov 26 12:00:00 mx postfix/qmgr[9]: the log of before\n")
	p = run(t, "Milter: tcp:", args...)
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	poll(t, ctx, "the log to be followed", func() bool { read, err := st.LogRead(ctx, "192.0.2.25 "+log); return err == nil && read }, p.log.String)
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	todoku(t, "warmup", "plan", "192.0.2.25", "gmail", "--table", "generic", "--database", database)
	smtpAddr = freePort(t)
	host, port, _ := strings.Cut(s.addr, ":")
	_, own, _ := strings.Cut(smtpAddr, ":")
	mta := runPostfix(t, "smtpd_milters = inet:"+p.addr(t)+"\n"+postfixMilter+"default_transport = smtp:["+host+"]:"+port+"\nmynetworks = 127.0.0.0/8\nsmtpd_relay_restrictions = permit_mynetworks, reject\n",
		"127.0.0.1:"+own+" inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n")
	if err := os.Symlink(filepath.Join(filepath.Dir(mta.conf), "log"), log); err != nil {
		t.Fatal(err)
	}
	return smtpAddr, database, p
}

// TestPlanHoldsBehindPostfix: a real Postfix sends what the plan of the day allows, and not one more; what goes first may use it all.
func TestPlanHoldsBehindPostfix(t *testing.T) {
	// A plan counts by days of UTC: what begins shortly before midnight waits for the new day.
	if left := time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)); left < 2*time.Minute {
		<-time.After(left + time.Second)
	}
	s := startSink(t)
	addr, database, p := startPaced(t, s)
	send := func(n int, to, header string) (went int, last error) {
		t.Helper()
		for i := range n {
			err := submit(addr, "me@sender.example", to, fmt.Sprintf("From: me@sender.example\n%sSubject: %d\n\nHello.\n", header, i))
			if err == nil {
				went++
			} else if last = err; !strings.HasPrefix(err.Error(), "451 4.7.0") {
				t.Fatal(err)
			}
		}
		return went, last
	}
	went, err := send(60, "a@gmail.com", "")
	if went != 40 || err == nil || !strings.Contains(err.Error(), "Paced by the warm-up of 192.0.2.25: what is left of the share for Gmail (Google) is kept for mail that goes first; room is expected at") {
		t.Errorf("%d went: %v", went, err)
	}
	went, err = send(15, "b@googlemail.com", "X-Kind: transactional\n")
	if went != 10 || err == nil || !strings.Contains(err.Error(), "today's share for Gmail (Google) is used up") {
		t.Errorf("%d went first: %v", went, err)
	}
	if went, err := send(5, "c@elsewhere.example", ""); went != 5 {
		t.Errorf("%d went to others: %v", went, err)
	}
	gmail := 0
	for range 55 {
		if d := s.next(t, p.log.String); !strings.Contains(d.to[0], "elsewhere") {
			gmail++
		}
	}
	if gmail != 50 {
		t.Errorf("%d came to Gmail", gmail)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	why := ""
	poll(t, ctx, "what became of the mail", func() bool {
		out, _ := exec.Command(binary, "milter", "why", "b@googlemail.com", "--database", database, "--lang", "en", "--limit", "100").Output()
		why = string(out)
		return strings.Count(why, "outgoing, queue ID") == 15
	}, func() string { return why })
	if strings.Count(why, "It was accepted.") != 10 || strings.Count(why, "It was put off (451): its warm-up plan had no room.\n  from <me@sender.example> to b@googlemail.com") != 5 {
		t.Error(why)
	}
	if out := todoku(t, "milter", "why", "sender.example", "--database", database, "--limit", "1", "--lang", "ja"); !strings.Contains(out, "キュー ID") {
		t.Error(out)
	}
	if out := todoku(t, "warmup", "status", "--database", database); !strings.Contains(out, "50") {
		t.Error(out)
	}
}

// TestMailLogIsFollowed: what Postfix writes into its log comes into the plan by itself.
func TestMailLogIsFollowed(t *testing.T) {
	s := startSink(t)
	addr, database, p := startPaced(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for range 3 {
		if err := submit(addr, "me@sender.example", "a@gmail.com", "From: me@sender.example\n\nHello.\n"); err != nil {
			t.Fatal(err)
		}
		s.next(t, p.log.String)
	}
	status := ""
	poll(t, ctx, "deliveries in the plan", func() bool {
		status = todoku(t, "warmup", "status", "--database", database)
		return strings.Contains(status, "the log: 3 delivered")
	}, func() string { return status })
}
