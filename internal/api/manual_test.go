package api

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/service"
)

// TestManual: docs/api.md names every problem with its status, and every scope.
func TestManual(t *testing.T) {
	b, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for word, title := range service.Titles {
		if row := fmt.Sprintf("| `%s` | %d | %s |", word, statuses[word], title.EN); !strings.Contains(page, row) {
			t.Errorf("docs/api.md lacks %s", row)
		}
	}
	for _, scope := range service.Scopes {
		if !strings.Contains(page, "\n| `"+scope+"` |") {
			t.Errorf("docs/api.md lacks the scope %s", scope)
		}
	}
}
