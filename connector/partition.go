package connector

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"weak"
)

// partition is Settings as an [httprule.Partition]: what a response depends on beside
// the request itself. A response that came under one policy, or through one proxy, is
// no answer to a request with another one, as little as its connection is.
//
// Each field of Settings, and of what it points to, either is written here or changes
// nothing in a response; a test goes through them.
type partition Settings

// Partition is a digest, because proxies have passwords.
func (s *partition) Partition() string {
	head := s.Head
	if head != nil && head.MaxLineSize == 0 && head.MaxFieldSize == 0 && head.MaxHeaders == 0 {
		head = nil
	}
	if s.TLS == nil && s.Proxy == nil && head == nil && !s.TrustEnv && !s.HTTP1 && !s.HTTP10 && !s.NotUntilEOF {
		return ""
	}
	sum := sha256.New()
	w := partitionWriter{sum}
	w.writeTexts("flags", fmt.Sprint(s.TrustEnv, s.HTTP1, s.HTTP10, s.NotUntilEOF))
	if head != nil {
		w.writeTexts("head", fmt.Sprint(head.MaxLineSize, head.MaxFieldSize, head.MaxHeaders))
	}
	if p := s.TLS; p != nil {
		w.writeTexts("tls", configID(p.Config), p.Pin.String(), p.ServerName)
		w.writeTexts(fmt.Sprint(p.Insecure, p.Pin == p.Pin.Verified()))
	}
	if p := s.Proxy; p != nil {
		w.writeTexts("proxy", urlText(p.URL), userText(p.Auth))
		w.writeHeader(p.Header)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// partitionWriter writes lists of texts of which no two are alike.
type partitionWriter struct{ io.Writer }

func (w partitionWriter) writeTexts(texts ...string) {
	for _, text := range texts {
		_, _ = io.WriteString(w, strconv.Itoa(len(text))+":"+text) // a hash takes all
	}
}

func (w partitionWriter) writeHeader(h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		w.writeTexts(name, strconv.Itoa(len(h[name])))
		w.writeTexts(h[name]...)
	}
}

func urlText(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}

func userText(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	return "as " + user.String()
}

// configIDs are the names of configurations, which are told apart by identity. A name
// is never given again: what is kept under it may outlive the configuration, whose
// address another one may have then, and the process.
var configIDs struct {
	sync.Mutex
	names map[weak.Pointer[tls.Config]]string
}

func configID(config *tls.Config) string {
	if config == nil {
		return ""
	}
	ids, key := &configIDs, weak.Make(config)
	ids.Lock()
	defer ids.Unlock()
	name := ids.names[key]
	if name == "" {
		if ids.names == nil {
			ids.names = map[weak.Pointer[tls.Config]]string{}
		}
		name = rand.Text()
		ids.names[key] = name
		runtime.AddCleanup(config, forgetConfigID, key)
	}
	return name
}

func forgetConfigID(key weak.Pointer[tls.Config]) {
	configIDs.Lock()
	defer configIDs.Unlock()
	delete(configIDs.names, key)
}
