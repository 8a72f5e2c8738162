package panel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/store"
)

// ProofName is the label under which customers show that a domain is theirs.
const ProofName = "_todoku"

// Proof is the TXT record by which a customer shows that a domain is theirs. It is no secret: nobody else's domain says it.
func Proof(person, domain string) dns.Change {
	sum := sha256.Sum256([]byte("todoku-owner\x00" + person + "\x00" + domain))
	return dns.Change{Action: dns.Add, Name: ProofName + "." + domain + ".", Type: dns.TypeTXT, TTL: 300, Data: []string{"todoku-owner=" + hex.EncodeToString(sum[:16])}}
}

// createOwn makes a domain of a customer, who shows by a record that it is theirs. Whether somebody else has it already is told only then.
func (p *Panel) createOwn(ctx context.Context, w Who, d *store.Domain) error {
	if w.Person == "" || p.OwnDomains <= 0 || p.Resolver == nil {
		return ErrForbidden
	}
	mine, err := p.Store.Domains(ctx, w.Person, "", "", p.OwnDomains)
	if err != nil {
		return err
	}
	if len(mine) >= p.OwnDomains {
		return invalid("name", fmt.Sprintf("You may have at most %d domains. Ask the administrators for more.", p.OwnDomains), fmt.Sprintf("登録できるドメインは %d 個までです。追加は管理者に依頼してください。", p.OwnDomains))
	}
	proof := Proof(w.Person, d.Name)
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	a := p.Resolver.Resolve(ctx, dns.Question{Name: ProofName + "." + d.Name, Type: dns.TypeTXT})
	if !slices.ContainsFunc(a.Records, func(r dns.Record) bool { return r.Type == dns.TypeTXT && r.Data == proof.Data[0] }) {
		return invalid("name", fmt.Sprintf("Show that the domain is yours: publish the TXT record %s with the text %s and send this again.", proof.Name, proof.Data[0]),
			fmt.Sprintf("ドメインの所有を確認します。TXT レコード %s に %s を公開してから、もう一度送信してください。", proof.Name, proof.Data[0]))
	}
	return p.Store.NewDomainOf(ctx, w.Person, d, p.OwnDomains)
}
