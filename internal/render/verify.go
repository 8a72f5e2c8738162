package render

import (
	"io"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/spf"
)

// The objects of this package are the JSON of the outer contract (docs/contract.md). Every
// key is always present: what is unknown is null, what is empty is [].

// VerifyObject is the `verify` object.
type VerifyObject struct {
	File       string            `json:"file"`
	IPRev      IPRevObject       `json:"iprev"`
	SPF        SPFObject         `json:"spf"`
	DKIM       []DKIMObject      `json:"dkim"`
	ARC        ARCObject         `json:"arc"`
	DMARC      DMARCObject       `json:"dmarc"`
	Findings   []FindingObject   `json:"findings"`
	Scorecards []ScorecardObject `json:"scorecards"`
	Score      *ScoreObject      `json:"score"`
}

// IPRevObject is the `iprev` object.
type IPRevObject struct {
	Result    string   `json:"result"`
	IP        *string  `json:"ip"`
	Names     []string `json:"names"`
	Confirmed []string `json:"confirmed"`
	Reason    *string  `json:"reason"`
}

// SPFObject is the `spf` object.
type SPFObject struct {
	Result      string       `json:"result"`
	Checked     bool         `json:"checked"`
	Identity    *string      `json:"identity"`
	Domain      *string      `json:"domain"`
	Explanation *string      `json:"explanation"`
	Mechanism   *string      `json:"mechanism"`
	Record      *string      `json:"record"`
	Lookups     int          `json:"lookups"`
	VoidLookups int          `json:"void_lookups"`
	Reason      *string      `json:"reason"`
	Trace       []StepObject `json:"trace"`
}

// StepObject is one step of an SPF evaluation.
type StepObject struct {
	Depth       int      `json:"depth"`
	Domain      string   `json:"domain"`
	Path        []string `json:"path"`
	Record      *string  `json:"record"`
	Term        *string  `json:"term"`
	Start       int      `json:"start"`
	End         int      `json:"end"`
	Target      *string  `json:"target"`
	Outcome     string   `json:"outcome"`
	Result      *string  `json:"result"`
	Lookups     int      `json:"lookups"`
	VoidLookups int      `json:"void_lookups"`
	Queries     []string `json:"queries"`
	Detail      *string  `json:"detail"`
}

// DKIMObject is an element of `dkim`.
type DKIMObject struct {
	Result           string  `json:"result"`
	Reason           *string `json:"reason"`
	Domain           *string `json:"domain"`
	Selector         *string `json:"selector"`
	Identity         *string `json:"identity"`
	Algorithm        *string `json:"algorithm"`
	Canonicalization *string `json:"canonicalization"`
	KeyBits          *int    `json:"key_bits"`
	// Forensics is what broke the signature, [] where it holds or was not examined.
	Forensics []ForensicsObject `json:"forensics"`
}

// ForensicsObject is the examination of one part of a message under one signature.
type ForensicsObject struct {
	Part       string           `json:"part"`
	Outcome    string           `json:"outcome"`
	Mutations  []MutationObject `json:"mutations"`
	Difference []LineObject     `json:"difference"`
}

// MutationObject is one change that the message suffered.
type MutationObject struct {
	Kind  string  `json:"kind"`
	Field *string `json:"field"`
}

// LineObject is one line of a difference.
type LineObject struct {
	Op   string `json:"op"`
	Text string `json:"text"`
}

// ARCObject is the `arc` object.
type ARCObject struct {
	Result     string      `json:"result"`
	Reason     *string     `json:"reason"`
	Instances  int         `json:"instances"`
	OldestPass *int        `json:"oldest_pass"`
	Sets       []SetObject `json:"sets"`
}

// SetObject is one ARC set.
type SetObject struct {
	Instance   int     `json:"instance"`
	CV         *string `json:"cv"`
	Sealer     *string `json:"sealer"`
	AuthServID *string `json:"authserv_id"`
	// Claims is what the set says of the authentication it saw.
	Claims           *string `json:"claims"`
	MessageSignature *string `json:"message_signature"`
	Seal             *string `json:"seal"`
}

// DMARCObject is the `dmarc` object.
type DMARCObject struct {
	Result       string            `json:"result"`
	FromDomain   *string           `json:"from_domain"`
	OrgDomain    *string           `json:"org_domain"`
	PolicyDomain *string           `json:"policy_domain"`
	Policy       *string           `json:"policy"`
	Disposition  *string           `json:"disposition"`
	SPFAligned   bool              `json:"spf_aligned"`
	DKIMAligned  bool              `json:"dkim_aligned"`
	SPFChecked   bool              `json:"spf_checked"`
	Record       *string           `json:"record"`
	Reason       *string           `json:"reason"`
	Identifiers  []AlignmentObject `json:"identifiers"`
	Discovery    []WalkObject      `json:"discovery"`
	RFC7489      RFC7489Object     `json:"rfc7489"`
}

// AlignmentObject is one identifier beside From.
type AlignmentObject struct {
	Method    string  `json:"method"`
	Domain    string  `json:"domain"`
	Result    string  `json:"result"`
	OrgDomain *string `json:"org_domain"`
	Mode      string  `json:"mode"`
	Aligned   bool    `json:"aligned"`
}

// WalkObject is one DNS tree walk.
type WalkObject struct {
	Domain    string            `json:"domain"`
	OrgDomain *string           `json:"org_domain"`
	Queries   []WalkQueryObject `json:"queries"`
}

// WalkQueryObject is one question of a walk.
type WalkQueryObject struct {
	Name    string  `json:"name"`
	Outcome string  `json:"outcome"`
	Record  *string `json:"record"`
}

// RFC7489Object is the answer of the older standard.
type RFC7489Object struct {
	OrgDomain    *string `json:"org_domain"`
	PolicyDomain *string `json:"policy_domain"`
	Policy       *string `json:"policy"`
	Result       *string `json:"result"`
}

// VerifyJSON writes the `verify` object of the contract, on one line.
func VerifyJSON(w io.Writer, r *Report, lang string) error {
	return WriteJSON(w, Verify(r, lang))
}

// UnreadJSON writes the `verify` object of a file that could not be read: nothing is
// known of it but the error.
func UnreadJSON(w io.Writer, file, problem string) error {
	return WriteJSON(w, struct {
		File       string     `json:"file"`
		IPRev      *struct{}  `json:"iprev"`
		SPF        *struct{}  `json:"spf"`
		DKIM       []struct{} `json:"dkim"`
		ARC        *struct{}  `json:"arc"`
		DMARC      *struct{}  `json:"dmarc"`
		Findings   []struct{} `json:"findings"`
		Scorecards []struct{} `json:"scorecards"`
		Score      *struct{}  `json:"score"`
		Error      string     `json:"error"`
	}{File: file, DKIM: []struct{}{}, Findings: []struct{}{}, Scorecards: []struct{}{}, Error: problem})
}

// Verify gives the `verify` object with its findings in a language.
func Verify(r *Report, lang string) VerifyObject {
	return VerifyObject{
		File:  r.File,
		IPRev: IPRev(r.Auth.IPRev), SPF: SPF(r.Auth.SPF, r.Auth.SPFChecked), DKIM: DKIM(r.Auth.DKIM, r.Forensics),
		ARC: ARC(r.Auth.ARC), DMARC: DMARC(r.Auth.DMARC),
		Findings: Findings(r.Findings, lang), Scorecards: Scorecards(r.Cards), Score: Score(r.Score),
	}
}

// IPRev gives the `iprev` object.
func IPRev(v iprev.Verdict) IPRevObject {
	o := IPRevObject{Result: word(string(v.Result)), Names: list(v.Names), Confirmed: list(v.Confirmed), Reason: known(v.Reason)}
	if v.IP.IsValid() {
		o.IP = known(v.IP.String())
	}
	return o
}

// SPF gives the `spf` object. An evaluation that could not take place is
// `none` with `checked` false, and nothing else is known of it.
func SPF(v spf.Verdict, checked bool) SPFObject {
	if !checked {
		return SPFObject{Result: string(spf.None), Trace: []StepObject{}}
	}
	o := SPFObject{
		Result: word(string(v.Result)), Checked: true, Identity: known(string(v.Identity)), Domain: known(v.Domain),
		Explanation: known(v.Explanation), Mechanism: known(v.Mechanism), Record: known(v.Record),
		Lookups: v.Lookups, VoidLookups: v.VoidLookups, Reason: known(v.Reason),
		Trace: make([]StepObject, 0, len(v.Trace)),
	}
	for _, s := range v.Trace {
		o.Trace = append(o.Trace, StepObject{
			Depth: s.Depth, Domain: s.Domain, Path: list(s.Path), Record: known(s.Record), Term: known(s.Term),
			Start: s.Start, End: s.End, Target: known(s.Target), Outcome: s.Outcome, Result: known(string(s.Result)),
			Lookups: s.Lookups, VoidLookups: s.Voids, Queries: list(s.Queries), Detail: known(s.Detail),
		})
	}
	return o
}

// DKIM gives the `dkim` array, [] for an unsigned message; examined is what
// forensics.Message says of vs.
func DKIM(vs []dkim.Verdict, examined [][]forensics.Examination) []DKIMObject {
	out := make([]DKIMObject, 0, len(vs))
	for i, v := range vs {
		o := DKIMObject{Result: word(string(v.Result)), Reason: known(v.Reason), Forensics: []ForensicsObject{}}
		if i < len(examined) {
			o.Forensics = forensicsObjects(examined[i])
		}
		if s := v.Signature; s != nil {
			o.Domain, o.Selector, o.Identity = known(s.Domain), known(s.Selector), known(s.Identity)
			o.Algorithm, o.Canonicalization = known(s.Algorithm), known(s.Canonicalization())
		}
		if v.KeyBits > 0 {
			o.KeyBits = &v.KeyBits
		}
		out = append(out, o)
	}
	return out
}

func forensicsObjects(es []forensics.Examination) []ForensicsObject {
	out := make([]ForensicsObject, 0, len(es))
	for _, e := range es {
		o := ForensicsObject{Part: string(e.Part), Outcome: string(e.Outcome), Mutations: []MutationObject{}, Difference: []LineObject{}}
		for _, m := range e.Mutations {
			o.Mutations = append(o.Mutations, MutationObject{string(m.Kind), known(m.Field)})
		}
		for _, l := range e.Difference {
			o.Difference = append(o.Difference, LineObject{l.Op, l.Text})
		}
		out = append(out, o)
	}
	return out
}

// ARC gives the `arc` object.
func ARC(v arc.Verdict) ARCObject {
	o := ARCObject{Result: word(string(v.Result)), Reason: known(v.Reason), Instances: v.Instances, Sets: make([]SetObject, 0, len(v.Sets))}
	if v.Result == arc.Pass && v.OldestPass >= 0 {
		o.OldestPass = &v.OldestPass
	}
	for _, s := range v.Sets {
		o.Sets = append(o.Sets, SetObject{
			Instance: s.Instance, CV: known(s.CV), Sealer: known(s.SealDomain), AuthServID: known(s.AuthServID),
			Claims: known(s.Results), MessageSignature: known(string(s.AMS)), Seal: known(string(s.AS)),
		})
	}
	return o
}

// DMARC gives the `dmarc` object.
func DMARC(v dmarc.Verdict) DMARCObject {
	o := DMARCObject{
		Result: word(string(v.Result)), FromDomain: known(v.FromDomain), OrgDomain: known(v.OrgDomain),
		PolicyDomain: known(v.PolicyDomain), Policy: known(string(v.Policy)), Disposition: known(string(v.Disposition)),
		SPFAligned: v.SPFAligned, DKIMAligned: v.DKIMAligned, SPFChecked: v.SPFChecked, Reason: known(v.Reason),
		Identifiers: make([]AlignmentObject, 0, len(v.Identifiers)), Discovery: make([]WalkObject, 0, len(v.Discovery)),
		RFC7489: RFC7489Object{
			OrgDomain: known(v.RFC7489.OrgDomain), PolicyDomain: known(v.RFC7489.PolicyDomain),
			Policy: known(string(v.RFC7489.Policy)), Result: known(string(v.RFC7489.Result)),
		},
	}
	if v.Record != nil {
		o.Record = known(v.Record.Raw)
	}
	if o.Disposition == nil && (v.Result == dmarc.Pass || v.Result == dmarc.None) {
		o.Disposition = known(string(dmarc.PolicyNone))
	}
	for _, a := range v.Identifiers {
		o.Identifiers = append(o.Identifiers, AlignmentObject{
			Method: a.Method, Domain: a.Domain, Result: a.Result, OrgDomain: known(a.OrgDomain), Mode: a.Mode, Aligned: a.Aligned,
		})
	}
	for _, w := range v.Discovery {
		walk := WalkObject{Domain: w.Domain, OrgDomain: known(w.OrgDomain), Queries: make([]WalkQueryObject, 0, len(w.Queries))}
		for _, q := range w.Queries {
			walk.Queries = append(walk.Queries, WalkQueryObject{Name: q.Name, Outcome: q.Outcome, Record: known(q.Record)})
		}
		o.Discovery = append(o.Discovery, walk)
	}
	return o
}
