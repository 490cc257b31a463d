// Package conn finds the Redis of the fleet: it reads what --redis says, and makes the
// client that everything of a process shares.
package conn

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"
)

// Default is where Redis is if nobody says it.
const Default = "127.0.0.1:6379"

// errForm is the error for what --redis does not understand. What was given may have a
// password in it, and is not repeated.
var errForm = errors.New("--redis: want HOST:PORT, or a URL whose scheme is redis, rediss, unix, redis-sentinel (with master=NAME) or redis-cluster")

// quiet takes what go-redis would write on standard error: its errors come to the callers,
// too.
type quiet struct{}

// Printf drops it.
func (quiet) Printf(context.Context, string, ...any) {}

// silence is done once, before there is a client.
var silence = sync.OnceFunc(func() { redis.SetLogger(quiet{}) })

// Open makes a client of what --redis says:
//
//	HOST:PORT, HOST
//	redis://[USER:PASSWORD@]HOST:PORT[/DB]     rediss:// with TLS
//	unix://[USER:PASSWORD@]/PATH[?db=DB]       also redis-socket://
//	redis-sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT[/DB]?master=NAME[&sentinel_password=...]
//	redis-cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT
//
// rediss-sentinel:// and rediss-cluster:// are with TLS. Of the size says how many calls it
// may have to serve at a time.
func Open(address string, size int) (redis.UniversalClient, error) {
	silence()
	scheme, rest, isURL := strings.Cut(address, "://")
	if !isURL {
		if address == "" || strings.ContainsAny(address, "/@ ") {
			return nil, errForm
		}
		addr, err := withPort(address, "6379")
		if err != nil {
			return nil, err
		}
		return newSingle(&redis.Options{Addr: addr}, size), nil
	}
	switch scheme {
	case "redis-socket":
		scheme = "unix"
		fallthrough
	case "redis", "rediss", "unix":
		options, err := redis.ParseURL(scheme + "://" + rest)
		if err != nil {
			return nil, errForm
		}
		if options.Network != "unix" {
			if _, err := withPort(options.Addr, "6379"); err != nil {
				return nil, err
			}
		}
		return newSingle(options, size), nil
	case "redis-sentinel", "rediss-sentinel":
		return newSentinel(address, size)
	case "redis-cluster", "rediss-cluster":
		return newCluster(address, size)
	}
	return nil, errForm
}

func newSingle(options *redis.Options, size int) redis.UniversalClient {
	options.ContextTimeoutEnabled = true
	options.PoolSize = max(options.PoolSize, size)
	return redis.NewClient(options)
}

func newSentinel(address string, size int) (redis.UniversalClient, error) {
	m, err := parseMany(address, "26379")
	if err != nil || m.query.Get("master") == "" {
		return nil, errForm
	}
	options := &redis.FailoverOptions{
		MasterName: m.query.Get("master"), SentinelAddrs: m.addrs, Username: m.user, Password: m.password,
		SentinelUsername: m.query.Get("sentinel_username"), SentinelPassword: m.query.Get("sentinel_password"),
		ContextTimeoutEnabled: true, PoolSize: size, TLSConfig: m.tls,
	}
	if db := strings.Trim(m.path, "/"); db != "" {
		if _, err := fmt.Sscanf(db, "%d", &options.DB); err != nil {
			return nil, errForm
		}
	}
	return redis.NewFailoverClient(options), nil
}

func newCluster(address string, size int) (redis.UniversalClient, error) {
	m, err := parseMany(address, "6379")
	if err != nil {
		return nil, errForm
	}
	return redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: m.addrs, Username: m.user, Password: m.password, ContextTimeoutEnabled: true, PoolSize: size, TLSConfig: m.tls,
	}), nil
}

// many is a URL with several hosts.
type many struct {
	addrs          []string
	user, password string
	path           string
	query          url.Values
	tls            *tls.Config
}

// parseMany reads a URL with several hosts, which a URL cannot have: the first is read as
// its host, the others by themselves.
func parseMany(address, port string) (many, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	login, hosts := "", rest[:end]
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		login, hosts = hosts[:at+1], hosts[at+1:]
	}
	u, err := url.Parse(scheme + "://" + login + "hosts" + rest[end:])
	if err != nil {
		return many{}, errForm
	}
	m := many{path: u.Path, query: u.Query(), user: u.User.Username()}
	m.password, _ = u.User.Password()
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" {
			return many{}, errForm
		}
		addr, err := withPort(host, port)
		if err != nil {
			return many{}, err
		}
		m.addrs = append(m.addrs, addr)
	}
	if strings.HasPrefix(scheme, "rediss") {
		name, _, _ := net.SplitHostPort(m.addrs[0])
		m.tls = &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12}
	}
	return m, nil
}

// withPort adds a port to an address that has none, and refuses what is no address.
func withPort(address, port string) (string, error) {
	host, given, err := net.SplitHostPort(address)
	if err != nil {
		host, given = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"), port
		if strings.Contains(host, ":") && !isIPv6(host) {
			return "", errForm
		}
	}
	if n, err := strconv.ParseUint(given, 10, 16); err != nil || n == 0 {
		return "", errForm
	}
	return net.JoinHostPort(host, given), nil
}

// isIPv6 reports whether a host is an address with colons, which may have a zone.
func isIPv6(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
