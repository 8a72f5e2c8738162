package keys

import (
	"bytes"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// ReadOpenDKIM reads opendkim.conf(5): Domain, Selector, KeyFile and SubDomains, or KeyTable and SigningTable (file:, refile:, csl:), whose
// names are below BaseDirectory. Of MultipleSignatures it knows what it does: without it only the first of the keys for one pattern signs.
func ReadOpenDKIM(conf []byte, files Files) (*Found, error) {
	f := &Found{Settings: map[string]string{}}
	if err := f.settings(conf, files.Read, 0); err != nil {
		return nil, err
	}
	files = files.Below(f.Settings["basedirectory"])
	if f.Settings["signingtable"] == "" {
		return f, f.readSingle(files.Read)
	}
	t := tables{Found: f, files: files, index: map[string]int{}}
	return f, t.read()
}

// maxIncludes is how deeply files are included in each other, as in OpenDKIM.
const maxIncludes = 5

// settings reads a configuration, and those that it includes.
func (f *Found) settings(conf []byte, read func(string) ([]byte, error), depth int) error {
	if depth > maxIncludes {
		return said.Error("files include each other more than %d deep", "Include の入れ子が %d 段を超えています", maxIncludes)
	}
	for _, line := range lines(conf) {
		name, value, _ := cutSpace(line)
		if name = strings.ToLower(name); name != "include" {
			f.Settings[name] = value
			continue
		}
		if f.included++; f.included > maxIncluded {
			return said.Error("more than %d files are included", "Include されたファイルが %d 個を超えています", maxIncluded)
		}
		included, err := read(value)
		if err == nil {
			err = f.settings(included, read, depth+1)
		}
		if err != nil {
			return said.Error("the setting Include: %w", "設定 Include: %v", err)
		}
	}
	return nil
}

// maxIncluded bounds the files that are included, however they are nested.
const maxIncluded = 100

// readSingle takes the one key of a simple configuration.
func (f *Found) readSingle(read func(string) ([]byte, error)) error {
	file, selector := f.Settings["keyfile"], f.Settings["selector"]
	if f.Settings["domain"] == "" || file == "" || selector == "" {
		return said.Error("opendkim.conf has neither a SigningTable nor Domain, Selector and KeyFile: there is nothing to import", "opendkim.conf に SigningTable も、Domain、Selector、KeyFile の組もないため、取り込むものがありません")
	}
	domains, refile, err := Dataset(f.Settings["domain"], read)
	if err != nil {
		return said.Error("the setting Domain: %w", "設定 Domain: %v", err)
	}
	wide := 0 // the position of subdomains: where a * fits the domain of the author itself, that comes first
	if slices.ContainsFunc(domains, func(d string) bool { return strings.Contains(d, "*") }) {
		wide = 1
	}
	for _, d := range domains {
		if f.full() {
			break
		}
		key, err := readKey(read, file)
		if err != nil {
			return err
		}
		k := FoundKey{Domain: d, Selector: selector, Key: key, File: file}
		glob := strings.Contains(d, "*")
		switch {
		case glob && !refile && d != "*":
			f.note("Domain %[1]s: a * within a name fits only in a refile: table, so that OpenDKIM never signs for it: name the domains", "Domain %[1]s: 名前の中の * は refile: の表でしか意味を持たず、OpenDKIM も署名しません。ドメインを列挙してください", clip(d))
			continue
		case strings.HasPrefix(d, "."):
			f.note("Domain %[1]s: no domain begins with a dot, so that OpenDKIM never signs for it: name the domain without it; SubDomains is for those below", "Domain %[1]s: ドットで始まるドメインはなく、OpenDKIM も署名しません。ドットなしで書いてください。サブドメインには SubDomains を使います", clip(d))
			continue
		}
		if k.Patterns, err = positioned([]string{d}, 0); err == nil && Yes(f.Settings["subdomains"]) && !glob {
			var below []store.DKIMPattern
			below, err = positioned([]string{"." + d}, wide)
			k.Patterns = append(k.Patterns, below...)
		}
		switch {
		case err != nil:
			f.note("Domain %s: %v", "Domain %s: %v", d, err)
		case glob:
			k.Domain = ""
			f.OfAuthor = append(f.OfAuthor, k)
		default:
			f.Keys = append(f.Keys, k)
		}
	}
	return nil
}

// Yes reads a switch of a configuration.
func Yes(s string) bool {
	return slices.Contains([]string{"yes", "true", "1", "on", "t", "y"}, strings.ToLower(s))
}

// Databases are the types of data sets that are neither files nor lists.
var Databases = []string{"bdb", "db", "dsn", "ldap", "ldaps", "ldapi", "lua", "memcache", "mdb", "repute", "socket", "erlang"}

// Dataset gives the lines of a data set of OpenDKIM: a file (file:, refile: or a path), or a list with commas (csl: or anything else).
func Dataset(spec string, read func(string) ([]byte, error)) (entries []string, refile bool, err error) {
	entries, kind, err := dataset(spec, read)
	return entries, kind == "refile", err
}

// dataset is Dataset, and gives the type: "file", "refile", or "csl".
func dataset(spec string, read func(string) ([]byte, error)) (entries []string, kind string, err error) {
	kind, rest, typed := strings.Cut(spec, ":")
	switch kind = strings.ToLower(kind); {
	case spec == "":
		return nil, "", said.Error("it is missing", "指定がありません")
	case typed && (kind == "file" || kind == "refile"):
	case strings.HasPrefix(spec, "/") || strings.HasPrefix(spec, "./") || strings.HasPrefix(spec, "../"):
		rest, kind = spec, "file"
	case typed && kind == "csl":
		return list(rest), "csl", nil
	case typed && slices.Contains(Databases, kind):
		return nil, "", said.Error("tables of the type %s: cannot be read here; write it as a file", "%s: 形式の表は読み取れません。ファイルに書き出してください", kind)
	default:
		return list(spec), "csl", nil
	}
	data, err := read(rest)
	if err != nil {
		return nil, "", err
	}
	if len(data) > maxFile {
		return nil, "", said.Error("%s is longer than %d MiB", "%s が %d MiB を超えています", rest, maxFile>>20)
	}
	return lines(data), kind, nil
}

func list(s string) (out []string) {
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// lines gives the lines of a file without comments and empty ones.
func lines(data []byte) (out []string) {
	for line := range bytes.Lines(data) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(out, string(line))
		}
	}
	return out
}

// cutSpace cuts at the first white space.
func cutSpace(s string) (word, rest string, ok bool) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, "", false
	}
	return s[:i], strings.TrimSpace(s[i:]), true
}
