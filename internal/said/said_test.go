package said

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestLanguages(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "/k", Err: fs.ErrNotExist}
	inner := Error("the key %q: %w", "鍵 %q: %v", "a", missing)
	if !errors.Is(inner, fs.ErrNotExist) {
		t.Error("it does not wrap")
	}
	for _, c := range []struct{ got, want string }{
		{inner.Error(), `the key "a": open /k: file does not exist`},
		{Japanese(inner), `鍵 "a": /k: ファイルが存在しません`},
		{New("%s in %s", "%[2]s の %[1]s", "a", Text{"b", "び"}).JA, "び の a"},
		{Japanese(fmt.Errorf("x: %w", inner)), "/k: ファイルが存在しません"},
		{Japanese(errors.New("odd")), "読み取れません (odd)"},
		{Japanese(fmt.Errorf("/k: %w", fs.ErrPermission)), "アクセス権がありません (/k: permission denied)"},
		{Japanese(&fs.PathError{Op: "read", Path: "/k", Err: Error("all may read it", "誰でも読めます")}), "/k: 誰でも読めます"},
		{Text{"a", "b"}.In(true) + Text{"a", "b"}.In(false) + Text{"a", "b"}.String(), "baa"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
