package explain

import "github.com/todoku/todoku/bounce"

// Refusal explains one reply to a recipient, as an event of a sending service reports it: "550 5.7.1 blocked". host is the server that said
// so, "" where that is not known. final: it will not be tried again. A text without a code is explained by its words.
func Refusal(reply, recipient, host string, final bool) Failure {
	f := Failure{Recipient: recipient, Host: host, Action: "delayed"}
	if final {
		f.Action = "failed"
	}
	f.Reply.Text = reply
	if r, ok := bounce.ParseReply(reply); ok {
		f.Reply = r
	}
	return explainFailure(f, sender{})
}
