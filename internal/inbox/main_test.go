package inbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/todoku/todoku/internal/store"
)

// childDatabase, when set, makes the test binary a receiver on that database.
const childDatabase = "TODOKU_TEST_RECEIVER_DATABASE"

func TestMain(m *testing.M) {
	if database := os.Getenv(childDatabase); database != "" {
		if err := receiverProcess(database); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// receiverProcess serves until it is killed, and says first where and for whom.
func receiverProcess(database string) error {
	ctx := context.Background()
	st, err := store.Open(ctx, database)
	if err != nil {
		return err
	}
	box, err := st.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		return err
	}
	s, err := New(Config{Hostname: "mx.inbox.example", Domains: []string{"inbox.example"}, Store: st})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr(), box.Token)
	return s.Serve(ctx, l, time.Second)
}
