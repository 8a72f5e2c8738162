package doctor

import (
	"errors"
	"strings"

	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/said"
)

// fewLists is how many lists may be in trouble at a time before the trouble is ours.
const fewLists = 2

// lists judges the blocklists: do they answer us, and as lists that work.
func (s *Seen) lists() []Check {
	if s.Lists == nil && !s.Silent() {
		return nil
	}
	access := Check{ID: "blocklist.access", Title: said.New("Access to blocklists", "ブロックリストの利用"), Status: OK}
	entries := Check{ID: "blocklist.entries", Title: said.New("Test entries of blocklists", "ブロックリストのテスト用登録"), Status: OK}
	if s.Silent() {
		for _, c := range []*Check{&access, &entries} {
			c.Status, c.Detail, c.Fix = Unknown, said.New("No resolver answers.", "リゾルバーが応答しません。"), Fix{Summary: afterResolver}
		}
		return []Check{access, entries}
	}
	by := map[dnsbl.Health][]string{}
	for _, l := range s.Lists {
		by[l.Proof.Health] = append(by[l.Proof.Health], l.List.Zone)
	}
	total := len(s.Lists)
	refused, unproved, wrong := by[dnsbl.RefusesUs], by[dnsbl.Unproved], append(by[dnsbl.Dead], by[dnsbl.Poisoned]...)
	switch {
	case len(refused) > 0:
		access.Status = Problem
		access.Detail = said.New("%d of %d lists do not answer this resolver: %s.", "%[2]d 件のリストのうち %[1]d 件が、このリゾルバーからの問い合わせを拒否しています: %[3]s", len(refused), total, strings.Join(refused, ", "))
		access.Fix = Fix{
			Summary: said.New("Ask from a resolver of your own, or with a key: these lists serve no public or shared resolvers.", "自前のリゾルバーか鍵を使って問い合わせてください。これらのリストは、公開リゾルバーや共用リゾルバーには応答しません。"),
			Steps: []said.Text{ownResolver,
				said.New("Or get a key from the list and give it with --blocklist-key NAME=KEY (spamhaus-dqs, abusix).", "または、リストの運営者から鍵を取得し、--blocklist-key NAME=KEY (spamhaus-dqs、abusix) で指定してください。"),
				said.New("Some lists want the address of the resolver to be registered (barracuda): see the list's own page.", "リゾルバーのアドレスの登録が必要なリストもあります (Barracuda など)。リストのページを確認してください。")},
		}
	case total == len(unproved):
		access.Status, access.Detail = Unknown, said.New("None of %d lists could be asked.", "%d 件のリストのいずれにも問い合わせられませんでした。", total)
		access.Fix = Fix{Summary: afterResolver}
	default:
		access.Detail = said.New("No list refuses this resolver (%d of %d answered).", "このリゾルバーを拒否するリストはありません (%[2]d 件中 %[1]d 件が応答)。", total-len(unproved), total)
	}
	switch {
	case len(wrong) > 0:
		if entries.Status = Unknown; len(wrong) > fewLists || len(wrong) == total { // not the lists, but what is between us and them
			entries.Status = Problem
		}
		entries.Detail = said.New("%d of %d lists lack the entry that each must have, or have the one that none may have (RFC 5782 section 5): %s.",
			"%[2]d 件のリストのうち %[1]d 件で、必ずあるはずの登録がないか、あってはならない登録があります (RFC 5782 section 5): %[3]s", len(wrong), total, strings.Join(wrong, ", "))
		entries.Fix = Fix{
			Summary: said.New("Reports leave these lists out until they are right again. If they are many, the resolver or a filter before it spoils the answers.", "正常に戻るまで、レポートではこれらのリストを使いません。数が多い場合は、リゾルバーかその手前のフィルターが応答を変えています。"),
			Steps:   []said.Text{ownResolver, said.New("If it is one or two alone, the list is in trouble or gone: there is nothing to do here.", "1、2 件だけなら、リスト側の障害か停止です。ここで行うことはありません。")},
		}
	case len(unproved)+len(refused) == total || len(unproved) > 0:
		entries.Status = Unknown
		entries.Detail = said.New("%d of %d lists could not be asked: %s.", "%[2]d 件のリストのうち %[1]d 件に問い合わせられませんでした: %[3]s", len(unproved)+len(refused), total, strings.Join(append(unproved, refused...), ", "))
		entries.Fix = Fix{Summary: said.New("Run it again; if it stays so, the list is in trouble, or something blocks the questions.", "もう一度実行してください。続く場合は、リスト側の障害か、問い合わせが遮断されています。")}
	default:
		entries.Detail = said.New("%d lists have the entry that each must have, and not the one that none may have.", "%d 件のリストに、必ずあるはずの登録があり、あってはならない登録はありません。", total-len(refused))
	}
	return []Check{access, entries}
}

// judge says whether the program can listen at a place.
func (p Port) judge() Check {
	c := Check{ID: "port." + p.Flag, Title: said.New("Port of --%s", "--%s の待ち受け", p.Flag), Status: Problem}
	other := said.New("Stop what listens there, or choose another address with --%s.", "そこで待ち受けているものを止めるか、--%s で別のアドレスを指定してください。", p.Flag)
	switch {
	case p.Err == nil:
		c.Status, c.Detail = OK, said.New("%s is free.", "%s は空いています。", p.Address)
	case p.Holder.Ours:
		c.Status, c.Detail = OK, said.New("Todoku listens at %s already (process %d).", "すでに Todoku が %s で待ち受けています (プロセス %d)。", p.Address, p.Holder.PID)
	case inUse(p.Err) && p.Holder.PID != 0:
		c.Detail = said.New("%s is in use by %s (process %d).", "%s は %s (プロセス %d) が使用中です。", p.Address, p.Holder.Name, p.Holder.PID)
		c.Fix = Fix{Summary: other}
	case inUse(p.Err):
		c.Detail = said.New("%s is in use; by whom, this user cannot see.", "%s は使用中です。使用しているプロセスは、このアカウントからは見えません。", p.Address)
		c.Fix = Fix{Summary: other, Steps: []said.Text{said.New("If Todoku itself runs there as another user, all is well: `ss -ltnp` as root says who it is.", "別のアカウントで動く Todoku であれば問題ありません。root で `ss -ltnp` を実行するとわかります。")}}
	case errors.Is(p.Err, errSocketThere):
		c.Status, c.Detail = Unknown, said.New("A socket stands at %s already, of a running program or left over.", "%s にはすでにソケットがあります。実行中のプログラムのものか、残されたものです。", p.Address)
		c.Fix = Fix{Summary: said.New("Nothing, where Todoku runs; a socket that was left over is replaced when it starts.", "Todoku が動いているなら何も必要ありません。残されたソケットは、起動時に置き換えられます。")}
	case errors.Is(p.Err, errOccupied):
		c.Detail = said.New("At %s stands a file that is no socket.", "%s にはソケットでないファイルがあります。", p.Address)
		c.Fix = Fix{Summary: said.New("Remove the file, or choose another path with --%s.", "そのファイルを除くか、--%s で別のパスを指定してください。", p.Flag)}
	case notPermitted(p.Err):
		c.Detail = said.New("This user may not listen at %s.", "このアカウントには %s で待ち受ける権限がありません。", p.Address)
		c.Fix = Fix{Summary: said.New("Give it the permission, or choose another address with --%s.", "権限を与えるか、--%s で別のアドレスを指定してください。", p.Flag),
			Steps: []said.Text{said.New("Ports below 1024 need a capability: AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit of systemd, or `setcap cap_net_bind_service=+ep` on the program.",
				"1024 未満のポートには特権が必要です。systemd のユニットに AmbientCapabilities=CAP_NET_BIND_SERVICE を書くか、プログラムに `setcap cap_net_bind_service=+ep` を実行してください。"),
				said.New("For a Unix socket: let this user write to its folder.", "Unix ソケットの場合は、このアカウントがフォルダーに書き込めるようにしてください。")}}
	case notHere(p.Err):
		c.Detail = said.New("%s is no address of this machine.", "%s はこのマシンのアドレスではありません。", p.Address)
		c.Fix = Fix{Summary: said.New("Name an address of this machine with --%s.", "このマシンのアドレスを --%s で指定してください。", p.Flag)}
	case noFolder(p.Err):
		c.Detail = said.New("The folder of %s is not there.", "%s のフォルダーがありません。", p.Address)
		c.Fix = Fix{Summary: said.New("Create it, for the user that Todoku runs as.", "Todoku を動かすアカウント用に作成してください。")}
	default:
		c.Detail = said.New("Listening at %s fails: %s.", "%s で待ち受けられません: %s", p.Address, p.Err.Error())
		c.Fix = Fix{Summary: said.New("Choose another address with --%s.", "--%s で別のアドレスを指定してください。", p.Flag)}
	}
	return c
}

// outbound judges the way out to mail servers.
func (s *Seen) outbound() Check {
	c := Check{ID: "port.outbound-25", Title: said.New("Way out to port 25", "25 番ポートへの外向き接続"), Status: Unknown}
	p := s.Probed
	switch {
	case p == nil:
		c.Detail = said.New("Not looked at: nothing is connected to without being asked.", "調べていません。指定がない限り、外部には接続しません。")
		c.Fix = Fix{Summary: said.New("Name a mail server that you may connect to: todoku doctor --probe mx.example.com", "接続してよいメールサーバーを指定してください: todoku doctor --probe mx.example.com")}
	case !p.Resolved:
		c.Detail = said.New("No address of %s was found: %s.", "%s のアドレスが見つかりません: %s", p.Host, p.Err.Error())
		c.Fix = Fix{Summary: said.New("Name a mail server that is there.", "存在するメールサーバーを指定してください。")}
	case p.Err != nil:
		c.Status, c.Detail = Problem, said.New("No connection to port 25 of %s: %s.", "%s の 25 番ポートに接続できません: %s", p.Host, p.Err.Error())
		c.Fix = Fix{Summary: said.New("Have port 25 opened: without it `check --probe` and --reply-direct see nothing.", "25 番ポートを開けてもらってください。閉じていると `check --probe` と --reply-direct は使えません。"),
			Steps: []said.Text{said.New("Try a second host: this one may be at fault.", "別のホストでも試してください。相手側の問題かもしれません。"),
				said.New("Ask the provider: many block port 25 (OP25B) until they are asked to open it.", "プロバイダーに問い合わせてください。多くは申請があるまで 25 番ポートを遮断しています (OP25B)。"),
				said.New("For answers to mail, --smart-host with port 587 does without it.", "メールへの返信だけなら、--smart-host (587 番ポート) を使えば不要です。")}}
	default:
		c.Status, c.Detail = OK, said.New("%s answers on port 25: %s", "%s は 25 番ポートで応答します: %s", p.Host, p.Greeting)
	}
	return c
}
