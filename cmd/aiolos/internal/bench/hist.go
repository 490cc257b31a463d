package bench

import (
	"math/bits"
	"time"
)

// The histogram counts nanoseconds in buckets that are at most 1/64 wide,
// relative to their values; below 128 ns they are exact. Longer times than
// about 73 minutes are counted in the last one.
const (
	subBits = 6
	maxBits = 42
	buckets = (maxBits - subBits + 1) << subBits
)

// Hist is a histogram of durations. The zero value is empty. It is used by one
// goroutine at a time.
type Hist struct {
	counts   [buckets]uint64
	n        uint64
	sum      time.Duration
	min, max time.Duration
}

// bucketOf returns the bucket of v.
func bucketOf(v uint64) int {
	shift := bits.Len64(v) - subBits - 1
	if shift <= 0 {
		return int(v) //nolint:gosec // below 128
	}
	return min(shift<<subBits+int(v>>shift), buckets-1) //nolint:gosec // below 128 after the shift
}

// bucketEnd returns the largest value of a bucket.
func bucketEnd(i int) time.Duration {
	shift := i>>subBits - 1
	if shift <= 0 {
		return time.Duration(i)
	}
	return time.Duration(i-shift<<subBits+1)<<shift - 1
}

// Add counts a duration. A negative one counts as zero.
func (h *Hist) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))]++
	if h.n == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.sum += d
	h.n++
}

// addCounted counts a duration n times.
func (h *Hist) addCounted(d time.Duration, n uint64) {
	if n == 0 {
		return
	}
	h.Add(d)
	n--
	h.counts[bucketOf(uint64(max(d, 0)))] += n
	h.sum += time.Duration(n) * max(d, 0) //nolint:gosec // a count of requests
	h.n += n
}

// Counts yields the buckets that are not empty, in order: the longest duration of
// each, and how many there were.
func (h *Hist) Counts(yield func(time.Duration, uint64) bool) {
	for i, c := range h.counts {
		if c > 0 && !yield(bucketEnd(i), c) {
			return
		}
	}
}

// Merge adds what another histogram has counted.
func (h *Hist) Merge(other *Hist) {
	if other.n == 0 {
		return
	}
	if h.n == 0 || other.min < h.min {
		h.min = other.min
	}
	h.max = max(h.max, other.max)
	h.n += other.n
	h.sum += other.sum
	for i, c := range other.counts {
		h.counts[i] += c
	}
}

// Len is how many durations were counted.
func (h *Hist) Len() uint64 { return h.n }

// Min is the shortest duration, exactly.
func (h *Hist) Min() time.Duration { return h.min }

// Max is the longest duration, exactly.
func (h *Hist) Max() time.Duration { return h.max }

// Mean is the mean, exactly, or 0 for none.
func (h *Hist) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n) //nolint:gosec // a count of requests
}

// Percentile returns the duration that p percent were not longer than, at most
// 1/64 too long; 0 for an empty histogram.
func (h *Hist) Percentile(p float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(p / 100 * float64(h.n))
	if float64(rank) < p/100*float64(h.n) {
		rank++
	}
	rank = min(max(rank, 1), h.n)
	var seen uint64
	for i, c := range h.counts {
		if seen += c; seen >= rank {
			return min(max(bucketEnd(i), h.min), h.max)
		}
	}
	return h.max
}

// Between counts the durations in buckets that end after from and not after to. What is
// too long for the buckets is in the last one, whose end is about 73 minutes.
func (h *Hist) Between(from, to time.Duration) uint64 {
	var n uint64
	for i, c := range h.counts {
		if u := bucketEnd(i); c > 0 && u > from && u <= to {
			n += c
		}
	}
	return n
}
