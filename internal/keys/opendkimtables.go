package keys

import (
	"cmp"
	"encoding/base64"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// tableKey is a line of the key table.
type tableKey struct{ domain, selector, where string }

// keyTable are the lines of the key table by name. In a refile: table a name may hold *, and the first line that fits a name counts.
type keyTable struct {
	named map[string]tableKey
	globs []string // the names that hold *, in their order
}

// find gives the key that a name of the signing table means. The case of names counts.
func (t keyTable) find(name string) (tableKey, bool) {
	if k, ok := t.named[name]; ok {
		return k, true
	}
	for _, g := range t.globs {
		if glob(g, name) {
			return t.named[g], true
		}
	}
	return tableKey{}, false
}

// tables are KeyTable and SigningTable being read.
type tables struct {
	*Found
	files Files
	keys  keyTable
	index map[string]int // of what is found, by domain and selector
}

func (f *tables) read() (err error) {
	if f.keys, err = f.keyTable(); err != nil {
		return err
	}
	entries, kind, err := dataset(f.Settings["signingtable"], f.files.Read)
	if err != nil {
		return said.Error("the setting SigningTable: %w", "設定 SigningTable: %v", err)
	}
	f.signingTable(entries, kind)
	return nil
}

func (f *tables) keyTable() (keyTable, error) {
	table := keyTable{named: map[string]tableKey{}}
	entries, kind, err := dataset(f.Settings["keytable"], f.files.Read)
	if err != nil {
		return table, said.Error("the setting KeyTable: %w", "設定 KeyTable: %v", err)
	}
	for _, line := range entries {
		name, value := pair(line, kind == "csl")
		parts := strings.SplitN(value, ":", 3)
		if len(parts) != 3 || strings.TrimSpace(parts[0]) == "" {
			f.note("KeyTable: the line of %s is not domain:selector:key", "KeyTable: %s の行が domain:selector:key の形ではありません", clip(name))
			continue
		}
		if _, taken := table.find(name); taken { // by a line before, which is the one that counts
			continue
		}
		table.named[name] = tableKey{strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1]), strings.TrimSpace(parts[2])}
		if kind == "refile" && strings.Contains(name, "*") && len(table.globs) < maxGlobs {
			table.globs = append(table.globs, name)
		}
	}
	return table, nil
}

// maxGlobs bounds the names of a key table that hold *, for each is compared with each name.
const maxGlobs = 1000

// signingTable gives each key its patterns. In a refile the order of the lines decides; else how exact a pattern is.
func (f *tables) signingTable(entries []string, kind string) {
	refile := kind == "refile"
	multiple := refile && Yes(f.Settings["multiplesignatures"]) // elsewhere only the first line of a text is ever read
	positions := map[string]int{}                               // by pattern: lines of one pattern sign together
	for i, line := range entries {
		text, value := pair(line, kind == "csl")
		name, identity, _ := strings.Cut(value, ":")
		name = strings.TrimSpace(name)
		for _, p := range f.fitted(text, refile) {
			position, again := positions[p.String()]
			if again && !multiple {
				f.twice(text, name, refile)
				continue
			}
			if !again {
				if position = 0; refile {
					position = i + 1
				}
				positions[p.String()] = position
			}
			f.line(text, name, identity, p, position)
		}
	}
}

// twice notes a line whose text stands before it.
func (f *tables) twice(text, name string, refile bool) {
	if refile {
		f.note("SigningTable: %s has a key already, and MultipleSignatures is off: %s does not sign for it", "SigningTable: %s にはすでに鍵があり、MultipleSignatures が無効なため、%s では署名しません", clip(text), clip(name))
		return
	}
	f.note("SigningTable: %s has a key already, and only the first line of a name counts in a table that is no refile:: %s does not sign for it", "SigningTable: %s にはすでに鍵があります。refile: でない表では同じ名前の最初の行だけが使われるため、%s では署名しません", clip(text), clip(name))
}

// fitted gives the patterns that fit the addresses for which OpenDKIM takes a line with this text, and notes a text that fits none.
func (f *tables) fitted(text string, refile bool) []Pattern {
	if refile {
		return f.expression(text)
	}
	local, domain, address := strings.Cut(text, "@")
	if strings.Contains(text, "*") && text != "*" && (!address || domain != "*" || strings.Contains(local, "*")) {
		f.note("SigningTable: %s never fits: in a table that is no refile: only * and user@* stand for more than is written; OpenDKIM never signs for it", "SigningTable: %s は何にも一致しません。refile: でない表では * と user@* だけがワイルドカードで、OpenDKIM もこの行では署名しません", clip(text))
		return nil
	}
	p, err := ParsePattern(text)
	if err != nil {
		f.note("SigningTable: %v", "SigningTable: %v", err)
		return nil
	}
	return []Pattern{p}
}

// expression gives the patterns of a text of a refile, which OpenDKIM compares with the whole address. Without @ each * may be what the @ is in.
func (f *tables) expression(text string) []Pattern {
	var out []Pattern
	var failed error
	parse := func(text string) {
		p, err := ParsePattern(text)
		if err != nil {
			failed = err
			return
		}
		out = append(out, p)
	}
	switch at := strings.LastIndexByte(text, '@'); {
	case strings.ContainsAny(text, `?^$|{}\`):
		f.note(`SigningTable: %s: ? ^ $ | { } \ are parts of a regular expression in a refile: table of OpenDKIM: write the addresses with * alone`, `SigningTable: %s: OpenDKIM の refile: の表では ? ^ $ | { } \ が正規表現の一部として扱われます。* だけを使ってアドレスを書いてください`, clip(text))
		return nil
	case at >= 0 && !strings.HasPrefix(text[at+1:], "."):
		parse(text)
	case at < 0:
		for strings.Contains(text, "**") {
			text = strings.ReplaceAll(text, "**", "*")
		}
		for i := range len(text) {
			if text[i] == '*' {
				parse(text[:i+1] + "@" + text[i:])
			}
		}
	}
	switch {
	case len(out) > 0:
	case failed != nil:
		f.note("SigningTable: %v", "SigningTable: %v", failed)
	default:
		f.note("SigningTable: %s never fits an address: a refile: table compares it with the whole address, and OpenDKIM never signs for it; write *@ and the domain, or *@*. and the domain for its subdomains", "SigningTable: %s はどのアドレスにも一致しません。refile: の表ではアドレス全体と比べられ、OpenDKIM もこの行では署名しません。ドメインは *@ドメイン、サブドメインは *@*.ドメイン と書いてください", clip(text))
	}
	return out
}

// line takes the keys that a line of the signing table names, for one pattern.
func (f *tables) line(text, name, identity string, p Pattern, position int) {
	for _, s := range signers(name, p, f.keys) {
		k, ok := f.keys.find(s.name)
		if !ok {
			f.note("SigningTable: there is no key %s in the KeyTable", "SigningTable: 鍵 %s が KeyTable にありません", clip(s.name))
			continue
		}
		if identity != "" && !sameIdentity(identity, k.domain, s.pattern) {
			f.note("SigningTable: %s asks for i=%s: signatures get no i=, which is the same as i=@ and the domain", "SigningTable: %s に i=%s が指定されていますが、署名に i= は付けません (i=@ドメイン と同じ意味になります)", clip(text), clip(identity))
		}
		f.fill(k, s.pattern, position)
	}
}

// signer is the name of a key in the key table, and whose mail it signs.
type signer struct {
	name    string
	pattern Pattern
}

// signers are those that a line of the signing table names. For % it is the domain of the author, whichever has a key of that name.
func signers(name string, p Pattern, table keyTable) (out []signer) {
	switch {
	case name != "%":
		return []signer{{name, p}}
	case p.rank == exactDomain:
		return []signer{{p.domain, p}}
	}
	for _, name := range slices.Sorted(maps.Keys(table.named)) {
		one, err := ParsePattern(p.local + "@" + name)
		if err == nil && one.rank == exactDomain && p.fits(strings.ReplaceAll(p.local, "*", ""), one.domain) {
			out = append(out, signer{name, one})
		}
	}
	for _, name := range table.globs {
		if one, ok := p.within(name); ok {
			out = append(out, signer{name, one})
			if one == p { // nothing is left for those after it
				break
			}
		}
	}
	if len(out) == 0 {
		return []signer{{name, p}}
	}
	return out
}

// within is the pattern for those of its domains that a name with * fits, where one of the two holds the other.
func (p Pattern) within(name string) (Pattern, bool) {
	domain := p.domain
	if p.rank == subdomains {
		domain = "*" + domain
	}
	if glob(name, domain) {
		return p, true
	}
	if !glob(domain, name) {
		return Pattern{}, false
	}
	one, err := ParsePattern(p.local + "@" + name)
	return one, err == nil
}

// sameIdentity reports that an i= says what a signature without one says.
func sameIdentity(identity, domain string, p Pattern) bool {
	if p.rank == exactDomain {
		identity, domain = strings.ReplaceAll(identity, "%", p.domain), strings.ReplaceAll(domain, "%", p.domain)
	}
	return strings.EqualFold(identity, "@"+domain)
}

// fill has a line of the key table sign for a pattern. % stands for the domain of the author, as the whole domain and in the name of the file: where the
// pattern does not say which, the files do that are there, and a key that is the same for all signs by whatever domain it is.
func (f *tables) fill(k tableKey, p Pattern, position int) {
	switch {
	case strings.Contains(k.selector, "%") || strings.Contains(k.domain, "%") && k.domain != "%":
		f.note("KeyTable: %[1]s:%[2]s: %% stands for the domain of the author only as the whole domain, or in the name of the file; OpenDKIM writes it as it is, and nobody can verify that: write domain and selector", "KeyTable: %[1]s:%[2]s: %% が送信者のドメインになるのは、ドメイン全体が %% の場合と鍵のファイル名の中だけです。OpenDKIM は %% をそのまま書き、その署名は検証できません。ドメインとセレクターを書いてください", clip(k.domain), clip(k.selector))
	case !strings.Contains(k.domain+k.where, "%"):
		f.take(k, p, position)
	case p.rank == exactDomain:
		f.take(k.of(p.domain), p, position)
	case strings.Contains(k.where, "%"):
		f.eachFile(k, p, position)
	default:
		k.domain = ""
		f.take(k, p, position)
	}
}

// of is the key of one domain.
func (k tableKey) of(domain string) tableKey {
	fill := strings.NewReplacer("%", domain)
	return tableKey{fill.Replace(k.domain), k.selector, fill.Replace(k.where)}
}

// eachFile takes the keys of all domains of a pattern of which there are files.
func (f *tables) eachFile(k tableKey, p Pattern, position int) {
	before, after, _ := strings.Cut(k.where, "%")
	between := false
	if i := strings.LastIndex(after, "%"); i >= 0 { // such as /keys/%/%.private
		after, between = after[i+1:], true
	}
	var names []string
	if f.files.Glob != nil && !strings.ContainsAny(k.where, `*?[\`) {
		names, _ = f.files.Glob(strings.ReplaceAll(k.where, "%", "*")) // the only error is a pattern that is none
	}
	some := false
	for _, name := range names {
		if len(name) <= len(before)+len(after) {
			continue
		}
		domain := name[len(before) : len(name)-len(after)]
		if between {
			domain, _, _ = strings.Cut(domain, "/")
		}
		one, err := ParsePattern(p.local + "@" + domain)
		if err != nil || one.rank != exactDomain || k.of(one.domain).where != name || !p.fits(strings.ReplaceAll(p.local, "*", ""), one.domain) {
			continue
		}
		f.take(k.of(one.domain), one, position)
		some = true
	}
	if !some {
		f.note("KeyTable: there is no file %s for a domain of %s", "KeyTable: %[2]s のドメインの鍵のファイル %[1]s がありません", clip(k.where), p)
	}
}

// take adds a pattern to a key, which is read where it is new. Without a domain it is that of the author.
func (f *tables) take(k tableKey, p Pattern, position int) {
	list := &f.Keys
	if k.domain == "" {
		list = &f.OfAuthor
	}
	id := strings.ToLower(k.domain + ":" + k.selector)
	if k.domain == "" {
		id += ":" + k.where
	}
	at, ok := f.index[id]
	if !ok {
		if f.full() {
			return
		}
		key, err := k.read(f.files.Read)
		if f.Denied == nil && errors.Is(err, fs.ErrPermission) {
			f.Denied = err
		}
		if err != nil {
			f.note("the key of %s, selector %s: %v", "%s の鍵 (セレクター %s): %v", clip(cmp.Or(k.domain, p.String())), clip(k.selector), err)
			return
		}
		at = len(*list)
		f.index[id] = at
		*list = append(*list, FoundKey{Domain: k.domain, Selector: k.selector, Key: key.Key, File: key.File})
	}
	(*list)[at].Patterns = append((*list)[at].Patterns, store.DKIMPattern{Pattern: p.String(), Position: position})
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

// pair cuts a line of a table into name and value: at white space in a file, at = in a list with commas.
func pair(s string, listed bool) (name, value string) {
	if listed {
		name, value, _ = strings.Cut(s, "=")
		return strings.TrimSpace(name), strings.TrimSpace(value)
	}
	name, value, _ = cutSpace(s)
	return name, value
}
