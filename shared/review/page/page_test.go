package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/reporttest"
	"github.com/shoreup/shoreup/shared/review"
)

const account = "111122223333"

var (
	hash = strings.Repeat("ab", 32)
	ref  = "fix/" + account + "/1/" + hash + "/01KB"
)

// served is a page that is served, and the words said on it.
type served struct {
	*Server
	t     *testing.T
	words []review.Word
	fails error
	no    bool
}

func serve(t *testing.T) *served {
	t.Helper()
	p := &served{t: t}
	s, err := Listen(t.Context(), "127.0.0.1:0", Options{
		Report: func(context.Context) (report.Report, string, error) {
			return reporttest.Report(3), "sso:ada@example.com", nil
		},
		Decide: func(_ context.Context, w review.Word) (string, bool, error) {
			p.words = append(p.words, w)
			return "it is so", !p.no, p.fails
		},
		OwnerOf: func(_ report.Report, r string) string { return "owner of " + r[:3] },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Server = s
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

// do sends a request with headers, and returns the status, the body and the cookie that was set.
func (p *served) do(method, path, body string, header map[string]string) (int, string, *http.Cookie) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.origin+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for name, value := range header {
		if name == "Host" {
			req.Host = value
		} else if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for name := range resp.Header {
		if strings.HasPrefix(name, "Access-Control") {
			p.t.Errorf("%s %s answers with %s", method, path, name)
		}
	}
	if resp.Header.Get("Cache-Control") != "no-store" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		p.t.Errorf("%s %s: headers %v", method, path, resp.Header)
	}
	for _, c := range resp.Cookies() {
		return resp.StatusCode, string(raw), c
	}
	return resp.StatusCode, string(raw), nil
}

func (p *served) path(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		p.t.Fatal(err)
	}
	return u.RequestURI()
}

// enter opens the link and returns what the page's own script would send with.
func (p *served) enter() map[string]string {
	p.t.Helper()
	status, body, cookie := p.do("GET", p.path(p.URL()), "", nil)
	if status != 200 || cookie == nil || !strings.Contains(body, p.base) {
		p.t.Fatalf("opening: %d %s", status, body)
	}
	if cookie.SameSite != http.SameSiteStrictMode || !cookie.HttpOnly || cookie.Path != p.base || cookie.Domain != "" || len(p.base) < 20 {
		p.t.Errorf("the cookie is %+v", cookie)
	}
	return map[string]string{"Cookie": cookie.Name + "=" + cookie.Value, tokenHeader: p.token, "Origin": p.origin, "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
}

func decision(verdict, rest string) string {
	return `{"verdict":"` + verdict + `","plan":"p-1","hash":"` + hash + `","occurrence":"01KB","approval":"` + ref + `","reason":"","until":""` + rest + `}`
}

func TestADecision(t *testing.T) {
	t.Parallel()
	p := serve(t)
	header := p.enter()
	status, body, _ := p.do("GET", p.base, "", map[string]string{"Cookie": header["Cookie"]})
	if status != 200 || !strings.Contains(body, `content="`+p.token+`" data-endpoint="`+p.base+`decide"`) {
		t.Fatalf("the page: %d, %d bytes", status, len(body))
	}
	if status, body, _ := p.do("POST", p.base+"decide", decision("approve", ""), header); status != 200 || !strings.Contains(body, "it is so") {
		t.Errorf("%d %s", status, body)
	}
	exempt := `{"verdict":"exempt","hash":"` + hash + `","approval":"` + ref + `","reason":"on purpose","until":"2026-12-31"}`
	if status, _, _ := p.do("POST", p.base+"decide", exempt, header); status != 200 {
		t.Errorf("exempting: %d", status)
	}
	want := []review.Word{
		{Verdict: "approve", Ref: ref, Hash: hash, Via: "page"},
		{Verdict: "exempt", Ref: ref, Hash: hash, Reason: "on purpose", Until: "2026-12-31", Owner: "owner of fix", Via: "page"},
	}
	if len(p.words) != 2 || p.words[0] != want[0] || p.words[1] != want[1] {
		t.Errorf("said %+v", p.words)
	}
	p.no = true
	if status, body, _ := p.do("POST", p.base+"decide", decision("approve", ""), header); status != 409 || !strings.Contains(body, "it is so") {
		t.Errorf("a word that did not count: %d %s", status, body)
	}
	p.fails = errors.New("the URL is gone")
	if status, body, _ := p.do("POST", p.base+"decide", decision("approve", ""), header); status != 502 || !strings.Contains(body, "the URL is gone") {
		t.Errorf("a word that was not said: %d %s", status, body)
	}
}

func TestTheLinkWorksOnce(t *testing.T) {
	t.Parallel()
	p := serve(t)
	link := p.path(p.URL())
	for _, wrong := range []string{p.base + "open", p.base + "open?once=", p.base + "open?once=x", "/open?once=" + p.once} {
		if status, _, cookie := p.do("GET", wrong, "", nil); status < 400 || cookie != nil {
			t.Errorf("%s: %d", wrong, status)
		}
	}
	p.enter()
	if status, _, cookie := p.do("GET", link, "", nil); status != 403 || cookie != nil {
		t.Errorf("the second time: %d, %v", status, cookie)
	}
}

func TestNobodyElseDecides(t *testing.T) {
	t.Parallel()
	p := serve(t)
	good := p.enter()
	with := func(changes ...string) map[string]string {
		out := map[string]string{}
		for k, v := range good {
			out[k] = v
		}
		for i := 0; i < len(changes); i += 2 {
			out[changes[i]] = changes[i+1]
		}
		return out
	}
	port := p.origin[strings.LastIndex(p.origin, ":"):]
	for name, header := range map[string]map[string]string{
		"no headers": nil, "no cookie": with("Cookie", ""), "another cookie": with("Cookie", cookieName+"=x"), "an empty cookie": with("Cookie", cookieName+"="), "no token": with(tokenHeader, ""), "another token": with(tokenHeader, p.token+"x"),
		"the cookie for a token": with(tokenHeader, p.cookie), "the token for a cookie": with("Cookie", cookieName+"="+p.token), "the link's word for a cookie": with("Cookie", cookieName+"="+p.once),
		"no origin": with("Origin", ""), "another origin": with("Origin", "https://evil.example"), "no one's origin": with("Origin", "null"), "another port": with("Origin", "http://127.0.0.1:1"), "an origin with TLS": with("Origin", "https"+strings.TrimPrefix(p.origin, "http")),
		"another site": with("Sec-Fetch-Site", "cross-site"), "a neighbour": with("Sec-Fetch-Site", "same-site"), "by hand": with("Sec-Fetch-Site", "none"),
		"rebinding": with("Host", "evil.example"+port), "localhost": with("Host", "localhost"+port), "no port": with("Host", "127.0.0.1"), "another port there": with("Host", "127.0.0.1:1"),
		"a form": with("Content-Type", "application/x-www-form-urlencoded"), "text": with("Content-Type", "text/plain"), "no type": with("Content-Type", ""),
	} {
		if status, body, _ := p.do("POST", p.base+"decide", decision("approve", ""), header); status < 400 || status > 499 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	for name, body := range map[string]string{
		"nothing": "", "no object": "[]", "no question": strings.Replace(decision("approve", ""), ref, "", 1), "an unknown question": strings.Replace(decision("approve", ""), ref, "fix/x", 1),
		"another plan than was asked about": strings.Replace(decision("approve", ""), `"hash":"ab`, `"hash":"cd`, 1), "a plan that is not shown": strings.Replace(decision("approve", ""), hash, "", 1),
		"a key of ours": decision("approve", `,"identity":"sso:ada"`), "a key twice": decision("approve", `,"verdict":"reject"`), "a number": decision("approve", `,"owner":1`), "too large": decision("approve", "") + strings.Repeat(" ", 5000),
	} {
		if status, answer, _ := p.do("POST", p.base+"decide", body, good); status < 400 || status > 499 {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	for _, r := range []struct {
		method, path string
		header       map[string]string
	}{
		{"GET", p.base, nil}, {"GET", p.base, with("Cookie", "")}, {"GET", p.base, with("Host", "evil.example"+port)}, {"GET", "/", good}, {"GET", p.base + "decide", good}, {"GET", p.base + "x", good}, {"POST", p.base, good},
		{"POST", "/decide", good}, {"OPTIONS", p.base + "decide", with("Access-Control-Request-Method", "POST")}, {"PUT", p.base + "decide", good}, {"GET", "/../" + p.base, nil},
	} {
		if status, body, _ := p.do(r.method, r.path, "", r.header); status < 400 && status != 307 && status != 301 || strings.Contains(body, p.token) {
			t.Errorf("%s %s: %d", r.method, r.path, status)
		}
	}
	if len(p.words) > 0 {
		t.Errorf("said %+v", p.words)
	}
}

func TestOnlyThisMachineIsListenedOn(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "localhost:0", "192.168.1.1:0", "example.com:0", "127.0.0.1", "", "1.2.3.4:0", "[fe80::1]:0"} {
		if _, err := Listen(t.Context(), address, Options{}); err == nil {
			t.Errorf("listens on %q", address)
		}
	}
}
