package judge

import (
	"fmt"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
)

// maxSymbols is how many rules of a spam filter are shown; a filter that was asked gives no more.
const maxSymbols = 12

// SpamFilter gives the finding on what one spam filter said of a message of the author
// domain from ("" where it has none).
func SpamFilter(from string, o evidence.Opinion) catalogue.Finding {
	c := &verdict{from: from}
	named := args{"filter": o.Filter}
	if o.Failed != "" {
		return *c.add("message.spamfilter-unknown", c.author(), named, clip(fmt.Sprintf("%s at %s: %s", o.Filter, o.Address, o.Failed)))
	}
	shown := fmt.Sprintf("score %.2f of %.2f", o.Score, o.Required)
	if o.Action != "" {
		shown = fmt.Sprintf("action %q, %s", o.Action, shown)
	}
	said := []string{clip(fmt.Sprintf("%s at %s: %s", o.Filter, o.Address, shown))}
	for _, symbol := range o.Symbols[:min(len(o.Symbols), maxSymbols)] {
		said = append(said, clip(symbol))
	}
	id := "message.spamfilter-ham"
	if o.Spam {
		id = "message.spamfilter-spam"
	}
	return *c.add(id, c.author(), named, said...)
}
