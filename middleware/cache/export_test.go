package cache

import (
	"io"
	"net/http"
	"time"
)

// Said is what the tests look at of a parsed Cache-Control.
type Said struct {
	NoStore, NoCache, OnlyIfCached                       bool
	MaxAge, MaxStale, MinFresh, WhileRevalidate, IfError time.Duration
}

func Parse(lines ...string) Said {
	cc := parseCacheControl(http.Header{"Cache-Control": lines})
	return Said{
		cc.noStore, cc.noCache, cc.onlyIfCached,
		cc.maxAge, cc.maxStale, cc.minFresh, cc.whileRevalidate, cc.ifError,
	}
}

func ReadHead(r io.Reader, length int64) (*Meta, int64, error) {
	head, err := readHead(r, length)
	if err != nil {
		return nil, 0, err
	}
	return head.meta, head.body, nil
}

// CreateOver begins an update as [Dir.Update] does.
func CreateOver(d *Dir, key string, meta *Meta) (Writer, error) {
	w, err := d.Create(key, meta)
	if fw, ok := w.(*fileWriter); ok {
		fw.replaces = meta.ID
	}
	return w, err
}

// UseCopies makes a directory work as where open files cannot be replaced.
func UseCopies(d *Dir) { d.copies = true }
