package push

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// nameTTL is for how long a name belongs to its URL after it was last pushed.
const nameTTL = 90 * 24 * time.Hour

// claimName has the name of the file belong to the URL: two URLs must not share a file, and
// a file system may take two names for one that differ in their letters' case.
func (p *Pusher) claimName(t task.Task) error {
	sum := sha256.Sum256([]byte(strings.ToLower(t.Name)))
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
