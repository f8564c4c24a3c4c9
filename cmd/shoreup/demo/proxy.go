package demo

import (
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/emulator"
)

// proxy stands between the functions and the emulator and counts requests by service.
type proxy struct {
	server *http.Server
	url    string

	mu     sync.Mutex
	counts map[string]int
}

func startProxy(s *emulator.Server) (*proxy, error) {
	target, err := url.Parse(s.URL())
	if err != nil {
		return nil, err
	}
	p := &proxy{counts: map[string]int{}}
	// SetURL keeps the path; the host stays what the caller asked for, since S3 Control puts the account there and signatures cover it.
	reverse := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: s.HTTPClient().Transport,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.url = "http://" + listener.Addr().String()
	p.server = &http.Server{Handler: p.handler(reverse), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // ends with stop
	return p, nil
}

func (p *proxy) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.counts[serviceOf(r)]++
		p.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// serviceOf reads the service from the signature's scope: Credential=KEY/date/region/SERVICE/aws4_request.
func serviceOf(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if parts := strings.Split(scope, "/"); len(parts) > 3 {
		return parts[3]
	}
	return "other"
}

func (p *proxy) requests() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

func (p *proxy) stop() error { return p.server.Close() }
