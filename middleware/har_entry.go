package middleware

import (
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// harExchange is one exchange while it goes on.
type harExchange struct {
	har         *HAR
	req, sent   *http.Request
	resp        *http.Response
	start, head time.Time
	trace       harTrace

	mu   sync.Mutex
	body harBuffer // of the request
}

// outgoing is the request that is sent: the caller's, with our ears on it.
func (x *harExchange) outgoing() *http.Request {
	x.sent = x.req.WithContext(x.trace.listen(x.req.Context()))
	if x.har.cfg.MaxBody <= 0 || x.req.Body == nil || x.req.Body == http.NoBody {
		return x.sent
	}
	x.sent.Body = x.hear(x.req.Body)
	if open := x.req.GetBody; open != nil {
		x.sent.GetBody = func() (io.ReadCloser, error) {
			body, err := open()
			if err != nil {
				return nil, err
			}
			return x.hear(body), nil
		}
	}
	return x.sent
}

// hear begins the record of the request's body, anew if it is sent again.
func (x *harExchange) hear(body io.ReadCloser) io.ReadCloser {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.body = harBuffer{limit: x.har.cfg.MaxBody}
	return &harUpload{body, x}
}

type harUpload struct {
	io.ReadCloser
	exchange *harExchange
}

func (u *harUpload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if n > 0 {
		u.exchange.mu.Lock()
		u.exchange.body.add(p[:n])
		u.exchange.mu.Unlock()
	}
	return n, err
}

// end writes the entry. Kept is the response's body, or nil if there is none.
func (x *harExchange) end(kept *harBuffer, err error) {
	now := time.Now()
	started := x.start
	entry := &harEntry{
		started: started, Started: started.Format("2006-01-02T15:04:05.000Z07:00"),
		Request: x.request(), Response: x.response(kept), ServerIP: x.trace.server(),
	}
	if err != nil {
		entry.Response.Error = x.har.cfg.Redaction.forRequest(x.req).errorText(x.req, err)
	}
	entry.Timings, entry.Time = x.trace.timings(x.start, x.head, now)
	x.har.add(entry)
}

func (x *harExchange) request() harRequest {
	r := x.har.cfg.Redaction.forRequest(x.req)
	h := r.header(x.req.Header)
	req := harRequest{
		Method: x.req.Method, URL: r.url(x.req.URL), HTTPVersion: "HTTP/1.1",
		Headers: harFields(h), Cookies: harCookies(httprule.FieldValues(h, "Cookie"), ";"), Query: harQuery(r, x.req.URL),
		HeadersSize: -1, BodySize: x.req.ContentLength,
	}
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	if x.resp != nil {
		req.HTTPVersion = x.resp.Proto
	}
	if x.req.Body == nil {
		req.BodySize = 0
	} else if req.BodySize == 0 && x.req.Body != http.NoBody {
		req.BodySize = -1
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.body.data) > 0 {
		kind := httprule.FieldValue(x.req.Header, "Content-Type")
		text := string(r.body(kind, x.body.data))
		if !utf8.ValidString(text) {
			text = strings.ToValidUTF8(text, "\uFFFD") // the format has no base64 here
		}
		req.Post = &harPostData{MimeType: kind, Params: []harNamed{}, Text: text}
	}
	return req
}

func (x *harExchange) response(kept *harBuffer) harResponse {
	resp := harResponse{
		HTTPVersion: "HTTP/1.1", Cookies: []harNamed{}, Headers: []harNamed{}, HeadersSize: -1, BodySize: -1,
		Content: harContent{MimeType: "x-unknown"},
	}
	if x.resp == nil {
		return resp // the status 0, as browsers have it for what failed
	}
	r := x.har.cfg.Redaction.forRequest(x.req)
	h := r.header(x.resp.Header)
	resp.Status, resp.HTTPVersion = x.resp.StatusCode, x.resp.Proto
	resp.StatusText = harStatusText(x.resp)
	resp.Headers, resp.Cookies = harFields(h), harCookies(httprule.FieldValues(h, "Set-Cookie"), "")
	if location := httprule.FieldValues(h, "Location"); len(location) > 0 {
		resp.RedirectURL = location[0]
	}
	if kind := httprule.FieldValue(x.resp.Header, "Content-Type"); kind != "" {
		resp.Content.MimeType = kind
	}
	if kept == nil {
		resp.BodySize = 0
		return resp
	}
	resp.BodySize, resp.Content.Size = kept.size, kept.size
	if x.resp.Uncompressed {
		resp.BodySize = -1 // what came over the wire is not known here
	}
	if len(kept.data) > 0 {
		harText(&resp.Content, r.body(resp.Content.MimeType, kept.data))
		if kept.size > int64(len(kept.data)) {
			resp.Content.Comment = "cut"
		}
	}
	return resp
}

func harStatusText(resp *http.Response) string {
	_, text, ok := strings.Cut(resp.Status, " ")
	if !ok {
		return http.StatusText(resp.StatusCode)
	}
	return text
}

// harText puts a body into the file: as text if it is one, and else in base64.
func harText(c *harContent, body []byte) {
	kind, params, err := mime.ParseMediaType(c.MimeType)
	charset := strings.ToLower(params["charset"])
	textual := err != nil || strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") ||
		kind == "application/javascript" || kind == "application/x-www-form-urlencoded"
	if textual && utf8.Valid(body) && (charset == "" || charset == "utf-8" || charset == "us-ascii") {
		c.Text = string(body)
		return
	}
	c.Text, c.Encoding = base64.StdEncoding.EncodeToString(body), "base64"
}

// harFields are the lines of a header in order of their names.
func harFields(h http.Header) []harNamed {
	fields := make([]harNamed, 0, len(h))
	for name, values := range h {
		for _, value := range values {
			fields = append(fields, harNamed{name, value})
		}
	}
	slices.SortStableFunc(fields, func(a, b harNamed) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// harCookies reads cookies from lines whose values are hidden already. Without
// sep only the first pair of a line is one.
func harCookies(lines []string, sep string) []harNamed {
	cookies := []harNamed{}
	for _, line := range lines {
		pairs := []string{line}
		if sep != "" {
			pairs = strings.Split(line, sep)
		}
		for _, pair := range pairs {
			pair, _, _ = strings.Cut(pair, ";")
			if name, value, ok := strings.Cut(pair, "="); ok {
				cookies = append(cookies, harNamed{strings.TrimSpace(name), value})
			}
		}
	}
	return cookies
}

func harQuery(r *Redaction, u *url.URL) []harNamed {
	query := []harNamed{}
	if u == nil {
		return query
	}
	shown, err := url.Parse(r.url(u))
	if err != nil {
		return query
	}
	for part := range strings.SplitSeq(shown.RawQuery, "&") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		query = append(query, harNamed{harUnescape(name), harUnescape(value)})
	}
	return query
}

func harUnescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
