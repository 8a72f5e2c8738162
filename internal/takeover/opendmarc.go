package takeover

import (
	"strings"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/said"
)

// OpenDMARC takes a configuration of OpenDMARC over, best after that of OpenDKIM.
func OpenDMARC(conf []byte, files Files, host string, into *filter.Settings, report *Report) error {
	r, list, err := begin("OpenDMARC", openDMARC, conf, files, into, report, host)
	if err != nil {
		return err
	}
	if into.Policy == nil {
		into.Policy = &filter.Policy{Default: map[filter.Outcome]filter.Action{}}
	}
	c, _ := hosts([]string{"127.0.0.1"}, false)
	into.Policy.Forwarders = c.Networks // IgnoreHosts
	r.run(openDMARC, list)
	return nil
}

func (r *reading) rejectFailures(v string) (Fate, said.Text) {
	if !keys.Yes(v) {
		return Done, said.Text{}
	}
	d := r.into.Policy.Default
	d[filter.DMARCReject], d[filter.Temporary] = filter.Reject, filter.Defer
	return Done, t("pct= is not counted: RFC 9989 has removed it", "pct= は RFC 9989 で廃止されたため数えません")
}

func (r *reading) hold(v string) (Fate, said.Text) {
	if keys.Yes(v) {
		r.into.Policy.Default[filter.DMARCQuarantine] = filter.Hold
	}
	return Done, said.Text{}
}

func (r *reading) rejectAmbiguous(v string) (Fate, said.Text) {
	if !keys.Yes(v) {
		return Otherwise, t("mail whose From names several domains gets dmarc=permerror in place of no result", "From に複数のドメインがあるメールには、結果なしではなく dmarc=permerror を付けます")
	}
	r.into.Policy.Default[filter.Ambiguous] = filter.Reject
	return Done, said.Text{}
}

func (r *reading) requiredHeaders(v string) (Fate, said.Text) {
	if !keys.Yes(v) {
		return Done, said.Text{}
	}
	r.into.Policy.Default[filter.Ambiguous] = filter.Reject
	return Otherwise, t("mail without one clear author is refused; other fields are not counted", "差出人を一つに定められないメールを拒否します。ほかのヘッダーの数は数えません")
}

func (r *reading) ignoreHosts(v string) (Fate, said.Text) {
	if kind, _, typed := strings.Cut(v, ":"); !typed && !strings.HasPrefix(kind, "/") {
		v = "file:" + v // it is always a file
	}
	c, err := r.clients("IgnoreHosts", v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	for _, n := range c.Names {
		r.note("IgnoreHosts: %s is a name: write its addresses", "IgnoreHosts: %s はホスト名です。IP アドレスで指定してください", n)
	}
	r.into.Policy.Forwarders = c.Networks
	return Otherwise, t("their mail is checked, and what fails DMARC is not held against it", "検証はしますが、DMARC に失敗しても不利に扱いません")
}

func (r *reading) ignoreMailFrom(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	r.into.Policy.Rules = append(r.into.Policy.Rules, filter.Rule{From: list, Action: filter.Accept, Reason: "IgnoreMailFrom"})
	return Otherwise, t("it is checked, and always accepted", "検証し、常に受け入れます")
}

func (r *reading) ignoreAuthenticated(v string) (Fate, said.Text) {
	if keys.Yes(v) {
		return Done, said.Text{}
	}
	return Otherwise, t("mail of users who authenticated is signed, never checked", "認証した利用者のメールには署名し、検証はしません")
}

func (r *reading) sealers(v string) (Fate, said.Text) {
	if r.values["domainwhitelistfile"] == v && !strings.HasPrefix(v, "/") {
		v = "file:" + v
	}
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	r.into.Policy.Sealers = append(r.into.Policy.Sealers, list...)
	return Otherwise, t("the newest seal must be theirs, the whole chain pass, and their own results say dmarc=pass", "最新のシールがそのドメインのもので、チェーン全体が pass し、その結果が dmarc=pass である場合に限ります")
}

func (r *reading) selfValidate(v string) (Fate, said.Text) {
	if keys.Yes(v) {
		return Done, said.Text{}
	}
	return Otherwise, t("SPF is always checked here", "SPF は常にここで検証します")
}
