package iamsim

import (
	"fmt"
	"maps"
	"strings"

	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// Request is one question that IAM answers: may this principal do this to that?
type Request struct {
	Principal     string // ARN of the role or user
	Action        string // "s3:GetBucketPolicy"
	Resource      string // ARN, or "*" for actions that take no resource
	Account       string // that owns the resource
	SessionPolicy string // of the principal's session; empty: none
	Context       map[string]string
}

// Map returns the requests that IAM judges when the call is made: one per action
// and resource. An operation that the table does not have is an error.
func Map(call wiretap.Call) ([]Request, error) {
	name := call.Service + ":" + call.Operation
	if call.Control {
		name = call.Service + "control:" + call.Operation
	}
	wanted, known := needs()[name]
	if !known {
		return nil, fmt.Errorf("mapping %s to IAM actions: add it to the table in shared/localcloud/iamsim/table.go, from the Service Authorization Reference", name)
	}
	var all []Request
	for _, n := range wanted {
		if n.when != "" && !carries(call, n.when) {
			continue
		}
		for _, resource := range n.resources(call) {
			r := request(call, n, resource.ARN)
			if resource.Key != "" {
				r.Context[leadingKeys] = resource.Key
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// leadingKeys is the condition key for the partition keys that a request touches; each of them is asked about by itself.
const leadingKeys = "dynamodb:LeadingKeys"

// carries reports whether the request has the condition key, or one that begins
// so if it ends with a slash. A source identity is also one of the session: it
// goes along to the next role.
func carries(call wiretap.Call, key string) bool {
	if key == "sts:SourceIdentity" && call.SourceIdentity != "" {
		return true
	}
	for has := range call.Context {
		if has == key || strings.HasSuffix(key, "/") && strings.HasPrefix(has, key) {
			return true
		}
	}
	return false
}

// resources are those of the call that the need is about.
func (n need) resources(call wiretap.Call) []wiretap.Resource {
	if n.kind == "" {
		return []wiretap.Resource{{ARN: "*"}}
	}
	k := kinds[n.kind]
	var all []wiretap.Resource
	for _, r := range call.Resources {
		if r.Part == n.part && k.has(r.ARN) {
			if made, many := strings.CutSuffix(r.ARN, "/*"); many { // security-group-rule/*: of those that will be made
				r.ARN = made + "/" + invented
			}
			all = append(all, wiretap.Resource{ARN: r.ARN, Key: r.Key})
		}
	}
	if len(all) == 0 && !n.may {
		all = append(all, wiretap.Resource{ARN: k.invent(call)})
	}
	return all
}

// invented is the name of a resource that a call does not name.
const invented = "any-at-all"

func (k kind) has(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[2] == k.service && strings.HasPrefix(parts[5], k.resource)
}

// invent returns the ARN of a resource of this kind in the call's account.
func (k kind) invent(call wiretap.Call) string {
	region, account, resource := "", "", k.resource+invented
	if k.region {
		region = call.Region
	}
	if k.account {
		account = call.Account
	}
	if k.service == "securityhub" { // the one hub
		resource = k.resource
	}
	return strings.Join([]string{"arn", partition(call), k.service, region, account, resource}, ":")
}

func partition(call wiretap.Call) string {
	if parts := strings.SplitN(call.Principal, ":", 3); len(parts) == 3 && parts[0] == "arn" {
		return parts[1]
	}
	return "aws"
}

func request(call wiretap.Call, n need, resource string) Request {
	r := Request{Principal: call.Principal, Action: n.action, Resource: resource, Account: call.Account, SessionPolicy: call.SessionPolicy}
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && parts[4] != "" && parts[4] != "aws" {
		r.Account = parts[4]
	}
	r.Context = map[string]string{
		"aws:SecureTransport":  "true",
		"aws:PrincipalArn":     call.Principal,
		"aws:PrincipalAccount": call.Account,
		"aws:PrincipalType":    "AssumedRole",
		"aws:RequestedRegion":  call.Region,
		"aws:ResourceAccount":  r.Account,
		"aws:ViaAWSService":    "false",
		"aws:CurrentTime":      call.Time.UTC().Format("2006-01-02T15:04:05Z"),
	}
	if call.SourceIdentity != "" {
		r.Context["aws:SourceIdentity"] = call.SourceIdentity
	}
	switch service, _, _ := strings.Cut(n.action, ":"); {
	case service == "s3":
		r.Context["s3:ResourceAccount"] = r.Account
	case service == "sts" && call.SourceIdentity != "":
		r.Context["sts:SourceIdentity"] = call.SourceIdentity // unless the request gives another, below
	case n.part == "Tag":
		r.Context["ec2:CreateAction"] = call.Operation
	case n.part == "Key": // another service uses the key in the caller's name
		r.Context["kms:ViaService"] = call.Service + "." + call.Region + ".amazonaws.com"
		r.Context["kms:GrantIsForAWSResource"] = "true"
		r.Context["aws:ViaAWSService"] = "true"
	}
	maps.Copy(r.Context, call.Context)
	return r
}
