package middleware

import (
	"sync"
	"time"
)

// RetryBudget bounds retries to a share of the requests, so that a server in
// trouble gets little more than its usual load: a token bucket into which each
// request puts Ratio, and from which each retry takes 1.
//
// The bucket starts full, on credit: what requests bring in first pays for that.
// So retries are never more than the larger of Burst and Ratio times the
// requests, but for those that PerSecond adds. The zero value is a budget of 10 %.
// It must not be copied or changed after first use, and is safe for concurrent use.
type RetryBudget struct {
	// Ratio is the retries per request: 0.1 is 10 %. 0 is 0.1, negative is no
	// limit at all.
	Ratio float64
	// Burst is how many retries can be saved up, and how many there are on credit.
	// 0 is 100, negative is none: the first retries have to be earned; 1 is then
	// what can be saved.
	Burst int
	// PerSecond is how many retries come in by time alone, for clients with few
	// requests. 0 and negative are none.
	PerSecond float64

	mu      sync.Mutex
	started bool
	tokens  float64
	owed    float64 // of the credit
	last    time.Time
}

// addRequest brings in a request's share.
func (b *RetryBudget) addRequest() {
	if b.Ratio < 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fillOnce()
	if b.Ratio == 0 {
		b.addTokens(0.1)
	} else {
		b.addTokens(b.Ratio)
	}
}

// takeRetry takes a token, and reports whether there was one.
func (b *RetryBudget) takeRetry() bool {
	if b.Ratio < 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fillOnce()
	b.addTime()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// Left is how many retries there are now, with what has come in by time; -1 is no
// limit.
func (b *RetryBudget) Left() float64 {
	if b.Ratio < 0 {
		return -1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fillOnce()
	b.addTime()
	return b.tokens
}

// addTime puts in what has come in by time.
func (b *RetryBudget) addTime() {
	if b.PerSecond > 0 {
		now := time.Now()
		b.addTokens(now.Sub(b.last).Seconds() * b.PerSecond)
		b.last = now
	}
}

// fillOnce fills the bucket, once.
func (b *RetryBudget) fillOnce() {
	if b.started {
		return
	}
	b.started, b.last = true, time.Now()
	if b.Burst >= 0 {
		b.tokens, b.owed = b.bucketSize(), b.bucketSize()
	}
}

func (b *RetryBudget) bucketSize() float64 {
	switch {
	case b.Burst == 0:
		return 100
	case b.Burst < 0:
		return 1
	}
	return float64(b.Burst)
}

// addTokens pays what is owed, and saves the rest.
func (b *RetryBudget) addTokens(share float64) {
	pay := min(share, b.owed)
	b.owed -= pay
	b.tokens = min(b.tokens+(share-pay), b.bucketSize()) // in this order nothing is rounded off
}
