package cli

import (
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
)

// showProgress redraws a line on a terminal twice a second, until what it returns is called.
// Elsewhere it shows nothing.
func showProgress(a *app.App, text func() string) (stop func()) {
	if !a.CanRedraw() {
		return func() {}
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				a.Redraw("")
				return
			case <-tick.C:
				a.Redraw(text())
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}
