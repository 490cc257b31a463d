package har

import (
	"encoding/base64"
	"time"
)

// The structures of a HAR file, version 1.2, as far as they are written and read.
// Names that begin with "_" are extensions, which the format allows.

type archive struct {
	Log archiveLog `json:"log"`
}

type archiveLog struct {
	Version string   `json:"version"`
	Creator creator  `json:"creator"`
	Entries []*Entry `json:"entries"`
}

type creator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Entry is one exchange of an archive. One that a [Recorder] has written has its
// secrets hidden; one of a browser has not.
type Entry struct {
	// Started is the date and time as the file has them; see [Entry.StartTime].
	Started string `json:"startedDateTime"`
	// Time is how long the exchange took, in milliseconds; see [Entry.Duration].
	Time     float64  `json:"time"`
	Request  Request  `json:"request"`
	Response Response `json:"response"`
	Cache    struct{} `json:"cache"` // the format demands it; its content is not read
	Timings  Timings  `json:"timings"`
	// ServerIP is the address of the peer; empty if there was none or it is not known.
	ServerIP string `json:"serverIPAddress,omitempty"`
}

// Request is the request of an exchange.
type Request struct {
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []NameValue `json:"cookies"`
	Headers     []NameValue `json:"headers"`
	Query       []NameValue `json:"queryString"`
	Post        *PostData   `json:"postData,omitempty"` // nil: no body, or none that was kept
	HeadersSize int64       `json:"headersSize"`        // bytes; -1: not known
	BodySize    int64       `json:"bodySize"`           // bytes; -1: not known
}

// PostData is the body of a request: as text, or as the fields of a form.
type PostData struct {
	MimeType string      `json:"mimeType"`
	Params   []NameValue `json:"params"`
	// Text is UTF-8. The format has no other way to hold a body that is no text:
	// what is not UTF-8 stands in it as U+FFFD.
	Text string `json:"text"`
}

// Response is the response of an exchange.
type Response struct {
	Status      int         `json:"status"` // 0: the request failed
	StatusText  string      `json:"statusText"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []NameValue `json:"cookies"`
	Headers     []NameValue `json:"headers"`
	Content     Content     `json:"content"`
	RedirectURL string      `json:"redirectURL"`
	HeadersSize int64       `json:"headersSize"`      // bytes; -1: not known
	BodySize    int64       `json:"bodySize"`         // bytes on the wire; -1: not known
	Error       string      `json:"_error,omitempty"` // of what failed, as browsers write it
}

// Content is the body of a response after decoding.
type Content struct {
	Size     int64  `json:"size"` // bytes, of the whole body
	MimeType string `json:"mimeType"`
	// Text is what was kept of the body, in base64 if Encoding is "base64"; see
	// [Content.Data].
	Text     string `json:"text,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	Comment  string `json:"comment,omitempty"` // "cut": only the first bytes were kept
}

// NameValue is a header, a cookie, a query parameter or a field of a form.
type NameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Timings are the phases of an exchange in milliseconds; -1 is one that did not
// happen. Connect includes SSL.
type Timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
	SSL     float64 `json:"ssl"`
}

// startedLayout is what the format demands (ISO 8601), in the words of package time.
const startedLayout = "2006-01-02T15:04:05.000Z07:00"

// StartTime is when the exchange began. A date without a zone is read as UTC; the
// zero Time is for one that is missing or cannot be read.
func (e *Entry) StartTime() time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", time.DateTime} {
		if at, err := time.Parse(layout, e.Started); err == nil {
			return at
		}
	}
	return time.Time{}
}

// Duration is how long the exchange took; 0 if the file does not say.
func (e *Entry) Duration() time.Duration {
	if !(e.Time > 0 && e.Time < 1e12) { // and not a NaN
		return 0
	}
	return time.Duration(e.Time * float64(time.Millisecond))
}

// Data is what the archive has of the body. It returns a [FormatError] if that is
// no base64 and should be.
func (c *Content) Data() ([]byte, error) {
	if c.Encoding != "base64" {
		return []byte(c.Text), nil
	}
	data, err := base64.StdEncoding.DecodeString(c.Text)
	if err != nil {
		return nil, &FormatError{Reason: "the body is not base64", Err: err}
	}
	return data, nil
}
