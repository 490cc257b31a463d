package middleware

import (
	"net/http"
	"net/url"
)

func RedactedURL(r Redaction, u *url.URL) string { return r.url(u) }

func RedactedValue(r Redaction, name, value string) string { return r.value(name, value) }

func RedactedError(r Redaction, req *http.Request, err error) string { return r.errorText(req, err) }
