package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/message"
)

// posted is a message as a mail server tells a milter of it.
type posted struct {
	ip, helo, from, raw string
}

// answered is what a milter made of it.
type answered struct {
	raw  string
	code foreign.ActionCode
	smtp int
}

// tell passes a message through the milter at a socket, and makes the changes that it asks for.
func tell(t *testing.T, socket string, m posted) answered {
	t.Helper()
	return tellAs(t, socket, m, nil, "you@here.example")
}

// tellAs is tell with macros at MAIL, beside the queue ID, and recipients.
func tellAs(t *testing.T, socket string, m posted, macros []string, rcpts ...string) answered {
	t.Helper()
	network, addr, _ := strings.Cut(socket, ":")
	c := foreign.NewClientWithOptions(network, addr, foreign.ClientOptions{ActionMask: 0x1ff, ProtocolMask: 0x1fffff &^ foreign.OptSkip, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second})
	defer c.Close()
	s, err := c.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var early *foreign.Action
	must := func(a *foreign.Action, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if early == nil && a != nil && a.Code != foreign.ActContinue && a.Code != foreign.ActSkip {
			early = a
		}
	}
	if err := s.Macros(foreign.CodeConn, "j", "mx.here.example"); err != nil {
		t.Fatal(err)
	}
	must(s.Conn("client.example", foreign.FamilyInet, 25, m.ip))
	must(s.Helo(m.helo))
	if err := s.Macros(foreign.CodeMail, append([]string{"i", "QUEUEID"}, macros...)...); err != nil {
		t.Fatal(err)
	}
	steps := []func(){
		func() { must(s.Mail(m.from, nil)) },
	}
	for _, to := range rcpts {
		steps = append(steps, func() { must(s.Rcpt(to, nil)) })
	}
	lead := s.ProtocolOption(foreign.OptHeaderLeadingSpace)
	parsed := message.Parse([]byte(m.raw))
	for _, f := range parsed.Fields {
		steps = append(steps, func() {
			v := strings.TrimSuffix(strings.ReplaceAll(string(f.Value()), "\r\n", "\n"), "\n")
			if !lead {
				v = strings.TrimPrefix(v, " ")
			}
			must(s.HeaderField(f.Name(), v))
		})
	}
	steps = append(steps, func() { must(s.HeaderEnd()) })
	if len(parsed.Body) > 0 {
		steps = append(steps, func() { must(s.BodyChunk(parsed.Body)) })
	}
	for _, step := range steps {
		if step(); early != nil {
			return answered{m.raw, early.Code, early.SMTPCode}
		}
	}
	mods, a, err := s.End()
	if err != nil {
		t.Fatal(err)
	}
	return answered{changed(parsed, mods, lead), a.Code, a.SMTPCode}
}

// changed makes changes to a message.
func changed(m *message.Message, mods []foreign.ModifyAction, lead bool) string {
	var fields []string
	for _, f := range m.Fields {
		fields = append(fields, string(f.Raw))
	}
	space := " "
	if lead {
		space = ""
	}
	for _, c := range mods {
		field := c.HeaderName + ":" + space + strings.ReplaceAll(c.HeaderValue, "\n", "\r\n") + "\r\n"
		switch c.Code {
		case foreign.ActInsertHeader:
			fields = slices.Insert(fields, min(int(c.HeaderIndex), len(fields)), field)
		case foreign.ActAddHeader:
			fields = append(fields, field)
		case foreign.ActChangeHeader:
			n := 0
			for i, f := range fields {
				if mf := message.NewField([]byte(f)); mf.Is(c.HeaderName) {
					if n++; n == int(c.HeaderIndex) {
						fields = slices.Delete(fields, i, i+1)
						break
					}
				}
			}
		}
	}
	return strings.Join(fields, "") + "\r\n" + string(m.Body)
}

// peer starts a milter of another program with a configuration, and gives its socket. Before the program stand words that run
// it elsewhere.
func peer(t *testing.T, dir, program, conf string, before ...string) (socket string) {
	t.Helper()
	file := filepath.Join(dir, filepath.Base(program)+".conf")
	write(t, file, conf)
	args := append(before, program, "-f")
	if strings.HasSuffix(program, "opendkim") {
		args = append(args, "-x", file)
	} else {
		args = append(args, "-c", file)
	}
	log := &syncBuffer{}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	t.Cleanup(func() { // it has nothing to lose, and takes seconds to end in order
		cmd.Process.Kill()
		<-exited
	})
	for line := range strings.Lines(conf) {
		if rest, ok := strings.CutPrefix(line, "Socket local:"); ok {
			socket = "unix:" + strings.TrimSpace(rest)
		}
	}
	path := strings.TrimPrefix(socket, "unix:")
	poll(t, t.Context(), program, func() bool {
		select {
		case <-exited:
			t.Fatalf("%s ended: %s\n%s", program, log, conf)
		default:
		}
		c, err := net.Dial("unix", path) // its file is there before it listens
		if err == nil {
			c.Close()
		}
		return err == nil
	}, log.String)
	return socket
}

// shortDir is a directory whose sockets have names that are short enough, and that other users can reach.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "todoku-peer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// likeness is a message with so many oddities that a signature over it says something.
func likeness(from string, n int) string {
	odd := []string{
		"Subject: hello\r\n", "Subject: one\r\n\ttwo\r\n  three  \r\n", "Subject:\r\n", "X-Odd:no space\r\nSubject: x \t\r\nCc: a@b.example\r\n",
		"Subject: list\r\nList-Id: <l.example>\r\nList-Unsubscribe: <https://l.example/u>\r\nReply-To: r@l.example\r\nIn-Reply-To: <1@x.example>\r\nReferences: <1@x.example>\r\n",
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nSubject: \xe5\xb1\x8a\xe3\x81\x8f\r\n",
		"Received: from a (a [192.0.2.1])\r\n\tby b; Thu, 26 Nov 2026 12:00:00 +0000\r\nComments: one\r\nKeywords: two\r\nSender: s@x.example\r\nSubject: r\r\n",
	}
	body := []string{"Hello.\r\n", "", "trailing  space \t\r\n\r\nand  more\r\n\r\n\r\n", "one\r\n\r\n\r\n", strings.Repeat("0123456789\r\n", 3000)}
	return "From: " + from + "\r\nTo: you@here.example\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <" + strconv.Itoa(n) + "@x.example>\r\n" +
		odd[n%len(odd)] + "\r\n" + body[n%len(body)]
}

func (a answered) String() string { return fmt.Sprintf("%c %d\n%.1500s", a.code, a.smtp, a.raw) }
