package doctor

import (
	"strings"

	"github.com/todoku/todoku/internal/said"
)

// Judge says what was seen, and what to do. It is a function of its input.
func Judge(s *Seen) []Check {
	out := []Check{s.answers()}
	server, ok := s.answering()
	if !ok {
		for _, c := range []Check{
			{ID: "resolver.nxdomain", Title: titleInvented}, {ID: "resolver.large", Title: titleLarge}, {ID: "resolver.dnssec", Title: titleDNSSEC},
		} {
			c.Status, c.Detail, c.Fix = Unknown, said.New("No resolver answers.", "リゾルバーが応答しません。"), Fix{Summary: afterResolver}
			out = append(out, c)
		}
	} else {
		out = append(out, s.invented(server), s.large(server), s.dnssec(server))
	}
	out = append(out, s.clock())
	out = append(out, s.lists()...)
	for _, p := range s.Ports {
		out = append(out, p.judge())
	}
	out = append(out, s.outbound())
	if s.Stored != nil {
		out = append(out, s.Stored.judge()...)
	}
	if s.Master != nil {
		out = append(out, s.Master.judge())
	}
	return out
}

var (
	titleAnswers  = said.New("Resolver", "リゾルバー")
	titleInvented = said.New("Names that do not exist", "存在しない名前")
	titleLarge    = said.New("Large answers", "大きな応答")
	titleDNSSEC   = said.New("DNSSEC", "DNSSEC")
	afterResolver = said.New("See to the resolver first.", "まずリゾルバーを直してください。")
	ownResolver   = said.New("Run a validating resolver of your own (such as Unbound) on this machine, and name it with --resolver 127.0.0.1.",
		"検証を行うリゾルバー (Unbound など) をこのマシンで動かし、--resolver 127.0.0.1 で指定してください。")
)

func (s *Seen) answers() Check {
	c := Check{ID: "resolver.answers", Title: titleAnswers, Status: OK}
	var en, ja []string
	for _, v := range s.Servers {
		a, word := v.Answer, said.Text{}
		switch {
		case a.Status.Found():
			word = said.New("%s answers (%d ms)", "%s は応答します (%d ミリ秒)", v.Addr, a.Elapsed.Milliseconds())
		case silent(a.Status):
			c.Status, word = Problem, said.New("%s does not answer", "%s は応答しません", v.Addr)
		default:
			c.Status, word = Problem, said.New("%s does not know the root of the DNS (%s)", "%s は DNS のルートについて応答できません (%s)", v.Addr, a.Status)
		}
		en, ja = append(en, word.EN), append(ja, word.JA)
	}
	c.Detail = said.Text{EN: strings.Join(en, "; ") + ".", JA: strings.Join(ja, "、") + "。"}
	if c.Status == OK {
		return c
	}
	c.Fix = Fix{
		Summary: said.New("Use a resolver that answers: what cannot be looked up is unknown in every report.", "応答するリゾルバーを使ってください。問い合わせられないものは、すべてのレポートで「不明」になります。"),
		Steps: []said.Text{
			said.New("See that port 53, UDP and TCP, is open from this machine to the resolver, and that it serves this machine's address.", "このマシンからリゾルバーの 53 番ポート (UDP と TCP) に届くこと、このマシンのアドレスからの問い合わせを許可していることを確認してください。"),
			said.New("Take servers that do not answer out of /etc/resolv.conf, or name another with --resolver HOST:PORT.", "応答しないサーバーを /etc/resolv.conf から除くか、--resolver HOST:PORT で別のリゾルバーを指定してください。"),
			said.New("Where a validating resolver answers servfail to everything, see the clock below first.", "検証を行うリゾルバーがすべてに servfail を返す場合は、まず下の時計の項目を確認してください。"),
		},
	}
	return c
}

func (s *Seen) invented(server Server) Check {
	c := Check{ID: "resolver.nxdomain", Title: titleInvented, Status: OK,
		Detail: said.New("%s says of names that nobody has that they do not exist.", "%s は、存在しない名前を「存在しない」と応答します。", server.Addr)}
	for _, a := range s.Invented {
		switch {
		case a.Status.Found():
			c.Status = Problem
			c.Detail = said.New("%s gives the address %s for %s, a name just invented.", "%s は、今作ったばかりの名前 %[3]s にアドレス %[2]s を返します。", server.Addr, a.Records[0].Data, a.Question.Name)
			c.Fix = Fix{
				Summary: said.New("Use a resolver that does not lie: with this one, domains and blocklist entries that are not there seem to be.", "応答を書き換えないリゾルバーを使ってください。このままでは、存在しないドメインやブロックリストの登録があるように見えます。"),
				Steps: []said.Text{ownResolver,
					said.New("Or turn off the search page or filter (\"DNS assistance\", web filter) of the provider or router.", "または、プロバイダーやルーターの検索ページ誘導やフィルター機能を無効にしてください。")},
			}
			return c
		case a.Status.Failed():
			c.Status = Unknown
			c.Detail = said.New("The look-up of a name that nobody has failed (%s).", "存在しない名前の問い合わせに失敗しました (%s)。", a.Status)
			c.Fix = Fix{Summary: said.New("Run it again; if it stays so, see to the resolver.", "もう一度実行してください。続く場合はリゾルバーを確認してください。")}
		}
	}
	return c
}

func (s *Seen) large(server Server) Check {
	c := Check{ID: "resolver.large", Title: titleLarge, Status: OK,
		Detail: said.New("The root's keys come whole, and over TCP as well.", "ルートの鍵は欠けずに届き、TCP でも取得できます。")}
	fix := Fix{
		Summary: said.New("Open TCP port 53 to the resolver: long SPF, DKIM and TLSA records come by TCP.", "リゾルバーへの TCP 53 番ポートを開けてください。長い SPF、DKIM、TLSA レコードは TCP で届きます。"),
		Steps: []said.Text{said.New("Let firewalls on the way pass TCP to port 53 and UDP answers of 1232 octets.", "経路上のファイアウォールで、TCP 53 番ポートと 1232 オクテットの UDP 応答を通してください。"),
			said.New("Or use a resolver on this machine.", "または、このマシン上のリゾルバーを使ってください。")},
	}
	switch {
	case s.TCP != nil:
		c.Status, c.Fix = Problem, fix
		c.Detail = said.New("%s gives the root's keys not over TCP: %s.", "%s から TCP でルートの鍵を取得できません: %s", server.Addr, s.TCP.Error())
	case !s.Root.Status.Found():
		c.Status, c.Fix = Problem, fix
		c.Detail = said.New("%s gives the root's keys over TCP alone (%s).", "%s は TCP でしかルートの鍵を返しません (%s)。", server.Addr, s.Root.Status)
	}
	return c
}

func (s *Seen) dnssec(server Server) Check {
	c := Check{ID: "resolver.dnssec", Title: titleDNSSEC, Status: OK,
		Detail: said.New("%s validates: the root's keys come with the AD bit.", "%s は DNSSEC を検証しています (ルートの鍵に AD ビットが付いています)。", server.Addr)}
	switch {
	case s.Root.Status.Found() && s.Root.AuthenticData:
	case s.Root.Status.Found():
		c.Status = Problem
		c.Detail = said.New("%s does not validate: the root's keys come without the AD bit.", "%s は DNSSEC を検証していません (ルートの鍵に AD ビットがありません)。", server.Addr)
		c.Fix = Fix{
			Summary: said.New("Use a resolver that validates: without it DANE and DNSSEC cannot be judged, and forged answers are believed.", "検証を行うリゾルバーを使ってください。検証がなければ DANE と DNSSEC は判定できず、偽造された応答も信じてしまいます。"),
			Steps: []said.Text{ownResolver,
				said.New("If it validates but a forwarder takes the bit away (systemd-resolved, dnsmasq, a router), ask the resolver behind it.", "検証していても、間にあるフォワーダー (systemd-resolved、dnsmasq、ルーター) がビットを消している場合は、その先のリゾルバーを直接指定してください。")},
		}
	default:
		c.Status = Unknown
		c.Detail = said.New("The root's keys could not be looked up (%s).", "ルートの鍵を問い合わせられませんでした (%s)。", s.Root.Status)
		c.Fix = Fix{Summary: afterResolver}
	}
	return c
}

const minute = "2006-01-02 15:04 UTC"

func (s *Seen) clock() Check {
	now := s.Now.UTC()
	c := Check{ID: "clock.time", Title: said.New("Clock", "時計")}
	fix := Fix{
		Summary: said.New("Set the clock: signatures, certificates and policies are judged by it.", "時計を合わせてください。署名、証明書、ポリシーの有効期間は時計で判定します。"),
		Steps:   []said.Text{said.New("Let the system keep the time by NTP: `timedatectl set-ntp true`, or chrony.", "NTP で時刻を合わせてください (`timedatectl set-ntp true` または chrony)。")},
	}
	switch {
	case !s.Built.IsZero() && now.Before(s.Built):
		c.Status, c.Fix = Problem, fix
		c.Detail = said.New("It says %s, and this program was made later, at %s.", "時計は %s ですが、このプログラムはそれより後の %s に作られました。", now.Format(minute), s.Built.UTC().Format(minute))
	case s.Signed != nil && (now.Before(s.Signed.From) || now.After(s.Signed.Until)):
		c.Status, c.Fix = Problem, fix
		c.Detail = said.New("It says %s, and the DNS root's signatures hold from %s to %s.", "時計は %s ですが、DNS のルートの署名は %s から %s まで有効です。", now.Format(minute), s.Signed.From.Format(minute), s.Signed.Until.Format(minute))
	case s.Signed != nil:
		c.Status = OK
		c.Detail = said.New("It says %s, within the DNS root's signatures (%s to %s). Less than days cannot be seen by that.", "時計は %s で、DNS のルートの署名の有効期間 (%s から %s) 内です。数日に満たないずれは、これではわかりません。",
			now.Format(minute), s.Signed.From.Format(minute), s.Signed.Until.Format(minute))
	default:
		c.Status = Unknown
		c.Detail = said.New("It says %s; there is no signature of the DNS root to hold it against.", "時計は %s です。比べるための DNS のルートの署名が得られませんでした。", now.Format(minute))
		c.Fix = Fix{Summary: said.New("See for yourself: `timedatectl` says whether the clock is synchronised.", "`timedatectl` で、時計が同期しているかを確認してください。")}
	}
	return c
}
