package curlconv

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Items returns the command line of aiolos that sends the request, quoted for
// a shell. The error is for what aiolos has no flag for, and for what no command
// line can hold.
func (r *Request) Items() (string, error) {
	flags := append([]string{"aiolos"}, r.itemFlags()...)
	var words []string
	if r.Method != r.command().ImpliedMethod() {
		if !syntax.IsMethod(r.Method) {
			return "", &UnsupportedError{What: "the method " + strconv.Quote(r.Method), Why: "aiolos tells methods from URLs by their capitals"}
		}
		words = append(words, r.Method)
	}
	words = append(words, r.URL)
	for _, h := range r.itemHeaders() {
		item, err := headerItem(h)
		if err != nil {
			return "", err
		}
		words = append(words, item)
	}
	if r.BodyFile != "" {
		words = append(words, "@"+itemEscape(r.BodyFile))
	}
	for _, p := range r.Parts {
		item, err := partItem(p)
		if err != nil {
			return "", err
		}
		words = append(words, item)
	}
	if slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, "-") }) {
		flags = append(flags, "--") // a part named --output is none of our flags
	}
	words = append(flags, words...)
	for i, word := range words {
		quoted, err := quoteWord(word)
		if err != nil {
			return "", err
		}
		words[i] = quoted
	}
	return strings.Join(words, " "), nil
}

// itemHeaders are the headers with what aiolos would else set otherwise.
func (r *Request) itemHeaders() []Header {
	headers := slices.Clone(r.Headers)
	if strings.Contains(r.Login, ":") && !r.Digest {
		code := base64.StdEncoding.EncodeToString([]byte(r.Login))
		if strings.HasSuffix(r.Login, ":"+secret.Hidden) {
			code = secret.Hidden // and nothing that looks like credentials
		}
		headers = append(headers, Header{Name: "Authorization", Value: "Basic " + code})
	}
	return slices.DeleteFunc(headers, func(h Header) bool {
		// The coding that aiolos asks for is the one that it can decode.
		return r.Compressed && strings.EqualFold(h.Name, "Accept-Encoding")
	})
}

// itemFlags are the flags in front of the URL.
func (r *Request) itemFlags() []string {
	var words []string
	if !r.Follow {
		words = append(words, "--no-follow")
	} else if r.MaxRedirects > 0 {
		words = append(words, "--max-redirects", strconv.Itoa(r.MaxRedirects))
	}
	for _, o := range []struct {
		is   bool
		name string
	}{
		{r.Insecure, "--insecure"},
		{r.Version == "1.1", "--http1.1"},
		{r.Version == "2" && (r.OnlyHTTP2 || !strings.HasPrefix(r.URL, "http:")), "--http2"},
		{len(r.Parts) > 0, "--multipart"},
		{!r.Fail, "--no-check"},
		{r.FailBody && r.Output != "", "--fail-with-body"},
		{r.NoNetrc && !r.NoProxy && r.Unix == "" && r.Login == "" && !r.mentionsHeader("Authorization"), "--no-netrc"},
		{r.Verbose, "-v"},
		{r.Include && !r.Verbose, "--print=hb"},
	} {
		if o.is {
			words = append(words, o.name)
		}
	}
	if r.Digest {
		words = append(words, "-A", "digest")
	}
	if r.Login != "" && (r.Digest || !strings.Contains(r.Login, ":")) { // else a header says it
		words = append(words, "-a", r.Login)
	}
	if r.NoProxy {
		words = append(words, "--proxy", "none")
	}
	for _, o := range r.valuedOptions() {
		words = append(words, o.aiolos, o.value)
	}
	if r.HasBody && r.BodyFile == "" {
		words = append(words, "--raw", string(r.Body))
	}
	return words
}

// headerItem writes a header as an item. Some backslashes cannot be written.
func headerItem(h Header) (string, error) {
	text := h.Name + ":"
	switch {
	case h.Value == "" && !h.Unset:
		text = h.Name + ";"
	case strings.HasPrefix(h.Value, "@"), strings.HasPrefix(h.Value, "="):
		text += `\` + h.Value
	default:
		text += h.Value
	}
	req, err := syntax.Build([]string{text}, syntax.Mode{}, nil)
	if err != nil || len(req.Headers) != 1 || req.Headers[0] != (syntax.HeaderItem{Name: h.Name, Value: h.Value, Unset: h.Unset}) {
		return "", errors.New("the header " + h.Name + " has a backslash that an item cannot hold")
	}
	return text, nil
}

// itemEscape protects the characters that mean something in an item.
func itemEscape(s string) string {
	return strings.NewReplacer(":", `\:`, ";", `\;`, "=", `\=`, "@", `\@`).Replace(s)
}

// partItem writes a part of a form as an item.
func partItem(p Part) (string, error) {
	want := syntax.Item{Kind: syntax.Field, Name: p.Name, Value: p.Value}
	text := itemEscape(p.Name) + "=" + p.Value
	if strings.HasPrefix(p.Value, "@") || strings.HasPrefix(p.Value, "=") || strings.Contains(p.Value, `\`) {
		text = itemEscape(p.Name) + "=" + itemEscape(p.Value)
	}
	if p.File != "" {
		want = syntax.Item{Kind: syntax.Upload, Name: p.Name, Value: p.File, Type: p.Type, As: p.As}
		text = itemEscape(p.Name) + "@" + strings.ReplaceAll(p.File, ";", `\;`)
		if p.Type != "" {
			text += ";type=" + p.Type
		}
		if p.As != "" {
			text += ";filename=" + strings.ReplaceAll(p.As, ";", `\;`)
		}
	} else if p.Type != "" || p.As != "" {
		return "", &UnsupportedError{What: "a text with a type or a file name (-F)", Why: "aiolos curl can send it, and an item cannot say it"}
	}
	if it, err := syntax.Parse(text); err != nil || it != want {
		return "", errors.New("the part " + p.Name + " has characters that an item cannot hold")
	}
	return text, nil
}
