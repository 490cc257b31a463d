package main

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"

	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/jar"
	"golang.org/x/net/publicsuffix"
)

// side is one way to do something that needs no server.
func side(name string, do func() error) client {
	return client{name: name, close: func() {}, do: func(context.Context) error { return do() }}
}

// cookieWorkloads compare jars: the cookies of one request, among those of
// others. With sites, every cookie has a registrable domain of its own; with
// hosts, all are sub-domains of one.
func cookieWorkloads() []workload {
	all := make([]workload, 0, 4)
	for _, layout := range []struct{ name, pattern string }{{"sites", "site%d.com"}, {"hosts", "host%d.site.com"}} {
		for _, n := range []int{1000, 100_000} {
			ops := 2000
			if layout.name == "hosts" {
				ops = 20 // net/http/cookiejar looks at every cookie of the site
			}
			all = append(all, workload{
				name:       fmt.Sprintf("cookies of a request among %d %s", n, layout.name),
				goroutines: 1, ops: ops, rounds: 5, base: "cookiejar",
				task:    func(ctx context.Context, c client) error { return c.do(ctx) },
				clients: func() ([]client, error) { return jars(layout.pattern, n) },
			})
		}
	}
	return all
}

func jars(pattern string, n int) ([]client, error) {
	std, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, err
	}
	ours := jar.New(jar.Config{})
	for i := range n {
		u := &url.URL{Scheme: "https", Host: fmt.Sprintf(pattern, i), Path: "/"}
		set := []*http.Cookie{{Name: "id", Value: "0123456789abcdef"}}
		std.SetCookies(u, set)
		ours.SetCookies(u, set)
	}
	u := &url.URL{Scheme: "https", Host: fmt.Sprintf(pattern, n/2), Path: "/path"}
	look := func(j http.CookieJar) func() error {
		return func() error {
			if got := j.Cookies(u); len(got) != 1 {
				return fmt.Errorf("%d cookies instead of 1", len(got))
			}
			return nil
		}
	}
	return []client{side("cookiejar", look(std)), side("aiolos", look(ours))}, nil
}

const formSize = 100 << 20

// formWorkload compares a form of one big file with mime/multipart by hand, both
// read as net/http reads a body.
func formWorkload(file string) workload {
	return workload{
		name: "multipart of 100 MiB from a file", goroutines: 1, ops: 1, rounds: 9, base: "by hand",
		task: func(ctx context.Context, c client) error { return c.do(ctx) },
		clients: func() ([]client, error) {
			return []client{
				side("by hand", func() error { return multipartByHand(file) }),
				side("aiolos", func() error { return multipartByForm(file) }),
			}, nil
		},
	}
}

// multipartByHand writes the body straight to where it goes: the fastest that
// can be had without a form.
func multipartByHand(file string) error {
	return withFile(file, func(f *os.File) error {
		w := multipart.NewWriter(io.Discard)
		if err := w.WriteField("title", "a file"); err != nil {
			return err
		}
		part, err := w.CreateFormFile("file", "big.bin")
		if err != nil {
			return err
		}
		if _, err := io.Copy(onlyWriter{part}, io.LimitReader(f, formSize)); err != nil {
			return err
		}
		return w.Close()
	})
}

// onlyWriter hides io.Discard's ReaderFrom, which a connection does not have
// either.
type onlyWriter struct{ io.Writer }

func multipartByForm(file string) error {
	return withFile(file, func(f *os.File) error {
		data := io.NewSectionReader(f, 0, formSize)
		body, err := form.New().Field("title", "a file").Reader("file", data, form.FileName("big.bin")).Open()
		if err != nil {
			return err
		}
		defer body.Close()
		n, err := io.Copy(onlyWriter{io.Discard}, body)
		if err == nil && n < formSize {
			err = io.ErrUnexpectedEOF
		}
		return err
	})
}
