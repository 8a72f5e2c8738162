package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/panel"
)

// export writes a file of the panel.
type export func(ctx context.Context, w panel.Who, to io.Writer) error

// importer takes a file of the panel; dry only says what it would do.
type importer func(ctx context.Context, w panel.Who, file io.Reader, dry bool) (panel.Imported, error)

func (s *server) domainsFile(w http.ResponseWriter, r *http.Request) {
	s.panelFile(w, r, "todoku-domains.csv", s.Panel.Export)
}

func (s *server) forwardsFile(w http.ResponseWriter, r *http.Request) {
	s.panelFile(w, r, "todoku-forwards.csv", s.Panel.ExportForwards)
}

func (s *server) domainsUpload(w http.ResponseWriter, r *http.Request) {
	s.panelUpload(w, r, s.Panel.Import)
}

func (s *server) forwardsUpload(w http.ResponseWriter, r *http.Request) {
	s.panelUpload(w, r, s.Panel.ImportForwards)
}

func (s *server) panelFile(w http.ResponseWriter, r *http.Request, name string, write export) {
	who, ok := s.forDomains(w, r)
	if !ok || !s.within(w, r, s.pastes) {
		return
	}
	var b strings.Builder
	if err := write(r.Context(), who, &b); err != nil {
		s.storeError(w, r, err)
		return
	}
	s.sendFile(w, r, "text/csv; charset=utf-8", name, []byte(b.String()))
}

func (s *server) panelUpload(w http.ResponseWriter, r *http.Request, take importer) {
	who, ok := s.forDomains(w, r)
	if !ok {
		return
	}
	if !s.within(w, r, s.pastes) {
		return
	}
	release, ok := s.transfers.takeMany(clientAddr(r), leastTransfer) // it is whole in memory before it is its turn
	if !ok {
		s.busy(w, r)
		return
	}
	defer release()
	r.Body = http.MaxBytesReader(w, r.Body, panel.MaxFile+maxDomainForm)
	parts, err := r.MultipartReader()
	var file io.Reader
	if err == nil {
		file, err = parts.NextPart()
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	lang, dry := i18n.FromRequest(r), r.URL.Query().Get("dry") == "1"
	done, err := take(r.Context(), who, file, dry)
	var all *panel.Faults
	if errors.As(err, &all) {
		s.showDomains(w, r, who, http.StatusUnprocessableEntity, faultsPage(lang, all))
		return
	}
	if text := panelError(lang, err); text != "" {
		s.showDomains(w, r, who, http.StatusUnprocessableEntity, domainsPage{Error: text})
		return
	}
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	q := url.Values{"done": {"1"}, "made": {strconv.Itoa(done.Made)}, "changed": {strconv.Itoa(done.Changed)}, "same": {strconv.Itoa(done.Same)}}
	if dry {
		q.Set("done", "dry")
		s.showDomains(w, r, who, http.StatusOK, domainsPage{Done: fileDone(lang, q)})
		return
	}
	http.Redirect(w, r, "/domains?"+q.Encode(), http.StatusSeeOther)
}

// faultsPage says what is wrong with a file, line by line.
func faultsPage(lang string, all *panel.Faults) domainsPage {
	p := domainsPage{Error: i18n.T(lang, "domains.faults", "Count", len(all.List)+all.More)}
	for _, bad := range all.List {
		p.Faults = append(p.Faults, panelError(lang, bad))
	}
	if all.More > 0 {
		p.Faults = append(p.Faults, i18n.T(lang, "domains.faults-more", "Count", all.More))
	}
	return p
}

// fileDone says what a file did or would do, "" where there was none.
func fileDone(lang string, q url.Values) string {
	if q.Get("did") == "remove" {
		return i18n.T(lang, "domains.did.remove")
	}
	key := map[string]string{"1": "domains.done", "dry": "domains.done-dry"}[q.Get("done")]
	if key == "" {
		return ""
	}
	n := func(name string) int {
		v, _ := strconv.Atoi(q.Get(name)) // what is no number is none
		return max(0, min(v, panel.MaxLines))
	}
	return i18n.T(lang, key, "Made", n("made"), "Changed", n("changed"), "Same", n("same"))
}
