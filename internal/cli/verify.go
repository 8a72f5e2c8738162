package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/internal/wire/https"
	"github.com/todoku/todoku/message"
)

// verifyFlags are those of `todoku verify`.
type verifyFlags struct {
	envelope *envelopeFlags
	jobs     int
	replay   string
	whatIf   []string
	progress bool
	verbose  bool
	// messageOnly: the domains that a message names are not looked at.
	messageOnly bool
	lists       bool
	// unsubscribe: one-click unsubscription is tried, also in the private networks named.
	unsubscribe bool
	private     []string
	filters     filterFlags
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	c := a.command("verify", func(c *cobra.Command, args []string) error {
		if f.replay != "" {
			return a.replay(c, args, &f)
		}
		return a.verify(c, args, &f)
	})
	f.envelope = a.envelopeFlags(c)
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.GOMAXPROCS(0), a.flagText("jobs"))
	c.Flags().StringVar(&f.replay, "replay", "", a.flagText("replay"))
	c.Flags().StringArrayVar(&f.whatIf, "what-if", nil, a.flagText("what-if"))
	c.Flags().BoolVar(&f.progress, "progress", false, a.flagText("progress"))
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, a.flagText("verbose"))
	c.Flags().BoolVar(&f.unsubscribe, "probe-unsubscribe", false, a.flagText("probe-unsubscribe"))
	c.Flags().StringArrayVar(&f.private, "allow-private", nil, a.flagText("allow-private"))
	c.Flags().BoolVar(&f.messageOnly, "message-only", false, a.flagText("message-only"))
	c.Flags().BoolVar(&f.lists, "blocklists", false, a.flagText("blocklists"))
	f.filters.add(c.Flags(), a)
	return c
}

// verify authenticates and judges every message of the arguments.
func (a *app) verify(c *cobra.Command, args []string, f *verifyFlags) error {
	if len(args) == 0 {
		return usagef("%s", a.say(msgNoFile))
	}
	if f.jobs < 1 || f.jobs > 1024 {
		return usagef("%s", a.say(msgBadJobs))
	}
	session, err := f.envelope.session(a, c)
	if err != nil {
		return err
	}
	r, err := a.resolverWith(f.whatIf)
	if err != nil {
		return err
	}
	v := &verifier{app: a, resolver: r, session: session, text: a.textOptions()}
	v.text.Verbose = f.verbose
	if v.inspector, err = a.inspector(f, r); err != nil {
		return err
	}
	if f.unsubscribe {
		dialer, err := a.dialer(r, f.private)
		if err != nil {
			return err
		}
		v.oneClick = fetch.NewClient(dialer, fetch.HTTPConfig{})
	}
	if v.filters, err = f.filters.list(a); err != nil {
		return err
	}
	targets := a.expand(args)
	return v.run(c.Context(), targets, f)
}

// inspector looks at the domains of the messages; nil where it is not wanted.
func (a *app) inspector(f *verifyFlags, r dns.Resolver) (*verify.Inspector, error) {
	if f.messageOnly {
		return nil, nil
	}
	if !f.lists {
		return verify.NewInspector(nil), nil
	}
	lists, err := a.blocklists(r, nil)
	return verify.NewInspector(lists), err
}

// verifier is one run over many messages.
type verifier struct {
	*app
	resolver dns.Resolver
	session  evidence.Session
	text     render.TextOptions
	// inspector is nil where only messages are judged.
	inspector *verify.Inspector
	filters   []verify.SpamFilter
	oneClick  https.Doer // nil: not tried
}

// run verifies the targets with several workers and writes the results in order.
func (v *verifier) run(ctx context.Context, targets []target, f *verifyFlags) error {
	var sum tally
	bar := v.newProgress(targets, f.progress)
	err := batch(ctx, f.jobs,
		func(yield func(item) bool) { v.each(ctx, targets, yield) },
		v.kept(v.one),
		func(j *job) error {
			sum.add(j.outcome)
			bar.aside()
			if j.outcome.err != nil {
				v.complain(j.outcome.err.Error())
			}
			err := copyOut(v.Out, j)
			bar.add(j.item.octets)
			return err
		})
	bar.finish()
	switch {
	case errors.Is(err, context.Canceled):
		return lookError{errors.New(v.say(msgInterrupted, "n", itoa(sum.messages)))}
	case err != nil:
		return lookError{fmt.Errorf("%s: %w", v.say(msgWrite), err)}
	}
	if sum.messages > 1 && !v.globals.json {
		fmt.Fprintln(v.Err, sum.text(v.app))
	}
	return sum.exit()
}

// one verifies one message; it runs in a worker.
func (v *verifier) one(ctx context.Context, j *job) {
	if j.item.err != nil {
		j.outcome.err = j.item.err
		if v.globals.json {
			_ = render.UnreadJSON(&j.out, j.item.name, j.item.err.Error()) // a buffer does not fail
		}
		return
	}
	raw, converted := message.NormalizeFile(j.item.raw)
	j.item.raw = nil // the copy is all that is needed, and may be twice as large
	ctx, cancel := context.WithTimeout(ctx, time.Duration(v.globals.timeout))
	defer cancel()
	rep := verify.Message(ctx, v.resolver, verify.Request{
		Name: j.item.name, Source: "file", Raw: raw, Session: v.session, Now: v.globals.now, LineEndsConverted: converted,
		Inspector: v.inspector, Filters: v.filters, OneClick: v.oneClick,
	})
	j.outcome = v.outcome(rep)
	if err := v.write(j, rep); err != nil {
		j.outcome.err = err
	}
}

// write renders a report: JSON, one page for a single message, one line among many.
func (v *verifier) write(j *job, rep *render.Report) error {
	switch {
	case v.globals.json:
		return render.VerifyJSON(&j.out, rep, v.lang)
	case j.item.alone || v.text.Verbose:
		if err := render.VerifyText(&j.out, rep, v.text); err != nil || j.item.alone {
			return err
		}
		_, err := j.out.WriteString("\n" + strings.Repeat("=", min(v.text.Width, 80)) + "\n\n")
		return err
	default:
		return render.VerifyLine(&j.out, rep, v.text)
	}
}

// outcome is what a report adds to the exit code.
func (a *app) outcome(rep *render.Report) outcome {
	o := outcome{status: rep.Headline(a.lang).Status}
	for _, f := range rep.Findings {
		if a.globals.reaches(f.Status) {
			o.findings = true
		}
	}
	o.blind = blind(rep)
	return o
}

// blind reports whether DNS failed in a way that leaves the verdict open: DMARC
// itself, or, where DMARC does not pass, SPF or a signature that might have helped.
func blind(rep *render.Report) bool {
	au := rep.Auth
	if au.DMARC.Result == dmarc.TempError {
		return true
	}
	if au.DMARC.Result == dmarc.Pass {
		return false
	}
	if au.SPFChecked && au.SPF.Result == "temperror" {
		return true
	}
	for _, d := range au.DKIM {
		if d.Result == "temperror" {
			return true
		}
	}
	return false
}

// tally adds up a batch.
type tally struct {
	messages, failed, undecided, warned, passed int
	unread                                      int
	findings, blind                             bool
}

func (t *tally) add(o outcome) {
	t.messages++
	t.findings = t.findings || o.findings
	t.blind = t.blind || o.blind
	switch {
	case o.err != nil:
		t.unread++
	case o.status == "fail":
		t.failed++
	case o.status == "unknown":
		t.undecided++
	case o.status == "warn":
		t.warned++
	default:
		t.passed++
	}
}

func (t *tally) text(a *app) string {
	return a.say(msgTally, "n", itoa(t.messages), "fail", itoa(t.failed), "unknown", itoa(t.undecided),
		"warn", itoa(t.warned), "pass", itoa(t.passed), "unread", itoa(t.unread))
}

// exit: findings outweigh what could not be looked at.
func (t *tally) exit() error {
	switch {
	case t.findings:
		return findingsError{}
	case t.unread > 0 || t.blind:
		return lookError{errQuiet}
	}
	return nil
}

// replay gives the verdict of an evidence bundle again, offline.
func (a *app) replay(c *cobra.Command, args []string, f *verifyFlags) error {
	if len(args) > 0 || f.envelope.given(c) {
		return usagef("%s", a.say(msgReplayAlone))
	}
	over, err := a.whatIf(f.whatIf)
	if err != nil {
		return err
	}
	b, err := a.readBundle(f.replay)
	if err != nil {
		return lookError{err}
	}
	if c.Flags().Changed("at") {
		b.Time = a.globals.now
	}
	ctx, cancel := context.WithTimeout(c.Context(), time.Duration(a.globals.timeout))
	defer cancel()
	rep := verify.Replay(ctx, b, f.replay, over)
	v := &verifier{app: a, text: a.textOptions()}
	v.text.Verbose = f.verbose
	j := &job{item: item{name: f.replay, alone: true}, outcome: a.outcome(rep)}
	if err := v.write(j, rep); err != nil {
		return lookError{err}
	}
	if err := copyOut(a.Out, j); err != nil {
		return lookError{fmt.Errorf("%s: %w", a.say(msgWrite), err)}
	}
	var sum tally
	sum.add(j.outcome)
	return sum.exit()
}

func (a *app) readBundle(name string) (*evidence.Bundle, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, a.fileError(name, err)
		}
		defer f.Close()
		in = f
	}
	b, err := evidence.Decode(in)
	if err != nil {
		return nil, a.fileError(name, err)
	}
	return b, nil
}
