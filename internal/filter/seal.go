package filter

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// sealing is what one message is sealed with.
type sealing struct {
	key    Key
	bodies *dkim.Bodies
}

// seals reports that ARC sets are made.
func (f *Forwarding) seals() bool { return f != nil && f.SealDomain != "" }

// sealKey gives the key that seals: an RSA key where there is one, for RFC 8617 knows no other algorithm.
func (s *Settings) sealKey() (Key, error) {
	from := s.Forwarding.SealKeys
	if from == nil {
		from = s.Signers
	}
	if from == nil {
		return Key{}, said.Error("there is no key at all", "鍵が 1 つもありません")
	}
	keys, err := from.For("", s.Forwarding.SealDomain)
	if err != nil {
		return Key{}, err
	}
	if len(keys) == 0 {
		return Key{}, said.Error("there is no key for %s", "%s の鍵がありません", s.Forwarding.SealDomain)
	}
	for _, k := range keys {
		if _, ok := k.Signer.Public().(*rsa.PublicKey); ok {
			return k, nil
		}
	}
	return keys[0], nil
}

// CanSeal says why nothing can be sealed now, nil where nothing is to be.
func (s *Settings) CanSeal() error {
	if !s.Forwarding.seals() {
		return nil
	}
	_, err := s.sealKey()
	return err
}

// beginSeal has the body of an incoming message hashed for a seal, nil where none is made.
func (t *transaction) beginSeal(run *mailauth.Run) *sealing {
	if !t.settings.Forwarding.seals() {
		return nil
	}
	key, err := t.settings.sealKey()
	if err != nil {
		t.cannotSeal(err)
		return nil
	}
	s := &sealing{key: key, bodies: run.Want(dkim.Relaxed)}
	if s.bodies == nil {
		t.cannotSeal(errors.New("too many different hashes of its body are wanted"))
		return nil
	}
	return s
}

func (t *transaction) cannotSeal(err error) {
	t.event.problem("arc.cannot-seal", "the message is forwarded without an ARC seal: "+err.Error())
}

// seal puts an ARC set before the message as m, which needs no body: the chain is what was found of it as it came, results what
// was found of it then. It gives the number of the set, 0 where none was added.
func (t *transaction) seal(c *milter.Changes, s *sealing, m *message.Message, chain arc.Verdict, results string) int {
	if undecided(&chain) {
		// A seal with cv=fail would break the chain for good, and nothing is known to be wrong with it.
		t.cannotSeal(errors.New("the chain could not be verified: " + chain.Reason))
		return 0
	}
	m, names := t.leaving(m)
	set, err := t.set(s, m, names, chain, results)
	if errors.Is(err, arc.ErrFailedChain) {
		return 0 // nothing may be added (RFC 8617 section 5.1.2), and nothing is wrong here
	}
	if err != nil {
		t.cannotSeal(err)
		return 0
	}
	fields := message.ParseHeader(set, false).Fields
	for i := len(fields) - 1; i >= 0; i-- {
		if err := insert(c, fields[i].Raw); err != nil {
			t.cannotSeal(err) // all are refused or none: they are of one kind
			return 0
		}
	}
	n := instanceOf(fields[0]) // a chain with gaps goes on behind its highest set
	t.event.Sealed = fmt.Sprintf("d=%s s=%s i=%d cv=%s", s.key.Domain, s.key.Selector, n, chain.Result)
	return n
}

// leaving gives a message as the mail server will send it, and which of its fields can be sealed, nil for all that should be: as with signatures,
// those of which it is not known what becomes of them cannot, but for From.
func (t *transaction) leaving(m *message.Message) (*message.Message, []string) {
	sendmail := isSendmail(t.conn)
	long := longFields(m.Fields, sendmail)
	without := long
	if sendmail {
		var octets []byte
		fields, unknown := asSendmail(m.Fields)
		for i := range fields {
			octets = append(octets, fields[i].Raw...)
		}
		m, without = message.ParseHeader(octets, m.HeaderTruncated()), append(unknown, long...)
	}
	if len(without) == 0 {
		return m, nil
	}
	names := arc.RecommendedHeaders(m.Fields)
	for _, name := range longCovered(names, long) {
		if name == "from" {
			t.event.problem("message.long-line", "a line of the field "+name+" has more than 998 octets: the mail server breaks it in two when it sends it, and so breaks the ARC seal, which must cover that field")
			continue
		}
		t.event.problem("message.long-line", "a line of the field "+name+" has more than 998 octets: the mail server breaks it in two when it sends it, so the ARC seal leaves that field out")
	}
	return m, namesFor(names, m.Fields, without)
}

// set makes the fields of a set, which covers fields of these names.
func (t *transaction) set(s *sealing, m *message.Message, names []string, chain arc.Verdict, results string) ([]byte, error) {
	return arc.Seal(m, arc.SealOptions{
		Domain: s.key.Domain, Selector: s.key.Selector, Key: s.key.Signer, AuthServID: t.settings.AuthServID, Results: results,
		Headers: names, Header: dkim.Relaxed, Body: dkim.Relaxed, Timestamp: t.event.Began, Chain: chain, Bodies: s.bodies,
	})
}

// resultsOf gives what an Authentication-Results field says, without who says it.
func resultsOf(field []byte) string {
	_, results, _ := strings.Cut(message.NewField(field).Unfolded(), ";")
	return strings.TrimSpace(results)
}

// check says what is wrong with settings.
func (f *Forwarding) check() error {
	if f == nil {
		return nil
	}
	if d := f.SealDomain; d != "" && (!strings.Contains(d, ".") || !dns.ValidName(d) || dns.CanonicalName(d) != d) {
		return said.Error("the sealing domain %q: it must be a domain in A-labels, in lower case", "ARC シールのドメイン %q: A-label の小文字のドメインを指定してください", d)
	}
	if f.SealDomain == "" && f.SRS == nil && len(f.Targets) > 0 {
		return said.Error("forwarded recipients are named, but neither a domain that seals nor one that rewrites senders", "転送する宛先が指定されていますが、ARC シールのドメインも SRS のドメインも指定されていません")
	}
	return nil
}
