package stack

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// event is a request in the payload format 2.0, which function URLs and HTTP APIs share.
// Sources: Lambda developer guide, "Invoking Lambda function URLs" (request payload format); API Gateway developer guide, "Create AWS Lambda proxy
// integrations for HTTP APIs in API Gateway".
func (h *web) event(r *http.Request, body []byte, key string, who *Caller) map[string]any {
	now := time.Now().UTC()
	headers, cookies := h.headers(r)
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	prefix, _, _ := strings.Cut(h.at.host, ".")
	context := map[string]any{
		"accountId": h.at.account, "apiId": h.at.id, "domainName": h.at.host, "domainPrefix": prefix, "requestId": rand.Text(), "routeKey": key, "stage": defaultStage,
		"time": now.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": now.UnixMilli(), "http": map[string]any{
			"method": r.Method, "path": r.URL.Path, "protocol": "HTTP/1.1", "sourceIp": address, "userAgent": r.UserAgent(),
		},
	}
	switch {
	case who != nil:
		account := accountOf(who.ARN)
		context["accountId"], context["authentication"] = account, nil
		context["authorizer"] = map[string]any{"iam": map[string]any{
			"accessKey": who.AccessKey, "accountId": account, "callerId": who.UserID, "cognitoIdentity": nil, "principalOrgId": h.organization(), "userArn": who.ARN, "userId": who.UserID,
		}}
	case h.at.api == "":
		context["accountId"], context["authentication"] = "anonymous", nil
	}
	out := map[string]any{
		"version": "2.0", "routeKey": key, "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": headers, "requestContext": context, "isBase64Encoded": false,
	}
	if len(cookies) > 0 {
		out["cookies"] = cookies
	}
	if query := r.URL.Query(); len(query) > 0 {
		joined := map[string]string{}
		for name, values := range query {
			joined[name] = strings.Join(values, ",")
		}
		out["queryStringParameters"] = joined
	}
	if len(body) > 0 {
		out["body"], out["isBase64Encoded"] = encoded(r.Header.Get("Content-Type"), body)
	}
	return out
}

func (h *web) organization() any {
	if h.cloud.opts.Organization == "" {
		return nil
	}
	return h.cloud.opts.Organization
}

// headers are those of the request and those that AWS adds, by names in lower case; what was sent several times is joined by commas.
func (h *web) headers(r *http.Request) (map[string]string, []string) {
	out := map[string]string{"host": h.at.host, "x-forwarded-proto": "https", "x-forwarded-port": "443", "x-amzn-trace-id": "Root=1-" + rand.Text()}
	var cookies []string
	for name, values := range r.Header {
		if name == "Cookie" {
			for _, v := range values {
				cookies = append(cookies, strings.Split(v, "; ")...)
			}
			continue
		}
		out[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return out, cookies
}

// encoded is a body as the function gets it: as it came where its type says that it is text, else in base64; a form's too.
func encoded(contentType string, body []byte) (string, bool) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if strings.HasPrefix(kind, "text/") || slices.Contains([]string{"application/json", "application/xml", "application/javascript"}, kind) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

// answer is a function's response.
type answer struct {
	StatusCode int
	Headers    map[string]string
	Cookies    []string
	Body       string
	Encoded    bool `json:"isBase64Encoded"`

	body []byte
}

// readAnswer reads a response. One without a status code is the body itself, with status 200.
// Source: Lambda developer guide, "Invoking Lambda function URLs" (response payload format).
func readAnswer(raw []byte) (*answer, error) {
	out := &answer{}
	if err := json.Unmarshal(raw, out); err != nil || out.StatusCode == 0 {
		return &answer{StatusCode: http.StatusOK, Headers: map[string]string{"Content-Type": "application/json"}, body: raw}, nil
	}
	out.body = []byte(out.Body)
	if out.Encoded {
		var err error
		if out.body, err = base64.StdEncoding.DecodeString(out.Body); err != nil {
			return nil, deny(http.StatusBadGateway, "reading the response: %w", err)
		}
	}
	if out.StatusCode < 100 || out.StatusCode > 599 {
		return nil, deny(http.StatusBadGateway, "the response has status %d", out.StatusCode)
	}
	return out, nil
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
