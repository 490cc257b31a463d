package testserver

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxBody is the largest body that is shown.
const maxBody = 16 << 20

// Inspection is what the server shows of a request.
type Inspection struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"` // the request's target as it came
	Host    string            `json:"host"`
	Args    url.Values        `json:"args"`
	Headers http.Header       `json:"headers"`
	Data    string            `json:"data"` // the body, if it is text and no form
	Size    int               `json:"size"` // of the body
	Form    url.Values        `json:"form"`
	Files   map[string][]File `json:"files"`
	JSON    any               `json:"json"` // the body, if it is JSON
}

// File is a file of a multipart form.
type File struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content string `json:"content"`
}

func inspect(w http.ResponseWriter, r *http.Request) {
	if seen, ok := look(w, r); ok {
		writeJSON(w, http.StatusOK, seen)
	}
}

// look reads a request to its end, or answers 400 or 413 and returns false.
func look(w http.ResponseWriter, r *http.Request) (*Inspection, bool) {
	seen := &Inspection{
		Method: r.Method, URL: r.RequestURI, Host: r.Host, Args: r.URL.Query(), Headers: r.Header,
		Form: url.Values{}, Files: map[string][]File{},
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		seen.Size = len(body)
		err = seen.read(string(body))
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	} else if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return seen, err == nil
}

// read takes the body apart by its type.
func (seen *Inspection) read(body string) (err error) {
	kind, params, _ := mime.ParseMediaType(seen.Headers.Get("Content-Type")) // no type: data
	switch {
	case kind == "application/x-www-form-urlencoded":
		seen.Form, err = url.ParseQuery(body)
		return err
	case kind == "multipart/form-data":
		return seen.readParts(multipart.NewReader(strings.NewReader(body), params["boundary"]))
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		if err := json.Unmarshal([]byte(body), &seen.JSON); err != nil {
			return err
		}
	}
	if utf8.ValidString(body) {
		seen.Data = body
	}
	return nil
}

func (seen *Inspection) readParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart()
		if err == io.EOF { // documented to be bare
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		name := part.FormName()
		if part.FileName() == "" {
			seen.Form.Add(name, string(content))
			continue
		}
		seen.Files[name] = append(seen.Files[name], File{part.FileName(), part.Header.Get("Content-Type"), string(content)})
	}
}

// echo sends the body back while it comes.
func echo(w http.ResponseWriter, r *http.Request) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	ctl := http.NewResponseController(w)
	ctl.EnableFullDuplex() // HTTP/2 is it anyway
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		if n > 0 {
			w.Write(buf[:n]) // the next read fails
			ctl.Flush()      // likewise
		}
		if err != nil {
			return
		}
	}
}

func headers(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]http.Header{"headers": r.Header})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // the client has gone
}
