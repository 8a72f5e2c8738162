package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/pgtest"
)

// The same program on PostgreSQL: a message sent shows its report.
func TestServeOnPostgreSQL(t *testing.T) {
	zone := senderZone(t)
	n := start(t, "serve", "--database", pgtest.Start(t).Database(t), "--resolver", zone.Addr(),
		"--hostname", "mx.test.example", "--mail-domain", "inbox.test.example")
	token := n.newToken(t)
	to := token + "@inbox.test.example"
	if err := sendPlain(n.smtp, "me@sender.example", to, fmt.Sprintf(letter, to, 1)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, id := n.events(t, ctx, token, "verified")
	if v := n.verdict(t, id); v.SPF.Result != "pass" || v.DMARC.Result != "pass" {
		t.Errorf("spf %q, dmarc %q, want pass", v.SPF.Result, v.DMARC.Result)
	}
}
