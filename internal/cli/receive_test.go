package cli

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/inbox"
	"github.com/todoku/todoku/internal/store"
)

// TestReceive: what the command tells a mail server, and where it takes the envelope from.
func TestReceive(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, t.TempDir()+"/todoku.db")
	if err != nil {
		t.Fatal(err)
	}
	s, err := inbox.New(inbox.Config{Hostname: "mx.inbox.example", Domains: []string{"inbox.example"}, Store: st, LMTP: true, MaxSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(serving, l, time.Second) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		st.Close()
	}()
	box, err := st.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		t.Fatal(err)
	}
	to, at := box.Token+"@inbox.example", l.Addr().String()
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		code int
		want string // client, HELO, MAIL FROM
	}{
		{"by flags", []string{"--ip", "192.0.2.7", "--helo", "mail.example", "-f", "a@b.example", "--", "<" + to + ">"}, nil, 0, "192.0.2.7 mail.example a@b.example"},
		{"by the environment", nil, map[string]string{"CLIENT_ADDRESS": "2001:db8::7", "CLIENT_HELO": "mail.example", "SENDER": "a@b.example", "RECIPIENT": to}, 0, "2001:db8::7 mail.example a@b.example"},
		{"flags go before it", []string{"--ip", "192.0.2.7", "-f", "", to}, map[string]string{"CLIENT_ADDRESS": "192.0.2.8", "SENDER": "a@b.example", "RECIPIENT": "x@y.example"}, 0, "192.0.2.7  "},
		{"nobody knows who sent it", []string{to}, nil, 0, "invalid IP  "},
		{"no recipient", nil, nil, exitUsage, ""},
		{"an address that is none", []string{"--ip", "nonsense", to}, nil, exitUsage, ""},
		{"an unknown flag", []string{"--colour", to}, nil, exitUsage, ""},
		{"no such address", []string{"nobody@inbox.example"}, nil, exitNoUser, ""},
		{"not ours", []string{"a@example.com"}, nil, exitUnavailable, ""},
		{"no server", []string{"--server", "127.0.0.1:1", to}, nil, exitTempFail, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := messagesOf(t, st, box.Token)
			p := newProgram(t, nil).with("Subject: x\n\nx\n")
			for k, v := range c.env {
				p.env[k] = v
			}
			p.run(append([]string{"receive", "--server", at}, c.args...)...).want(t, c.code)
			after := messagesOf(t, st, box.Token)
			if c.want == "" {
				if len(after) != len(before) {
					t.Error("a message was taken")
				}
				return
			}
			if len(after) != len(before)+1 {
				t.Fatal("no message was taken")
			}
			m, err := st.Message(ctx, after[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			e := m.Evidence.Session
			if got := ipText(e.RemoteIP) + " " + e.HELO + " " + e.MailFrom; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	big := newProgram(t, nil).with("Subject: x\n\n" + string(make([]byte, 2000)))
	big.run("receive", "--server", at, to).want(t, exitUnavailable)
}

func ipText(ip netip.Addr) string { return ip.String() }

func messagesOf(t *testing.T, st *store.Store, token string) []store.Message {
	t.Helper()
	list, err := st.MessagesFor(context.Background(), token, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
