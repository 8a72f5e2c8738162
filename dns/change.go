package dns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Action is what a [Change] does.
type Action string

const (
	// Add puts records beside those that are there.
	Add Action = "add"
	// Replace puts records in the place of others.
	Replace Action = "replace"
	// Remove takes records away.
	Remove Action = "remove"
)

// Change is one change to the records of one name and type. An overlay, a what-if
// question, a repair and a publisher all speak of changes.
//
//   - add: Data join the records that are there; one that is there already stays one.
//   - replace: Data take the place of the records whose data are in Was, or, where
//     Was is empty, of all records of the type and of a CNAME in the way. Where none
//     of Was is there, nothing happens: someone else has changed the set meanwhile.
//   - remove: the records whose data are in Was go. One that is not there is no error.
//
// Data and Was hold, for TXT, the joined string; for MX "10 host."; else the
// presentation form with absolute names.
type Change struct {
	Action Action `json:"action"`
	// Name is absolute; the final dot may be left out here and is always written in JSON.
	Name string   `json:"name"`
	Type Type     `json:"type"`
	TTL  uint32   `json:"ttl"`
	Data []string `json:"data"`
	Was  []string `json:"was"`
}

// MarshalJSON writes the name with its final dot, and [] where a list is empty.
func (c Change) MarshalJSON() ([]byte, error) {
	type plain Change // drops this method
	p := plain(c)
	p.Name = trimDot(c.Name) + "."
	if p.Data == nil {
		p.Data = []string{}
	}
	if p.Was == nil {
		p.Was = []string{}
	}
	// json.Marshal would escape <, > and & for good, whatever the caller's encoder wants.
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(p)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// Validate checks that the change can be made; the error says why not.
func (c Change) Validate() error {
	if !ValidName(c.Name) {
		return fmt.Errorf("dns: %q is not a domain name", clip(c.Name))
	}
	switch c.Action {
	case Add, Replace:
		if len(c.Data) == 0 && c.Action == Add {
			return fmt.Errorf("dns: add to %s %s: no data", c.Name, c.Type)
		}
	case Remove:
		if len(c.Was) == 0 {
			return fmt.Errorf("dns: remove from %s %s: it does not say what", c.Name, c.Type)
		}
	default:
		return fmt.Errorf("dns: %q is not add, replace or remove", clip(string(c.Action)))
	}
	for _, d := range c.Data {
		if _, err := c.record(d); err != nil {
			return fmt.Errorf("dns: %s %s %s: %w", c.Action, c.Name, c.Type, err)
		}
	}
	return nil
}

// record decodes one of Data or Was. TXT is always the joined string, even where
// it begins with a quote.
func (c Change) record(data string) (Record, error) {
	if c.Type == TypeTXT || c.Type == TypeSPF {
		rec := Record{Name: CanonicalName(c.Name), Type: c.Type, TTL: c.TTL}
		rec.setJoined(data)
		return rec, nil
	}
	return NewRecord(CanonicalName(c.Name), c.Type, c.TTL, data)
}

// records decodes Data, leaving out what Validate would refuse.
func (c Change) records() []Record {
	var out []Record
	for _, d := range c.Data {
		if rec, err := c.record(d); err == nil {
			out = append(out, rec)
		}
	}
	return out
}

// apply gives the records of the name after the change; records is not changed.
func (c Change) apply(records []Record) []Record {
	kept := slices.DeleteFunc(slices.Clone(records), c.displaces)
	switch c.Action {
	case Remove:
		return kept
	case Replace:
		if len(c.Was) > 0 && len(kept) == len(records) {
			return kept
		}
	}
	for _, rec := range c.records() {
		same := func(r Record) bool { return r.Type == rec.Type && r.SameData(rec) }
		if i := slices.IndexFunc(kept, same); i >= 0 {
			kept[i].TTL = rec.TTL
			continue
		}
		kept = append(kept, rec)
	}
	return kept
}

// displaces reports whether the change takes rec away.
func (c Change) displaces(rec Record) bool {
	if c.Action == Add {
		return false
	}
	if c.Action == Replace && len(c.Was) == 0 {
		return rec.Type == c.Type || rec.Type == TypeCNAME
	}
	return rec.Type == c.Type && slices.ContainsFunc(c.Was, func(was string) bool { return c.isWas(rec, was) })
}

// isWas compares a record with one of Was. JSON cannot carry text that is not
// UTF-8, so such text also equals its form with U+FFFD.
func (c Change) isWas(rec Record, was string) bool {
	w, err := c.record(was)
	if err != nil {
		return false
	}
	if rec.SameData(w) {
		return true
	}
	return (c.Type == TypeTXT || c.Type == TypeSPF) && !utf8.ValidString(rec.Data) && jsonText(rec.Data) == was
}

// jsonText is what encoding/json makes of s: one U+FFFD for each bad octet.
func jsonText(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

// SameData reports whether two records of one type say the same: addresses and
// names are compared as such, not as they are written.
func (r Record) SameData(o Record) bool {
	if r.Type != o.Type {
		return false
	}
	switch r.Type {
	case TypeA, TypeAAAA:
		return r.Addr == o.Addr
	case TypeCNAME, TypeNS, TypePTR, TypeMX:
		return r.Pref == o.Pref && CanonicalName(r.Data) == CanonicalName(o.Data)
	}
	return r.Data == o.Data
}

// ChangeText is the data of r as a [Change] writes it.
func (r Record) ChangeText() string {
	if r.Type == TypeTXT || r.Type == TypeSPF {
		return r.Data
	}
	return r.dataText()
}

// WhatIf makes records that someone thinks of publishing into changes: together,
// those of one name and type take the place of all that is there now.
func WhatIf(records []Record) []Change {
	var out []Change
	for _, rec := range records {
		i := slices.IndexFunc(out, func(c Change) bool {
			return c.Type == rec.Type && CanonicalName(c.Name) == CanonicalName(rec.Name)
		})
		if i < 0 {
			i = len(out)
			out = append(out, Change{Action: Replace, Name: rec.Name, Type: rec.Type, TTL: rec.TTL})
		}
		out[i].Data = append(out[i].Data, rec.ChangeText())
	}
	return out
}
