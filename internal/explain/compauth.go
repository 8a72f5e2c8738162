package explain

// Microsoft's composite authentication: compauth=RESULT reason=NNN. The families are
// those of learn.microsoft.com, "Anti-spam message headers in Microsoft 365", as of 2026.

// compauthReasons are the reasons that have a meaning of their own.
var compauthReasons = map[string]text{
	"000": {EN: "DMARC failed, and the domain's policy is quarantine or reject", JA: "DMARC が fail で、ドメインのポリシーが quarantine または reject です"},
	"001": {EN: "nothing passed that belongs to From, and the domain publishes no strict policy (no DMARC, or p=none; SPF missing or ~all)", JA: "From ドメインとして pass になったものがなく、ドメインが厳しいポリシーを公開していません (DMARC がないか p=none、SPF がないか ~all)"},
	"002": {EN: "the receiving organisation forbids this sender to use this domain", JA: "宛先の組織が、この送信者によるこのドメインの使用を禁止しています"},
	"010": {EN: "DMARC failed with quarantine or reject, and the From domain is one of the receiving organisation's own", JA: "DMARC が quarantine または reject で fail になり、From は宛先の組織自身のドメインです"},
	"501": {EN: "DMARC was not enforced: this is a genuine bounce", JA: "正当なバウンスメールのため、DMARC は適用されていません"},
	"502": {EN: "DMARC was not enforced: this is a genuine bounce of mail that the organisation sent", JA: "この組織が送信したメールの正当なバウンスメールのため、DMARC は適用されていません"},
	"601": {EN: "nothing passed, and the From domain is one of the receiving organisation's own", JA: "pass になったものがなく、From は宛先の組織自身のドメインです"},
}

// compauthFamilies are the meanings of the first digit.
var compauthFamilies = map[byte]text{
	'0': {EN: "authentication failed", JA: "認証に失敗しました"},
	'1': {EN: "authentication passed", JA: "認証は pass です"},
	'2': {EN: "Microsoft took the sender for genuine by other signs (soft pass)", JA: "Microsoft がほかの情報から正当な送信者と判断しました (soft pass)"},
	'3': {EN: "composite authentication was not checked", JA: "複合認証は確認されていません"},
	'4': {EN: "composite authentication was bypassed", JA: "複合認証は省略されました"},
	'5': {EN: "DMARC was not enforced", JA: "DMARC は適用されていません"},
	'6': {EN: "authentication failed for a domain of the receiving organisation's own (mail that pretends to come from within)", JA: "宛先の組織自身のドメインを名乗るメールで、認証に失敗しました"},
	'7': {EN: "DMARC was not enforced, because Microsoft knows this sending infrastructure from earlier genuine mail", JA: "過去の正当な送信実績があるため、DMARC は適用されていません"},
	'9': {EN: "composite authentication was bypassed", JA: "複合認証は省略されました"},
}

// compauthReason gives the meaning of a reason code, empty for what is none.
func compauthReason(code string) text {
	if t, ok := compauthReasons[code]; ok {
		return t
	}
	if len(code) == 3 {
		return compauthFamilies[code[0]]
	}
	return text{}
}
