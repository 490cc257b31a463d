package progress_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		e := progress.NewEvents(&out)
		a := e.Start("a\x1b", 10, 100)
		a.Add(5)
		time.Sleep(400 * time.Millisecond)
		a.Add(5)
		time.Sleep(100 * time.Millisecond)
		a.Add(30)
		a.Add(30)
		e.Line("a text")
		a.Stop()
		e.Tell(map[string]int{"x": 1})
		e.Close()
		want := `{"event":"start","name":"a\u001b","have":10,"total":100}
{"event":"progress","name":"a\u001b","bytes":50}
{"x":1}
`
		if got := out.String(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}

// TestMode: the values of --progress.
func TestModeValues(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"auto", "none", "json"} {
		var m progress.Mode
		if err := m.Set(text); err != nil || m.String() != text {
			t.Errorf("%s: got %v, %v", text, m, err)
		}
	}
	var m progress.Mode
	if err := m.Set("bars"); err == nil {
		t.Error("bars were taken")
	}
}
