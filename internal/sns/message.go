// Package sns is the receiving side of Amazon SNS over HTTP(S): messages, their signatures (versions 1 and 2), and the confirmation of a
// subscription. The rules are those of the Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages" and "Parsing
// Amazon SNS message formats" (2026-11).
package sns

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/pattern"
)

// Types of messages.
const (
	Notification = "Notification"
	Subscribe    = "SubscriptionConfirmation"
	Unsubscribe  = "UnsubscribeConfirmation"
)

// MaxMessage is the longest message, in octets: SNS carries 256 KiB, which may double as text in JSON.
const MaxMessage = 1 << 20

// Message is what SNS sends.
type Message struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            string
	TopicArn         string
	Subject          *string
	Message          string
	SubscribeURL     string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
}

// Errors of a message.
var (
	// ErrNoMessage: it is none of SNS.
	ErrNoMessage = errors.New("it is no message of Amazon SNS")
	// ErrTopic: it is of a topic that is not one of ours.
	ErrTopic = errors.New("the topic is not one of those that are allowed")
	// ErrTime: it is too old, or of the future.
	ErrTime = errors.New("its time is not within the hour")
	// ErrSignature: it is not what SNS signed, or not by SNS.
	ErrSignature = errors.New("the signature is not one of Amazon SNS over this message")
	// ErrURL: a URL that SNS would not give.
	ErrURL = errors.New("a URL that is not one of Amazon SNS in the topic's region")
)

// Parse reads a message.
func Parse(data []byte) (*Message, error) {
	if len(data) > MaxMessage {
		return nil, fmt.Errorf("%w: more than %d octets", ErrNoMessage, MaxMessage)
	}
	var m Message
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoMessage, err)
	}
	switch m.Type {
	case Notification, Subscribe, Unsubscribe:
	default:
		return nil, fmt.Errorf("%w: type %.40q", ErrNoMessage, m.Type)
	}
	if m.MessageID == "" || len(m.MessageID) > 100 || m.TopicArn == "" || m.Timestamp == "" {
		return nil, fmt.Errorf("%w: a field is missing", ErrNoMessage)
	}
	return &m, nil
}

// signed is the text that SNS signs: names and values, each with a line end, in the order of the names.
func (m *Message) signed() []byte {
	pairs := []string{"Message", m.Message, "MessageId", m.MessageID}
	switch {
	case m.Type != Notification:
		pairs = append(pairs, "SubscribeURL", m.SubscribeURL, "Timestamp", m.Timestamp, "Token", m.Token)
	case m.Subject != nil:
		pairs = append(pairs, "Subject", *m.Subject, "Timestamp", m.Timestamp)
	default:
		pairs = append(pairs, "Timestamp", m.Timestamp)
	}
	pairs = append(pairs, "TopicArn", m.TopicArn, "Type", m.Type)
	return []byte(strings.Join(pairs, "\n") + "\n")
}

const (
	oldest = time.Hour
	ahead  = 10 * time.Minute
)

// inTime reports whether it was sent within the hour.
func (m *Message) inTime(now time.Time) bool {
	at, err := time.Parse(time.RFC3339, m.Timestamp)
	return err == nil && now.Sub(at) <= oldest && at.Sub(now) <= ahead
}

var (
	topicForm = pattern.New(`^arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2}):[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$`)
	certPath  = pattern.New(`^/[A-Za-z0-9_-]{1,120}\.pem$`)
)

// ValidTopic reports whether a text is the ARN of a topic: arn:aws:sns:us-east-1:123456789012:name.
func ValidTopic(arn string) bool { return topicForm.MatchString(arn) }

// hostOf is the host of SNS in the region of a topic, "" for what is no topic.
func hostOf(arn string) string {
	m := topicForm.FindStringSubmatch(arn)
	if m == nil {
		return ""
	}
	host := "sns." + m[2] + ".amazonaws.com"
	if m[1] == "aws-cn" {
		host += ".cn"
	}
	return host
}

// ours reads a URL of the host of a topic's region.
func ours(raw, arn string) (*url.URL, error) {
	u, err := url.Parse(raw)
	host := hostOf(arn)
	if err != nil || len(raw) > 2048 || u.Scheme != "https" || host == "" || u.Host != host || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, ErrURL
	}
	return u, nil
}

// certURL is where the certificate is.
func (m *Message) certURL() (string, error) {
	u, err := ours(m.SigningCertURL, m.TopicArn)
	if err != nil || u.RawQuery != "" || !certPath.MatchString(u.EscapedPath()) {
		return "", ErrURL
	}
	return u.String(), nil
}

// confirmURL is what confirms the subscription.
func (m *Message) confirmURL() (string, error) {
	u, err := ours(m.SubscribeURL, m.TopicArn)
	if err != nil {
		return "", err
	}
	q := u.Query()
	if u.Path != "/" && u.Path != "" || q.Get("Action") != "ConfirmSubscription" || q.Get("TopicArn") != m.TopicArn || q.Get("Token") == "" || q.Get("Token") != m.Token {
		return "", ErrURL
	}
	return u.String(), nil
}
