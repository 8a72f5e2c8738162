package traffic

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

func isJapanese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) })
}

// TestSay: what is kept in English is said in Japanese, what stands within it too, and what strangers wrote stays as it is.
func TestSay(t *testing.T) {
	for en, want := range map[string]string{
		"there is no key for shop.example, the domain of From":                                                                                                   "From のドメイン shop.example の鍵がありません",
		`user "ann" may not write as <boss@shop.example>`:                                                                                                        "利用者「ann」は <boss@shop.example> を名乗れません",
		"no domain can answer for the message: mailboxes of different domains in From: a.example and b.example":                                                  "差出人のドメインが 1 つに定まりません: From に異なるドメイン a.example と b.example のアドレスがあります",
		"neither SPF nor DKIM speaks for shop.example, which asks to refuse such mail":                                                                           "SPF でも DKIM でも shop.example からのメールと確認できず、このドメインは拒否 (p=reject) を求めています",
		"neither SPF nor DKIM speaks for shop.example; its ARC chain passes, but does not cover From":                                                            "SPF でも DKIM でも shop.example からのメールと確認できません (ARC は pass ですが、その署名は From を対象にしていません)",
		"neither SPF nor DKIM speaks for shop.example; its ARC chain passes, but list.example, who sealed last, is not among the sealers that are believed here": "SPF でも DKIM でも shop.example からのメールと確認できません (ARC は pass ですが、最後にシールを付けた list.example は信頼する sealers に含まれていません)",
		"neither SPF nor DKIM speaks for shop.example; whether list.example, which is believed here, vouches for it is not known: the DNS did not answer":        "SPF でも DKIM でも shop.example からのメールと確認できません (DNS から応答を得られず、信頼する list.example を経由したメールかどうかを確認できません)",
		"whether shop.example vouches for it is not known: the DNS did not answer":                                                                               "DNS から応答を得られず、shop.example の DKIM 署名を検証できません",
		"neither SPF nor DKIM speaks for shop.example":                                                                                                           "SPF でも DKIM でも shop.example からのメールと確認できません",
		"Paced by the warm-up of 192.0.2.1: today's share for Gmail (Google) is used up; room is expected at 2026-11-27 00:00 UTC, try again then":               "192.0.2.1 のウォームアップの計画による一時的な拒否です。Gmail (Google) への今日の件数を使い切りました。空きができる見込みは 2026-11-27 00:00 (UTC) です。その後に再送してください",
		"Paced by the warm-up of 192.0.2.1: all other receivers asked for silence; room is expected at 2026-11-27 00:00 UTC, try again then":                     "192.0.2.1 のウォームアップの計画による一時的な拒否です。その他のメール事業者の制限により送信を止めています。再開の見込みは 2026-11-27 00:00 (UTC) です。その後に再送してください",
		"Paced by the warm-up of 192.0.2.1: the plan cannot be read now; try again in 10s":                                                                       "192.0.2.1 のウォームアップの計画による一時的な拒否です。計画を読み取れません。10s 後に再送してください",
		"whether the warm-up plan has room is not known: the plans cannot be asked now":                                                                          "ウォームアップの計画に空きがあるか確認できません: 計画を保存したデータベースに接続できません",
		"the message is forwarded without an ARC seal: there is no key for seal.example":                                                                         "ARC シールを付けずに転送しました: seal.example の鍵がありません",
		"d=a.example s=s1: dkim: the header is too long to sign":                                                                                                 "鍵 d=a.example s=s1 で署名できません: DKIM: ヘッダーが長すぎて署名できません",
		"an operator's own words": "an operator's own words",
		"":                        "",
		strings.Repeat("no domain can answer for the message: ", 100) + "x": "",
		"mailing list {i} {domain}":                                         "信頼するメーリングリスト {i} {domain} から届きました",
	} {
		got := Say(en, "ja")
		if want != "" && got != want {
			t.Errorf("%q:\n%s\nwant\n%s", en, got, want)
		}
		if Say(en, "en") != en {
			t.Errorf("%q changed in English", en)
		}
	}
}

// written are the strings in the source that messages keep: what is handed to problem, to a NotSigned and to a Reason, with x in the place
// of what is filled in.
func written(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		keep := func(e ast.Expr) {
			if s := value(e); strings.Trim(s, "x ") != "" {
				out[s] = set.Position(e.Pos()).String()
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "problem" && len(n.Args) == 2 {
					keep(n.Args[1])
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Text" {
					keep(n.Value)
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					f, ok := l.(*ast.SelectorExpr)
					if ok && (f.Sel.Name == "Reason" || f.Sel.Name == "reason") && len(n.Lhs) == len(n.Rhs) {
						keep(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	return out
}

var verb = regexp.MustCompile(`%[qsvd]`)

// value is a string as far as it stands in the source.
func value(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return value(e.X) + value(e.Y)
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return verb.ReplaceAllStringFunc(value(e.Args[0]), func(v string) string {
				if v == "%q" {
					return `"x"`
				}
				return "x"
			})
		}
	}
	return "x"
}

// TestNoneMissing: whatever the filter keeps of a message can be said in Japanese.
func TestNoneMissing(t *testing.T) {
	found := 0
	for _, dir := range []string{"filter", "serve"} {
		for s, at := range written(t, dir) {
			found++
			if !isJapanese(Say(s, "ja")) {
				t.Errorf("%s: %q is in English only: add it to sentences.go", at, s)
			}
		}
	}
	if found < 12 {
		t.Errorf("only %d sentences were found", found)
	}
	for _, s := range sentences {
		for _, m := range placeholder.FindAllStringSubmatch(regexp.QuoteMeta(s.en), -1) {
			if !strings.Contains(s.ja, "{"+m[1]+"}") {
				t.Errorf("%q: the Japanese lacks {%s}", s.en, m[1])
			}
		}
	}
}
