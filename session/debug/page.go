package debug

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"io"
	"sync"
	"time"
)

//go:embed page.html
var pageText string

// pageTemplate is the page for a *State. It is read when it is first asked for: a program
// may have the package and never the page.
var pageTemplate = sync.OnceValues(func() (*template.Template, error) {
	funcs := template.FuncMap{"age": age, "json": indented, "hostRows": hostRows, "callRows": callRows, "unreadRows": unreadRows}
	return template.New("page").Funcs(funcs).Parse(pageText)
})

func writePage(w io.Writer, s *State) error {
	page, err := pageTemplate()
	if err != nil {
		return err
	}
	return page.Execute(w, s)
}

// age is how long ago something was, to three digits or so.
func age(now, then time.Time) string { return rounded(now.Sub(then)) }

func rounded(d time.Duration) string {
	switch d = max(d, 0); {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func indented(v any) (string, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return string(text), err
}
