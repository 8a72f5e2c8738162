package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// filter is a command that verifies one thing of the message it reads. verify
// shows its verdict and reports whether DNS left it open.
func (a *app) filter(path string, verify func(context.Context, dns.Resolver, *message.Message) (open bool, err error)) *cobra.Command {
	return a.command(path, func(c *cobra.Command, args []string) error {
		raw, err := a.readMessage(args)
		if err != nil {
			return err
		}
		r, err := a.newResolver()
		if err != nil {
			return err
		}
		ctx, cancel := a.bounded(c.Context())
		defer cancel()
		open, err := verify(ctx, r, message.Parse(raw))
		if err == nil && open {
			err = lookError{errQuiet}
		}
		return err
	})
}

func (a *app) dkimVerifyCommand() *cobra.Command {
	return a.filter("dkim verify", func(ctx context.Context, r dns.Resolver, m *message.Message) (bool, error) {
		vs := dkim.Verify(ctx, r, m, dkim.Options{Now: a.globals.now})
		examined := forensics.Message(m, vs)
		err := a.show(render.DKIM(vs, examined), func(w io.Writer, o render.TextOptions) error {
			if err := render.DKIMText(w, vs, o); err != nil {
				return err
			}
			return advise(w, o, "dkim", judge.Input{Message: m, Auth: mailauth.Result{DKIM: vs}, Forensics: examined})
		})
		return slices.ContainsFunc(vs, func(v dkim.Verdict) bool { return v.Result == dkim.TempError }), err
	})
}

func (a *app) arcVerifyCommand() *cobra.Command {
	return a.filter("arc verify", func(ctx context.Context, r dns.Resolver, m *message.Message) (bool, error) {
		v := arc.Verify(ctx, r, m, arc.Options{Now: a.globals.now})
		err := a.show(render.ARC(v), func(w io.Writer, o render.TextOptions) error {
			if err := render.ARCText(w, v, o); err != nil {
				return err
			}
			return advise(w, o, "arc", judge.Input{Message: m, Auth: mailauth.Result{ARC: v}})
		})
		return v.Result == arc.Fail && strings.HasPrefix(v.Problem, "dns"), err
	})
}
