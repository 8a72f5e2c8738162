package takeover

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/said"
)

func (r *reading) mode(v string) (Fate, said.Text) {
	v = strings.ToLower(v)
	u := r.untouched()
	u.Outgoing, u.Incoming = !strings.Contains(v, "s"), !strings.Contains(v, "v")
	if strings.Trim(v, "sv") != "" {
		return Otherwise, t("only s and v are known", "s と v 以外の文字は無視します")
	}
	return Done, said.Text{}
}

func (r *reading) untouched() *filter.Untouched {
	if r.into.Untouched == nil {
		r.into.Untouched = &filter.Untouched{}
	}
	return r.into.Untouched
}

func (r *reading) socket(v string) (Fate, said.Text) {
	if r.report.Listen != "" {
		return Otherwise, said.New("there is one milter now, at %s", "milter は %s の一つだけになります", r.report.Listen)
	}
	if kind, rest, ok := strings.Cut(v, ":"); ok && (kind == "inet" || kind == "inet6") && !strings.Contains(rest, "@") {
		r.report.Listen = v + map[string]string{"inet": "@0.0.0.0", "inet6": "@[::]"}[kind] // all interfaces, as there
	} else {
		r.report.Listen = v
	}
	return Done, said.Text{}
}

func (r *reading) authServID(v string) (Fate, said.Text) {
	if v == "HOSTNAME" {
		if v = r.host; v == "" {
			return NotDone, t("the name of this host is not known: set --authserv-id", "このホストの名前がわかりません。--authserv-id で指定してください")
		}
	}
	if old := r.into.AuthServID; old != "" && !strings.EqualFold(old, v) {
		r.into.AlsoOurs = append(r.into.AlsoOurs, v)
		return Otherwise, said.New("there is one Authentication-Results now, with %s; fields that claim %s are removed", "Authentication-Results は %s の一つだけになり、%s を名乗るものは取り除きます", old, v)
	}
	r.into.AuthServID = v
	return Done, said.Text{}
}

func (r *reading) canonicalization(v string) (Fate, said.Text) {
	header, body, two := strings.Cut(strings.ToLower(v), "/")
	if !two {
		body = "simple"
	}
	word := map[string]dkim.Canonicalization{"simple": dkim.Simple, "relaxed": dkim.Relaxed}
	h, ok1 := word[header]
	b, ok2 := word[body]
	if !ok1 || !ok2 {
		return Unknown, t("neither simple nor relaxed: simple/simple is used", "simple でも relaxed でもないため、simple/simple を使います")
	}
	r.into.Header, r.into.Body = h, b
	return Done, said.Text{}
}

func (r *reading) algorithm(v string) (Fate, said.Text) {
	if strings.EqualFold(v, "rsa-sha1") {
		return Otherwise, t("RFC 8301 forbids it: RSA keys sign with rsa-sha256", "RFC 8301 で禁止されているため、RSA 鍵は rsa-sha256 で署名します")
	}
	return Done, t("by the key: rsa-sha256 or ed25519-sha256", "鍵の種類により rsa-sha256 か ed25519-sha256 を使います")
}

func (r *reading) ttl(v string) (Fate, said.Text) {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return Unknown, t("no number of seconds", "秒数ではありません")
	}
	r.into.Expires = time.Duration(n) * time.Second
	return Done, said.Text{}
}

// fieldList gives a list of fields in lower case. With "*" first, "+name" and "-name" change the default.
func (r *reading) fieldList(setting, v string, standard []string) ([]string, error) {
	list, err := r.entries(v)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = strings.ToLower(list[i])
		r.fieldName(setting, list[i]) // it fits no field, there as here
	}
	if !slices.Contains(list, "*") {
		return list, nil
	}
	out := slices.Clone(standard)
	for _, e := range list {
		if name, ok := strings.CutPrefix(e, "+"); ok {
			out = append(out, name)
		} else if name, ok := strings.CutPrefix(e, "-"); ok {
			out = slices.DeleteFunc(out, func(o string) bool { return o == name })
		}
	}
	return out, nil
}

func (r *reading) signHeaders(v string) (Fate, said.Text) {
	list, err := r.fieldList("SignHeaders", v, signedByDefault)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	r.into.Fields.Sign = list
	return Done, said.Text{}
}

func (r *reading) omitHeaders(v string) (Fate, said.Text) {
	list, err := r.fieldList("OmitHeaders", v, omittedByDefault)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	r.into.Fields.Omit = list
	return Done, said.Text{}
}

func (r *reading) oversignHeaders(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	r.into.Fields.Oversign = slices.DeleteFunc(list, func(name string) bool { return !r.fieldName("OversignHeaders", name) })
	return Done, said.Text{}
}

// fieldName reports whether a field can have the name, and notes one that none has: OpenDKIM writes it into the signature as it is, which nobody can verify
// then, and no signature at all is made with it here.
func (r *reading) fieldName(setting, name string) bool {
	if !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ':' || c == ';' }) {
		return true
	}
	r.note("%s: %q is no name of a field: write names with commas between", "%s: %q はヘッダー名ではありません。複数の名前はコンマで区切ってください", setting, name)
	return false
}

// clients reads a list of hosts, and notes what it cannot take of it.
func (r *reading) clients(name, v string) (filter.Clients, error) {
	list, err := r.entries(v)
	if err != nil {
		return filter.Clients{}, err
	}
	c, left := hosts(list, strings.HasPrefix(strings.ToLower(v), "refile:"))
	for _, e := range left {
		r.note("%s: %s", "%s: %s", name, e)
	}
	return c, nil
}

func (r *reading) internalHosts(v string) (Fate, said.Text) {
	c, err := r.clients("InternalHosts", v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	if r.into.Trusted = c.Networks; c.Networks == nil {
		r.into.Trusted = r.into.Trusted[:0:0] // nil would be loopback
	}
	r.into.TrustedNames = c.Names
	return Done, said.Text{}
}

func (r *reading) peers(v string) (Fate, said.Text) {
	c, err := r.clients("PeerList", v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	r.untouched().Peers = c
	return Done, said.Text{}
}

func (r *reading) mta(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	r.into.Daemons = list
	return Done, said.Text{}
}

func (r *reading) removeARFrom(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	for _, e := range list {
		if strings.HasPrefix(e, ".") {
			r.note("RemoveARFrom: %s: name the hosts, domains are not taken over", "RemoveARFrom: %s: ドメインは引き継げません。ホスト名を指定してください", e)
			continue
		}
		r.into.AlsoOurs = append(r.into.AlsoOurs, e)
	}
	return Done, said.Text{}
}

func (r *reading) minimumKeyBits(v string) (Fate, said.Text) {
	n, err := strconv.Atoi(v)
	switch {
	case err != nil:
		return Unknown, t("no number", "数ではありません")
	case n == 1024:
		return Done, said.Text{}
	case n > 1024 && n <= 16384:
		r.into.MinimumKeyBits = n
		return Done, said.Text{}
	case n < 1024:
		return Otherwise, t("RFC 8301: RSA keys of less than 1024 bits never pass", "RFC 8301 により、1024 ビット未満の RSA 鍵は pass になりません")
	}
	return NotDone, t("larger than any key that is used", "実際に使われるどの鍵よりも大きい値です")
}

func (r *reading) dnsTimeout(v string) (Fate, said.Text) {
	n, err := strconv.Atoi(v)
	switch {
	case err != nil || n < 0:
		return Unknown, t("no number of seconds", "秒数ではありません")
	case n == 0:
		return Otherwise, t("look-ups of a message always end: after 10 s", "1 通のメールの DNS 参照は 10 秒で打ち切ります")
	}
	r.into.Timeout = time.Duration(n) * time.Second
	return Otherwise, t("it bounds all look-ups of a message together", "1 通のメールの DNS 参照全体の時間として扱います")
}

func (r *reading) onDNSError(v string) (Fate, said.Text) {
	switch strings.ToLower(v) {
	case "accept", "a":
		r.into.Policy.Default[filter.Temporary] = filter.Accept
	case "tempfail", "t":
		r.into.Policy.Default[filter.Temporary] = filter.Defer
	case "reject", "r":
		r.into.Policy.Default[filter.Temporary] = filter.Defer
		return Otherwise, t("mail is deferred, never refused for a DNS server that is down", "DNS サーバーの障害では、一時的に断るだけで、拒否はしません")
	default:
		return onBad(r, v)
	}
	return Otherwise, t("where DMARC, or with no DMARC record SPF, depends on the answer", "DMARC (DMARC レコードがなければ SPF) の結果がその応答で決まる場合に適用します")
}

func onBad(_ *reading, v string) (Fate, said.Text) {
	if v = strings.ToLower(v); v == "accept" || v == "a" {
		return Done, said.Text{}
	}
	return NotDone, t("one signature alone decides nothing here; --policy says what becomes of which outcome", "一つの署名だけでは扱いを決めません。結果ごとの扱いは --policy で指定します")
}

func (r *reading) dontSignMailTo(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	for _, e := range list {
		if e = strings.ToLower(strings.Trim(e, "<>")); !strings.Contains(e, "@") {
			r.note("DontSignMailTo: %s: OpenDKIM compares whole addresses, it never fits", "DontSignMailTo: %s: OpenDKIM はアドレス全体を比較するため、どの宛先にも一致しません", e)
			continue
		}
		r.into.DontSignTo = append(r.into.DontSignTo, e)
	}
	return Done, said.Text{}
}

func (r *reading) exemptDomains(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	for _, e := range list {
		r.untouched().Authors = append(r.untouched().Authors, strings.ToLower(e))
	}
	return Otherwise, t("fields that claim to be ours are removed from it: anybody can write such a From", "このサーバーを名乗るヘッダーは取り除きます。そのような From は誰でも書けるためです")
}

func (r *reading) macroList(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	for _, e := range list {
		at := strings.IndexAny(e, "= \t")
		name, value := e, ""
		if at >= 0 {
			name, value = e[:at], strings.TrimSpace(e[at+1:])
		}
		if name = strings.Trim(name, "{}"); name == "" {
			continue
		}
		var values []string
		if value != "" {
			values = strings.Split(value, "|")
		}
		r.into.AddMacro(name, values)
	}
	return Otherwise, t("a macro must have one of the values named, as the manual says; OpenDKIM 2.11 takes any", "マニュアルのとおり、指定した値のいずれかであることを求めます (OpenDKIM 2.11 は値を問いません)")
}

func (r *reading) mustBeSigned(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	for _, e := range list {
		r.into.MustBeSigned = append(r.into.MustBeSigned, strings.ToLower(e))
	}
	return Done, t("each of several fields of a name must be signed", "同じ名前のヘッダーが複数あるときは、そのすべてに署名が必要です")
}

func (r *reading) senderHeaders(v string) (Fate, said.Text) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, said.New("%v", "%v", err)
	}
	if len(list) == 1 && strings.EqualFold(list[0], "From") {
		return Done, said.Text{}
	}
	return Otherwise, t("keys are chosen by From, which is what DMARC compares: give the domains of From keys", "鍵は DMARC が照合する From で選びます。From のドメインに鍵を用意してください")
}

// clockDrift: OpenDKIM grants it to signatures that expired, too.
func (r *reading) clockDrift(v string) (Fate, said.Text) {
	if _, err := strconv.ParseUint(v, 10, 32); err != nil {
		return Unknown, t("no number of seconds", "秒数ではありません")
	}
	return Otherwise, t("a signature may be from up to a day in the future, and ends when it says (x=): keep the clock right", "署名の時刻は 1 日先まで認め、期限 (x=) の後は認めません。時計を合わせてください")
}

func (r *reading) minimum(v string) (Fate, said.Text) {
	if strings.TrimSpace(v) == "100%" {
		return Done, said.Text{}
	}
	return Otherwise, t("a signature that leaves any octets of the body out never passes", "本文に署名されていない部分があれば pass になりません")
}

func alwaysAdd(_ *reading, v string) (Fate, said.Text) {
	if keys.Yes(v) {
		return Done, said.Text{}
	}
	return Otherwise, t("mail that is checked always gets a field: SPF and DMARC have results without a signature, too", "検証したメールには必ず付けます。署名がなくても SPF と DMARC の結果があるためです")
}

func quarantine(_ *reading, v string) (Fate, said.Text) {
	if !keys.Yes(v) {
		return Done, said.Text{}
	}
	return onBad(nil, v)
}
