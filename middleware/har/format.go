package har

import "time"

// The structures of a HAR file, version 1.2, as far as they are written. Names
// that begin with "_" are extensions, which the format allows.

type archive struct {
	Log archiveLog `json:"log"`
}

type archiveLog struct {
	Version string   `json:"version"`
	Creator creator  `json:"creator"`
	Entries []*entry `json:"entries"`
}

type creator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type entry struct {
	started time.Time
	size    int64 // see memorySize

	Started  string   `json:"startedDateTime"`
	Time     float64  `json:"time"` // milliseconds, as all times
	Request  request  `json:"request"`
	Response response `json:"response"`
	Cache    struct{} `json:"cache"`
	Timings  timings  `json:"timings"`
	ServerIP string   `json:"serverIPAddress,omitempty"`
}

type request struct {
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []nameValue `json:"cookies"`
	Headers     []nameValue `json:"headers"`
	Query       []nameValue `json:"queryString"`
	Post        *postData   `json:"postData,omitempty"`
	HeadersSize int64       `json:"headersSize"`
	BodySize    int64       `json:"bodySize"`
}

type postData struct {
	MimeType string      `json:"mimeType"`
	Params   []nameValue `json:"params"`
	Text     string      `json:"text"`
}

type response struct {
	Status      int         `json:"status"`
	StatusText  string      `json:"statusText"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []nameValue `json:"cookies"`
	Headers     []nameValue `json:"headers"`
	Content     content     `json:"content"`
	RedirectURL string      `json:"redirectURL"`
	HeadersSize int64       `json:"headersSize"`
	BodySize    int64       `json:"bodySize"`
	Error       string      `json:"_error,omitempty"` // as browsers write it
}

type content struct {
	Size     int64  `json:"size"`
	MimeType string `json:"mimeType"`
	Text     string `json:"text,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// timings are milliseconds; -1 is a phase that did not happen. Connect
// includes ssl.
type timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
	SSL     float64 `json:"ssl"`
}

// memorySize is about how many bytes an entry takes.
func (e *entry) memorySize() int64 {
	size := 1000 + len(e.Request.URL) + len(e.Response.Content.Text) + len(e.Response.Error) +
		len(e.Response.StatusText) + len(e.Response.RedirectURL) + len(e.Response.Content.MimeType)
	if e.Request.Post != nil {
		size += len(e.Request.Post.Text) + len(e.Request.Post.MimeType)
	}
	for _, fields := range [][]nameValue{
		e.Request.Headers, e.Request.Cookies, e.Request.Query, e.Response.Headers, e.Response.Cookies,
	} {
		for _, field := range fields {
			size += len(field.Name) + len(field.Value) + 32
		}
	}
	return int64(size)
}
