//go:build interop && linux

package fleet_test

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

const (
	jarURL     = "https://a.example/"
	jarCookies = 1000
)

func init() { roles["jar"] = setManyCookies }

// setManyCookies sets jarCookies cookies of its own, says so, and reads them all until its
// input ends, when it says how many there are.
func setManyCookies(args []string, in io.Reader, out io.Writer) error {
	client := redis.NewClient(&redis.Options{Addr: args[0], ContextTimeoutEnabled: true})
	defer client.Close()
	f, err := fleet.New(fleet.Config{Redis: client, Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer f.Close()
	j := f.Jar(fleet.JarConfig{MaxAge: 200 * time.Millisecond, Rules: jar.Config{MaxPerDomain: -1}})
	u, err := url.Parse(jarURL)
	if err != nil {
		return err
	}
	var done sync.WaitGroup
	for worker := range 10 {
		done.Go(func() {
			for i := worker; i < jarCookies; i += 10 {
				j.SetCookieHeaders(u, []string{fmt.Sprintf("p%s-%d=%s", args[1], i, strings.Repeat("v", 20))})
			}
		})
	}
	done.Wait()
	fmt.Fprintln(out, "set")
	io.Copy(io.Discard, in)
	time.Sleep(2 * 200 * time.Millisecond)
	fmt.Fprintln(out, len(j.Cookies(u)))
	return nil
}

// TestInteropJar: four processes set a thousand cookies each at the same time, and every one
// sees all of them.
func TestInteropJar(t *testing.T) {
	server := redistest.Start(t)
	const processes = 4
	var all []*procs.Process
	for i := range processes {
		all = append(all, procs.Start(t, "jar", server.Addr, fmt.Sprint(i)))
	}
	for _, p := range all {
		if got := p.ReadLine(time.Minute); got != "set" {
			t.Fatalf("got %q", got)
		}
	}
	for _, p := range all {
		p.In.Close()
	}
	for _, p := range all {
		if got := p.ReadLine(time.Minute); got != fmt.Sprint(processes*jarCookies) {
			t.Errorf("got %s cookies, want %d", got, processes*jarCookies)
		}
	}
}

// TestInteropJarServers: on a Cluster and behind Sentinel, over a failover, after a flush
// and a restart, and while Redis stands still or is full.
func TestInteropJarServers(t *testing.T) {
	u := parseURL(t, jarURL)
	set := func(j *fleet.Jar, line string) { j.SetCookieHeaders(u, []string{line}) }
	shared := func(one, two *fleet.Jar, name string) func() bool {
		return func() bool {
			set(one, name+"=1")
			return strings.Contains(sent(t, two, jarURL), name)
		}
	}
	jars := func(t *testing.T, one, two redis.UniversalClient) (*fleet.Jar, *fleet.Jar) {
		f, _ := newFleet(t, fleet.Config{Redis: one, RetryAfter: 50 * time.Millisecond})
		g, _ := newFleet(t, fleet.Config{Redis: two, RetryAfter: 50 * time.Millisecond})
		return f.Jar(fleet.JarConfig{MaxAge: -1}), g.Jar(fleet.JarConfig{MaxAge: -1})
	}
	t.Run("cluster", func(t *testing.T) {
		servers := redistest.StartCluster(t)
		one, two := jars(t, redistest.ClusterClient(t, servers), redistest.ClusterClient(t, servers))
		await(t, shared(one, two, "a"))
	})
	t.Run("failover", func(t *testing.T) {
		s := redistest.StartSentinel(t)
		one, two := jars(t, s.Client(), s.Client())
		await(t, shared(one, two, "before"))
		s.Master.Kill()
		set(one, "meanwhile=1")
		if got := sent(t, one, jarURL); !strings.Contains(got, "meanwhile") {
			t.Errorf("got %q, want what was set here", got)
		}
		await(t, func() bool { return strings.Contains(sent(t, two, jarURL), "meanwhile") })
	})
	t.Run("restart", func(t *testing.T) {
		s := redistest.Start(t)
		one, two := jars(t, s.Client(), s.Client())
		await(t, shared(one, two, "before"))
		s.Kill()
		set(one, "meanwhile=1")
		s.Restart()
		await(t, func() bool { return sent(t, two, jarURL) == "meanwhile=1" }) // what Redis has lost is lost
	})
	t.Run("standstill", func(t *testing.T) {
		s := redistest.Start(t)
		one, two := jars(t, s.Client(), s.Client())
		await(t, shared(one, two, "before"))
		s.Stop()
		began := time.Now()
		set(one, "meanwhile=1")
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("took %v, want no more than the bounds of its calls", took)
		}
		if got := sent(t, one, jarURL); got != "before=1; meanwhile=1" {
			t.Errorf("got %q, want both", got)
		}
		s.Continue()
		await(t, func() bool { return sent(t, two, jarURL) == "before=1; meanwhile=1" })
	})
	t.Run("full", func(t *testing.T) {
		s := redistest.Start(t)
		one, two := jars(t, s.Client(), s.Client())
		await(t, shared(one, two, "before"))
		admin := s.Client()
		limit := func(bytes string) {
			if err := admin.ConfigSet(context.Background(), "maxmemory", bytes).Err(); err != nil {
				t.Fatal(err)
			}
		}
		limit("1")
		set(one, "meanwhile=1")
		if got := sent(t, one, jarURL); got != "before=1; meanwhile=1" {
			t.Errorf("got %q, want both", got)
		}
		limit("0")
		await(t, func() bool { return sent(t, two, jarURL) == "before=1; meanwhile=1" })
	})
	t.Run("replica", func(t *testing.T) {
		s := redistest.StartSentinel(t)
		f, _ := newFleet(t, fleet.Config{Redis: s.Replica.Client()})
		j := f.Jar(fleet.JarConfig{MaxAge: -1})
		set(j, "a=1")
		if got := sent(t, j, jarURL); got != "a=1" || j.Stats().Pending != 1 {
			t.Errorf("got %q and %d that wait, want it here and one", got, j.Stats().Pending)
		}
	})
}
