package demo

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// story is one sample message, how it is sent, and what it teaches.
type story struct {
	key         string
	title, text catalogue.Text
	from        string // the connecting address, played by the PROXY protocol
	helo        string
	mailFrom    string
	tls         bool
	compose     func(k keys, to string, now time.Time) ([]byte, error)
}

var sampleStories = []story{
	{
		key:   "healthy",
		title: catalogue.Text{EN: "A healthy sender", JA: "健全な送信者"},
		text: catalogue.Text{
			EN: "SPF, two DKIM signatures and the reverse name all agree with the From domain. This is what yours should look like.",
			JA: "SPF、2 つの DKIM 署名、逆引き名がすべて From ドメインと一致しています。目指すのはこの状態です。",
		},
		from: "192.0.2.10", helo: "mail.hanako.example", mailFrom: "info@hanako.example", tls: true,
		compose: func(k keys, to string, now time.Time) ([]byte, error) {
			return signedShopMail(k, to, now)
		},
	},
	{
		key:   "ses",
		title: catalogue.Text{EN: "Amazon SES as it comes", JA: "Amazon SES を初期設定のまま使用"},
		text: catalogue.Text{
			EN: "SPF passes and DKIM passes, both for amazonses.com and neither for the From domain: DMARC fails.",
			JA: "SPF も DKIM も pass ですが、どちらも amazonses.com に対するもので From ドメインと一致せず、DMARC は fail になります。",
		},
		from: "198.51.100.20", helo: "e100-20.smtp-out.ap-northeast-1.amazonses.com",
		mailFrom: "0106018f3c2d7b1a-5f2e7c1d-000000@ap-northeast-1.amazonses.com", tls: true,
		compose: composeSES,
	},
	{
		key:   "rental",
		title: catalogue.Text{EN: "A shared rented server", JA: "共用レンタルサーバー"},
		text: catalogue.Text{
			EN: "The reverse name is the provider's and that is fine; but the domain has SPF only: no DKIM, no DMARC.",
			JA: "逆引き名は事業者のものですが、それ自体は問題ありません。ただしこのドメインには SPF しかなく、DKIM も DMARC もありません。",
		},
		from: "203.0.113.30", helo: "www3030.rental.example", mailFrom: "yoyaku@kissa.example", tls: true,
		compose: composeRental,
	},
	{
		key:   "forwarded",
		title: catalogue.Text{EN: "Forwarded to Gmail", JA: "Gmail への転送"},
		text: catalogue.Text{
			EN: "The forwarder's address is not in the sender's SPF, so SPF fails; the DKIM signature survived, so DMARC still passes.",
			JA: "転送サーバーは送信元の SPF に含まれないため SPF は fail ですが、DKIM 署名が保たれているので DMARC は pass のままです。",
		},
		from: "203.0.113.40", helo: "fwd.univ.example", mailFrom: "info@hanako.example", tls: true,
		compose: composeForwarded,
	},
	{
		key:   "list",
		title: catalogue.Text{EN: "Through a mailing list, with ARC", JA: "メーリングリスト経由 (ARC あり)"},
		text: catalogue.Text{
			EN: "The list changed subject and body, so DKIM and DMARC fail. Its ARC chain is valid: a receiver that trusts the list may let it in. Gmail no longer asks for ARC.",
			JA: "リストが件名と本文を変更したため DKIM と DMARC は fail です。ARC チェーンは有効なので、このリストを信頼する受信側は受け入れることがあります。Gmail はもう ARC を求めていません。",
		},
		from: "198.51.100.150", helo: "mail.lists.example", mailFrom: "kenkyu-bounces@lists.example", tls: true,
		compose: composeList,
	},
	{
		key:   "spoof",
		title: catalogue.Text{EN: "A spoof", JA: "なりすまし"},
		text: catalogue.Text{
			EN: "Somebody else sends as the healthy domain, from a host without a reverse name. Its p=reject does what it is there for.",
			JA: "逆引き名のないホストから、第三者が健全なドメインを名乗って送信しています。p=reject がまさにこれを防ぎます。",
		},
		from: "203.0.113.66", helo: "[203.0.113.66]", mailFrom: "info@hanako.example", tls: false,
		compose: composeSpoof,
	},
}

// mail builds a message from header lines and a body, with CRLF line ends.
func mail(body string, fields ...string) []byte {
	return []byte(strings.Join(fields, "\r\n") + "\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n"))
}

func date(t time.Time) string { return t.Format("Mon, 02 Jan 2006 15:04:05 -0700") }

func signed(raw []byte, os ...dkim.SignOptions) ([]byte, error) {
	for _, o := range os {
		o.Header, o.Body = wire.Relaxed, wire.Relaxed
		field, err := dkim.Sign(bytes.NewReader(raw), o)
		if err != nil {
			return nil, fmt.Errorf("signing for %s: %w", o.Domain, err)
		}
		raw = append(field, raw...)
	}
	return raw, nil
}

func signedShopMail(k keys, to string, now time.Time) ([]byte, error) {
	raw := mail(`山田様

ご注文ありがとうございます。商品は本日発送いたしました。
Thank you for your order. It was shipped today.

花子商店 https://hanako.example/
`,
		"From: =?UTF-8?B?6Iqx5a2Q5ZWG5bqX?= <info@hanako.example>",
		"To: <"+to+">",
		"Subject: =?UTF-8?B?55m66YCB44Gu44GK55+l44KJ44Gb?= / Your order has shipped",
		"Date: "+date(now),
		fmt.Sprintf("Message-ID: <%d.1@mail.hanako.example>", now.UnixNano()),
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=UTF-8",
		"Content-Transfer-Encoding: 8bit",
	)
	return signed(raw,
		dkim.SignOptions{Domain: "hanako.example", Selector: "ed2026", Key: k.shopEd, Timestamp: now},
		dkim.SignOptions{Domain: "hanako.example", Selector: "rsa2026", Key: k.shopRSA, Timestamp: now})
}

func composeSES(k keys, to string, now time.Time) ([]byte, error) {
	raw := mail(`Your receipt is attached to your account page.
Thank you for shopping with us.
`,
		"From: Web Shop <order@webshop.example>",
		"To: <"+to+">",
		"Subject: Your receipt",
		"Date: "+date(now),
		fmt.Sprintf("Message-ID: <0106018f3c2d7b1a-%d-000000@ap-northeast-1.amazonses.com>", now.UnixNano()),
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=UTF-8",
		"Content-Transfer-Encoding: 7bit",
		"Feedback-ID: 1.ap-northeast-1.Zk3s:AmazonSES",
	)
	return signed(raw, dkim.SignOptions{Domain: "amazonses.com", Selector: "ug7nbtf4gccmlpwj322ax3p6ow6yfsug", Key: k.amazon, Timestamp: now})
}

func composeRental(_ keys, to string, now time.Time) ([]byte, error) {
	return mail(`ご予約を承りました。
We have your reservation.
`,
		"Received: from localhost (localhost [127.0.0.1]) by www3030.rental.example (Postfix)",
		"\twith ESMTP id 4F1A2B3C; "+date(now.Add(-2*time.Second)),
		"From: Kissa Yoyaku <yoyaku@kissa.example>",
		"To: <"+to+">",
		"Subject: =?ISO-2022-JP?B?GyRCJDRNPUxzJE4zTkcnGyhC?=",
		"Date: "+date(now),
		fmt.Sprintf("Message-ID: <%d.kissa@www3030.rental.example>", now.UnixNano()),
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=UTF-8",
		"Content-Transfer-Encoding: 8bit",
	), nil
}

func composeForwarded(k keys, to string, now time.Time) ([]byte, error) {
	raw, err := signedShopMail(k, "yamada@alumni.univ.example", now.Add(-5*time.Second))
	if err != nil {
		return nil, err
	}
	added := "Received: from mail.hanako.example (mail.hanako.example [192.0.2.10])\r\n" +
		"\tby fwd.univ.example (Postfix) with ESMTPS id 7C0FFEE\r\n" +
		"\tfor <yamada@alumni.univ.example>; " + date(now.Add(-4*time.Second)) + "\r\n" +
		"X-Forwarded-To: " + to + "\r\n" +
		"X-Forwarded-For: yamada@alumni.univ.example " + to + "\r\n"
	return append([]byte(added), raw...), nil
}

// composeList does what a list does: it checks the mail that arrives, changes it, and seals what it saw.
func composeList(k keys, to string, now time.Time) ([]byte, error) {
	original, err := signed(mail(`The draft of the report is ready for review.
Please send comments by Friday.
`,
		"From: Keiko Mori <mori@keiri.example>",
		"To: <kenkyu@lists.example>",
		"Subject: Draft for review",
		"Date: "+date(now.Add(-time.Minute)),
		fmt.Sprintf("Message-ID: <%d.mori@mail.keiri.example>", now.UnixNano()),
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=UTF-8",
	), dkim.SignOptions{Domain: "keiri.example", Selector: "s1", Key: k.strict, Timestamp: now.Add(-time.Minute)})
	if err != nil {
		return nil, err
	}
	changed := bytes.Replace(original, []byte("Subject: Draft"), []byte("Subject: [kenkyu] Draft"), 1)
	changed = append(changed, "--\r\nkenkyu mailing list: https://lists.example/kenkyu\r\n"...)
	header := "Received: from mail.keiri.example (mail.keiri.example [192.0.2.60])\r\n" +
		"\tby mail.lists.example with ESMTPS id 1LIST1; " + date(now.Add(-30*time.Second)) + "\r\n" +
		"List-Id: <kenkyu.lists.example>\r\nList-Post: <mailto:kenkyu@lists.example>\r\n"
	changed = append([]byte(header), changed...)
	set, err := arc.Seal(message.Parse(changed), arc.SealOptions{
		Domain: "lists.example", Selector: "list", Key: k.list, AuthServID: "mail.lists.example",
		Results: "spf=pass smtp.mailfrom=mori@keiri.example; dkim=pass header.d=keiri.example header.s=s1; dmarc=pass header.from=keiri.example",
		Header:  wire.Relaxed, Body: wire.Relaxed, Timestamp: now, Chain: arc.Verdict{Result: arc.None},
	})
	if err != nil {
		return nil, fmt.Errorf("sealing for lists.example: %w", err)
	}
	_ = to // the list's To field names the list; the recipient is in the envelope alone
	return append(set, changed...), nil
}

func composeSpoof(_ keys, to string, now time.Time) ([]byte, error) {
	return mail(`Your account is locked. Confirm your card here: https://hanako.example.invalid/
`,
		"From: =?UTF-8?B?6Iqx5a2Q5ZWG5bqX?= <info@hanako.example>",
		"To: <"+to+">",
		"Subject: Urgent: your account",
		"Date: "+date(now),
		fmt.Sprintf("Message-ID: <%d@localhost.localdomain>", now.UnixNano()),
	), nil
}
