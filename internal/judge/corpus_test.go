package judge

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/todoku/todoku/internal/testcorpus"
	"github.com/todoku/todoku/message"
)

// Every message of the corpus is judged without a crash, and each text is whole.
func TestCorpus(t *testing.T) {
	root := testcorpus.Path(t, "")
	n := map[string]int{}
	messages := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".eml" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		raw, _ = message.NormalizeFile(raw)
		in := healthy()
		in.Message = message.Parse(raw)
		fs := Message(in)
		complete(t, fs)
		messages++
		for _, f := range fs {
			n[f.ID]++
		}
		return nil
	})
	if err != nil || messages == 0 {
		t.Fatal(messages, err)
	}
	t.Logf("%d messages: %v", messages, n)
}
