package session_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// TestIteratorsFreeTheSlot: whoever leaves a loop, or reads to its end, has given
// the connection back; newSession looks at the end, and this test after each.
func TestIteratorsFreeTheSlot(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		kind, piece := "text/event-stream", "data: {}\n\n"
		switch r.URL.Path {
		case "/records":
			kind, piece = "application/jsonl", "{}\n"
		case "/parts":
			kind, piece = "multipart/mixed; boundary=b", "--b\r\n\r\npart\r\n"
		}
		w.Header().Set("Content-Type", kind)
		for range 3 {
			fmt.Fprint(w, piece)
			http.NewResponseController(w).Flush()
		}
		switch r.URL.Query().Get("end") {
		case "":
			<-r.Context().Done()
		default:
			fmt.Fprint(w, "--b--")
		}
	})
	s := newSession(t, session.Config{})
	loops := map[string]func(r *session.Response, n int) error{
		"/events": func(r *session.Response, n int) error {
			for _, err := range r.Events() {
				if n--; err != nil || n == 0 {
					return err
				}
			}
			return nil
		},
		"/records": func(r *session.Response, n int) error {
			for _, err := range session.Records[row](r, nil) {
				if n--; err != nil || n == 0 {
					return err
				}
			}
			return nil
		},
		"/parts": func(r *session.Response, n int) error {
			m, err := r.MultipartReader(session.MultipartConfig{})
			if err != nil {
				return err
			}
			for _, err := range m.Parts() {
				if n--; err != nil || n == 0 {
					return err
				}
			}
			return nil
		},
	}
	for path, loop := range loops {
		for n, query := range map[int]string{1: "", 3: "", 100: "?end=1"} {
			if path == "/parts" && n == 3 {
				n = 2 // the third part has no end
			}
			resp, err := s.Get(t.Context(), rec.URL+path+query)
			if err != nil {
				t.Fatal(err)
			}
			err = loop(resp, n)
			if wrong := path == "/records" && query != ""; wrong != (err != nil) {
				t.Errorf("%s%s, %d turns: %v", path, query, n, err)
			}
			if st := s.Connector().Stats(); st.InUse != 0 {
				t.Errorf("%s%s, %d turns: %d connections in use", path, query, n, st.InUse)
			}
		}
	}
}

// TestMultipartAfterBytes: a body that was kept can be taken apart.
func TestMultipartAfterBytes(t *testing.T) {
	t.Parallel()
	resp := mixed(t, "multipart/mixed", "\none", "\ntwo")
	if _, err := resp.Bytes(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := readAllParts(partsOf(t, resp, session.MultipartConfig{})); err != nil {
			t.Error(err)
		}
	}
	m := partsOf(t, resp, session.MultipartConfig{})
	first(m.Parts())
	if _, err := m.Next(); !errors.Is(err, errors.ErrConnectionClosed) {
		t.Errorf("after the loop was left: %v", err)
	}
}
