package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The most that a function takes as an event, and gives back: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxBody = 6 << 20

// The auth types of a function URL.
const (
	authNone = "NONE"
	authIAM  = "AWS_IAM"
)

// endpoint is an address in the web behind which functions stand: a function URL or an HTTP API.
type endpoint struct {
	id, host string
	account  string
	auth     string            // of a function URL
	api      string            // ARN of an HTTP API for which permissions are given; empty: a function URL
	routes   map[string]string // function ARNs by route key; a function URL has the one route $default
}

const defaultRoute = "$default"

// Caller is somebody who signs requests to function URLs with auth type AWS_IAM, as AWS finds out from the access key. Signatures are not computed again:
// whoever names the key is the caller, if the signature is of this moment, for Lambda in the right Region and over the body that came.
type Caller struct {
	AccessKey string
	ARN       string          // of an IAM user, or of a role's session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
	UserID    string          // its unique id: AIDA..., or AROA...:SESSION
	Policy    json.RawMessage // what its own policies allow; nil: nothing
}

// Web returns what answers at an address of the stacks, which is an output of theirs: a function URL or the endpoint of an HTTP API. Nobody but the callers
// can sign.
func (c *Cloud) Web(address string, callers ...Caller) (http.Handler, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return nil, fmt.Errorf("asking for %q: it is no https address", address)
	}
	e := c.endpoints[u.Host]
	if e == nil {
		return nil, fmt.Errorf("asking for %s: no stack has this address", address)
	}
	return &web{c, e, callers}, nil
}

type web struct {
	cloud   *Cloud
	at      *endpoint
	callers []Caller
}

// denial is an answer that AWS gives in front of the function.
type denial struct {
	status  int
	message string
	why     error // for the log: callers are told little
}

func (d *denial) Error() string { return fmt.Sprintf("%d %s: %v", d.status, d.message, d.why) }

func deny(status int, format string, args ...any) *denial {
	return &denial{status, http.StatusText(status), fmt.Errorf(format, args...)}
}

func (h *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resp, err := h.serve(r)
	var d *denial
	if errors.As(err, &d) {
		fmt.Fprintf(h.cloud.opts.Log, "%s %s%s: %v\n", r.Method, h.at.host, r.URL.Path, d)
		key := "Message"
		if h.at.api != "" {
			key = "message"
		}
		resp = &answer{StatusCode: d.status, Headers: map[string]string{"Content-Type": "application/json"}, body: fmt.Appendf(nil, "{%q:%q}", key, d.message)}
	}
	for name, value := range resp.Headers {
		w.Header().Set(name, value)
	}
	for _, cookie := range resp.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(resp.body) // a caller that has gone needs no answer
}

func (h *web) serve(r *http.Request) (*answer, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, deny(http.StatusBadRequest, "reading the body: %w", err)
	}
	if len(body) > maxBody {
		return nil, deny(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	}
	key, f, err := h.route(r)
	if err != nil {
		return nil, err
	}
	var who *Caller
	if h.at.api == "" && h.at.auth == authIAM {
		if who, err = h.signer(r, body); err != nil {
			return nil, err
		}
	}
	if err := h.authorize(key, f, who); err != nil {
		return nil, err
	}
	event, err := json.Marshal(h.event(r, body, key, who))
	if err != nil {
		return nil, deny(http.StatusBadRequest, "%w", err)
	}
	raw, err := h.cloud.call(r, f, event)
	if err != nil {
		return nil, err
	}
	return readAnswer(raw)
}

// route finds the function for a request. Source: API Gateway developer guide, "Create routes for HTTP APIs in API Gateway" (the most specific one wins).
func (h *web) route(r *http.Request) (string, *Function, error) {
	for _, key := range []string{r.Method + " " + r.URL.Path, "ANY " + r.URL.Path, defaultRoute} {
		if arn, ok := h.at.routes[key]; ok {
			f := h.cloud.functions[arn]
			if f == nil {
				return "", nil, deny(http.StatusInternalServerError, "no stack has function %s", arn)
			}
			return key, f, nil
		}
	}
	return "", nil, deny(http.StatusNotFound, "there is no route for %s %s", r.Method, r.URL.Path)
}

// call invokes a function and waits for its response. Beyond its reserved concurrency nobody waits.
// Source: Lambda developer guide, "Invoking Lambda function URLs" (status codes).
func (c *Cloud) call(r *http.Request, f *Function, event []byte) ([]byte, error) {
	end := c.traffic.Begin()
	defer end(true) // it may have sent messages
	if !f.admit() {
		return nil, &denial{http.StatusTooManyRequests, "Rate Exceeded.", fmt.Errorf("%s has its reserved concurrency of %d", f.Name, f.reserved)}
	}
	defer f.leave()
	raw, err := f.run(r.Context(), event)
	if err != nil {
		return nil, &denial{http.StatusBadGateway, "Internal Server Error", err}
	}
	return raw, nil
}

// signer is who signed a request. Source: IAM user guide, "Elements of an AWS API request signature".
func (h *web) signer(r *http.Request, body []byte) (*Caller, error) {
	forbidden := func(format string, args ...any) error { return deny(http.StatusForbidden, format, args...) }
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	scope, _, _ := strings.Cut(rest, ",")
	of := strings.Split(scope, "/") // key, day, Region, service, aws4_request
	region := strings.Split(h.at.host, ".")[2]
	if !ok || len(of) != 5 || of[2] != region || of[3] != "lambda" {
		return nil, forbidden("it is not signed for lambda in %s", region)
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > 5*time.Minute {
		return nil, forbidden("it is not signed now, but at %q", r.Header.Get("X-Amz-Date"))
	}
	if sum := r.Header.Get("X-Amz-Content-Sha256"); sum != "" && sum != digest(body) {
		return nil, forbidden("another body was signed")
	}
	i := slices.IndexFunc(h.callers, func(c Caller) bool { return c.AccessKey == of[0] })
	if i < 0 {
		return nil, forbidden("nobody has the access key %s", of[0])
	}
	return &h.callers[i], nil
}

// authorize asks the function's permissions and the caller's own policies for both actions that a function URL needs, and for the one of an HTTP API.
// Source: Lambda developer guide, "Control access to Lambda function URLs" (since October 2025 both lambda:InvokeFunctionUrl and lambda:InvokeFunction).
func (h *web) authorize(key string, f *Function, who *Caller) error {
	if h.at.api != "" {
		route := strings.Replace(key, " ", "", 1) // "POST /x" is ".../POST/x"
		q := request{action: "lambda:InvokeFunction", resource: f.ARN, service: "apigateway.amazonaws.com", account: h.at.account, context: map[string]string{
			"aws:SourceArn": h.at.api + "/" + defaultStage + "/" + route, "aws:SourceAccount": h.at.account,
		}}
		if err := admitted(f.permissions, q, true); err != nil {
			return deny(http.StatusInternalServerError, "%w", err)
		}
		return nil
	}
	for action, context := range map[string]map[string]string{
		"lambda:InvokeFunctionUrl": {"lambda:FunctionUrlAuthType": h.at.auth, "lambda:FunctionArn": f.ARN}, "lambda:InvokeFunction": {"lambda:InvokedViaFunctionUrl": "true"},
	} {
		q := request{action: action, resource: f.ARN, context: context}
		var own decision
		if who != nil {
			q.principal, q.account = who.ARN, accountOf(who.ARN)
			context["aws:PrincipalArn"], context["aws:PrincipalAccount"] = who.ARN, q.account
			var err error
			if own, err = who.may(q); err != nil {
				return deny(http.StatusForbidden, "%w", err)
			}
		}
		theirs, err := decide(f.permissions, q, false)
		allowed := own.allow || theirs.allow
		if who != nil && q.account != accountOf(f.ARN) { // both accounts must agree
			allowed = own.allow && theirs.allow
		}
		if err != nil {
			return deny(http.StatusForbidden, "%w", err)
		}
		if !allowed || own.deny || theirs.deny {
			return deny(http.StatusForbidden, "%s on %s is not allowed", action, f.ARN)
		}
	}
	return nil
}

func (c *Caller) may(q request) (decision, error) {
	if c.Policy == nil {
		return decision{}, nil
	}
	doc, err := parseDocument(c.Policy)
	if err != nil {
		return decision{}, err
	}
	return decide([]document{doc}, q, true)
}
