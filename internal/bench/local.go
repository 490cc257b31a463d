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

// local is a way to do something that needs no server.
func local(do func() error) client {
	return client{do: func(context.Context) error { return do() }}
}

// cookieRows compare jars: the cookies of one request, among those of others. With
// sites, every cookie has a registrable domain of its own; with hosts, all are
// sub-domains of one.
func cookieRows() []row {
	all := make([]row, 0, 4)
	for _, layout := range []struct{ name, pattern string }{{"sites", "site%d.com"}, {"hosts", "host%d.site.com"}} {
		for _, n := range []int{1000, 100_000} {
			ops := 5000
			if layout.name == "hosts" {
				ops = 20 // net/http/cookiejar looks at every cookie of the site
			}
			all = append(all, row{
				name:   fmt.Sprintf("cookies of a request among %d %s", n, layout.name),
				family: "jar", ops: ops, rounds: 5, onePOnly: true,
				entrants: []entrant{
					{"cookiejar", func() (client, error) { return fillStandardJar(layout.pattern, n) }},
					{ours, func() (client, error) { return fillJar(jar.New(jar.Config{}), layout.pattern, n), nil }},
				},
				task: func(ctx context.Context, c client) error { return c.do(ctx) },
			})
		}
	}
	return all
}

func fillStandardJar(pattern string, n int) (client, error) {
	j, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return client{}, err
	}
	return fillJar(j, pattern, n), nil
}

func fillJar(j http.CookieJar, pattern string, n int) client {
	for i := range n {
		u := &url.URL{Scheme: "https", Host: fmt.Sprintf(pattern, i), Path: "/"}
		j.SetCookies(u, []*http.Cookie{{Name: "id", Value: "0123456789abcdef"}})
	}
	u := &url.URL{Scheme: "https", Host: fmt.Sprintf(pattern, n/2), Path: "/path"}
	return local(func() error {
		if got := j.Cookies(u); len(got) != 1 {
			return fmt.Errorf("%d cookies instead of 1", len(got))
		}
		return nil
	})
}

const formSize = 100 << 20

// formRow compares a form of one big file with mime/multipart by hand, both read as
// net/http reads a body.
func formRow(e env) row {
	side := func(name string, build func(file string) error) entrant {
		return entrant{name, func() (client, error) { return local(func() error { return build(e.file) }), nil }}
	}
	return row{
		name: "multipart of 100 MiB from a file", family: "form", ops: 1, rounds: 9, onePOnly: true,
		entrants: []entrant{side("by hand", multipartByHand), side(ours, multipartByForm)},
		task:     func(ctx context.Context, c client) error { return c.do(ctx) },
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
