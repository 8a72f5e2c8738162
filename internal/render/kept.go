package render

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/scorecard"
)

// Kept is a verdict without its message: what is left when the body is dropped, and what is
// shown to others. It holds nothing that quotes the body. It cannot be made anew, so newer
// rules never change it.
type Kept struct {
	IPRev     IPRevObject
	SPF       SPFObject
	DKIM      []DKIMObject
	ARC       ARCObject
	DMARC     DMARCObject
	Headlines map[string]Headline // by language
	Findings  []catalogue.Finding
	Cards     []scorecard.Card
	Score     *scorecard.Score
}

// Keep gives what is kept of a report.
func Keep(r *Report) *Kept {
	k := &Kept{
		IPRev: IPRev(r.Auth.IPRev), SPF: SPF(r.Auth.SPF, r.Auth.SPFChecked), DKIM: DKIM(r.Auth.DKIM, r.Forensics), ARC: ARC(r.Auth.ARC), DMARC: DMARC(r.Auth.DMARC),
		Headlines: make(map[string]Headline), Findings: slices.Clone(r.Findings), Cards: r.Cards, Score: r.Score,
	}
	for _, lang := range []string{"en", "ja"} {
		k.Headlines[lang] = r.Headline(lang)
	}
	for i := range k.DKIM {
		for j := range k.DKIM[i].Forensics {
			k.DKIM[i].Forensics[j].Difference = []LineObject{}
		}
	}
	for i := range k.Findings {
		if quotes(k.Findings[i].ID) {
			k.Findings[i].Evidence = nil
		}
	}
	return k
}

// quotes reports whether the evidence of a finding may quote the body.
func quotes(id string) bool {
	switch id {
	case "dkim.changed-in-transit", "dkim.wrong-key", "list.visible-unsubscribe":
		return true
	}
	return catalogue.Area(id) == "message"
}

// keptNote says in the text what is missing.
var keptNote = catalogue.Text{
	EN: "The body of the message was removed at {time}. This is the verdict as it was given before; it cannot be made anew.",
	JA: "メールの本文は {time} に削除されました。以下は削除前の判定をそのまま保存したもので、再判定はできません。",
}

// maxKept bounds what is read of a kept verdict, in octets.
const maxKept = 32 << 20

// Encode gives the stored form.
func (k *Kept) Encode() ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(k); err != nil {
		return nil, fmt.Errorf("keeping a verdict: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("keeping a verdict: %w", err)
	}
	return b.Bytes(), nil
}

// DecodeKept is the inverse of Encode.
func DecodeKept(b []byte) (*Kept, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("reading a kept verdict: %w", err)
	}
	var k Kept
	if err := json.NewDecoder(io.LimitReader(z, maxKept)).Decode(&k); err != nil {
		return nil, fmt.Errorf("reading a kept verdict: %w", err)
	}
	return &k, nil
}

// Object gives the `verify` object with its findings in a language.
func (k *Kept) Object(file, lang string) VerifyObject {
	return VerifyObject{
		File: file, IPRev: k.IPRev, SPF: k.SPF, DKIM: k.DKIM, ARC: k.ARC, DMARC: k.DMARC,
		Findings: Findings(k.Findings, lang), Scorecards: Scorecards(k.Cards), Score: Score(k.Score),
	}
}

// Headline is that of the report, in a language.
func (k *Kept) Headline(lang string) Headline { return k.Headlines[lang] }

// Results are the results of the methods, in the order in which they are read.
func (k *Kept) Results() []KeptResult {
	out := []KeptResult{
		{"DMARC", k.DMARC.Result, orEmpty(k.DMARC.FromDomain), orEmpty(k.DMARC.Reason)},
		{"SPF", k.SPF.Result, orEmpty(k.SPF.Domain), orEmpty(k.SPF.Reason)},
	}
	for _, d := range k.DKIM {
		domain := orEmpty(d.Domain)
		if s := orEmpty(d.Selector); s != "" {
			domain += " (" + s + ")"
		}
		out = append(out, KeptResult{"DKIM", d.Result, domain, orEmpty(d.Reason)})
	}
	return append(out, KeptResult{"ARC", k.ARC.Result, "", orEmpty(k.ARC.Reason)}, KeptResult{"iprev", k.IPRev.Result, orEmpty(k.IPRev.IP), orEmpty(k.IPRev.Reason)})
}

// KeptResult is the result of one method: for which domain or address, and why.
type KeptResult struct{ Method, Result, Of, Reason string }

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// KeptText writes a kept verdict as text; dropped is when the body went.
func KeptText(w io.Writer, k *Kept, file string, dropped time.Time, o TextOptions) error {
	var b strings.Builder
	h := k.Headline(o.Lang)
	fmt.Fprintf(&b, "%s: %s\n%s\n\n", Printable(file), Printable(h.Title), expand(keptNote.In(o.Lang), map[string]string{"time": dropped.UTC().Format("2006-01-02 15:04:05 UTC")}))
	for _, r := range k.Results() {
		line := fmt.Sprintf("%-6s %-10s %s %s", r.Method, r.Result, Printable(r.Of), Printable(r.Reason))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	b.WriteByte('\n')
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return Advice(w, k.Findings, o)
}
