package iamsim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// FuzzGrants: whatever stands in a policy, it is read without a panic, and what
// it is said to grant stands in it.
func FuzzGrants(f *testing.F) {
	f.Add([]byte(`{"Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:PutObject"],"Resource":"*"},{"Effect":"Deny","Action":"*"}]}`))
	f.Add([]byte(`{"Statement":{"Effect":"Allow","NotAction":"iam:*"}}`))
	f.Add([]byte(`{"Statement":null}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		actions, err := grants(document)
		if err != nil {
			return
		}
		var text strings.Builder
		var any any
		if json.Unmarshal(document, &any) != nil {
			t.Fatalf("%q is no JSON and was read", document)
		}
		collect(any, &text)
		for _, action := range actions {
			if !strings.Contains(text.String(), "\x00"+strings.TrimPrefix(action, "everything but ")) {
				t.Errorf("%q is granted by %q", action, document)
			}
		}
	})
}

// collect writes every text of a document.
func collect(v any, into *strings.Builder) {
	switch v := v.(type) {
	case string:
		into.WriteString("\x00" + v)
	case []any:
		for _, e := range v {
			collect(e, into)
		}
	case map[string]any:
		for _, e := range v {
			collect(e, into)
		}
	case nil:
		into.WriteString("\x00") // null is read as an empty text
	}
}

// FuzzMap: a call maps to requests for the actions of its operation alone, about
// "*" or an ARN, or to an error.
func FuzzMap(f *testing.F) {
	f.Add("s3", "PutObject", false, "arn:aws:s3:::b/k", "", "s3:object-lock-mode")
	f.Add("dynamodb", "TransactWriteItems", false, "arn:aws:dynamodb:r:1:table/t", "Put", "")
	f.Add("s3", "GetPublicAccessBlock", true, "", "", "")
	f.Add("sts", "AssumeRole", false, "arn:", "", "aws:RequestTag/x")
	f.Fuzz(func(t *testing.T, service, operation string, control bool, arn, part, key string) {
		requests, err := Map(wiretap.Call{
			Service: service, Operation: operation, Control: control, Principal: caller, Account: account, Region: "eu-west-1",
			Resources: []wiretap.Resource{{ARN: arn, Part: part}}, Context: map[string]string{key: "x"},
		})
		if err != nil {
			return
		}
		for _, r := range requests {
			if r.Resource != "*" && strings.Count(r.Resource, ":") < 5 {
				t.Errorf("%s is about %q", r.Action, r.Resource)
			}
			if s, _, _ := strings.Cut(r.Action, ":"); s != service && s != "kms" {
				t.Errorf("%s:%s needs %s", service, operation, r.Action)
			}
			if r.Context["aws:PrincipalArn"] != caller && key != "aws:PrincipalArn" {
				t.Errorf("the principal is %q", r.Context["aws:PrincipalArn"])
			}
		}
	})
}
