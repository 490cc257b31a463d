package push

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// nameTTL is for how long a name belongs to its URL after it was last pushed.
const nameTTL = 90 * 24 * time.Hour

// foldName is the same for names that a file system may take for one: some know no case, in
// the sense of Unicode, and some no difference between a letter with its accent and the two.
func foldName(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(name)))
}

// claimName has the name of the file belong to the URL: two URLs must not share a file, and
// a file system may take two names for one (see foldName).
func (p *Pusher) claimName(t task.Task) error {
	sum := sha256.Sum256([]byte(foldName(t.Name)))
	key := task.OwnKey(p.cfg.Queue, "name:"+hex.EncodeToString(sum[:16]))
	var owner *redis.StringCmd
	_, err := p.cfg.Redis.Pipelined(p.ctx, func(pipe redis.Pipeliner) error {
		pipe.SetNX(p.ctx, key, t.ID(), nameTTL)
		pipe.Expire(p.ctx, key, nameTTL)
		owner = pipe.Get(p.ctx, key)
		return nil
	})
	switch {
	case err != nil:
		return &redisError{err}
	case owner.Val() != t.ID():
		return fmt.Errorf("%q is the name of another URL's file", t.Name)
	}
	return nil
}
