package cli

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/tomlline"
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
	var conf *config
	if path != "" {
		var err error
		if conf, err = a.readConfig(c.Root(), path); err != nil {
			return err
		}
		a.config.path = path
	}
	a.fromFile = map[string]string{}
	var failed error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || slices.Contains(notSettings, f.Name) {
			return
		}
		name := envName(f.Name)
		if v := a.Getenv(name); v != "" {
			a.fromFile[f.Name] = name
			failed = a.set(c, f, name, listed(f, v))
			return
		}
		if conf == nil {
			return
		}
		for _, key := range keysFor(c, f.Name) {
			if conf.Exists(key) {
				where := conf.place(a, key)
				a.fromFile[f.Name] = where
				failed = a.set(c, f, where, values(conf.Get(key)))
				return
			}
		}
	})
	if failed == nil && c.CommandPath() == c.Root().Name()+" milter" {
		a.warnOfServe(c, conf)
	}
	return failed
}

// warnOfServe says which settings of the milter within serve ("milter-key") todoku milter does not heed, unless it has its own. They may be meant for a serve that
// has the same file, and so are no errors.
func (a *app) warnOfServe(c *cobra.Command, conf *config) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		name := "milter-" + f.Name
		if f.Name == "listen" {
			name = "milter"
		}
		if f.Changed || !servesKnow(c.Root(), name) {
			return
		}
		if v := envName(name); a.Getenv(v) != "" {
			fmt.Fprintln(a.Err, a.say(msgServeKey, "where", v, "own", envName(f.Name)))
		}
		if conf == nil {
			return
		}
		for _, key := range []string{"serve." + name, name} {
			if _, table := conf.Get(key).(map[string]any); !table && conf.Exists(key) {
				fmt.Fprintln(a.Err, a.say(msgServeKey, "where", strings.TrimSuffix(conf.place(a, key), ": "+key)+": "+key, "own", f.Name))
			}
		}
	})
}

// servesKnow reports whether a flag is one of todoku serve.
func servesKnow(root *cobra.Command, flag string) bool {
	for _, c := range root.Commands() {
		if c.Name() == "serve" {
			return c.Flags().Lookup(flag) != nil
		}
	}
	return false
}

// envName is the variable of a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// settingError says of an error that names a flag which was not given where its value came from: the line of the file, or the variable.
func (a *app) settingError(text string) string {
	rest, ok := strings.CutPrefix(text, "--")
	if !ok {
		return text
	}
	name := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz0123456789-"))]
	if where := a.fromFile[name]; where != "" {
		return where + ": " + text
	}
	return text
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

// words are the repeatable flags whose values hold neither comma nor blank.
var words = []string{"allow-private", "ip", "paste", "selector"}

// listed are the values in an environment variable: of a repeatable flag one a line,
// and where no value can hold them also with commas or blanks between.
func listed(f *pflag.Flag, v string) []string {
	if _, list := f.Value.(pflag.SliceValue); !list {
		return []string{v}
	}
	between := func(r rune) bool { return r == '\n' || r == '\r' }
	if slices.Contains(words, f.Name) {
		between = func(r rune) bool { return r == ',' || unicode.IsSpace(r) }
	}
	return strings.FieldsFunc(v, between)
}

func (a *app) set(c *cobra.Command, f *pflag.Flag, where string, values []string) error {
	if _, list := f.Value.(pflag.SliceValue); !list && len(values) != 1 {
		return usagef("%s: %d values, one is wanted", where, len(values))
	}
	for _, v := range values {
		if err := c.Flags().Set(f.Name, v); err != nil {
			return usagef("%s: %v", where, a.flagError(c, err))
		}
	}
	return nil
}

// config is a file of settings.
type config struct {
	*koanf.Koanf
	path string
	was  map[string]string // the keys as they are written, by how they are known
}

// place names the file and, where it is found, the line of a key.
func (c *config) place(a *app, key string) string {
	was := key
	if w, ok := c.was[key]; ok {
		was = w
	}
	text, _ := readBounded(c.path) // once more, for a pipe gives it once: then there is no line
	if line := tomlline.Of(text, strings.Split(was, ".")...); line > 0 {
		return a.say(msgInLine, "file", c.path, "line", strconv.Itoa(line))
	}
	return c.path + ": " + key
}

// values gives a TOML value as flag texts; an array sets a repeatable flag several times.
func values(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{plain(v)}
	}
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = plain(e)
	}
	return out
}

// plain writes one TOML value as a flag has it; a time of TOML's own in RFC 3339.
func plain(v any) string {
	if t, ok := v.(time.Time); ok {
		return t.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// reader reads TOML that may begin with a byte order mark, as editors of Windows write
// it. Its errors are noTOML, to tell them from those of a file that cannot be read.
type reader struct {
	*toml.TOML
	read *[]byte // what there was
}

func (r reader) Unmarshal(octets []byte) (map[string]any, error) {
	*r.read = octets
	m, err := r.TOML.Unmarshal(bytes.TrimPrefix(octets, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, noTOML{err}
	}
	return m, nil
}

type noTOML struct{ error }

func (e noTOML) Unwrap() error { return e.error }

// configFile is a configuration file as it was read; path is "" where there is none.
type configFile struct {
	path   string
	octets []byte
}

// changed reports that the file has other octets now. What is no regular file (a pipe) gives them only once.
func (f *configFile) changed() bool {
	info, err := os.Stat(f.path)
	if f.path == "" || err != nil || !info.Mode().IsRegular() {
		return false
	}
	now, err := readBounded(f.path)
	return err == nil && !bytes.Equal(now, f.octets)
}

// readConfig loads the file and refuses keys that no command has: a misspelt
// setting must not be ignored in silence.
func (a *app) readConfig(root *cobra.Command, path string) (*config, error) {
	raw := koanf.New(".")
	if err := raw.Load(file.Provider(path), reader{toml.Parser(), &a.config.octets}); err != nil {
		where := path
		if line := tomlline.Error(err); line > 0 {
			where = a.say(msgInLine, "file", path, "line", strconv.Itoa(line))
		}
		err = fmt.Errorf("%s: %w", a.say(msgConfig, "file", where), err)
		if errors.As(err, &noTOML{}) {
			return nil, usageError{err.Error()}
		}
		return nil, lookError{err}
	}
	conf := &config{Koanf: koanf.New("."), path: path, was: map[string]string{}}
	known := knownKeys(root)
	for _, key := range raw.Keys() {
		plain := strings.ReplaceAll(key, "_", "-")
		conf.was[plain] = key
		if !known[plain] {
			return nil, usagef("%s", a.unknownKey(conf, key, plain, known))
		}
		if err := conf.Set(plain, raw.Get(key)); err != nil {
			return nil, usagef("%s: %v", conf.place(a, plain), err)
		}
	}
	return conf, nil
}

// unknownKey says that there is no such setting, and which one may be meant.
func (a *app) unknownKey(conf *config, key, plain string, known map[string]bool) string {
	out := a.say(msgUnknownKey, "file", strings.TrimSuffix(conf.place(a, plain), ": "+plain), "key", key)
	if near := tomlline.Nearest(plain, slices.Sorted(maps.Keys(known))); near != "" {
		out += a.say(msgDidYouMean, "commands", near)
	}
	return out
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
