package milter

import (
	"testing"
	"time"
)

// benchPostfixSign reports what signing costs a message more than a milter that does nothing and asks for no reply, beyond one
// bare RSA operation. What one costs is seen here, too, in a milter that does nothing else (see serveBare): Postfix's own
// processes share the processors. Beside it: what any milter, even that which does nothing, costs Postfix. They all take turns,
// and the median of the differences counts. One difference tells little, for Postfix waits for the disk: the runs are short and
// many.
func benchPostfixSign(b *testing.B, sessions, messages, runs int) {
	benchPostfixSigner(b, sessions, messages, runs, with(b, "postfix-sign", "tcp", "--trusted-network", "127.0.0.0/8", "--key", key("rsa")))
}

func benchPostfixSigner(b *testing.B, sessions, messages, runs int, signing *process) {
	nothing, operation := bare(b, "tcp", 0), bare(b, "tcp", 1)
	ports := postfix(b, "", "inet:"+nothing.addr, "inet:"+operation.addr, "inet:"+signing.addr)
	milters := []*process{nil, nothing, operation, signing}
	var without, ours, beyond, one, idle, cpu []float64
	for range b.N {
		for _, p := range ports {
			rate(b, p, sessions, 10)
		}
		for run := range runs {
			var took [4]float64 // µs a message
			var spent [4]float64
			for _, i := range turn(run, len(milters)) {
				var before time.Duration
				if milters[i] != nil {
					before = milters[i].cpu(b)
				}
				took[i] = 1e6 / rate(b, ports[i], sessions, messages)
				if milters[i] != nil {
					spent[i] = float64((milters[i].cpu(b) - before).Microseconds()) / float64(messages)
				}
			}
			without, ours = append(without, 1e6/took[0]), append(ours, 1e6/took[3])
			one = append(one, took[2]-took[1])
			beyond = append(beyond, took[3]-took[2])
			idle = append(idle, took[1]-took[0])
			cpu = append(cpu, spent[3]-spent[2])
		}
	}
	b.ReportMetric(median(without), "without-msgs/s")
	b.ReportMetric(median(ours), "msgs/s")
	b.ReportMetric(100*median(ours)/median(without), "%-of-no-milter")
	b.ReportMetric(median(idle), "µs-of-any-milter")
	b.ReportMetric(median(one), "µs-of-RSA")
	b.ReportMetric(median(beyond), "µs-over-RSA")
	b.ReportMetric(median(cpu), "cpu-µs-over-RSA")
}

func BenchmarkPostfixSign1(b *testing.B) { benchPostfixSign(b, 1, 25, 120) }
func BenchmarkPostfixSign8(b *testing.B) { benchPostfixSign(b, 8, 80, 60) }

// OpenDKIM over TCP takes a tenth of a second for each message of one session: few will do.
func BenchmarkPostfixPeerOpenDKIMSign1(b *testing.B) {
	benchPostfixSigner(b, 1, 20, 3, opendkim(b, "s", "tcp"))
}

func BenchmarkPostfixPeerOpenDKIMSign8(b *testing.B) {
	benchPostfixSigner(b, 8, 80, 3, opendkim(b, "s", "tcp"))
}
