package warmup

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// sourcesAsked bounds the addresses about which blocklists are asked for one view.
const sourcesAsked = 50

// View is a plan as it stands, and what follows from it.
type View struct {
	One
	Allowed     *int `json:"allowed"`         // null: as many as one likes
	Connections *int `json:"connections_now"` // null: as many as one likes
	Judged
	Forecast []Expected    `json:"forecast"`
	Calendar []CalendarDay `json:"calendar"`
	Target   *Aim          `json:"target"` // null: the plan is over
}

// Now is what today is: going, full, on-hold, silence or no-bound.
func (v *View) Now() string {
	for _, d := range slices.Backward(v.Calendar) {
		if d.Used != nil { // the last one that is not to come
			return d.State
		}
	}
	return Going
}

// In gives it with the texts in a language.
func (v View) In(lang string) View {
	v.Judged = v.Judged.In(lang)
	return v
}

// Plan gives one. ErrUnknown, *Invalid.
func (b *Book) Plan(ctx context.Context, source, who string) (View, error) {
	source, who, err := Pair(source, who)
	if err != nil {
		return View{}, err
	}
	list, err := b.Plans(ctx, source)
	if err != nil {
		return View{}, err
	}
	for _, v := range list {
		if v.Provider == who {
			return v, nil
		}
	}
	return View{}, fmt.Errorf("%s, %s: %w", source, who, ErrUnknown)
}

// Plans gives all plans by source and provider; those of one source where that is not "".
func (b *Book) Plans(ctx context.Context, source string) ([]View, error) {
	now := b.Now()
	list, err := List(ctx, b.Store, now)
	if err != nil {
		return nil, err
	}
	volume, err := b.Store.VolumeSince(ctx, dateAfter(now, -maxHistory))
	if err != nil {
		return nil, err
	}
	own, sources := map[string]bool{}, []string{}
	for _, o := range list {
		own[o.Source+" "+o.Provider] = true
		if source == "" || o.Source == source {
			sources = append(sources, o.Source)
		}
	}
	known, err := b.known(ctx, sources)
	if err != nil {
		return nil, err
	}
	out := make([]View, 0, len(sources))
	for _, o := range list {
		if source != "" && o.Source != source {
			continue
		}
		v := View{One: o, Forecast: o.Forecast(now), Calendar: o.Calendar(now, pacedOf(volume, o.Source, o.Provider, own)), Target: o.Aim(now)}
		if !o.Over() {
			v.Allowed = &o.Steps[o.At].Day
		}
		if open := o.Open(now); open != 0 {
			n := max(open, 0)
			v.Connections = &n
		}
		seen := known[o.Source]
		seen.Today, seen.Mean = o.Volume()
		v.Judged = Stand(seen)
		out = append(out, v)
	}
	return out, nil
}

// Sent gives what each source sent, plan or none, with its standing.
func (b *Book) Sent(ctx context.Context) ([]Sent, error) {
	list, err := volumes(ctx, b.Store, b.Now())
	if err != nil {
		return nil, err
	}
	sources := make([]string, 0, len(list))
	for i := range list {
		sources = append(sources, list[i].Source)
	}
	known, err := b.known(ctx, sources)
	if err != nil {
		return nil, err
	}
	for i := range list {
		seen := known[list[i].Source]
		seen.Today, seen.Mean = float64(list[i].Today), list[i].Mean
		list[i].Judged = Stand(seen)
	}
	return list, nil
}

// known is what is known of sources beside their volume.
func (b *Book) known(ctx context.Context, sources []string) (map[string]Seen, error) {
	out := make(map[string]Seen, len(sources))
	for _, source := range sources {
		if source != "" {
			out[source] = Seen{}
		}
	}
	if err := b.complaints(ctx, out); err != nil {
		return nil, err
	}
	for source, listing := range b.listed(ctx, slices.Collect(maps.Keys(out))) {
		seen := out[source]
		seen.Listing = listing
		out[source] = seen
	}
	return out, nil
}

// complaints adds what the feedback of thirty days says of sources. Where it does not say how much was delivered, the milter's count does.
// Complaints of days before the first of which that is known are about mail that nobody counted: they make no rate.
func (b *Book) complaints(ctx context.Context, of map[string]Seen) error {
	if len(of) == 0 {
		return nil
	}
	since, today := dateAfter(b.Now(), -monthDays), date(b.Now())
	list, err := b.Store.Complaints(ctx, since)
	if err != nil || len(list) == 0 {
		return err
	}
	volume, err := b.Store.VolumeSince(ctx, since)
	if err != nil {
		return err
	}
	told, counted := amounts{}, amounts{}
	for _, c := range list {
		told.add(c.Source, c.Day, c.Delivered, today)
	}
	for _, v := range volume {
		counted.add(v.Source, v.Day, v.Messages, today)
	}
	for _, c := range list {
		seen, ok := of[c.Source]
		known := told[c.Source]
		if known.sum == 0 {
			known = counted[c.Source]
		}
		if ok && known.sum > 0 && c.Day >= known.from && c.Day <= today {
			seen.Complaints, seen.Delivered = seen.Complaints+c.Complaints, known.sum
			of[c.Source] = seen
		}
	}
	return nil
}

// amounts are how much went out from sources, and since which day that is known.
type amounts map[string]struct {
	sum  int64
	from string
}

func (a amounts) add(source, day string, n int64, today string) {
	one := a[source]
	if n <= 0 || day > today {
		return
	}
	if one.sum += n; one.from == "" || day < one.from {
		one.from = day
	}
	a[source] = one
}

// listed asks about all sources at one time, for as long as is waited for blocklists.
func (b *Book) listed(ctx context.Context, sources []string) map[string]Listing {
	if b.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.Patience)
		defer cancel()
	}
	slices.Sort(sources)
	sources = sources[:min(len(sources), sourcesAsked)]
	list := make([]Listing, len(sources))
	var wg sync.WaitGroup
	for i, source := range sources {
		wg.Go(func() { list[i] = b.Listings.Of(ctx, source) })
	}
	wg.Wait()
	out := make(map[string]Listing, len(sources))
	for i, source := range sources {
		out[source] = list[i]
	}
	return out
}
