package middleware

import (
	"io"
	"net/http"
	"time"
)

// CacheSaid is what the tests look at of a parsed Cache-Control.
type CacheSaid struct {
	NoStore, NoCache, OnlyIfCached                       bool
	MaxAge, MaxStale, MinFresh, WhileRevalidate, IfError time.Duration
}

func CacheParse(lines ...string) CacheSaid {
	cc := cacheParse(http.Header{"Cache-Control": lines})
	return CacheSaid{
		cc.noStore, cc.noCache, cc.onlyIfCached,
		cc.maxAge, cc.maxStale, cc.minFresh, cc.whileRevalidate, cc.ifError,
	}
}

func CacheReadHead(r io.Reader, length int64) (*CacheMeta, int64, error) {
	head, err := cacheReadHead(r, length)
	if err != nil {
		return nil, 0, err
	}
	return head.meta, head.body, nil
}

// CacheCreateOver begins an update as [CacheDir.Update] does.
func CacheCreateOver(d *CacheDir, key string, meta *CacheMeta) (CacheWriter, error) {
	w, err := d.Create(key, meta)
	if fw, ok := w.(*cacheFileWriter); ok {
		fw.over = meta.ID
	}
	return w, err
}

// CacheCopies makes a directory work as where open files cannot be replaced.
func CacheCopies(d *CacheDir) { d.copies = true }
