package provider

import (
	"regexp"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// ReceiverOf gives the ID of the provider that takes mail for the people of a domain (gmail for gmail.com), "" where none is known. It
// knows the domains that providers give to consumers, not those that others bring to them: see [ReceiverByMX].
func ReceiverOf(domain string) string {
	r := replies()
	first := len(r.receivers)
	for name, more := strings.ToLower(strings.TrimSuffix(domain, ".")), true; more; _, name, more = strings.Cut(name, ".") {
		if i, ok := r.byDomain[name]; ok && i < first {
			first = i
		}
	}
	if first == len(r.receivers) {
		return ""
	}
	return r.receivers[first].id
}

// ReceiverAt gives the ID of the provider that took mail for a domain at a host: known by the domain, else by the host, as an exchanger is;
// "" where neither tells. Either may be "".
func ReceiverAt(host, domain string) string {
	if id := ReceiverOf(domain); id != "" || host == "" {
		return id
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if id := receiverOfExchanger(host); id != "" {
		return id
	}
	for i := range replies().receivers {
		if within(host, replies().receivers[i].hosts) {
			return replies().receivers[i].id
		}
	}
	return ""
}

// moreFreemail are domains in which anybody can have an address, of providers whose replies are not known here.
var moreFreemail = []string{
	"aim.com", "gmx.at", "gmx.ch", "gmx.com", "mail.com", "fastmail.com", "proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.com", "zoho.com",
	"mail.ru", "bk.ru", "inbox.ru", "list.ru", "yandex.ru", "yandex.com", "ya.ru", "rambler.ru", "163.com", "126.com", "qq.com", "naver.com", "daum.net", "hanmail.net",
	"yahoo.ca", "yahoo.com.au", "yahoo.com.br", "yahoo.es", "yahoo.it", "yahoo.in", "live.co.uk", "live.fr", "hotmail.fr", "hotmail.de", "hotmail.it", "hotmail.co.uk", "outlook.de", "outlook.fr",
	"t-online.de", "freenet.de", "libero.it", "virgilio.it", "free.fr", "sfr.fr", "seznam.cz", "wp.pl", "o2.pl", "interia.pl", "uol.com.br", "bol.com.br", "rediffmail.com", "goo.jp", "excite.co.jp",
}

// IsFreemail reports a domain in which anybody can have an address: mail with it in From must come from its provider's servers.
func IsFreemail(domain string) bool {
	return ReceiverOf(domain) != "" || within(domain, moreFreemail)
}

// ReceiverByMX gives the ID of the provider (or of the gateway in front of the mailboxes) that takes mail for a domain with such mail
// exchangers (RFC 5321 section 5.1), "" where none is known: the exchangers with the best preference must all be of one. So domains that
// people bring to Google Workspace, Microsoft 365, Yahoo or iCloud are known. The names are those that the providers tell their customers
// to enter (2026-11); hosts of the same companies that customers rent are not among them.
func ReceiverByMX(records []dns.Record) string {
	best := -1
	for _, r := range records {
		if r.Type == dns.TypeMX && (best < 0 || int(r.Pref) < best) {
			best = int(r.Pref)
		}
	}
	id := ""
	for _, r := range records {
		if r.Type != dns.TypeMX || int(r.Pref) != best {
			continue
		}
		one := receiverOfExchanger(r.Data)
		if one == "" || id != "" && id != one {
			return ""
		}
		id = one
	}
	return id
}

func receiverOfExchanger(name string) string {
	labels := strings.Split(dns.CanonicalName(name), ".")
	for i := range replies().receivers {
		for _, pattern := range replies().receivers[i].mx {
			if fitsEnd(labels, pattern) {
				return replies().receivers[i].id
			}
		}
	}
	return ""
}

// fitsEnd reports that a name is that of a pattern, or beneath it.
func fitsEnd(labels, pattern []string) bool {
	if len(labels) < len(pattern) {
		return false
	}
	labels = labels[len(labels)-len(pattern):]
	for i, p := range pattern {
		if p != "*" && p != labels[i] {
			return false
		}
	}
	return true
}

// Receivers gives the IDs of the providers that take mail, in order: those to plan for.
func Receivers() []string {
	var out []string
	for _, r := range replies().receivers {
		if len(r.domains) > 0 || len(r.mx) > 0 {
			out = append(out, r.id)
		}
	}
	return out
}

// receiver is how a provider's replies are recognised.
type receiver struct {
	id             string
	name           catalogue.Text
	hosts, domains []string
	mx             [][]string     // labels of names of its exchangers for domains of customers, or of what is above them; "*" is any
	own            bool           // it takes mail for these domains alone
	text           *regexp.Regexp // nil where its words are not known
}

// ReceiverName is how people call a provider, its ID where it has no name here.
func ReceiverName(id string) catalogue.Text {
	for _, r := range replies().receivers {
		if r.id == id {
			return r.name
		}
	}
	if name, ok := otherNames[id]; ok {
		return name
	}
	return catalogue.Text{EN: id, JA: id}
}

// otherNames are those of whom requirements, but no replies, are known.
var otherNames = map[string]catalogue.Text{
	"generic":   {EN: "Standards (RFC)", JA: "標準仕様 (RFC)"},
	"sakura":    {EN: "Sakura Internet", JA: "さくらインターネット"},
	"japan_gov": {EN: "Government of Japan", JA: "日本政府"},
}

// SameReceiver reports that two hosts are of one provider, though their names differ (icloud.com, me.com).
func SameReceiver(a, b string) bool {
	return slices.ContainsFunc(replies().receivers, func(r receiver) bool { return within(a, r.hosts) && within(b, r.hosts) })
}

// within reports whether a name is one of domains or below it.
func within(name string, domains []string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return slices.ContainsFunc(domains, func(d string) bool { return name == d || strings.HasSuffix(name, "."+d) })
}
