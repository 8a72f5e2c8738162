package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var (
	// ours is a command of this program in a document: behind a prompt, a pipe or a backquote.
	ours     = regexp.MustCompile("(?m)(?:^|[`|&;(] ?|exec |ExecStart=\\S*/)(?:sudo )?(?:\\./|/usr/local/bin/)?(?:go run \\./cmd/)?todoku((?: +[^\\s`|&;<>)]+)*)")
	lower    = regexp.MustCompile(`^[a-z]+$`)
	flagWord = regexp.MustCompile("`(?:[a-z]+ )*--([a-z][a-z-]+)")
)

// TestDocuments: every command and flag that the documents name is there, and every flag is named.
func TestDocuments(t *testing.T) {
	root := (&app{lang: "en"}).root()
	root.InitDefaultHelpCmd()
	all := map[string]bool{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		note := func(f *pflag.Flag) { all[f.Name] = true }
		c.Flags().VisitAll(note)
		c.PersistentFlags().VisitAll(note)
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(root)
	files, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commands, flags, whole := 0, 0, ""
	for _, file := range append(files, more...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole += string(data)
		text := strings.ReplaceAll(string(data), "\\\n", " ") // a command over several lines
		for _, m := range ours.FindAllStringSubmatch(text, -1) {
			commands++
			named(t, filepath.Base(file), root, strings.Fields(m[1]))
		}
		for _, m := range flagWord.FindAllStringSubmatch(text, -1) {
			flags++
			if name := strings.TrimSuffix(m[1], "-"); !all[name] && !all["milter-"+name] && !strings.HasSuffix(m[1], "-") {
				t.Errorf("%s: there is no flag --%s", filepath.Base(file), name)
			}
		}
	}
	for name := range all { // those of the milter stand without the prefix that they have in serve
		if !strings.Contains(whole, "--"+strings.TrimPrefix(name, "milter-")) {
			t.Errorf("no document names --%s", name)
		}
	}
	if commands < 100 || flags < 100 {
		t.Errorf("only %d commands and %d flags are named", commands, flags)
	}
}

// named looks for the command of some words, and for their flags.
func named(t *testing.T, file string, root *cobra.Command, words []string) {
	t.Helper()
	c := root
	for len(words) > 0 {
		next, rest, err := c.Find(words[:1])
		if err != nil || next == c || len(rest) > 0 {
			break
		}
		c, words = next, words[1:]
	}
	if len(words) > 0 && c.HasSubCommands() && lower.MatchString(words[0]) {
		t.Errorf("%s: %s has no command %s", file, c.CommandPath(), words[0])
	}
	for _, w := range words {
		if w == "--" || strings.HasPrefix(w, "#") { // operands, a remark
			return
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
		if !strings.HasPrefix(w, "--") || strings.ContainsAny(name, ".…") {
			continue
		}
		if c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
			t.Errorf("%s: %s has no flag --%s", file, c.CommandPath(), name)
		}
	}
}
