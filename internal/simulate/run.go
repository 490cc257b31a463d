package simulate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// world makes what is the same for all plans in bubbles, whose time begins in the
// year 2000.
var world = sync.OnceValues(func() (*certificates, error) {
	return newCertificates(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
})

func newCertificates(now time.Time) (*certificates, error) {
	ca, err := certs.NewAuthority()
	if err != nil {
		return nil, err
	}
	c := &certificates{users: map[string]*certs.Leaf{}}
	if c.good, err = ca.Issue(certs.Options{Names: []string{string(TLS1), string(TLS2)}, Now: now}); err != nil {
		return nil, err
	}
	for _, user := range []string{"alice", "bob"} {
		if c.users[user], err = ca.Issue(certs.Options{Names: []string{user}, Client: true, Now: now}); err != nil {
			return nil, err
		}
	}
	c.evil, err = certs.New(certs.Options{Names: []string{string(Evil)}, Now: now})
	return c, err
}

// Run runs a plan in a bubble of its own, with its files below dir, and returns which
// promises were broken.
func Run(t *testing.T, p *Plan, dir string) (broken []string) {
	t.Helper()
	c, err := world()
	if err != nil {
		t.Fatal(err)
	}
	dir, err = os.MkdirTemp(dir, "plan")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if p.measures() {
		measuring.Lock()
		defer measuring.Unlock()
	} else {
		measuring.RLock()
		defer measuring.RUnlock()
	}
	defer func() {
		if r := recover(); r != nil { // what is left of the bubble cannot end any more
			broken = append(broken, fmt.Sprintf("the bubble: %v", r))
		}
	}()
	synctest.Test(t, func(*testing.T) { broken = runIn(p, c, dir) })
	return broken
}

func (p *Plan) measures() bool {
	for _, op := range p.Ops {
		if op.Kind == Growth {
			return true
		}
	}
	return false
}

// runIn runs a plan in the bubble that it is called in.
func runIn(p *Plan, c *certificates, dir string) []string {
	n := newNetwork(p)
	s, err := newServer(p, n, c)
	if err != nil {
		return []string{err.Error()}
	}
	k, err := newClient(p, n, c, dir)
	if err != nil {
		return []string{err.Error()}
	}
	v := &verdict{plan: p, server: s, client: k}
	var wg sync.WaitGroup
	for _, op := range p.sorted() {
		wg.Go(func() { k.run(op, n) })
	}
	wg.Wait()
	v.checkSettled()
	if k.cache != nil {
		k.cache.Close()
	}
	if err := k.s.Close(); err != nil {
		v.add("close: %v", err)
	}
	time.Sleep(time.Minute)
	v.checkClosed(n)
	s.close()
	time.Sleep(time.Minute)
	v.checkGoroutines()
	v.check()
	v.checkFiles(dir)
	return v.broken
}

// strangers are the goroutines of the bubble but the caller's.
func strangers() (left []string) {
	own := make([]byte, 200)
	own = own[:runtime.Stack(own, false)]
	_, bubble, found := bytes.Cut(own, []byte("synctest bubble "))
	if !found {
		return nil
	}
	number, _, _ := strings.Cut(string(bubble), "]")
	mark := "synctest bubble " + number + "]"
	size := 1 << 20
	all := make([]byte, size)
	all = all[:runtime.Stack(all, true)]
	for i, dump := range strings.Split(string(all), "\n\n") {
		head, _, _ := strings.Cut(dump, "\n")
		if i > 0 && strings.Contains(head, mark) && !strings.Contains(dump, "internal/synctest.Run(") &&
			!strings.Contains(dump, "testing/synctest.testingSynctestTest(") {
			left = append(left, dump)
		}
	}
	return left
}

// leftFiles are the names of files that no promise is about.
func leftFiles(dir string) (left []string) {
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !expected(d.Name()) {
			left = append(left, path)
		}
		return nil
	})
	return left
}

// expected are files, unfinished ones with their descriptions, and those of the cache.
func expected(name string) bool {
	for _, suffix := range []string{".cached", ".part.json"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	name = strings.TrimSuffix(name, ".part")
	return strings.HasPrefix(name, "file") && !strings.Contains(name, ".")
}

func sprint(v any) string { return fmt.Sprintf("%v %+v", v, v) }
