package keys

import (
	"bytes"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// ReadOpenDKIM reads opendkim.conf(5): Domain, Selector, KeyFile and SubDomains, or KeyTable and SigningTable (file:, refile:, csl:). read gives
// the files that it names. Of MultipleSignatures it knows what it does: without it only the first of the keys for one pattern signs.
func ReadOpenDKIM(conf []byte, read func(path string) ([]byte, error)) (*Found, error) {
	f := &Found{Settings: map[string]string{}}
	if err := f.settings(conf, read, 0); err != nil {
		return nil, err
	}
	if f.Settings["signingtable"] == "" {
		return f, f.readSingle(read)
	}
	table, err := f.keyTable(read)
	if err != nil {
		return nil, err
	}
	entries, refile, err := Dataset(f.Settings["signingtable"], read)
	if err != nil {
		return nil, said.Error("the setting SigningTable: %w", "設定 SigningTable: %v", err)
	}
	f.signingTable(entries, refile, table, read)
	return f, nil
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
	domains, _, err := Dataset(f.Settings["domain"], read)
	if err != nil {
		return said.Error("the setting Domain: %w", "設定 Domain: %v", err)
	}
	for _, d := range domains {
		if f.full() {
			break
		}
		key, err := readKey(read, file)
		if err != nil {
			return err
		}
		texts := []string{d}
		if Yes(f.Settings["subdomains"]) {
			texts = append(texts, "."+d)
		}
		patterns, err := positioned(texts, 0)
		if err != nil {
			f.note("Domain %s: %v", "Domain %s: %v", d, err)
			continue
		}
		f.Keys = append(f.Keys, FoundKey{Domain: d, Selector: selector, Key: key, File: file, Patterns: patterns})
	}
	return nil
}

// Yes reads a switch of a configuration.
func Yes(s string) bool {
	return slices.Contains([]string{"yes", "true", "1", "on", "t", "y"}, strings.ToLower(s))
}

// tableKey is a line of the key table.
type tableKey struct{ domain, selector, where string }

func (f *Found) keyTable(read func(string) ([]byte, error)) (map[string]tableKey, error) {
	entries, _, err := Dataset(f.Settings["keytable"], read)
	if err != nil {
		return nil, said.Error("the setting KeyTable: %w", "設定 KeyTable: %v", err)
	}
	table := map[string]tableKey{}
	for _, line := range entries {
		name, value := pair(line)
		parts := strings.SplitN(value, ":", 3)
		if len(parts) != 3 {
			f.note("KeyTable: the line of %s is not domain:selector:key", "KeyTable: %s の行が domain:selector:key の形ではありません", clip(name))
			continue
		}
		if _, twice := table[name]; !twice {
			table[name] = tableKey{strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1]), strings.TrimSpace(parts[2])}
		}
	}
	return table, nil
}

// signingTable gives each key its patterns. In a refile the order of the lines decides; else how exact a pattern is.
func (f *Found) signingTable(entries []string, refile bool, table map[string]tableKey, read func(string) ([]byte, error)) {
	multiple := Yes(f.Settings["multiplesignatures"])
	positions := map[string]int{} // by pattern: lines of one pattern sign together
	index := map[string]int{}     // of what is found, by domain and selector
	for i, line := range entries {
		text, value := pair(line)
		name, identity, _ := strings.Cut(value, ":")
		p, err := ParsePattern(text)
		switch {
		case err != nil:
			f.note("SigningTable: %v", "SigningTable: %v", err)
			continue
		case refile && !strings.Contains(text, "@") && text != "*":
			f.note("SigningTable: %s never fits an address: in a refile: table it must have an @", "SigningTable: %s はどのアドレスにも一致しません。refile: の表では @ が必要です", clip(text))
			continue
		}
		position, again := positions[p.String()]
		if again && !multiple {
			f.note("SigningTable: %s has a key already, and MultipleSignatures is off: %s does not sign for it", "SigningTable: %s にはすでに鍵があり、MultipleSignatures が無効なため、%s では署名しません", clip(text), clip(name))
			continue
		}
		if !again {
			if position = 0; refile {
				position = i + 1
			}
			positions[p.String()] = position
		}
		for _, s := range signers(strings.TrimSpace(name), p, table) {
			k, ok := table[s.name]
			if !ok {
				f.note("SigningTable: there is no key %s in the KeyTable", "SigningTable: 鍵 %s が KeyTable にありません", clip(s.name))
				continue
			}
			if identity != "" && !sameIdentity(identity, k.domain, s.pattern) {
				f.note("SigningTable: %s asks for i=%s: signatures get no i=, which is the same as i=@ and the domain", "SigningTable: %s に i=%s が指定されていますが、署名に i= は付けません (i=@ドメイン と同じ意味になります)", clip(text), clip(identity))
			}
			f.take(k, s.pattern, position, index, read)
		}
	}
}

// signer is the name of a key in the key table, and whose mail it signs.
type signer struct {
	name    string
	pattern Pattern
}

// signers are those that a line of the signing table names. For % it is the domain of the author, whichever has a key of that name.
func signers(name string, p Pattern, table map[string]tableKey) (out []signer) {
	switch {
	case name != "%":
		return []signer{{name, p}}
	case p.rank == exactDomain:
		return []signer{{p.domain, p}}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		one, err := ParsePattern(p.local + "@" + name)
		if err == nil && one.rank == exactDomain && p.fits(strings.ReplaceAll(p.local, "*", ""), one.domain) {
			out = append(out, signer{name, one})
		}
	}
	if len(out) == 0 {
		return []signer{{name, p}}
	}
	return out
}

// sameIdentity reports that an i= says what a signature without one says.
func sameIdentity(identity, domain string, p Pattern) bool {
	if p.rank == exactDomain {
		identity, domain = strings.ReplaceAll(identity, "%", p.domain), strings.ReplaceAll(domain, "%", p.domain)
	}
	return strings.EqualFold(identity, "@"+domain)
}

// take adds a pattern to a key, which is read where it is new. % stands for the domain of the author.
func (f *Found) take(k tableKey, p Pattern, position int, index map[string]int, read func(string) ([]byte, error)) {
	if strings.Contains(k.domain+k.selector+k.where, "%") {
		if p.rank != exactDomain {
			f.note("KeyTable: %% stands for any domain of %s: name the domains, each gets its key", "KeyTable: %% が %s のどのドメインにもなり得ます。ドメインを列挙して、それぞれに鍵を指定してください", p)
			return
		}
		fill := strings.NewReplacer("%", p.domain)
		k = tableKey{fill.Replace(k.domain), fill.Replace(k.selector), fill.Replace(k.where)}
	}
	id := strings.ToLower(k.domain + ":" + k.selector)
	at, ok := index[id]
	if !ok {
		if f.full() {
			return
		}
		key, err := k.read(read)
		if err != nil {
			f.note("the key of %s, selector %s: %v", "%s の鍵 (セレクター %s): %v", clip(k.domain), clip(k.selector), err)
			return
		}
		at = len(f.Keys)
		index[id] = at
		f.Keys = append(f.Keys, FoundKey{Domain: k.domain, Selector: k.selector, Key: key.Key, File: key.File})
	}
	f.Keys[at].Patterns = append(f.Keys[at].Patterns, store.DKIMPattern{Pattern: p.String(), Position: position})
}

// read reads a key that stands in a file or in the table itself: PEM, or its base64 alone.
func (k tableKey) read(read func(string) ([]byte, error)) (FoundKey, error) {
	if strings.HasPrefix(k.where, "/") || strings.HasPrefix(k.where, ".") {
		key, err := readKey(read, k.where)
		return FoundKey{Key: key, File: k.where}, err
	}
	text := strings.ReplaceAll(k.where, `\n`, "\n")
	if !strings.HasPrefix(text, "-----") {
		if _, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return FoundKey{}, said.Error("it is neither a file nor a key", "ファイルでも鍵でもありません")
		}
		text = "-----BEGIN RSA PRIVATE KEY-----\n" + text + "\n-----END RSA PRIVATE KEY-----\n"
	}
	key, err := dkim.ParsePrivateKey([]byte(text))
	if err != nil {
		err = KeyError("KeyTable", err)
	}
	return FoundKey{Key: key}, err
}

// Databases are the types of data sets that are neither files nor lists.
var Databases = []string{"bdb", "db", "dsn", "ldap", "ldaps", "ldapi", "lua", "memcache", "mdb", "repute", "socket", "erlang"}

// Dataset gives the lines of a data set of OpenDKIM: a file (file:, refile: or a path), or a list with commas (csl: or anything else).
func Dataset(spec string, read func(string) ([]byte, error)) (entries []string, refile bool, err error) {
	kind, rest, typed := strings.Cut(spec, ":")
	switch kind = strings.ToLower(kind); {
	case spec == "":
		return nil, false, said.Error("it is missing", "指定がありません")
	case typed && (kind == "file" || kind == "refile"):
	case strings.HasPrefix(spec, "/") || strings.HasPrefix(spec, "./") || strings.HasPrefix(spec, "../"):
		rest, kind = spec, "file"
	case typed && kind == "csl":
		return list(rest), false, nil
	case typed && slices.Contains(Databases, kind):
		return nil, false, said.Error("tables of the type %s: cannot be read here; write it as a file", "%s: 形式の表は読み取れません。ファイルに書き出してください", kind)
	default:
		return list(spec), false, nil
	}
	data, err := read(rest)
	if err != nil {
		return nil, false, err
	}
	if len(data) > maxFile {
		return nil, false, said.Error("%s is longer than %d MiB", "%s が %d MiB を超えています", rest, maxFile>>20)
	}
	return lines(data), kind == "refile", nil
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

// pair cuts a line of a table into name and value: at white space in a file, at = in a list with commas.
func pair(s string) (name, value string) {
	i := strings.IndexAny(s, " \t=")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i+1:])
}

// cutSpace cuts at the first white space.
func cutSpace(s string) (word, rest string, ok bool) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, "", false
	}
	return s[:i], strings.TrimSpace(s[i:]), true
}
