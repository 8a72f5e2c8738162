package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/render"
)

// keyObject is the JSON of `dkim keygen`.
type keyObject struct {
	Algorithm string       `json:"algorithm"`
	Bits      int          `json:"bits"`
	File      *string      `json:"file"`
	DNS       []dns.Change `json:"dns"`
}

func (a *app) keygenCommand() *cobra.Command {
	var algorithm, out, domain, selector string
	var bits int
	c := a.command("dkim keygen", func(c *cobra.Command, args []string) error {
		switch {
		case len(args) > 0:
			return usagef("%s", a.say(msgNoArgs))
		case algorithm != "rsa" && algorithm != "ed25519":
			return usagef("%s", a.say(msgBadAlgorithm, "value", algorithm))
		case algorithm == "rsa" && (bits < 1024 || bits > 4096):
			return usagef("%s", a.say(msgBadBits))
		case out == "":
			return usagef("%s", a.say(msgNeedOut))
		}
		name := "SELECTOR._domainkey.DOMAIN."
		if domain != "" && selector != "" {
			d, err := ascii(domain)
			if err != nil {
				return usagef("%v", a.saidError("--domain", err))
			}
			name = selector + "._domainkey." + d + "."
		}
		key, err := dkim.GenerateKey(algorithm, bits)
		if err != nil {
			return usagef("%v", err)
		}
		pem, err := dkim.MarshalPrivateKey(key)
		if err != nil {
			return lookError{err}
		}
		record, err := dkim.RecordFor(key.Public())
		if err != nil {
			return lookError{err}
		}
		if err := a.keepKey(out, pem); err != nil {
			return err
		}
		if algorithm == "ed25519" {
			bits = 256
		}
		return a.showKey(keyObject{Algorithm: algorithm, Bits: bits, File: fileName(out), DNS: []dns.Change{
			{Action: dns.Add, Name: name, Type: dns.TypeTXT, TTL: 3600, Data: []string{record}},
		}})
	})
	f := c.Flags()
	f.StringVar(&algorithm, "algorithm", "rsa", a.flagText("algorithm"))
	completeWords(c, "algorithm", "rsa", "ed25519")
	f.IntVar(&bits, "bits", 2048, a.flagText("bits"))
	f.StringVar(&out, "out", "", a.flagText("out"))
	f.StringVar(&domain, "domain", "", a.flagText("key-domain"))
	f.StringVar(&selector, "selector", "", a.flagText("selector"))
	return c
}

// keepKey writes the private key where only its owner reads it, and never over
// another one; on stdout only when that was asked for.
func (a *app) keepKey(out string, pem []byte) error {
	if out == "-" {
		if _, err := a.Out.Write(pem); err != nil {
			return lookError{fmt.Errorf("%s: %w", a.say(msgWrite), err)}
		}
		return nil
	}
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s", a.say(msgKeyExists, "file", out))
	}
	if err != nil {
		return lookError{a.writeError(out, err)}
	}
	_, err = f.Write(pem)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return lookError{errors.Join(a.writeError(out, err), os.Remove(out))}
	}
	return nil
}

// showKey prints the record to publish: on stdout, or on stderr where stdout has the key.
func (a *app) showKey(o keyObject) error {
	w := a.Out
	if o.File == nil {
		w = a.Err
	}
	if a.globals.json {
		return render.WriteJSON(w, o)
	}
	change := o.DNS[0]
	rec, err := dns.NewRecord(change.Name, change.Type, change.TTL, change.Data[0])
	if err != nil {
		return lookError{err}
	}
	if o.File != nil {
		fmt.Fprintln(a.Err, a.say(msgKeyKept, "file", *o.File))
	}
	_, err = fmt.Fprintln(w, rec.Text())
	return err
}

func fileName(out string) *string {
	if out == "-" {
		return nil
	}
	return &out
}
