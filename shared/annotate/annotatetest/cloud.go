// Package annotatetest answers for AWS where the emulator cannot: it has neither PutEvaluations nor StartConfigRulesEvaluation of AWS Config, nor
// BatchUpdateFindings of Security Hub. All of it is hand-written after the API reference and marked synthetic in [Synthetic], the one list of such exchanges
// of the packages that tell AWS services about findings. What the reference forbids is refused as AWS refuses it; other requests go to the emulator.
package annotatetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Synthetic names the operations that are answered here, with the page of the API reference that each answer was written after.
var Synthetic = map[string]string{
	"config:PutEvaluations":             "https://docs.aws.amazon.com/config/latest/APIReference/API_PutEvaluations.html",
	"config:StartConfigRulesEvaluation": "https://docs.aws.amazon.com/config/latest/APIReference/API_StartConfigRulesEvaluation.html",
	"securityhub:BatchUpdateFindings":   "https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchUpdateFindings.html",
	"sts:AssumeRole":                    "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
}

// Request is one request as it arrived.
type Request struct {
	Operation string // "config:PutEvaluations"
	Account   string // whose session made it: that of the role taken, or "own"
	Region    string
	Body      string
}

// Cloud is an HTTP client that answers as AWS would.
type Cloud struct {
	Rules       []string          // the AWS Config rules that there are
	Token       string            // the result token that PutEvaluations takes
	Untaken     int               // so many of the next evaluations come back as failed
	NoHub       bool              // Security Hub is not enabled
	Unprocessed map[string]string // findings that cannot be updated, with the error code
	// Fail is asked before anything else; a code other than "" is answered as an error.
	Fail func(Request) (status int, code string)
	Next aws.HTTPClient // for everything else; nil: refused

	mu       sync.Mutex
	requests []Request
}

// Config is SDK configuration whose requests come here, without retries.
func (c *Cloud) Config(region string) aws.Config {
	return aws.Config{Region: region, HTTPClient: c, Credentials: credentials.NewStaticCredentialsProvider("own", "secret", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
}

// Requests returns what arrived so far of one operation, or of all with "".
func (c *Cloud) Requests(operation string) []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Request
	for _, r := range c.requests {
		if operation == "" || r.Operation == operation {
			out = append(out, r)
		}
	}
	return out
}

var scope = regexp.MustCompile(`Credential=([^/]+)/[0-9]+/([^/]+)/`)

// Do answers one request.
func (c *Cloud) Do(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	r := Request{Operation: operation(req, string(body)), Body: string(body)}
	if m := scope.FindStringSubmatch(req.Header.Get("Authorization")); m != nil {
		r.Account, r.Region = m[1], m[2]
	}
	if Synthetic[r.Operation] == "" || r.Operation == "sts:AssumeRole" && c.Next != nil {
		if c.Next == nil {
			return nil, fmt.Errorf("%s %s has no synthetic answer", req.Method, req.URL)
		}
		return c.Next.Do(req)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	status, code := 0, ""
	if c.Fail != nil {
		status, code = c.Fail(r)
	}
	answer := ""
	if code == "" {
		status, code, answer = c.answer(r)
	}
	return reply(req, status, code, answer), nil
}

func operation(req *http.Request, body string) string {
	if service, op, ok := strings.Cut(req.Header.Get("X-Amz-Target"), "."); ok && service == "StarlingDoveService" {
		return "config:" + op
	}
	switch {
	case req.Method == http.MethodPatch && req.URL.Path == "/findings/batchupdate":
		return "securityhub:BatchUpdateFindings"
	case strings.Contains(body, "Action=AssumeRole&"):
		return "sts:AssumeRole"
	}
	return ""
}

func reply(req *http.Request, status int, code, answer string) *http.Response {
	h := http.Header{"Content-Type": {"application/x-amz-json-1.1"}}
	if strings.HasPrefix(answer, "<") {
		h = http.Header{"Content-Type": {"text/xml"}}
	}
	if code != "" {
		h.Set("X-Amzn-ErrorType", code)
		answer = fmt.Sprintf(`{"__type":%q,"message":"synthetic"}`, code)
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: io.NopCloser(strings.NewReader(answer)), Request: req}
}

func (c *Cloud) answer(r Request) (status int, code, body string) {
	switch r.Operation {
	case "config:PutEvaluations":
		return c.putEvaluations(r.Body)
	case "config:StartConfigRulesEvaluation":
		return c.start(r.Body)
	case "securityhub:BatchUpdateFindings":
		return c.update(r.Body)
	}
	return assume(r.Body)
}

// assume gives keys that are named after the account of the role, so that later requests show whose session makes them.
func assume(body string) (int, string, string) {
	form, err := url.ParseQuery(body)
	if err != nil || len(strings.Split(form.Get("RoleArn"), ":")) < 6 {
		return http.StatusBadRequest, "ValidationError", ""
	}
	account := strings.Split(form.Get("RoleArn"), ":")[4]
	return http.StatusOK, "", `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>` + account +
		`</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
}

// Evaluation is one element of PutEvaluations.
type Evaluation struct {
	Type       string  `json:"ComplianceResourceType"`
	ID         string  `json:"ComplianceResourceId"`
	Verdict    string  `json:"ComplianceType"`
	Annotation string  `json:"Annotation,omitempty"`
	At         float64 `json:"OrderingTimestamp"` // seconds since 1970
}

func (c *Cloud) putEvaluations(body string) (int, string, string) {
	var in struct {
		Evaluations []Evaluation
		ResultToken string
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || len(in.Evaluations) > 100 || slices.ContainsFunc(in.Evaluations, wrong) {
		return http.StatusBadRequest, "InvalidParameterValueException", ""
	}
	if in.ResultToken != c.Token {
		return http.StatusBadRequest, "InvalidResultTokenException", ""
	}
	n := min(c.Untaken, len(in.Evaluations))
	c.Untaken -= n
	return encoded(map[string]any{"FailedEvaluations": in.Evaluations[:n]})
}

// wrong is what the data type Evaluation does not allow.
func wrong(e Evaluation) bool {
	return e.ID == "" || len(e.ID) > 768 || e.Type == "" || e.At == 0 || len([]rune(e.Annotation)) > 256 || !slices.Contains([]string{"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"}, e.Verdict)
}

func (c *Cloud) start(body string) (int, string, string) {
	var in struct{ ConfigRuleNames []string }
	if err := json.Unmarshal([]byte(body), &in); err != nil || len(in.ConfigRuleNames) == 0 || len(in.ConfigRuleNames) > 25 {
		return http.StatusBadRequest, "InvalidParameterValueException", ""
	}
	for _, name := range in.ConfigRuleNames {
		if !slices.Contains(c.Rules, name) {
			return http.StatusBadRequest, "NoSuchConfigRuleException", ""
		}
	}
	return http.StatusOK, "", "{}"
}

func (c *Cloud) update(body string) (int, string, string) {
	type id struct{ Id, ProductArn string }
	var in struct {
		FindingIdentifiers []id
		Note               *struct{ Text, UpdatedBy string }
		Workflow           *struct{ Status string }
	}
	switch err := json.Unmarshal([]byte(body), &in); {
	case c.NoHub:
		return http.StatusUnauthorized, "InvalidAccessException", ""
	case err != nil, len(in.FindingIdentifiers) == 0, len(in.FindingIdentifiers) > 100, in.Note == nil, in.Note.UpdatedBy == "", in.Note.Text == "", len([]rune(in.Note.Text)) > 512:
		return http.StatusBadRequest, "InvalidInputException", ""
	}
	done, left := []id{}, []any{}
	for _, f := range in.FindingIdentifiers {
		if code := c.Unprocessed[f.Id]; code != "" {
			left = append(left, map[string]any{"FindingIdentifier": f, "ErrorCode": code, "ErrorMessage": "synthetic"})
			continue
		}
		done = append(done, f)
	}
	return encoded(map[string]any{"ProcessedFindings": done, "UnprocessedFindings": left})
}

func encoded(v any) (int, string, string) {
	b, err := json.Marshal(v)
	if err != nil {
		return http.StatusInternalServerError, "InternalException", ""
	}
	return http.StatusOK, "", string(b)
}
