package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/warmup"
)

// TestMailServerLogs: Postfix, Sendmail and Exim deliver, are put off and are refused; what they wrote of it is understood alike.
func TestMailServerLogs(t *testing.T) {
	s := startSink(t)
	name := "define(`confDOMAIN_NAME', `mail.sender.example')dnl\nMAILER(`smtp')dnl\n"
	closed := freePort(t)
	sendmail, sendmailAddr := startSendmail(t, smartHost(s.addr)+name)
	sendmailAlone, sendmailAloneAddr := startSendmail(t, smartHost(closed)+name)
	_, eximAddr, eximLog := startExim(t, s.addr)
	_, eximAloneAddr, eximAloneLog := startExim(t, closed)
	hop := func(addr string) string {
		host, port, _ := strings.Cut(addr, ":")
		return "default_transport = smtp:[" + host + "]:" + port + "\n"
	}
	_, closedPort, _ := strings.Cut(closed, ":")
	own := runPostfix(t, hop(s.addr)+"transport_maps = inline:{ {alone@gmail.com = smtp:[127.0.0.1]:"+closedPort+"} }\n", "")
	none := func() string { return "" }
	bySMTP := func(addr string) func(to string) {
		return func(to string) {
			if err := mail(t, "", addr, "bounce@sender.example", to, fmt.Sprintf(letter, to, 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	byCommand := func(p *postfix) func(to string) {
		return func(to string) { p.send(t, "bounce@sender.example", to, fmt.Sprintf(letter, to, 1)) }
	}
	for _, c := range []struct {
		name        string
		send, alone func(to string)
		log, other  func() string
	}{
		{"Sendmail", bySMTP(sendmailAddr), bySMTP(sendmailAloneAddr), sendmail.log.String, sendmailAlone.log.String},
		{"Exim", bySMTP(eximAddr), bySMTP(eximAloneAddr), eximLog, eximAloneLog},
		{"Postfix", byCommand(own), byCommand(own), own.log, none},
	} {
		for _, to := range []string{"you@gmail.com", "full@gmail.com", "rate@gmail.com", "blocked@gmail.com", "later@example.net", "you@example.net"} {
			c.send(to)
		}
		c.alone("alone@gmail.com")
		want := map[string]string{
			"you@gmail.com": "delivered", "full@gmail.com": "failed 5.2.2 mailboxfull", "rate@gmail.com": "delayed 4.7.28 rate", "blocked@gmail.com": "failed 5.7.1 spam",
			"later@example.net": "delayed 4.7.1 greylist", "you@example.net": "delivered", "bounce@sender.example": "delivered", "alone@gmail.com": "delayed",
		}
		var got map[string]string
		deadline := time.Now().Add(30 * time.Second)
		for len(got) < len(want) && time.Now().Before(deadline) {
			time.Sleep(50 * time.Millisecond) // a file that others write gives no event
			got = becameOf(t, c.log()+c.other())
		}
		for to, w := range want {
			if g := got[to]; !strings.HasPrefix(g, w) {
				t.Errorf("%s: %s is %q, want %q", c.name, to, g, w)
			}
		}
		o := warmup.Outcomes([]byte(c.log()), time.Now())
		g := o["gmail"]
		if g.At = (time.Time{}); g != (warmup.Outcome{Delivered: 1, Deferred: 1, Refused: 1, Silence: 10 * time.Minute}) {
			t.Errorf("%s: of Gmail %+v", c.name, g)
		}
		if g := o[warmup.Everybody]; g.Delivered < 2 || g.Deferred+g.Refused > 0 {
			t.Errorf("%s: of others %+v", c.name, g)
		}
		if g := warmup.Outcomes([]byte(c.other()), time.Now()); len(g) > 0 {
			t.Errorf("%s: a next host that is away counts: %+v", c.name, g)
		}
		if t.Failed() {
			t.Logf("%s", c.log()+c.other())
		}
	}
}

// becameOf is what a log says became of mail, by recipient.
func becameOf(t *testing.T, log string) map[string]string {
	t.Helper()
	out := map[string]string{}
	r, err := explain.Explain([]byte(log))
	if err != nil {
		return out
	}
	for _, f := range r.Failures {
		if f.Action == "delivered" {
			out[f.Recipient] = "delivered"
			continue
		}
		status := ""
		if !f.Status.IsZero() {
			status = f.Status.String() + " "
		}
		out[f.Recipient] = strings.TrimSpace(f.Action + " " + status + f.Category)
	}
	return out
}

// log is what Postfix wrote so far.
func (p *postfix) log() string {
	b, _ := os.ReadFile(filepath.Join(filepath.Dir(p.conf), "log"))
	return string(b)
}

// TestLogsQuoteStrangers: what a stranger writes into the sender and the subject of a message stands in the logs of Postfix, Sendmail and Exim, and
// is no delivery.
func TestLogsQuoteStrangers(t *testing.T) {
	s := startSink(t)
	const (
		reply  = "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. 421 4.7.28 gsmtp"
		relay  = "gmail-smtp-in.l.google.com"
		atPost = "x/smtp[1]: 4XYZ: to=<a@gmail.com>, relay=" + relay + "[142.250.1.26]:25, dsn=4.7.28, status=deferred (host " + relay + "[142.250.1.26] said: " + reply + ")"
		atSend = "x: to=a@gmail.com, mailer=esmtp, relay=" + relay + ". [142.250.1.26], dsn=4.7.28, stat=Deferred: " + reply
		atExim = "1tFabc-0001Xy-2Y == a@gmail.com R=dnslookup T=remote_smtp defer (-45) H=" + relay + " [142.250.1.26]: SMTP error from remote mail server: " + reply
	)
	sendmail, sendmailAddr := startSendmail(t, smartHost(s.addr)+"define(`confDOMAIN_NAME', `mail.sender.example')dnl\nMAILER(`smtp')dnl\n")
	_, eximAddr, eximLog := startExim(t, s.addr)
	host, port, _ := strings.Cut(s.addr, ":")
	postfixAddr := freePort(t)
	own := runPostfix(t, "default_transport = smtp:["+host+"]:"+port+"\nmynetworks = 127.0.0.0/8\nsmtpd_relay_restrictions = permit_mynetworks, reject\nheader_checks = inline:{ {Subject: = INFO} }\n",
		postfixAddr+" inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n")
	for _, c := range []struct {
		name, addr, lie string
		log             func() string
		quotes          bool // Exim refuses so long a sender, and logs no subject
	}{{"Postfix", postfixAddr, atPost, own.log, true}, {"Sendmail", sendmailAddr, atSend, sendmail.log.String, true}, {"Exim", eximAddr, atExim, eximLog, false}} {
		for i, from := range []string{`"` + c.lie + `"@evil.example`, "bounce@evil.example"} {
			message := strings.Replace(fmt.Sprintf(letter, "you@example.net", i), "Subject: ", "Subject: "+c.lie+" ", 1)
			if err := submit(c.addr, from, "you@example.net", message); err != nil {
				t.Logf("%s refuses %s: %v", c.name, from, err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		poll(t, ctx, "the last one to be delivered", func() bool { return becameOf(t, c.log())["you@example.net"] == "delivered" }, c.log)
		cancel()
		if o := warmup.Outcomes([]byte(c.log()), time.Now()); o["gmail"] != (warmup.Outcome{}) || c.quotes && !strings.Contains(c.log(), "a@gmail.com") {
			t.Errorf("%s: of Gmail %+v\n%s", c.name, o["gmail"], c.log())
		}
	}
}
