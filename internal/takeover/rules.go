package takeover

import (
	"slices"

	"github.com/todoku/todoku/internal/said"
)

// t is a sentence in both languages.
func t(en, ja string) said.Text { return said.Text{EN: en, JA: ja} }

func only(fate Fate, why said.Text, names ...string) (out []rule) {
	for _, n := range names {
		out = append(out, rule{name: n, fate: fate, why: why})
	}
	return out
}

var (
	whySocket   = t("--socket-mode and --socket-group say who may connect to a socket that is a file (0660, the group of the process)", "ファイルのソケットに接続できる範囲は --socket-mode と --socket-group で指定します (既定は 0660、プロセスのグループ)")
	whyProcess  = t("about the process that is replaced", "置き換えられるプロセス自体の設定です")
	whyResolver = t("--resolver names the resolver", "リゾルバーは --resolver で指定します")
	whyLua      = t("Lua scripts are not run; what becomes of which outcome is said by the table in --policy", "Lua スクリプトは実行しません。結果ごとの扱いは --policy の表で指定します")
	whyLength   = t("signatures never get l=: with it anybody could append to the mail (RFC 6376 section 8.2); nothing to do", "署名に l= は付けません。付けると誰でも本文に追記できるためです (RFC 6376 section 8.2)。対応は不要です")
	whyReports  = t("no reports on single signatures are sent (RFC 6651; nobody asks for them): take it out", "個々の署名に関するレポートは送りません (RFC 6651。求める送信者はいません)。設定を削除してください")
	whyStats    = t("no file of statistics is written: `todoku serve` keeps events and gives metrics", "統計ファイルは書きません。`todoku serve` が処理結果を記録し、メトリクスとして提供します")
	whyVBR      = t("VBR (RFC 5518) is not done: nobody certifies by it any more; take it out", "VBR (RFC 5518) には対応しません。認証する事業者がもうないためです。設定を削除してください")
	whyJobID    = t("the authserv-id is the name alone; the queue ID is in the log", "authserv-id は名前だけです。キュー ID はログに記録します")
	whySoftware = t("no field that names the software and its version is added", "ソフトウェア名とバージョンを示すヘッダーは付けません")
	whyReplace  = t("fields are signed as the filter gets them: have the mail server rewrite them before (in Postfix on the way in, not in smtp_generic_maps)", "フィルターに渡されたとおりのヘッダーに署名します。書き換えはその前に行ってください (Postfix では smtp_generic_maps ではなく受信時に)")
	whyResign   = t("Debian's OpenDKIM does not have it either; for mail that is passed on there is ARC: --seal-domain", "Debian の OpenDKIM にもない機能です。転送するメールには ARC を使ってください (--seal-domain)")
	whyNotBuilt = t("Debian's OpenDKIM does not have it either", "Debian の OpenDKIM にもない機能です")
	whyStrict   = t("mail without one clear author is what the table in --policy calls ambiguous-from; other fields are not counted", "差出人を一つに定められないメールの扱いは、--policy の表の ambiguous-from で指定します。ほかのヘッダーの数は数えません")
)

// openDKIM are the settings of opendkim.conf(5), 2.11. Where a rule has none, the fate is Done.
var openDKIM = slices.Concat([]rule{
	{name: "Mode", apply: (*reading).mode},
	{name: "Socket", apply: (*reading).socket},
	{name: "AuthservID", apply: (*reading).authServID},
	{name: "Canonicalization", apply: (*reading).canonicalization},
	{name: "SignatureAlgorithm", apply: (*reading).algorithm},
	{name: "SignatureTTL", apply: (*reading).ttl},
	{name: "SignHeaders", apply: (*reading).signHeaders},
	{name: "OmitHeaders", apply: (*reading).omitHeaders},
	{name: "OversignHeaders", apply: (*reading).oversignHeaders},
	{name: "SenderHeaders", apply: (*reading).senderHeaders},
	{name: "InternalHosts", apply: (*reading).internalHosts},
	{name: "PeerList", apply: (*reading).peers},
	{name: "ExemptDomains", apply: (*reading).exemptDomains},
	{name: "DontSignMailTo", apply: (*reading).dontSignMailTo},
	{name: "MTA", apply: (*reading).mta},
	{name: "MacroList", apply: (*reading).macroList},
	{name: "RemoveARFrom", apply: (*reading).removeARFrom},
	{name: "MinimumKeyBits", apply: (*reading).minimumKeyBits},
	{name: "MustBeSigned", apply: (*reading).mustBeSigned},
	{name: "ClockDrift", apply: (*reading).clockDrift},
	{name: "Minimum", apply: (*reading).minimum},
	{name: "DNSTimeout", apply: (*reading).dnsTimeout},
	{name: "RequiredHeaders", apply: (*reading).requiredHeaders},
	{name: "On-Default", apply: (*reading).onDNSError},
	{name: "On-DNSError", apply: (*reading).onDNSError},
	{name: "KeyTable"}, {name: "SigningTable"}, {name: "Domain"}, {name: "Selector"}, {name: "KeyFile"}, {name: "SubDomains"}, {name: "MultipleSignatures"},
	{name: "BaseDirectory"}, {name: "Include"}, {name: "AlwaysAddARHeader", apply: alwaysAdd}, {name: "RemoveARAll"},
	{name: "On-BadSignature", apply: onBad}, {name: "On-KeyNotFound", apply: onBad}, {name: "On-NoSignature", apply: onBad},
	{name: "On-InternalError", apply: onBad}, {name: "On-Security", apply: onBad}, {name: "Quarantine", apply: quarantine},
	{name: "On-SignatureError", fate: Otherwise, why: t("--unsigned says what becomes of mail that cannot be signed", "署名できないメールの扱いは --unsigned で指定します")},
	{name: "RequireSafeKeys", fate: Otherwise, why: t("keys that everybody can read are a matter of the file system here: check their mode", "誰でも読める鍵はファイルシステムの問題として扱います。ファイルのモードを確認してください")},
	{name: "ExternalIgnoreList", fate: Needless, why: t("mail of strangers that uses your domains is checked, and no line is logged for it alone", "外部から自分のドメインを名乗るメールも検証し、そのためだけのログは出しません")},
	{name: "AllowSHA1Only", fate: Needless, why: t("SHA-256 is always there", "SHA-256 は常に使えます")},
	{name: "MaximumSignaturesToVerify", fate: Otherwise, why: t("ten are looked at", "10 個まで検証します")},
	{name: "MaximumHeaders", fate: Otherwise, why: t("what the mail server hands over is bounded: 1 MiB", "メールサーバーから受け取る量には上限があります (1 MiB)")},
	{name: "MaximumSignedBytes", fate: Otherwise, why: whyLength}, {name: "BodyLengthDB", fate: Otherwise, why: whyLength},
	{name: "BogusKey", fate: Otherwise, why: t("a resolver that validates gives no forged key: the result is temperror. Name one that does in --resolver", "DNSSEC を検証するリゾルバーは偽の鍵を返さず、結果は temperror になります。検証するリゾルバーを --resolver で指定してください")},
	{name: "UnprotectedKey", fate: Otherwise, why: t("a key counts with DNSSEC and without", "鍵は DNSSEC の有無にかかわらず有効です")},
	{name: "CaptureUnknownErrors", fate: Otherwise, why: t("milter_default_action of the mail server says what becomes of mail while the filter fails", "フィルターの障害時の扱いは、メールサーバーの milter_default_action で指定します")},
	{name: "Diagnostics", fate: Otherwise, why: t("signatures get no z=, which no verifier needs and which shows everybody the header as it was", "署名に z= は付けません。検証に不要で、元のヘッダーを誰にでも見せることになるためです")},
	{name: "DiagnosticDirectory", fate: Otherwise, why: t("`todoku verify FILE` says which change broke a signature", "署名を壊した変更は `todoku verify FILE` で調べられます")},
	{name: "DomainKeysCompat", fate: Otherwise, why: t("DomainKeys is historic (RFC 4870): its keys count where DKIM can read them", "DomainKeys は廃止されています (RFC 4870)。DKIM として読める鍵だけが有効です")},
	{name: "FixCRLF", fate: Otherwise, why: t("bare CR and LF are signed and verified as they are", "単独の CR と LF は、そのまま署名、検証します")},
	{name: "KeepAuthResults", fate: Otherwise, why: t("fields that claim to be ours are always removed", "このサーバーを名乗る Authentication-Results は常に取り除きます")},
	{name: "NoHeaderB", fate: Otherwise, why: t("header.b is always given, where a signature has one", "header.b は常に付けます")},
	{name: "RemoveOldSignatures", fate: Otherwise, why: t("signatures that are there stay: each verifies or does not by itself", "すでにある署名は残します。署名はそれぞれ独立に検証されます")},
	{name: "RequestReports", fate: Otherwise, why: t("signatures get no r=y: DMARC reports tell as much (rua=)", "署名に r=y は付けません。同じことは DMARC レポート (rua=) でわかります")},
	{name: "SelectCanonicalizationHeader", fate: Otherwise, why: t("no field of a message changes how it is signed: set Canonicalization", "メールのヘッダーで署名の方法は変わりません。Canonicalization で指定してください")},
	{name: "SenderMacro", fate: Otherwise, why: t("keys are chosen by From, which is what DMARC compares", "鍵は DMARC が照合する From で選びます")},
	{name: "StrictHeaders", fate: Otherwise, why: whyStrict}, {name: "IgnoreMalformedMail", fate: Otherwise, why: whyStrict},
	{name: "WeakSyntaxChecks", fate: Otherwise, why: t("signatures are verified whatever From looks like; DMARC needs one author", "From がどうであれ署名は検証します。DMARC には一つの差出人が必要です")},
	{name: "TrustSignaturesFrom", fate: Otherwise, why: t("every signature is reported; for DMARC only those of the domain of From count", "すべての署名の結果を示します。DMARC では From のドメインの署名だけが有効です")},
	{name: "RedirectFailuresTo", fate: NotDone, why: t("mail is not sent to others than its recipients: let --policy quarantine or hold it", "宛先以外には送りません。--policy で quarantine か hold にしてください")},
	{name: "ReplaceHeaders", fate: NotDone, why: whyReplace}, {name: "ReplaceRules", fate: NotDone, why: whyReplace},
	{name: "POPDBFile", fate: NotDone, why: t("Debian's OpenDKIM does not have it either: have users authenticate", "Debian の OpenDKIM にもない機能です。利用者の認証には SMTP AUTH を使ってください")},
}, only(Needless, whyProcess,
	"AutoRestart", "AutoRestartCount", "AutoRestartRate", "Background", "ChangeRootDirectory", "DisableCryptoInit", "EnableCoredumps", "KeepTemporaryFiles",
	"LogResults", "LogWhy", "MilterDebug", "PidFile", "SoftStart", "Syslog", "SyslogFacility", "SyslogName", "SyslogSuccess", "TemporaryDirectory", "UserID",
	"LDAPAuthMechanism", "LDAPAuthName", "LDAPAuthRealm", "LDAPAuthUser", "LDAPBindPassword", "LDAPBindUser", "LDAPDisableCache", "LDAPKeepaliveIdle",
	"LDAPKeepaliveInterval", "LDAPKeepaliveProbes", "LDAPTimeout", "LDAPUseTLS", "StrictTestMode"),
	only(Otherwise, whySocket, "UMask"),
	only(Otherwise, whyResolver, "Nameservers", "ResolverConfiguration", "ResolverTracing", "DNSConnect", "QueryCache", "TestDNSData", "TestPublicKeys", "TrustAnchorFile"),
	only(Otherwise, whyJobID, "AuthservIDWithJobID"), only(Otherwise, whySoftware, "SoftwareHeader"),
	only(Otherwise, whyStats, "Statistics", "StatisticsName", "StatisticsPrefix"), only(NotDone, whyResign, "ResignAll", "ResignMailTo"),
	only(NotDone, whyNotBuilt, "IdentityHeader", "IdentityHeaderRemove"),
	only(NotDone, whyLua, "FinalPolicyScript", "ScreenPolicyScript", "SetupPolicyScript", "StatisticsPolicyScript"),
	only(NotDone, whyReports, "MTACommand", "ReportAddress", "ReportBccAddress", "SendReports", "SMTPURI"),
	only(NotDone, whyVBR, "VBR-Certifiers", "VBR-PurgeFields", "VBR-TrustedCertifiers", "VBR-TrustedCertifiersOnly", "VBR-Type"))

var (
	whyHistory = t("no history file is written; `todoku serve` keeps the verdict on each message, but sends no aggregate reports of them", "履歴ファイルは書きません。`todoku serve` がメールごとの判定を記録しますが、集約レポートは送りません")
	whyFailure = t("failure reports are not sent: they carry other people's mail, and hardly anybody sends them any more", "失敗レポートは送りません。他人のメールを含み、送る事業者もほとんどなくなったためです")
)

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
	{name: "TrustedAuthservIDs", fate: Otherwise, why: t("everything is checked here; no field of others is believed", "すべてここで検証し、ほかのサーバーの結果は信用しません")},
	{name: "SPFIgnoreResults", fate: Needless, why: t("SPF is always checked here", "SPF は常にここで検証します")},
	{name: "DomainWhitelistSize", fate: Needless, why: t("there is no such bound", "そのような上限はありません")},
	{name: "PublicSuffixList", fate: Needless, why: t("RFC 9989 walks up the DNS tree; the list is compiled in for the RFC 7489 answer beside it", "RFC 9989 では DNS の木をたどります。RFC 7489 による結果に使うリストは組み込み済みです")},
	{name: "DNSTimeout", apply: (*reading).dnsTimeout},
	{name: "RejectString", fate: Otherwise, why: t("the reply says which check failed, with 5.7.26", "応答で、どの検証に失敗したかを 5.7.26 とともに示します")},
	{name: "BaseDirectory"},
	{name: "CopyFailuresTo", fate: NotDone, why: t("mail gets no recipients that its sender did not name: let --policy quarantine or hold what fails", "送信者が指定していない宛先は加えません。失敗したメールは --policy で quarantine か hold にしてください")},
}, only(Needless, whyProcess,
	"AutoRestart", "AutoRestartCount", "AutoRestartRate", "Background", "ChangeRootDirectory", "EnableCoredumps", "MilterDebug", "PidFile", "Syslog", "SyslogFacility", "UserID"),
	only(Otherwise, whySocket, "UMask"), only(Otherwise, whyJobID, "AuthservIDWithJobID"), only(Otherwise, whySoftware, "SoftwareHeader"),
	only(NotDone, whyHistory, "HistoryFile", "IgnoreMailTo", "RecordAllMessages"),
	only(NotDone, whyFailure, "FailureReports", "FailureReportsBcc", "FailureReportsOnNone", "FailureReportsSentBy", "ReportCommand"))
