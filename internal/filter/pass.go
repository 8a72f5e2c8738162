package filter

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// PassField goes with mail that came in while this filter seals. A mailing list, or a program that changes what
// it forwards, hands the message back to the mail server: then the seal of the way in no longer fits, and a new verification
// would blame the author for the change. By this field the filter knows its own Authentication-Results again, and
// seals anew what it found when the message came (RFC 8617 section 5.1: what it was before the change).
//
// It says when, how the chain was (cv=), which set was added (n=, 0 for none) and who the sender was, with a MAC over all that,
// the results and From, Date and Message-ID. It is believed of trusted networks only, never of users, for so long:
const (
	PassField = "X-Todoku-Pass"
	passLife  = 5 * 24 * time.Hour // as long as mail waits in queues
)

// macKey is what MACs are made with, beside the one before it: a sealing key may be rotated while a message is with a list.
type macKey struct {
	of          *rsa.PrivateKey
	key, before [sha256.Size]byte
}

// macKey derives the key of the MAC from that of the seal, which all nodes have and nobody else.
func (f *Forwarding) macKey(k Key) (*macKey, error) {
	private, _ := k.Signer.(*rsa.PrivateKey)
	known := f.mac.Load()
	if known != nil && private != nil && known.of == private {
		return known, nil
	}
	secret, err := dkim.MarshalPrivateKey(k.Signer)
	if err != nil {
		return nil, err
	}
	key := &macKey{of: private, key: sha256.Sum256(append([]byte("todoku pass 1\x00"), secret...))}
	key.before = key.key
	if private != nil {
		if known != nil {
			key.before = known.key
		}
		f.mac.Store(key)
	}
	return key, nil
}

// pass is what the field says.
type pass struct {
	instance int // of the set that was added, 0 for none
	chain    arc.Result
	sets     int // that the message had before
	at       int64
	sender   string // a hash of it
	results  []byte // the Authentication-Results field
	sealing  *sealing
}

func (p *pass) String() string {
	return fmt.Sprintf("t=%d; n=%d; sets=%d; cv=%s; f=%s", p.at, p.instance, p.sets, p.chain, p.sender)
}

// mac binds a pass to the message.
func (p *pass) mac(key [sha256.Size]byte, m *message.Message) string {
	h := hmac.New(sha256.New, key[:])
	buf := append([]byte(p.String()), 0)
	buf = wire.AppendHeader(buf, wire.Relaxed, p.results)
	for _, name := range []string{"From", "Date", "Message-ID"} {
		for _, f := range m.All(name) {
			buf = wire.AppendHeader(buf, wire.Relaxed, f.Raw)
		}
		buf = append(buf, 0)
	}
	h.Write(buf)
	return base64.StdEncoding.EncodeToString(h.Sum(nil)[:18])
}

// senderHash tells senders apart without naming them.
func senderHash(key [sha256.Size]byte, sender string) string {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("sender\x00" + strings.ToLower(sender)))
	return base64.StdEncoding.EncodeToString(h.Sum(nil)[:9])
}

// addPass adds the field; n is the set that was added.
func (in *incoming) addPass(c *milter.Changes, s *sealing, n int, results []byte) {
	key, err := in.settings.Forwarding.macKey(s.key)
	if err == nil {
		chain := &in.event.Auth.ARC
		p := pass{instance: n, chain: chain.Result, sets: chain.Instances, at: in.event.Began.Unix(), sender: senderHash(key.key, in.event.MailFrom), results: results}
		err = c.InsertHeader(0, PassField, " "+p.String()+";\r\n\tmac="+p.mac(key.key, in.parsed))
	}
	if err != nil {
		in.event.problem("message.cannot-mark", err.Error())
	}
}

// passed reports that an outgoing message is one that came in here, and what was found of it then.
func (t *transaction) passed() (*pass, bool) {
	if !t.settings.Forwarding.seals() || t.event.User != "" || t.parsed.HeaderTruncated() || t.parsed.Count(PassField) != 1 {
		return nil, false
	}
	f, _ := t.parsed.First(PassField)
	p, mac := readPass(f.Unfolded())
	if p == nil || t.event.Began.Unix() < p.at-60 || t.event.Began.Sub(time.Unix(p.at, 0)) > passLife {
		return nil, false
	}
	k, err := t.settings.sealKey()
	if err != nil {
		return nil, false // the message goes as other mail of its author does
	}
	key, err := t.settings.Forwarding.macKey(k)
	if err != nil {
		return nil, false
	}
	if !t.find(p, mac, key.key) && !t.find(p, mac, key.before) {
		return nil, false
	}
	p.sealing = &sealing{key: k, bodies: dkim.NewBodies()}
	p.sealing.bodies.Want(dkim.Relaxed, -1)
	return p, true
}

// find looks for the results of ours that the MAC is over.
func (t *transaction) find(p *pass, mac string, key [sha256.Size]byte) bool {
	for i, tries := 0, 0; i < len(t.parsed.Fields) && tries < maxDKIMResults; i++ {
		f := t.parsed.Fields[i]
		if !f.Is("Authentication-Results") {
			continue
		}
		if id, _ := authres.AuthServID(f.Value()); !strings.EqualFold(id, t.settings.AuthServID) {
			continue
		}
		tries++
		p.results = f.Raw
		if !hmac.Equal([]byte(p.mac(key, t.parsed)), []byte(mac)) {
			continue
		}
		if len(t.parsed.Fields) == len(t.fields) {
			t.kept = i + 1
		}
		if p.sender != senderHash(key, t.event.MailFrom) {
			p.sender = "" // the program has set one of its own
		}
		return true
	}
	return false
}

// readPass reads what String and addPass write, nil for anything else.
func readPass(text string) (*pass, string) {
	tags := map[string]string{}
	for part := range strings.SplitSeq(cut(text, 400), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		tags[name] = value
	}
	p := &pass{chain: arc.Result(tags["cv"]), sender: tags["f"]}
	var err [3]error
	p.at, err[0] = strconv.ParseInt(tags["t"], 10, 64)
	p.instance, err[1] = strconv.Atoi(tags["n"])
	p.sets, err[2] = strconv.Atoi(tags["sets"])
	if err != [3]error{} || p.at < 0 {
		return nil, ""
	}
	return p, tags["mac"]
}

// forwarded is mail that came in, was perhaps changed here, and leaves.
type forwarded struct {
	*transaction
	*pass
}

func (f *forwarded) begin() {}

func (f *forwarded) write(part []byte) { _, _ = f.sealing.bodies.Write(part) } // fails only after Sum

func (f *forwarded) finish(_ context.Context, c *milter.Changes) milter.Reply {
	f.strip(c)
	if m, ok := f.before(c); ok {
		f.seal(c, f.sealing, m, arc.Verdict{Result: f.chain, Instances: f.sets}, resultsOf(f.results))
	}
	if f.sender != "" {
		f.rewriteSender(c)
	}
	f.event.Action = Accept
	return milter.Accept
}

// before gives the message without the set that was added when it came in, which the change may have broken, and has that
// removed. Not ok: the message has other sets than it had then.
func (f *forwarded) before(c *milter.Changes) (*message.Message, bool) {
	if f.instance == 0 {
		return f.parsed, true
	}
	var rest []byte
	number := map[string]int{}
	var del []func() error
	for _, field := range f.parsed.Fields {
		name := setField(field)
		if name == "" {
			rest = append(rest, field.Raw...)
			continue
		}
		number[name]++
		if instanceOf(field) != f.instance {
			rest = append(rest, field.Raw...)
			continue
		}
		n := number[name]
		del = append(del, func() error { return c.DeleteHeader(name, n) })
	}
	if len(del) != 3 {
		return f.parsed, len(del) == 0 // the program has removed it
	}
	for _, remove := range del {
		if err := remove(); err != nil {
			f.cannotSeal(err)
			return nil, false
		}
	}
	return message.ParseHeader(rest, false), true
}

// setField gives the name of a field of an ARC set, "" for any other.
func setField(f message.Field) string {
	for _, name := range []string{"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"} {
		if f.Is(name) {
			return name
		}
	}
	return ""
}

// instanceOf reads i= of such a field, 0 where it cannot be read.
func instanceOf(f message.Field) int {
	for part := range bytes.SplitSeq(f.Value(), []byte(";")) {
		name, value, _ := bytes.Cut(part, []byte("="))
		if string(bytes.TrimSpace(name)) == "i" {
			n, _ := strconv.Atoi(string(bytes.TrimSpace(value)))
			return n
		}
	}
	return 0
}
