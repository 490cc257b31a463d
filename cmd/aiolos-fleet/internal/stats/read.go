package stats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Failure counts what has failed with one class.
type Failure struct {
	Class    string `json:"class"`
	Attempts int64  `json:"attempts"`
	GaveUp   int64  `json:"gave_up"`
}

// Rates are per second, over the last minute.
type Rates struct {
	Done   float64 `json:"done"`
	Failed float64 `json:"failed"`
	Bytes  float64 `json:"bytes"`
}

// Host is how fast a host answers: the time until the head of the response.
type Host struct {
	Host     string  `json:"host"`
	Requests int64   `json:"requests"`
	Mean     float64 `json:"mean_ms"`
	Max      float64 `json:"max_ms"`
}

// Summary is what the workers of a queue have reported.
type Summary struct {
	Done     int64     `json:"done"`
	Bytes    int64     `json:"bytes"`
	Failed   int64     `json:"failed"`
	Rates    Rates     `json:"rates"`
	Failures []Failure `json:"failures"`
	// Hosts are the slowest of this hour and the one before.
	Hosts []Host `json:"slowest_hosts"`
}

// Read returns what was reported for a queue, with so many hosts.
func Read(ctx context.Context, client redis.UniversalClient, queue string, hosts int) (Summary, error) {
	k := keys(queue)
	var counts, rates, current, before *redis.MapStringStringCmd
	var now *redis.TimeCmd
	_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		counts, rates, current, before = pipe.HGetAll(ctx, k[0]), pipe.HGetAll(ctx, k[1]), pipe.HGetAll(ctx, k[2]), pipe.HGetAll(ctx, k[3])
		return nil
	})
	if err != nil {
		return Summary{}, err
	}
	if now = client.Time(ctx); now.Err() != nil {
		return Summary{}, now.Err()
	}
	s := Summary{Rates: readRates(rates.Val(), now.Val()), Hosts: slowest(hosts, current.Val(), before.Val())}
	s.Failures = readFailures(counts.Val())
	for field, to := range map[string]*int64{fieldDone: &s.Done, fieldBytes: &s.Bytes, fieldFailed: &s.Failed} {
		*to = number(counts.Val()[field])
	}
	return s, nil
}

// number reads a counter; what is none is 0.
func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

func readFailures(counts map[string]string) []Failure {
	byClass := map[string]*Failure{}
	of := func(class string) *Failure {
		if byClass[class] == nil {
			byClass[class] = &Failure{Class: class}
		}
		return byClass[class]
	}
	for field, value := range counts {
		if class, ok := strings.CutPrefix(field, prefixFailed); ok {
			of(class).Attempts = number(value)
		}
		if class, ok := strings.CutPrefix(field, prefixGaveUp); ok {
			of(class).GaveUp = number(value)
		}
	}
	all := make([]Failure, 0, len(byClass))
	for _, f := range byClass {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Failure) int {
		return cmp.Or(-cmp.Compare(a.GaveUp, b.GaveUp), -cmp.Compare(a.Attempts, b.Attempts), cmp.Compare(a.Class, b.Class))
	})
	return all
}

// readRates adds the buckets up, from the beginning of the oldest one.
func readRates(fields map[string]string, now time.Time) Rates {
	last := now.Unix() / bucketSeconds
	sums, oldest := map[string]float64{}, last
	for field, value := range fields {
		bucket, name, _ := strings.Cut(field, " ")
		if b := number(bucket); b > last-buckets {
			sums[name] += float64(number(value))
			oldest = min(oldest, b)
		}
	}
	elapsed := max(now.Sub(time.Unix(oldest*bucketSeconds, 0)).Seconds(), 1)
	return Rates{Done: sums[fieldDone] / elapsed, Failed: sums[fieldFailed] / elapsed, Bytes: sums[fieldBytes] / elapsed}
}

// slowest are the hosts with the longest mean.
func slowest(limit int, hashes ...map[string]string) []Host {
	sums := map[string]hostTimes{}
	for _, hash := range hashes {
		for host, value := range hash {
			var t hostTimes
			if _, err := fmt.Sscanf(value, "%d %g %g", &t.Requests, &t.Sum, &t.Max); err != nil {
				continue // "@since", or of another version
			}
			h := sums[host]
			sums[host] = hostTimes{h.Requests + t.Requests, h.Sum + t.Sum, max(h.Max, t.Max)}
		}
	}
	all := make([]Host, 0, len(sums))
	for host, t := range sums {
		all = append(all, Host{host, t.Requests, t.Sum / float64(max(t.Requests, 1)), t.Max})
	}
	slices.SortFunc(all, func(a, b Host) int { return cmp.Or(-cmp.Compare(a.Mean, b.Mean), cmp.Compare(a.Host, b.Host)) })
	return all[:min(limit, len(all))]
}

// Forget removes what was reported for a queue.
func Forget(ctx context.Context, client redis.UniversalClient, queue string) error {
	return client.Del(ctx, keys(queue)...).Err()
}
