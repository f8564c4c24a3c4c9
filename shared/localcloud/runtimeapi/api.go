package runtimeapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxPayload is the largest response Lambda takes from a function:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6*1024*1024 + 100

// routes is the Runtime API, version 2018-06-01.
func (f *Function) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", f.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", f.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", f.initFailure)
	return mux
}

// next hands out the next event when there is one.
func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	select {
	case f.idle <- time.Now():
	default:
	}
	var inv *invocation
	select {
	case inv = <-f.work:
	case <-r.Context().Done():
		return
	}
	f.mu.Lock()
	f.current = inv
	f.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", f.opts.ARN)
	h.Set("Lambda-Runtime-Trace-Id", traceID(inv.id))
	_, _ = w.Write(inv.payload)
}

// traceID makes an X-Ray header out of a request id.
func traceID(id string) string {
	hex := strings.ReplaceAll(id, "-", "")
	return "Root=1-" + hex[:8] + "-" + hex[8:] + ";Parent=" + hex[:16] + ";Sampled=0"
}

func (f *Function) response(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	res := result{payload: body}
	// A response that breaks off half-way says so in trailers, its details in
	// base64 as in the error request's body.
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		details, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		res = result{err: parseError(kind, details)}
	}
	f.finish(w, r, res)
}

func (f *Function) failure(w http.ResponseWriter, r *http.Request) {
	if body, ok := readBody(w, r); ok {
		f.finish(w, r, result{err: parseError(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body)})
	}
}

func (f *Function) initFailure(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	select {
	case f.initErr <- parseError(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body):
	default:
	}
	accepted(w)
}

// finish ends the invocation the request is about, if it is the current one.
func (f *Function) finish(w http.ResponseWriter, r *http.Request, res result) {
	f.mu.Lock()
	inv := f.current
	if inv == nil || inv.id != r.PathValue("id") {
		f.mu.Unlock()
		apiError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	f.current = nil
	f.mu.Unlock()
	inv.result <- res
	accepted(w)
}

// readBody reads the request, or answers what is wrong with it.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		apiError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).")
		return nil, false
	}
	return body, err == nil
}

// parseError reads the body of an error request. What is not the documented
// JSON is kept as the message.
func parseError(kind string, body []byte) *FunctionError {
	var e struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		e.Message = string(body)
	}
	if e.Type == "" {
		e.Type = kind
	}
	return &FunctionError{Type: e.Type, Message: e.Message}
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func apiError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message})
}
