package dns

import (
	"encoding/json"
	"net/netip"
	"slices"
	"unicode/utf8"
)

// JSON holds UTF-8 only, the DNS any octets. Where a name or a text is not UTF-8,
// the plain field holds it readably, with U+FFFD, and a second field named "...64"
// holds the octets themselves in base64; reading prefers that one. So every answer
// comes back exactly as it was.

type questionJSON struct {
	Name   string         `json:"name"`
	Name64 []byte         `json:"name64,omitempty"`
	Type   Type           `json:"type"`
	Server netip.AddrPort `json:"server,omitzero"`
}

// MarshalJSON keeps names that are not UTF-8.
func (q Question) MarshalJSON() ([]byte, error) {
	return json.Marshal(questionJSON{Name: q.Name, Name64: notUTF8(q.Name), Type: q.Type, Server: q.Server})
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (q *Question) UnmarshalJSON(b []byte) error {
	var j questionJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*q = Question{Name: exact(j.Name, j.Name64), Type: j.Type, Server: j.Server}
	return nil
}

type recordJSON struct {
	Name      string   `json:"name"`
	Name64    []byte   `json:"name64,omitempty"`
	Type      Type     `json:"type"`
	TTL       uint32   `json:"ttl"`
	Data      string   `json:"data"`
	Data64    []byte   `json:"data64,omitempty"`
	Strings   []string `json:"strings,omitempty"`
	Strings64 [][]byte `json:"strings64,omitempty"`
	Pref      uint16   `json:"pref,omitempty"`
}

// MarshalJSON keeps names and text that are not UTF-8.
func (r Record) MarshalJSON() ([]byte, error) {
	j := recordJSON{
		Name: r.Name, Name64: notUTF8(r.Name), Type: r.Type, TTL: r.TTL,
		Data: r.Data, Data64: notUTF8(r.Data), Strings: r.Strings, Pref: r.Pref,
	}
	if slices.ContainsFunc(r.Strings, func(s string) bool { return !utf8.ValidString(s) }) {
		for _, s := range r.Strings {
			j.Strings64 = append(j.Strings64, []byte(s))
		}
	}
	return json.Marshal(j)
}

// UnmarshalJSON is the inverse of MarshalJSON; it gives A and AAAA their Addr again.
func (r *Record) UnmarshalJSON(b []byte) error {
	var j recordJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = Record{
		Name: exact(j.Name, j.Name64), Type: j.Type, TTL: j.TTL,
		Data: exact(j.Data, j.Data64), Strings: j.Strings, Pref: j.Pref,
	}
	if j.Strings64 != nil {
		r.Strings = make([]string, len(j.Strings64))
		for i, s := range j.Strings64 {
			r.Strings[i] = string(s)
		}
	}
	if r.Type == TypeA || r.Type == TypeAAAA {
		// Evidence may come from anywhere: data that are no address leave Addr invalid.
		if a, err := netip.ParseAddr(r.Data); err == nil && a.Is4() == (r.Type == TypeA) {
			r.Addr = a
		}
	}
	return nil
}

func notUTF8(s string) []byte {
	if utf8.ValidString(s) {
		return nil
	}
	return []byte(s)
}

func exact(s string, octets []byte) string {
	if octets != nil {
		return string(octets)
	}
	return s
}
