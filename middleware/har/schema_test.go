package har_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// The rules of HAR 1.2 as its specification has them: for each object the type
// of its fields; those with a "?" may be missing. "time" is an ISO 8601 time,
// "ms" a duration that is not negative, "phase" one that may be -1, "size" a
// whole number that may be -1; "[x]" is a list.
var schema = map[string]map[string]string{
	"file":     {"log": "log"},
	"log":      {"version": "version", "creator": "creator", "browser?": "creator", "pages?": "[page]", "entries": "[entry]", "comment?": "string"},
	"creator":  {"name": "string", "version": "string", "comment?": "string"},
	"entry":    {"pageref?": "string", "startedDateTime": "time", "time": "ms", "request": "request", "response": "response", "cache": "cache", "timings": "timings", "serverIPAddress?": "ip", "connection?": "string", "comment?": "string"},
	"request":  {"method": "string", "url": "string", "httpVersion": "string", "cookies": "[cookie]", "headers": "[named]", "queryString": "[named]", "postData?": "post", "headersSize": "size", "bodySize": "size", "comment?": "string"},
	"response": {"status": "size", "statusText": "string", "httpVersion": "string", "cookies": "[cookie]", "headers": "[named]", "content": "content", "redirectURL": "string", "headersSize": "size", "bodySize": "size", "comment?": "string"},
	"cookie":   {"name": "string", "value": "string", "path?": "string", "domain?": "string", "expires?": "time", "httpOnly?": "bool", "secure?": "bool", "comment?": "string"},
	"named":    {"name": "string", "value": "string", "comment?": "string"},
	"post":     {"mimeType": "string", "params": "[param]", "text": "string", "comment?": "string"},
	"param":    {"name": "string", "value?": "string", "fileName?": "string", "contentType?": "string", "comment?": "string"},
	"content":  {"size": "size", "compression?": "size", "mimeType": "string", "text?": "string", "encoding?": "string", "comment?": "string"},
	"cache":    {"comment?": "string"},
	"timings":  {"blocked?": "phase", "dns?": "phase", "connect?": "phase", "send": "ms", "wait": "ms", "receive": "ms", "ssl?": "phase", "comment?": "string"},
}

// checkArchive fails for each rule that the file breaks, and returns its entries.
func checkArchive(t testing.TB, text []byte) []map[string]any {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("no json: %v", err)
	}
	for _, problem := range schemaProblems("har", "file", file) {
		t.Error(problem)
	}
	log, _ := file["log"].(map[string]any)
	list, _ := log["entries"].([]any)
	var entries []map[string]any
	for _, e := range list {
		entry, _ := e.(map[string]any)
		entries = append(entries, entry)
		if problem := sumOfTimings(entry); problem != "" {
			t.Error(problem)
		}
	}
	return entries
}

func schemaProblems(path, kind string, value any) (problems []string) {
	bad := func() { problems = append(problems, fmt.Sprintf("%s: %v is no %s", path, value, kind)) }
	if strings.HasPrefix(kind, "[") {
		list, ok := value.([]any)
		if !ok {
			bad()
		}
		for i, item := range list {
			problems = append(problems, schemaProblems(fmt.Sprintf("%s[%d]", path, i), strings.Trim(kind, "[]"), item)...)
		}
		return problems
	}
	if fields, ok := schema[kind]; ok {
		object, ok := value.(map[string]any)
		if !ok {
			bad()
			return problems
		}
		for name, kind := range fields {
			plain, optional := strings.CutSuffix(name, "?")
			if field, there := object[plain]; there {
				problems = append(problems, schemaProblems(path+"."+plain, kind, field)...)
			} else if !optional {
				problems = append(problems, path+"."+plain+" is missing")
			}
		}
		for name := range object {
			_, required := fields[name]
			if _, optional := fields[name+"?"]; !required && !optional && !strings.HasPrefix(name, "_") {
				problems = append(problems, path+"."+name+" is not in the format")
			}
		}
		return problems
	}
	text, isText := value.(string)
	number, isNumber := value.(float64)
	ok := false
	switch kind {
	case "string":
		ok = isText
	case "version":
		ok = text == "1.2"
	case "ip":
		ok = isText && strings.Trim(text, "0123456789abcdef.:") == "" && text != ""
	case "time":
		_, err := time.Parse(time.RFC3339Nano, text)
		ok = err == nil
	case "bool":
		_, ok = value.(bool)
	case "ms":
		ok = isNumber && number >= 0
	case "phase":
		ok = isNumber && (number >= 0 || number == -1)
	case "size":
		ok = isNumber && number >= -1 && number == math.Trunc(number)
	}
	if !ok {
		bad()
	}
	return problems
}

// sumOfTimings checks the format's rule that the time is the sum of the phases, and
// that connect includes ssl.
func sumOfTimings(entry map[string]any) string {
	timings, _ := entry["timings"].(map[string]any)
	sum := 0.0
	for name, value := range timings {
		if ms, _ := value.(float64); ms > 0 && name != "ssl" {
			sum += ms
		}
	}
	if total, _ := entry["time"].(float64); math.Abs(total-sum) > 0.001 {
		return fmt.Sprintf("time is %v, the phases are %v: %v", total, sum, timings)
	}
	ssl, _ := timings["ssl"].(float64)
	if connect, _ := timings["connect"].(float64); ssl > connect {
		return fmt.Sprintf("ssl %v is not in connect %v", ssl, connect)
	}
	return ""
}

// The checker finds what it is there for.
func TestSchemaFinds(t *testing.T) {
	t.Parallel()
	const good = `{"log":{"version":"1.2","creator":{"name":"a","version":"b"},"entries":[]}}`
	for _, tc := range []struct{ old, bad, want string }{
		{`"1.2"`, `"1.1"`, "version"},
		{`"name":"a",`, ``, "name is missing"},
		{`[]`, `null`, "entries"},
		{`[]`, `[{}]`, "request is missing"},
		{`"entries"`, `"extra":1,"entries"`, "extra is not in the format"},
		{`"b"`, `7`, "is no string"},
	} {
		var file any
		if err := json.Unmarshal([]byte(strings.Replace(good, tc.old, tc.bad, 1)), &file); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(schemaProblems("har", "file", file), "\n"); !strings.Contains(got, tc.want) {
			t.Errorf("%s instead of %s: got %q, want %q", tc.bad, tc.old, got, tc.want)
		}
	}
	var file any
	if err := json.Unmarshal([]byte(good), &file); err != nil {
		t.Fatal(err)
	}
	if got := schemaProblems("har", "file", file); got != nil {
		t.Errorf("a good file: %v", got)
	}
}
