package takeover

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
)

// OpenDMARC takes a configuration of OpenDMARC over, best after that of OpenDKIM.
func OpenDMARC(conf []byte, read Files, host string, into *filter.Settings, report *Report) error {
	r, list, err := begin("OpenDMARC", openDMARC, conf, read, into, report, host)
	if err != nil {
		return err
	}
	if into.Policy == nil {
		into.Policy = &filter.Policy{Default: map[filter.Outcome]filter.Action{}}
	}
	c, _ := hosts([]string{"127.0.0.1"})
	into.Policy.Forwarders = c.Networks // IgnoreHosts
	r.run(openDMARC, list)
	return nil
}

// openDMARC are the settings of opendmarc.conf(5), 1.4.2.
var openDMARC = slices.Concat([]rule{
	{name: "AuthservID", apply: (*reading).authServID},
	{name: "Socket", apply: (*reading).socket},
	{name: "RejectFailures", apply: (*reading).rejectFailures},
	{name: "HoldQuarantinedMessages", apply: (*reading).hold},
	{name: "RejectMultiValueFrom", apply: (*reading).rejectAmbiguous},
	{name: "RequiredHeaders", apply: (*reading).requiredHeaders},
	{name: "IgnoreHosts", apply: (*reading).ignoreHosts},
	{name: "IgnoreMailFrom", apply: (*reading).ignoreMailFrom},
	{name: "IgnoreAuthenticatedClients", apply: (*reading).ignoreAuthenticated},
	{name: "DomainWhitelist", apply: (*reading).sealers}, {name: "DomainWhitelistFile", apply: (*reading).sealers},
	{name: "SPFSelfValidate", apply: (*reading).selfValidate},
	{name: "TrustedAuthservIDs", fate: Otherwise, why: "everything is checked here; no field of others is believed"},
	{name: "SPFIgnoreResults", fate: Needless, why: "SPF is always checked here"},
	{name: "DomainWhitelistSize", fate: Needless, why: "there is no such bound"},
	{name: "PublicSuffixList", fate: Needless, why: "RFC 9989 walks up the DNS tree; the list is compiled in for the RFC 7489 answer beside it"},
	{name: "DNSTimeout", apply: (*reading).dnsTimeout},
	{name: "RejectString", fate: Otherwise, why: "the reply says which check failed, with 5.7.26"},
	{name: "BaseDirectory"},
}, only(Needless, "about the process that is replaced",
	"AutoRestart", "AutoRestartCount", "AutoRestartRate", "Background", "ChangeRootDirectory", "EnableCoredumps", "MilterDebug", "PidFile", "Syslog", "SyslogFacility", "UMask", "UserID"),
	only(NotDone, "", "AuthservIDWithJobID", "CopyFailuresTo", "FailureReports", "FailureReportsBcc", "FailureReportsOnNone", "FailureReportsSentBy", "HistoryFile",
		"IgnoreMailTo", "RecordAllMessages", "ReportCommand", "SoftwareHeader"))

func (r *reading) rejectFailures(v string) (Fate, string) {
	if !keys.Yes(v) {
		return Done, ""
	}
	d := r.into.Policy.Default
	d[filter.DMARCReject], d[filter.Temporary] = filter.Reject, filter.Defer
	return Done, "pct= is not counted: RFC 9989 has removed it"
}

func (r *reading) hold(v string) (Fate, string) {
	if keys.Yes(v) {
		r.into.Policy.Default[filter.DMARCQuarantine] = filter.Hold
	}
	return Done, ""
}

func (r *reading) rejectAmbiguous(v string) (Fate, string) {
	if !keys.Yes(v) {
		return Otherwise, "mail whose From names several domains gets dmarc=permerror in place of no result"
	}
	r.into.Policy.Default[filter.Ambiguous] = filter.Reject
	return Done, ""
}

func (r *reading) requiredHeaders(v string) (Fate, string) {
	if !keys.Yes(v) {
		return Done, ""
	}
	r.into.Policy.Default[filter.Ambiguous] = filter.Reject
	return Otherwise, "mail without one clear author is refused; other fields are not counted"
}

func (r *reading) ignoreHosts(v string) (Fate, string) {
	if kind, _, typed := strings.Cut(v, ":"); !typed && !strings.HasPrefix(kind, "/") {
		v = "file:" + v // it is always a file
	}
	c, err := r.clients("IgnoreHosts", v)
	if err != nil {
		return NotDone, err.Error()
	}
	for _, n := range c.Names {
		r.note("IgnoreHosts: %s is a name: write its addresses", n)
	}
	r.into.Policy.Forwarders = c.Networks
	return Otherwise, "their mail is checked, and what fails DMARC is not held against it"
}

func (r *reading) ignoreMailFrom(v string) (Fate, string) {
	list, err := r.entries(v)
	if err != nil {
		return NotDone, err.Error()
	}
	r.into.Policy.Rules = append(r.into.Policy.Rules, filter.Rule{From: list, Action: filter.Accept, Reason: "IgnoreMailFrom"})
	return Otherwise, "it is checked, and always accepted"
}

func (r *reading) ignoreAuthenticated(v string) (Fate, string) {
	if keys.Yes(v) {
		return Done, ""
	}
	return Otherwise, "mail of users who authenticated is signed, never checked"
}

func (r *reading) sealers(v string) (Fate, string) {
	if r.values["domainwhitelistfile"] == v && !strings.HasPrefix(v, "/") {
		v = "file:" + v
	}
	list, err := r.entries(v)
	if err != nil {
		return NotDone, err.Error()
	}
	r.into.Policy.Sealers = append(r.into.Policy.Sealers, list...)
	return Otherwise, "the newest seal must be theirs, the whole chain pass, and their own results say dmarc=pass"
}

func (r *reading) selfValidate(v string) (Fate, string) {
	if keys.Yes(v) {
		return Done, ""
	}
	return Otherwise, "SPF is always checked here"
}
