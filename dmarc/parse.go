package dmarc

import "strings"

// Parse parses one TXT datum. ok is false when it is no DMARC record: RFC 9989
// section 4.7 ignores what does not begin with v=DMARC1, in just this case. Every
// other error costs its own tag only, and is noted in Problems (section 4.8).
//
// The names of tags and the values other than the version compare
// case-insensitively, as the ABNF of section 4.8 has them. A tag that occurs twice
// has no valid value: RFC 6376 section 3.2, whose tag lists these are, forbids it.
func Parse(txt string) (rec *Record, ok bool) {
	first, rest, _ := strings.Cut(txt, ";")
	name, value, isTag := cutTag(first)
	if !isTag || !strings.EqualFold(name, "v") || value != "DMARC1" || isWSP(txt[0]) {
		return nil, false
	}
	rec = &Record{Raw: txt, ADKIM: "r", ASPF: "r", PSD: "u", Tags: make([]Tag, 1, min(8, 2+strings.Count(rest, ";")))}
	rec.Tags[0] = Tag{name, value}
	for rest != "" {
		var one string
		one, rest, _ = strings.Cut(rest, ";")
		if trimWSP(one) == "" {
			continue // a final separator, or one too many: it means nothing
		}
		name, value, isTag := cutTag(one)
		if !isTag {
			rec.problem(BadSyntax, "", trimWSP(one))
			continue
		}
		rec.Tags = append(rec.Tags, Tag{name, value})
	}
	rec.read()
	return rec, true
}

// cutTag splits "name = value". A name is 1*ALPHA.
func cutTag(s string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(s, "=")
	name, value = trimWSP(name), trimWSP(value)
	if !ok || name == "" {
		return "", "", false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i] | 0x20; c < 'a' || c > 'z' {
			return "", "", false
		}
	}
	return name, value, true
}

func trimWSP(s string) string { return strings.Trim(s, " \t") }

func isWSP(c byte) bool { return c == ' ' || c == '\t' }

func (r *Record) problem(id, tag, value string) {
	r.Problems = append(r.Problems, Problem{id, tag, value})
}

// known are the tags of RFC 9989 section 4.7 other than v.
var known = [...]string{"p", "sp", "np", "adkim", "aspf", "fo", "psd", "rua", "ruf", "t"}

// read gives the tags their meaning.
func (r *Record) read() {
	var at, count [len(known)]int
	for i, t := range r.Tags[1:] {
		if k := knownTag(t.Name); k >= 0 {
			at[k] = i + 1
			count[k]++
			continue
		}
		switch name := strings.ToLower(t.Name); name {
		case "v":
			r.problem(DuplicateTag, "v", t.Value)
		case "pct", "rf", "ri":
			r.problem(RemovedTag, name, t.Value)
		default:
			r.problem(UnknownTag, name, t.Value)
		}
	}
	for k, name := range known {
		switch {
		case count[k] > 1:
			r.problem(DuplicateTag, name, r.Tags[at[k]].Value)
			r.set(name, "", true)
		case count[k] == 1:
			r.set(name, r.Tags[at[k]].Value, false)
		case name == "p":
			r.problem(MissingP, "p", "")
		}
	}
	if r.FO == nil {
		r.FO = []string{"0"}
	}
}

func knownTag(name string) int {
	for k, n := range known {
		if strings.EqualFold(n, name) {
			return k
		}
	}
	return -1
}

// set gives one tag its meaning. Of a tag that occurs twice the value is "", which
// no tag takes; for the tags with a default the duplicate is problem enough.
func (r *Record) set(name, value string, duplicate bool) {
	switch name {
	case "p":
		r.P = r.policy(value, InvalidP, name)
	case "sp":
		r.SP = r.policy(value, InvalidSP, name)
	case "np":
		r.NP = r.policy(value, InvalidNP, name)
	case "rua":
		r.RUA = r.uris(value, InvalidRUA, name, duplicate)
	case "ruf":
		r.RUF = r.uris(value, InvalidRUF, name, duplicate)
	case "adkim":
		r.choice(&r.ADKIM, value, "rs", InvalidADKIM, name, duplicate)
	case "aspf":
		r.choice(&r.ASPF, value, "rs", InvalidASPF, name, duplicate)
	case "psd":
		r.choice(&r.PSD, value, "ynu", InvalidPSD, name, duplicate)
	case "t":
		t := "n"
		r.choice(&t, value, "yn", InvalidT, name, duplicate)
		r.Testing = t == "y"
	case "fo":
		if r.FO = failureOptions(value); r.FO == nil && !duplicate {
			r.problem(InvalidFO, name, value)
		}
	}
}

func (r *Record) policy(value, id, name string) Policy {
	switch p := Policy(strings.ToLower(value)); p {
	case PolicyNone, PolicyQuarantine, PolicyReject:
		return p
	}
	r.problem(id, name, value)
	return ""
}

// choice sets a tag whose values are single letters; anything else leaves the default.
func (r *Record) choice(to *string, value, letters, id, name string, duplicate bool) {
	v := strings.ToLower(value)
	if len(v) == 1 && strings.Contains(letters, v) {
		*to = v
	} else if !duplicate {
		r.problem(id, name, value)
	}
}

// failureOptions reads fo: "0" or "1", "d" and "s", each at most once, and not "0"
// with "1"; nil for anything else.
func failureOptions(value string) []string {
	options := strings.Split(strings.ToLower(value), ":")
	if len(options) > 3 {
		return nil
	}
	seen := ""
	for i, o := range options {
		o = trimWSP(o)
		if len(o) != 1 || !strings.Contains("01ds", o) || strings.Contains(seen, o) {
			return nil
		}
		options[i] = o
		seen += o
	}
	if strings.Contains(seen, "0") && strings.Contains(seen, "1") {
		return nil
	}
	return options
}
