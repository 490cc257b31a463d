package connector_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
)

// TestDescriptorsRunOut: when the process has none left, idle connections make room. It runs
// itself again, with few of them.
func TestDescriptorsRunOut(t *testing.T) {
	if addr := os.Getenv("AIOLOS_TEST_CRAWL"); addr != "" {
		crawl(t, addr)
		return
	}
	t.Parallel()
	s := newKeepServer(t, nil)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDescriptorsRunOut$", "-test.v")
	cmd.Env = append(os.Environ(), "AIOLOS_TEST_CRAWL="+s.addr)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "crawled") {
		t.Fatalf("%v\n%s", err, out)
	}
}

type everyName struct{}

func (everyName) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// crawl asks 1,500 hosts with 200 descriptors.
func crawl(t *testing.T, addr string) {
	t.Helper()
	limit := syscall.Rlimit{Cur: 200, Max: 200}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	c := newConnector(t, connector.Config{Resolver: everyName{}, MaxIdle: -1, KeepAlive: -1})
	var wg sync.WaitGroup
	for worker := range 60 {
		wg.Go(func() {
			for i := worker; i < 1500; i += 60 {
				if r := fetch(t.Context(), c, "GET", "http://h"+strconv.Itoa(i)+".test:"+port); r.err != nil {
					t.Error(r.err)
				}
			}
		})
	}
	wg.Wait()
	fmt.Println("crawled", c.Stats().Idle)
}
