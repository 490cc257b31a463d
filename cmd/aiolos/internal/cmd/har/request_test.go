package har_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware/har"

	command "github.com/aiolos-http/aiolos/cmd/aiolos/internal/cmd/har"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// fileWith is a file with one exchange, of which the request is given.
func fileWith(request string) string { return `{"log":{"entries":[{"request":` + request + `}]}}` }

func TestMakeRequest(t *testing.T) {
	t.Parallel()
	type request = curlconv.Request
	for in, want := range map[string]struct {
		request
		lost []string
	}{
		`{"method":"GET","url":"https://h/a?b"}`: {request: request{Method: "GET", URL: "https://h/a?b"}},
		`{"method":"GET","url":"http://h","headers":[{"name":":authority","value":"h"},{"name":"Host","value":"h"},{"name":"x-a","value":"1"},
			{"name":"accept-encoding","value":"br"},{"name":"Cookie","value":"a=***"},{"name":"Authorization","value":"Bearer ***"},{"name":"X-B","value":"***"}]}`: {
			request: request{Method: "GET", URL: "http://h", Compressed: true, Headers: []curlconv.Header{{Name: "x-a", Value: "1"}}},
			lost:    []string{"Cookie", "Authorization", "X-B"},
		},
		`{"method":"POST","url":"http://h","headers":[{"name":"content-type","value":"text/x"}],"postData":{"mimeType":"text/y","text":"é"},"bodySize":2}`: {
			request: request{Method: "POST", URL: "http://h", HasBody: true, Body: []byte("é"), Headers: []curlconv.Header{{Name: "content-type", Value: "text/x"}}},
		},
		`{"method":"POST","url":"http://h","postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a b","value":"&"}]},"bodySize":-1}`: {
			request: request{
				Method: "POST", URL: "http://h", HasBody: true, Body: []byte("a+b=%26"),
				Headers: []curlconv.Header{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}},
			},
		},
	} {
		entries, err := har.Read(strings.NewReader(fileWith(in)))
		if err != nil || len(entries) != 1 {
			t.Fatalf("%s: %v", in, err)
		}
		r, lost, err := command.MakeRequest(&entries[0])
		if err != nil || !reflect.DeepEqual(*r, want.request) || !reflect.DeepEqual(lost, want.lost) {
			t.Errorf("%s:\ngot  %+v, %q, %v\nwant %+v, %q", in, r, lost, err, want.request, want.lost)
		}
	}
}

func TestMakeRequestErrors(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"method":"GET","url":"http://h?a=***"}`:                                                  "hidden",
		`{"method":"A B","url":"http://h"}`:                                                        "must not have",
		`{"method":"GET","url":"data:x"}`:                                                          "not an HTTP URL",
		`{"method":"GET","url":"http://h","headers":[{"name":"a b","value":"c"}]}`:                 "must not have",
		`{"method":"GET","url":"http://h","headers":[{"name":"a","value":"b\nc: d"}]}`:             "must not have",
		`{"method":"POST","url":"http://h","bodySize":3}`:                                          "does not have the body",
		`{"method":"POST","url":"http://h","bodySize":3,"postData":{"text":"x"}}`:                  "only a part",
		`{"method":"POST","url":"http://h","postData":{"text":"\ufffd"}}`:                          "no text",
		`{"method":"POST","url":"http://h","postData":{"mimeType":"x/y","params":[{"name":"a"}]}}`: "as it was",
	} {
		entries, err := har.Read(strings.NewReader(fileWith(in)))
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		if _, _, err := command.MakeRequest(&entries[0]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", in, err, want)
		}
	}
}

// FuzzMakeRequest checks that what is read can be written as a curl command that means
// the same, or is refused.
func FuzzMakeRequest(f *testing.F) {
	f.Add(fileWith(`{"method":"POST","url":"https://h/[1]","headers":[{"name":"A","value":""}],"postData":{"text":"a"}}`))
	f.Add(fileWith(`{"method":"G T","url":"http://h/\u0000"}`))
	f.Fuzz(func(t *testing.T, in string) {
		entries, err := har.Read(strings.NewReader(in))
		if err != nil {
			return
		}
		for _, e := range entries {
			r, _, err := command.MakeRequest(&e)
			if err != nil {
				continue
			}
			text, err := r.Curl()
			if err != nil {
				continue
			}
			again, err := curlconv.ParseLine(text, nil)
			if err != nil {
				continue // such as a method that is none
			}
			if again.URL != r.URL || !bytes.Equal(again.Body, r.Body) {
				t.Errorf("%+v became\n%s\n%+v", r, text, again)
			}
		}
	})
}
