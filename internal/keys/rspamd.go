package keys

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// The defaults of rspamd's dkim_signing module.
const (
	rspamdPath     = "/var/lib/rspamd/dkim/$domain.$selector.key"
	rspamdSelector = "dkim"
)

// ReadRspamd reads rspamd's dkim_signing.conf: domain sections (path, selector, selectors), path_map and selector_map (files, lists, sections), and the
// templates of path and selector. Mail of subdomains is signed by the key of the domain too where use_esld is on, as it is by default.
func ReadRspamd(conf []byte, files Files) (*Found, error) {
	s, includes, err := parseUCL(conf)
	if err != nil {
		return nil, err
	}
	if inner := sectionOf(s, "dkim_signing"); inner != nil {
		s = inner
	}
	r := &rspamd{Found: &Found{Settings: map[string]string{}}, taken: map[string]bool{}, named: map[string]bool{}, selectors: map[string]string{}, paths: map[string]string{}, files: files, path: cmp.Or(rspamdFile(s.text("path")), rspamdPath), selector: cmp.Or(s.text("selector"), rspamdSelector)}
	for _, e := range s {
		if e.value.text != "" {
			r.Settings[e.name] = e.value.text
		}
	}
	r.notRead(includes)
	esld := s.text("use_esld")
	r.below = esld == "" || Yes(esld)
	fallback := s.text("try_fallback")
	r.fallback = fallback == "" || Yes(fallback)
	if r.elsewhere(s) {
		return r.Found, nil
	}
	r.readMap("selector_map", s.value("selector_map"), r.selectors)
	r.readMap("path_map", s.value("path_map"), r.paths)
	for _, e := range s {
		if e.name == "domain" {
			for _, d := range e.value.section {
				r.domain(d.name, d.value.section)
			}
		}
	}
	r.maps()
	if err := r.template(); err != nil {
		return nil, err
	}
	if len(r.Keys) == 0 {
		r.note("no key was found; where paths hold $domain, the files of this form are looked for: %s", "鍵が見つかりません。パスに $domain がある場合は、次の形のファイルを探します: %s", r.path)
	}
	return r.Found, nil
}

// notRead notes the files that the configuration includes, where they are there.
func (r *rspamd) notRead(includes []string) {
	for _, name := range includes {
		if name = rspamdFile(name); r.files.Read == nil {
			continue
		}
		if _, err := r.files.Read(name); err == nil {
			r.note("%s, which the configuration includes, is not read: import it, too", "設定が .include する %s は読み込みません。そのファイルも取り込んでください", name)
		}
	}
}

type rspamd struct {
	*Found
	files          Files
	path, selector string
	below          bool            // sign mail of subdomains too
	fallback       bool            // sign by the templates what nothing names
	taken          map[string]bool // domain:selector of Keys
	named          map[string]bool // domains that a section or a map names
	selectors      map[string]string
	paths          map[string]string // by domain: the maps
}

// rspamdKey is a key as it is written; what is empty comes from the maps, or else from the templates.
type rspamdKey struct{ selector, path string }

func sectionOf(s uclSection, name string) uclSection {
	for _, e := range s {
		if e.name == name {
			return e.value.section
		}
	}
	return nil
}

// domain takes the keys of one domain section: its selector and path, and each of its selectors.
func (r *rspamd) domain(domain string, s uclSection) {
	var list []rspamdKey
	if one := (rspamdKey{s.text("selector"), s.text("path")}); one != (rspamdKey{}) {
		list = append(list, one)
	}
	for _, e := range s {
		if e.name != "selectors" {
			continue
		}
		several := e.value.list
		if several == nil {
			several = []uclValue{e.value}
		}
		for _, v := range several {
			list = append(list, rspamdKey{v.section.text("selector"), v.section.text("path")})
		}
	}
	r.sign(domain, list)
}

// sign takes the keys of a domain. Maps and templates only fill in what they leave out, and are a key of their own where there is none.
func (r *rspamd) sign(domain string, list []rspamdKey) {
	domain = strings.ToLower(domain)
	r.named[domain] = true
	mapped := rspamdKey{r.selectors[domain], r.paths[domain]}
	if len(list) == 0 && (r.fallback || mapped != rspamdKey{}) {
		list = []rspamdKey{{}}
	}
	for _, k := range list {
		r.take(domain, cmp.Or(k.selector, mapped.selector, r.selector), cmp.Or(k.path, mapped.path, r.path))
	}
}

// elsewhere notes keys that are neither in files nor in the configuration, and what else chooses keys in rspamd. It reports that nothing here does.
func (r *rspamd) elsewhere(s uclSection) bool {
	for _, name := range []string{"use_domain", "use_domain_sign_networks", "use_domain_sign_local", "use_domain_sign_inbound", "use_domain_custom"} {
		if by := s.text(name); by != "" && by != "header" {
			r.note("%s = %s: here the domain of From chooses the key, for which DMARC counts it", "%s = %s: ここでは DMARC の対象である From のドメインで鍵を選びます", name, clip(by))
		}
	}
	if Yes(s.text("use_redis")) {
		r.note("use_redis: keys in Redis cannot be read here; save each as a file, and name it in a domain section", "use_redis: Redis にある鍵は読み取れません。ファイルに保存し、domain セクションで指定してください")
	}
	if Yes(s.text("use_vault")) || sectionOf(s, "vault") != nil {
		r.note("vault: keys in Vault cannot be read here; save each as a file, and name it in a domain section", "vault: Vault にある鍵は読み取れません。ファイルに保存し、domain セクションで指定してください")
	}
	if s.text("sign_condition") != "" {
		r.note("sign_condition: Lua is not taken over: a key signs all mail of its domain", "sign_condition: Lua の条件は引き継ぎません。鍵はドメインのすべてのメールに署名します")
	}
	if !s.value("signing_table").given() || !s.value("key_table").given() {
		return false
	}
	r.note("signing_table and key_table: with them rspamd uses no other key, and they are not read here: name them as KeyTable and SigningTable (refile:) in a file for --opendkim", "signing_table と key_table: rspamd はこの場合ほかの鍵を使わず、これらの表はここでは読み取れません。KeyTable と SigningTable (refile:) として書いたファイルを --opendkim で指定してください")
	return true
}

// given reports that there is a value.
func (v uclValue) given() bool { return v.text != "" || v.section != nil || v.list != nil }

// maps takes the domains of selector_map and path_map that no section names.
func (r *rspamd) maps() {
	domains := slices.AppendSeq(slices.Collect(maps.Keys(r.selectors)), maps.Keys(r.paths))
	slices.Sort(domains)
	for _, d := range slices.Compact(domains) {
		if !r.named[d] {
			r.sign(d, nil)
		}
	}
}

// readMap reads a map: a file of "domain value" lines, a list of such files or of such lines, or a section. One that is not there is empty,
// as in rspamd, and that is said.
func (r *rspamd) readMap(name string, v uclValue, into map[string]string) {
	put := func(line string) {
		if d, value, ok := cutSpace(line); ok && len(into) < maxFound {
			into[strings.ToLower(d)] = strings.Trim(value, `"`)
		}
	}
	if described := cmp.Or(v.section.text("url"), v.section.text("urls")); described != "" {
		v = uclValue{text: described}
	}
	for _, e := range v.section {
		if e.value.text != "" {
			put(e.name + " " + e.value.text)
		}
	}
	for _, e := range v.list {
		if _, _, pair := cutSpace(e.text); pair && !strings.HasPrefix(e.text, "/") {
			put(e.text)
		} else {
			r.readMap(name, uclValue{text: e.text}, into)
		}
	}
	where := rspamdFile(strings.TrimPrefix(strings.TrimPrefix(v.text, "file://"), "glob;"))
	kind, _, typed := strings.Cut(where, ";")
	switch {
	case where == "":
		return
	case strings.Contains(where, "://") || typed && !strings.Contains(kind, "/"):
		r.note("the map %s is not a file: save it as one", "マップ %s はファイルではありません。ファイルとして保存してください", clip(where))
		return
	}
	data, err := r.files.Read(where)
	if err != nil {
		r.note("%s: %v", "%s: %v", name, err)
		return
	}
	for _, line := range lines(data) {
		put(line)
	}
}

// rspamdFolders are the variables of its paths, as its Debian package sets them.
var rspamdFolders = strings.NewReplacer("${LOCAL_CONFDIR}", "/etc/rspamd", "$LOCAL_CONFDIR", "/etc/rspamd", "${CONFDIR}", "/etc/rspamd", "$CONFDIR", "/etc/rspamd", "${DBDIR}", "/var/lib/rspamd", "$DBDIR", "/var/lib/rspamd", "${domain}", "$domain", "${selector}", "$selector")

// rspamdFile is a path in which variables stand for folders.
func rspamdFile(path string) string { return rspamdFolders.Replace(path) }

// template takes the files that the template of the path names, whatever their domain, where nothing else names that.
func (r *rspamd) template() error {
	if !r.fallback || r.files.Glob == nil || !strings.Contains(r.path, "$domain") || strings.Contains(r.path, "*") {
		return nil
	}
	path := strings.ReplaceAll(r.path, "$selector", r.selector)
	before, after, _ := strings.Cut(path, "$domain")
	if strings.Contains(after, "$domain") {
		return nil
	}
	names, err := r.files.Glob(before + "*" + after)
	if err != nil {
		return said.Error("looking for %s: %w", "%s を探せません: %v", path, err)
	}
	for _, name := range names {
		if len(name) <= len(before)+len(after) {
			continue
		}
		if domain := name[len(before) : len(name)-len(after)]; !r.named[strings.ToLower(domain)] {
			r.take(domain, r.selector, name)
		}
	}
	return nil
}

// key reads a private key: PEM, or as rspamadm dkim_keygen writes those of Ed25519 and rspamd also takes others: base64.
func (r *rspamd) key(path string) (crypto.Signer, error) {
	text, err := r.files.Read(path)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	bare, err := base64.StdEncoding.AppendDecode(nil, bytes.Join(bytes.Fields(text[:min(len(text), maxKey)]), nil))
	defer clear(bare)
	if err != nil || len(bare) == 0 {
		return readKey(r.files.Read, path)
	}
	switch len(bare) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(bare), nil
	case ed25519.PrivateKeySize: // the seed, and the public key
		if key := ed25519.NewKeyFromSeed(bare[:ed25519.SeedSize]); bytes.Equal(key, bare) {
			return key, nil
		}
	}
	for _, kind := range []string{"PRIVATE KEY", "RSA PRIVATE KEY"} {
		if key, err := dkim.ParsePrivateKey(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bare})); err == nil {
			return key, nil
		}
	}
	return readKey(r.files.Read, path) // which says what is wrong
}

// take reads a key, unless the domain has that selector already.
func (r *rspamd) take(domain, selector, path string) {
	domain = strings.ToLower(domain)
	id := domain + ":" + strings.ToLower(selector)
	if r.taken[id] || r.full() {
		return
	}
	path = strings.NewReplacer("$domain", domain, "$selector", selector).Replace(rspamdFile(path))
	key, err := r.key(path)
	if err != nil {
		r.note("the key of %s, selector %s: %v", "%s の鍵 (セレクター %s): %v", clip(domain), clip(selector), err)
		return
	}
	texts := []string{domain}
	if r.below {
		texts = append(texts, "."+domain)
	}
	var patterns []store.DKIMPattern
	if patterns, err = positioned(texts, 0); err != nil {
		r.note("%v", "%v", err)
		return
	}
	r.taken[id] = true
	r.Keys = append(r.Keys, FoundKey{Domain: domain, Selector: selector, Key: key, File: path, Patterns: patterns})
}
