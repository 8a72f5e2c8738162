package dns_test

import (
	"context"
	"fmt"

	"github.com/todoku/todoku/dns"
)

// What would a receiver see if the record were published?
func ExampleOverlay() {
	today := dns.MustMemory(dns.Zone{
		"example.com": {"TXT v=spf1 +all", "MX 10 mx.example.com"},
	})
	record, err := dns.ParseRR(`example.com. 3600 IN TXT "v=spf1 mx -all"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	tomorrow := dns.Overlay(today, dns.WhatIf([]dns.Record{record})...)
	for _, r := range []dns.Resolver{today, tomorrow} {
		a := r.Resolve(context.Background(), dns.Question{Name: "example.com", Type: dns.TypeTXT})
		fmt.Println(a.Status, a.Records[0].Data)
	}
	// Output:
	// success v=spf1 +all
	// success v=spf1 mx -all
}

// Failure, absence of the name and absence of data are three things.
func ExampleStatus() {
	zone := dns.MustMemory(dns.Zone{
		"mail.example.com":   {"A 192.0.2.1"},
		"broken.example.com": {"SERVFAIL"},
	})
	for _, name := range []string{"mail.example.com", "example.com", "gone.example.com", "broken.example.com"} {
		a := zone.Resolve(context.Background(), dns.Question{Name: name, Type: dns.TypeA})
		fmt.Printf("%-20s %-9s void %-5v failed %v\n", name, a.Status, a.Status.Void(), a.Status.Failed())
	}
	// Output:
	// mail.example.com     success   void false failed false
	// example.com          no-data   void true  failed false
	// gone.example.com     nxdomain  void true  failed false
	// broken.example.com   servfail  void false failed true
}
