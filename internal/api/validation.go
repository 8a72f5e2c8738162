package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2/validation"
)

// What of ours stands where package huma has nothing to say, or what may hold what was sent.
const (
	notJSON = "this is not JSON"
	noBody  = "there is none"
)

// japanese are the messages of package huma that requests of ours can have, in Japanese. What stands for a verb of the one is put into the other.
var japanese = [][2]string{
	{notJSON, "JSON ではありません"},
	{noBody, "本文がありません"},
	{validation.MsgUnexpectedProperty, "使えないキーです"},
	{validation.MsgExpectedRequiredProperty, "キー %s が必要です"},
	{validation.MsgExpectedBoolean, "真偽値 (true、false) で指定してください"},
	{validation.MsgExpectedNumber, "数値で指定してください"},
	{validation.MsgExpectedInteger, "整数で指定してください"},
	{validation.MsgExpectedString, "文字列で指定してください"},
	{validation.MsgExpectedArray, "配列で指定してください"},
	{validation.MsgExpectedObject, "オブジェクトで指定してください"},
	{validation.MsgExpectedOneOf, "次のいずれかで指定してください: %s"},
	{validation.MsgExpectedMinimumNumber, "%s 以上の数値で指定してください"},
	{validation.MsgExpectedMaximumNumber, "%s 以下の数値で指定してください"},
	{validation.MsgExpectedMinLength, "%s 文字以上で指定してください"},
	{validation.MsgExpectedMaxLength, "%s 文字以内で指定してください"},
	{validation.MsgExpectedMinItems, "%s 個以上指定してください"},
	{validation.MsgExpectedMaxItems, "%s 個以内で指定してください"},
	{validation.MsgExpectedMatchPattern, "パターン %s に合う文字列で指定してください"},
	{validation.MsgExpectedRFC3339DateTime, "RFC 3339 形式の日時で指定してください"},
	{validation.MsgExpectedRFC3339Date, "2026-11-26 の形の日付で指定してください"},
	{"invalid value: %s", "値が正しくありません"},
	{"required path parameter is missing", "アドレスに必要な部分がありません"},
	{"required query parameter is missing", "必要なパラメーターがありません"},
	{"required header parameter is missing", "必要なヘッダーがありません"},
	{"invalid boolean", "真偽値 (true、false) で指定してください"},
	{"invalid integer", "整数で指定してください"},
	{"invalid float", "数値で指定してください"},
	{"invalid date/time for format %s", "日時を %s の形で指定してください"},
}

// inLanguage gives a message of package huma in a language; in English where there are no words for it.
func inLanguage(message, lang string) string {
	if lang != "ja" {
		return message
	}
	for _, m := range japanese {
		before, after, verb := strings.Cut(m[0], "%")
		if !verb {
			if message == m[0] {
				return m[1]
			}
			continue
		}
		value, ok := strings.CutPrefix(message, before)
		if value, end := strings.CutSuffix(value, after[1:]); ok && end { // behind the letter of the verb
			return strings.Replace(m[1], "%s", value, 1)
		}
	}
	return message
}
