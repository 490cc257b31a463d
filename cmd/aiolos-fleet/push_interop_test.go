//go:build interop && linux

package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestInteropPush: 100,000 URLs, and once more. What it takes is in docs/fleet.md.
func TestInteropPush(t *testing.T) {
	r := startRedis(t)
	const count = 100_000
	var list strings.Builder
	for n := range count {
		fmt.Fprintf(&list, "https://example.org/some/path/of/a/file/%d.html?version=2\n", n)
	}
	before := commands(t, r)
	start := time.Now()
	first := call(t, list.String(), r.env(), "push")
	took := time.Since(start)
	t.Logf("%v: %s%.2f commands a URL, %d bytes a URL", took, first.out, (commands(t, r)-before)/count, memory(t, r)/count)
	if first.code != 0 || !strings.HasPrefix(first.out, "100 000 pushed, 0 known already, 0 refused") {
		t.Errorf("got %+v", first)
	}
	if again := call(t, list.String(), r.env(), "push"); again.code != 0 || !strings.HasPrefix(again.out, "0 pushed, 100 000 known already, 0 refused") {
		t.Errorf("got %+v", again)
	} else {
		t.Log(again.out)
	}
	if n := r.client.LLen(context.Background(), "asynq:{default}:pending").Val(); n != count {
		t.Errorf("got %d, want %d", n, count)
	}
}

// commands is how many calls of scripts the server has had.
func commands(t *testing.T, r *redisServer) float64 {
	t.Helper()
	info := r.client.Info(context.Background(), "commandstats").Val()
	calls := 0.0
	for _, match := range regexp.MustCompile(`cmdstat_(?:evalsha|eval|sadd):calls=(\d+)`).FindAllStringSubmatch(info, -1) {
		var n float64
		fmt.Sscan(match[1], &n)
		calls += n
	}
	return calls
}

// memory is what the server takes for its data.
func memory(t *testing.T, r *redisServer) int64 {
	t.Helper()
	match := regexp.MustCompile(`used_memory_dataset:(\d+)`).FindStringSubmatch(r.client.Info(context.Background(), "memory").Val())
	var n int64
	if match == nil {
		t.Fatal("no used_memory_dataset")
	}
	fmt.Sscan(match[1], &n)
	return n
}
