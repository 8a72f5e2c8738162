package panel

import "context"

// strictness orders policies.
var strictness = map[string]int{"quarantine": 1, "reject": 2}

// Unsure reports whether a policy is stricter than what was chosen and what is published, while something speaks against it: whoever chooses it should
// be asked whether it is meant. store.ErrNotFound.
func (p *Panel) Unsure(ctx context.Context, w Who, name, policy string) (bool, error) {
	if strictness[policy] == 0 {
		return false, nil
	}
	d, err := p.Get(ctx, w, name)
	if err != nil {
		return false, err
	}
	return strictness[policy] > max(strictness[d.DMARC], strictness[d.Policy.Current]) && len(d.Policy.Reasons) > 0, nil
}
