// Package redact masks what identifies people in a verdict that is shown to others: local
// parts of addresses, names, the subject, and paths of links. Domains, addresses of hosts
// and DNS records stay: they are what the verdict is about, and public.
package redact

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/message"
)

// Mask stands in the place of what was there.
const Mask = "•••"

const (
	// mostWords bounds the words that are looked for; beyond them all text from the message is masked.
	mostWords = 2000
	// shortest is the fewest characters of a word that is looked for: shorter ones tell nothing.
	shortest = 3
	// readOf is how much of one field is read, in octets.
	readOf = 16 << 10
)

// Masker masks what is of one message.
type Masker struct {
	words  map[string]bool   // of names and the subject
	locals map[string]bool   // local parts of addresses
	keep   map[string]bool   // labels of the domains of the message
	wide   map[string]bool   // words of scripts that put no spaces between them, as they were written
	inText *strings.Replacer // masks those
	all    bool              // there were too many words
}

// peopleFields name people.
var peopleFields = []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Return-Path", "Delivered-To", "X-Original-To", "Resent-From", "Resent-To"}

// Of gives the masker of a message and its envelope.
func Of(m *message.Message, s evidence.Session) *Masker {
	k := &Masker{words: map[string]bool{}, locals: map[string]bool{}, keep: map[string]bool{}, wide: map[string]bool{}}
	for _, name := range peopleFields {
		for _, f := range m.All(name) {
			k.people(f.Unfolded())
		}
	}
	for _, f := range m.All("Subject") {
		k.add(k.words, k.read(f.Unfolded()))
	}
	for _, path := range append([]string{s.MailFrom}, s.Recipients...) {
		k.people(path)
	}
	// The longest first: a name may begin with another one.
	var pairs []string
	for _, w := range slices.SortedFunc(maps.Keys(k.wide), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) {
		pairs = append(pairs, w, Mask)
	}
	k.inText = strings.NewReplacer(pairs...)
	return k
}

// read gives the text of a field, "" where all is masked anyhow. What is too long to be read
// may hold names: then all is.
func (k *Masker) read(raw string) string {
	if k.all = k.all || len(raw) > readOf; k.all {
		return ""
	}
	return message.DecodeHeader(raw)
}

// people takes the local parts, domains and names out of a field with addresses. Nothing is
// parsed: a field that no parser takes names people too.
func (k *Masker) people(raw string) {
	text := k.read(raw)
	for _, at := range address.FindAllStringSubmatch(text, -1) {
		k.add(k.locals, at[1])
		for _, label := range strings.Split(strings.ToLower(at[2]), ".") {
			k.keep[label] = true
		}
	}
	k.add(k.words, address.ReplaceAllString(text, " "))
}

func (k *Masker) add(to map[string]bool, text string) {
	for _, w := range strings.FieldsFunc(text, notWord) {
		long := utf8.RuneCountInString(w)
		wide := long > 1 && strings.ContainsFunc(w, unspaced)
		if !wide && long < shortest {
			continue
		}
		if k.all = k.all || len(to) >= mostWords || len(k.wide) >= mostWords; k.all {
			return
		}
		to[strings.ToLower(w)] = true
		if wide {
			k.wide[w] = true
		}
	}
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }

var (
	// address is a mail address: its local part, its domain, and what a mailto link has behind it.
	address = pattern.New(`("[^"\r\n]{0,128}"|[^\s<>()\[\],;:"@]{1,256})@([\pL\pN._-]{1,255})(\?[^\s<>"]*)?`)
	// web is a link: what it leads to on its host tells who got it.
	web = pattern.New(`(?i)\b(https?://)(?:[^\s/?#<>"@]*@)?([^\s/?#<>"]+)[/?#][^\s<>]*`)
	// property is what stands before an address in Authentication-Results.
	property = pattern.New(`^(?:smtp\.[a-z-]+|header\.[a-z-]+|envelope-from|i)=`)
	token    = pattern.New(`[^\s<>()\[\],;:"'=/]+`)
)

// addresses masks the local parts of mail addresses and the paths of links.
func addresses(text string) string {
	text = web.ReplaceAllString(text, "${1}${2}/"+Mask)
	return address.ReplaceAllStringFunc(text, func(found string) string {
		at := address.FindStringSubmatch(found)
		name := property.FindString(at[1])
		if name == at[1] {
			return found // a domain, as in header.i=@example.com
		}
		return name + Mask + "@" + at[2]
	})
}

// Text masks addresses, links, and the words of the message.
func (k *Masker) Text(text string) string {
	if text == "" {
		return ""
	}
	if k.all {
		return Mask
	}
	return token.ReplaceAllStringFunc(k.inText.Replace(addresses(text)), k.token)
}

// token masks the words in what stands between spaces and brackets. Of a domain only labels
// that are local parts are masked: macros of SPF put them there.
func (k *Masker) token(t string) string {
	domain := strings.Contains(strings.Trim(t, "."), ".")
	var b strings.Builder
	for len(t) > 0 {
		end := strings.IndexFunc(t, notWord)
		switch {
		case end < 0:
			end = len(t)
		case end == 0:
			end = strings.IndexFunc(t, func(r rune) bool { return !notWord(r) })
			if end < 0 {
				end = len(t)
			}
		}
		piece := t[:end]
		if w := strings.ToLower(piece); k.locals[w] && !k.keep[w] || !domain && k.words[w] && !k.keep[w] {
			piece = Mask
		}
		b.WriteString(piece)
		t = t[end:]
	}
	return b.String()
}

// Parts of a kept verdict that are ours or the public DNS's, not the message's.
var (
	prose  = map[string]bool{"Headlines": true, "Advice": true} // only addresses are masked
	public = map[string]bool{"DNS": true, "Snippets": true, "Cards": true, "Score": true, "ID": true, "Record": true, "record": true, "result": true, "Result": true, "Status": true}
)

// Kept gives a verdict with all of that masked.
func (k *Masker) Kept(v *render.Kept) (*render.Kept, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("masking a verdict: %w", err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		return nil, fmt.Errorf("masking a verdict: %w", err)
	}
	if b, err = json.Marshal(mask(tree, k.Text)); err != nil {
		return nil, fmt.Errorf("masking a verdict: %w", err)
	}
	out := new(render.Kept)
	if err := json.Unmarshal(b, out); err != nil {
		return nil, fmt.Errorf("masking a verdict: %w", err)
	}
	out.SPF.Trace, out.SPF.Explanation = []render.StepObject{}, nil // macros write the sender into both
	for i := range out.Findings {
		if catalogue.Area(out.Findings[i].ID) == "list" { // List-Unsubscribe and List-Id as they came: broken ones hold tokens and names that nothing here finds
			out.Findings[i].Evidence = nil
		}
	}
	return out, nil
}

// mask changes every text of a tree.
func mask(v any, change func(string) string) any {
	switch x := v.(type) {
	case string:
		return change(x)
	case []any:
		for i := range x {
			x[i] = mask(x[i], change)
		}
	case map[string]any:
		for name := range x {
			switch {
			case public[name]:
			case prose[name]:
				x[name] = mask(x[name], addresses)
			default:
				x[name] = mask(x[name], change)
			}
		}
	}
	return v
}
