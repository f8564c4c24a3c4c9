// Package page serves the report's page on this machine with deciding turned on: what is pressed there is said, signed, at the review URL.
//
// Whoever can reach the page can decide in its owner's name, so that only the browser that was opened with a link of one use can: it gets a cookie that no
// other site's requests carry (SameSite=Strict), under a path nobody can guess, since browsers send cookies to every port of a host. The Host
// header must be the very address listened on, against names that an attacker points here; a decision also needs the token that stands in the page,
// and the page's own origin. Nothing is allowed across origins, and only a loopback address is listened on.
package page

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/html"
	"github.com/shoreup/shoreup/shared/review"
)

const (
	maxDecision = 4 << 10 // bytes
	tokenHeader = "X-Shoreup-Token"
	cookieName  = "shoreup-review"
)

// Decision is what the page sends: see [html.Review].
type Decision struct {
	Verdict, Plan, Hash, Occurrence, Approval, Record, Reason, Until string
}

// Options say what the page shows and who takes its decisions.
type Options struct {
	// Report makes the report that is shown, and says as whom its reader decides, as AWS vouches; it is asked for at each loading of the page.
	Report func(context.Context) (r report.Report, you string, err error)
	// Decide says a word and returns what became of it, in a sentence, and whether it counted. The error is for what could not even be said.
	Decide func(context.Context, review.Word) (text string, counted bool, err error)
	// OwnerOf returns who answers for what a request is about, as far as the report knows; empty: nobody is known.
	OwnerOf func(r report.Report, ref string) string
}

// Server serves the page to one browser.
type Server struct {
	options             Options
	listener            net.Listener
	origin, base        string // "http://127.0.0.1:1234", "/3f.../"
	once, cookie, token string

	mu     sync.Mutex
	opened bool
	shown  report.Report // the last one
}

// Listen takes an address of this machine, such as "127.0.0.1:0"; any other is refused.
func Listen(ctx context.Context, address string, o Options) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listening on %s: the review page is for this machine alone: give an address such as 127.0.0.1:0", address)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return &Server{
		options: o, listener: l, origin: "http://" + l.Addr().String(), base: "/" + rand.Text() + "/", once: rand.Text(), cookie: rand.Text(), token: rand.Text(),
	}, nil
}

// URL is the link that opens the page, once.
func (s *Server) URL() string { return s.origin + s.base + "open?once=" + s.once }

// Serve serves until the context ends.
func (s *Server) Serve(ctx context.Context) error {
	server := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(s.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving the review page: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return server.Close()
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.base+"open", s.open)
	mux.HandleFunc("GET "+s.base+"{$}", s.page)
	mux.HandleFunc("POST "+s.base+"decide", s.decide)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if "http://"+r.Host != s.origin {
			say(w, http.StatusMisdirectedRequest, "this page answers to its own address only")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// open takes the link of one use and gives the cookie. The page follows by a step of our own: a browser that came here from elsewhere would not
// send a strict cookie at once.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened || !same(r.URL.Query().Get("once"), s.once) {
		say(w, http.StatusForbidden, "this link was used already, or is not the one that was printed: start shoreup review again")
		return
	}
	s.opened = true
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: s.cookie, Path: s.base, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>shoreup</title><meta http-equiv="refresh" content="0;url=%[1]s"><p><a href="%[1]s">To the report</a></p></html>`, s.base)
}

func (s *Server) admitted(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	return err == nil && same(c.Value, s.cookie)
}

func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if !s.admitted(r) {
		say(w, http.StatusForbidden, "open the link that was printed; it works once, in one browser")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	made, you, err := s.options.Report(r.Context())
	if err != nil {
		slog.ErrorContext(r.Context(), "the report could not be made", "error", err.Error())
		say(w, http.StatusServiceUnavailable, "the report could not be made: "+err.Error())
		return
	}
	var out bytes.Buffer
	if err := html.Write(&out, made, html.Options{Review: &html.Review{Token: s.token, Endpoint: s.base + "decide", You: you}}); err != nil {
		say(w, http.StatusInternalServerError, err.Error())
		return
	}
	s.shown = made
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // the browser is gone
}

// decide takes one decision of the page.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	site := r.Header.Get("Sec-Fetch-Site")
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case !s.admitted(r) || !same(r.Header.Get(tokenHeader), s.token):
		say(w, http.StatusForbidden, "this is not the page that was opened: load it again")
		return
	case r.Header.Get("Origin") != s.origin || site != "" && site != "same-origin":
		say(w, http.StatusForbidden, "this comes from somewhere else")
		return
	case err != nil || kind != "application/json":
		say(w, http.StatusUnsupportedMediaType, "a decision is JSON")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDecision))
	if err != nil {
		say(w, http.StatusRequestEntityTooLarge, "the decision is too large")
		return
	}
	word, err := s.word(body)
	if err != nil {
		say(w, http.StatusBadRequest, err.Error())
		return
	}
	text, counted, err := s.options.Decide(r.Context(), word)
	switch {
	case err != nil:
		say(w, http.StatusBadGateway, err.Error())
	case !counted:
		say(w, http.StatusConflict, text)
	default:
		say(w, http.StatusOK, text)
	}
}

// word makes a word of what the page sent.
func (s *Server) word(body []byte) (review.Word, error) {
	var d Decision
	if err := review.ParseFlat(body, map[string]*string{
		"verdict": &d.Verdict, "plan": &d.Plan, "hash": &d.Hash, "occurrence": &d.Occurrence, "approval": &d.Approval, "record": &d.Record, "reason": &d.Reason, "until": &d.Until,
	}); err != nil {
		return review.Word{}, err
	}
	if d.Verdict == review.Undo {
		if _, _, err := review.ParseRecord(d.Record); err != nil || d.Approval != "" {
			return review.Word{}, errors.New("what is to be taken back is named by its record alone")
		}
		return review.Word{Verdict: d.Verdict, Record: d.Record, Reason: d.Reason, Via: "page"}, nil
	}
	if d.Approval == "" {
		return review.Word{}, errors.New("nobody was asked about this: only what waits for a person is decided here")
	}
	ref, err := review.ParseRef(d.Approval)
	if err != nil {
		return review.Word{}, err
	}
	if d.Hash != "" && d.Hash != ref.Key.Hash {
		return review.Word{}, errors.New("the plan that is shown is not the one that people were asked about: load the page again")
	}
	if d.Hash == "" && d.Verdict == review.Approve {
		return review.Word{}, errors.New("what a yes leads to is not shown here, so it cannot be approved here: use shoreup approve")
	}
	w := review.Word{Verdict: d.Verdict, Ref: d.Approval, Hash: ref.Key.Hash, Reason: d.Reason, Until: d.Until, Via: "page"}
	if d.Verdict == review.Exempt && s.options.OwnerOf != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Owner = s.options.OwnerOf(s.shown, d.Approval)
	}
	return w, nil
}

func say(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // the browser is gone
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
