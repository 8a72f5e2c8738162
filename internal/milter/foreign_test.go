package milter

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"
)

// A client by other people, with replies and without.
func TestForeignClient(t *testing.T) {
	for name, tc := range map[string]struct {
		protocol foreign.OptProtocol
		actions  foreign.OptAction
	}{
		"replies":    {foreign.OptHeaderLeadingSpace, 0xff},
		"no replies": {0x1fffff, 0xff},
		"version 2":  {0x7f, 0x3f},
	} {
		t.Run(name, func(t *testing.T) {
			log := &record{}
			s := &Server{Options: every, Handler: func(c *Conn) Session {
				return &probe{log: log, conn: c, finish: func(m *Changes) {
					if err := m.InsertHeader(0, "X-Seen", " yes"); err != nil {
						t.Error(err)
					}
				}}
			}}
			l, _ := startServer(t, s, "tcp")
			fc := foreign.NewClientWithOptions("tcp", l.Addr().String(), foreign.ClientOptions{
				ActionMask: tc.actions, ProtocolMask: tc.protocol, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second})
			defer fc.Close()
			fs, err := fc.Session()
			if err != nil {
				t.Fatal(err)
			}
			must := func(a *foreign.Action, err error) {
				t.Helper()
				if err != nil || a.Code != foreign.ActContinue {
					t.Fatalf("%+v, %v", a, err)
				}
			}
			must(fs.Conn("client.example", foreign.FamilyInet, 25, "192.0.2.9"))
			must(fs.Helo("client.example"))
			for range 3 { // several messages on one connection
				if err := fs.Macros(foreign.CodeMail, "i", "Q1", "{auth_authen}", "bob"); err != nil {
					t.Fatal(err)
				}
				must(fs.Mail("a@x.example", []string{"SIZE=5"}))
				must(fs.Rcpt("b@x.example", nil))
				must(fs.HeaderField("Subject", " hello"))
				must(fs.HeaderEnd())
				mods, a, err := fs.BodyReadFrom(bytes.NewReader(bytes.Repeat([]byte("0123456789abcdef\r\n"), 20000)))
				if err != nil || a.Code != foreign.ActContinue || len(mods) != 1 || mods[0].HeaderName != "X-Seen" {
					t.Fatalf("%+v, %+v, %v", mods, a, err)
				}
			}
			if err := fs.Close(); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(log.String(), "eom 360000"); n != 3 || strings.Count(log.String(), "connect client.example 192.0.2.9 25") != 1 {
				t.Errorf("got\n%s", log)
			}
		})
	}
}

// Debian's miltertest, the tool that OpenDKIM and OpenDMARC are tested with.
func TestMiltertest(t *testing.T) {
	program, err := exec.LookPath("miltertest")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("miltertest is not installed")
		}
		t.Skip("TestMiltertest: miltertest is not installed")
	}
	log := &record{}
	s := &Server{Options: Options{Actions: AddHeaders | ChangeHeaders | Quarantine, Answered: OnRcpt}, Handler: func(c *Conn) Session {
		return &probe{log: log, conn: c,
			answer: func(e string) Reply {
				if strings.HasPrefix(e, "rcpt nobody@") {
					return Say(550, "5.1.1", "nobody here")
				}
				return Continue
			},
			finish: func(m *Changes) {
				_ = m.InsertHeader(0, "X-Seen", " yes")
				_ = m.DeleteHeader("X-Old", 1)
				_ = m.Quarantine("for a look")
			}}
	}}
	l, _ := startServer(t, s, "tcp")
	_, port, _ := net.SplitHostPort(l.Addr().String())
	out, err := exec.Command(program, "-D", "port="+port, "-s", "testdata/session.lua").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, log)
	}
	for _, want := range []string{"connect sender.example 192.0.2.7", "mail user@sender.example [] auth=carol", "header From: user@sender.example", "eom"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
	if n := strings.Count(log.String(), "eom"); n != 2 {
		t.Errorf("%d messages ended, want 2\n%s", n, log)
	}
}
