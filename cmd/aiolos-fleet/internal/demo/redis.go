package demo

import (
	"context"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
)

// errNoServer is the error of a machine without Redis.
var errNoServer = app.WithHint(exitcode.With(exitcode.NoServer, errors.New("neither redis-server nor valkey-server is installed")),
	"apt-get install redis-server, dnf install valkey, apk add redis or brew install redis; or --redis HOST:PORT for one that runs")

// localRedis is a server of the demo's own, which keeps nothing.
type localRedis struct {
	addr string
	dir  string
	cmd  *exec.Cmd
}

// startRedis runs a server on a free port of the loopback interface, and waits until it
// answers.
func startRedis(ctx context.Context) (*localRedis, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if program, err = exec.LookPath("valkey-server"); err != nil {
			return nil, errNoServer
		}
	}
	dir, err := os.MkdirTemp("", "aiolos-fleet-demo")
	if err != nil {
		return nil, err
	}
	r := &localRedis{dir: dir}
	if r.addr, err = freeAddr(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	host, port, _ := net.SplitHostPort(r.addr)
	r.cmd = exec.Command(program, "--port", port, "--bind", host, "--dir", dir, "--save", "", "--appendonly", "no") //nolint:gosec,noctx // it is ended in order
	endWithParent(r.cmd)
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := r.await(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// freeAddr is an address that nobody listens on now.
func freeAddr(ctx context.Context) (string, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// await waits until it answers.
func (r *localRedis) await(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: r.addr, MaxRetries: -1})
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := client.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("the redis-server of the demo does not answer"), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// close ends it.
func (r *localRedis) close() error {
	err := r.cmd.Process.Kill()
	_ = r.cmd.Wait() // it was killed
	return errors.Join(err, os.RemoveAll(r.dir))
}
