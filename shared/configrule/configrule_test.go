package configrule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/configrule/invocation"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const put = "config:PutEvaluations"

// apiError is an error as AWS answers it.
func apiError(code string) error { return &smithy.GenericAPIError{Code: code, Message: "synthetic"} }

// toy judges buckets by their names.
func toy(list ...string) core.Control {
	c := bucketpublic.Control()
	c.Type.List = func(context.Context, awsapi.Session) ([]string, error) { return list, nil }
	c.Look = func(_ context.Context, _ awsapi.Session, r awsapi.Resource, _ core.Settings) (core.Sight, error) {
		kind, _, _ := strings.Cut(r.ID, "-")
		switch kind {
		case "wrong", "example":
			return core.Sight{Violations: []core.Violation{{Rule: "toy", Where: "policy", Reason: "anyone may read " + strings.Repeat("x", 300)}, {}}}, nil
		case "gone":
			return core.Sight{}, fmt.Errorf("looking: %w", awsapi.ErrGone)
		case "foreign":
			return core.Sight{}, core.NotApplicable("AWS manages it")
		case "denied":
			return core.Sight{}, apiError("AccessDenied")
		case "broken":
			return core.Sight{}, errors.New("the policy is no JSON")
		case "throttled":
			return core.Sight{}, apiError("SlowDown")
		}
		return core.Sight{}, nil
	}
	return c
}

func sample(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("invocation/testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// altered is a sample with one text replaced by another.
func altered(t testing.TB, name, from, to string) string {
	t.Helper()
	raw := sample(t, name)
	if !strings.Contains(raw, from) {
		t.Fatalf("sample %s holds no %s", name, from)
	}
	return strings.ReplaceAll(raw, from, to)
}

func function(cloud *annotatetest.Cloud, controls ...core.Control) *Function {
	own := awsapi.NewSession(cloud.Config("eu-west-1"), "111122223333", "eu-west-1")
	return &Function{Own: own, Engine: &engine.Engine{
		Controls: controls, Now: time.Now, Rules: func(context.Context) *rules.File { return rules.Default() },
		Read: func(_ context.Context, account, region string) (awsapi.Session, error) {
			return awsapi.NewSession(cloud.Config(region), account, region), nil
		},
	}}
}

// answered returns the evaluations of all answers, each as "ID VERDICT annotation".
func answered(t *testing.T, cloud *annotatetest.Cloud) []string {
	t.Helper()
	out := []string{}
	for _, r := range cloud.Requests(put) {
		var in struct{ Evaluations []annotatetest.Evaluation }
		if err := json.Unmarshal([]byte(r.Body), &in); err != nil {
			t.Fatal(err)
		}
		for _, e := range in.Evaluations {
			out = append(out, strings.TrimSpace(e.Type+" "+e.ID+" "+e.Verdict+" "+e.Annotation))
		}
	}
	return out
}

func TestVerdictOnAChange(t *testing.T) {
	t.Parallel()
	const typ = "AWS::S3::Bucket "
	wrong := "NON_COMPLIANT 2 violations, the first: policy: anyone may read "
	for _, c := range []struct{ name, sample, bucket, want string }{
		{"in order", "bucket_changed", "fine", typ + "fine COMPLIANT"},
		{"wrong", "bucket_changed", "wrong", typ + "wrong " + wrong + strings.Repeat("x", 256-len(wrong)-1+len("NON_COMPLIANT ")) + "…"},
		{"deleted", "bucket_deleted", "wrong", typ + "wrong NOT_APPLICABLE the resource is gone, or out of the rule's scope"},
		{"out of scope", "bucket_left_scope", "wrong", typ + "wrong NOT_APPLICABLE the resource is gone, or out of the rule's scope"},
		{"gone meanwhile", "bucket_changed", "gone", typ + "gone NOT_APPLICABLE the resource does not exist"},
		{"not for this control", "bucket_changed", "foreign", typ + "foreign NOT_APPLICABLE AWS manages it"},
		{"we may not look", "bucket_changed", "denied", typ + "denied NON_COMPLIANT not judged: we may not look: api error AccessDenied: synthetic; grant the read role this action"},
		{"unreadable", "bucket_changed", "broken", typ + "broken NON_COMPLIANT not judged: the policy is no JSON"},
		{"protected", "bucket_changed", "wrong-", typ + "wrong- " + wrong + strings.Repeat("x", 256-len(wrong)-1+len("NON_COMPLIANT ")) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cloud := &annotatetest.Cloud{Token: "example-result-token"}
			f := function(cloud, toy())
			f.Engine.Protected = []string{"arn:aws:s3:::wrong-"}
			if err := f.Handle(t.Context(), json.RawMessage(altered(t, c.sample, "example-reports", c.bucket))); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{c.want}, answered(t, cloud)); diff != "" {
				t.Errorf("(- want, + got)\n%s", diff)
			}
			if at := cloud.Requests(put)[0].Body; !strings.Contains(at, `"OrderingTimestamp":1772359190`) {
				t.Errorf("the answer is not of the time of the change: %s", at)
			}
		})
	}
}

func TestWhatIsNotAnswered(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Token: "example-result-token"}
	noRules := function(cloud, toy())
	noRules.Engine.Rules = func(context.Context) *rules.File { return nil }
	for name, c := range map[string]struct {
		f         *Function
		raw, want string
		malformed bool
	}{
		"throttled":             {function(cloud, toy()), altered(t, "bucket_changed", "example-reports", "throttled"), "SlowDown", false},
		"no rules":              {noRules, sample(t, "bucket_changed"), "rules file", false},
		"another control":       {function(cloud), sample(t, "bucket_changed"), "which is not here", true},
		"another type":          {function(cloud, toy()), altered(t, "group_oversized", "ec2-security-group-open", "s3-bucket-public"), "set the rule's scope to AWS::S3::Bucket", true},
		"another account":       {function(cloud, toy()), altered(t, "bucket_changed", "111122223333", "444455556666"), "this function looks after 111122223333", true},
		"no invocation":         {function(cloud, toy()), "{}", "version", true},
		"the control is theirs": {function(cloud, toy()), altered(t, "scheduled", `\"s3-bucket-public\"`, `\"../../etc\"`), "which is not here", true},
	} {
		err := c.f.Handle(t.Context(), json.RawMessage(c.raw))
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, invocation.ErrMalformed) != c.malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := answered(t, cloud); len(got) > 0 {
		t.Errorf("answered %q", got)
	}
}

func TestScheduleAnswersInPages(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range 249 {
		list = append(list, fmt.Sprintf("fine-%03d", i))
	}
	list[7], list[130] = "wrong-7", "throttled-130"
	cloud := &annotatetest.Cloud{Token: "example-result-token"}
	err := function(cloud, toy(list...)).Handle(t.Context(), json.RawMessage(sample(t, "scheduled")))
	if err == nil || !strings.Contains(err.Error(), "throttled-130") {
		t.Errorf("%v: want the one that could not be looked at, so that all is run again", err)
	}
	got := answered(t, cloud)
	if n := len(cloud.Requests(put)); n != 3 || len(got) != 248 {
		t.Fatalf("%d evaluations in %d answers, want 248 in 3", len(got), n)
	}
	if got[0] != "AWS::S3::Bucket fine-000 COMPLIANT" || !strings.HasPrefix(got[7], "AWS::S3::Bucket wrong-7 NON_COMPLIANT") || got[247] != "AWS::S3::Bucket fine-248 COMPLIANT" {
		t.Errorf("answered %q, %q, …, %q", got[0], got[7], got[247])
	}
}

func TestScheduleWithoutResourcesIsAnswered(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Token: "example-result-token"}
	if err := function(cloud, toy()).Handle(t.Context(), json.RawMessage(sample(t, "scheduled"))); err != nil || len(cloud.Requests(put)) != 1 {
		t.Errorf("%v, %d answers; want one without evaluations", err, len(cloud.Requests(put)))
	}
}

func TestWhatIsNotTakenIsPutOnceMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ untaken, answers, evaluations int }{{0, 1, 3}, {2, 2, 5}, {4, 2, 6}} {
		cloud := &annotatetest.Cloud{Token: "example-result-token", Untaken: c.untaken}
		err := function(cloud, toy("fine-1", "fine-2", "fine-3")).Handle(t.Context(), json.RawMessage(sample(t, "scheduled")))
		if (err != nil) != (c.untaken > 3) || len(cloud.Requests(put)) != c.answers || len(answered(t, cloud)) != c.evaluations {
			t.Errorf("%d not taken: %v, %d answers with %q", c.untaken, err, len(cloud.Requests(put)), answered(t, cloud))
		}
		if err != nil && (!strings.Contains(err.Error(), "fine-") || strings.Contains(err.Error(), "example-result-token")) {
			t.Errorf("%v: want the resource, and not the token", err)
		}
	}
}

func TestAnswerRefused(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Token: "another"}
	if err := function(cloud, toy()).Handle(t.Context(), json.RawMessage(sample(t, "scheduled"))); err == nil || !strings.Contains(err.Error(), "InvalidResultToken") {
		t.Errorf("%v", err)
	}
}

func TestListDenied(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Token: "example-result-token", Fail: func(annotatetest.Request) (int, string) { return http.StatusOK, "" }}
	c := toy()
	c.Type.List = func(context.Context, awsapi.Session) ([]string, error) { return nil, apiError("AccessDenied") }
	if err := function(cloud, c).Handle(t.Context(), json.RawMessage(sample(t, "scheduled"))); !awsapi.IsAccessDenied(err) || len(cloud.Requests("")) != 0 {
		t.Errorf("%v after %d answers; want an error and none: an empty answer would look like nothing being wrong", err, len(cloud.Requests("")))
	}
}
