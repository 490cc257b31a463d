package connector_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
)

const (
	crawlHosts = 3000
	// crawlDescriptors is what the crawl may have open: enough for its hundred requests at a
	// time, and for few idle connections.
	crawlDescriptors = 256
)

// TestCrawlProcess is nothing by itself: TestOutOfDescriptors runs it in a process of its
// own, which has few descriptors.
func TestCrawlProcess(t *testing.T) {
	addr, ok := strings.CutPrefix(os.Getenv(childEnv), "crawl ")
	if !ok {
		t.Skip("it is for another test")
	}
	limit := syscall.Rlimit{Cur: crawlDescriptors, Max: crawlDescriptors}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	// It must be true that they run out.
	resolver := &names{addrs: []string{"127.0.0.1"}}
	tr := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	defer tr.CloseIdleConnections()
	failed := 0
	for host := range 2 * crawlDescriptors {
		resp, err := tr.RoundTrip(newRequest(t, context.Background(), "GET", fmt.Sprintf("http://h%d.test:%s/", host, port), nil))
		if err != nil {
			failed++
			continue
		}
		read(t, resp)
	}
	tr.CloseIdleConnections()
	c := newConnector(t, connector.Config{KeepAlive: -1, MaxIdle: -1, Resolver: resolver})
	useHosts(t, c, port, crawlHosts)
	st := c.Stats()
	fmt.Printf("net/http failed %d times; %+v\n", failed, st)
	if failed == 0 {
		t.Error("there are more descriptors than the test wants")
	}
	if st.Opened < crawlHosts || st.Closed == 0 || st.Idle == 0 {
		t.Errorf("got %+v", st)
	}
}

// A crawl over more hosts than there are descriptors for fails nowhere, because idle
// connections make room for new ones, even if nothing else bounds them.
func TestOutOfDescriptors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	acceptAll(t, ln, answerBodies)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrawlProcess$")
	cmd.Env = append(os.Environ(), childEnv+"=crawl "+ln.Addr().String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%.4000s", err, out)
	}
	t.Logf("%.300s", out)
}
