package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

// importFlags say what is imported: exactly one of the three.
type importFlags struct {
	opendkim, rspamd, pem, root string
	domain, selector            string
	patterns                    []string
}

func (a *app) keysImportCommand() *cobra.Command {
	var f importFlags
	c := a.keysCommand("keys import", func(ctx context.Context, k *keysRun, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		found, err := f.read(a)
		if err != nil {
			return err
		}
		return k.importAll(ctx, found)
	})
	fl := c.Flags()
	fl.StringVar(&f.opendkim, "opendkim", "", a.flagText("import-opendkim"))
	fl.StringVar(&f.rspamd, "rspamd", "", a.flagText("import-rspamd"))
	fl.StringVar(&f.pem, "pem", "", a.flagText("import-pem"))
	fl.StringVar(&f.root, "root", "", a.flagText("import-root"))
	fl.StringVar(&f.domain, "domain", "", a.flagText("import-domain"))
	fl.StringVar(&f.selector, "selector", "", a.flagText("import-selector"))
	fl.StringArrayVar(&f.patterns, "for", nil, a.flagText("key-for"))
	return c
}

// largestImport bounds one file.
const largestImport = 65 << 20

func (f *importFlags) read(a *app) (*keys.Found, error) {
	given := 0
	for _, s := range []string{f.opendkim, f.rspamd, f.pem} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return nil, usagef("%s", a.say(msgOneImport))
	}
	if f.pem != "" {
		return f.readPEM(a)
	}
	conf := f.opendkim + f.rspamd
	text, err := readBounded(conf) // as it was given, whatever the root
	if err != nil {
		return nil, lookError{a.fileError(conf, err)}
	}
	files := keys.Files{
		Read: func(path string) ([]byte, error) { return readBounded(filepath.Join(f.root, path)) },
		Glob: func(pattern string) ([]string, error) {
			names, err := filepath.Glob(filepath.Join(f.root, pattern))
			for i, n := range names {
				names[i] = strings.TrimPrefix(n, strings.TrimSuffix(filepath.Clean(f.root), "/"))
			}
			return names, err
		},
	}
	if f.root == "" {
		files.Read, files.Glob = readBounded, filepath.Glob
	}
	var found *keys.Found
	if f.opendkim != "" {
		found, err = keys.ReadOpenDKIM(text, files)
	} else {
		found, err = keys.ReadRspamd(text, files)
	}
	if err != nil {
		return nil, lookError{a.saidError(conf, err)}
	}
	return found, nil
}

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestImport))
}

func (f *importFlags) readPEM(a *app) (*keys.Found, error) {
	if f.domain == "" || f.selector == "" {
		return nil, usagef("%s", a.say(msgImportNames))
	}
	domain, err := ascii(f.domain)
	if err != nil {
		return nil, usagef("%v", a.saidError("--domain", err))
	}
	text, err := readBounded(f.pem)
	if err != nil {
		return nil, lookError{a.fileError(f.pem, err)}
	}
	key, err := dkim.ParsePrivateKey(text)
	if err != nil {
		return nil, usagef("%v", a.saidError("--pem", keys.KeyError(f.pem, err)))
	}
	k := keys.FoundKey{Domain: domain, Selector: f.selector, Key: key, File: f.pem}
	for _, text := range f.patterns {
		p, err := keys.ParsePattern(text)
		if err != nil {
			return nil, usagef("%v", a.saidError("--for", err))
		}
		k.Patterns = append(k.Patterns, store.DKIMPattern{Pattern: p.String()})
	}
	return &keys.Found{Keys: []keys.FoundKey{k}}, nil
}

// importAll keeps what was found. What could not be kept is said, and gives exit code 1.
func (k *keysRun) importAll(ctx context.Context, found *keys.Found) error {
	var kept []store.DKIMKey
	failed := len(found.Notes) > 0
	for _, n := range found.Notes {
		k.a.complain(k.a.in(n))
	}
	if address, left := found.Alone(); address != "" {
		failed = true
		k.a.complain(k.a.say(msgImportAlone, "address", render.Printable(address), "name", render.Printable(left.String())))
	}
	for _, f := range found.OfAuthor {
		failed = true
		k.a.complain(k.a.say(msgImportAuthor, "selector", render.Printable(f.Selector), "file", render.Printable(f.File)))
	}
	for _, f := range found.Keys {
		name := render.Printable(f.Selector + "._domainkey." + f.Domain)
		e, shown, err := k.Import(ctx, f)
		switch {
		case errors.Is(err, keys.ErrNoMaster):
			return k.failed(err)
		case errors.Is(err, store.ErrExists):
			fmt.Fprintln(k.a.Err, k.a.say(msgImportThere, "name", name))
			continue
		case err != nil:
			failed = true
			k.a.complain(k.a.saidError(name, err).Error())
			continue
		case shown:
			fmt.Fprintln(k.a.Err, k.a.say(msgImportSigns, "name", name))
		default:
			fmt.Fprintln(k.a.Err, k.a.say(msgImportWaits, "name", name))
		}
		kept = append(kept, e)
	}
	if err := k.showRecords(ctx, kept); err != nil {
		return err
	}
	if failed {
		return findingsError{}
	}
	return nil
}
