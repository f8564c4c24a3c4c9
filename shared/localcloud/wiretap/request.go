package wiretap

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// scope is the credential scope of a signature (Signature Version 4).
type scope struct{ key, region, service string }

// scopeOf reads Credential=KEY/date/REGION/SERVICE/aws4_request.
func scopeOf(r *http.Request) (scope, bool) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		return scope{}, false
	}
	return scope{key: parts[0], region: parts[2], service: parts[3]}, true
}

// input is what a request says, in whatever protocol.
type input struct {
	json   bool              // answers, too, are JSON
	fields map[string]any    // JSON input; nil in other protocols
	form   url.Values        // query input
	path   map[string]string // what the path names
	header http.Header
}

// text returns a top-level field of the input, from wherever the protocol puts
// it; empty if there is none.
func (in input) text(name string) string {
	if s, ok := in.fields[name].(string); ok {
		return s
	}
	if s := in.form.Get(name); s != "" {
		return s
	}
	return in.path[name]
}

// read takes a signed request apart. Its body can be read again.
func (t *Tap) read(r *http.Request, s scope) (*passing, error) {
	me := t.who(s.key)
	p := &passing{key: s.key, call: Call{
		Time: time.Now(), Account: accountOf(me.principal), Region: s.region, Service: s.service,
		Principal: me.principal, SessionName: me.sessionName, SessionPolicy: me.sessionPolicy, SourceIdentity: me.sourceIdentity,
	}}
	p.input = input{header: r.Header}
	if err := p.operation(r); err != nil {
		return nil, err
	}
	about := t.subject(p)
	p.call.Resources, p.call.Context = about.resources(), about.context()
	return p, nil
}

func (t *Tap) subject(p *passing) subject {
	return subject{call: &p.call, in: p.input, path: func(kind, name string) string { return t.iamARN(p.call, kind, name) }}
}

// operation finds out the operation and its input: by the target header (JSON
// protocols), the form (query protocols) or method and path (REST).
func (p *passing) operation(r *http.Request) error {
	c := &p.call
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		c.Operation, p.input.json = target[strings.LastIndex(target, ".")+1:], true
		body, err := restored(r)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(body, &p.input.fields); err != nil && len(body) > 0 {
			return fmt.Errorf("reading the input of %s %s: %w", c.Service, c.Operation, err)
		}
		return nil
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, err := restored(r)
		if err != nil {
			return err
		}
		if p.input.form, err = url.ParseQuery(string(body)); err != nil {
			return fmt.Errorf("reading the form of a %s request: %w", c.Service, err)
		}
		if c.Operation = p.input.form.Get("Action"); c.Operation != "" {
			return nil
		}
	}
	p.input.json = c.Service != "s3"
	p.rest(r)
	return nil
}

func restored(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	return body, nil
}

// teaches says which answers are read.
func teaches(c Call) bool {
	return c.Service == "sts" && c.Operation == "AssumeRole" || c.Service == "iam"
}

func (t *Tap) learn(p *passing, body []byte) {
	if p.call.Service == "iam" {
		t.learnARNs(body)
		p.call.Resources = t.subject(p).resources() // the answer may have told the path of what was asked for by name
		return
	}
	var answer struct {
		Credentials struct{ AccessKeyId string } `xml:"AssumeRoleResult>Credentials"`
	}
	if xml.Unmarshal(body, &answer) != nil || answer.Credentials.AccessKeyId == "" {
		return // the calls of these credentials will have no principal
	}
	form := p.input.form
	who := identity{form.Get("RoleArn"), form.Get("RoleSessionName"), form.Get("Policy"), form.Get("SourceIdentity")}
	if who.sourceIdentity == "" {
		who.sourceIdentity = p.call.SourceIdentity // it stays along a chain
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys[answer.Credentials.AccessKeyId] = who
}

var iamARNs = regexp.MustCompile(`arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user|group)/[^<\s"&]+`)

// learnARNs remembers the paths of roles, users and groups: requests give names,
// and IAM judges ARNs, of which a path is part.
func (t *Tap) learnARNs(body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, arn := range iamARNs.FindAllString(string(body), -1) {
		prefix, path, _ := strings.Cut(arn, "/")
		t.learned[prefix+"/"+path[strings.LastIndex(path, "/")+1:]] = arn
	}
}

// iamARN returns the ARN of a role, user or group: as an answer gave it, or with
// the path / if none did.
func (t *Tap) iamARN(c Call, kind, name string) string {
	plain := "arn:" + partition(c.Region) + ":iam::" + c.Account + ":" + kind + "/" + name
	t.mu.Lock()
	defer t.mu.Unlock()
	if arn, ok := t.learned[plain]; ok {
		return arn
	}
	return plain
}

// accountOf returns the account of an ARN: the fifth of its parts.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}
