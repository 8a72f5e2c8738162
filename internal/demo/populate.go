package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/todoku/todoku/internal/serve"
	"github.com/todoku/todoku/internal/store"
)

// populate makes the zones and sends every story, one after the other.
func populate(ctx context.Context, n *serve.Node, zone *privateDNS, tale *teller) error {
	k, err := makeKeys()
	if err != nil {
		return err
	}
	mem, err := zones(k)
	if err != nil {
		return err
	}
	zone.set(mem)
	for _, s := range sampleStories {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := tell(ctx, n, k, s, tale); err != nil {
			return fmt.Errorf("%s: %w", s.key, err)
		}
	}
	return tale.settle(ctx, n.Store)
}

// tell sends one story to an address of its own and notes the report it became.
func tell(ctx context.Context, n *serve.Node, k keys, s story, tale *teller) error {
	now := time.Now()
	box, err := n.Store.NewMailbox(ctx, store.Mailbox{Created: now, Expires: now.Add(365 * 24 * time.Hour), Lang: "en"})
	if err != nil {
		return err
	}
	to := box.Token + "@" + mailDomain
	raw, err := s.compose(k, to, now.Truncate(time.Second))
	if err != nil {
		return err
	}
	if err := send(ctx, n.SMTP.String(), s, to, raw); err != nil {
		return err
	}
	ms, err := n.Store.MessagesFor(ctx, box.Token, 1)
	if err != nil {
		return err
	}
	if len(ms) == 0 {
		return errors.New("the message was accepted but is not in the store")
	}
	tale.told(s.key, ms[0].ID)
	return nil
}

// send plays the story's host: its address is told by the PROXY protocol, which
// the demo's receiver trusts from loopback alone.
func send(ctx context.Context, addr string, s story, to string, raw []byte) error {
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	family := "TCP4"
	us := "192.0.2.1"
	if netip.MustParseAddr(s.from).Is6() {
		family, us = "TCP6", "2001:db8::1"
	}
	if _, err := fmt.Fprintf(conn, "PROXY %s %s %s 40000 25\r\n", family, s.from, us); err != nil {
		return err
	}
	c, err := greet(conn, s)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Mail(s.mailFrom, nil); err != nil {
		return err
	}
	if err := c.Rcpt(to, nil); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := bytes.NewReader(raw).WriteTo(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

// greet says EHLO, over STARTTLS where the story has it. Like most senders it
// does not verify the receiver's certificate: opportunistic TLS, RFC 7435.
func greet(conn net.Conn, s story) (*smtp.Client, error) {
	if !s.tls {
		c := smtp.NewClient(conn)
		return c, c.Hello(s.helo)
	}
	c, err := smtp.NewClientStartTLS(conn, &tls.Config{ServerName: hostname, InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	return c, c.Hello(s.helo)
}
