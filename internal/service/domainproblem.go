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
	if text, ok := panel.KeyProblem(err); ok {
		return &Problem{Word: Invalid, Field: "id", Text: text}
	}
	switch {
	case errors.As(err, &all):
		return faultsOf(all)
	case errors.As(err, &bad):
		return &Problem{Word: Invalid, Field: bad.Field, Text: lineText(bad)}
	case errors.Is(err, panel.ErrForbidden):
		return &Problem{Word: Forbidden, Text: catalogue.Text{EN: "This is for the administrators of the server.", JA: "サーバーの管理者だけが実行できます。"}}
	case errors.Is(err, store.ErrExists):
		return invalid("name", "This domain is there already.", "このドメインはすでに登録されています。")
	case errors.Is(err, store.ErrConflict):
		return &Problem{Word: Busy, RetryAfter: busyFor, cause: err}
	case errors.Is(err, keys.ErrNoMaster):
		return &Problem{Word: NotFound, cause: err}
	}
	return problemOf(ctx, err)
}

// lineText is what is wrong, with the line of the file where it is in one.
func lineText(bad *panel.Invalid) catalogue.Text {
	if bad.Line == 0 {
		return bad.Text
	}
	return catalogue.Text{EN: fmt.Sprintf("Line %d: %s", bad.Line, bad.Text.EN), JA: fmt.Sprintf("%d 行目: %s", bad.Line, bad.Text.JA)}
}

func faultsOf(all *panel.Faults) error {
	p := &Problem{Word: Invalid, Text: catalogue.Text{
		EN: fmt.Sprintf("%d lines of the file cannot be used; nothing was changed.", len(all.List)+all.More), JA: fmt.Sprintf("ファイルの %d 行に誤りがあります。何も変更していません。", len(all.List)+all.More),
	}}
	for _, bad := range all.List {
		p.Faults = append(p.Faults, Fault{Where: fmt.Sprintf("line %d %s", bad.Line, bad.Field), Text: lineText(bad)})
	}
	return p
}
