// Package status finds out how the fleet is getting on, and says it.
package status

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
)

// Status is that of one queue at one moment.
type Status struct {
	Queue  string `json:"queue"`
	Paused bool   `json:"paused"`
	// Pending and Scheduled wait for their turn, Retry for their next attempt; Completed
	// are those that were fetched and are still known.
	Pending   int `json:"pending"`
	Active    int `json:"active"`
	Scheduled int `json:"scheduled"`
	Retry     int `json:"retry"`
	Archived  int `json:"archived"`
	Completed int `json:"completed"`
	// Memory is about what the queue takes in Redis, in bytes.
	Memory  int64    `json:"memory"`
	Workers []Worker `json:"workers"`
	// Limits are those of all workers of this Redis, whatever their queue. More than one
	// do not hold.
	Limits []string `json:"limits"`
	stats.Summary
}

// Worker is one process.
type Worker struct {
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	State   string    `json:"state"`
	Active  int       `json:"active"`
	Jobs    int       `json:"jobs"`
	Started time.Time `json:"started"`
}

// Left is how many URLs are not done yet.
func (s *Status) Left() int { return s.Pending + s.Active + s.Scheduled + s.Retry }

// Read asks Redis. A queue that nobody has pushed to is empty.
func Read(ctx context.Context, client redis.UniversalClient, queue string, hosts int) (*Status, error) {
	s := &Status{Queue: queue, Workers: []Worker{}}
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, err
	}
	inspector := asynq.NewInspectorFromRedisClient(client)
	queues, err := inspector.Queues()
	if err != nil {
		return nil, err
	}
	if slices.Contains(queues, queue) {
		q, err := inspector.GetQueueInfo(queue)
		if err != nil {
			return nil, err
		}
		s.Paused, s.Pending, s.Active, s.Scheduled = q.Paused, q.Pending, q.Active, q.Scheduled
		s.Retry, s.Archived, s.Completed, s.Memory = q.Retry, q.Archived, q.Completed, q.MemoryUsage
	}
	if s.Workers, err = readWorkers(inspector, queue); err != nil {
		return nil, err
	}
	if s.Limits, err = stats.ReadLimits(ctx, client); err != nil {
		return nil, err
	}
	s.Summary, err = stats.Read(ctx, client, queue, hosts)
	return s, err
}

// readWorkers are the processes that serve the queue.
func readWorkers(inspector *asynq.Inspector, queue string) ([]Worker, error) {
	servers, err := inspector.Servers()
	if err != nil {
		return nil, err
	}
	workers := []Worker{}
	for _, s := range servers {
		if _, ok := s.Queues[queue]; ok {
			workers = append(workers, Worker{s.Host, s.PID, s.Status, len(s.ActiveWorkers), s.Concurrency, s.Started})
		}
	}
	slices.SortFunc(workers, func(a, b Worker) int { return cmp.Or(cmp.Compare(a.Host, b.Host), a.PID-b.PID) })
	return workers, nil
}
