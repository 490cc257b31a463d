package testserver

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
)

func status(w http.ResponseWriter, r *http.Request) {
	code, ok := number(w, "status", r.PathValue("status"), 200, 599)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(int(code))
	if code != http.StatusNoContent && code != http.StatusNotModified {
		fmt.Fprintf(w, "%d %s\n", code, http.StatusText(int(code)))
	}
}

// redirectStatus is the status that the query wants, 302 by default.
func redirectStatus(w http.ResponseWriter, r *http.Request) (int, bool) {
	s := r.FormValue("status")
	if s == "" {
		return http.StatusFound, true
	}
	code, ok := number(w, "status", s, 300, 399)
	return int(code), ok
}

func redirect(w http.ResponseWriter, r *http.Request) {
	n, ok := number(w, "redirects", r.PathValue("n"), 1, 100)
	if !ok {
		return
	}
	code, ok := redirectStatus(w, r)
	if !ok {
		return
	}
	next := "/get"
	if n > 1 {
		next = fmt.Sprintf("/redirect/%d", n-1)
		if r.URL.RawQuery != "" {
			next += "?" + r.URL.RawQuery
		}
	}
	w.Header().Set("Location", next)
	w.WriteHeader(code)
}

func redirectTo(w http.ResponseWriter, r *http.Request) {
	if code, ok := redirectStatus(w, r); ok {
		w.Header().Set("Location", r.FormValue("url")) // as it is: http.Redirect would clean it
		w.WriteHeader(code)
	}
}

func cookies(w http.ResponseWriter, r *http.Request) {
	all := map[string]string{}
	for _, c := range r.Cookies() {
		all[c.Name] = c.Value
	}
	writeJSON(w, http.StatusOK, map[string]map[string]string{"cookies": all})
}

func setCookies(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: query.Get(name), Path: "/"}) // over http too
	}
	http.Redirect(w, r, "/cookies", http.StatusFound)
}

func deleteCookies(w http.ResponseWriter, r *http.Request) {
	for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1}) // over http too
	}
	http.Redirect(w, r, "/cookies", http.StatusFound)
}

func basicAuth(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	if !ok || user != r.PathValue("user") || password != r.PathValue("password") {
		w.Header().Set("WWW-Authenticate", `Basic realm="test", charset="UTF-8"`)
		writeJSON(w, http.StatusUnauthorized, map[string]any{"authenticated": false})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"authenticated": true, "user": user})
}
