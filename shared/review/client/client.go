// Package client says words at the function URL of package review, signed with the caller's own AWS credentials, and reads what waits there.
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/review"
)

const (
	patience  = 20 * time.Second // for one request, a cold start included
	maxAnswer = 8 << 20          // bytes
	pollEvery = 700 * time.Millisecond
)

// Client speaks to one review URL.
type Client struct {
	url    url.URL
	region string
	creds  aws.CredentialsProvider
	http   *http.Client
}

// host is what AWS calls a function URL. Source: Lambda developer guide, "Invoking Lambda function URLs".
var host = regexp.MustCompile(`^[a-z0-9]+\.lambda-url\.([a-z]{2,5}(?:-[a-z]+)+-[0-9]+)\.on\.aws$`)

// New returns a client. Anything but https to a function URL is refused, since the signature would tell a stranger who we are and what we say; but for a
// loopback address, where tests listen.
func New(raw string, cfg aws.Config) (*Client, error) {
	u, err := url.Parse(raw)
	if err != nil || raw == "" {
		return nil, fmt.Errorf("the review URL %.100q is not a URL: it is what the stack puts out as ReviewUrl", raw)
	}
	c := &Client{url: url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}, creds: cfg.Credentials, region: cfg.Region}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Path != "" && u.Path != "/" || u.Opaque != "" {
		return nil, fmt.Errorf("the review URL %.100q has more than a host: it is what the stack puts out as ReviewUrl", raw)
	}
	switch match := host.FindStringSubmatch(u.Host); {
	case match != nil && u.Scheme == "https":
		c.region = match[1]
	case isLoopback(u.Hostname()) && (u.Scheme == "http" || u.Scheme == "https"):
	default:
		return nil, fmt.Errorf("the review URL %.100q is not https://ID.lambda-url.REGION.on.aws: nothing was sent there", raw)
	}
	if c.creds == nil || c.region == "" {
		return nil, errors.New("there are no AWS credentials to sign with: sign in, or give --profile")
	}
	c.http = &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

func isLoopback(hostname string) bool {
	ip := net.ParseIP(hostname)
	return ip != nil && ip.IsLoopback()
}

// Refused is an answer that says why something was not done.
type Refused struct {
	Status        int
	Code, Message string
}

func (r *Refused) Error() string { return r.Message }

// Pending returns what waits, in one account or, without one, in all.
func (c *Client) Pending(ctx context.Context, account string) (review.List, error) {
	return c.list(ctx, url.Values{}, account)
}

// Ended returns what was rejected or has expired and can be asked again.
func (c *Client) Ended(ctx context.Context, account string) (review.List, error) {
	return c.list(ctx, url.Values{"ended": {"1"}}, account)
}

func (c *Client) list(ctx context.Context, query url.Values, account string) (review.List, error) {
	if account != "" {
		query.Set("account", account)
	}
	var out review.List
	if err := c.do(ctx, http.MethodGet, query, nil, &out); err != nil {
		return out, err
	}
	for _, it := range out.Items {
		if err := Check(it); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Item returns one request as it is now; the zero value if there is none of that name.
func (c *Client) Item(ctx context.Context, ref string) (review.Item, error) {
	var out review.Answer
	if err := c.do(ctx, http.MethodGet, url.Values{"ref": {ref}}, nil, &out); err != nil {
		return out.Item, err
	}
	if out.Item.Ref == "" {
		return out.Item, nil
	}
	return out.Item, Check(out.Item)
}

// Check refuses what is not what it is named by: the plan that people are shown must be the one whose hash they approve.
func Check(it review.Item) error {
	if ref := review.RefOf(it.Request).String(); ref != it.Ref {
		return fmt.Errorf("the review URL calls request %.200q %.200q: do not decide about it", ref, it.Ref)
	}
	if it.Plan != "" && canon.Hash([]byte(it.Plan)) != it.Request.Key.Hash {
		return fmt.Errorf("the plan that the review URL shows for %.200q does not have the hash that would be approved: do not decide about it", it.Ref)
	}
	return nil
}

// Say says a word. The error is a [*Refused] if it was not heard.
func (c *Client) Say(ctx context.Context, w review.Word) (review.Receipt, error) {
	body, err := w.Text()
	if err != nil {
		return review.Receipt{}, err
	}
	if _, err := review.ParseWord(body); err != nil { // rather here than on the record
		return review.Receipt{}, fmt.Errorf("nothing was sent: %w", err)
	}
	var out review.Receipt
	err = c.do(ctx, http.MethodPost, nil, body, &out)
	return out, err
}

// Outcome waits for what becomes of a word, as long as the context and the given time last; what is known by then is no error.
func (c *Client) Outcome(ctx context.Context, w review.Word, r review.Receipt, wait time.Duration) (review.Answer, error) {
	query := url.Values{"verdict": {w.Verdict}, "since": {r.Since}}
	if w.Ref != "" {
		query.Set("ref", w.Ref)
	}
	if w.Record != "" {
		query.Set("record", w.Record)
	}
	for end := time.Now().Add(wait); ; {
		var out review.Answer
		if err := c.do(ctx, http.MethodGet, query, nil, &out); err != nil {
			return out, err
		}
		if out.Settled(w.Verdict) || time.Now().After(end) {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// do sends one signed request and reads the answer.
func (c *Client) do(ctx context.Context, method string, query url.Values, body []byte, into any) error {
	u := c.url
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the review URL: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := c.sign(ctx, req, body); err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("asking the review URL: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil || len(raw) > maxAnswer {
		return errors.Join(errors.New("the review URL's answer could not be read"), err)
	}
	if resp.StatusCode/100 != 2 {
		return refusedBy(resp.StatusCode, raw)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading the review URL's answer: %w", err)
	}
	return nil
}

func (c *Client) sign(ctx context.Context, req *http.Request, body []byte) error {
	creds, err := c.creds.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("getting AWS credentials to sign with: %w", err)
	}
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", digest)
	if err := v4.NewSigner().SignHTTP(ctx, creds, req, digest, "lambda", c.region, time.Now()); err != nil {
		return fmt.Errorf("signing a request: %w", err)
	}
	return nil
}

// refusedBy makes an error of an answer: ours, or one that AWS gave in front of the function ({"Message": "Forbidden"}).
func refusedBy(status int, raw []byte) error {
	var said struct{ Code, Message string }
	if json.Unmarshal(raw, &said) != nil || said.Message == "" {
		said.Message = http.StatusText(status)
	}
	if said.Code == "" {
		said.Code = "aws"
		if status == http.StatusForbidden {
			said.Message += ": your credentials need lambda:InvokeFunctionUrl and lambda:InvokeFunction on the review function"
		}
	}
	return &Refused{status, said.Code, fmt.Sprintf("the review URL answers %d: %s", status, said.Message)}
}
