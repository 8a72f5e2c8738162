package judge

import (
	"fmt"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/spamfilter"
)

// SpamFilter gives the finding on what one spam filter, found at address, said of a
// message of the author domain from ("" where it has none). err is why it said nothing.
func SpamFilter(from, name, address string, a spamfilter.Answer, err error) catalogue.Finding {
	c := &verdict{from: from}
	named := args{"filter": name}
	if err != nil {
		return *c.add("message.spamfilter-unknown", c.author(), named, clip(fmt.Sprintf("%s at %s: %v", name, address, err)))
	}
	shown := fmt.Sprintf("score %.2f of %.2f", a.Score, a.Required)
	if a.Action != "" {
		shown = fmt.Sprintf("action %q, %s", a.Action, shown)
	}
	evidence := []string{fmt.Sprintf("%s at %s: %s", name, address, shown)}
	for _, s := range a.Symbols {
		evidence = append(evidence, s.String())
	}
	id := "message.spamfilter-ham"
	if a.Spam {
		id = "message.spamfilter-spam"
	}
	return *c.add(id, c.author(), named, evidence...)
}
