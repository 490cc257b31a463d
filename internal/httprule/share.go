package httprule

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// PartitionKey is the key under which the context of a request has a [Partition]:
// the request's own way to its server. It is here because a connector, which knows
// the way, and a middleware, which must not mix up two of them, do not know each
// other.
type PartitionKey struct{}

// Partition tells apart what may not share responses, tokens and the like although
// the requests are the same: a client certificate, a pin, a proxy. (Fetch standard
// 2.6: network partition keys)
type Partition interface {
	// Partition is "" for the usual way, and else a text that no other way has,
	// in this process or in another one. It has no line end and is no secret.
	Partition() string
}

// PartitionOf is the partition of a request's context; "" is the usual one.
func PartitionOf(ctx context.Context) string {
	if p, ok := ctx.Value(PartitionKey{}).(Partition); ok {
		return p.Partition()
	}
	return ""
}

// SettingsKey is the key under which the context of a request has the *Settings of
// package connector. It is here for contexts that are part of something larger.
type SettingsKey struct{}

// LeakKey is the key under which the context of a request may have a [LeakMark]. Who
// puts responses into what that context leads to must know whether the connector looks
// for leaks: it holds the context until the response has ended, and what it holds never
// leaks.
type LeakKey struct{}

// LeakMark is told that the response of the request is watched, if it has a body, and
// which stack has asked for it, as [runtime.Callers] has it.
type LeakMark interface{ MarkWatched(stack []uintptr) }

// AnswerKey is the key under which the context of a request has an [AnswerNoter], or
// nothing.
type AnswerKey struct{}

// AnswerNoter is told of answers that a middleware does not get from its next one, by
// who keeps the cookies of those that come over the wire.
type AnswerNoter interface {
	// NoteReplayed tells of one that counts as if it had come over the wire: a
	// recording that is played.
	NoteReplayed(req *http.Request, resp *http.Response)
	// NoteShared tells that the answer is another request's too, and was looked at
	// there.
	NoteShared()
}

// NoteReplayed tells the [AnswerNoter] of a request, if it has one.
func NoteReplayed(req *http.Request, resp *http.Response) {
	if n, ok := req.Context().Value(AnswerKey{}).(AnswerNoter); ok {
		n.NoteReplayed(req, resp)
	}
}

// NoteShared tells the [AnswerNoter] of a request, if it has one.
func NoteShared(req *http.Request) {
	if n, ok := req.Context().Value(AnswerKey{}).(AnswerNoter); ok {
		n.NoteShared()
	}
}

// WaitKey is the key under which the context of a request has a [WaitNoter], or nothing.
type WaitKey struct{}

// WaitNoter is told what a request waits for before it is sent, and, by calling done, when
// it waits no more. It is told by several goroutines, if they send the same request.
type WaitNoter interface {
	NoteWait(what string) (done func())
}

// SensitiveKey is the key under which the context of a request has, as a []string,
// the names of further headers that are secrets.
type SensitiveKey struct{}

// SensitiveFields are the names under [SensitiveKey], in any case; nobody changes
// them.
func SensitiveFields(ctx context.Context) []string {
	names, _ := ctx.Value(SensitiveKey{}).([]string)
	return names
}

// ContainsName reports whether a list has the name of a field, in any case.
func ContainsName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// TotalKey is the key under which the context of a request has, as a [Total], the
// total timeout of the call that it belongs to.
type TotalKey struct{}

// Total is how long a call may take.
type Total struct {
	Limit    time.Duration
	Deadline time.Time
	Default  bool // nobody has set it
}

// TotalOf is the total timeout if that is the deadline of ctx, and whether it is the
// default; 0: the deadline is somebody else's, or there is none.
func TotalOf(ctx context.Context) (limit time.Duration, byDefault bool) {
	total, ok := ctx.Value(TotalKey{}).(Total)
	if deadline, _ := ctx.Deadline(); !ok || !deadline.Equal(total.Deadline) {
		return 0, false
	}
	return total.Limit, total.Default
}

// UserKey is the key under which the context of a request has true if the URL that
// was asked for had a user name or a password, which stand in a header now.
type UserKey struct{}

// HadUser reports what stands under [UserKey].
func HadUser(ctx context.Context) bool {
	had, _ := ctx.Value(UserKey{}).(bool)
	return had
}

// BackendKey is the key under which the context of a request has a *[Backend], if it is
// sent to another host than the one that was asked for.
type BackendKey struct{}

// Backend is for whom a request is sent to the host that its URL has. Cookies and
// credentials are those of the host that was asked for.
type Backend struct {
	// Asked is the URL, and Host the value of Host, that the request had before.
	Asked *url.URL
	Host  string
	// Addr is the host and port of the URL that it has now.
	Addr string
	// ServerName is what TLS asks for, and what the certificate has to be for; "" is
	// the host of the URL.
	ServerName string
}

// BackendOf returns the [Backend] of a request, or nil. A request that somebody sends
// elsewhere with the same context has none.
func BackendOf(req *http.Request) *Backend {
	b, _ := req.Context().Value(BackendKey{}).(*Backend)
	if b == nil || req.URL == nil || req.URL.Host != b.Addr {
		return nil
	}
	return b
}
