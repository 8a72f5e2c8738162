// Package publish puts DNS records where the world sees them. A publisher makes changes in the zones that it can
// write to; whether every name server shows them is somebody else's question.
package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/todoku/todoku/dns"
)

// Publisher makes changes. Making one again that is made already is no error and changes nothing. Where an error is given some of
// the changes may have been made. Safe for concurrent use.
type Publisher interface {
	Apply(ctx context.Context, changes []dns.Change) error
}

// ErrByHand: no publisher writes to the zone; somebody has to do it by hand.
var ErrByHand = errors.New("nobody publishes to this zone: publish the record by hand")

// MaxChanges is how many changes are made at one time.
const MaxChanges = 100

// Zones gives each zone, by its name, the publisher that writes to it.
type Zones map[string]Publisher

// For finds the publisher of a name: that of the closest zone above. "" and nil where there is none.
func (z Zones) For(name string) (zone string, p Publisher) {
	name = dns.CanonicalName(name)
	for candidate, publisher := range z {
		c := dns.CanonicalName(candidate)
		if dns.IsSubdomain(name, c) && (p == nil || len(c) > len(zone)) {
			zone, p = c, publisher
		}
	}
	return zone, p
}

// Apply gives each change to the publisher of its zone. ErrByHand where one has none: nothing is done then.
func (z Zones) Apply(ctx context.Context, changes []dns.Change) error {
	if len(changes) > MaxChanges {
		return fmt.Errorf("publish: %d changes at one time; %d are the most", len(changes), MaxChanges)
	}
	groups := map[string][]dns.Change{}
	for _, c := range changes {
		zone, p := z.For(c.Name)
		if p == nil {
			return fmt.Errorf("%s: %w", c.Name, ErrByHand)
		}
		groups[zone] = append(groups[zone], c)
	}
	var failed []error
	for _, zone := range slices.Sorted(maps.Keys(groups)) {
		_, p := z.For(zone)
		if err := p.Apply(ctx, groups[zone]); err != nil {
			failed = append(failed, fmt.Errorf("publishing to %s: %w", zone, err))
		}
	}
	return errors.Join(failed...)
}
