package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/catalogue"
)

// Weight is how much a listing matters for delivery.
type Weight string

// The weights.
const (
	// High: the large receivers, or very many, refuse what is listed there.
	High Weight = "high"
	// Medium: many receivers count it.
	Medium Weight = "medium"
	// Low: few receivers use it, or it says little about mail.
	Low Weight = "low"
)

// Access is who may ask a list.
type Access string

// The kinds of access.
const (
	Public       Access = "public"       // everybody, within limits
	Registration Access = "registration" // resolvers that were registered
	Keyed        Access = "key"          // customers, by a key in the name asked
	Paid         Access = "paid"         // subscribers
)

// Blocklist is one DNS-based list that works today.
type Blocklist struct {
	// List is how it is asked. Its ID is its zone. Keyless: see withKey.
	dnsbl.List
	Name string
	// Blocks: an entry is a reproach. Else the list allows or informs, and is no
	// part of a sweep.
	Blocks bool
	// Hashed: its entries are hashes of addresses or links, which no sweep asks for.
	Hashed bool
	Weight Weight
	// Default: asked unless the user says otherwise.
	Default bool
	Access  Access
	// KeyName is which key of the user's it needs ("spamhaus-dqs"), "" for none;
	// Replaces is the list that need not be asked where the key is there.
	KeyName, Replaces string
	// Provable: it has test entries.
	Provable bool
	// Delist is the page to ask for removal, Site that of its owner; "" if unknown.
	Delist, Site string
	// Spacing is the least time between two questions; 0 for the usual.
	Spacing time.Duration
	// Note is what to know about it; may be empty.
	Note catalogue.Text
	// Sources say where the entry comes from; Unverified names parts that were not seen there.
	Sources, Unverified []string

	texts map[dnsbl.Match]catalogue.Text
	// policy are the codes that say how an address is meant to be used, and accuse nobody.
	policy map[dnsbl.Match]bool
}

// MeaningOf is the meaning of a code of this list in both languages.
func (b Blocklist) MeaningOf(c dnsbl.Code) catalogue.Text { return b.texts[c.Match] }

// IsPolicy reports whether a code is a note on how the address is meant to be used
// (Spamhaus PBL), and no accusation.
func (b Blocklist) IsPolicy(c dnsbl.Code) bool { return b.policy[c.Match] }

// withKey gives the list as a customer with this key asks it.
func (b Blocklist) withKey(key string) Blocklist {
	b.Key = key
	return b
}

// Sweepable reports whether the list can be part of a sweep: it reproaches, it can be
// proved, and it lists what is at hand, addresses or domains.
func (b Blocklist) Sweepable() bool { return b.Blocks && b.Provable && !b.Hashed }

// DeadBlocklist is a list that must not be asked any more.
type DeadBlocklist struct {
	// Zones are its names; everything beneath them is dead too.
	Zones []string
	// Failure is how it fails: gone, empty, poison (lists everything), parked, fraud,
	// moved, suspect (thought dead, not proved).
	Failure string
	// Since is the year, with month and day where known; may be "".
	Since  string
	Reason catalogue.Text
	Source string
}

// The data of blocklists.json: zones, codes and test entries are facts, the words ours.
//
//go:embed blocklists.json
var blocklistsJSON []byte

type blocklistFile struct {
	Compiled string          `json:"compiled"`
	Lists    []blocklistJSON `json:"lists"`
	Dead     []struct {
		Zones   []string `json:"zones"`
		Failure string   `json:"failure"`
		Since   string   `json:"since"`
		Source  string   `json:"source"`
		bilingual
	} `json:"dead"`
}

type blocklistJSON struct {
	Zone            string `json:"zone"`
	Name            string `json:"name"`
	For             string `json:"for"`
	Role            string `json:"role"`
	IPv4            bool   `json:"ipv4"`
	IPv6            bool   `json:"ipv6"`
	Weight          Weight `json:"weight"`
	Enabled         bool   `json:"enabled"`
	Access          Access `json:"access"`
	Key             string `json:"key"`
	Replaces        string `json:"replaces"`
	PublicResolvers string `json:"public_resolvers"` // ok, some, blocked, unknown
	Codes           []struct {
		Match   string `json:"match"`
		Outcome string `json:"outcome"`
		bilingual
	} `json:"codes"`
	Test struct {
		Positive string `json:"positive"`
		Negative string `json:"negative"`
		Zone     string `json:"zone"`
		None     bool   `json:"none"`
	} `json:"test"`
	Delist     string    `json:"delist"`
	Site       string    `json:"site"`
	SpacingMS  int       `json:"spacing_ms"`
	Note       bilingual `json:"note"`
	Sources    []string  `json:"sources"`
	Unverified []string  `json:"unverified"`
}

type blocklistData struct {
	compiled string
	lists    []Blocklist
	dead     []DeadBlocklist
}

// blocklists is built once; an error in the data is a programming error that the tests find.
var blocklists = sync.OnceValue(loadBlocklists)

func loadBlocklists() blocklistData {
	var file blocklistFile
	if err := json.Unmarshal(blocklistsJSON, &file); err != nil {
		panic(fmt.Sprintf("provider: blocklists.json: %v", err))
	}
	data := blocklistData{compiled: file.Compiled}
	for _, j := range file.Lists {
		data.lists = append(data.lists, j.list())
	}
	for _, d := range file.Dead {
		data.dead = append(data.dead, DeadBlocklist{d.Zones, d.Failure, d.Since, catalogue.Text(d.bilingual), d.Source})
	}
	return data
}

func (j blocklistJSON) list() Blocklist {
	b := Blocklist{
		List: dnsbl.List{
			ID: j.Zone, Zone: j.Zone, Kind: dnsbl.Kind(j.For), IPv4: j.IPv4, IPv6: j.IPv6,
			Test: dnsbl.Test{Positive: j.Test.Positive, Negative: j.Test.Negative, Zone: j.Test.Zone},
		},
		Name: j.Name, Blocks: j.Role == "block", Hashed: j.For == "hash", Weight: j.Weight, Default: j.Enabled, Access: j.Access,
		KeyName: j.Key, Replaces: j.Replaces, Provable: !j.Test.None, Delist: j.Delist, Site: j.Site,
		Spacing: time.Duration(j.SpacingMS) * time.Millisecond, Note: catalogue.Text(j.Note), Sources: j.Sources, Unverified: j.Unverified,
		texts: make(map[dnsbl.Match]catalogue.Text), policy: make(map[dnsbl.Match]bool),
	}
	for _, c := range j.Codes {
		match, err := dnsbl.ParseMatch(c.Match)
		if err != nil {
			panic(fmt.Sprintf("provider: blocklists.json: %s: %v", j.Zone, err))
		}
		outcome := dnsbl.Outcome(c.Outcome)
		if c.Outcome == "policy" {
			outcome, b.policy[match] = dnsbl.Listed, true
		}
		b.Codes = append(b.Codes, dnsbl.Code{Match: match, Outcome: outcome, Meaning: c.EN})
		b.texts[match] = catalogue.Text(c.bilingual)
	}
	return b
}

// Blocklists are the lists that work, those that are never part of a sweep included.
func Blocklists() []Blocklist { return slices.Clone(blocklists().lists) }

// DeadBlocklistOf gives the dead list that a zone belongs to.
func DeadBlocklistOf(zone string) (DeadBlocklist, bool) {
	for _, d := range blocklists().dead {
		for _, z := range d.Zones {
			if dns.IsSubdomain(zone, z) {
				return d, true
			}
		}
	}
	return DeadBlocklist{}, false
}

// Choice says which lists to sweep, beside the defaults.
type Choice struct {
	// Keys are the user's keys by KeyName. A list whose key is there is asked, and
	// takes the place of the one it replaces.
	Keys map[string]string
	// Enable and Disable are zones; Disable wins.
	Enable, Disable []string
}

// Choose gives the lists to sweep.
func (c Choice) Choose() []Blocklist {
	var chosen []Blocklist
	replaced := make(map[string]bool)
	for _, b := range blocklists().lists {
		key := c.Keys[b.KeyName]
		switch {
		case !b.Sweepable() || slices.Contains(c.Disable, b.Zone):
		case b.Access == Keyed:
			if b.KeyName != "" && key != "" {
				chosen = append(chosen, b.withKey(key))
				replaced[b.Replaces] = true
			}
		case b.Default || slices.Contains(c.Enable, b.Zone):
			chosen = append(chosen, b)
		}
	}
	return slices.DeleteFunc(chosen, func(b Blocklist) bool { return replaced[b.Zone] })
}

// BlocklistKeyNames are the names of the keys that some list takes, sorted.
func BlocklistKeyNames() []string {
	var names []string
	for _, b := range blocklists().lists {
		if b.KeyName != "" && !slices.Contains(names, b.KeyName) {
			names = append(names, b.KeyName)
		}
	}
	slices.Sort(names)
	return names
}
