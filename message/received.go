package message

import (
	"net/netip"
	"strings"
)

const (
	// maxReceiveds is how many Received fields are read: RFC 5321 section 6.3 takes
	// 100 for the sign of a loop.
	maxReceiveds = 100
	// maxReceivedSize bounds what is read of one field, in octets.
	maxReceivedSize = 8 << 10
)

// Received is a Received field read leniently (RFC 5321 section 4.4). Nothing in
// it is proven: it is what someone claims. What a field does not say is "".
type Received struct {
	// From is the name the client gave in HELO or EHLO, without brackets.
	From string
	// FromHost is the reverse name of the client that the receiver noted.
	FromHost string
	// FromIP is the client's address, the zero Addr where none is noted.
	FromIP            netip.Addr
	By, With, ID, For string
	TLS               string // version and cipher noted, or the one of them that is, "" if none
	Date              string // raw date-time
	Raw               string // unfolded value, at most 8 KiB
}

// Receiveds gives the Received fields, top (latest hop) first, at most 100.
func (m *Message) Receiveds() []Received {
	var rs []Received
	for _, f := range m.Fields {
		if len(rs) == maxReceiveds {
			break
		}
		if f.Is("Received") {
			rs = append(rs, ParseReceived(f.Unfolded()))
		}
	}
	return rs
}

// ParseReceived reads the unfolded value of one Received field. It understands
// the forms of Postfix, Exim, Sendmail, qmail, Gmail, Exchange and their kin, and
// never fails: what it does not understand stays empty.
func ParseReceived(value string) Received {
	value = value[:min(len(value), maxReceivedSize)]
	r := Received{Raw: value}
	tokens, date := receivedTokens(value)
	r.Date = date
	clause := ""
	for _, t := range tokens {
		if !t.comment {
			if k := receivedKeyword(t.text); k != "" && r.startsClause(clause, k) {
				clause = k
				continue
			}
		}
		r.add(clause, t)
	}
	r.fixHELO()
	return r
}

// startsClause reports whether keyword k begins a clause after clause: each at
// most once, so that a host named "by" or a program's text changes nothing twice.
func (r *Received) startsClause(clause, k string) bool {
	switch k {
	case "from":
		return clause == "" && r.From == "" && !r.FromIP.IsValid()
	case "by":
		return r.By == ""
	case "with":
		return r.With == ""
	case "id":
		return r.ID == ""
	case "for":
		return r.For == ""
	}
	return true
}

// add gives a token to the clause it stands in.
func (r *Received) add(clause string, t receivedToken) {
	if t.comment {
		if inner, ok := cutPrefixFold(t.text, "from "); ok && clause == "" { // "(from localhost [192.0.2.1])"
			for _, w := range strings.Fields(inner) {
				r.fromWord(w)
			}
			return
		}
		r.noteTLS(t.text)
		if clause == "from" {
			r.fromComment(t.text)
		}
		return
	}
	switch clause {
	case "from":
		r.fromWord(t.text)
	case "by":
		setOnce(&r.By, strings.Trim(t.text, "[]<>,"))
	case "with":
		r.withWord(t.text)
	case "id":
		setOnce(&r.ID, strings.Trim(t.text, "<>"))
	case "for":
		setOnce(&r.For, strings.Trim(t.text, "<>"))
	}
}

func setOnce(to *string, s string) {
	if *to == "" {
		*to = s
	}
}

// fromWord reads a word of the from clause: the name first, an address anywhere.
func (r *Received) fromWord(s string) {
	bare := strings.Trim(s, "[]")
	if r.From != "" {
		if ip, ok := receivedIP(bare); ok && strings.HasPrefix(s, "[") {
			r.setIP(ip)
		}
		return
	}
	r.From = bare
}

// withWord reads the protocol, which may be several words ("Microsoft SMTP Server")
// and may carry the cipher ("ESMTP/TLS/AES256").
func (r *Received) withWord(s string) {
	if strings.EqualFold(s, "tls") && r.With != "" { // Exim: with esmtps (TLS1.3) tls CIPHER
		return
	}
	if strings.HasPrefix(s, "TLS_") {
		r.addTLS(s)
		return
	}
	proto, cipher, ok := strings.Cut(s, "/TLS/")
	if ok {
		r.addTLS(cipher)
	}
	if r.With == "" {
		r.With = proto
	} else if strings.HasPrefix(r.With, "Microsoft") || r.With == "HTTP" {
		r.With += " " + proto
	}
}

// fromComment reads a comment of the from clause, which notes what the receiver
// saw: "(reverse.example [192.0.2.1])", "(HELO name)", "(helo=name)", "(192.0.2.1)".
func (r *Received) fromComment(s string) {
	words := strings.FieldsFunc(s, func(c rune) bool { return c <= ' ' || c == ',' || c == '(' || c == ')' })
	for i := 0; i < len(words) && i < 16; i++ {
		w := words[i]
		switch key, value, _ := strings.Cut(w, "="); {
		case strings.EqualFold(key, "helo") || strings.EqualFold(key, "ehlo"):
			if value == "" && i+1 < len(words) {
				i++
				value = words[i]
			}
			if value != "" {
				r.helo(strings.Trim(value, "[]"))
			}
		case strings.Contains(w, "=") || strings.EqualFold(w, "AUTH:") || strings.HasPrefix(w, "authenticated"):
			// ident=, envelope-from <...> and the like
		default:
			r.fromNote(w)
		}
	}
}

// fromNote reads "host", "[ip]", "host[ip]", "ident@host" or "ip:port".
func (r *Received) fromNote(w string) {
	host, literal, ok := strings.Cut(w, "[")
	if ok {
		literal, _, _ = strings.Cut(literal, "]") // a port may follow
		if ip, ok := receivedIP(literal); ok {
			r.setIP(ip)
		}
	} else if ip, ok := receivedIP(w); ok {
		r.setIP(ip)
		return
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	host = strings.TrimSuffix(host, ".")
	if r.FromHost == "" && !r.FromIP.IsValid() || r.FromHost == "" && ok {
		if isHostName(host) {
			r.FromHost = host
		}
	}
}

func isHostName(s string) bool {
	if strings.EqualFold(s, "unknown") || !strings.Contains(s, ".") || len(s) > 253 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := lower(s[i])
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

func (r *Received) setIP(ip netip.Addr) {
	if !r.FromIP.IsValid() {
		r.FromIP = ip
	}
}

// helo notes a HELO name given in a comment: the word before it is then not the
// claimed name but the reverse name (Exim, qmail).
func (r *Received) helo(name string) {
	if _, isIP := receivedIP(r.From); !isIP && r.FromHost == "" && isHostName(r.From) {
		r.FromHost = strings.TrimSuffix(r.From, ".")
	} else if isIP {
		ip, _ := receivedIP(r.From)
		r.setIP(ip)
	}
	r.From = name
}

// fixHELO takes the address from "from [192.0.2.1] by ...", the only place where
// it is noted.
func (r *Received) fixHELO() {
	if ip, ok := receivedIP(r.From); ok {
		r.setIP(ip)
	}
}

// receivedIP reads an address with what mail systems put around it: "IPv6:", a
// port, an interface, parentheses.
func receivedIP(s string) (netip.Addr, bool) {
	s = strings.Trim(s, "()[]")
	s, _ = cutPrefixFold(s, "IPv6:")
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// noteTLS reads "using TLSv1.3 with cipher X (256/256 bits)", "version=TLS1_3
// cipher=X" and "TLS1.3".
func (r *Received) noteTLS(s string) {
	words := strings.FieldsFunc(s, func(c rune) bool { return c <= ' ' || c == ',' || c == '(' || c == ')' })
	for i := 0; i < len(words) && i < 32; i++ {
		w := words[i]
		if v, ok := cutPrefixFold(w, "version="); ok {
			r.addTLS(v)
		} else if v, ok := cutPrefixFold(w, "cipher="); ok {
			r.addTLS(v)
		} else if (strings.EqualFold(w, "cipher") || w == "tls_cipher") && i+1 < len(words) {
			i++
			r.addTLS(words[i])
		} else if strings.HasPrefix(w, "TLS-") && strings.Contains(w, ":") {
			r.addTLS(w) // Exim before 4.9: "TLS-1.0:RSA_AES_256_CBC_SHA:32"
		} else if isTLSVersion(w) {
			r.addTLS(w)
		}
	}
}

func isTLSVersion(s string) bool {
	return len(s) <= len("TLSv1.3") && (strings.HasPrefix(s, "TLSv1") || strings.HasPrefix(s, "TLS1") || s == "SSLv3" || s == "TLS")
}

func (r *Received) addTLS(s string) {
	s = strings.Trim(s, ";,")
	if s == "" || len(r.TLS) > 100 || strings.Contains(r.TLS, s) {
		return
	}
	if r.TLS != "" {
		r.TLS += " "
	}
	r.TLS += s
}
