package panel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
		bad := invalid("name", fmt.Sprintf("Show that the domain is yours: publish the TXT record %s with the text %s and send this again.", proof.Name, proof.Data[0]),
			fmt.Sprintf("ドメインの所有を確認します。TXT レコード %s に %s を公開してから、もう一度送信してください。", proof.Name, proof.Data[0]))
		bad.Record = &proof
		return bad
	}
	err = p.Store.NewDomainOf(ctx, w.Person, d, p.OwnDomains)
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	if _, err := p.Store.Domain(ctx, w.Person, d.Name); err == nil {
		return invalid("name", "You have this domain already.", "このドメインはすでに登録済みです。")
	}
	p.Log.Warn("a customer showed that a domain is theirs which is others' here", "domain", d.Name, "customer", w.Person)
	return invalid("name", "The record shows that the domain is yours, but it is on this server already. Ask the administrators to give it to you: its page shows them your record.", "レコードで所有を確認しましたが、このドメインはこのサーバーに登録済みです。管理者に割り当てを依頼してください。管理者はドメインのページで、このレコードを確認できます。")
}

// mostOwners bounds the customers whose records are looked for.
const mostOwners = 100_000

// Owners gives the names of the customers whose record stands at the domain now: who shows that it is theirs, whoever has it here. answered is false where the
// name servers did not say. For administrators: ErrForbidden, store.ErrNotFound.
func (p *Panel) Owners(ctx context.Context, w Who, name string) (names []string, answered bool, err error) {
	if !w.Admin {
		return nil, false, ErrForbidden
	}
	d, err := p.find(ctx, w, name)
	if err != nil || p.Resolver == nil {
		return nil, false, err
	}
	people, err := p.Store.People(ctx, mostOwners)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	a := p.Resolver.Resolve(ctx, dns.Question{Name: ProofName + "." + d.Name, Type: dns.TypeTXT})
	texts := map[string]bool{}
	for _, r := range a.Records {
		texts[r.Data] = texts[r.Data] || r.Type == dns.TypeTXT
	}
	for i := range people {
		if texts[Proof(people[i].ID, d.Name).Data[0]] {
			names = append(names, people[i].Name)
		}
	}
	return names, !a.Status.Failed(), nil
}
