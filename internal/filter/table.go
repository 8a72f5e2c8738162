package filter

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
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
	top, err := toml.Parser().Unmarshal(data)
	if err != nil {
		return nil, nil, err
	}
	p := DefaultPolicy()
	var senders *Senders
	for key, v := range top {
		switch key {
		case "sealers":
			p.Sealers, err = texts(v)
		case "lists":
			p.Lists, err = texts(v)
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
			err = fmt.Errorf("nothing is called that")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return p, senders, nil
}

func defaults(into map[Outcome]Action, v any) error {
	table, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("it is no table")
	}
	for word, a := range table {
		if !slices.Contains(Outcomes, Outcome(word)) {
			return badOutcome(word)
		}
		action, err := actionOf(a)
		if err != nil {
			return err
		}
		into[Outcome(word)] = action
	}
	return nil
}

func badOutcome(word string) error {
	words := make([]string, len(Outcomes))
	for i, o := range Outcomes {
		words[i] = string(o)
	}
	return fmt.Errorf("outcome %q: it is one of %s", word, strings.Join(words, ", "))
}

func actionOf(v any) (Action, error) {
	word, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("an action is a word")
	}
	return ParseAction(word)
}

func rules(v any) ([]Rule, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("rules are written [[rule]]")
	}
	out := make([]Rule, 0, len(list))
	for i, e := range list {
		table, ok := e.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("rule %d is no table", i+1)
		}
		r, err := rule(table)
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func rule(table map[string]any) (r Rule, err error) {
	if _, ok := table["action"]; !ok {
		return r, fmt.Errorf("it has no action")
	}
	for key, v := range table {
		switch key {
		case "outcome":
			var words []string
			words, err = texts(v)
			for _, w := range words {
				if !slices.Contains(Outcomes, Outcome(w)) {
					return r, badOutcome(w)
				}
				r.Outcomes = append(r.Outcomes, Outcome(w))
			}
		case "from":
			r.From, err = texts(v)
		case "sender":
			r.Sender, err = texts(v)
		case "to":
			r.To, err = texts(v)
		case "action":
			r.Action, err = actionOf(v)
		case "reason":
			var ok bool
			if r.Reason, ok = v.(string); !ok || strings.ContainsAny(r.Reason, "\r\n") {
				err = fmt.Errorf("it is no line of text")
			}
		default:
			err = fmt.Errorf("nothing is called that")
		}
		if err != nil {
			return r, fmt.Errorf("%s: %w", key, err)
		}
	}
	return r, nil
}

// texts takes a text or a list of them.
func texts(v any) ([]string, error) {
	if s, ok := v.(string); ok {
		return []string{s}, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("it is no list of texts")
	}
	out := make([]string, len(list))
	for i, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, fmt.Errorf("it is no list of texts")
		}
		out[i] = s
	}
	return out, nil
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
	return p.Masked(), err
}

func sendersOf(v any) (*Senders, error) {
	table, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is no table")
	}
	s := &Senders{ByUser: make(map[string][]string, len(table))}
	for user, list := range table {
		patterns, err := texts(list)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", user, err)
		}
		if user == "*" {
			s.Others = patterns
		} else {
			s.ByUser[strings.ToLower(user)] = patterns
		}
	}
	return s, nil
}
