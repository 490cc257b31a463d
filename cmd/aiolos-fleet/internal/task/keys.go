package task

import "strings"

// The keys of asynq that the scripts here read or write beside asynq's own. They are those
// of asynq's version 0 of its layout, which its tools depend on, too.

// LeaseKey is the sorted set of the tasks under way, by the end of their leases.
func LeaseKey(queue string) string { return asynqPrefix(queue) + "lease" }

// ActiveKey is the list of the tasks under way.
func ActiveKey(queue string) string { return asynqPrefix(queue) + "active" }

// PendingKey is the list of the tasks that wait.
func PendingKey(queue string) string { return asynqPrefix(queue) + "pending" }

// Key is the hash of one task.
func Key(queue, id string) string { return asynqPrefix(queue) + "t:" + id }

func asynqPrefix(queue string) string { return "asynq:{" + queue + "}:" }

// OwnKey is a key of this program's, on the node of the queue's in a Cluster.
func OwnKey(queue, name string) string { return "aiolos-fleet:{" + queue + "}:" + name }

// ValidQueue reports whether a queue may be called so: what ends the tag of a key would put
// it on another node.
func ValidQueue(name string) bool {
	return strings.TrimSpace(name) != "" && !strings.ContainsAny(name, "{}")
}
