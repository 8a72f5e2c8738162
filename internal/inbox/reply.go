package inbox

import "fmt"

// reply is one SMTP reply with its enhanced status code (RFC 3463, RFC 2034); "" for
// replies that have none.
type reply struct {
	code     int
	enhanced string
	text     string
}

func (r reply) String() string {
	if r.enhanced == "" {
		return fmt.Sprintf("%d %s", r.code, r.text)
	}
	return fmt.Sprintf("%d %s %s", r.code, r.enhanced, r.text)
}

var (
	replyOK           = reply{250, "2.0.0", "OK"}
	replyBye          = reply{221, "2.0.0", "Bye"}
	replyVerify       = reply{252, "2.5.2", "Addresses are not verified here; send the mail and see"}
	replyNoExpand     = reply{502, "5.5.1", "EXPN is not offered"}
	replyHelp         = reply{214, "2.0.0", "Send a message to a one-time address: EHLO, MAIL FROM, RCPT TO, DATA"}
	replyNoAuth       = reply{502, "5.5.1", "AUTH is not offered: mail is accepted without a password"}
	replyUnknown      = reply{500, "5.5.2", "Unknown command"}
	replyLMTP         = reply{500, "5.5.1", "This is LMTP: say LHLO"}
	replyForward      = reply{501, "5.5.4", "The attributes of XFORWARD cannot be read"}
	replyLongLine     = reply{500, "5.5.2", "The command line is too long (4096 octets at most)"}
	replyNoArgument   = reply{501, "5.5.4", "This command takes no argument"}
	replyNeedName     = reply{501, "5.5.4", "Give your host name: EHLO mail.example.com"}
	replyHelloFirst   = reply{503, "5.5.1", "Send EHLO first"}
	replyMailFirst    = reply{503, "5.5.1", "Send MAIL FROM first"}
	replyMailTwice    = reply{503, "5.5.1", "MAIL FROM was given already; RSET begins anew"}
	replyNoRecipient  = reply{503, "5.5.1", "No valid recipient yet; send RCPT TO first"}
	replyInChunks     = reply{503, "5.5.1", "A message is being sent with BDAT; finish it with BDAT LAST or RSET"}
	replyTooManyRcpt  = reply{452, "4.5.3", "Too many recipients; send the others in another message"}
	replyTooLarge     = reply{552, "5.3.4", "The message is too large"}
	replyFull         = reply{452, "4.3.1", "The disk is full; try again later"}
	replyNoMemory     = reply{452, "4.3.2", "Too many messages are being received; try again later"}
	replyStoreFailed  = reply{451, "4.3.0", "The message could not be stored; try again later"}
	replyLookupFailed = reply{451, "4.3.0", "The address could not be looked up; try again later"}
	replyTooManyBad   = reply{421, "4.7.0", "Too many errors; closing the connection"}
	replyTooMany      = reply{421, "4.7.0", "Too many commands without a message; closing the connection"}
	replyIdle         = reply{421, "4.4.2", "Time-out; closing the connection"}
	replyTooOld       = reply{421, "4.4.2", "The session has lasted too long; connect again"}
	replyStopping     = reply{421, "4.3.2", "The server is stopping; try again later"}
	replyBroken       = reply{421, "4.3.0", "Internal error; closing the connection"}
	replyStartTLS     = reply{220, "2.0.0", "Ready to start TLS"}
	replyTLSTwice     = reply{503, "5.5.1", "TLS is running already"}
	replyGoAhead      = reply{354, "", "Send the message; end it with a line of a single dot"}
	replyChunkTooBig  = reply{501, "5.5.4", "BDAT takes a size and, after the last chunk's, LAST"}
	replyNeedsUTF8    = reply{553, "5.6.7", "The address is not ASCII: announce SMTPUTF8 in MAIL FROM"}
)
