package wireguardduty

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// look is the signal expected of a resource in the usual account.
func look(resourceType, id string) signal.Signal {
	return signal.Signal{Class: "guardduty", Relevant: true, ResourceType: resourceType, ResourceID: id,
		Account: "111122223333", Region: "us-east-1", Partition: "aws", Time: time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC)}
}

func at(s signal.Signal, account, region, partition string) signal.Signal {
	s.Account, s.Region, s.Partition = account, region, partition
	return s
}

// by adds the caller that the finding names.
func by(s signal.Signal, userType, principal, role string) signal.Signal {
	s.Actor.Type, s.Actor.Principal, s.Actor.Role = userType, principal, role
	return s
}

const bob = "AIDAEXAMPLEUSERID0001"

func bucket(name string) signal.Signal { return look("AWS::S3::Bucket", name) }
func public() signal.Signal            { return by(bucket("example-reports"), "IAMUser", bob, "") }

func fromInternet(s signal.Signal) signal.Signal {
	s.Actor.SourceIP = "198.51.100.7"
	return s
}

func cases() map[string][]signal.Signal {
	group := func(id string) signal.Signal { return look("AWS::EC2::SecurityGroup", id) }
	reader := func(name string) signal.Signal {
		return by(bucket(name), "Role", "AROAEXAMPLEROLEID0001:alice", "app")
	}
	all := map[string][]signal.Signal{
		"bucket_public":                        {public()},
		"no_resource_type":                     {public(), by(look("AWS::IAM::User", "bob"), "IAMUser", bob, "")},
		"several_buckets_role":                 {reader("example-a"), reader("example-b")},
		"user":                                 {by(look("AWS::IAM::User", "dave"), "IAMUser", bob, "")},
		"account_opened":                       {by(look("AWS::::Account", "111122223333"), "IAMUser", bob, "")},
		"role_with_instance":                   {by(look("AWS::IAM::Role", "app"), "AssumedRole", "AROAEXAMPLEROLEID0001:i-0123456789abcdef0", "app")},
		"root":                                 {by(look("", ""), "Root", "111122223333", "").Drop(`credentials of a "Root", not of a user or role`)},
		"member_copy_in_administrator_account": {at(bucket("example-reports"), "444455556666", "eu-west-1", "aws")},
		"gov":                                  {at(bucket("example-gov"), "123456789012", "us-gov-west-1", "aws-us-gov")},
		"cn":                                   {at(bucket("example-cn"), "444455556666", "cn-north-1", "aws-cn")},
		"archived":                             {bucket("example-reports").Drop("the finding is archived")},
		"sample":                               {bucket("bucketName").Drop("sample finding")},
		"cluster":                              {look("", "").Drop(`no bucket, user, role or security group in a finding about "EKSCluster"`)},
		"partition_disagrees": {at(bucket("example-reports"), "111122223333", "us-east-1", "aws-cn").
			Invalid(`partition "aws-cn" does not agree with Region us-east-1`)},
		"bucket_arn_disagrees": {bucket("example-reports").Invalid("ARN arn:aws-cn:s3:::example-reports is not in partition aws of the event")},
	}
	for _, list := range all {
		for i := range list {
			list[i] = fromInternet(list[i])
		}
	}
	// The only finding about traffic rather than an API call.
	all["instance"] = []signal.Signal{group("sg-0aaaaaaaaaaaaaaa1"), group("sg-0bbbbbbbbbbbbbbb2")}
	for _, list := range all {
		for i := range list {
			list[i].FindingID = "16afba5c5c43e07c9e3e5e2e544e95df"
		}
	}
	return all
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
	for _, detail := range []string{``, `null`, `[]`, `{"resource":[]}`, `{"service":{"archived":"yes"}}`} {
		if _, err := Parse(wire.Envelope{Detail: []byte(detail)}); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("detail %q: got error %v, want ErrMalformed", detail, err)
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
