// Package drill reads broken zones on which the whole circle of a diagnosis is
// tried: look, judge, publish the repair, look again.
package drill

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
)

// Case is one zone with what is to be found in it.
//
// Its file holds "; key: value" lines and then records in master-file form, one a
// line, with absolute names:
//
//	; domain: example.com          what is checked
//	; why: a second record         in a few words
//	; first: spf.multiple-records  the finding that must come first in its area, with
//	                               its status where another than fail or warn is meant
//	; first: dkim.key-missing unknown
//	; ip: 192.0.2.1                an address that sends for the domain (repeatable)
//	; selector: s1                 a DKIM selector (repeatable)
//	; secure: example.com          DNSSEC protects this name and all beneath it; "." is
//	                               the root alone (repeatable)
//
// A case without "first" is a healthy zone: nothing in it may be a fail or a warn.
type Case struct {
	Name      string
	Domain    string
	Why       string
	First     []Expected
	IPs       []string
	Selectors []string
	Secure    []string
	Records   []dns.Record
}

// Expected is a finding that must come first among those of its area.
type Expected struct {
	ID string
	// Status is "" for fail or warn.
	Status string
}

// Healthy reports whether nothing is to be found.
func (c Case) Healthy() bool { return len(c.First) == 0 }

// Signed answers as r does, and sets the AD bit of what comes from the names of c.Secure
// alone.
func (c Case) Signed(r dns.Resolver) dns.Resolver {
	if len(c.Secure) == 0 {
		return r
	}
	return signed{r, c.Secure}
}

type signed struct {
	dns.Resolver
	names []string
}

// Resolve asks, and tells whether every name on the way is secure.
func (s signed) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	a := s.Resolver.Resolve(ctx, q)
	a.AuthenticData = !a.Status.Failed() && s.secure(q.Name)
	for _, link := range a.Chain {
		a.AuthenticData = a.AuthenticData && s.secure(link.Data)
	}
	return a
}

func (s signed) secure(name string) bool {
	name = dns.CanonicalName(name)
	return slices.ContainsFunc(s.names, func(top string) bool {
		top = dns.CanonicalName(top)
		return name == top || top != "" && dns.IsSubdomain(name, top)
	})
}

// Load reads every *.zone file below the root of a file system, sorted by name.
func Load(files fs.FS) ([]Case, error) {
	var cases []Case
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".zone" {
			return err
		}
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		c, err := Read(f, strings.TrimSuffix(name, ".zone"))
		if err != nil {
			return fmt.Errorf("drill: %s: %w", name, err)
		}
		cases = append(cases, c)
		return nil
	})
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return cases, err
}

// Read reads one case.
func Read(r io.Reader, name string) (Case, error) {
	c := Case{Name: name}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" {
			continue
		}
		if comment, ok := strings.CutPrefix(line, ";"); ok {
			if err := c.setting(strings.TrimSpace(comment)); err != nil {
				return c, fmt.Errorf("line %d: %w", n, err)
			}
			continue
		}
		rec, err := dns.ParseRR(line)
		if err != nil {
			return c, fmt.Errorf("line %d: %w", n, err)
		}
		c.Records = append(c.Records, rec)
	}
	if c.Domain == "" && len(c.IPs) == 0 {
		return c, fmt.Errorf("it says neither domain nor ip")
	}
	return c, s.Err()
}

// setting reads one "key: value". Lines of other words are remarks.
func (c *Case) setting(line string) error {
	key, value, ok := strings.Cut(line, ": ")
	if !ok || strings.Contains(key, " ") {
		return nil
	}
	value = strings.TrimSpace(value)
	switch key {
	case "domain":
		c.Domain = value
	case "why":
		c.Why = value
	case "ip":
		c.IPs = append(c.IPs, value)
	case "selector":
		c.Selectors = append(c.Selectors, value)
	case "secure":
		c.Secure = append(c.Secure, value)
	case "first":
		id, status, _ := strings.Cut(value, " ")
		c.First = append(c.First, Expected{id, status})
	default:
		return fmt.Errorf("there is no setting %q", key)
	}
	return nil
}
