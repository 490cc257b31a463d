package fleet

import (
	"encoding/json"
	"strconv"

	"github.com/aiolos-http/aiolos/middleware/cache"
)

// FlightsOf is how many keys requests of this process wait for or fill.
func FlightsOf(s *CacheStore) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.flights) + len(s.leads)
}

// DecodeEntry decodes what Redis might have under a key: the parts as they are, or with
// sums that are right.
func DecodeEntry(s *CacheStore, head, size, gen, first string, sums bool) (*cache.Entry, error) {
	n := s.namesOf("k")
	sum := ""
	if sums {
		sum = n.sumHead([]byte(head))
		var meta cache.Meta
		length, err := strconv.ParseInt(size, 10, 64)
		if json.Unmarshal([]byte(head), &meta) == nil && err == nil {
			first = n.sumPiece(meta.ID, gen, 0, length, []byte(first)) + first
		}
	}
	return s.decodeEntry(n, []any{head, sum, size, gen, first})
}
