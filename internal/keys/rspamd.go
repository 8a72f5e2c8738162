package keys

import (
	"cmp"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// Files gives the files that a configuration names.
type Files struct {
	Read func(path string) ([]byte, error)
	// Glob gives the names of files, as filepath.Glob does.
	Glob func(pattern string) ([]string, error)
}

// The defaults of rspamd's dkim_signing module.
const (
	rspamdPath     = "/var/lib/rspamd/dkim/$domain.$selector.key"
	rspamdSelector = "dkim"
)

// ReadRspamd reads rspamd's dkim_signing.conf: domain sections (path, selector, selectors), path_map and selector_map, and the templates of
// path and selector. Mail of subdomains is signed by the key of the domain too where use_esld is on, as it is by default.
func ReadRspamd(conf []byte, files Files) (*Found, error) {
	s, err := parseUCL(conf)
	if err != nil {
		return nil, err
	}
	if inner := sectionOf(s, "dkim_signing"); inner != nil {
		s = inner
	}
	r := &rspamd{Found: &Found{Settings: map[string]string{}}, taken: map[string]bool{}, files: files, path: cmp.Or(s.text("path"), rspamdPath), selector: cmp.Or(s.text("selector"), rspamdSelector)}
	for _, e := range s {
		if e.value.text != "" {
			r.Settings[e.name] = e.value.text
		}
	}
	esld := s.text("use_esld")
	r.below = esld == "" || Yes(esld)
	for _, e := range s {
		if e.name == "domain" {
			for _, d := range e.value.section {
				r.domain(d.name, d.value.section)
			}
		}
	}
	if err := r.maps(s.text("selector_map"), s.text("path_map")); err != nil {
		return nil, err
	}
	if err := r.template(); err != nil {
		return nil, err
	}
	if len(r.Keys) == 0 {
		r.note("no key was found; where paths hold $domain, the files of this form are looked for: %s", "鍵が見つかりません。パスに $domain がある場合は、次の形のファイルを探します: %s", r.path)
	}
	return r.Found, nil
}

type rspamd struct {
	*Found
	files          Files
	path, selector string
	below          bool            // sign mail of subdomains too
	taken          map[string]bool // domain:selector of Keys
}

func sectionOf(s uclSection, name string) uclSection {
	for _, e := range s {
		if e.name == name {
			return e.value.section
		}
	}
	return nil
}

// domain takes the keys of one domain section.
func (r *rspamd) domain(domain string, s uclSection) {
	var several []uclValue
	for _, e := range s {
		if e.name == "selectors" {
			several = append(several, e.value.list...)
			if e.value.list == nil {
				several = append(several, e.value)
			}
		}
	}
	if len(several) == 0 {
		several = []uclValue{{section: s}}
	}
	for _, v := range several {
		selector := cmp.Or(v.section.text("selector"), cmp.Or(s.text("selector"), r.selector))
		r.take(domain, selector, cmp.Or(v.section.text("path"), cmp.Or(s.text("path"), r.path)))
	}
}

// maps takes the domains of selector_map and path_map: files of "domain value" lines.
func (r *rspamd) maps(selectorMap, pathMap string) error {
	selectors, err := r.readMap(selectorMap)
	if err != nil {
		return said.Error("selector_map: %w", "selector_map: %v", err)
	}
	paths, err := r.readMap(pathMap)
	if err != nil {
		return said.Error("path_map: %w", "path_map: %v", err)
	}
	var domains []string
	for d := range selectors {
		domains = append(domains, d)
	}
	for d := range paths {
		if _, ok := selectors[d]; !ok {
			domains = append(domains, d)
		}
	}
	slices.Sort(domains)
	for _, d := range domains {
		r.take(d, cmp.Or(selectors[d], r.selector), cmp.Or(paths[d], r.path))
	}
	return nil
}

func (r *rspamd) readMap(where string) (map[string]string, error) {
	where = strings.TrimPrefix(strings.TrimPrefix(where, "file://"), "glob;")
	if where == "" {
		return nil, nil
	}
	if strings.Contains(where, "://") {
		r.note("the map %s is not a file: save it as one", "マップ %s はファイルではありません。ファイルとして保存してください", clip(where))
		return nil, nil
	}
	data, err := r.files.Read(where)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, line := range lines(data) {
		if d, v, ok := cutSpace(line); ok && len(out) < maxFound {
			out[strings.ToLower(d)] = strings.Trim(v, `"`)
		}
	}
	return out, nil
}

// template takes the files that the template of the path names, whatever their domain.
func (r *rspamd) template() error {
	if r.files.Glob == nil || !strings.Contains(r.path, "$domain") || strings.Contains(r.path, "*") {
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
		if len(name) > len(before)+len(after) {
			r.take(name[len(before):len(name)-len(after)], r.selector, name)
		}
	}
	return nil
}

// take reads a key, unless the domain has that selector already.
func (r *rspamd) take(domain, selector, path string) {
	domain = strings.ToLower(domain)
	id := domain + ":" + strings.ToLower(selector)
	if r.taken[id] || r.full() {
		return
	}
	path = strings.NewReplacer("$domain", domain, "$selector", selector).Replace(path)
	key, err := readKey(r.files.Read, path)
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
