// Command echo compares what one message of a WebSocket, there and back, costs the
// client: this library, and coder/websocket, which makes its frames.
//
// The server is a process of its own, so that getrusage tells the client's CPU time
// alone, and the client has one P, so that no idle thread of the runtime's looks
// for work at its expense. Every round runs all clients, in another order, and gives
// each one's ratio to coder/websocket in the same round. What is printed is the
// median of the ratios.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

type flags struct {
	serve      bool
	size       int
	ops        int
	rounds     int
	cancelable bool
	only       string
	profile    string
}

func main() {
	var f flags
	flag.BoolVar(&f.serve, "serve", false, "be the server, until standard input ends")
	flag.IntVar(&f.size, "size", 64, "length of a message in `bytes`")
	flag.IntVar(&f.ops, "ops", 5000, "`messages` in one round")
	flag.IntVar(&f.rounds, "rounds", 31, "number of `rounds`")
	flag.BoolVar(&f.cancelable, "cancelable", false, "use a context that can end")
	flag.StringVar(&f.only, "only", "", "run only the client of this `name`")
	flag.StringVar(&f.profile, "cpuprofile", "", "write a profile to this `file`")
	flag.Parse()
	do := compare
	if f.serve {
		do = serve
	}
	if err := do(f); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

// serve tells its address and echoes until standard input ends.
func serve(flags) error {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := gorilla.Upgrader{}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, data, err := c.ReadMessage()
			if err != nil || c.WriteMessage(kind, data) != nil {
				return
			}
		}
	}))
	defer srv.Close()
	fmt.Println(srv.URL)
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// client is one way to send a message and get it back.
type client struct {
	name string
	echo func(ctx context.Context, data []byte) (int, error)
	cpu  []time.Duration // of one message, for each round
}

func compare(f flags) error {
	url, stop, err := startServer()
	if err != nil {
		return err
	}
	defer stop()
	runtime.GOMAXPROCS(1)
	ctx := context.Background()
	if f.cancelable {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	clients, err := dialAll(url)
	if err != nil {
		return err
	}
	if f.only != "" {
		clients = slices.DeleteFunc(clients, func(c *client) bool { return c.name != f.only })
	}
	if f.profile != "" {
		out, err := os.Create(f.profile)
		if err != nil {
			return err
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for round := range f.rounds + 1 {
		for i := range clients {
			c := clients[(i+round)%len(clients)]
			cost, err := c.measure(ctx, f)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if round > 0 { // the first one is for warming up
				c.cpu = append(c.cpu, cost)
			}
		}
	}
	fmt.Printf("%s, %d B, %d rounds of %d, CPU of one message, ratios to %s\n",
		runtime.Version(), f.size, f.rounds, f.ops, clients[0].name)
	for _, c := range clients {
		c.print(clients[0])
	}
	return nil
}

// startServer starts this program once more, as the server.
func startServer() (url string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(context.Background(), self, "-serve") //nolint:gosec // it is this program
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = cmd.Wait() // it was told to go; how it went is of no interest
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("the server does not start: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// dialAll opens the connections. They end with the process.
func dialAll(url string) ([]*client, error) {
	ctx := context.Background()
	coder, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // it is the connection
	if err != nil {
		return nil, err
	}
	coder.SetReadLimit(-1)
	s, err := session.New(session.Config{})
	if err != nil {
		return nil, err
	}
	own, err := s.WebSocket(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	plain, err := ws.Dial(ctx, &http.Client{Transport: &http.Transport{}}, url, nil)
	if err != nil {
		return nil, err
	}
	return []*client{
		{name: "coder/websocket", echo: func(ctx context.Context, data []byte) (int, error) {
			if err := coder.Write(ctx, websocket.MessageBinary, data); err != nil {
				return 0, err
			}
			_, got, err := coder.Read(ctx)
			return len(got), err
		}},
		{name: "session", echo: echoOf(own)},
		{name: "ws.Dial", echo: echoOf(plain)},
	}, nil
}

func echoOf(c *ws.Conn) func(context.Context, []byte) (int, error) {
	return func(ctx context.Context, data []byte) (int, error) {
		if err := c.SendBytes(ctx, data); err != nil {
			return 0, err
		}
		got, err := c.ReceiveBytes(ctx)
		return len(got), err
	}
}

// measure is the CPU time of one message.
func (c *client) measure(ctx context.Context, f flags) (time.Duration, error) {
	data := make([]byte, f.size)
	runtime.GC() // nobody pays for another one's garbage
	start := cpuTime()
	for range f.ops {
		n, err := c.echo(ctx, data)
		if err != nil {
			return 0, err
		}
		if n != f.size {
			return 0, fmt.Errorf("got %d bytes, want %d", n, f.size)
		}
	}
	return (cpuTime() - start) / time.Duration(f.ops), nil
}

// cpuTime is the time that this process has had of all CPUs.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no way to fail for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (c *client) print(base *client) {
	ratios := make([]float64, len(c.cpu))
	for i := range c.cpu {
		ratios[i] = float64(c.cpu[i]) / float64(base.cpu[i])
	}
	slices.Sort(ratios)
	cpu := slices.Sorted(slices.Values(c.cpu))
	fmt.Printf("  %-16s %6.2f µs  %.3f (%.2f to %.2f)\n", c.name, float64(cpu[len(cpu)/2])/1e3,
		ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}
