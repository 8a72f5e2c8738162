package inbox

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/store"
)

func tlsLeaf(c *tls.Config) (*x509.Certificate, error) {
	return x509.ParseCertificate(c.Certificates[0].Certificate[0])
}

// Case 36, SMTP smuggling (CVE-2023-51764, -51765, -51766): only CRLF.CRLF ends
// DATA; everything that looks nearly like it is kept as it came.
func TestAttack36OnlyCRLFDotCRLFEndsData(t *testing.T) {
	smuggled := "MAIL FROM:<evil@sender.example>\r\nRCPT TO:<victim@inbox.example>\r\nDATA\r\nFrom: evil\r\n\r\nsmuggled\r\n"
	for _, end := range []string{
		"\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\n.\r", "\r.\n", "\r\r.\r\r", "\n\n.\n\n", "\r\n\x00.\r\n", "\r\n.\x00\r\n", "\r\n.\r\r\n",
	} {
		t.Run(fmt.Sprintf("%q", end), func(t *testing.T) {
			r := start(t, nil)
			c := dial(t, r.addr)
			c.toData(r.to())
			raw := "Subject: x\r\n\r\nbody" + end + smuggled
			c.send(raw + ".\r\n")
			c.expect("250 2.0.0 Message")
			c.cmd("NOOP", "250 2.0.0 OK") // and nothing was answered in between
			got := r.messages(t)
			if len(got) != 1 {
				t.Fatalf("%d messages came of one", len(got))
			}
			// RFC 5321 section 4.5.2: the first dot of a line goes, a line being what
			// begins after CRLF.
			want := strings.ReplaceAll(raw, "\r\n.", "\r\n")
			if string(got[0].Evidence.Message) != want {
				t.Errorf("stored %q\nwant   %q", got[0].Evidence.Message, want)
			}
		})
	}
}

// Case 9: header bombs are kept and judged later; here they must only cost what
// they weigh.
func TestAttack09HeaderBombs(t *testing.T) {
	r := start(t, nil)
	for name, raw := range map[string]string{
		"20,000 fields":   strings.Repeat("X-Bomb: x\r\n", 20_000) + "\r\n",
		"1 MB field":      "X-Bomb: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"10,000 From":     strings.Repeat("From: a@b.example\r\n", 10_000) + "\r\n",
		"100,000 folds":   "X-Bomb: x\r\n" + strings.Repeat(" x\r\n", 100_000) + "\r\n",
		"no header":       "\r\n",
		"empty message":   "",
		"one dotted line": "..\r\n",
	} {
		c := dial(t, r.addr)
		c.toData(r.to())
		c.send(raw)
		c.cmd(".", "250")
		all := r.messages(t)
		if got := all[len(all)-1].Evidence.Message; string(got) != strings.ReplaceAll(raw, "..", ".") {
			t.Errorf("%s: %d octets came back as %d", name, len(raw), len(got))
		}
	}
}

// Case 11: bodies with odd lines and octets are kept as they came.
func TestAttack11OddBodies(t *testing.T) {
	r := start(t, nil)
	for name, body := range map[string]string{
		"1 M empty lines": strings.Repeat("\r\n", 1_000_000),
		"8 MB spaces":     strings.Repeat(" ", 8<<20) + "\r\n",
		"5 MB line":       strings.Repeat("x", 5<<20) + "\r\n",
		"bare LF":         strings.Repeat("\n", 1000) + "\r\n",
		"bare CR":         strings.Repeat("\r", 1000) + "\r\n",
		"CR CR LF":        strings.Repeat("\r\r\n", 1000),
		"NUL":             strings.Repeat("\x00", 1000) + "\r\n",
	} {
		c := dial(t, r.addr)
		c.toData(r.to())
		c.send(body)
		c.cmd(".", "250")
		all := r.messages(t)
		if got := all[len(all)-1].Evidence.Message; string(got) != body {
			t.Errorf("%s: %d octets came back as %d", name, len(body), len(got))
		}
	}
}

// A line of 100 MB is refused with a reply, not by closing, and in the memory of
// one message; one that fits is taken.
func TestAttackHundredMegabyteLine(t *testing.T) {
	r := start(t, func(c *Config) { c.MaxSize = 10 << 20 })
	c := dial(t, r.addr)
	piece := strings.Repeat("x", 1<<20)
	before := held()
	for _, try := range []struct {
		megabytes int
		want      string
	}{{100, "552 5.3.4"}, {9, "250 2.0.0"}} {
		c.toData(r.to())
		for range try.megabytes {
			c.send(piece)
		}
		if more := held() - before; more > 40<<20 {
			t.Errorf("%d MB are held of a line of %d MB", more>>20, try.megabytes)
		}
		c.cmd("\r\n.", try.want)
	}
}

// held is how many octets are in use by the whole process, without what nobody refers to any more.
func held() int64 {
	runtime.GC()
	runtime.GC() // the first leaves what pools keep
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAttackEndlessData(t *testing.T) {
	r := start(t, func(c *Config) { c.MaxSize = 1000 })
	c := dial(t, r.addr)
	c.toData(r.to())
	piece := strings.Repeat("x", 1<<20)
	var err error
	sent := 0
	for ; err == nil && sent < 1000; sent++ {
		_, err = io.WriteString(c.conn, piece)
	}
	if err == nil {
		t.Fatalf("%d MB were read to the end", sent)
	}
	f := awaitAndGet(t, r)
	if f.Session.Outcome != "too-large" || !strings.Contains(said(f.Session), "server: 552 5.3.4") {
		t.Errorf("outcome %q\n%s", f.Session.Outcome, said(f.Session))
	}
}

func awaitAndGet(t *testing.T, r *receiver) store.FailedSession {
	t.Helper()
	awaitSession(t, r)
	return r.session(t)
}

// CVE-2011-0411: what a man in the middle puts behind STARTTLS must not be taken
// for a part of the protected conversation.
func TestAttackCommandsBehindSTARTTLS(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	c.send("STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@sender.example>\r\n")
	c.expect("220")
	s := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	if err := s.Handshake(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(s, "NOOP\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	replies, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(replies); !strings.HasPrefix(got, "250 2.0.0 OK\r\n503 5.5.1 ") || strings.Count(got, "\r\n") != 3 {
		t.Errorf("replies inside TLS: %q", got)
	}
	f := r.session(t)
	if !strings.Contains(said(f.Session), "note: 52 octets came after STARTTLS before the handshake") || strings.Contains(said(f.Session), "evil") {
		t.Errorf("transcript:\n%s", said(f.Session))
	}
}

// A client that sends octet after octet, each in time, must not hold its place for ever.
func TestAttackSlowLoris(t *testing.T) {
	for name, begin := range map[string]func(*client, *receiver){
		"in a command": func(*client, *receiver) {},
		"in DATA":      func(c *client, r *receiver) { c.toData(r.to()) },
		"in TLS": func(c *client, _ *receiver) {
			c.cmd("EHLO x", "250")
			c.cmd("STARTTLS", "220")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, func(c *Config) { c.ReadTimeout = 200 * time.Millisecond })
			c := dial(t, r.addr)
			begin(c, r)
			ended := make(chan struct{})
			go func() { // a drop each 20 ms, for as long as the server takes it
				defer close(ended)
				for {
					if _, err := io.WriteString(c.conn, "\x16"); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			if name != "in TLS" {
				c.expect("421 4.4.2")
			}
			<-ended
			if f := awaitAndGet(t, r); name != "in TLS" && f.Session.Outcome != "timeout" || name == "in TLS" && f.Session.Outcome != "tls-error" {
				t.Errorf("outcome %q: %s", f.Session.Outcome, f.Session.Detail)
			}
		})
	}
}

func TestAttackSilence(t *testing.T) {
	r := start(t, func(c *Config) { c.ReadTimeout = 100 * time.Millisecond })
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	c.expect("421 4.4.2")
	c.expectEnd()
	if f := awaitAndGet(t, r); f.Session.Outcome != "timeout" || !strings.Contains(f.Session.Detail, "fell silent after EHLO") {
		t.Errorf("%q: %s", f.Session.Outcome, f.Session.Detail)
	}
}

// A client that never reads its replies must not block its session for ever.
func TestAttackClientThatNeverReads(t *testing.T) {
	r := start(t, func(c *Config) { c.WriteTimeout, c.ReadTimeout = 100*time.Millisecond, 5*time.Second })
	c := dial(t, r.addr)
	flood := strings.Repeat("NOOP\r\nHELP\r\n", 10_000)
	var err error
	for range 1000 {
		if _, err = io.WriteString(c.conn, flood); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("120 MB of commands were taken without their replies being read")
	}
}

func TestAttackSessionWithoutEnd(t *testing.T) {
	r := start(t, func(c *Config) { c.SessionTimeout = 300 * time.Millisecond })
	c := dial(t, r.addr)
	var reply string
	for reply = "250"; strings.HasPrefix(reply, "250"); time.Sleep(5 * time.Millisecond) {
		c.send("NOOP\r\n")
		var err error
		if reply, err = c.reply(); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(reply, "421 4.4.2") {
		t.Errorf("reply %q", reply)
	}
}

func TestAttackCommandFloods(t *testing.T) {
	for name, c := range map[string]struct {
		line   string
		before string
		least  int // commands that must be answered
		most   int
	}{
		"unknown commands":   {"XYZZY", "", 5, 20},
		"empty lines":        {"", "", 5, 20},
		"NOOP without mail":  {"NOOP", "", 500, 1100},
		"long lines":         {strings.Repeat("x", 10_000), "", 5, 20},
		"guessed recipients": {"RCPT TO:<guess@inbox.example>", "MAIL FROM:<>", 10, 30},
		"NUL":                {"\x00\x00\x00\x00", "", 5, 20},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, nil)
			conn := dial(t, r.addr)
			if c.before != "" {
				conn.cmd("EHLO x", "250")
				conn.cmd(c.before, "250")
			}
			n := 0
			for ; n < 2*c.most; n++ {
				conn.send(c.line + "\r\n")
				reply, err := conn.reply()
				if err != nil {
					t.Fatalf("closed without a word after %d: %v", n, err)
				}
				if strings.HasPrefix(reply, "421 4.7.0") {
					break
				}
				if n == maxErrors+1 && c.most < 30 {
					conn.expect("421 4.7.0")
					break
				}
				if n == maxRefused+1 && c.before != "" {
					conn.expect("421 4.7.0")
					break
				}
			}
			if n < c.least || n > c.most {
				t.Errorf("the session ended after %d commands, want %d to %d", n, c.least, c.most)
			}
			conn.expectEnd()
		})
	}
}

func TestAttackLineWithoutEnd(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.addr)
	piece := strings.Repeat("x", 1<<20)
	var err error
	for n := 0; n < 200 && err == nil; n++ {
		_, err = io.WriteString(c.conn, piece)
	}
	if err == nil {
		t.Fatal("200 MB of one command line were read")
	}
	if f := awaitAndGet(t, r); f.Session.Outcome != "refused" || len(said(f.Session)) > 2000 {
		t.Errorf("%q, %d octets of transcript", f.Session.Outcome, len(said(f.Session)))
	}
}

func TestAttackHugeRecipientList(t *testing.T) {
	r := start(t, func(c *Config) { c.MaxRecipients = 2 })
	for i := range 3 {
		if _, err := r.store.NewMailbox(ctx, store.Mailbox{Token: fmt.Sprint("box", i)}); err != nil {
			t.Fatal(err)
		}
	}
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	c.cmd("MAIL FROM:<>", "250")
	c.cmd("RCPT TO:<box0@inbox.example>", "250")
	c.cmd("RCPT TO:<box1@inbox.example>", "250")
	for range maxRefused {
		c.cmd("RCPT TO:<box2@inbox.example>", "452 4.5.3")
	}
	c.cmd("RCPT TO:<box2@inbox.example>", "452 4.5.3")
	c.expect("421 4.7.0")
	c.expectEnd()
}

// The transcript is bounded whatever is said, and always readable.
func TestAttackTranscriptBomb(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	for range 700 {
		c.cmd("NOOP \x01\xff\u202e"+strings.Repeat("y", 900), "250")
	}
	c.toDataAfterHello(r.to())
	c.cmd("a\r\n.", "250")
	s := r.messages(t)[0].Evidence.Session
	text := said(s)
	if len(s.Transcript) > maxLines+1 || len(text) > 3*maxOctets {
		t.Errorf("%d lines, %d octets", len(s.Transcript), len(text))
	}
	if !strings.Contains(text, "client: MAIL FROM") || !strings.Contains(text, "server: 250 2.0.0 Message accepted") {
		t.Errorf("the transaction itself is left out:\n%s", text[len(text)-2000:])
	}
	if !strings.Contains(text, " more lines are left out\n") {
		t.Error("nothing says that lines were left out")
	}
	if strings.ContainsAny(text, "\x01\u202e") || !utf8.ValidString(text) || !strings.Contains(text, `\x01\xff\u{202e}`) {
		t.Error("the transcript holds octets that cannot be shown")
	}
}

func (c *client) toDataAfterHello(recipient string) {
	c.tb.Helper()
	c.cmd("MAIL FROM:<a@sender.example>", "250")
	c.cmd("RCPT TO:<"+recipient+">", "250")
	c.cmd("DATA", "354")
}

// All messages in flight share one bound of memory.
func TestAttackMemoryOfManyMessages(t *testing.T) {
	r := start(t, func(c *Config) { c.MaxInFlight = 1 << 20 })
	big := dial(t, r.addr)
	big.toData(r.to())
	big.send(strings.Repeat("x", 500_000)) // its memory is taken and not yet given back
	small := dial(t, r.addr)
	small.cmd("EHLO x", "250")
	for deadline := time.Now().Add(10 * time.Second); ; {
		small.toDataAfterHello(r.to())
		small.send(strings.Repeat("y", 600_000) + "\r\n.\r\n")
		reply, err := small.reply()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(reply, "452 4.3.2") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("reply %q while another message takes the memory", reply)
		}
	}
	big.cmd("\r\n.", "250")
	small.toDataAfterHello(r.to()) // and now there is room again
	small.cmd(strings.Repeat("y", 300_000)+"\r\n.", "250")
}

func TestBudgetIsGivenBack(t *testing.T) {
	const all = 1 << 20
	budget := &budget{left: all}
	for _, size := range []int{0, 1, 5000, 400_000, 2 << 20} {
		b := &body{max: 1 << 20, budget: budget}
		for n := 0; n < size; n += 1000 {
			if err := b.room(1000); err != nil {
				break
			}
			b.octets = append(b.octets, bytes.Repeat([]byte{'x'}, 1000)...)
		}
		if budget.left == all && size > 0 {
			t.Errorf("%d octets cost nothing", size)
		}
		b.free()
		b.free()
		if budget.left != all {
			t.Fatalf("after %d octets %d of %d are left", size, budget.left, all)
		}
	}
	b := &body{max: 10 << 20, budget: budget}
	if err := b.room(2 << 20); !errors.Is(err, errNoMemory) {
		t.Errorf("error %v", err)
	}
}

// A store that fails is answered with "later", and the message may be sent again.
func TestStoreErrors(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.addr)
	c.toData(r.to())
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	c.cmd("a\r\n.", "451 4.3.0")
	c.cmd("MAIL FROM:<>", "250")
	c.cmd("RCPT TO:<"+r.to()+">", "451 4.3.0")
	c.cmd("QUIT", "221")
}

func TestRefusalsOfTheStore(t *testing.T) {
	for want, err := range map[string]error{
		"452 4.3.1": fmt.Errorf("storing: %w", store.ErrFull), "451 4.3.0": errors.New("any"), "452 4.3.2": errNoMemory, "552 5.3.4": errTooLarge,
	} {
		if got := refusalOf(err, 1).String(); !strings.HasPrefix(got, want) {
			t.Errorf("%v: %q, want %s", err, got, want)
		}
	}
}
