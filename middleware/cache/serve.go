package cache

import (
	"net/http"
	"strconv"
	"time"
)

// preparedHead is the head of a stored response, ready to be copied: that is most
// of the cost of a hit.
type preparedHead struct {
	status       string
	major, minor int
	values       []string     // of all fields
	fields       []fieldRange // where they are
}

type fieldRange struct {
	name     string
	from, to int
}

const cacheStatusField = "Cache-Status" // RFC 9211

func prepareHead(m *Meta) preparedHead {
	head := preparedHead{status: strconv.Itoa(m.Status) + " " + http.StatusText(m.Status)}
	head.major, head.minor, _ = http.ParseHTTPVersion(m.Proto)
	for name, values := range m.Header {
		if name == "Age" || name == cacheStatusField {
			continue
		}
		from := len(head.values)
		head.values = append(head.values, values...)
		head.fields = append(head.fields, fieldRange{name, from, len(head.values)})
	}
	return head
}

// copyHeader is a copy of the head with the response's age, and with where it comes
// from behind what caches before us said about that.
func (head *preparedHead) copyHeader(s *entryState, how string, before []string) http.Header {
	all := make([]string, len(head.values), len(head.values)+2+len(before))
	copy(all, head.values)
	h := make(http.Header, len(head.fields)+2)
	for _, f := range head.fields {
		h[f.name] = all[f.from:f.to:f.to]
	}
	var buf [96]byte
	text := strconv.AppendInt(buf[:0], int64(s.age/time.Second), 10)
	cut := len(text)
	text = append(append(append(text, "aiolos"...), how...), "; ttl="...)
	text = strconv.AppendInt(text, int64((s.lifetime-s.age)/time.Second), 10)
	both := string(text)
	at := len(all)
	all = append(all, both[:cut])
	all = append(append(all, before...), both[cut:])
	h["Age"] = all[at : at+1 : at+1]
	h[cacheStatusField] = all[at+1:]
	return h
}

// makeResponse makes a response of an entry, which is the response's to close.
func (x *exchange) makeResponse(entry *Entry, s *entryState, how string) *http.Response {
	m := entry.Meta
	head := &s.policy.head
	resp := &http.Response{
		Status: head.status, StatusCode: m.Status,
		Proto: m.Proto, ProtoMajor: head.major, ProtoMinor: head.minor,
		Header: head.copyHeader(s, how, m.Header[cacheStatusField]), Body: entry.Body,
		ContentLength: m.Length, Uncompressed: m.Uncompressed, Request: x.req,
	}
	if x.req.Method == http.MethodHead {
		entry.Body.Close()
		resp.Body = http.NoBody
	}
	return resp
}
