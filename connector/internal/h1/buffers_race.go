//go:build race

package h1

import (
	"bufio"
	"io"
	"runtime"
	"sync"
	"weak"
)

// With the race detector no buffer is used twice: one that was given back panics when it is
// used, or given back again. What is lent can be counted.

func getReader(r io.Reader) *bufio.Reader {
	br := bufio.NewReaderSize(r, bufferSize)
	lentReaders.add(br)
	return br
}

func putReader(br *bufio.Reader) {
	lentReaders.takeBack(br)
	br.Reset(afterPut{})
}

func getWriter(w io.Writer) *bufio.Writer {
	bw := bufio.NewWriterSize(w, bufferSize)
	lentWriters.add(bw)
	return bw
}

func putWriter(bw *bufio.Writer) {
	lentWriters.takeBack(bw)
	bw.Reset(afterPut{})
}

// afterPut is what a buffer that was given back reads from, or writes to.
type afterPut struct{}

func (afterPut) Read([]byte) (int, error) {
	panic("h1: a bufio.Reader is used after it was given back")
}

func (afterPut) Write([]byte) (int, error) {
	panic("h1: a bufio.Writer is used after it was given back")
}

var (
	lentReaders ledger[bufio.Reader]
	lentWriters ledger[bufio.Writer]
)

// ledger is what is lent, as long as somebody holds it: a body that nobody closes keeps its
// reader until both are garbage.
type ledger[T any] struct {
	mu   sync.Mutex
	lent map[weak.Pointer[T]]struct{}
}

func (l *ledger[T]) add(p *T) {
	w := weak.Make(p)
	l.mu.Lock()
	if l.lent == nil {
		l.lent = map[weak.Pointer[T]]struct{}{}
	}
	l.lent[w] = struct{}{}
	l.mu.Unlock()
	runtime.AddCleanup(p, func(w weak.Pointer[T]) { l.remove(w) }, w)
}

func (l *ledger[T]) takeBack(p *T) {
	if !l.remove(weak.Make(p)) {
		panic("h1: a buffer is given back twice")
	}
}

func (l *ledger[T]) remove(w weak.Pointer[T]) (known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known = l.lent[w]
	delete(l.lent, w)
	return known
}

func (l *ledger[T]) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lent)
}

// LentBuffers returns how many readers and writers are in use. It is for tests.
func LentBuffers() (readers, writers int) { return lentReaders.count(), lentWriters.count() }
