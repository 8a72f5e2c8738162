package web

import (
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
)

// tabView is one section of the report, with its state in a word.
type tabView struct {
	ID, Name string
	State    mark
}

func (v *reportView) tabs(lang string, rep *render.Report) {
	add := func(id, name string, state mark) {
		v.Tabs = append(v.Tabs, tabView{id, i18n.T(lang, name), state})
	}
	add("findings", "tabs.findings", stateOf(lang, rep.Findings, nil))
	if len(v.Cards.Cards) > 0 {
		add("cards", "tabs.cards", v.Cards.state())
	}
	add("auth", "tabs.auth", v.authState())
	add("path", "tabs.path", v.pathState(lang))
	add("content", "tabs.content", stateOf(lang, rep.Findings, map[string]bool{"message": true, "list": true}))
	add("dns", "tabs.dns", answersState(lang, rep.DNS))
	add("raw", "tabs.raw", mark{"none", "–", size(int64(v.Size))})
}

// stateOf says how many findings of some areas (nil: of all) are of the worst kind.
func stateOf(lang string, all []catalogue.Finding, areas map[string]bool) mark {
	count := map[catalogue.Status]int{}
	for i := range all {
		if areas == nil || areas[catalogue.Area(all[i].ID)] {
			count[all[i].Status]++
		}
	}
	for _, worst := range []struct {
		status catalogue.Status
		key    string
	}{{catalogue.Fail, "tabs.count.fail"}, {catalogue.Unknown, "tabs.count.unknown"}, {catalogue.Warn, "tabs.count.warn"}} {
		if n := count[worst.status]; n > 0 {
			m := markOf("", string(worst.status))
			m.Word = i18n.T(lang, worst.key, "Count", n)
			return m
		}
	}
	m := markOf("", "pass")
	m.Word = i18n.T(lang, "tabs.fine")
	return m
}

// state is how many providers take the mail.
func (v *cardsView) state() mark {
	takes, worst := 0, "pass"
	for _, c := range v.Cards {
		switch s := c.All.Status; {
		case s == "pass":
			takes++
		case s == "fail" || worst == "pass" || worst == "unknown" && s == "warn":
			worst = s
		}
	}
	m := markOf("", worst)
	m.Word = itoa(takes) + "/" + itoa(len(v.Cards))
	return m
}

// pathState is how the message came: over TLS, or through how many servers as its header says.
func (v *reportView) pathState(lang string) mark {
	m := mark{"none", "→", i18n.T(lang, "tabs.hops", "Count", len(v.Hops)+v.MoreHops)}
	switch s := v.Session.TLS; {
	case s != nil && s.Error != "":
		m = markOf("", "fail")
		m.Word = "TLS: " + i18n.T(lang, "session.tls-failed")
	case s != nil && s.Version != "":
		m = markOf("", "pass")
		m.Word = clip(s.Version, 20)
	case v.Session.Observed && v.Source == "smtp":
		m = markOf("", "warn")
		m.Word = i18n.T(lang, "session.no-tls")
	}
	return m
}

// authState is how many of the methods that can pass do.
func (v *reportView) authState() mark {
	passed, methods := 0, 0
	for _, c := range v.Chips {
		if c.Anchor == "arc" { // no message needs a chain
			continue
		}
		if methods++; c.Result == "pass" {
			passed++
		}
	}
	class := v.DMARC.Result
	if class == "pass" && passed < methods {
		class = "warn"
	}
	m := markOf("", class)
	m.Word = itoa(passed) + "/" + itoa(methods)
	return m
}

func answersState(lang string, all []dns.Answer) mark {
	failed := 0
	for i := range all {
		if all[i].Status.Failed() {
			failed++
		}
	}
	if failed == 0 {
		return mark{"none", "–", itoa(len(all))}
	}
	m := markOf("", "unknown")
	m.Word = i18n.T(lang, "tabs.unanswered", "Count", failed)
	return m
}
