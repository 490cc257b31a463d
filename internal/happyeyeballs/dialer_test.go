package happyeyeballs_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
)

const ms = time.Millisecond

// Each row is a network, and which attempts are made in it, and when.
func TestDial(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		delay      time.Duration
		interleave int
		addrs      string
		servers    map[string]server
		attempts   string // with the times of their beginnings
		winner     string
		after      time.Duration
	}{
		{
			name: "the first answers at once", addrs: "s1 f1",
			attempts: "s1@0s", winner: "s1",
		},
		{
			name: "the first answers before the delay", addrs: "s1 f1",
			servers:  map[string]server{"s1": {takes: 249 * ms}},
			attempts: "s1@0s", winner: "s1", after: 249 * ms,
		},
		{
			name: "a black hole", addrs: "s1 f1",
			servers:  map[string]server{"s1": {takes: never}, "f1": {takes: 20 * ms}},
			attempts: "s1@0s f1@250ms", winner: "f1", after: 270 * ms,
		},
		{
			name: "the first is slow, and wins nevertheless", addrs: "s1 f1",
			servers:  map[string]server{"s1": {takes: 300 * ms}, "f1": {takes: 100 * ms}},
			attempts: "s1@0s f1@250ms", winner: "s1", after: 300 * ms,
		},
		{
			name: "a failure starts the next", addrs: "s1 f1",
			servers:  map[string]server{"s1": {takes: 5 * ms, err: refused("s1")}},
			attempts: "s1@0s f1@5ms", winner: "f1", after: 5 * ms,
		},
		{
			name: "failures to the end of the list", addrs: "s1 s2 f1 f2",
			servers: map[string]server{
				"s1": {takes: 5 * ms, err: refused("s1")}, "f1": {takes: 6 * ms, err: refused("f1")},
				"s2": {takes: 7 * ms, err: refused("s2")}, "f2": {takes: 8 * ms},
			},
			attempts: "s1@0s f1@5ms s2@11ms f2@18ms", winner: "f2", after: 26 * ms,
		},
		{
			name: "the delay begins anew with each attempt", addrs: "s1 s2 f1", delay: 100 * ms,
			servers: map[string]server{
				"s1": {takes: 90 * ms, err: refused("s1")}, "f1": {takes: never}, "s2": {takes: ms},
			},
			attempts: "s1@0s f1@90ms s2@190ms", winner: "s2", after: 191 * ms,
		},
		{
			name: "an older one's failure starts nothing", addrs: "s1 s2 f1", delay: 100 * ms,
			servers: map[string]server{
				"s1": {takes: 150 * ms, err: refused("s1")}, "f1": {takes: never}, "s2": {takes: ms},
			},
			attempts: "s1@0s f1@100ms s2@200ms", winner: "s2", after: 201 * ms,
		},
		{
			name: "the newest one's failure starts the next beside older ones", addrs: "s1 s2 f1", delay: 100 * ms,
			servers: map[string]server{
				"s1": {takes: never}, "f1": {takes: 10 * ms, err: refused("f1")}, "s2": {takes: ms},
			},
			attempts: "s1@0s f1@100ms s2@110ms", winner: "s2", after: 111 * ms,
		},
		{
			name: "the only one left wins late", addrs: "s1 f1", delay: 100 * ms,
			servers:  map[string]server{"s1": {takes: time.Minute}, "f1": {err: refused("f1")}},
			attempts: "s1@0s f1@100ms", winner: "s1", after: time.Minute,
		},
		{
			name: "a short delay is too short", addrs: "s1 f1", delay: 1,
			servers:  map[string]server{"s1": {takes: never}},
			attempts: "s1@0s f1@10ms", winner: "f1", after: 10 * ms,
		},
		{
			name: "two of the first family", addrs: "s1 s2 s3 f1", interleave: 2, delay: 10 * ms,
			servers:  map[string]server{"s1": {takes: never}, "s2": {takes: never}, "f1": {takes: never}},
			attempts: "s1@0s s2@10ms f1@20ms s3@30ms", winner: "s3", after: 30 * ms,
		},
		{
			name: "the order as given", addrs: "s1 s2 f1", interleave: -1, delay: 10 * ms,
			servers:  map[string]server{"s1": {takes: never}, "s2": {takes: never}},
			attempts: "s1@0s s2@10ms f1@20ms", winner: "f1", after: 20 * ms,
		},
		{
			name: "one after the other", addrs: "s1 s2 f1", delay: -1,
			servers: map[string]server{
				"s1": {takes: time.Second, err: refused("s1")}, "s2": {takes: 2 * time.Second, err: refused("s2")},
			},
			attempts: "s1@0s s2@1s f1@3s", winner: "f1", after: 3 * time.Second,
		},
		{
			name: "one after the other, families in turn", addrs: "s1 s2 f1", delay: -1, interleave: 1,
			servers:  map[string]server{"s1": {takes: time.Second, err: refused("s1")}},
			attempts: "s1@0s f1@1s", winner: "f1", after: time.Second,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(tt.servers)
				d := &happyeyeballs.Dialer{Delay: tt.delay, Interleave: tt.interleave, Attempt: n.attempt}
				given := addrs(tt.addrs)
				nc, who, err := d.Dial(t.Context(), given)
				if err != nil {
					t.Fatal(err)
				}
				if got := time.Since(n.begun); got != tt.after {
					t.Errorf("connected after %v, want %v", got, tt.after)
				}
				synctest.Wait() // for the losers
				wantText(t, "winner", name(who), tt.winner)
				wantText(t, "connection", nc.(*conn).name, tt.winner)
				wantText(t, "attempts", n.attempts(), tt.attempts)
				wantText(t, "open connections", n.open(), tt.winner)
				wantText(t, "the list", names(given), tt.addrs)
				if n.active != 0 {
					t.Errorf("%d attempts go on", n.active)
				}
				if tt.delay < 0 && n.peak > 1 {
					t.Errorf("%d attempts at a time, want one after the other", n.peak)
				}
			})
		})
	}
}

// A loser that does not listen to its context connects late: nobody waits for
// it, and its connection is closed.
func TestLateLoser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(map[string]server{
			"s1": {takes: time.Minute, deaf: true},
			"f1": {takes: time.Hour, deaf: true, err: refused("f1")},
		})
		d := &happyeyeballs.Dialer{Attempt: n.attempt}
		_, who, err := d.Dial(t.Context(), addrs("s1 s2 f1"))
		if err != nil || name(who) != "s2" || time.Since(n.begun) != 500*ms {
			t.Fatalf("got %v, %v after %v, want s2 after 500ms", who, err, time.Since(n.begun))
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if len(n.conns) != 2 {
			t.Errorf("%d connections were made, want 2", len(n.conns))
		}
		wantText(t, "open connections", n.open(), "s2")
	})
}

// Two that connect at the same moment: one wins, and the other is closed.
func TestPhotoFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			n := newNetwork(map[string]server{"s1": {takes: 300 * ms}, "f1": {takes: 50 * ms}})
			d := &happyeyeballs.Dialer{Attempt: n.attempt}
			_, who, err := d.Dial(t.Context(), addrs("s1 f1"))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			wantText(t, "open connections", n.open(), name(who))
		}
	})
}

// The attempts get the values of the context that Dial gets.
func TestValues(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "dial")
	for _, list := range []string{"s1", "s1 f1"} {
		n := newNetwork(nil)
		d := &happyeyeballs.Dialer{Attempt: func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
			if got := ctx.Value(key{}); got != "dial" {
				t.Errorf("%s: got the value %v, want dial", list, got)
			}
			return n.attempt(ctx, a)
		}}
		if _, _, err := d.Dial(ctx, addrs(list)); err != nil {
			t.Error(err)
		}
	}
}

func TestNoAddress(t *testing.T) {
	t.Parallel()
	d := &happyeyeballs.Dialer{Attempt: newNetwork(nil).attempt}
	nc, who, err := d.Dial(t.Context(), nil)
	if !errors.Is(err, errors.ErrClientOS) || nc != nil || who.IsValid() {
		t.Errorf("got %v, %v, %v, want a ClientOSError alone", nc, who, err)
	}
}
