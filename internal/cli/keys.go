package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

func (a *app) keysGroup() *cobra.Command {
	return a.group("keys", a.keysMasterCommand(), a.keysCreateCommand(), a.keysImportCommand(), a.keysListCommand(), a.keysShowCommand(), a.keysStatusCommand(),
		a.keysRotateCommand(), a.keysRollbackCommand(), a.keysDeleteCommand(), a.keysReencryptCommand())
}

func (a *app) keysMasterCommand() *cobra.Command {
	return a.command("keys master", func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s", a.say(msgMasterFile))
		}
		if err := a.keepKey(args[0], []byte(keys.NewMaster())); err != nil {
			return err
		}
		if args[0] != "-" {
			fmt.Fprintln(a.Err, a.say(msgMasterMade, "file", args[0]))
		}
		return nil
	})
}

func (a *app) keysCreateCommand() *cobra.Command {
	var algorithm, selector string
	var bits int
	var patterns, alternate []string
	c := a.keysCommand("keys create", func(ctx context.Context, k *keysRun, args []string) error {
		algorithms, ok := map[string][]string{"rsa": {"rsa"}, "ed25519": {"ed25519"}, "both": {"rsa", "ed25519"}}[algorithm]
		switch {
		case !ok:
			return usagef("%s", a.say(msgBadKeyKind, "value", algorithm))
		case len(args) == 0:
			return usagef("%s", a.say(msgKeyDomains))
		case selector != "" && (len(algorithms) > 1 || len(args) > 1):
			return usagef("%s", a.say(msgOneSelector))
		case len(alternate) > 0 && (selector != "" || len(algorithms) > 1):
			return usagef("%s", a.say(msgAlternateAlone))
		}
		var made []store.DKIMKey
		var beside []string
		for _, arg := range args {
			domain, err := ascii(arg)
			if err != nil {
				return usagef("%v", err)
			}
			for _, kind := range algorithms {
				if there, err := k.signsAlready(ctx, domain, kind); err != nil {
					return lookError{err}
				} else if there {
					beside = append(beside, a.say(msgKeyBeside, "domain", domain, "kind", kind))
				}
				s := keys.Spec{Domain: domain, Selector: selector, Algorithm: kind, Patterns: patterns, Names: alternating(alternate, domain)}
				if kind == "rsa" {
					s.Bits = bits
				}
				e, err := k.Create(ctx, s)
				if err != nil {
					return k.failed(err)
				}
				made = append(made, e)
			}
		}
		for _, said := range append(beside, k.howPublished(made)) {
			fmt.Fprintln(a.Err, said)
		}
		return k.showRecords(ctx, made)
	})
	f := c.Flags()
	f.StringVar(&algorithm, "algorithm", "rsa", a.flagText("key-algorithm"))
	completeWords(c, "algorithm", "rsa", "ed25519", "both")
	f.IntVar(&bits, "bits", 2048, a.flagText("key-bits"))
	f.StringVar(&selector, "selector", "", a.flagText("key-selector"))
	f.StringArrayVar(&patterns, "for", nil, a.flagText("key-for"))
	f.StringArrayVar(&alternate, "alternate", nil, a.flagText("key-alternate"))
	return c
}

// signsAlready reports that a domain has a key of a kind, which signs or will: a new one signs beside it.
func (k *keysRun) signsAlready(ctx context.Context, domain, kind string) (bool, error) {
	list, err := k.store.Keys(ctx, domain, false)
	return slices.ContainsFunc(list, func(e store.DKIMKey) bool { return e.Algorithm == kind && e.State != store.KeyRetiring }), err
}

// alternating reads SELECTOR[=TARGET], in which {domain} stands for the domain.
func alternating(specs []string, domain string) (out []keys.Name) {
	for _, spec := range specs {
		selector, target, _ := strings.Cut(spec, "=")
		out = append(out, keys.Name{Selector: selector, Target: strings.ReplaceAll(target, "{domain}", domain)})
	}
	return out
}

// failed says what went wrong with the exit code that fits.
func (k *keysRun) failed(err error) error {
	switch {
	case errors.Is(err, keys.ErrSpec), errors.Is(err, keys.ErrNoMaster), errors.Is(err, keys.ErrWrongMaster), errors.Is(err, keys.ErrNothing), errors.Is(err, keys.ErrInUse), errors.Is(err, keys.ErrBusy):
		return usagef("%s", k.a.saidText(err))
	case errors.Is(err, store.ErrExists):
		return usagef("%s", k.a.say(msgKeyThere))
	case errors.Is(err, keys.ErrNotShown):
		return lookError{errors.New(k.a.saidText(err))}
	}
	return lookError{err}
}

// find gives the keys that an argument names: an id, SELECTOR._domainkey.DOMAIN, or all of a DOMAIN.
func (k *keysRun) find(ctx context.Context, arg string, gone bool) ([]store.DKIMKey, error) {
	if !strings.Contains(arg, ".") {
		e, err := k.store.Key(ctx, arg)
		if errors.Is(err, store.ErrNotFound) {
			return nil, lookError{errors.New(k.a.say(msgNoKey, "name", render.Printable(arg)))}
		}
		if err != nil {
			return nil, lookError{err}
		}
		return []store.DKIMKey{e}, nil
	}
	selector, domain, named := strings.Cut(strings.ToLower(strings.TrimSuffix(arg, ".")), "._domainkey.")
	if !named {
		domain = selector
	}
	domain, err := ascii(domain)
	if err != nil {
		return nil, usagef("%v", err)
	}
	list, err := k.store.Keys(ctx, domain, gone)
	if err != nil {
		return nil, lookError{err}
	}
	if named {
		list = slices.DeleteFunc(list, func(e store.DKIMKey) bool { return e.Selector != selector })
	}
	if len(list) == 0 {
		return nil, lookError{errors.New(k.a.say(msgNoKey, "name", render.Printable(arg)))}
	}
	return list, nil
}

// findAll is find for several arguments, each key once.
func (k *keysRun) findAll(ctx context.Context, args []string, gone bool) (out []store.DKIMKey, err error) {
	for _, arg := range args {
		list, err := k.find(ctx, arg, gone)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if !slices.ContainsFunc(out, func(o store.DKIMKey) bool { return o.ID == e.ID }) {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// seriesOf leaves the first key of each series.
func seriesOf(list []store.DKIMKey) []store.DKIMKey {
	var out []store.DKIMKey
	for _, e := range list {
		if !slices.ContainsFunc(out, func(o store.DKIMKey) bool { return o.Series == e.Series }) {
			out = append(out, e)
		}
	}
	return out
}

func (a *app) keysRotateCommand() *cobra.Command {
	c := a.keysCommand("keys rotate", func(ctx context.Context, k *keysRun, args []string) error {
		list, err := k.findAll(ctx, args, false)
		if err != nil {
			return err
		}
		var next []store.DKIMKey
		for _, e := range seriesOf(list) {
			n, err := k.Rotate(ctx, e.ID)
			if errors.Is(err, keys.ErrNothing) && len(args) < len(list) {
				continue // of a domain: other series may have one that signs
			}
			if err != nil {
				return k.failed(err)
			}
			next = append(next, n)
		}
		if len(args) > 0 && len(next) == 0 {
			return usagef("%s", a.say(msgNoneToRotate))
		}
		mine, err := k.StepNow(ctx)
		if err := errors.Join(err, k.Release(ctx)); err != nil {
			return lookError{err}
		}
		if !mine {
			fmt.Fprintln(a.Err, a.say(msgStepsElsewhere))
		}
		if len(args) > 0 {
			fmt.Fprintln(a.Err, k.howPublished(next))
			return k.showRecords(ctx, next)
		}
		return k.showStatus(ctx, nil)
	})
	return c
}

func (a *app) keysRollbackCommand() *cobra.Command {
	c := a.keysCommand("keys rollback", func(ctx context.Context, k *keysRun, args []string) error {
		if len(args) == 0 {
			return usagef("%s", a.say(msgKeyNames))
		}
		list, err := k.findAll(ctx, args, false)
		if err != nil {
			return err
		}
		done := 0
		for _, e := range seriesOf(list) {
			signs, err := k.Rollback(ctx, e.ID)
			if errors.Is(err, keys.ErrNoRotation) || errors.Is(err, keys.ErrNothing) && len(list) > len(args) {
				continue
			}
			if err != nil {
				return k.failed(err)
			}
			done++
			fmt.Fprintln(a.Err, a.say(msgSignsAgain, "name", signs.Selector+"._domainkey."+signs.Domain))
		}
		if done == 0 {
			return usagef("%s", a.say(msgNothingBack))
		}
		return nil
	})
	return c
}

func (a *app) keysDeleteCommand() *cobra.Command {
	var force bool
	c := a.keysCommand("keys delete", func(ctx context.Context, k *keysRun, args []string) error {
		if len(args) == 0 {
			return usagef("%s", a.say(msgKeyIDs))
		}
		for _, id := range args {
			if strings.Contains(id, ".") { // one slip must not delete the keys of a domain
				return usagef("%s", a.say(msgKeyIDs))
			}
			if _, err := k.find(ctx, id, true); err != nil {
				return err
			}
			if err := k.Delete(ctx, id, force); err != nil {
				return k.failed(err)
			}
			fmt.Fprintln(a.Err, a.say(msgKeyDeleted, "id", id))
		}
		return nil
	})
	c.Flags().BoolVar(&force, "force", false, a.flagText("key-force"))
	return c
}

func (a *app) keysReencryptCommand() *cobra.Command {
	c := a.keysCommand("keys reencrypt", func(ctx context.Context, k *keysRun, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		n, err := k.Reseal(ctx)
		if err != nil {
			return k.failed(err)
		}
		fmt.Fprintln(a.Err, a.say(msgReencrypted, "n", fmt.Sprint(n)))
		return nil
	})
	return c
}
