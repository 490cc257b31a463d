package session

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/aiolos-http/aiolos/errors"
)

// Pages requests url and then, page by page, what the Link header of each
// response names as rel=next (RFC 8288, RFC 5005). A response is closed when the
// loop goes on or is left: read it before that. An error is yielded once, with a
// nil response, and ends the loop; the status of a page is not an error unless an
// option makes it one.
//
// The options hold for every page, but parameters of the query, those of the
// session's defaults included, only for the first: a next link is complete. If a
// link leads to another origin, or a redirect did, the credentials and cookies of
// the options are dropped for the rest, as in a redirect, and so are
// [Config].SensitiveHeaders. A link to a page that was seen already is an
// [errors.ErrClientResponse], and one that cannot be followed an
// [*errors.InvalidURLError]: the pages never end without an error before their end.
func (s *Session) Pages(ctx context.Context, url string, opts ...Option) iter.Seq2[*Response, error] {
	return func(yield func(*Response, error) bool) {
		p := pager{s: s, seen: map[string]bool{}}
		for next := url; next != ""; {
			resp, err := s.Get(ctx, next, Join(opts...), p.nextPageOption())
			if err != nil {
				yield(nil, err)
				return
			}
			if !yieldPage(resp, yield) {
				return
			}
			if next, err = p.nextURL(resp); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// yieldPage yields a page and closes it, even if the loop panics.
func yieldPage(resp *Response, yield func(*Response, error) bool) bool {
	defer resp.Close()
	return yield(resp, nil)
}

// pager is one use of Pages.
type pager struct {
	s    *Session
	seen map[string]bool
	from *url.URL // the first page
	left bool     // the origin of the first page was left
	user bool     // the next link has credentials of its own
}

// nextURL is the URL of the page after resp, or "".
func (p *pager) nextURL(resp *Response) (string, error) {
	first := resp.url
	if hops := resp.History(); len(hops) > 0 {
		first = hops[0].url
	}
	if p.from == nil {
		p.from = first
	}
	p.seen[pageKey(first)], p.seen[pageKey(resp.url)] = true, true
	links, broken := parseLinks(resp.Header["Link"], resp.URL())
	link := links.Rel("next")
	if link == nil {
		return "", p.checkBroken(resp, broken)
	}
	if p.seen[pageKey(link.URL)] {
		e := resp.responseError("the next page is one that was there already")
		return "", &e
	}
	if err := checkTarget(link.URL, "next page"); err != nil {
		return "", errors.Wrap(http.MethodGet, resp.url, err)
	}
	p.checkOrigin(resp, link.URL)
	return withoutFragment(link.URL).String(), nil
}

// checkBroken refuses to take a next link that cannot be followed for none at all.
func (p *pager) checkBroken(resp *Response, broken []brokenLink) error {
	for _, link := range broken {
		if slices.Contains(link.rels, "next") {
			err := badTarget(link.target, "next page cannot be found from its link", link.err)
			return errors.Wrap(http.MethodGet, resp.url, err)
		}
	}
	return nil
}

// pageKey is a URL without what makes no other page of it.
func pageKey(u *url.URL) string {
	plain := *withoutFragment(u)
	plain.User = nil
	return plain.String()
}

// checkOrigin notes whether the origin has changed.
func (p *pager) checkOrigin(resp *Response, next *url.URL) {
	p.user = next.User != nil
	p.left = p.left || !sameOrigin(p.from, resp.url) || !sameOrigin(p.from, next)
	for _, hop := range resp.History() {
		p.left = p.left || !sameOrigin(p.from, hop.url)
	}
}

// nextPageOption changes the options for all pages but the first.
func (p *pager) nextPageOption() Option {
	return checkedOption("later", nil, func(o *options) error {
		if p.from == nil {
			return nil
		}
		o.query = "" // a link has its own
		if p.left {
			o.leaveOrigin(p.s.sensitive)
		}
		if p.user && o.header["Authorization"] != nil {
			delete(o.ownHeader(), "Authorization") // the link's take their place
		}
		return nil
	})
}
