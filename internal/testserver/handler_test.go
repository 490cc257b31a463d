package testserver_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/testserver"
)

// do asks the handler. header is name, value, name, value...
func do(t *testing.T, method, target, body string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	testserver.Handler().ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode[T any](t *testing.T, r io.Reader) (v T) {
	t.Helper()
	if err := json.NewDecoder(r).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAnswers are answers of which the status, a field and the body say all.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, target string
		status         int
		field, value   string
		body           string
	}{
		{"GET", "/status/404", 404, "Content-Type", "text/plain; charset=utf-8", "404 Not Found\n"},
		{"GET", "/status/204", 204, "", "", ""},
		{"POST", "/status/503", 503, "", "", "503 Service Unavailable\n"},
		{"GET", "/status/99", 400, "", "", "status: want a number from 200 to 599, got \"99\"\n"},
		{"GET", "/status/x", 400, "", "", "status: want a number from 200 to 599, got \"x\"\n"},
		{"POST", "/get", 405, "Allow", "GET, HEAD", "Method Not Allowed\n"},
		{"GET", "/post", 405, "Allow", "POST", "Method Not Allowed\n"},
		{"GET", "/nowhere", 404, "", "", "404 page not found\n"},
		{"GET", "/redirect/1", 302, "Location", "/get", ""},
		{"GET", "/redirect/3", 302, "Location", "/redirect/2", ""},
		{"GET", "/redirect/3?status=307", 307, "Location", "/redirect/2?status=307", ""},
		{"GET", "/redirect/0", 400, "", "", "redirects: want a number from 1 to 100, got \"0\"\n"},
		{"GET", "/redirect-to?url=http://a/..//b%20c", 302, "Location", "http://a/..//b c", ""},
		{"GET", "/redirect-to?url=/x&status=308", 308, "Location", "/x", ""},
		{"GET", "/redirect-to?url=/x&status=200", 400, "", "", "status: want a number from 300 to 399, got \"200\"\n"},
		{"GET", "/bytes/-1", 400, "", "", "bytes: want a number from 0 to 1073741824, got \"-1\"\n"},
		{"GET", "/bytes/0", 200, "Content-Length", "0", ""},
		{"GET", "/delay/11m", 400, "", "", "delay: want a time up to 10m0s, got \"11m\"\n"},
		{"GET", "/drip?n=3&duration=0s", 200, "Content-Length", "3", "***"},
		{"GET", "/stream/2", 200, "Content-Type", "application/x-ndjson", "{\"id\":0,\"url\":\"/stream/2\"}\n{\"id\":1,\"url\":\"/stream/2\"}\n"},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			t.Parallel()
			resp := do(t, tt.method, tt.target, "")
			if resp.StatusCode != tt.status {
				t.Errorf("status: got %d, want %d", resp.StatusCode, tt.status)
			}
			if got := resp.Header.Get(tt.field); got != tt.value {
				t.Errorf("%s: got %q, want %q", tt.field, got, tt.value)
			}
			if got := text(t, resp.Body); got != tt.body {
				t.Errorf("body: got %q, want %q", got, tt.body)
			}
		})
	}
}

func multipartBody(t *testing.T) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.WriteField("field", "value")
	f, err := w.CreateFormFile("file", "name.txt")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "content")
	w.Close()
	return b.String(), w.FormDataContentType()
}

func TestInspect(t *testing.T) {
	t.Parallel()
	parts, partsType := multipartBody(t)
	const form, jsonType = "application/x-www-form-urlencoded", "application/json"
	type inspection = testserver.Inspection
	for _, tt := range []struct {
		name, method, target, kind, body string
		want                             inspection
	}{
		{"query", "GET", "/get?a=1&a=2&b", "", "", inspection{Args: map[string][]string{"a": {"1", "2"}, "b": {""}}}},
		{"text", "POST", "/post", "text/plain", "héllo", inspection{Data: "héllo", Size: 6}},
		{"no text", "PUT", "/put", "", "\xff\xfe", inspection{Size: 2}},
		{"form", "PATCH", "/patch", form, "a=1&b=2&a=3", inspection{Form: map[string][]string{"a": {"1", "3"}, "b": {"2"}}, Size: 11}},
		{"JSON", "DELETE", "/delete", jsonType, `{"a":[1]}`, inspection{JSON: map[string]any{"a": []any{1.0}}, Data: `{"a":[1]}`, Size: 9}},
		{"more of JSON", "POST", "/anything/x", "application/problem+json", `null`, inspection{Data: "null", Size: 4}},
		{"multipart", "POST", "/anything", partsType, parts, inspection{
			Form:  map[string][]string{"field": {"value"}},
			Files: map[string][]testserver.File{"file": {{Name: "name.txt", Type: "application/octet-stream", Content: "content"}}},
			Size:  len(parts),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var header []string
			tt.want.Headers = http.Header{}
			if tt.kind != "" {
				header = []string{"Content-Type", tt.kind}
				tt.want.Headers.Set("Content-Type", tt.kind)
			}
			for _, m := range []*map[string][]string{(*map[string][]string)(&tt.want.Args), (*map[string][]string)(&tt.want.Form)} {
				if *m == nil {
					*m = map[string][]string{}
				}
			}
			if tt.want.Files == nil {
				tt.want.Files = map[string][]testserver.File{}
			}
			tt.want.Method, tt.want.URL, tt.want.Host = tt.method, tt.target, "example.com"
			resp := do(t, tt.method, tt.target, tt.body, header...)
			if got := decode[inspection](t, resp.Body); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestInspectRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind, body string
		want       int
	}{
		{"application/json", "{", 400},
		{"application/x-www-form-urlencoded", "a=%zz", 400},
		{"multipart/form-data; boundary=x", "no part", 400},
		{"text/plain", strings.Repeat("x", 16<<20+1), 413},
	} {
		if got := do(t, "POST", "/post", tt.body, "Content-Type", tt.kind).StatusCode; got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.kind, got, tt.want)
		}
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	resp := do(t, "GET", "/cookies", "", "Cookie", "b=2; a=1")
	if got, want := text(t, resp.Body), "{\n  \"cookies\": {\n    \"a\": \"1\",\n    \"b\": \"2\"\n  }\n}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for target, want := range map[string][]string{
		"/cookies/set?b=2&a=1": {"a=1; Path=/", "b=2; Path=/"},
		"/cookies/delete?a":    {"a=; Path=/; Max-Age=0"},
	} {
		resp := do(t, "GET", target, "")
		if got := resp.Header["Set-Cookie"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
		if got := resp.Header.Get("Location"); resp.StatusCode != 302 || got != "/cookies" {
			t.Errorf("%s: got %d to %q", target, resp.StatusCode, got)
		}
	}
}

func TestBasicAuth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		login, password string
		want            int
	}{{"u", "p w", 200}, {"u", "wrong", 401}, {"x", "p w", 401}, {"", "", 401}} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/basic-auth/u/p%20w", http.NoBody)
		if tt.login != "" {
			r.SetBasicAuth(tt.login, tt.password)
		}
		w := httptest.NewRecorder()
		testserver.Handler().ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%q: got %d, want %d", tt.login+":"+tt.password, w.Code, tt.want)
		}
		if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != (tt.want == 401) {
			t.Errorf("%q: challenged: %v", tt.login, challenged)
		}
	}
}

func TestCompressed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		target, coding string
		reader         func(io.Reader) (io.Reader, error)
	}{
		{"/gzip?a=1", "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"/deflate?a=1", "deflate", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
		{"/deflate?a=1&raw", "deflate", func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }},
	} {
		resp := do(t, "GET", tt.target, "")
		plain, err := tt.reader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Get("Content-Encoding"); got != tt.coding {
			t.Errorf("%s: coding: got %q, want %q", tt.target, got, tt.coding)
		}
		if got := decode[testserver.Inspection](t, plain); got.Args.Get("a") != "1" {
			t.Errorf("%s: got %+v", tt.target, got)
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	whole := text(t, do(t, "GET", "/bytes/1000?seed=7", "").Body)
	if want := text(t, testserver.Bytes(1000, 7)); whole != want || len(whole) != 1000 {
		t.Error("not what Bytes returns")
	}
	if whole == text(t, testserver.Bytes(1000, 8)) {
		t.Error("the seed does not matter")
	}
	resp := do(t, "GET", "/bytes/1000?seed=7", "", "Range", "bytes=101-")
	if got := text(t, resp.Body); resp.StatusCode != 206 || got != whole[101:] {
		t.Errorf("range: got %d, %d bytes", resp.StatusCode, len(got))
	}
	resp = do(t, "GET", "/bytes/1000?seed=7", "", "If-None-Match", resp.Header.Get("ETag"))
	if resp.StatusCode != 304 {
		t.Errorf("same ETag: got %d, want 304", resp.StatusCode)
	}
}
