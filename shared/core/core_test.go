package core

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
)

type lamp struct {
	On   bool   `json:"on"`
	Bulb string `json:"bulb"`
	Made string `json:"made" aws:"assigned"`
}

var (
	put    = awsapi.NewWrite(s3.NewFromConfig, (*s3.Client).PutBucketPolicy, "Bucket", "s3:PutBucketPolicy")
	remove = awsapi.NewWrite(s3.NewFromConfig, (*s3.Client).DeleteBucketPolicy, "Bucket", "s3:DeleteBucketPolicy")
)

var resource = awsapi.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}

// lampControl wants the lamp off. Its plan is the given one.
func lampControl(plan func(lamp) Fix[lamp]) Control {
	return Define(Meta{ID: "lamp", Version: 1, Writes: []awsapi.Op{put.Op}, Undoes: []awsapi.Op{remove.Op}},
		func(context.Context, awsapi.Session, awsapi.Resource) (lamp, error) {
			return lamp{On: true, Bulb: "60 W", Made: "today"}, nil
		},
		func(s lamp, _ Settings) []Violation {
			if !s.On {
				return nil
			}
			return []Violation{{Rule: "on", Where: "lamp", Reason: "it is on"}}
		},
		func(_ awsapi.Resource, s lamp, _ []Violation, _ Settings) (Fix[lamp], error) { return plan(s), nil })
}

func call(bucket string) awsapi.Call {
	return put.Call(&s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String("{}")})
}

func undo(bucket string) []awsapi.Call {
	return []awsapi.Call{remove.Call(&s3.DeleteBucketPolicyInput{Bucket: &bucket})}
}

func propose(t *testing.T, c Control) (Proposal, error) {
	t.Helper()
	sight, err := c.Look(t.Context(), awsapi.Session{}, resource, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Propose(sight, resource, Settings{})
}

func TestProposal(t *testing.T) {
	t.Parallel()
	off := func(s lamp) Fix[lamp] {
		s.On = false
		return Fix[lamp]{After: s, Changes: []Change{{Why: "off", Do: call("b"), Undo: undo("b"), Step: lamp{Bulb: "60 W"}}}}
	}
	p, err := propose(t, lampControl(off))
	if err != nil {
		t.Fatal(err)
	}
	if p.Plan.Before == p.Plan.After || p.Plan.Changes[0].Expect != p.Plan.After {
		t.Errorf("fingerprints before %s, after %s, step %s", p.Plan.Before, p.Plan.After, p.Plan.Changes[0].Expect)
	}
	if want := [][]DiffLine{{{Path: "on", Before: json.RawMessage("true"), After: json.RawMessage("false")}}}; cmp.Diff(want, p.Diffs) != "" {
		t.Error(cmp.Diff(want, p.Diffs))
	}
	b, err := p.Plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePlan(b)
	if err != nil || cmp.Diff(p.Plan.Violations, again.Violations) != "" {
		t.Errorf("the plan's bytes do not read back: %v", err)
	}
	first, _ := p.Plan.Hash()
	second, err := again.Hash()
	if err != nil || first != second || len(first) != 64 {
		t.Errorf("hashes %s and %s, %v", first, second, err)
	}
}

func TestProposalRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fix  Fix[lamp]
		want string
	}{
		"half a fix":           {Fix[lamp]{After: lamp{On: true, Bulb: "40 W"}, Changes: []Change{{Do: call("b")}}}, "would still be wrong"},
		"another resource":     {Fix[lamp]{Changes: []Change{{Do: call("other")}}}, `acts on "other"`},
		"undo of another":      {Fix[lamp]{Changes: []Change{{Do: call("b"), Undo: undo("other")}}}, `acts on "other"`},
		"an undeclared write":  {Fix[lamp]{Changes: []Change{{Do: undo("b")[0]}}}, "not a declared operation"},
		"an undeclared undo":   {Fix[lamp]{Changes: []Change{{Do: call("b"), Undo: []awsapi.Call{call("b")}}}}, "not a declared operation"},
		"an input that breaks": {Fix[lamp]{Changes: []Change{{Do: awsapi.Call{Op: put.Op.Name, Input: json.RawMessage(`{"Bucket":"b","X":1}`)}}}}, "unknown field"},
	} {
		_, err := propose(t, lampControl(func(lamp) Fix[lamp] { return c.fix }))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestRefusedHasNoCalls(t *testing.T) {
	t.Parallel()
	p, err := propose(t, lampControl(func(lamp) Fix[lamp] { return Fix[lamp]{Refused: "protected", Changes: []Change{{Do: call("b")}}} }))
	if err != nil || len(p.Plan.Changes) != 0 || p.Refused != "protected" {
		t.Errorf("%d calls, refused %q, %v", len(p.Plan.Changes), p.Refused, err)
	}
}

func TestParsePlanRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `{}`, `{"schema":2,"control":"x"}`, `{"control":"x","schema":1}`, `{"after":"a","before":"b","control":"c","extra":1,"schema":1,"version":1}`} {
		if _, err := ParsePlan([]byte(raw)); err == nil {
			t.Errorf("%s passes for a plan", raw)
		}
	}
}

func FuzzParsePlan(f *testing.F) {
	f.Add([]byte(`{"after":"a","before":"b","control":"c","resource":{"account":"1","id":"i","partition":"aws","region":"r","type":"t"},"schema":1,"version":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParsePlan(raw)
		if err != nil {
			return
		}
		if again, err := p.Bytes(); err != nil || string(again) != string(raw) {
			t.Errorf("%q was accepted and encodes to %q, %v", raw, again, err)
		}
	})
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after string
		want          []string // path before -> after
	}{
		"nothing":          {`{"a":1}`, `{"a":1}`, nil},
		"a field":          {`{"a":1,"b":2}`, `{"a":1,"b":3}`, []string{"b 2 -> 3"}},
		"added":            {`{}`, `{"a":{"b":true}}`, []string{"a  -> {\"b\":true}"}},
		"removed":          {`{"a":"x"}`, `{}`, []string{`a "x" -> `}},
		"a list's element": {`{"l":[1,2,3]}`, `{"l":[1,3]}`, []string{"l[1] 2 -> "}},
		"order is nothing": {`{"l":[1,2]}`, `{"l":[2,1]}`, nil},
		"a policy in text": {`{"p":"{\"S\":[{\"Sid\":\"a\"},{\"Sid\":\"b\"}]}"}`, `{"p":"{\"S\":[{\"Sid\":\"b\"}]}"}`, []string{`p.S[0] {"Sid":"a"} -> `}},
		"markup":           {`{"a":"<b>"}`, `{"a":"&"}`, []string{`a "<b>" -> "&"`}},
	} {
		var got []string
		for _, l := range Diff(json.RawMessage(c.before), json.RawMessage(c.after)) {
			got = append(got, l.Path+" "+string(l.Before)+" -> "+string(l.After))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestProtected(t *testing.T) {
	t.Parallel()
	s := Settings{Protected: []string{"arn:aws:iam::*:role/break-glass/*"}}
	for arn, want := range map[string]bool{
		"arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX":      true,
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123": true,
		"arn:aws-us-gov:iam::111122223333:role/AWSControlTowerExecution":                          true,
		"arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-111122223333-eu-west-1":       true,
		"arn:aws:iam::111122223333:role/break-glass/one":                                          true,
		"arn:aws:iam::111122223333:role/shoreup/shoreup-read":                                     true,
		"arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_looks_like_one":                      false,
		"arn:aws:iam::111122223333:role/team/AWSControlTowerExecution":                            false,
		"arn:aws:iam::111122223333:role/break-glass":                                              false,
		"arn:aws:iam::111122223333:user/OrganizationAccountAccessRole":                            false,
		"arn:aws:s3:::my-shoreup-notes":                                                           false,
	} {
		if got := s.ProtectedBy(arn) != ""; got != want {
			t.Errorf("%s: protected %v, want %v", arn, got, want)
		}
	}
}

func TestCompleteHasEveryList(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(Finding{Changes: []ShownChange{{Call: "x"}}}.Complete())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"violations":[]`, `"advice":[]`, `"never_auto":[]`, `"notes":[]`, `"undo":[]`, `"diff":[]`} {
		if !strings.Contains(string(raw), key) {
			t.Errorf("%s has no %s", raw, key)
		}
	}
}

// TestProposeTellsWhatIsLeft: what a fix leaves to people is in its notes, and how far it can be taken back goes with it.
func TestProposeTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	judge := func(s lamp, _ Settings) []Violation {
		out := []Violation{{Rule: "bulb", Where: "bulb", Reason: "nobody settles whether it is bright", Unsettled: true}, {Rule: "glass", Where: "bulb", Reason: "it is dim", Manual: true}}
		if s.On {
			out = append(out, Violation{Rule: "on", Where: "switch", Reason: "it is on"})
		}
		return out
	}
	for name, c := range map[string]struct {
		fix  Fix[lamp]
		want Proposal
	}{
		"a fix":     {Fix[lamp]{After: lamp{Bulb: "60 W"}, Changes: []Change{{Do: call("b")}}, Notes: []string{"dark"}, Reversible: PartlyReversible}, Proposal{Notes: []string{"dark", "left to people, and reported until they have looked: bulb"}, Reversible: PartlyReversible}},
		"no change": {Fix[lamp]{Notes: []string{"as before"}}, Proposal{Notes: []string{"as before"}}},
	} {
		control := Define(Meta{ID: "lamp", Version: 1, Writes: []awsapi.Op{put.Op}, Undoes: []awsapi.Op{remove.Op}},
			func(context.Context, awsapi.Session, awsapi.Resource) (lamp, error) {
				return lamp{On: true, Bulb: "60 W"}, nil
			}, judge,
			func(awsapi.Resource, lamp, []Violation, Settings) (Fix[lamp], error) { return c.fix, nil })
		p, err := propose(t, control)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(c.want, Proposal{Notes: p.Notes, Reversible: p.Reversible}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		f := Finding{Reversible: Reversible}
		f.Show(p)
		want := Reversible
		if c.want.Reversible != "" {
			want = c.want.Reversible
		}
		if f.Reversible != want {
			t.Errorf("%s: shown as %q", name, f.Reversible)
		}
	}
}
