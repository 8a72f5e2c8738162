package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// domainProblem gives the problem of an error of the panel.
func domainProblem(ctx context.Context, err error) error {
	var bad *panel.Invalid
	var all *panel.Faults
	if text, ok := panel.WrongMaster(err); ok {
		return &Problem{Word: WrongMaster, cause: err, Text: text}
	}
	if text, ok := panel.KeyProblem(err); ok {
		return &Problem{Word: Invalid, Field: "id", Text: text}
	}
	switch {
	case errors.As(err, &all):
		return faultsOf(all)
	case errors.As(err, &bad):
		return &Problem{Word: Invalid, Field: bad.Field, Text: lineText(bad)}
	case errors.Is(err, panel.ErrForbidden):
		return forAdministrators()
	case errors.Is(err, store.ErrExists):
		return invalid("name", "This domain is there already.", "このドメインはすでに登録されています。")
	case errors.Is(err, store.ErrConflict), errors.Is(err, panel.ErrBusy):
		return &Problem{Word: Busy, RetryAfter: busyFor, cause: err}
	case errors.Is(err, keys.ErrNoMaster):
		return noPanel()
	case errors.Is(err, store.ErrNotFound):
		return &Problem{Word: NotFound, cause: err, Text: catalogue.Text{EN: "There is no such domain or key, or it is not yours.", JA: "そのドメインまたは鍵は存在しないか、権限がありません。"},
			Next: catalogue.Text{EN: "GET /api/v1/domains lists the domains that this token sees.", JA: "このトークンで参照できるドメインは、GET /api/v1/domains で一覧できます。"}}
	}
	return problemOf(ctx, err)
}

func forAdministrators() *Problem {
	return &Problem{Word: Forbidden, Text: catalogue.Text{EN: "This is for the administrators of the server.", JA: "サーバーの管理者だけが実行できます。"},
		Next: catalogue.Text{EN: "Ask one of them.", JA: "管理者に依頼してください。"}}
}

// noPanel: the server keeps no keys, and has no panel.
func noPanel() *Problem {
	return &Problem{Word: NotFound, Text: catalogue.Text{EN: "This server keeps no keys, and has no domains.", JA: "このサーバーは鍵を保管しておらず、送信ドメインの管理機能がありません。"},
		Next: catalogue.Text{EN: "Start it with --master-key-file.", JA: "--master-key-file を指定して起動してください。"}}
}

// lineText is what is wrong, with the line of the file where it is in one.
func lineText(bad *panel.Invalid) catalogue.Text {
	if bad.Line == 0 {
		return bad.Text
	}
	return catalogue.Text{EN: fmt.Sprintf("Line %d: %s", bad.Line, bad.Text.EN), JA: fmt.Sprintf("%d 行目: %s", bad.Line, bad.Text.JA)}
}

func faultsOf(all *panel.Faults) error {
	many := "lines of the file cannot be used; nothing was changed."
	if len(all.List)+all.More == 1 {
		many = "line of the file cannot be used; nothing was changed."
	}
	p := &Problem{Word: Invalid, Text: catalogue.Text{
		EN: fmt.Sprintf("%d %s", len(all.List)+all.More, many), JA: fmt.Sprintf("ファイルの %d 行に誤りがあります。何も変更していません。", len(all.List)+all.More),
	}}
	for _, bad := range all.List {
		p.Faults = append(p.Faults, Fault{Where: fmt.Sprintf("line %d %s", bad.Line, bad.Field), Text: lineText(bad)})
	}
	return p
}
