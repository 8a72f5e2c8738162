package lab

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	miekg "github.com/miekg/dns"
)

const (
	// signedFor is how long a signature holds, signedAgain when it is made anew.
	signedFor, signedAgain = 7 * 24 * time.Hour, 24 * time.Hour
	// typeNXNAME says in an NSEC record that the name does not exist (RFC 9824 section 3.4).
	typeNXNAME = 128
	// negativeTTL is that of what says that there is nothing, in seconds.
	negativeTTL = 60
)

// zoneSigner signs the answers of the lab's name server as they are asked for, with one key
// (RFC 4034, RFC 6605), and denies what is not there compactly (RFC 9824): the name is said
// to have no such record, whether it exists or not.
type zoneSigner struct {
	key    *miekg.DNSKEY
	signer crypto.Signer
	now    func() time.Time

	mu   sync.Mutex
	made map[signedSet]madeSignature // of the sets of the zone
}

type signedSet struct {
	name string
	typ  uint16
}

type madeSignature struct {
	*miekg.RRSIG
	at time.Time
}

func newZoneSigner(domain string, signer crypto.Signer, now func() time.Time) (*zoneSigner, error) {
	public, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the key of the zone is none of ECDSA")
	}
	point, err := public.Bytes()
	if err != nil {
		return nil, fmt.Errorf("the key of the zone: %w", err)
	}
	return &zoneSigner{
		key: &miekg.DNSKEY{
			Hdr:   miekg.RR_Header{Name: miekg.Fqdn(domain), Rrtype: miekg.TypeDNSKEY, Class: miekg.ClassINET, Ttl: zoneTTL},
			Flags: 257, Protocol: 3, Algorithm: miekg.ECDSAP256SHA256, PublicKey: base64.StdEncoding.EncodeToString(point[1:]),
		},
		signer: signer, now: now, made: map[signedSet]madeSignature{},
	}, nil
}

// ds is the record for the zone above.
func (z *zoneSigner) ds() string { return z.key.ToDS(miekg.SHA256).String() }

// sign signs a set of records.
func (z *zoneSigner) sign(set []miekg.RR) (*miekg.RRSIG, error) {
	h, now := set[0].Header(), z.now()
	s := &miekg.RRSIG{
		Hdr:         miekg.RR_Header{Name: h.Name, Rrtype: miekg.TypeRRSIG, Class: miekg.ClassINET, Ttl: h.Ttl},
		TypeCovered: h.Rrtype, Algorithm: z.key.Algorithm, Labels: uint8(miekg.CountLabel(h.Name)), OrigTtl: h.Ttl, KeyTag: z.key.KeyTag(), SignerName: z.key.Hdr.Name,
		Inception: uint32(now.Add(-time.Hour).Unix()), Expiration: uint32(now.Add(signedFor).Unix()),
	}
	return s, s.Sign(z.signer, set)
}

// signature is sign for the sets of the zone, which are asked for again and again.
func (z *zoneSigner) signature(set []miekg.RR) (*miekg.RRSIG, error) {
	h := set[0].Header()
	of := signedSet{h.Name, h.Rrtype}
	z.mu.Lock()
	defer z.mu.Unlock()
	if m, ok := z.made[of]; ok && z.now().Sub(m.at) < signedAgain {
		return m.RRSIG, nil
	}
	s, err := z.sign(set)
	if err == nil {
		z.made[of] = madeSignature{s, z.now()}
	}
	return s, err
}

// secure adds the signatures to an answer. there: the name exists, with these types.
func (z *zoneSigner) secure(m *miekg.Msg, soa []miekg.RR, name string, there bool, types []uint16) error {
	if len(m.Answer) > 0 {
		s, err := z.signature(m.Answer)
		if err == nil {
			m.Answer = append(m.Answer, s)
		}
		return err
	}
	types = append(slices.Clone(types), miekg.TypeRRSIG, miekg.TypeNSEC)
	if !there {
		types, m.Rcode = append(types, typeNXNAME), miekg.RcodeSuccess
	}
	slices.Sort(types)
	nsec := &miekg.NSEC{
		Hdr:        miekg.RR_Header{Name: name, Rrtype: miekg.TypeNSEC, Class: miekg.ClassINET, Ttl: negativeTTL},
		NextDomain: `\000.` + name, TypeBitMap: types,
	}
	soaSignature, err := z.signature(soa)
	if err != nil {
		return err
	}
	nsecSignature, err := z.sign([]miekg.RR{nsec})
	m.Ns = append(slices.Clone(soa), soaSignature, nsec, nsecSignature)
	return err
}
