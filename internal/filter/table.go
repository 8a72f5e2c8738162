package filter

import (
	"bytes"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"

	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/tomlline"
)

// ParseTable reads the operator's table, TOML:
//
//	sealers = ["google.com", "*.example.org"]      # whose ARC seals are believed
//	forwarders = ["198.51.100.0/24"]               # whose mail is forwarded
//	lists = ["lists.example.org"]                  # whose List-Id excuses a DMARC failure
//	repeated-fields = "reject"                     # several From, Subject ... : at least this is done
//
//	[default]                                      # outcome = action
//	dmarc-reject = "reject"
//	temperror = "defer"
//
//	[[rule]]                                       # the first that fits counts
//	outcome = ["dmarc-reject", "spf-fail"]
//	from = ["*.bank.example"]                      # also: sender, to
//	action = "reject"
//	reason = "the bank asked us to"
//
//	[senders]                                      # who may write as whom
//	alice = ["alice@example.com", "shop.example"]
//	"*" = ["example.com"]
//
// What it does not know is an error: a misspelt rule must not be ignored in silence.
func ParseTable(data []byte) (*Policy, *Senders, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // as editors of Windows write it
	top, err := toml.Parser().Unmarshal(data)
	if err != nil {
		return nil, nil, inLine(tomlline.Error(err), err)
	}
	p, senders, err := table(top)
	var at *misplaced
	if errors.As(err, &at) {
		line := 0
		for n := len(at.path); n > 0 && line == 0; n-- { // what stands in an inline table: at least where that is
			line = tomlline.Of(data, at.path[:n]...)
		}
		err = inLine(line, err)
	}
	return p, senders, err
}

// inLine says where an error is, where that is known.
func inLine(line int, err error) error {
	if line == 0 {
		return err
	}
	return said.Error("line %d: %w", "%d 行目: %v", line, err)
}

// misplaced is an error of what stands at a path of the table.
type misplaced struct {
	path []string
	err  error
}

func (m *misplaced) Error() string { return strings.Join(m.path, ": ") + ": " + m.err.Error() }
func (m *misplaced) Unwrap() error { return m.err }

// Japanese is Error in Japanese.
func (m *misplaced) Japanese() string {
	return strings.Join(m.path, ": ") + ": " + said.Japanese(m.err)
}

// under puts a step before the path of an error.
func under(step string, err error) error {
	if m, ok := err.(*misplaced); ok {
		return &misplaced{append([]string{step}, m.path...), m.err}
	}
	return &misplaced{[]string{step}, err}
}

func table(top map[string]any) (p *Policy, senders *Senders, err error) {
	p = DefaultPolicy()
	for _, key := range slices.Sorted(maps.Keys(top)) {
		v := top[key]
		switch key {
		case "sealers":
			p.Sealers, err = patterns(v, ParseDomainPatterns)
		case "lists":
			p.Lists, err = patterns(v, ParseDomainPatterns)
		case "forwarders":
			p.Forwarders, err = networks(v)
		case "repeated-fields":
			p.Repeated, err = actionOf(v)
		case "default":
			err = defaults(p.Default, v)
		case "rule":
			p.Rules, err = rules(v)
		case "senders":
			senders, err = sendersOf(v)
		default:
			err = unknownWord(key, "sealers", "forwarders", "lists", "repeated-fields", "default", "rule", "senders")
		}
		if err != nil {
			return nil, nil, under(key, err)
		}
	}
	return p, senders, nil
}

// unknownWord is the error of a word that nothing is called, with what there is.
func unknownWord(word string, known ...string) error {
	if near := tomlline.Nearest(word, known); near != "" {
		return said.Error("nothing is called that; do you mean %s?", "そのような設定はありません。%s ではありませんか", near)
	}
	return said.Error("nothing is called that: there are %s", "そのような設定はありません。使えるのは %s です", strings.Join(known, ", "))
}

func defaults(into map[Outcome]Action, v any) error {
	table, ok := v.(map[string]any)
	if !ok {
		return errNoTable
	}
	for _, word := range slices.Sorted(maps.Keys(table)) {
		if !slices.Contains(Outcomes, Outcome(word)) {
			return under(word, badOutcome(word))
		}
		action, err := actionOf(table[word])
		if err != nil {
			return under(word, err)
		}
		into[Outcome(word)] = action
	}
	return nil
}

var errNoTexts = said.Error("it is no list of texts", "文字列の配列ではありません")

// errNobody: a rule without a list is for all, so one whose list somebody emptied must not be.
var errNobody = said.Error("an empty list fits nothing; leave it out where all shall fit", "空の配列には何も当てはまりません。すべてを対象とする場合は、この行を書かないでください")

var errNoTable = said.Error("it is no table", "テーブルではありません")

func badOutcome(word string) error {
	words := make([]string, len(Outcomes))
	for i, o := range Outcomes {
		words[i] = string(o)
	}
	if near := tomlline.Nearest(word, words); near != "" {
		return said.Error("there is no outcome %q; do you mean %s?", "結果 %q はありません。%s ではありませんか", word, near)
	}
	if slices.Contains([]string{"sealers", "forwarders", "lists", "repeated-fields"}, word) {
		return said.Error("there is no outcome %q: what is not of a table stands before the first [table]", "結果 %q はありません。テーブルに属さない設定は、最初の [テーブル] より前に書いてください", word)
	}
	return said.Error("outcome %q: it is one of %s", "結果 %q はありません。%s のいずれかを指定してください", word, strings.Join(words, ", "))
}

func actionOf(v any) (Action, error) {
	word, ok := v.(string)
	if !ok {
		return 0, said.Error("an action is a word", "処理は単語で指定してください")
	}
	return ParseAction(word)
}

func rules(v any) ([]Rule, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, said.Error("rules are written [[rule]]", "規則は [[rule]] と書いてください")
	}
	out := make([]Rule, 0, len(list))
	for i, e := range list {
		table, ok := e.(map[string]any)
		if !ok {
			return nil, under(strconv.Itoa(i+1), errNoTable)
		}
		r, err := rule(table)
		if err != nil {
			return nil, under(strconv.Itoa(i+1), err)
		}
		for j := range out {
			if out[j].covers(&r) {
				return nil, under(strconv.Itoa(i+1), said.Error("it never counts: rule %d, before it, fits all that it fits", "規則 %d が先に当てはまるため、この規則は使われません", j+1))
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// covers reports that a rule fits wherever another does: by what is written alone, so that a pattern that is wider is not seen.
func (r *Rule) covers(other *Rule) bool {
	wide := func(a, b []string) bool { // any of a pattern's list will do
		return len(a) == 0 || len(b) > 0 && !slices.ContainsFunc(b, func(p string) bool { return !slices.Contains(a, p) })
	}
	outcomes := len(r.Outcomes) == 0 || len(other.Outcomes) > 0 && !slices.ContainsFunc(other.Outcomes, func(o Outcome) bool { return !slices.Contains(r.Outcomes, o) })
	return outcomes && wide(r.From, other.From) && wide(r.Sender, other.Sender) && wide(r.To, other.To)
}

func rule(table map[string]any) (r Rule, err error) {
	if _, ok := table["action"]; !ok {
		return r, said.Error("it has no action", "action がありません")
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		v := table[key]
		if list, ok := v.([]any); ok && len(list) == 0 {
			return r, under(key, errNobody)
		}
		switch key {
		case "outcome":
			r.Outcomes, err = outcomes(v)
		case "from":
			r.From, err = patterns(v, ParseDomainPatterns)
		case "sender":
			r.Sender, err = patterns(v, ParsePatterns)
		case "to":
			r.To, err = patterns(v, ParsePatterns)
		case "action":
			r.Action, err = actionOf(v)
		case "reason":
			var ok bool
			if r.Reason, ok = v.(string); !ok || strings.ContainsAny(r.Reason, "\r\n") {
				err = said.Error("it is no line of text", "1 行の文字列ではありません")
			}
		default:
			err = unknownWord(key, "outcome", "from", "sender", "to", "action", "reason")
		}
		if err != nil {
			return r, under(key, err)
		}
	}
	return r, nil
}

func outcomes(v any) (out []Outcome, err error) {
	words, err := texts(v)
	for _, w := range words {
		if !slices.Contains(Outcomes, Outcome(w)) {
			return nil, badOutcome(w)
		}
		out = append(out, Outcome(w))
	}
	return out, err
}

// texts takes a text or a list of them.
func texts(v any) ([]string, error) {
	if s, ok := v.(string); ok {
		return []string{s}, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, errNoTexts
	}
	out := make([]string, len(list))
	for i, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, errNoTexts
		}
		out[i] = s
	}
	return out, nil
}

// patterns takes a text or a list of them that are patterns.
func patterns(v any, parse func([]string) ([]string, error)) ([]string, error) {
	list, err := texts(v)
	if err != nil {
		return nil, err
	}
	return parse(list)
}

func networks(v any) ([]netip.Prefix, error) {
	list, err := texts(v)
	if err != nil {
		return nil, err
	}
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		if out[i], err = ParseNetwork(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ParseNetwork reads 192.0.2.0/24 or one address.
func ParseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, said.Error("%q is no address and no network: write such as 198.51.100.7 or 198.51.100.0/24",
			"%q は IP アドレスでもネットワークでもありません。198.51.100.7 や 198.51.100.0/24 のように指定してください", s)
	}
	return p.Masked(), nil
}

func sendersOf(v any) (*Senders, error) {
	table, ok := v.(map[string]any)
	if !ok {
		return nil, errNoTable
	}
	s := &Senders{ByUser: make(map[string][]string, len(table))}
	for _, user := range slices.Sorted(maps.Keys(table)) {
		allowed, err := patterns(table[user], ParsePatterns)
		if err != nil {
			return nil, under(user, err)
		}
		if user == "*" {
			s.Others = allowed
			continue
		}
		name := strings.ToLower(user)
		if _, there := s.ByUser[name]; there {
			return nil, under(user, said.Error("this user is there twice: capitals make no difference", "同じ利用者が 2 回あります。大文字と小文字は区別しません"))
		}
		s.ByUser[name] = allowed
	}
	return s, nil
}
