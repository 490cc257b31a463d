package har

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware/internal/bodytap"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// exchange is one exchange while it goes on.
type exchange struct {
	recorder    *Recorder
	req, sent   *http.Request
	resp        *http.Response
	start, head time.Time
	trace       trace

	body bodytap.Request
}

// tracedRequest is the request that is sent: the caller's, with the hooks of the trace
// and a body that is recorded.
func (x *exchange) tracedRequest() *http.Request {
	x.sent = x.req.WithContext(x.trace.withHooks(x.req.Context()))
	x.body.Wrap(x.sent, x.recorder.cfg.MaxBody)
	return x.sent
}

// finish adds the entry to the archive. Kept is the response's body, or nil if there is none.
func (x *exchange) finish(kept *bodytap.Buffer, err error) {
	now := time.Now()
	e := &Entry{
		Started: x.start.Format(startedLayout),
		Request: x.describeRequest(), Response: x.describeResponse(kept), ServerIP: x.trace.serverIP(),
	}
	if err != nil {
		e.Response.Error = x.recorder.rules.ForRequest(x.req).ErrorText(x.req, err)
	}
	e.Timings, e.Time = x.trace.splitTimings(x.start, x.head, now)
	x.recorder.keepEntry(e, x.start)
}

func (x *exchange) describeRequest() Request {
	r := x.recorder.rules.ForRequest(x.req)
	h := r.Header(httprule.SentHeader(x.req.Header))
	req := Request{
		Method: x.req.Method, URL: r.URL(x.req.URL), HTTPVersion: "HTTP/1.1",
		Headers: headerPairs(h), Cookies: cookiePairs(httprule.FieldValues(h, "Cookie"), ";"), Query: queryPairs(r, x.req.URL),
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
	if body := x.body.Kept(); len(body.Data) > 0 {
		kind := httprule.FieldValue(x.req.Header, "Content-Type")
		text := string(r.ShownBody(kind, body.Data))
		if !utf8.ValidString(text) {
			text = strings.ToValidUTF8(text, "\uFFFD") // the format has no base64 here
		}
		req.Post = &PostData{MimeType: kind, Params: []NameValue{}, Text: text}
	}
	return req
}

func (x *exchange) describeResponse(kept *bodytap.Buffer) Response {
	resp := Response{
		HTTPVersion: "HTTP/1.1", Cookies: []NameValue{}, Headers: []NameValue{}, HeadersSize: -1, BodySize: -1,
		Content: Content{MimeType: "x-unknown"},
	}
	if x.resp == nil {
		return resp // the status 0, as browsers have it for what failed
	}
	r := x.recorder.rules.ForRequest(x.req)
	h := r.Header(x.resp.Header)
	resp.Status, resp.HTTPVersion = x.resp.StatusCode, x.resp.Proto
	resp.StatusText = httprule.StatusText(x.resp)
	resp.Headers, resp.Cookies = headerPairs(h), cookiePairs(httprule.FieldValues(h, "Set-Cookie"), "")
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
	resp.BodySize, resp.Content.Size = kept.Size, kept.Size
	if x.resp.Uncompressed {
		resp.BodySize = -1 // what came over the wire is not known here
	}
	if len(kept.Data) > 0 {
		setContentText(&resp.Content, r.ShownBody(resp.Content.MimeType, kept.Data))
		if kept.Size > int64(len(kept.Data)) {
			resp.Content.Comment = "cut"
		}
	}
	return resp
}

// setContentText puts a body into the file: as text if it is one, and else in base64.
func setContentText(c *Content, body []byte) {
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

// headerPairs are the lines of a header in order of their names.
func headerPairs(h http.Header) []NameValue {
	fields := make([]NameValue, 0, len(h))
	for name, values := range h {
		for _, value := range values {
			fields = append(fields, NameValue{name, value})
		}
	}
	slices.SortStableFunc(fields, func(a, b NameValue) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// cookiePairs reads cookies from lines whose values are hidden already. Without
// sep only the first pair of a line is one.
func cookiePairs(lines []string, sep string) []NameValue {
	cookies := []NameValue{}
	for _, line := range lines {
		pairs := []string{line}
		if sep != "" {
			pairs = strings.Split(line, sep)
		}
		for _, pair := range pairs {
			pair, _, _ = strings.Cut(pair, ";")
			if name, value, ok := strings.Cut(pair, "="); ok {
				cookies = append(cookies, NameValue{strings.TrimSpace(name), value})
			}
		}
	}
	return cookies
}

func queryPairs(r *redaction.Rules, u *url.URL) []NameValue {
	query := []NameValue{}
	if u == nil {
		return query
	}
	_, shown, _ := strings.Cut(r.URL(u), "?")
	for part := range strings.SplitSeq(shown, "&") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		query = append(query, NameValue{unescapeQuery(name), unescapeQuery(value)})
	}
	return query
}

func unescapeQuery(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
