package wiretap

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzRead: whatever a program sends, the tap reads it without a panic, names
// the operation, and leaves the body as it was.
func FuzzRead(f *testing.F) {
	f.Add("POST", "/", "application/x-www-form-urlencoded", "", "sts", "Action=AssumeRole&RoleArn=arn:aws:iam::1:role/r&Tags.member.1.Key=k")
	f.Add("POST", "/", "application/x-amz-json-1.0", "DynamoDB_20120810.TransactWriteItems", "dynamodb", `{"TransactItems":[{"Put":{"TableName":"t"}},{},5]}`)
	f.Add("POST", "/", "", "AmazonSQS.SendMessage", "sqs", `{"QueueUrl":"http://h/1/q"}`)
	f.Add("PUT", "/b/k?acl", "", "", "s3", "<x/>")
	f.Add("PUT", "/v20180820/accesspoint/a/policy", "", "", "s3", "")
	f.Add("PATCH", "/findings/batchupdate", "", "", "securityhub", "{}")
	f.Fuzz(func(t *testing.T, method, path, contentType, target, service, body string) {
		r, err := http.NewRequest(method, "http://h", strings.NewReader(body))
		if err != nil || method == "" {
			return
		}
		if r.URL, err = r.URL.Parse(path); err != nil {
			return
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("X-Amz-Target", target)
		tap := &Tap{keys: map[string]identity{"K": {principal: "arn:aws:iam::111122223333:role/r"}}}
		p, err := tap.read(r, scope{key: "K", region: "eu-west-1", service: service})
		if err != nil {
			return
		}
		if p.call.Operation == "" && !strings.HasSuffix(target, ".") {
			t.Errorf("%s %s has no operation", method, path)
		}
		left, err := restored(r)
		if err != nil || string(left) != body {
			t.Errorf("the body became %q, %v", left, err)
		}
		for _, res := range p.call.Resources {
			if !strings.HasPrefix(res.ARN, "arn:") {
				t.Errorf("%s is no ARN", res.ARN)
			}
		}
	})
}
