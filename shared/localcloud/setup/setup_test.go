package setup

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

// lacking are operations that the table has for the sake of the real API alone: the emulator does not know them.
var lacking = []string{"iam:PutUserPermissionsBoundary"}

func TestEveryOperationWorks(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("testdata/everything.txt")
	if err != nil {
		t.Fatal(err)
	}
	account := emulatortest.Account(t)
	session := awsapi.NewSession(emulatortest.ForTest(t).Config(account, "eu-west-1"), account, "eu-west-1")
	vars := map[string]string{}
	if err := Run(t.Context(), session, string(script), vars); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"me": account, "bucket": "b-" + account, "group": "http://acs.amazonaws.com/groups/global/AllUsers", "name": "web", "port": "22", "egress": "false",
		"encrypted": "false", "status": "Inactive", "table_status": "ACTIVE", "key_state": "Enabled", "user": "arn:aws:iam::" + account + ":user/ann",
		"policy": "arn:aws:iam::" + account + ":policy/all", "version": "v2",
	}
	for name, v := range want {
		if vars[name] != v {
			t.Errorf("%s is %q, want %q", name, vars[name], v)
		}
	}
	statements, err := Parse(string(script))
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range Operations() {
		used := slices.ContainsFunc(statements, func(s Statement) bool { return s.Op == op })
		if used == slices.Contains(lacking, op) {
			t.Errorf("%s: used %v; each operation is used once, or named as lacking", op, used)
		}
	}
}

func TestPolicyIsKeptByteByByte(t *testing.T) {
	t.Parallel()
	account := emulatortest.Account(t)
	session := awsapi.NewSession(emulatortest.ForTest(t).Config(account, "us-east-1"), account, "us-east-1")
	const script = `
s3:CreateBucket {"Bucket":"exact-${account}"}
s3:PutBucketPolicy {"Bucket":"exact-${account}",
  "Policy":{ "Version" : "2012-10-17",
    "Statement":[ ] , "Id":"<&>" }}
text = s3:GetBucketPolicy {"Bucket":"exact-${account}"} Policy
`
	vars := map[string]string{"account": account}
	if err := Run(t.Context(), session, script, vars); err != nil {
		t.Fatal(err)
	}
	if want := "{ \"Version\" : \"2012-10-17\",\n    \"Statement\":[ ] , \"Id\":\"<&>\" }"; vars["text"] != want {
		t.Errorf("got %q, want %q", vars["text"], want)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	t.Parallel()
	account := emulatortest.Account(t)
	session := awsapi.NewSession(emulatortest.ForTest(t).Config(account, "us-east-1"), account, "us-east-1")
	for _, c := range []struct{ name, script, want string }{
		{"no such call", "\n# a comment\ns3:MakeBucket {}", "line 3: calling s3:MakeBucket: no such operation"},
		{"no such member", `s3:CreateBucket {"Buckit":"x"}`, `unknown field "Buckit"`},
		{"no value", `s3:CreateBucket {"Bucket":"${who}"}`, "no value for ${who}"},
		{"no output there", `x = s3:ListBuckets {} Buckets[0].Name`, "binding x from s3:ListBuckets: the output has no Buckets[0].Name"},
		{"AWS refuses", "s3:ListBuckets {}\ns3:DeleteBucket {\"Bucket\":\"nobody-has-this\"}", "line 2: calling s3:DeleteBucket"},
		{"a name without a path", `x = s3:ListBuckets {}`, "line 1: want both a name and the path"},
		{"a path without a name", `s3:ListBuckets {} Owner.ID`, "line 1: want both a name and the path"},
		{"no JSON", `s3:ListBuckets ${all}`, "line 1: want a JSON object after s3:ListBuckets"},
		{"a list", `s3:ListBuckets []`, "line 1: want a JSON object after s3:ListBuckets"},
		{"no call", `Bucket`, "line 1: want [name =] service:Operation"},
		{"bad binding", `s3:ListBuckets {} -> Owner.ID`, "line 1: want name=Path"},
		{"same member twice", `s3:CreateBucket {"Bucket":"x","bucket":"y"}`, "equal but for case"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := Run(t.Context(), session, c.script, map[string]string{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse("# first\n\na = ec2:X {\"K\":\"->\"} G[0].Id -> b=H c=I.J[1]\ns3:Y {\n\t\"K\":1}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Statement{
		{Line: 3, Op: "ec2:X", Input: `{"K":"->"}`, Bind: []Binding{{"a", "G[0].Id"}, {"b", "H"}, {"c", "I.J[1]"}}},
		{Line: 4, Op: "s3:Y", Input: "{\n\t\"K\":1}"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- want, + got\n%s", diff)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	acl := new(s3.PutBucketAclInput)
	if err := decode(json.RawMessage(`{"Bucket":"b","ACL":"private","AccessControlPolicy":{"Grants":[{"Permission":"READ"}]}}`), acl); err != nil {
		t.Fatal(err)
	}
	if aws.ToString(acl.Bucket) != "b" || acl.ACL != s3types.BucketCannedACLPrivate || acl.AccessControlPolicy.Grants[0].Permission != s3types.PermissionRead {
		t.Errorf("decoded %+v", acl)
	}
	queue := new(sqs.SetQueueAttributesInput)
	if err := decode(json.RawMessage(`{"QueueUrl":"u","Attributes":{"Policy":{"b":1, "a":[2]},"Plain":"x"}}`), queue); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"Policy": `{"b":1, "a":[2]}`, "Plain": "x"}, queue.Attributes); diff != "" {
		t.Errorf("- want, + got\n%s", diff)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	got, err := Expand("${a}-${aws:username}-${*}-${a}", map[string]string{"a": "1"})
	if err != nil || got != "1-${aws:username}-${*}-1" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Expand("${b}", nil); err == nil {
		t.Error("want an error for a name without a value")
	}
}

// FuzzParse: nothing makes the reader of scripts panic, and what it accepts has a call, an object and complete bindings.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"s3:A {}", "a = s3:A {} B", "s3:A {} -> a=B[0].C", "# x\n s3:A {}", "s3:A {\"x\":{}}\n  -> a=B", "s3:A", "s3:A {", "=", "a = s3:A null B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		statements, err := Parse(script)
		if err != nil {
			return
		}
		for _, s := range statements {
			if !json.Valid([]byte(s.Input)) || s.Input[0] != '{' || !strings.Contains(s.Op, ":") || s.Line < 1 {
				t.Errorf("accepted %+v", s)
			}
			for _, b := range s.Bind {
				if b.Name == "" || b.Path == "" {
					t.Errorf("accepted the binding %+v", b)
				}
			}
		}
	})
}
