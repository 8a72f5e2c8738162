package keys

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
)

func TestProblemsInJapanese(t *testing.T) {
	for en, want := range map[string]string{
		"the key signs, but not every name server shows its record": "署名に使っている鍵ですが、一部のネームサーバーでレコードを確認できません",
		"192.0.2.53:53 has 2 TXT records":                           "192.0.2.53:53 に TXT レコードが 2 個あります",
		"192.0.2.53:53 does not know the zone: REFUSED":             "192.0.2.53:53 がゾーンの情報を返しません: REFUSED",
		"publishing to shop.example: publish: 192.0.2.53:53 refused the update for shop.example: REFUSED: allow this key to change the zone": "shop.example に公開できません: 192.0.2.53:53 が拒否しました (REFUSED)。ゾーン名、プライマリサーバー、TSIG 鍵とそれに許可した更新を確認してください",
	} {
		if got, ok := Japanese(en); !ok || got != want {
			t.Errorf("%s: %q", en, got)
		}
	}
	if got, ok := Japanese("publish: it is refused"); ok || got != "publish: it is refused" {
		t.Errorf("words of others: %q", got)
	}
	if got := said.Japanese(unfit(errors.New("dkim: too small"))); !strings.HasPrefix(got, "鍵を作れません: 検証側が受け入れない鍵です") || strings.Contains(got, "too small") {
		t.Errorf("a key that verifiers do not take: %s", got)
	}
	d := &DNS{Resolver: dns.MustMemory(dns.Zone{})}
	o := d.Observe(context.Background(), "s1._domainkey.shop.example", "v=DKIM1; p=")
	if got, ok := Japanese(o.Detail); !ok || got != "s1._domainkey.shop.example のゾーンが見つかりません。NS レコードを確認できませんでした" {
		t.Errorf("a zone that is not there: %q says %q", o.Detail, got)
	}
}
