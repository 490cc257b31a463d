// Package archive brings back what the workers have given up.
package archive

import (
	"context"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// pageSize is how many tasks are listed at a time.
const pageSize = 1000

// Retry puts the archived tasks whose error is of one of the classes back into the queue,
// with all their attempts, and returns how many. Without classes these are all.
func Retry(ctx context.Context, client redis.UniversalClient, queue string, classes []string) (int, error) {
	inspector := asynq.NewInspectorFromRedisClient(client)
	// The list is complete before the first is taken out of it, since pages would move.
	var chosen []*asynq.TaskInfo
	for page := 1; ; page++ {
		tasks, err := inspector.ListArchivedTasks(queue, asynq.PageSize(pageSize), asynq.Page(page))
		if errors.Is(err, asynq.ErrQueueNotFound) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		for _, t := range tasks {
			if HasClass(t.LastErr, classes) {
				chosen = append(chosen, t)
			}
		}
		if len(tasks) < pageSize {
			break
		}
	}
	done := 0
	for _, t := range chosen {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if err := task.SetRetryBase(ctx, client, queue, t.ID, t.Retried); err != nil {
			return done, err
		}
		switch err := inspector.RunTask(queue, t.ID); {
		case err == nil:
			done++
		case errors.Is(err, asynq.ErrTaskNotFound):
		default:
			return done, err
		}
	}
	return done, nil
}

// HasClass reports whether the text of an error begins with one of the classes: all of what
// is before its colon, or its first word, so that ClientResponse is also "ClientResponse
// 404". No classes are all.
func HasClass(text string, classes []string) bool {
	class, _, _ := strings.Cut(text, ":")
	word, _, _ := strings.Cut(class, " ")
	for _, c := range classes {
		if strings.EqualFold(c, class) || strings.EqualFold(c, word) {
			return true
		}
	}
	return len(classes) == 0
}
