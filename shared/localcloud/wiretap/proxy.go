package wiretap

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds what is read of a request or an answer to look into it; bodies
// of S3 are passed on unread.
const maxBody = 32 << 20

// handler passes requests on to the target and records those that are signed.
func (t *Tap) handler(to *url.URL) http.Handler {
	next := &httputil.ReverseProxy{
		// The host stays what was asked for: S3 Control puts the account there, and signatures cover it.
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		Transport:      &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}, // asks no proxy: this is one
		ModifyResponse: t.answered,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			t.finish(r, http.StatusBadGateway)
			http.Error(w, fmt.Sprintf("reaching the AWS emulator: %v", err), http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect { // something means to talk to the real AWS
			http.Error(w, "the wiretap passes nothing on to other hosts", http.StatusForbidden)
			return
		}
		if !t.wait(r.Context()) {
			return
		}
		scope, signed := scopeOf(r)
		if !signed {
			next.ServeHTTP(w, r)
			return
		}
		p, err := t.read(r, scope)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), passingKey{}, p))
		if t.options.Fault != nil {
			p.fault = t.options.Fault(p.call)
		}
		if p.fault != nil && !p.fault.After {
			t.finish(r, p.fault.Status)
			p.fault.write(w, p)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// wait is the round trip; it reports whether the caller is still there.
func (t *Tap) wait(ctx context.Context) bool {
	if t.options.Delay <= 0 {
		return true
	}
	select {
	case <-time.After(t.options.Delay):
		return true
	case <-ctx.Done():
		return false
	}
}

// passing is a call on its way.
type passing struct {
	call  Call
	key   string // access key id
	input input
	fault *Fault
}

type passingKey struct{}

// finish records a call with the status of its answer.
func (t *Tap) finish(r *http.Request, status int) {
	if p, ok := r.Context().Value(passingKey{}).(*passing); ok {
		p.call.Status = status
		t.record(p.call)
	}
}

// answered learns from an answer, and records its call.
func (t *Tap) answered(resp *http.Response) error {
	p, ok := resp.Request.Context().Value(passingKey{}).(*passing)
	if !ok {
		return nil
	}
	if resp.StatusCode/100 == 2 && teaches(p.call) {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		if err != nil {
			return err
		}
		_ = resp.Body.Close() // read to its end
		resp.Body = io.NopCloser(bytes.NewReader(body))
		t.learn(p, body)
	}
	if p.fault != nil {
		status, body, contentType := p.fault.Status, p.fault.body(p), p.contentType()
		_ = resp.Body.Close() // nobody gets to read it
		resp.StatusCode, resp.Status, resp.Header = status, http.StatusText(status), http.Header{"Content-Type": {contentType}}
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	t.finish(resp.Request, resp.StatusCode)
	return nil
}

func (f *Fault) write(w http.ResponseWriter, p *passing) {
	w.Header().Set("Content-Type", p.contentType())
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.body(p)) // a caller that has gone needs no answer
}

func (p *passing) contentType() string {
	if p.input.json {
		return "application/x-amz-json-1.0"
	}
	return "text/xml"
}

// body is an error in the format of the call's protocol.
func (f *Fault) body(p *passing) string {
	const message = "a fault that the test asked for"
	if p.input.json {
		body, _ := json.Marshal(map[string]string{"__type": f.Code, "message": message}) // text always encodes
		return string(body)
	}
	type detail struct{ Code, Message string }
	var body any = struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   detail
	}{Error: detail{f.Code, message}}
	switch p.call.Service {
	case "s3":
		body = struct {
			XMLName       xml.Name `xml:"Error"`
			Code, Message string
		}{Code: f.Code, Message: message}
	case "ec2":
		body = struct {
			XMLName xml.Name `xml:"Response"`
			Error   detail   `xml:"Errors>Error"`
		}{Error: detail{f.Code, message}}
	}
	text, _ := xml.Marshal(body) // as above
	return string(text)
}
