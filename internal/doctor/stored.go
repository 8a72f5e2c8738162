package doctor

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/todoku/todoku/internal/said"
)

// leastFree is the room beside the database below which it is soon full.
const leastFree = 256 << 20

// judge says whether the database can be used.
func (s *Stored) judge() []Check {
	opens := Check{ID: "database.opens", Title: said.New("Database", "データベース"), Status: OK}
	switch {
	case errors.Is(s.Err, fs.ErrNotExist) && s.File != "":
		opens.Status, opens.Detail = Unknown, said.New("There is no file %s yet.", "ファイル %s はまだありません。", s.File)
		opens.Fix = Fix{Summary: said.New("Nothing, before the first start: `todoku serve` makes it. Else see whether the name is right; its folder must be there.", "初回の起動前なら何も必要ありません (`todoku serve` が作成します)。そうでなければ名前を確認してください。フォルダーは先に必要です。")}
	case s.Err != nil:
		opens.Status, opens.Detail = Problem, said.New("It cannot be opened: %s.", "開けません: %s", s.Err.Error())
		opens.Fix = Fix{Summary: said.New("Do what the message says; Todoku does not run without its database.", "エラーの内容に従って対処してください。データベースがなければ Todoku は動きません。")}
	case s.Version < s.Newest:
		opens.Detail = said.New("It opens; its schema has version %d, and is brought to %d at the next start.", "開けます。スキーマのバージョンは %d で、次の起動時に %d に更新されます。", s.Version, s.Newest)
	default:
		opens.Detail = said.New("It opens; its schema has version %d, that of this program.", "開けます。スキーマのバージョンは %d で、このプログラムと同じです。", s.Version)
	}
	out := []Check{opens}
	if s.Err == nil {
		out = append(out, s.writable())
		if s.File != "" {
			out = append(out, s.mode())
		}
	}
	return append(out, s.room())
}

func (s *Stored) writable() Check {
	c := Check{ID: "database.writable", Title: said.New("Writing to the database", "データベースへの書き込み"), Status: OK, Detail: said.New("It takes writes.", "書き込めます。")}
	if s.Unwritable != nil {
		c.Status, c.Detail = Problem, said.New("It takes no writes: %s.", "書き込めません: %s", s.Unwritable.Error())
		c.Fix = Fix{Summary: said.New("Run Todoku as the user that owns the file and its folder; of PostgreSQL, name the primary server.", "ファイルとフォルダーを所有するアカウントで Todoku を動かしてください。PostgreSQL の場合はプライマリサーバーを指定してください。")}
	}
	return c
}

func (s *Stored) mode() Check {
	c := Check{ID: "database.mode", Title: said.New("Permissions of the database", "データベースのアクセス権"), Status: OK,
		Detail: said.New("%s: mode %04o, its owner's alone.", "%s: モード %04o (所有者のみ)。", s.File, s.Mode)}
	if s.Mode&0o077 != 0 {
		c.Status, c.Detail = Problem, said.New("%s: mode %04o: others may open it, and it holds people's mail.", "%s: モード %04o です。ほかのアカウントも開けますが、利用者のメールが入っています。", s.File, s.Mode)
		c.Fix = Fix{Summary: said.New("Take the permission from others.", "ほかのアカウントのアクセス権を外してください。"), Steps: []said.Text{said.New("chmod 600 %s", "chmod 600 %s", s.File)}}
	}
	return c
}

func (s *Stored) room() Check {
	c := Check{ID: "database.disk", Title: said.New("Room for the database", "データベースの空き容量"), Status: OK}
	switch {
	case s.Free < 0:
		c.Status, c.Detail = Unknown, said.New("It cannot be seen from here.", "ここからはわかりません。")
		c.Fix = Fix{Summary: said.New("See for yourself, on the machine of the database: `df -h`.", "データベースのあるマシンで `df -h` を実行して確認してください。")}
	case s.Free < leastFree:
		c.Status, c.Detail = Problem, said.New("%d MiB are free in %s.", "%[2]s の空きは %[1]d MiB です。", s.Free>>20, filepath.Dir(s.File))
		c.Fix = Fix{Summary: said.New("Make room: when the disk is full, mail is put off with 452.", "空きを増やしてください。いっぱいになると、メールを 452 で一時的に拒否します。"),
			Steps: []said.Text{said.New("Keep less: --retention, --drop-body-after, --quota of `todoku serve`.", "保存する量を減らしてください (`todoku serve` の --retention、--drop-body-after、--quota)。")}}
	default:
		c.Detail = said.New("%d MiB are free in %s.", "%[2]s の空きは %[1]d MiB です。", s.Free>>20, filepath.Dir(s.File))
	}
	return c
}

func (k *KeyFile) judge() Check {
	c := Check{ID: "master-key.file", Title: said.New("Master key", "マスター鍵"), Status: OK, Detail: said.New("%s can be read, by its owner alone.", "%s は読み取れます (所有者のみ)。", k.Name)}
	if k.Err != nil {
		c.Status = Problem
		c.Detail = said.New("%v", "%v", k.Err)
		c.Fix = Fix{Summary: said.New("Give Todoku's user the file, and nobody else: chmod 600 %s", "Todoku のアカウントだけが読めるようにしてください: chmod 600 %s", k.Name),
			Steps: []said.Text{said.New("A new one, before there are keys: `todoku keys master FILE`.", "まだ鍵がなければ、`todoku keys master FILE` で新しく作成できます。")}}
	}
	return c
}
