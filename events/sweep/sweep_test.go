package wiresweep

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// look is the signal expected of a resource in the usual account.
func look(resourceType, id string) signal.Signal {
	return signal.Signal{Class: "sweep", Relevant: true, ResourceType: resourceType, ResourceID: id,
		Account: "111122223333", Region: "us-east-1", Partition: "aws", Time: time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC)}
}

func at(s signal.Signal, account, region, partition string) signal.Signal {
	s.Account, s.Region, s.Partition = account, region, partition
	return s
}

func cases() map[string][]signal.Signal {
	const other = "arn:aws:sns:us-east-1:444455556666:alarms"
	return map[string][]signal.Signal{
		"all":                 {at(look("AWS::S3::Bucket", "*"), "111122223333", "eu-west-1", "aws")},
		"all_without_ids_gov": {at(look("AWS::IAM::Role", "*"), "123456789012", "us-gov-west-1", "aws-us-gov")},
		"some":                {look("AWS::EC2::SecurityGroup", "sg-0aaaaaaaaaaaaaaa1"), look("AWS::EC2::SecurityGroup", "sg-0bbbbbbbbbbbbbbb2")},
		"account_cn":          {at(look("AWS::::Account", "444455556666"), "444455556666", "cn-north-1", "aws-cn")},
		"arn_of_other_account": {
			look("AWS::SNS::Topic", other).Invalid("ARN " + other + " does not agree with account 111122223333 of the event"),
			look("AWS::SNS::Topic", "arn:aws:sns:us-east-1:111122223333:alarms")},
		"wrong_partition": {at(look("AWS::S3::Bucket", "*"), "111122223333", "us-east-1", "aws-cn").
			Invalid(`partition "aws-cn" does not agree with Region us-east-1`)},
		"malformed_account": {at(look("AWS::S3::Bucket", "*"), "all", "us-east-1", "").Invalid(`malformed account id "all"`)},
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(cases()) {
		t.Fatalf("%d samples for %d cases (%v): every sample needs a case", len(files), len(cases()), err)
	}
	for name, want := range cases() {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		env, err := wire.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(env)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range want {
			want[i].EventID = "env-" + name
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: signals (-want +got):\n%s", name, diff)
		}
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	tooMany := `["a"` + strings.Repeat(`,"a"`, MaxIDs) + `]`
	const place = `"account":"111122223333","region":"us-east-1"`
	for _, detail := range []string{
		``, `null`, `[]`, `{}`,
		`{"resource_type":"AWS::S3::Bucket",` + place + `,"force":true}`,
		`{"resource_type":"AWS::S3",` + place + `}`,
		`{"resource_type":"AWS::S3::Bucket::X",` + place + `}`,
		`{"resource_type":"Bucket",` + place + `}`,
		`{"resource_type":"AWS::S3::Buck et",` + place + `}`,
		`{"resource_type":"AWS::S3::Bucket",` + place + `,"ids":"*"}`,
		`{"resource_type":"AWS::S3::Bucket",` + place + `,"ids":["*","b"]}`,
		`{"resource_type":"AWS::S3::Bucket",` + place + `,"ids":[""]}`,
		`{"resource_type":"AWS::S3::Bucket",` + place + `,"ids":` + tooMany + `}`,
	} {
		if _, err := Parse(wire.Envelope{ID: "x", Detail: []byte(detail)}); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("detail %.100q: got error %v, want ErrMalformed", detail, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for name := range cases() {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		env, err := wire.Decode(raw)
		if err != nil {
			return
		}
		out, err := Parse(env)
		if (err == nil) == (len(out) == 0) || err != nil && !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("%d signals, error %v", len(out), err)
		}
		for _, s := range out {
			if s.Relevant != (s.Reason == "") {
				t.Fatalf("relevant %v with reason %q", s.Relevant, s.Reason)
			}
			if s.Relevant && (s.ResourceType == "" || s.ResourceID == "" || !signal.IsAccountID(s.Account) || s.Partition == "") {
				t.Fatalf("relevant, but not to be trusted: %+v", s)
			}
		}
	})
}
