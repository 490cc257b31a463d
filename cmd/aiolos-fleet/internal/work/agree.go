package work

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
)

// agreeEvery is how often a worker says which limits it was given.
const agreeEvery = 5 * time.Second

// agree says which limits this worker keeps, until the context ends, and tells the user when
// other workers of this Redis keep others: each would keep its own, and none would hold.
func (w *worker) agree(ctx context.Context) {
	own, told := w.cfg.Limits.String(), ""
	tick := time.NewTicker(agreeEvery)
	defer tick.Stop()
	for {
		all, err := stats.SayLimits(ctx, w.cfg.Redis, own)
		if err == nil { // the next time, otherwise
			others := strings.Join(slices.DeleteFunc(all, func(one string) bool { return one == own }), "; ")
			if others != "" && others != told {
				w.cfg.Notice("other workers of this Redis have other limits, and none of them holds: %s; here %s", others, own)
			}
			told = others
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordEvery)
			defer cancel()
			_ = stats.UnsayLimits(last, w.cfg.Redis, own) // it ends by itself, too
			return
		case <-tick.C:
		}
	}
}
