// Package work is a worker: it takes URLs from the queue, fetches them through one session
// with limits for the whole fleet, and saves them to a directory.
//
//	queue --> handler --> session --> files         what becomes of a task
//	  ^          |
//	  |          +-- saved --------------------->   done; known for as long as push said
//	  |          +-- may pass (503, cut, ...) -->   retry, after our own wait or Retry-After
//	  |          +-- will not pass (404, ...) -->   archive, with the class of its error
//	  +----------+-- not its fault ------------->   back to the queue, which counts nothing:
//	                                                the worker ends, another one has the file,
//	                                                or the host has asked for a pause
//
// A worker that dies tells nothing: its leases end, and another one finds that (reclaim.go).
package work

import (
	"io"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config is what a worker does. Limits, PauseWait, Failed, Notice and Progress may be
// zero, and all other fields but the switches must be set.
type Config struct {
	Redis redis.UniversalClient
	Queue string
	Dir   *os.Root
	// Jobs is how many URLs this worker has under way.
	Jobs int
	// Limits are those of the fleet.
	Limits Limits
	// Attempts is how often a URL is tried.
	Attempts int
	// MaxWait is the longest wait between two attempts, and MaxRetryAfter the longest that
	// a server can ask for.
	MaxWait, MaxRetryAfter time.Duration
	// Connect and Read are the timeouts of a request: for getting a connection, and the
	// longest silence of the server.
	Connect, Read time.Duration
	// PauseWait is for how long a request waits here for the end of a pause that its host
	// has asked for. One that would have to wait longer goes back to the queue, so that
	// other hosts have its place. 0 is 5 s.
	PauseWait time.Duration
	// Grace is for how long a worker that is told to end lets what is under way end.
	Grace time.Duration
	// UntilDone ends the worker when there is nothing more to do.
	UntilDone bool
	// Insecure accepts every certificate.
	Insecure bool
	// Failed gets the URLs that were given up, as lists that push reads; nil is nobody.
	Failed io.Writer
	// Notice tells the user something; nil is nobody.
	Notice func(format string, args ...any)
	// Progress is told once a second how far the worker is; nil is nobody.
	Progress func(Counts)
}

// Limits are limits of the whole fleet. 0 is none.
type Limits struct {
	// PerHost is how many requests may be under way to one host.
	PerHost int
	// Rate is how many requests a second may go to one host, and Burst how many at once
	// after a rest.
	Rate  float64
	Burst int
}

// String is the limits as flags, for a comparison and for readers.
func (l Limits) String() string {
	text := "--per-host " + strconv.Itoa(l.PerHost) + " --rate " + strconv.FormatFloat(l.Rate, 'g', -1, 64)
	if l.Rate > 0 {
		text += " --burst " + strconv.Itoa(l.Burst)
	}
	return text
}

// Counts is what a worker has done.
type Counts struct {
	Done, Retried, GaveUp, PutBack int64
	Bytes                          int64
}
