package caller

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestRoute: a log names what failed, and not the token by which everybody could read it.
func TestRoute(t *testing.T) {
	var inside string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /m/{token}", func(_ http.ResponseWriter, r *http.Request) { inside = Route(r) })
	r := httptest.NewRequest(http.MethodGet, "/m/secret", nil)
	if got := Route(r); got != "GET /m/..." {
		t.Errorf("before the pattern is known: %q", got)
	}
	mux.ServeHTTP(httptest.NewRecorder(), r)
	if inside != "GET /m/{token}" || Route(r) != inside {
		t.Errorf("%q in the handler, %q behind it", inside, Route(r))
	}
	for path, want := range map[string]string{"/": "GET /", "/check": "GET /check"} {
		if got := Route(httptest.NewRequest(http.MethodGet, path, nil)); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}
