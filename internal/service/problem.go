package service

import (
	"context"
	"errors"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/store"
)

// The words of problems. They are part of the contract and never change their meaning.
const (
	Invalid          = "invalid"
	Unauthorized     = "unauthorized"
	Forbidden        = "forbidden"
	CrossOrigin      = "cross-origin"
	WrongHost        = "wrong-host"
	NotFound         = "not-found"
	WrongMethod      = "method-not-allowed"
	NotAcceptable    = "not-acceptable"
	TooSlow          = "too-slow"
	NotYet           = "not-yet"
	Dropped          = "dropped"
	TooLarge         = "too-large"
	UnsupportedMedia = "unsupported-media-type"
	NothingToExplain = "nothing-to-explain"
	RateLimited      = "rate-limited"
	Busy             = "busy"
	StorageFull      = "storage-full"
	Unavailable      = "unavailable"
	WrongMaster      = "wrong-master-key"
	NoServer         = "no-server"
	Defect           = "defect"
)

// Titles say each word in one line.
var Titles = map[string]catalogue.Text{
	Invalid:          {EN: "The request cannot be used as it is", JA: "リクエストの内容に誤りがあります"},
	Unauthorized:     {EN: "A valid token is needed", JA: "有効なトークンが必要です"},
	Forbidden:        {EN: "The token may not be used for this", JA: "このトークンでは許可されていません"},
	CrossOrigin:      {EN: "Requests from pages of other sites are refused", JA: "ほかのサイトのページからのリクエストは受け付けません"},
	WrongHost:        {EN: "This program does not answer to that host name", JA: "このホスト名では応答しません"},
	NotFound:         {EN: "There is nothing here, or no longer", JA: "見つかりません (期限が切れた可能性もあります)"},
	WrongMethod:      {EN: "This address is used with another method", JA: "このアドレスでは使えないメソッドです"},
	NotAcceptable:    {EN: "The answer exists as JSON only", JA: "JSON 以外の形式では応答できません"},
	TooSlow:          {EN: "The request took too long to arrive", JA: "リクエストの受信に時間がかかりすぎました"},
	NotYet:           {EN: "The verdict is not there yet", JA: "判定はまだ終わっていません"},
	Dropped:          {EN: "The body of the message was removed", JA: "メールの本文は削除されました"},
	TooLarge:         {EN: "The request is too large", JA: "リクエストが大きすぎます"},
	UnsupportedMedia: {EN: "The content type is another one than this operation takes", JA: "この操作では受け付けないコンテンツタイプです"},
	NothingToExplain: {EN: "Nothing in the text can be explained", JA: "説明できる内容が見つかりません"},
	RateLimited:      {EN: "Too many requests", JA: "リクエストが多すぎます"},
	Busy:             {EN: "As much as may be is going on already", JA: "処理が混み合っています"},
	StorageFull:      {EN: "Nothing can be stored: the disk or the quota is full", JA: "ディスクまたは割り当て容量に空きがないため、保存できません"},
	Unavailable:      {EN: "The database does not answer", JA: "データベースが応答しません"},
	WrongMaster:      {EN: "The server has another master key than its DKIM keys", JA: "サーバーのマスター鍵が DKIM 鍵のものと異なります"},
	NoServer:         {EN: "This needs a running server", JA: "実行中のサーバーが必要です"},
	Defect:           {EN: "A defect of this program", JA: "プログラムの不具合です"},
}

// Advice says what to do next.
var Advice = map[string]catalogue.Text{
	Invalid:          {EN: "Correct what \"errors\" names and send it again.", JA: "「errors」に示された箇所を直して、もう一度送ってください。"},
	Unauthorized:     {EN: "Make a token with \"todoku token create\" (customers: on the page /tokens) and send it as \"Authorization: Bearer TOKEN\".", JA: "「todoku token create」(顧客は /tokens のページ) でトークンを作成し、「Authorization: Bearer TOKEN」として送ってください。"},
	Forbidden:        {EN: "Use a token with the scope that the operation names.", JA: "操作に必要なスコープを持つトークンを使ってください。"},
	CrossOrigin:      {EN: "Call the API from a program, not from a page of another site.", JA: "ほかのサイトのページからではなく、プログラムから呼び出してください。"},
	WrongHost:        {EN: "Use the address at which the program listens, or start it with --http-host.", JA: "待ち受けアドレスを使うか、--http-host を指定して起動してください。"},
	NotFound:         {EN: "Check the address. Test addresses and messages are deleted when their time is over.", JA: "アドレスを確認してください。テスト用アドレスとメールは期限が過ぎると削除されます。"},
	WrongMethod:      {EN: "See the list of operations at /api.", JA: "/api にある操作の一覧を参照してください。"},
	NotAcceptable:    {EN: "Ask for application/json.", JA: "application/json を要求してください。"},
	TooSlow:          {EN: "Send it again over a faster connection.", JA: "より速い回線でもう一度送ってください。"},
	NotYet:           {EN: "Ask again after the seconds of Retry-After.", JA: "Retry-After の秒数が過ぎてから、もう一度リクエストしてください。"},
	Dropped:          {EN: "The verdict that was given is kept; ask for it without what_if. Nothing can be judged anew without the body.", JA: "判定は残っています。what_if を付けずに取得してください。本文がないため再判定はできません。"},
	TooLarge:         {EN: "Send less: /api names the limit of each operation.", JA: "サイズを小さくしてください。各操作の上限は /api に記載されています。"},
	UnsupportedMedia: {EN: "Send the content type that /api/openapi.json names for the operation.", JA: "/api/openapi.json にある、その操作のコンテンツタイプで送ってください。"},
	NothingToExplain: {EN: "Send an SMTP reply, a bounce, a mail log line or a mail header.", JA: "SMTP 応答、バウンスメール、メールログ、メールヘッダーのいずれかを送ってください。"},
	RateLimited:      {EN: "Ask again after the seconds of Retry-After.", JA: "Retry-After の秒数が過ぎてから、もう一度リクエストしてください。"},
	Busy:             {EN: "Ask again after the seconds of Retry-After.", JA: "Retry-After の秒数が過ぎてから、もう一度リクエストしてください。"},
	StorageFull:      {EN: "Free space on the disk of the database, or shorten --retention.", JA: "データベースのディスクに空きを作るか、--retention を短くしてください。"},
	Unavailable:      {EN: "Try again in a moment.", JA: "しばらくしてから、もう一度お試しください。"},
	WrongMaster:      {EN: "Start the server with the master key that the keys were kept with: \"todoku keys status\" says which.", JA: "鍵の保管に使ったマスター鍵でサーバーを起動し直してください。「todoku keys status」で確認できます。"},
	NoServer:         {EN: "Start \"todoku serve\" and give its address with --server, and a token with --token-file where it needs one.", JA: "「todoku serve」を起動し、そのアドレスを --server で、必要ならトークンを --token-file で指定してください。"},
	Defect:           {EN: "Please report it; the log of the program says more.", JA: "不具合として報告してください。詳細はプログラムのログにあります。"},
}

// Problem is why a request could not be answered, for every door.
type Problem struct {
	// Word is one of those above.
	Word string
	// Text says more than the advice of the word, where there is more to say; Next is what to do in the place of that advice, empty for that.
	Text, Next catalogue.Text
	// Field is what of the request is wrong, "" for none.
	Field string
	// RetryAfter is when to ask again, zero where nobody knows.
	RetryAfter time.Duration
	// Faults are what is wrong where that is more than one thing.
	Faults []Fault
	cause  error
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Where string
	Text  catalogue.Text
}

// Error gives the English text.
func (p *Problem) Error() string { return p.Detail("en") }

// Unwrap gives what is behind it.
func (p *Problem) Unwrap() error { return p.cause }

// Detail says in a language what is wrong and what to do next.
func (p *Problem) Detail(lang string) string {
	text, advice := p.Text.In(lang), Advice[p.Word].In(lang)
	if p.Next.EN != "" {
		advice = p.Next.In(lang)
	}
	if p.Field != "" || text == "" {
		if text == "" {
			return advice
		}
		return text
	}
	if lang == "ja" { // no space stands behind 。
		return text + advice
	}
	return text + " " + advice
}

func invalid(field, en, ja string) *Problem {
	return &Problem{Word: Invalid, Field: field, Text: catalogue.Text{EN: en, JA: ja}}
}

// busyFor is when to ask again where the program is busy.
const busyFor = 10 * time.Second

// problemOf gives the problem of an error of the store.
func problemOf(ctx context.Context, err error) error {
	var p *Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.Is(err, store.ErrNotFound):
		return &Problem{Word: NotFound, cause: err}
	case errors.Is(err, store.ErrFull):
		return &Problem{Word: StorageFull, cause: err}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &Problem{Word: Unavailable, RetryAfter: busyFor, cause: err}
}

// targetProblem says why a text is no target.
func targetProblem(err error) *Problem {
	switch {
	case errors.Is(err, check.ErrEmpty):
		return invalid("target", "There is nothing to check: name a domain, host, IP address or mail address.", "対象が空です。ドメイン、ホスト名、IP アドレス、メールアドレスを指定してください。")
	case errors.Is(err, check.ErrRange):
		return invalid("target", "This is a range of addresses: name one address.", "IP アドレスの範囲です。IP アドレスを 1 つ指定してください。")
	case errors.Is(err, check.ErrOneLabel):
		return invalid("target", "There is no dot in it: name a full domain such as example.com.", "ドットがありません。example.com のような完全なドメイン名を指定してください。")
	}
	return invalid("target", "This is not a domain, host, IP address or mail address.", "ドメイン、ホスト名、IP アドレス、メールアドレスのいずれでもありません。")
}
