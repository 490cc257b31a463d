//go:build unix

package redistest

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const slots = 16384

// StartCluster runs a Cluster of three servers without replicas, and waits until all of
// them serve. It ends with the test.
func StartCluster(tb testing.TB) []*Server {
	tb.Helper()
	const size = 3
	servers, buses := make([]*Server, 0, size), make([]string, 0, size)
	for range size {
		_, bus, _ := net.SplitHostPort(freeAddr(tb))
		servers = append(servers, Start(tb, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000"))
		buses = append(buses, bus)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	first := servers[0].Client()
	for i, s := range servers {
		if err := s.Client().ClusterAddSlotsRange(ctx, i*slots/size, (i+1)*slots/size-1).Err(); err != nil {
			tb.Fatal(err)
		}
		host, port, _ := net.SplitHostPort(s.Addr)
		if err := first.Do(ctx, "CLUSTER", "MEET", host, port, buses[i]).Err(); err != nil {
			tb.Fatal(err)
		}
	}
	for _, s := range servers {
		awaitInfo(ctx, tb, s.Client(), func(c *redis.Client) (string, error) { return c.ClusterInfo(ctx).Result() }, "cluster_state:ok", fmt.Sprintf("cluster_known_nodes:%d", size))
	}
	return servers
}

// ClusterClient is a new client of the Cluster, which is closed with the test.
func ClusterClient(tb testing.TB, servers []*Server) *redis.ClusterClient {
	tb.Helper()
	options := &redis.ClusterOptions{ContextTimeoutEnabled: true}
	for _, s := range servers {
		options.Addrs = append(options.Addrs, s.Addr)
	}
	client := redis.NewClusterClient(options)
	tb.Cleanup(func() { client.Close() })
	return client
}

// Sentinel is a master with a replica, and a sentinel that makes the replica the master when
// the master has been gone for half a second.
type Sentinel struct {
	Master, Replica *Server
	// Addr is that of the sentinel.
	Addr string

	t testing.TB
}

const masterName = "main"

// StartSentinel runs the three, and waits until the sentinel knows the replica. They end
// with the test.
func StartSentinel(tb testing.TB) *Sentinel {
	tb.Helper()
	master := Start(tb)
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := Start(tb, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	awaitInfo(ctx, tb, replica.Client(), func(c *redis.Client) (string, error) { return c.Info(ctx, "replication").Result() }, "master_link_status:up")
	s := &Sentinel{Master: master, Replica: replica, t: tb, Addr: startSentinel(tb, master.Addr)}
	asked := redis.NewClient(&redis.Options{Addr: s.Addr, Protocol: 2})
	defer asked.Close()
	awaitInfo(ctx, tb, asked, func(c *redis.Client) (string, error) { return c.Info(ctx, "sentinel").Result() }, "slaves=1")
	return s
}

// startSentinel runs the sentinel of a master, and returns its address.
func startSentinel(tb testing.TB, master string) string {
	tb.Helper()
	host, port, _ := net.SplitHostPort(master)
	config := strings.Join([]string{
		"sentinel monitor " + masterName + " " + host + " " + port + " 1",
		"sentinel down-after-milliseconds " + masterName + " 500",
		"sentinel failover-timeout " + masterName + " 3000",
	}, "\n")
	s := &Server{t: tb, program: findProgram(tb, "redis-sentinel", "valkey-sentinel"), Dir: shortDir(tb), Addr: freeAddr(tb)}
	s.runSentinel(config)
	tb.Cleanup(s.Kill)
	return s.Addr
}

// Client is a new client of whoever is the master, which is closed with the test.
func (s *Sentinel) Client() *redis.Client {
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: masterName, SentinelAddrs: []string{s.Addr}, ContextTimeoutEnabled: true})
	s.t.Cleanup(func() { client.Close() })
	return client
}

// awaitInfo waits until what the server says of itself has all the texts.
func awaitInfo(ctx context.Context, tb testing.TB, c *redis.Client, ask func(*redis.Client) (string, error), texts ...string) {
	tb.Helper()
	for {
		info, err := ask(c)
		missing := ""
		for _, text := range texts {
			if err != nil || !strings.Contains(info, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("got %v and %s, want %s", err, strconv.Quote(info), missing)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
