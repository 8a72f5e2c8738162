package ses

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Events in the shapes of the developer guide, with values of ours.
const mailObject = `"mail":{"timestamp":"2026-11-26T11:59:58.012Z","source":"News <bounce@mail.shop.example>","sourceArn":"arn:aws:ses:us-east-1:123456789012:identity/shop.example","sendingAccountId":"123456789012",` +
	`"messageId":"0100019a-1","destination":["one@gmail.com","two@example.net"],"headersTruncated":false,"headers":[{"name":"From","value":"Shop <news@shop.example>"}],` +
	`"commonHeaders":{"from":["Shop <news@shop.example>"],"to":["one@gmail.com"],"messageId":"0100019a-1","subject":"Hello"},"tags":{"ses:configuration-set":["main"],"ses:source-ip":["198.51.100.9"],"ses:from-domain":["shop.example"],"ses:outgoing-ip":["192.0.2.1"]}}`

func fixture(kind, detail string) string {
	if detail != "" {
		detail += ","
	}
	return `{"eventType":"` + kind + `",` + detail + mailObject + `}`
}

var fixtures = map[Kind]string{
	Send:      fixture("Send", `"send":{}`),
	Delivery:  fixture("Delivery", `"delivery":{"timestamp":"2026-11-26T12:00:00.100Z","processingTimeMillis":500,"recipients":["one@gmail.com"],"smtpResponse":"250 2.0.0 OK gsmtp","reportingMTA":"a8-1.smtp-out.amazonses.com"}`),
	Bounce:    fixture("Bounce", `"bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"one@gmail.com","action":"failed","status":"5.7.1","diagnosticCode":"smtp; 550 5.7.1 Gmail has detected that this message is likely unsolicited mail"}],"timestamp":"2026-11-26T12:00:00.000Z","feedbackId":"0100-b","reportingMTA":"dsn; a8-1.smtp-out.amazonses.com"}`),
	Complaint: fixture("Complaint", `"complaint":{"complainedRecipients":[{"emailAddress":"one@gmail.com"}],"timestamp":"2026-11-26T12:00:00.000Z","feedbackId":"0100-c","userAgent":"Feedback","complaintFeedbackType":"abuse","arrivalDate":"2026-11-26T11:59:00.000Z"}`),
	Delay:     fixture("DeliveryDelay", `"deliveryDelay":{"timestamp":"2026-11-26T12:00:00.000Z","delayType":"IPFailure","expirationTime":"2026-11-27T12:00:00.000Z","delayedRecipients":[{"emailAddress":"one@gmail.com","status":"4.7.28","diagnosticCode":"smtp; 421 4.7.28 rate limited"}]}`),
	Reject:    fixture("Reject", `"reject":{"reason":"Bad content"}`),
	Other:     fixture("Open", `"open":{"ipAddress":"192.0.2.7","timestamp":"2026-11-26T12:00:00.000Z"}`),
}

// enveloped puts text into a notification of SNS.
func enveloped(text string) string {
	b, err := json.Marshal(map[string]string{"Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": text, "Timestamp": "2026-11-26T12:00:01.000Z"})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestParse(t *testing.T) {
	for kind, text := range fixtures {
		e, err := Parse([]byte(text))
		if err != nil || e.Kind != kind || e.Domain != "shop.example" || e.Source != "192.0.2.1" || e.Message != "0100019a-1" || e.ID == "" {
			t.Errorf("%s: %+v, %v", kind, e, err)
		}
		for name, other := range map[string]string{
			"of SNS": enveloped(text), "of EventBridge": `{"version":"0","detail-type":"Email","source":"aws.ses","detail":` + text + `}`, "notification": strings.Replace(text, "eventType", "notificationType", 1),
		} {
			if o, err := Parse([]byte(other)); err != nil || o.ID != e.ID || o.Kind != kind {
				t.Errorf("%s, %s: %+v, %v", kind, name, o, err)
			}
		}
	}
	b, _ := Parse([]byte(fixtures[Bounce]))
	if b.Type != "Permanent" || b.SubType != "General" || b.MTA != "a8-1.smtp-out.amazonses.com" || len(b.Recipients) != 1 || b.Recipients[0] != (Recipient{"one@gmail.com", "550 5.7.1 Gmail has detected that this message is likely unsolicited mail"}) ||
		!b.At.Equal(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", b)
	}
	if s, _ := Parse([]byte(fixtures[Send])); len(s.Recipients) != 2 || s.At.Second() != 58 {
		t.Errorf("%+v", s)
	}
	if c, _ := Parse([]byte(fixtures[Complaint])); c.Type != "abuse" || c.SubType != "" {
		t.Errorf("%+v", c)
	}
	untagged := strings.Replace(fixtures[Delivery], `"tags":{`, `"other":{`, 1)
	if e, err := Parse([]byte(untagged)); err != nil || e.Source != "" || e.Domain != "shop.example" {
		t.Errorf("%+v, %v", e, err)
	}
	for _, bad := range []string{
		"", "{}", "[]", "null", `"x"`, `{"eventType":"Bounce"}`, `{"eventType":"Bounce","mail":{}}`, `{"eventType":"Send","mail":{"timestamp":"yesterday"}}`, `{"Type":"Notification","Message":"hello"}`,
		enveloped(enveloped(enveloped(fixtures[Send]))), `{"mail":{}}`, strings.Repeat(" ", MaxEvent) + fixtures[Send],
	} {
		if e, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%.80q: %+v", bad, e)
		}
	}
}

func TestRead(t *testing.T) {
	lines := fixtures[Send] + "\n" + `{"something":"else"}` + "\n\n  " + enveloped(fixtures[Bounce]) + fixtures[Delay]
	for name, text := range map[string]string{"lines": lines, "array": "\n [" + fixtures[Send] + ",\n" + `{"something":"else"},` + enveloped(fixtures[Bounce]) + "," + fixtures[Delay] + " ]",
		"arrays": "[" + fixtures[Send] + `,{"something":"else"}]` + "[]\n" + enveloped(fixtures[Bounce]) + " [" + fixtures[Delay] + "]\n"} {
		var got []Event
		others, err := Read(strings.NewReader(text), func(l []Event) error { got = append(got, l...); return nil })
		if err != nil || others != 1 || len(got) != 3 || got[1].Kind != Bounce {
			t.Errorf("%s: %d, %d, %v", name, len(got), others, err)
		}
	}
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"empty": {"", 0}, "space": {" \n", 0}, "empty array": {"[]", 0}, "no JSON": {fixtures[Send] + "\nnonsense\n", 1}, "cut": {fixtures[Send] + fixtures[Send][:100], 1}, "open array": {"[" + fixtures[Send], 1}, "cut behind a comma": {"[" + fixtures[Send] + ",\n", 1}, "nothing in it": {"[ \n", 0}, "closed twice": {"[" + fixtures[Send] + "]]", 1}, "nonsense behind it": {"[" + fixtures[Send] + "] x", 1},
		"too long": {fixtures[Send] + `{"x":"` + strings.Repeat("x", 4*MaxEvent) + `"}`, 1}, "space without end": {strings.Repeat(" ", 4*MaxEvent), 0}, "deep": {strings.Repeat("[", 100_000), 0},
	} {
		n := 0
		_, err := Read(strings.NewReader(c.text), func(l []Event) error { n += len(l); return nil })
		if fine := name == "empty" || name == "space" || name == "empty array"; n != c.want || (err == nil) != fine {
			t.Errorf("%s: %d events, %v", name, n, err)
		}
		if err != nil && strings.HasSuffix(err.Error(), "EOF") {
			t.Errorf("%s: %v", name, err)
		}
	}
	n, calls := 0, 0
	if _, err := Read(strings.NewReader(strings.Repeat(fixtures[Send]+"\n", 1201)), func(l []Event) error { n, calls = n+len(l), calls+1; return nil }); err != nil || n != 1201 || calls != 3 {
		t.Errorf("%d in %d, %v", n, calls, err)
	}
	failed := errors.New("full")
	if _, err := Read(strings.NewReader(strings.Repeat(fixtures[Send]+"\n", 501)), func([]Event) error { return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range fixtures {
		f.Add([]byte(text))
		f.Add([]byte(enveloped(text)))
	}
	f.Add([]byte(`{"eventType":"Send","mail":{"timestamp":"2026-11-26T11:59:58Z","messageId":"1","commonHeaders":{"from":["Shop <]ews@shop.example>"]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data)
		if err != nil {
			return
		}
		if len(e.Recipients) > maxRecipients || len(e.Domain) > 255 || e.ID == "" || strings.ContainsAny(e.Domain, " \n<>") {
			t.Errorf("%+v", e)
		}
		if again, _ := Parse(data); fmt.Sprint(again) != fmt.Sprint(e) {
			t.Error("not the same again")
		}
		_, _ = Read(strings.NewReader(string(data)), func([]Event) error { return nil })
	})
}
