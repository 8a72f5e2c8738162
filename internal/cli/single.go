package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

func itoa(n int) string { return strconv.Itoa(n) }

// show writes a verdict as JSON or text.
func (a *app) show(object any, text func(w io.Writer, o render.TextOptions) error) error {
	var err error
	if a.globals.json {
		err = render.WriteJSON(a.Out, object)
	} else {
		err = text(a.Out, a.textOptions())
	}
	if err != nil {
		return lookError{fmt.Errorf("%s: %w", a.say(msgWrite), err)}
	}
	return nil
}

// target bounds the work on one target by --timeout.
func (a *app) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Duration(a.globals.timeout))
}

// spfCommand is one SPF evaluation.
func (a *app) spfCommand() *cobra.Command {
	var e *envelopeFlags
	var whatIf []string
	c := a.command("spf", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		session, err := e.session(a, c)
		if err != nil {
			return err
		}
		r, err := a.resolverWith(whatIf)
		if err != nil {
			return err
		}
		env := verify.Envelope(session)
		v, checked := spf.Verdict{Result: spf.None}, env.SPFCheckable()
		if checked {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			v = spf.Check(ctx, r, spf.Request{IP: env.RemoteIP, HELO: env.HELO, ReversePath: env.MailFrom, Now: a.globals.now})
		}
		if err := a.show(render.SPF(v, checked), func(w io.Writer, o render.TextOptions) error {
			if err := render.SPFText(w, v, checked, o); err != nil {
				return err
			}
			return advise(w, o, "spf", judge.Input{Session: session, Auth: mailauth.Result{SPF: v, SPFChecked: checked}})
		}); err != nil {
			return err
		}
		if v.Result == spf.TempError {
			return lookError{errQuiet}
		}
		return nil
	})
	e = a.envelopeFlags(c)
	c.Flags().StringArrayVar(&whatIf, "what-if", nil, a.flagText("what-if"))
	return c
}

// dmarcCommand is one DMARC evaluation on given results.
func (a *app) dmarcCommand() *cobra.Command {
	var from, spfResult string
	var dkimResults, whatIf []string
	c := a.command("dmarc", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		if from == "" {
			return usagef("%s", a.say(msgNeedFlag, "flag", "from"))
		}
		in, err := a.dmarcInput(from, spfResult, dkimResults)
		if err != nil {
			return err
		}
		r, err := a.resolverWith(whatIf)
		if err != nil {
			return err
		}
		ctx, cancel := a.bounded(c.Context())
		defer cancel()
		v := dmarc.Evaluate(ctx, r, in)
		if err := a.show(render.DMARC(v), func(w io.Writer, o render.TextOptions) error {
			if err := render.DMARCText(w, v, o); err != nil {
				return err
			}
			return advise(w, o, "dmarc", judge.Input{Auth: mailauth.Result{DMARC: v, SPFChecked: v.SPFChecked}})
		}); err != nil {
			return err
		}
		if v.Result == dmarc.TempError {
			return lookError{errQuiet}
		}
		return nil
	})
	c.Flags().StringVar(&from, "from", "", a.flagText("from"))
	c.Flags().StringVar(&spfResult, "spf", "", a.flagText("spf"))
	c.Flags().StringArrayVar(&dkimResults, "dkim", nil, a.flagText("dkim"))
	c.Flags().StringArrayVar(&whatIf, "what-if", nil, a.flagText("what-if"))
	return c
}

// The result words of RFC 8601 section 2.7.
var (
	spfWords  = []string{"none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror"}
	dkimWords = []string{"none", "pass", "fail", "policy", "neutral", "temperror", "permerror"}
)

func (a *app) dmarcInput(from, spfResult string, dkimResults []string) (dmarc.Input, error) {
	var in dmarc.Input
	in.AuthorDomain, in.AuthorError = authorDomain(from)
	if spfResult != "" {
		id, err := a.identifier("spf", spfResult, spfWords)
		if err != nil {
			return in, err
		}
		in.SPF = &id
	}
	for _, s := range dkimResults {
		id, err := a.identifier("dkim", s, dkimWords)
		if err != nil {
			return in, err
		}
		in.DKIM = append(in.DKIM, id)
	}
	return in, nil
}

// identifier reads DOMAIN:RESULT.
func (a *app) identifier(flag, text string, words []string) (dmarc.Identifier, error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return dmarc.Identifier{}, usagef("%s", a.say(msgBadResult, "flag", flag, "value", text, "words", strings.Join(words, ", ")))
	}
	result := strings.ToLower(strings.TrimSpace(text[i+1:]))
	if !slices.Contains(words, result) {
		return dmarc.Identifier{}, usagef("%s", a.say(msgBadResult, "flag", flag, "value", text, "words", strings.Join(words, ", ")))
	}
	domain := strings.TrimSpace(text[:i])
	if domain == "" {
		return dmarc.Identifier{}, usagef("--%s %q: %v", flag, text, errNoDomain)
	}
	return dmarc.Identifier{Domain: domain, Result: result}, nil
}

// authorDomain reads an address, or several as a From field holds them, or a
// domain. What cannot be one is a result of DMARC (permerror), as it is in a message.
func authorDomain(from string) (string, error) {
	if !strings.Contains(from, "@") {
		return strings.TrimSpace(from), nil
	}
	if strings.ContainsAny(from, "\r\n") {
		return "", errNoDomain
	}
	domain, _, err := message.Parse([]byte("From: " + from + "\r\n\r\n")).AuthorDomain()
	return domain, err
}
