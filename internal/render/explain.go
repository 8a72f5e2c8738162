package render

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/provider"
)

// ExplainObject is the `explain` object of the contract. Every key is always present.
type ExplainObject struct {
	Kind           string              `json:"kind"`
	Summary        string              `json:"summary"`
	Failures       []FailureObject     `json:"failures"`
	Authentication []AuthResultsObject `json:"authentication"`
	ReceivedSPF    []ReceivedSPFObject `json:"received_spf"`
	Hops           []HopObject         `json:"hops"`
	List           *ListObject         `json:"list"`
	Findings       []FindingObject     `json:"findings"`
	Command        *string             `json:"command"`
	Truncated      bool                `json:"truncated"`
}

// FailureObject is one delivery.
type FailureObject struct {
	Recipient    *string           `json:"recipient"`
	ReportedBy   *string           `json:"reported_by"`
	Host         *string           `json:"host"`
	IP           *string           `json:"ip"`
	Phase        *string           `json:"phase"`
	Action       *string           `json:"action"`
	RetryUntil   *string           `json:"retry_until"`
	Reply        *string           `json:"reply"`
	Code         *int              `json:"code"`
	Enhanced     *string           `json:"enhanced"`
	Text         *string           `json:"text"`
	Tail         *string           `json:"tail"`
	Class        string            `json:"class"`
	Known        bool              `json:"known"`
	Basis        string            `json:"basis"`
	Rule         *string           `json:"rule"`
	Provider     *string           `json:"provider"`
	ProviderName *string           `json:"provider_name"`
	Certainty    *string           `json:"certainty"`
	Category     *string           `json:"category"`
	Title        *string           `json:"title"`
	Meaning      string            `json:"meaning"`
	Cause        *string           `json:"cause"`
	NextStep     *string           `json:"next_step"`
	Requirements []string          `json:"requirements"`
	Source       *string           `json:"source"`
	AsOf         *string           `json:"as_of"`
	General      *GeneralObject    `json:"general"`
	Candidates   []CandidateObject `json:"candidates"`
	Findings     []string          `json:"findings"`
	Command      *string           `json:"command"`
}

// GeneralObject is what the public registry says of a code.
type GeneralObject struct {
	Meaning string `json:"meaning"`
	Ref     string `json:"ref"`
}

// CandidateObject is a rule that the codes would fit, while the words decide.
type CandidateObject struct {
	Rule    string `json:"rule"`
	Meaning string `json:"meaning"`
}

// AuthResultsObject is one Authentication-Results field.
type AuthResultsObject struct {
	Field      string             `json:"field"`
	Instance   *int               `json:"instance"`
	ClaimedBy  *string            `json:"claimed_by"`
	Author     *string            `json:"author"`
	FromDomain *string            `json:"from_domain"`
	Results    []AuthResultObject `json:"results"`
	Conclusion string             `json:"conclusion"`
	Findings   []string           `json:"findings"`
	Error      *string            `json:"error"`
}

// AuthResultObject is the result of one method.
type AuthResultObject struct {
	Method   string  `json:"method"`
	Result   string  `json:"result"`
	Domain   *string `json:"domain"`
	Selector *string `json:"selector"`
	IP       *string `json:"ip"`
	Reason   *string `json:"reason"`
	Aligned  *bool   `json:"aligned"`
	Text     string  `json:"text"`
}

// ReceivedSPFObject is one Received-SPF field.
type ReceivedSPFObject struct {
	Result    string   `json:"result"`
	Domain    *string  `json:"domain"`
	IP        *string  `json:"ip"`
	HELO      *string  `json:"helo"`
	ClaimedBy *string  `json:"claimed_by"`
	Text      string   `json:"text"`
	Findings  []string `json:"findings"`
}

// HopObject is one Received field.
type HopObject struct {
	ClaimedBy    *string `json:"claimed_by"`
	From         *string `json:"from"`
	HELO         *string `json:"helo"`
	IP           *string `json:"ip"`
	TLS          *string `json:"tls"`
	Date         *string `json:"date"`
	DelaySeconds *int    `json:"delay_seconds"`
}

// ListObject is what the header says of a mailing list.
type ListObject struct {
	ID          *string  `json:"id"`
	Unsubscribe []string `json:"unsubscribe"`
	OneClick    bool     `json:"one_click"`
	Signed      bool     `json:"signed"`
	Text        string   `json:"text"`
}

// Explain gives the `explain` object in a language.
func Explain(r *explain.Result, lang string) ExplainObject {
	o := ExplainObject{
		Kind: string(r.Kind), Summary: r.Summary(lang), Command: known(r.Command), Truncated: r.Truncated, Findings: Findings(r.Findings, lang),
		Failures: make([]FailureObject, 0, len(r.Failures)), Authentication: make([]AuthResultsObject, 0, len(r.Authentication)),
		ReceivedSPF: make([]ReceivedSPFObject, 0, len(r.ReceivedSPF)), Hops: make([]HopObject, 0, len(r.Hops)),
	}
	for _, f := range r.Failures {
		o.Failures = append(o.Failures, failureObject(f, lang))
	}
	for _, a := range r.Authentication {
		o.Authentication = append(o.Authentication, authResultsObject(a, lang))
	}
	for _, s := range r.ReceivedSPF {
		o.ReceivedSPF = append(o.ReceivedSPF, ReceivedSPFObject{
			Result: s.Result, Domain: known(s.Domain), IP: known(s.IP), HELO: known(s.HELO), ClaimedBy: known(s.Server), Text: s.Text.In(lang), Findings: list(s.Findings),
		})
	}
	for _, h := range r.Hops {
		o.Hops = append(o.Hops, hopObject(h))
	}
	if l := r.List; l != nil {
		o.List = &ListObject{ID: known(l.ID), Unsubscribe: list(l.Unsubscribe), OneClick: l.OneClick, Signed: l.Signed, Text: l.Text.In(lang)}
	}
	return o
}

func failureObject(f explain.Failure, lang string) FailureObject {
	o := FailureObject{
		Recipient: known(f.Recipient), ReportedBy: known(f.Reporter), Host: known(f.Host), IP: known(f.IP), Phase: known(f.Phase), Action: known(f.Action), RetryUntil: known(f.RetryUntil),
		Reply: known(f.Reply.String()), Enhanced: known(f.Status.String()), Text: known(f.Reply.Text), Tail: known(f.Reply.Tail),
		Class: className(f.Class), Known: f.Match.Known, Basis: string(f.Basis), Provider: known(f.Match.Provider), Certainty: known(string(f.Match.Certainty)),
		Category: known(f.Category), Title: known(f.Title.In(lang)), Meaning: f.Meaning.In(lang), Cause: known(f.Cause.In(lang)), NextStep: known(f.Next.In(lang)),
		Requirements: []string{}, Candidates: []CandidateObject{}, Findings: list(f.Findings), Command: known(f.Command),
	}
	if f.Reply.Code > 0 {
		o.Code = &f.Reply.Code
	}
	if p := f.Match.Provider; p != "" {
		o.ProviderName = known(provider.ReceiverName(p).In(lang))
	}
	if r := f.Match.Rule; r != nil {
		o.Rule, o.Source, o.AsOf = known(r.ID), known(r.Source), known(r.AsOf)
		o.Requirements = list(r.Requirements)
	}
	if f.GeneralRef != "" && f.General.EN != "" {
		o.General = &GeneralObject{Meaning: f.General.In(lang), Ref: f.GeneralRef}
	}
	for _, c := range f.Match.Candidates {
		o.Candidates = append(o.Candidates, CandidateObject{Rule: c.ID, Meaning: c.Meaning.In(lang)})
	}
	return o
}

// className is the word for a class of replies.
func className(c bounce.Class) string {
	switch c {
	case bounce.Success:
		return "success"
	case bounce.Intermediate:
		return "intermediate"
	case bounce.Temporary:
		return "temporary"
	case bounce.Permanent:
		return "permanent"
	}
	return "unknown"
}

func authResultsObject(a explain.Authentication, lang string) AuthResultsObject {
	o := AuthResultsObject{
		Field: a.Field, ClaimedBy: known(a.Server), Author: known(a.Author), FromDomain: known(a.FromDomain),
		Results: make([]AuthResultObject, 0, len(a.Results)), Conclusion: a.Conclusion.In(lang), Findings: list(a.Findings),
	}
	if a.Instance > 0 {
		o.Instance = &a.Instance
	}
	if a.Err != nil {
		o.Error = known(a.Err.Error())
	}
	for _, r := range a.Results {
		o.Results = append(o.Results, AuthResultObject{
			Method: r.Method, Result: r.Result, Domain: known(r.Domain), Selector: known(r.Selector), IP: known(r.IP),
			Reason: known(r.Reason), Aligned: r.Aligned, Text: r.Text.In(lang),
		})
	}
	return o
}

func hopObject(h explain.Hop) HopObject {
	o := HopObject{ClaimedBy: known(h.By), From: known(h.From), HELO: known(h.HELO), TLS: known(h.TLS), Date: known(h.Date)}
	if h.IP.IsValid() {
		o.IP = known(h.IP.String())
	}
	if h.DelayKnown {
		s := int(h.Delay.Seconds())
		o.DelaySeconds = &s
	}
	return o
}

// ExplainText writes an explanation for people.
func ExplainText(w io.Writer, r *explain.Result, o TextOptions) error {
	p := newPage(o)
	p.para(0, "", r.Summary(o.Lang), bold)
	p.failures(r)
	for _, a := range r.Authentication {
		p.blank()
		p.authentication(a)
	}
	for _, s := range r.ReceivedSPF {
		p.blank()
		p.line(0, p.paint(bold, "Received-SPF")+"  "+p.claim(s.Server, ""))
		p.para(2, p.mark(s.Result), s.Text.In(o.Lang), plain)
		if len(s.Findings) > 0 {
			p.para(2, p.label("refs"), strings.Join(s.Findings, ", "), faint)
		}
	}
	p.hops(r.Hops)
	if r.List != nil {
		p.blank()
		p.line(0, p.paint(bold, p.explainLabel("list"))+"  "+Printable(r.List.ID))
		p.para(2, "", r.List.Text.In(o.Lang), plain)
	}
	if len(r.Findings) > 0 {
		p.blank()
		p.line(0, p.paint(bold, p.explainLabel("findings")))
		for _, f := range r.Findings {
			p.blank()
			p.finding(f)
		}
	}
	if r.Command != "" && len(r.Failures) != 1 {
		p.blank()
		p.line(0, p.paint(bold, p.explainLabel("command")))
		p.line(2, Printable(r.Command)) // whole, to copy
	}
	return p.flush(w)
}

// maxFailuresShown: a log with more kinds of failure is for --json.
const maxFailuresShown = 20

// failures writes each kind of failure once, with how often it occurs; all of them
// one by one where that is asked for.
func (p *page) failures(r *explain.Result) {
	type key struct {
		provider, rule, category, meaning string
		class                             bounce.Class
	}
	var order []key
	groups := make(map[key][]explain.Failure)
	for i, f := range r.Failures {
		k := key{f.Match.Provider, "", f.Category, f.Meaning.EN, f.Class}
		if f.Match.Rule != nil {
			k.rule = f.Match.Rule.ID
		}
		if p.o.Verbose {
			k.meaning = strconv.Itoa(i)
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	for i, k := range order {
		if i == maxFailuresShown && !p.o.Verbose {
			p.blank()
			p.line(0, p.explainLabel("more", "n", strconv.Itoa(len(order)-i)))
			break
		}
		p.blank()
		f := groups[k][0]
		f.Recipient = recipients(groups[k])
		p.failure(f)
		if n := len(groups[k]) - 1; n > 0 {
			p.para(2, "", p.explainLabel("alike", "n", strconv.Itoa(n)), bold)
		}
	}
	if r.Truncated {
		p.blank()
		p.para(0, "", p.explainLabel("truncated"), bold)
	}
}

// recipients names those of several deliveries, the first few of many.
func recipients(fs []explain.Failure) string {
	const few = 5
	var out []string
	for _, f := range fs {
		if f.Recipient == "" || slices.Contains(out, f.Recipient) {
			continue
		}
		if len(out) == few {
			return strings.Join(out, ", ") + " ..."
		}
		out = append(out, f.Recipient)
	}
	return strings.Join(out, ", ")
}

// failure writes one delivery.
func (p *page) failure(f explain.Failure) {
	lang := p.o.Lang
	name := className(f.Class)
	status := map[string]string{"permanent": "fail", "temporary": "warn", "success": "pass", "intermediate": "info", "unknown": "unknown"}[name]
	sign, color := signOf(status)
	head := p.paint(color, sign+" "+p.explainLabel(name))
	if f.Title.In(lang) != "" {
		head += "  " + p.paint(bold, f.Title.In(lang))
	}
	p.line(0, head)
	fields := []struct{ key, value string }{
		{"who", p.who(f)}, {"recipient", f.Recipient}, {"reply", f.Reply.String()}, {"phase", p.explainLabelOr("phase-"+f.Phase, f.Phase)}, {"until", f.RetryUntil},
		{"meaning", f.Meaning.In(lang)}, {"cause", f.Cause.In(lang)}, {"next", f.Next.In(lang)},
		{"run", f.Command}, {"general", p.general(f)}, {"note", p.disagreement(f)}, {"basis", p.basis(f)},
	}
	for _, x := range fields {
		switch {
		case x.value == "", x.key == "cause" && f.Cause == f.Meaning:
		case x.key == "run":
			p.line(2, p.paint(bold, p.explainLabel(x.key))+" "+Printable(x.value)) // whole, to copy
		default:
			p.para(2, p.explainLabel(x.key), x.value, plain)
		}
	}
	p.requirements(f)
	for _, c := range f.Match.Candidates {
		p.para(4, p.explainLabel("candidate"), c.Meaning.In(lang)+p.gap()+"["+c.ID+"]", plain)
	}
	if len(f.Findings) > 0 {
		p.para(2, p.label("refs"), strings.Join(f.Findings, ", "), faint)
	}
}

// who names the provider and how it is known, and the server.
func (p *page) who(f explain.Failure) string {
	host := f.Host
	if f.IP != "" && host != "" {
		host += " [" + f.IP + "]"
	}
	m := f.Match
	switch {
	case m.Provider == "":
		return host
	case m.Certainty == provider.Named && host != "":
		return provider.ReceiverName(m.Provider).In(p.o.Lang) + " (" + host + ")"
	case m.Certainty == provider.Named:
		return provider.ReceiverName(m.Provider).In(p.o.Lang)
	}
	return p.explainLabel("certainty-"+string(m.Certainty), "provider", provider.ReceiverName(m.Provider).In(p.o.Lang))
}

// disagreement notes that the two codes of a reply are of different classes.
func (p *page) disagreement(f explain.Failure) string {
	if e := f.Reply.Enhanced; f.Reply.Code == 0 || e.IsZero() || f.Reply.Code/100 == e.Class {
		return ""
	}
	return p.explainLabel("disagree", "basic", strconv.Itoa(f.Reply.Code), "enhanced", f.Reply.Enhanced.String())
}

func (p *page) general(f explain.Failure) string {
	if f.General.EN == "" || f.GeneralRef == "" {
		return ""
	}
	return f.General.In(p.o.Lang) + p.gap() + "(" + f.GeneralRef + ")"
}

// gap is what stands between two sentences: Japanese ones follow each other directly.
func (p *page) gap() string {
	if p.o.Lang == "ja" {
		return ""
	}
	return " "
}

// basis says what the explanation rests on: the rule with its source and date, or what else.
func (p *page) basis(f explain.Failure) string {
	if f.Basis != explain.ByRule || f.Match.Rule == nil {
		return p.explainLabelOr("basis-"+string(f.Basis), "")
	}
	r := f.Match.Rule
	return p.explainLabel("rule", "id", r.ID, "source", r.Source, "date", r.AsOf)
}

// requirements writes the requirements of the provider that were not met.
func (p *page) requirements(f explain.Failure) {
	if f.Match.Rule == nil || len(f.Match.Rule.Requirements) == 0 {
		return
	}
	for _, q := range provider.Requirements() {
		if !slices.Contains(f.Match.Rule.Requirements, q.ID) {
			continue
		}
		s := q.Text.In(p.o.Lang) + p.gap() + "[" + q.ID + "] " + q.Source
		if q.Since != "" {
			s += " " + p.explainLabel("since", "date", q.Since)
		}
		p.para(2, p.explainLabel("requirement"), s, plain)
	}
}

// claim says who claims something.
func (p *page) claim(server, author string) string {
	switch {
	case server != "":
		return p.explainLabel("claimed-by", "server", server)
	case author != "":
		return p.explainLabel("unnamed-author", "author", provider.ReceiverName(author).In(p.o.Lang))
	}
	return p.explainLabel("unnamed")
}

// authentication writes one Authentication-Results field.
func (p *page) authentication(a explain.Authentication) {
	field := a.Field
	if a.Instance > 0 {
		field += " i=" + itoa(a.Instance)
	}
	p.line(0, p.paint(bold, Printable(field))+"  "+p.claim(a.Server, a.Author))
	if a.Err != nil {
		p.para(2, "", a.Conclusion.In(p.o.Lang), plain)
		return
	}
	for _, r := range a.Results {
		s := r.Text.In(p.o.Lang)
		if r.Aligned != nil && r.Result == "pass" {
			key := "unaligned-with"
			if *r.Aligned {
				key = "aligned-with"
			}
			s += p.gap() + p.explainLabel(key, "from", a.FromDomain)
		}
		p.para(2, p.mark(r.Result)+" "+pad(Printable(r.Method+" "+r.Result), 14), s, plain)
	}
	p.para(2, p.explainLabel("together"), a.Conclusion.In(p.o.Lang), bold)
	if len(a.Findings) > 0 {
		p.para(2, p.label("refs"), strings.Join(a.Findings, ", "), faint)
	}
}

// hops writes the way of the message, the first hop first.
func (p *page) hops(hops []explain.Hop) {
	if len(hops) == 0 {
		return
	}
	p.blank()
	p.line(0, p.paint(bold, p.explainLabel("way")))
	for i := len(hops) - 1; i >= 0; i-- {
		h := hops[i]
		from := h.From
		if from == "" {
			from = h.HELO
		}
		if h.IP.IsValid() {
			from = strings.TrimSpace(from + " [" + h.IP.String() + "]")
		}
		if from == "" {
			from = "-"
		}
		by := h.By
		if by == "" {
			by = "-"
		}
		s := from + " → " + by
		if h.TLS != "" {
			s += "  " + h.TLS
		}
		if h.DelayKnown {
			s += "  " + p.explainLabel("delay", "time", h.Delay.String())
		}
		p.para(2, itoa(len(hops)-i)+".", s, plain)
	}
}

// explainLabels are the words of this text form.
var explainLabels = map[string]catalogue.Text{
	"permanent":    {EN: "REFUSED FOR GOOD (permanent)", JA: "恒久的な拒否"},
	"temporary":    {EN: "NOT NOW (temporary)", JA: "一時的な拒否"},
	"success":      {EN: "ACCEPTED", JA: "受け付け済み"},
	"intermediate": {EN: "GOING ON", JA: "処理中"},
	"unknown":      {EN: "NOT DELIVERED", JA: "不達"},

	"who":       {EN: "Who says so:", JA: "応答元:"},
	"recipient": {EN: "Recipient:", JA: "宛先:"},
	"reply":     {EN: "Reply:", JA: "応答:"},
	"phase":     {EN: "In answer to:", JA: "段階:"},
	"meaning":   {EN: "Meaning:", JA: "意味:"},
	"cause":     {EN: "Likely cause:", JA: "考えられる原因:"},
	"next":      {EN: "Next step:", JA: "次にすること:"},
	"run":       {EN: "Run:", JA: "実行するコマンド:"},
	"general":   {EN: "The code in general:", JA: "コードの一般的な意味:"},
	"note":      {EN: "Note:", JA: "注意:"},
	"disagree":  {EN: "{basic} and {enhanced} disagree on whether to try again; the first one decides (RFC 5321 section 4.2.1).", JA: "{basic} と {enhanced} では再送の要否が異なりますが、最初のコードが優先します (RFC 5321 section 4.2.1)。"},
	"basis":     {EN: "By:", JA: "根拠:"},
	"candidate": {EN: "Perhaps:", JA: "可能性:"},
	"until":     {EN: "Tried until:", JA: "再送の期限:"},
	"alike":     {EN: "{n} more like this.", JA: "同様のものが、ほかに {n} 件あります。"},
	"more":      {EN: "... and {n} more kinds; --verbose or --json shows all of them.", JA: "ほか {n} 種類。--verbose または --json ですべて表示します。"},
	"truncated": {EN: "The input goes on: only its beginning was read.", JA: "入力が長いため、先頭の部分だけを読みました。"},

	"phase-connect":   {EN: "the connection", JA: "接続"},
	"phase-helo":      {EN: "EHLO or HELO", JA: "EHLO または HELO"},
	"phase-starttls":  {EN: "STARTTLS", JA: "STARTTLS"},
	"phase-auth":      {EN: "the login (AUTH)", JA: "ログイン (AUTH)"},
	"phase-mail-from": {EN: "the envelope sender (MAIL FROM)", JA: "エンベロープ送信者 (MAIL FROM)"},
	"phase-rcpt-to":   {EN: "the recipient (RCPT TO)", JA: "宛先 (RCPT TO)"},
	"phase-data":      {EN: "the message itself (DATA)", JA: "メール本文 (DATA)"},

	"certainty-wording": {EN: "{provider}, by its wording; the text does not name the server", JA: "{provider} (文面による推定。サーバー名はありません)"},
	"certainty-guess":   {EN: "perhaps {provider}; others use this code or wording too, and the text does not name the server", JA: "{provider} の可能性があります (他の事業者も使うコードや文面で、サーバー名はありません)"},
	"basis-code":        {EN: "what the public registry says of the code; no rule of a provider fits", JA: "公開されているコードの一般的な定義 (該当する事業者のルールはありません)"},
	"basis-words":       {EN: "the words of the text, as many servers use them; no rule of a provider fits", JA: "多くのサーバーで共通の文面 (該当する事業者のルールはありません)"},
	"basis-class":       {EN: "the first digit alone; the code is not known", JA: "コードの先頭の数字のみ (コードの意味は不明です)"},
	"rule":              {EN: "rule {id}; {source} ({date}).", JA: "ルール {id}、{source} ({date})。"},
	"requirement":       {EN: "Requirement:", JA: "送信者の要件:"},
	"since":             {EN: "(since {date})", JA: "({date} から)"},

	"claimed-by":     {EN: "claimed by {server}", JA: "{server} の記録"},
	"unnamed-author": {EN: "the field names no server; {author} writes such fields", JA: "サーバー名なし ({author} の形式)"},
	"unnamed":        {EN: "the field names no server", JA: "サーバー名なし"},
	"aligned-with":   {EN: "It belongs with {from}.", JA: "{from} と一致しています。"},
	"unaligned-with": {EN: "It does not belong with {from}.", JA: "{from} とは一致していません。"},
	"together":       {EN: "Together:", JA: "まとめ:"},
	"way":            {EN: "The way of the message, as the servers on it claim", JA: "配送経路 (各サーバーの記録)"},
	"delay":          {EN: "after {time}", JA: "{time} 後"},
	"list":           {EN: "Mailing list", JA: "メーリングリスト"},
	"findings":       {EN: "What this means, as far as the header can be believed", JA: "ヘッダーの記録が正しい場合の診断"},
	"command":        {EN: "Run next:", JA: "次に実行するコマンド:"},
}

// explainLabel gives a word of this form, its arguments made printable.
func (p *page) explainLabel(key string, pairs ...string) string {
	args := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i]] = Printable(pairs[i+1])
	}
	return expand(explainLabels[key].In(p.o.Lang), args)
}

// explainLabelOr gives a word, or another text where there is none.
func (p *page) explainLabelOr(key, other string) string {
	if _, ok := explainLabels[key]; !ok {
		return other
	}
	return p.explainLabel(key)
}
