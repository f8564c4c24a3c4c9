package wirecloudtrail

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTableIsValid(t *testing.T) {
	t.Parallel()
	if err := watched().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateFindsMistakes(t *testing.T) {
	t.Parallel()
	for want, p := range map[string][]IDPath{
		"there are none":          {},
		"needs a name":            {{Paths: []string{AccountPath}}},
		"at least one path":       {{ResourceType: "T"}},
		"unknown normalizer":      {{ResourceType: "T", Paths: []string{AccountPath}, Normalize: "guess"}},
		"ends at its root":        {{ResourceType: "T", Paths: []string{"requestParameters"}}},
		"has no parts":            {{ResourceType: "T", Paths: []string{"account.id"}}},
		"no part of a CloudTrail": {{ResourceType: "T", Paths: []string{"request.bucketName"}}},
	} {
		err := IDPaths{"s3.amazonaws.com": {"X": p}}.Validate()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s3.amazonaws.com X") {
			t.Errorf("got %v, want an error with %q that names the event", err, want)
		}
	}
}

func TestPathsTolerateListsAndObjects(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string][]string{
		`{"a":{"items":[{"id":"x"},{"id":"y"}]}}`:    {"x", "y"},
		`{"a":{"items":{"id":"x"}}}`:                 {"x"},
		`{"a":[{"items":[[{"id":"x"}],{"id":""}]}]}`: {"x"},
		`{"a":{"items":[{"id":["x","y"]}]}}`:         {"x", "y"},
		`{"a":{"items":[{"id":7},{"id":null}]}}`:     nil,
		`{"a":{"items":{}}}`:                         nil,
		`{"a":null}`:                                 nil,
		`{"a":"items"}`:                              nil,
		`{}`:                                         nil,
	} {
		var rec record
		if err := json.Unmarshal([]byte(doc), &rec); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rec.strings("a.items[].id")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", doc, diff)
		}
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	at := place{"111122223333", "eu-west-1", "aws"}
	for _, c := range []struct{ normalizer, resourceType, raw, want string }{
		{"", "AWS::S3::Bucket", "b", "b"},
		{IDFromARN, "AWS::S3::Bucket", "arn:aws:s3:::b", "b"},
		{IDFromARN, "AWS::S3::Bucket", "arn:aws:s3:::b/key", ""},
		{IDFromARN, "AWS::S3::Bucket", "arn:nonsense", ""},
		{OnlyFromARN, "AWS::S3::Bucket", "b", ""},
		{OnlyFromARN, "AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:t", "arn:aws:sns:eu-west-1:111122223333:t"},
		{OnlyFromARN, "AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:t:0a1b", ""},
		{KeyIDFromARN, "AWS::KMS::Key", "alias/x", ""},
		{KeyIDFromARN, "AWS::KMS::Key", "arn:aws:kms:eu-west-1:111122223333:alias/x", ""},
		{KeyIDFromARN, "AWS::KMS::Key", "arn:aws:kms:eu-west-1:111122223333:key/k", "k"},
		{KeyIDFromARN, "AWS::KMS::Key", "mrk-1", "mrk-1"},
		{LastPathSegment, "T", "a/b/c", "c"},
		{LastPathSegment, "T", "c", "c"},
		{LastPathSegment, "T", "a/", ""},
		{RDSIdentifier, "AWS::RDS::DBSnapshot", "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:Db-2026", "rds:db-2026"},
		{RDSIdentifier, "AWS::RDS::DBInstance", "MyDB", "mydb"},
		{CanonicalQueueURL, "AWS::SQS::Queue", "https://eu-west-1.queue.amazonaws.com/111122223333/q.fifo", "https://sqs.eu-west-1.amazonaws.com/111122223333/q.fifo"},
		{CanonicalQueueURL, "AWS::SQS::Queue", "q", "https://sqs.eu-west-1.amazonaws.com/111122223333/q"},
		{CanonicalQueueURL, "AWS::SQS::Queue", "arn:aws:sqs:eu-west-1:111122223333:q", "https://sqs.eu-west-1.amazonaws.com/111122223333/q"},
		{CanonicalQueueURL, "AWS::SQS::Queue", "https://host", ""},
		{CanonicalQueueURL, "AWS::SQS::Queue", "https://host/111122223333/", ""},
		{"unknown", "T", "x", ""},
	} {
		if got := normalize(IDPath{ResourceType: c.resourceType, Normalize: c.normalizer}, c.raw, at); got != c.want {
			t.Errorf("normalize %q of %s %q = %q, want %q", c.normalizer, c.resourceType, c.raw, got, c.want)
		}
	}
}
