package inspect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/survey"
)

// dmarcReports judges where the reports go.
func (j *judgement) dmarcReports(h *dmarcHolder) {
	if len(h.valid) != 1 {
		return
	}
	if len(h.valid[0].RUA) == 0 {
		if h.change == nil { // a record that is mended may have an address then
			j.add("dmarc.no-reports", h.domain, args{"record_domain": h.domain}, h.valid[0].Raw)
		}
		return
	}
	if n := len(h.valid[0].RUA); n > 2 {
		j.add("dmarc.many-report-addresses", h.domain, args{"record_domain": h.domain, "count": strconv.Itoa(n)}, h.valid[0].Raw)
	}
	for _, r := range j.DMARC.Reports {
		a := args{"record_domain": h.domain, "uri": r.URI, "host": r.Host, "permission": r.PermissionName}
		j.reportPermission(r, a)
		switch {
		case r.MX.Status.Failed() && r.MX.Status != dns.Unknown, r.Address.Status.Failed() && r.Address.Status != dns.Unknown:
			j.add("dmarc.report-unknown", r.Host, a, r.URI)
		case r.MX.Status.Void() && r.Address.Status.Void(), nullMX(r.MX):
			j.add("dmarc.report-no-mailbox", r.Host, a, r.URI)
		}
	}
}

func nullMX(a dns.Answer) bool {
	return len(a.Records) == 1 && strings.Trim(a.Records[0].Data, ".") == ""
}

// permits reports a TXT record that is a DMARC record, whatever else it says.
func permits(r dns.Record) bool {
	_, ok := dmarc.Parse(r.Data)
	return ok
}

// reportPermission judges whether a stranger's host agreed (RFC 9990 section 4).
func (j *judgement) reportPermission(r survey.Report, a args) {
	if !r.External || r.PermissionName == "" {
		return
	}
	switch {
	case r.Permission.Status.Failed():
		j.add("dmarc.report-unknown", r.Host, a, r.PermissionName+" TXT: "+r.Permission.Status.String())
	case !slices.ContainsFunc(r.Permission.Records, permits):
		f := j.add("dmarc.report-unauthorised", r.Host, a, r.URI, r.PermissionName+" TXT: "+r.Permission.Status.String())
		f.DNS = []dns.Change{{Action: dns.Add, Name: r.PermissionName + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1"}}}
	}
}
