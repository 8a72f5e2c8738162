package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
)

// checker is one run over many targets.
type checker struct {
	*app
	resolver dns.Resolver
	options  check.Options
	flags    *checkFlags
	text     render.TextOptions
	forms    []paste.Form
	document render.CheckWriter // nil for text and JSON
	alone    bool
}

// run checks the targets with several workers and writes the results in order.
func (k *checker) run(ctx context.Context, args []string) error {
	var sum tally
	total := len(args)
	if slices.Contains(args, "-") {
		total = -1
	}
	bar := k.newCount(total, k.flags.progress, msgTargets)
	if err := k.begin(); err != nil {
		return lookError{fmt.Errorf("%s: %w", k.say(msgWrite), err)}
	}
	err := batch(ctx, k.flags.jobs,
		func(yield func(item) bool) { k.each(args, yield) },
		k.kept(k.one),
		func(j *job) error {
			sum.add(j.outcome)
			bar.aside()
			if j.outcome.err != nil {
				k.complain(j.outcome.err.Error())
			}
			err := k.write(j, j.report)
			j.report = nil
			bar.add(1)
			return err
		})
	bar.finish()
	if err == nil && k.document != nil {
		err = k.document.End(k.Out)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return lookError{errors.New(k.say(msgInterrupted, "n", itoa(sum.messages)))}
	case err != nil:
		return lookError{fmt.Errorf("%s: %w", k.say(msgWrite), err)}
	}
	if sum.messages > 1 && k.flags.format != "json" {
		fmt.Fprintln(k.Err, k.say(msgCheckTally, "n", itoa(sum.messages), "fail", itoa(sum.failed), "unknown", itoa(sum.undecided),
			"warn", itoa(sum.warned), "pass", itoa(sum.passed), "unread", itoa(sum.unread)))
	}
	return sum.exit()
}

// begin writes what comes before the first report.
func (k *checker) begin() error {
	if k.document == nil {
		return nil
	}
	return k.document.Begin(k.Out)
}

// each gives the targets, those of standard input as they come.
func (k *checker) each(args []string, yield func(item) bool) {
	for _, arg := range args {
		if arg != "-" {
			if !yield(item{name: arg, alone: k.alone}) {
				return
			}
			continue
		}
		s := bufio.NewScanner(k.In)
		s.Buffer(nil, 1<<16)
		for s.Scan() {
			line := strings.TrimSpace(s.Text())
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if !yield(item{name: line}) {
				return
			}
		}
		if err := s.Err(); err != nil && !yield(item{name: "-", err: fmt.Errorf("%s: %w", k.say(msgReadStdin), err)}) {
			return
		}
	}
}

// one checks one target; it runs in a worker.
func (k *checker) one(ctx context.Context, j *job) {
	t, err := check.ParseTarget(j.item.name)
	if j.item.err == nil && err != nil {
		j.item.err = errors.New(k.targetProblem(j.item.name, err))
	}
	if j.item.err != nil {
		j.outcome.err = j.item.err
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(k.globals.timeout))
	defer cancel()
	rep := check.Run(ctx, k.resolver, t, k.options)
	rep.Paste(k.forms, k.lang)
	j.outcome = k.checked(rep)
	j.report = rep
}

// checked is what a report adds to the exit code.
func (k *checker) checked(rep *check.Report) outcome {
	o := outcome{status: string(rep.Worst()), blind: rep.Blind()}
	o.findings = slices.ContainsFunc(rep.Findings, func(f catalogue.Finding) bool { return f.Accepted == nil && k.globals.reaches(f.Status) })
	return o
}

// write renders what became of a target: JSON, a part of a document, one page for a
// single target, one line among many.
func (k *checker) write(j *job, rep *check.Report) error {
	switch {
	case k.flags.format == "json" && rep == nil:
		return render.UncheckedJSON(k.Out, j.item.name, j.item.err.Error())
	case k.flags.format == "json":
		return render.CheckJSON(k.Out, rep, k.lang)
	case k.document != nil && rep == nil:
		return k.document.Unread(k.Out, j.item.name, j.item.err.Error())
	case k.document != nil:
		return k.document.Report(k.Out, rep)
	case rep == nil:
		return nil // stderr says it
	case j.item.alone || k.text.Verbose:
		return render.CheckText(k.Out, rep, k.text)
	default:
		return render.CheckLine(k.Out, rep, k.text)
	}
}
