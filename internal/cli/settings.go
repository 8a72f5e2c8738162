package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// envPrefix begins the name of every environment variable: TODOKU_MAIL_DOMAIN is --mail-domain.
const envPrefix = "TODOKU_"

// notSettings are flags that only make sense on the command line.
var notSettings = []string{"help", "config", "version"}

// settle gives each flag that was not given its value from the environment, else
// from the configuration file: flag, environment, file, default.
func (a *app) settle(c *cobra.Command) error {
	path := a.globals.config
	if path == "" {
		path = a.Getenv(envPrefix + "CONFIG")
	}
	var conf *koanf.Koanf
	if path != "" {
		var err error
		if conf, err = a.readConfig(c.Root(), path); err != nil {
			return err
		}
	}
	var failed error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || slices.Contains(notSettings, f.Name) {
			return
		}
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := a.Getenv(name); v != "" {
			failed = set(c, f, name, []string{v})
			return
		}
		if conf == nil {
			return
		}
		for _, key := range keysFor(c, f.Name) {
			if conf.Exists(key) {
				failed = set(c, f, path+": "+key, values(conf.Get(key)))
				return
			}
		}
	})
	return failed
}

// keysFor are the places of a flag in the file, most specific first: the table of
// the command, then the top.
func keysFor(c *cobra.Command, flag string) []string {
	table := strings.ReplaceAll(strings.TrimPrefix(c.CommandPath(), c.Root().Name()), " ", ".")
	if table = strings.Trim(table, "."); table == "" {
		return []string{flag}
	}
	return []string{table + "." + flag, flag}
}

func set(c *cobra.Command, f *pflag.Flag, where string, values []string) error {
	for _, v := range values {
		if err := c.Flags().Set(f.Name, v); err != nil {
			return usagef("%s: %v", where, err)
		}
	}
	return nil
}

// values gives a TOML value as flag texts; an array sets a repeatable flag several times.
func values(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprint(v)}
	}
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = fmt.Sprint(e)
	}
	return out
}

// readConfig loads the file and refuses keys that no command has: a misspelt
// setting must not be ignored in silence.
func (a *app) readConfig(root *cobra.Command, path string) (*koanf.Koanf, error) {
	raw := koanf.New(".")
	if err := raw.Load(file.Provider(path), toml.Parser()); err != nil {
		return nil, lookError{fmt.Errorf("%s: %w", a.say(msgConfig, "file", path), err)}
	}
	conf := koanf.New(".")
	known := knownKeys(root)
	for _, key := range raw.Keys() {
		plain := strings.ReplaceAll(key, "_", "-")
		if !known[plain] {
			return nil, usagef("%s", a.say(msgUnknownKey, "file", path, "key", key))
		}
		if err := conf.Set(plain, raw.Get(key)); err != nil {
			return nil, usagef("%s: %s: %v", path, key, err)
		}
	}
	return conf, nil
}

// knownKeys are all keys that some command understands.
func knownKeys(root *cobra.Command) map[string]bool {
	known := make(map[string]bool)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		add := func(f *pflag.Flag) {
			if !slices.Contains(notSettings, f.Name) {
				for _, key := range keysFor(c, f.Name) {
					known[key] = true
				}
			}
		}
		c.LocalFlags().VisitAll(add)
		c.InheritedFlags().VisitAll(add)
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(root)
	return known
}
