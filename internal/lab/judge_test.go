package lab

import (
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

var (
	begun   = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	inTLS   = &evidence.TLS{Version: "TLS 1.3"}
	brokeUp = &evidence.TLS{Error: "handshake failure"}
)

// at makes an attempt some minutes after the beginning.
func at(minutes int, receiver, outcome, stage string, tls *evidence.TLS) Attempt {
	a := Attempt{At: begun.Add(time.Duration(minutes) * time.Minute), Receiver: receiver, Outcome: outcome, Stage: stage, TLS: tls}
	if outcome == Deferred {
		a.Reply = "451 4.7.1 Greylisted"
	}
	return a
}

// TestJudge has what the conversations of the other tests do not come to.
func TestJudge(t *testing.T) {
	done := at(0, Good, Accepted, AtData, inTLS)
	stsGood, daneGood := at(0, STSGood, Accepted, AtData, inTLS), at(0, DANEGood, Accepted, AtData, inTLS)
	for name, test := range map[string]struct {
		receiver            string
		after               int // minutes
		attempts, strangers []Attempt
		want                string
	}{
		"greylisted for hours":         {Greylist, 300, []Attempt{at(0, Greylist, Deferred, AtRCPT, nil), at(240, Greylist, Accepted, AtData, nil)}, nil, "worse greylist-late"},
		"retries after hours are fine": {Deferring, 700, []Attempt{at(0, Deferring, Deferred, AtRCPT, nil), at(240, Deferring, Accepted, AtData, nil)}, nil, "good deferring-passed"},
		"still waiting":                {Greylist, 200, []Attempt{at(0, Greylist, Deferred, AtRCPT, nil)}, nil, "waiting greylist-waiting"},
		"given up":                     {Greylist, 300, []Attempt{at(0, Greylist, Deferred, AtRCPT, nil)}, nil, "bad not-retried"},
		"the second MX first":          {BackupMX, 1, []Attempt{at(0, BackupMX, Accepted, AtData, nil)}, nil, "worse backup-first"},
		"the first MX too late":        {BackupMX, 9, []Attempt{at(0, BackupMX, Accepted, AtData, nil)}, []Attempt{at(5, BackupMX, Reset, AtConnect, nil)}, "worse backup-first"},
		"the second MX not yet":        {BackupMX, 9, []Attempt{done}, []Attempt{at(0, BackupMX, Reset, AtConnect, nil)}, "waiting backup-waiting"},
		"the second MX never":          {BackupMX, 300, []Attempt{done}, []Attempt{at(0, BackupMX, Reset, AtConnect, nil)}, "bad backup-unused"},
		"no IPv6":                      {IPv6, 6, []Attempt{done}, nil, "worse ipv6-missing"},
		"no IPv6 yet":                  {IPv6, 4, []Attempt{done}, nil, "unseen unseen"},
		"TLS demanded":                 {Plain, 1, []Attempt{done}, []Attempt{at(0, Plain, Left, AtGreeted, nil)}, "worse plain-refused"},
		"TLS broken":                   {TLS12, 1, []Attempt{done}, []Attempt{at(0, TLS12, TLSError, AtGreeted, brokeUp)}, "bad not-delivered"},
		"clear after TLS":              {TLS12, 1, []Attempt{at(1, TLS12, Accepted, AtData, nil)}, []Attempt{at(0, TLS12, TLSError, AtGreeted, brokeUp)}, "worse clear-after-tls"},
		"clear before TLS":             {TLS12, 1, []Attempt{at(1, TLS12, Accepted, AtData, nil)}, []Attempt{at(2, TLS12, TLSError, AtGreeted, brokeUp)}, "worse clear"},
		"MTA-STS without a connection": {STSBad, 6, []Attempt{stsGood}, nil, "good sts-untried"},
		"MTA-STS too early":            {STSBad, 4, []Attempt{stsGood}, nil, "unseen unseen"},
		"MTA-STS, only the policy":     {STSBad, 4, nil, []Attempt{at(0, STSBad, Policy, AtConnect, nil)}, "unseen unseen"},
		"MTA-STS, the twin in clear":   {STSBad, 6, []Attempt{at(0, STSGood, Accepted, AtData, nil)}, []Attempt{at(0, STSBad, Left, AtTLS, inTLS)}, "waiting needs-good"},
		"only the policy was fetched":  {STSGood, 6, nil, []Attempt{at(0, STSGood, Policy, AtConnect, nil)}, "unseen unseen"},
		"DANE refuses":                 {DANEBad, 1, []Attempt{daneGood}, []Attempt{at(0, DANEBad, Left, AtTLS, inTLS)}, "good dane-refused"},
		"DANE refuses everybody":       {DANEBad, 600, nil, []Attempt{at(0, DANEBad, Left, AtTLS, inTLS)}, "waiting needs-good"},
		"DANE untried says nothing":    {DANEBad, 600, []Attempt{daneGood}, nil, "unseen unseen"},
		"a size that is only heard of": {Size, 1, []Attempt{done}, []Attempt{at(0, Size, Left, AtMail, nil)}, "good size-heeded"},
		"a size refused twice":         {Size, 1, []Attempt{at(0, Size, Refused, AtData, nil), at(1, Size, Refused, AtData, nil)}, nil, "bad refusal-retried"},
		"left after RCPT":              {Good, 1, []Attempt{at(0, Good, Left, AtRCPT, nil)}, nil, "waiting not-yet"},
		"left after RCPT for good":     {Good, 600, []Attempt{at(0, Good, Left, AtRCPT, nil)}, nil, "bad not-delivered"},
		"nothing at the null MX":       {NullMX, 6, []Attempt{done}, nil, "good null-heeded"},
		"patience for the slow":        {Slow, 1, []Attempt{at(0, Slow, Left, AtData, nil), at(1, Slow, Accepted, AtData, nil)}, nil, "bad impatient"},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Domain: "lab.example.com", Token: "tok", Begun: begun, Now: begun.Add(time.Duration(test.after) * time.Minute), Patience: 5 * time.Minute,
				Attempts: test.attempts, Strangers: test.strangers}
			if c := Judge(in).Cell(test.receiver); string(c.Verdict)+" "+c.Reason != test.want {
				t.Errorf("%s %s %v, want %s", c.Verdict, c.Reason, c.Args, test.want)
			}
		})
	}
}

// The profile says no more than was seen.
func TestProfile(t *testing.T) {
	for name, test := range map[string]struct {
		attempts, strangers []Attempt
		want                Profile
	}{
		"nothing":      {nil, nil, Profile{}},
		"plain alone":  {[]Attempt{at(0, Plain, Accepted, AtData, nil)}, nil, Profile{}},
		"in clear":     {[]Attempt{at(0, Good, Accepted, AtData, nil)}, nil, Profile{TLS: "none"}},
		"encrypted":    {[]Attempt{at(0, Good, Accepted, AtData, inTLS)}, nil, Profile{TLS: "opportunistic"}},
		"TLS demanded": {[]Attempt{at(0, Good, Accepted, AtData, inTLS)}, []Attempt{at(0, Plain, Left, AtGreeted, nil)}, Profile{TLS: "mandatory"}},
		"strict": {[]Attempt{at(0, Good, Accepted, AtData, inTLS)}, []Attempt{at(0, Expired, Left, AtTLS, inTLS), at(0, Mismatch, TLSError, AtTLS, brokeUp)},
			Profile{TLS: "strict"}},
	} {
		in := Input{Domain: "lab.example.com", Token: "tok", Begun: begun, Now: begun.Add(time.Minute), Patience: 5 * time.Minute, Attempts: test.attempts, Strangers: test.strangers}
		if got := Judge(in).Profile; got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}
