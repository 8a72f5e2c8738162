package milter

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// benchPostfixSign reports what signing costs a message more than a milter that does nothing and asks for no reply, beyond one
// bare RSA operation. What one costs is seen here, too, in a milter that does nothing else (see serveBare): Postfix's own
// processes share the processors. Beside it: what any milter, even that which does nothing, costs Postfix. They all take turns,
// and the median of the differences counts. One difference tells little, for Postfix waits for the disk: the runs are short and
// many; of one session, a message each.
func benchPostfixSign(b *testing.B, sessions, messages, runs int) {
	benchPostfixSigner(b, sessions, messages, runs, with(b, "postfix-sign", "tcp", "--trusted-network", "127.0.0.0/8", "--key", key("rsa")))
}

func benchPostfixSigner(b *testing.B, sessions, messages, runs int, signing *process) {
	nothing, operation := bare(b, "tcp", 0), bare(b, "tcp", 1)
	ports := postfix(b, "", "inet:"+nothing.addr, "inet:"+operation.addr, "inet:"+signing.addr)
	milters := []*process{nil, nothing, operation, signing}
	var without, ours, beyond, one, idle []float64
	var spent [4]time.Duration
	for range b.N {
		for _, p := range ports {
			rate(b, p, sessions, 10)
		}
		for i, m := range milters[1:] {
			spent[i+1] -= m.cpu(b)
		}
		for run := range runs {
			var took [4]float64 // µs a message
			for _, i := range turn(run, len(milters)) {
				if messages == 1 {
					took[i] = float64(oneSession(b, ports[i]).Nanoseconds()) / 1e3
				} else {
					took[i] = 1e6 / rate(b, ports[i], sessions, messages)
				}
			}
			without, ours = append(without, 1e6/took[0]), append(ours, 1e6/took[3])
			one = append(one, took[2]-took[1])
			beyond = append(beyond, took[3]-took[2])
			idle = append(idle, took[1]-took[0])
		}
		for i, m := range milters[1:] {
			spent[i+1] += m.cpu(b)
		}
	}
	b.ReportMetric(median(without), "without-msgs/s")
	b.ReportMetric(median(ours), "msgs/s")
	b.ReportMetric(100*median(ours)/median(without), "%-of-no-milter")
	b.ReportMetric(median(idle), "µs-of-any-milter")
	b.ReportMetric(median(one), "µs-of-RSA")
	b.ReportMetric(median(beyond), "µs-over-RSA")
	b.ReportMetric(float64((spent[3]-spent[2]).Microseconds())/float64(b.N*runs*messages), "cpu-µs-over-RSA")
}

// body is what smtp-source sends: 10 KB of lines.
var body = strings.Repeat(strings.Repeat("X", 78)+"\r\n", 128)

// oneSession sends Postfix one message in a session of its own, and gives the time from connecting to the end of it.
func oneSession(b *testing.B, port string) time.Duration {
	b.Helper()
	began := time.Now()
	c, err := net.Dial("tcp", port)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(began.Add(time.Minute))
	in := bufio.NewReader(c)
	say := func(text, want string) {
		if _, err := c.Write([]byte(text)); err != nil {
			b.Fatal(err)
		}
		if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, want+" ") {
			b.Fatalf("Postfix answered %q, %v", line, err)
		}
	}
	say("", "220")
	say("HELO mail.shop.example\r\n", "250")
	say("MAIL FROM:<info@shop.example>\r\n", "250")
	say("RCPT TO:<a@b.example>\r\n", "250")
	say("DATA\r\n", "354")
	say(fmt.Sprintf("From: <info@shop.example>\r\nTo: <a@b.example>\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-Id: <%d@shop.example>\r\nSubject: hello\r\n\r\n%s.\r\n", began.UnixNano(), body), "250")
	say("QUIT\r\n", "221")
	return time.Since(began)
}

func BenchmarkPostfixSign1(b *testing.B) { benchPostfixSign(b, 1, 1, 2500) }
func BenchmarkPostfixSign8(b *testing.B) { benchPostfixSign(b, 8, 80, 60) }

// OpenDKIM over TCP takes a tenth of a second for each message of one session: few will do.
func BenchmarkPostfixPeerOpenDKIMSign1(b *testing.B) {
	benchPostfixSigner(b, 1, 1, 60, opendkim(b, "s", "tcp"))
}

func BenchmarkPostfixPeerOpenDKIMSign8(b *testing.B) {
	benchPostfixSigner(b, 8, 80, 3, opendkim(b, "s", "tcp"))
}
