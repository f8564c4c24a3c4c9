package controltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// exchange is one file of testdata/synthetic, see the package comment.
type exchange struct {
	Synthetic string            `json:"synthetic"` // address of the API reference page
	Answers   []syntheticAnswer `json:"answers"`

	operation string
}

type syntheticAnswer struct {
	When    *string         `json:"when"`
	Request []string        `json:"request"`
	Status  int             `json:"status"`
	Body    *string         `json:"body"`
	Merge   json.RawMessage `json:"merge"`
	Sets    *string         `json:"sets"`
}

// exchanges answers for the emulator in one case.
type exchanges struct {
	list []exchange
	vars map[string]string

	mu   sync.Mutex
	mark string
	used map[string]int // by operation
}

const syntheticDir = "testdata/synthetic"

// loadExchanges reads the files that the case uses: its own first, then those that every case has.
func loadExchanges(c testCase) (*exchanges, error) {
	names := c.lines("synthetic")
	all, err := filepath.Glob(filepath.Join(syntheticDir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if name := filepath.Base(f); strings.Count(name, ".") == 2 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	x := &exchanges{used: map[string]int{}}
	for _, name := range names {
		e, err := loadExchange(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s/%s: %w", syntheticDir, name, err)
		}
		x.list = append(x.list, e)
	}
	return x, nil
}

func loadExchange(name string) (exchange, error) {
	data, err := os.ReadFile(filepath.Join(syntheticDir, name))
	if err != nil {
		return exchange{}, err
	}
	return parseExchange(name, data)
}

func parseExchange(name string, data []byte) (exchange, error) {
	parts := strings.Split(name, ".")
	if len(parts) < 3 {
		return exchange{}, fmt.Errorf("want a name of the form service.Operation.json")
	}
	e := exchange{operation: parts[0] + ":" + parts[1]}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return exchange{}, err
	}
	if _, ok := excepted(e.operation); !ok {
		return exchange{}, fmt.Errorf("%s is not on the list of what the emulator lacks", e.operation)
	}
	if !strings.HasPrefix(e.Synthetic, "https://docs.aws.amazon.com/") {
		return exchange{}, fmt.Errorf("synthetic must be the address of the API reference page, got %q", e.Synthetic)
	}
	for i, a := range e.Answers {
		if (a.Body == nil) == (len(a.Merge) == 0) {
			return exchange{}, fmt.Errorf("answer %d: want a body or something to merge", i)
		}
	}
	return e, nil
}

// do answers a request, or hands it on.
func (x *exchanges) do(req *http.Request, op string, next aws.HTTPClient) (*http.Response, error) {
	text, err := requestText(req)
	if err != nil {
		return nil, err
	}
	a, ok := x.pick(op, text)
	if !ok {
		return next.Do(req)
	}
	if a.Body != nil {
		body, err := setup.Expand(*a.Body, x.vars)
		if err != nil {
			return nil, fmt.Errorf("answering %s: %w", op, err)
		}
		status := a.Status
		if status == 0 {
			status = http.StatusOK
		}
		return answer(req, status, contentType(body), body), nil
	}
	resp, err := next.Do(req)
	if err != nil || resp.StatusCode/100 != 2 {
		return resp, err
	}
	return x.merged(req, op, resp, a.Merge)
}

func (x *exchanges) pick(op, text string) (syntheticAnswer, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.list {
		if e.operation != op {
			continue
		}
		for _, a := range e.Answers {
			if a.When != nil && *a.When != x.mark || slices.ContainsFunc(a.Request, func(s string) bool { return !strings.Contains(text, s) }) {
				continue
			}
			if a.Sets != nil {
				x.mark = *a.Sets
			}
			x.used[op]++
			return a, true
		}
	}
	return syntheticAnswer{}, false
}

// requestText is what the texts of an answer's "request" are looked for in: method, path with query, and body.
func requestText(req *http.Request) (string, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return "", err
		}
		if err := req.Body.Close(); err != nil {
			return "", err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	return req.Method + " " + req.URL.RequestURI() + "\n" + string(body), nil
}

func contentType(body string) string {
	if strings.HasPrefix(strings.TrimSpace(body), "{") {
		return "application/x-amz-json-1.1"
	}
	return "text/xml"
}

func (x *exchanges) merged(req *http.Request, op string, resp *http.Response, patch json.RawMessage) (*http.Response, error) {
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	text, err := setup.Expand(string(patch), x.vars)
	if err != nil {
		return nil, fmt.Errorf("answering %s: %w", op, err)
	}
	var base, over any
	if err := json.Unmarshal(raw, &base); err != nil {
		return nil, fmt.Errorf("merging into the answer to %s: %w", op, err)
	}
	if err := json.Unmarshal([]byte(text), &over); err != nil {
		return nil, fmt.Errorf("merging into the answer to %s: %w", op, err)
	}
	body, err := json.Marshal(mergePatch(base, over))
	if err != nil {
		return nil, err
	}
	return answer(req, resp.StatusCode, resp.Header.Get("Content-Type"), string(body)), nil
}

// mergePatch is RFC 7396: members are replaced one by one, null takes one away.
func mergePatch(base, over any) any {
	patch, ok := over.(map[string]any)
	if !ok {
		return over
	}
	out, ok := base.(map[string]any)
	if !ok {
		out = map[string]any{}
	}
	for k, v := range patch {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = mergePatch(out[k], v)
		}
	}
	return out
}
