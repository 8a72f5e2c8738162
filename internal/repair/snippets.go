package repair

import (
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// snippet is a configuration text for a program; {domain} and {host} stand for those
// of a finding.
type snippet struct{ program, text string }

// The settings that cure what no DNS record can, by what they do. Each is the shortest
// that works on a current version.
var (
	outgoingTLS = []snippet{
		{"Postfix main.cf", "smtp_tls_security_level = may\nsmtp_tls_loglevel = 1\n"},
		{"Exim, remote_smtp transport", "# Exim uses STARTTLS where it is offered. Remove what switches it off:\n#   hosts_avoid_tls = ...\ntls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2\n"},
		{"Sendmail sendmail.mc", "define(`confCACERT_PATH', `/etc/ssl/certs')dnl\ndefine(`confCLIENT_CERT', `/etc/mail/tls/client.crt')dnl\ndefine(`confCLIENT_KEY', `/etc/mail/tls/client.key')dnl\n"},
	}
	signing = []snippet{
		{"opendkim.conf", "Domain {domain}\nSelector s1\nKeyFile /etc/dkimkeys/s1.private\nCanonicalization relaxed/relaxed\nOversignHeaders From\nMode sv\nSocket inet:8891@127.0.0.1\n"},
		{"Postfix main.cf", "smtpd_milters = inet:127.0.0.1:8891\nnon_smtpd_milters = $smtpd_milters\nmilter_default_action = accept\n"},
		{"rspamd local.d/dkim_signing.conf", "domain {\n  {domain} {\n    selector = \"s1\";\n    path = \"/var/lib/rspamd/dkim/{domain}.s1.key\";\n  }\n}\n"},
		{"Exim, remote_smtp transport", "dkim_domain = {domain}\ndkim_selector = s1\ndkim_private_key = /etc/exim4/dkim/{domain}.s1.key\ndkim_canon = relaxed\n"},
		{"Sendmail sendmail.mc", "INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@127.0.0.1')dnl\n"},
		{"todoku", "todoku dkim keygen --domain {domain} --selector s1 --out s1.private\n"},
	}
	helo = []snippet{
		{"Postfix main.cf", "myhostname = {host}\nsmtp_helo_name = $myhostname\n"},
		{"Exim", "primary_hostname = {host}\n"},
		{"Sendmail sendmail.mc", "define(`confDOMAIN_NAME', `{host}')dnl\n"},
	}
	sesIdentity = []snippet{
		{"AWS CLI, Amazon SES", "aws sesv2 create-email-identity --email-identity {domain} --dkim-signing-attributes NextSigningKeyLength=RSA_2048_BIT\n" +
			"aws sesv2 get-email-identity --email-identity {domain} --query DkimAttributes.Tokens\n" +
			"aws sesv2 put-email-identity-mail-from-attributes --email-identity {domain} --mail-from-domain bounce.{domain} --behavior-on-mx-failure USE_DEFAULT_VALUE\n"},
	}
	missingFields = []snippet{
		{"Postfix main.cf", "always_add_missing_headers = yes\nlocal_header_rewrite_clients = permit_mynetworks, permit_sasl_authenticated\n"},
		{"Exim, RCPT ACL", "warn\n  authenticated = *\n  control = submission\n"},
	}
	bareLineEnds = []snippet{
		{"Postfix main.cf", "smtpd_forbid_bare_newline = normalize\n"},
	}
	forwarding = []snippet{
		{"Postfix main.cf, with PostSRSd", "sender_canonical_maps = tcp:127.0.0.1:10001\nsender_canonical_classes = envelope_sender\nrecipient_canonical_maps = tcp:127.0.0.1:10002\nrecipient_canonical_classes = envelope_recipient, header_recipient\n"},
	}
	listFields = []snippet{
		{"message header", "List-Unsubscribe: <https://{domain}/unsubscribe/TOKEN>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"},
		{"opendkim.conf", "SignHeaders *,+list-unsubscribe,+list-unsubscribe-post\n"},
		{"rspamd local.d/dkim_signing.conf", "sign_headers = \"(o)from:(o)sender:(o)reply-to:(o)subject:(o)date:(o)message-id:(o)to:(o)cc:(o)mime-version:(o)content-type:list-unsubscribe:list-unsubscribe-post\";\n"},
	}
)

// snippetsFor gives the settings that cure a finding.
var snippetsFor = map[string][]snippet{
	"tls.none": outgoingTLS, "tls.old-version": outgoingTLS,
	"dkim.none": signing, "dkim.none-published": signing, "dkim.key-missing": signing, "dmarc.spf-only": signing,
	"dmarc.fail-ses-default": sesIdentity, "service.ses-unaligned": sesIdentity,
	"ptr.missing": helo, "ptr.unconfirmed": helo,
	"message.missing-message-id": missingFields, "message.missing-field": missingFields,
	"message.bare-lf": bareLineEnds, "message.bare-cr": bareLineEnds,
	"spf.fail": forwarding, "spf.softfail": forwarding,
	"list.one-click-missing": listFields, "list.one-click-incomplete": listFields, "list.one-click-unsigned": listFields, "list.unsubscribe-missing": listFields,
}

// Configure adds to each finding the settings that cure it. domain is the author
// domain. Names that are no plain host names leave the placeholder standing: nothing
// that someone else wrote gets into a configuration file.
func Configure(fs []catalogue.Finding, domain string) {
	for i := range fs {
		f := &fs[i]
		if f.Status == catalogue.Pass {
			continue
		}
		for _, s := range snippetsFor[f.ID] {
			f.Snippets = append(f.Snippets, catalogue.Snippet{For: s.program, Text: strings.NewReplacer(
				"{domain}", plain(domain, "example.com"), "{host}", plain(hostOf(f, domain), "mail.example.com"),
			).Replace(s.text)})
		}
	}
}

// hostOf is the host name that a repair of reverse DNS leads to.
func hostOf(f *catalogue.Finding, domain string) string {
	for _, c := range f.DNS {
		if c.Type == dns.TypePTR && len(c.Data) == 1 {
			return dns.CanonicalName(c.Data[0])
		}
	}
	if name := f.Args["name"]; f.ID == "ptr.missing" && name != "" {
		return name
	}
	if domain == "" {
		return ""
	}
	return "mail." + domain
}

// plain gives a name, or other where it is not made of letters, digits, dots and hyphens.
func plain(name, other string) string {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return other
	}
	return name
}
