// Package task is one URL in the queue: what stands in Redis for it, and which file it
// becomes.
package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// Type is that of the tasks, as asynq's tools show it.
const Type = "aiolos:fetch"

// Task is one URL to fetch. It is the payload in Redis, as JSON.
type Task struct {
	// URL is absolute, and without its fragment.
	URL string `json:"url"`
	// Name is that of the file, if it was given one.
	Name string `json:"name,omitempty"`
}

// New makes a task of a URL as it was written, and the name for its file, or "".
func New(raw, name string) (Task, error) {
	u, err := session.ParseURL(raw)
	switch {
	case err != nil:
		return Task{}, err
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return Task{}, errors.NewInvalidURL(raw, "want http:// or https:// and a host", nil)
	case name != "" && (session.SafeFileName(name) != name || strings.EqualFold(name, hostsDir)):
		return Task{}, fmt.Errorf("%q is not the name of a file in the directory", name)
	}
	u.Fragment, u.RawFragment = "", ""
	u.Host = strings.ToLower(u.Host) // names of hosts have no case (RFC 9110 4.2.3)
	if u.Path == "" {
		u.Path = "/"
	}
	return Task{URL: u.String(), Name: name}, nil
}

// Parse reads a payload. It may have come from another program.
func Parse(payload []byte) (Task, error) {
	var t Task
	if err := json.Unmarshal(payload, &t); err != nil {
		return Task{}, &errors.InvalidRequestError{Field: "payload", Reason: "want JSON with url and name"}
	}
	return New(t.URL, t.Name)
}

// Payload is the task as it stands in Redis.
func (t Task) Payload() []byte {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // two strings
	}
	return data
}

// ID is the name of the task: 128 bits of the SHA-256 of the URL. The same URL is the same
// task.
func (t Task) ID() string {
	sum := sha256.Sum256([]byte(t.URL))
	return hex.EncodeToString(sum[:16])
}

// hostsDir is the directory of the files that were given no names.
const hostsDir = "hosts"

// File is where the URL is saved, below the directory of the worker: under the name that it
// was given, or else as hosts/HOST/1f/1f0c…-NAME, where 1f0c… is the ID, so that two URLs
// never share a file, whatever the file system thinks of letters, and no directory gets too
// large.
func (t Task) File() (dir, name string) {
	if t.Name != "" {
		return ".", t.Name
	}
	id := t.ID()
	u, err := url.Parse(t.URL)
	if err != nil {
		return ".", id // it was parsed before
	}
	name = session.SafeFileName(strings.TrimRight(u.Path, "/"))
	if name == "" {
		name = "index"
	}
	return path.Join(hostsDir, hostDir(u), id[:2]), id + "-" + name
}

// hostDir is the directory of a host: its name, and its port if there is one.
func hostDir(u *url.URL) string {
	name := strings.ToLower(strings.Trim(u.Hostname(), "[]"))
	name = strings.ReplaceAll(name, ":", "_")
	if port := u.Port(); port != "" {
		name += "_" + port
	}
	if safe := session.SafeFileName(name); safe != "" {
		return safe
	}
	return "host"
}
