package cli

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// signFlags are those of `dkim sign` and `arc seal`.
type signFlags struct {
	domain, selector, key, headers, canon, timestamp, expires string
}

func (a *app) signFlags(c *cobra.Command) *signFlags {
	s := new(signFlags)
	f := c.Flags()
	f.StringVar(&s.domain, "domain", "", a.flagText("sign-domain"))
	f.StringVar(&s.selector, "selector", "", a.flagText("selector"))
	f.StringVar(&s.key, "key", "", a.flagText("key"))
	f.StringVar(&s.headers, "headers", "", a.flagText("headers"))
	f.StringVar(&s.canon, "canonicalization", "relaxed/relaxed", a.flagText("canonicalization"))
	f.StringVar(&s.timestamp, "timestamp", "", a.flagText("timestamp"))
	f.StringVar(&s.expires, "expires", "", a.flagText("expires"))
	return s
}

// signer is what the flags of both commands mean.
type signer struct {
	domain       string
	key          crypto.Signer
	headers      []string
	header, body wire.Canonicalization
	timestamp    time.Time
	expires      time.Time
}

func (s *signFlags) signer(a *app) (signer, error) {
	var out signer
	for _, f := range []struct{ name, value string }{{"domain", s.domain}, {"selector", s.selector}, {"key", s.key}} {
		if f.value == "" {
			return out, usagef("%s", a.say(msgNeedFlag, "flag", f.name))
		}
	}
	var err error
	if out.domain, err = ascii(s.domain); err != nil {
		return out, usagef("%v", a.saidError("--domain", err))
	}
	if out.header, out.body, err = canonicalization(s.canon); err != nil {
		return out, usagef("%v", a.saidError("--canonicalization", err))
	}
	for name := range strings.SplitSeq(s.headers, ":") {
		if name = strings.TrimSpace(name); name != "" {
			out.headers = append(out.headers, name)
		}
	}
	if out.timestamp, err = a.moment("timestamp", s.timestamp, a.globals.now); err != nil {
		return out, err
	}
	if out.expires, err = a.moment("expires", s.expires, time.Time{}); err != nil {
		return out, err
	}
	pem, err := os.ReadFile(s.key)
	if err != nil {
		return out, lookError{a.fileError(s.key, err)}
	}
	if out.key, err = dkim.ParsePrivateKey(pem); err != nil {
		return out, usagef("--key %s: %v", s.key, err)
	}
	return out, nil
}

// read gives what the flags mean, and the message to sign or seal.
func (s *signFlags) read(a *app, args []string) (o signer, raw []byte, err error) {
	if o, err = s.signer(a); err == nil {
		raw, err = a.readMessage(args)
	}
	return o, raw, err
}

// canonicalization reads c= of RFC 6376 section 3.5: a single word leaves the body simple.
func canonicalization(text string) (header, body wire.Canonicalization, err error) {
	h, b, both := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "/")
	if !both {
		b = "simple"
	}
	words := map[string]wire.Canonicalization{"simple": wire.Simple, "relaxed": wire.Relaxed}
	header, okH := words[h]
	body, okB := words[b]
	if !okH || !okB {
		return 0, 0, said.Error("%q is not simple or relaxed, or two of them with a slash", "%q は使えません。simple か relaxed、または 2 つを / でつないで指定してください", text)
	}
	return header, body, nil
}

// moment reads seconds since 1970 or RFC 3339; "" gives the default, "none" the zero time.
func (a *app) moment(flag, text string, def time.Time) (time.Time, error) {
	switch text {
	case "":
		return def, nil
	case "none":
		return time.Time{}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && n < 1e12 {
		return time.Unix(n, 0), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, usagef("%s", a.say(msgBadTime, "flag", flag, "value", text))
	}
	return t, nil
}

func (a *app) dkimSignCommand() *cobra.Command {
	var s *signFlags
	var identity string
	c := a.command("dkim sign", func(c *cobra.Command, args []string) error {
		o, raw, err := s.read(a, args)
		if err != nil {
			return err
		}
		field, err := dkim.Sign(bytes.NewReader(raw), dkim.SignOptions{
			Domain: o.domain, Selector: s.selector, Identity: identity, Key: o.key,
			Header: o.header, Body: o.body, Headers: o.headers, Timestamp: o.timestamp, Expires: o.expires,
		})
		if err != nil {
			return usagef("%s: %v", a.say(msgSign), err)
		}
		return a.emit(field, raw)
	})
	s = a.signFlags(c)
	c.Flags().StringVar(&identity, "identity", "", a.flagText("identity"))
	return c
}

// emit writes the message with new fields before it.
func (a *app) emit(fields, raw []byte) error {
	for _, b := range [][]byte{fields, raw} {
		if _, err := a.Out.Write(b); err != nil {
			return lookError{fmt.Errorf("%s: %w", a.say(msgWrite), err)}
		}
	}
	return nil
}

func (a *app) arcSealCommand() *cobra.Command {
	var s *signFlags
	var authServID string
	c := a.command("arc seal", func(c *cobra.Command, args []string) error {
		if authServID == "" {
			return usagef("%s", a.say(msgNeedFlag, "flag", "authserv-id"))
		}
		o, raw, err := s.read(a, args)
		if err != nil {
			return err
		}
		r, err := a.newResolver()
		if err != nil {
			return err
		}
		ctx, cancel := a.bounded(c.Context())
		defer cancel()
		m := message.Parse(raw)
		chain := arc.Verify(ctx, r, m, arc.Options{Now: a.globals.now})
		if chain.Result == arc.Fail && strings.HasPrefix(chain.Problem, "dns") {
			// Sealing now would mark a chain as broken for good because DNS was down.
			return lookError{errors.New(a.say(msgChainUnknown) + ": " + chain.Reason)}
		}
		fields, err := arc.Seal(m, arc.SealOptions{
			Domain: o.domain, Selector: s.selector, Key: o.key, AuthServID: authServID,
			Headers: o.headers, Header: o.header, Body: o.body, Timestamp: o.timestamp, Expires: o.expires, Chain: chain,
		})
		if err != nil {
			return usagef("%s: %v", a.say(msgSeal), err)
		}
		return a.emit(fields, raw)
	})
	s = a.signFlags(c)
	c.Flags().StringVar(&authServID, "authserv-id", "", a.flagText("authserv-id"))
	return c
}
