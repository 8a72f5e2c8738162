package house

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const root = "../.."

// documents gives the Markdown files of the repository, by path below its root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/findings/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			out[filepath.ToSlash(name)] = string(data)
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d documents", len(out))
	}
	return out
}

// written gives the documents that people wrote: not the pages that are made from the catalogue.
func written(t *testing.T) map[string]string {
	t.Helper()
	out := documents(t)
	for name := range out {
		if strings.HasPrefix(name, "docs/findings/") {
			delete(out, name)
		}
	}
	return out
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
	return err == nil
}

var fenced = regexp.MustCompile("(?s)```.*?```")

// TestLinks: every relative link leads to a file, and to a heading where it names one.
func TestLinks(t *testing.T) {
	all := documents(t)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for name, text := range all {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			file, heading, _ := strings.Cut(m[1], "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if !exists(target) {
				t.Errorf("%s: %s leads nowhere", name, m[1])
			}
			if heading != "" && !slices.Contains(headings(all[target]), heading) {
				t.Errorf("%s: %s has no such heading", name, m[1])
			}
		}
	}
}

// headings gives the names by which the headings of a document are linked.
func headings(text string) []string {
	var out []string
	for line := range strings.Lines(fenced.ReplaceAllString(text, "")) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		out = append(out, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title)))
	}
	return out
}

// TestNamedFiles: a path between backquotes is there; it may be named from below internal/. What lies beside the house is not looked at.
func TestNamedFiles(t *testing.T) {
	span := regexp.MustCompile("`([A-Za-z0-9_.{},*-]+(?:/[A-Za-z0-9_.{},*-]+)*/?)`")
	for name, text := range written(t) {
		if name == "CHANGELOG.md" {
			continue
		}
		for _, m := range span.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			file := strings.TrimSuffix(m[1], "/")
			first, _, deep := strings.Cut(file, "/")
			known := exists(first) || exists("internal/"+first)
			if strings.ContainsAny(file, "{}*") || first == ".." || !known || !deep && path.Ext(file) != ".go" {
				continue
			}
			if !exists(file) && !exists("internal/"+file) {
				t.Errorf("%s: there is no %s", name, file)
			}
		}
	}
}

// TestMakeTargets: every target that is named is in the Makefile.
func TestMakeTargets(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	target := regexp.MustCompile("(?:`|^|\\s)make ([a-z][a-z-]*)`")
	found := 0
	for name, text := range written(t) {
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			found++
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s: make has no target %s", name, m[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d targets are named", found)
	}
}

var goTest = regexp.MustCompile("go test ([^`;]+)")

// TestNamedTests: the packages of every `go test` in a document are there, and what it runs is among their tests.
func TestNamedTests(t *testing.T) {
	found, known := 0, map[string][]string{}
	for name, text := range written(t) {
		for _, m := range goTest.FindAllStringSubmatch(text, -1) {
			found++
			folders, run := testArguments(strings.ReplaceAll(m[1], `\|`, "|"))
			var tests []string
			for _, folder := range folders {
				some, ok := known[folder]
				if !ok {
					some = testsIn(t, folder)
					known[folder] = some
				}
				if len(some) == 0 {
					t.Errorf("%s: %q: %s has no tests", name, m[0], folder)
				}
				tests = append(tests, some...)
			}
			if run == "" {
				continue
			}
			for alternative := range strings.SplitSeq(run, "|") {
				first, _, _ := strings.Cut(alternative, "/")
				re, err := regexp.Compile(first)
				if err != nil {
					t.Errorf("%s: %q: %v", name, m[0], err)
				} else if !slices.ContainsFunc(tests, re.MatchString) {
					t.Errorf("%s: %q: no test is like %s", name, m[0], alternative)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d commands are named", found)
	}
}

// testArguments gives the folders and the pattern of a go test command.
func testArguments(args string) (folders []string, run string) {
	words := strings.Fields(args)
	for i, w := range words {
		switch {
		case w == "-run" && i+1 < len(words):
			run = strings.Trim(words[i+1], `'"`)
		case strings.HasPrefix(w, "./internal/{"):
			for one := range strings.SplitSeq(strings.Trim(strings.TrimPrefix(w, "./internal/"), "{}"), ",") {
				folders = append(folders, "internal/"+one)
			}
		case strings.HasPrefix(w, "./"):
			folders = append(folders, strings.TrimPrefix(w, "./"))
		}
	}
	return folders, run
}

// testsIn gives the names of the tests of a folder, with "..." of all below it.
func testsIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)[A-Za-z0-9_]*)\(`)
	dir, below := strings.CutSuffix(folder, "...")
	err := filepath.WalkDir(filepath.Join(root, dir), func(file string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && !below && filepath.Clean(file) != filepath.Clean(filepath.Join(root, dir)):
			return filepath.SkipDir
		case !strings.HasSuffix(file, "_test.go"):
			return nil
		}
		data, err := os.ReadFile(file)
		for _, m := range declared.FindAllStringSubmatch(string(data), -1) {
			names = append(names, m[1])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return names
}

// TestReadmesAgree: both READMEs have the same sections, run the same commands and lead to the same documents.
func TestReadmesAgree(t *testing.T) {
	all := written(t)
	en, ja := all["README.md"], all["README.ja.md"]
	for what, of := range map[string]func(string) []string{"sections": sections, "commands": commands, "documents": linked} {
		a, b := of(en), of(ja)
		for _, s := range a {
			if !slices.Contains(b, s) {
				t.Errorf("README.ja.md lacks of the %s: %s", what, s)
			}
		}
		for _, s := range b {
			if !slices.Contains(a, s) {
				t.Errorf("README.md lacks of the %s: %s", what, s)
			}
		}
	}
}

func sections(text string) []string {
	return []string{strings.Repeat("#", strings.Count(text, "\n## ")), strings.Repeat("|", strings.Count(text, "\n| ")), strings.Repeat("**", strings.Count(text, "\n**"))}
}

// commands gives the lines of the code blocks without what differs between languages: comments, --lang and forms of panels.
func commands(text string) []string {
	var out []string
	forms := regexp.MustCompile(`--paste [a-z0-9,]+`)
	for _, block := range fenced.FindAllString(text, -1) {
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, " #")
			line = forms.ReplaceAllString(strings.ReplaceAll(line, "--lang ja ", ""), "--paste")
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "```") {
				out = append(out, line)
			}
		}
	}
	return out
}

// linked gives the documents that a text leads to, those of either language as one.
func linked(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`\]\(([A-Za-z][^)\s:]*)\)`).FindAllStringSubmatch(text, -1) {
		s := strings.NewReplacer("findings/ja", "findings/en", "report-ja", "report-en", "README.ja.md", "README.md").Replace(m[1])
		if s != "README.md" && s != "docs/glossary.ja.md" {
			out = append(out, s)
		}
	}
	return out
}

// TestRooms: the map names every package, and none that is not there.
func TestRooms(t *testing.T) {
	text := written(t)["ARCHITECTURE.md"]
	named := map[string]bool{}
	for line := range strings.Lines(text) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok && strings.HasPrefix(line, "| `") {
			for _, m := range regexp.MustCompile("`([a-z0-9/]+)`").FindAllStringSubmatch(cell, -1) {
				named[m[1]] = true
				if !exists(m[1]) && !exists("internal/"+m[1]) {
					t.Errorf("there is no package %s", m[1])
				}
			}
		}
	}
	for _, pattern := range []string{"*/*.go", "internal/*/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			dir := filepath.Base(filepath.Dir(file))
			if !named[dir] && !named["internal/"+dir] && dir != "e2e" && dir != "bench" {
				t.Errorf("ARCHITECTURE.md does not say what %s is", dir)
				named[dir] = true
			}
		}
	}
}
