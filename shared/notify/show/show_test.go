package show

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/core"
)

func TestVisible(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain é 日本 😀":                         "plain é 日本 😀",
		"a\nb\r\nc\td\u00a0e":                  "a b  c d e",
		"\x1b[31m\u009b\x00\x7f":               `\u001b[31m\u009b\u0000\u007f`,
		"\u202e\u2066\u200b\ufeff\u00ad\u2028": `\u202e\u2066\u200b\ufeff\u00ad\u2028`,
		"\u3164\u2800\ufe0f":                   `\u3164\u2800\ufe0f`,
		"\U000e0041":                           `\U000e0041`,
		"a\xffb":                               "a\ufffdb",
	} {
		if diff := cmp.Diff(want, Visible(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestUntil(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]time.Time{
		"until and including 2026-11-30": time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), "until 2026-12-01 00:00:01 UTC": time.Date(2026, 12, 1, 0, 0, 1, 0, time.UTC),
		"until 2026-11-30 23:00:00 UTC": time.Date(2026, 12, 1, 0, 0, 0, 0, time.FixedZone("", 3600)),
	} {
		if got := Until(at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"password", "db_password", "MasterUserPassword", "auth-token", "API key", "clientSecret", "tags.apiKey", "UserData", "KeyMaterial", "aws:pwd"} {
		if !Secret(name) {
			t.Errorf("%q is shown", name)
		}
	}
	for _, name := range []string{"owner", "KmsKeyId", "AccessKeyId", "Bucket", "key", "policy.Statement[0]", ""} {
		if Secret(name) {
			t.Errorf("%q is hidden", name)
		}
	}
}

func TestHide(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"password":"x","user":"y","n":1}`:                                             `{"n":1,"password":"(hidden)","user":"y"}`,
		`{"minimumPasswordLength":14,"allowUsersToChangePassword":true}`:                `{"allowUsersToChangePassword":true,"minimumPasswordLength":14}`,
		`{"secrets":{"a":["x",2]},"password":""}`:                                       `{"password":"","secrets":{"a":["(hidden)",2]}}`,
		`{"Tags":[{"Key":"api-token","Value":"x"},{"Key":"a","Value":"b"}]}`:            `{"Tags":[{"Key":"api-token","Value":"(hidden)"},{"Key":"a","Value":"b"}]}`,
		`{"text":"-----BEGIN RSA PRIVATE KEY-----\nabc"}`:                               `{"text":"(hidden)"}`,
		`{"Effect":"Allow","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026"}}}`: `{"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026"}},"Effect":"Allow"}`,
		`{"Policy":"{\"password\":\"x\"}"}`:                                             `{"Policy":"{\"password\":\"(hidden)\"}"}`,
		`{"Policy":"{ \"a\": \"x\" }"}`:                                                 `{"Policy":"{ \"a\": \"x\" }"}`,
		`not JSON`:                                                                      `"not JSON"`,
		`12345678901234567890`:                                                          `12345678901234567890`,
	} {
		f := core.Finding{Changes: []core.ShownChange{{Input: json.RawMessage(in)}}}
		if diff := cmp.Diff(want, string(Hide(f).Changes[0].Input)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
		if string(f.Changes[0].Input) != in {
			t.Errorf("the given finding was changed: %s", f.Changes[0].Input)
		}
	}
	f := core.Finding{Changes: []core.ShownChange{{Diff: []core.DiffLine{
		{Path: "tags.db-password", Before: json.RawMessage(`"x"`), After: json.RawMessage(`"y"`)},
		{Path: "policy.Statement.Condition.DateLessThan.aws:TokenIssueTime", Before: json.RawMessage(`"2026"`)},
	}}}}
	want := []core.DiffLine{
		{Path: "tags.db-password", Before: json.RawMessage(`"(hidden)"`), After: json.RawMessage(`"(hidden)"`)},
		{Path: "policy.Statement.Condition.DateLessThan.aws:TokenIssueTime", Before: json.RawMessage(`"2026"`)},
	}
	if diff := cmp.Diff(want, Hide(f).Changes[0].Diff); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	const public, partner = `{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`,
		`{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:root","arn:aws:iam::777788889999:root"]},"Action":["s3:*"],"Resource":"*"}`
	const publicText, partnerText = "Allow s3:GetObject on arn:aws:s3:::b/* for everyone (*)",
		"Allow s3:* on * for arn:aws:iam::444455556666:root, arn:aws:iam::777788889999:root"
	for name, tt := range map[string]struct {
		path, before, after string
		want                []Line
	}{
		"a field":              {"size", "1", "2", []Line{{'~', "size", "1", "2"}}},
		"a new field":          {"block", "", `{"blockPublicAcls":true}`, []Line{{'+', "block", "", "{blockPublicAcls: true}"}}},
		"null is absent":       {"block", "null", `true`, []Line{{'+', "block", "", "true"}}},
		"an element":           {"rules[3]", `{"cidr":"0.0.0.0/0","odd key":null}`, "", []Line{{'-', "rules", `{cidr: "0.0.0.0/0", "odd key": none}`, ""}}},
		"a statement":          {"policy.Statement[1]", public, "", []Line{{'-', `policy statement 2 (Sid "All")`, publicText, ""}}},
		"the last statement":   {"policy", `{"Version":"2012-10-17","Statement":[` + public + `]}`, "", []Line{{'-', "policy", `the document, version "2012-10-17"`, ""}, {'-', `policy statement 1 (Sid "All")`, publicText, ""}}},
		"one of a list":        {"policy.Statement", "[" + public + "," + partner + "]", partner, []Line{{'-', `policy statement 1 (Sid "All")`, publicText, ""}}},
		"a statement put in":   {"policy.Statement[1]", "", partner, []Line{{'+', "policy statement 2", "", partnerText}}},
		"no policy after all":  {"policy.Statement", "7", public, []Line{{'~', "policy.Statement", "7", `(Sid "All") ` + publicText}}},
		"nothing on each side": {"x", "", "", []Line{{'~', "x", "", ""}}},
		"hidden in the path":   {"a\x1bb", "1", "2", []Line{{'~', `a\u001bb`, "1", "2"}}},
	} {
		got := Diff([]core.DiffLine{{Path: tt.path, Before: json.RawMessage(tt.before), After: json.RawMessage(tt.after)}})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestStatementsLeaveNothingOut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"Effect":"Deny","NotAction":["iam:*","sts:*"],"NotResource":"arn:aws:iam::*:role/x","NotPrincipal":{"Service":"ec2.amazonaws.com"}}`:         "Deny everything but iam:*, sts:* on everything but arn:aws:iam::*:role/x for everyone but service ec2.amazonaws.com",
		`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":[]}`:                                                                        "Allow * on nothing for everyone (AWS *)",
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Federated":"idp","CanonicalUser":"79a5","Odd":1}}`:                                  "Allow sts:AssumeRole for canonical user 79a5, identity provider idp, {Odd: 1}",
		`{"Effect":"Allow","Action":"a:b","Condition":{"Bool":{"aws:SecureTransport":"true"},"StringLike":{"aws:PrincipalArn":["a, b","c"]},"Odd":3}}`: `Allow a:b if aws:SecureTransport Bool true and Odd 3 and aws:PrincipalArn StringLike "a, b", c`,
		`{"Effect":"Allow","Action":7,"Extra":[true],"Sid":9}`:                                                                                         `Allow 7 and {Extra: [true], Sid: 9}`,
	} {
		if diff := cmp.Diff(want, Value(json.RawMessage(in))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for in, want := range map[float64]string{
		0.2: "under 1 s", 41.9: "41 s", 60: "1 min", 200: "3 min 20 s", 3600: "1 h", 3605: "1 h", 7500: "2 h 5 min", 86400: "1 d", 90000: "1 d 1 h", 86460: "1 d",
		-1: "unknown", math.Inf(1): "unknown", math.NaN(): "unknown", 1e300: "unknown",
	} {
		if got := Duration(in); got != want {
			t.Errorf("%v: %q, want %q", in, got, want)
		}
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                       "unknown",
		"arn:aws:iam::111122223333:root":         "the root user",
		"arn:aws:iam::111122223333:user/ops/bob": "user ops/bob",
		"arn:aws:sts::111122223333:assumed-role/deploy/ann":    "role deploy, session ann",
		"arn:aws-cn:sts::444455556666:assumed-role/deploy/ann": "role deploy, session ann of account 444455556666",
		"arn:aws:sts::444455556666:federated-user/eve":         "federated-user eve of account 444455556666",
		"autoscaling.amazonaws.com":                            "autoscaling.amazonaws.com",
		"arn:aws:s3:::bucket":                                  "arn:aws:s3:::bucket",
		"arn:aws:iam::111122223333:user/\u202ebob":             `user \u202ebob`,
	} {
		if got := Actor(in, "111122223333"); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestCause(t *testing.T) {
	t.Parallel()
	ten := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CET", 7200))
	f := core.Finding{Account: "111122223333", Cause: core.Cause{Origin: "event", Actor: "arn:aws-us-gov:iam::111122223333:user/bob", Event: "ec2.amazonaws.com:RunInstances", Time: ten}}
	if got, want := Cause(f), "user bob, by ec2:RunInstances, seen in an event at 2026-11-22 10:00:00 UTC"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f.Cause.Person = "arn:aws-us-gov:iam::111122223333:user/eve unknown sso:bob"
	if got, want := Cause(f), "user bob, by ec2:RunInstances, seen in an event at 2026-11-22 10:00:00 UTC; had a hand in it: user eve, unknown, sso:bob"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Cause(core.Finding{}); got != "unknown" {
		t.Errorf("nothing known: %q", got)
	}
}

// TestEveryOutcomeHasWordsAndRank keeps an outcome that is added from being shown raw.
func TestEveryOutcomeHasWordsAndRank(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, o := range []core.Outcome{
		core.Compliant, core.NotApplicableHere, core.Reported, core.Excepted, core.AwaitingApproval, core.Rejected, core.Expired, core.Stale, core.Refused,
		core.Planned, core.Fixed, core.Unverified, core.Failed, core.Undone, core.Regressed, core.Blind, core.Errored,
	} {
		h := Headline(core.Finding{Outcome: o})
		if h == string(o) || seen[h] || Urgency(o) < 0 {
			t.Errorf("%s: headline %q, rank %d", o, h, Urgency(o))
		}
		seen[h] = true
	}
}

func TestUndo(t *testing.T) {
	t.Parallel()
	f := core.Finding{Outcome: core.Fixed, Record: core.Record{Chain: "111122223333", Seq: 42}}
	if got := Undo(f); got != "shoreup undo 111122223333/42" {
		t.Errorf("a fix: %q", got)
	}
	f.Decision.Rule = UndoRule
	if got := Undo(f); got != "" {
		t.Errorf("a fix that was itself an undo: %q", got)
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("policy.Statement[1]", `{"Effect":"Allow","Principal":{"AWS":"*"}}`, "")
	f.Add("a[99999999999999999999]", `{"Statement":[]}`, `[{"Effect":"Deny"}]`)
	f.Add("rules", `{"a":[1,null,"\u001b"]}`, "not JSON")
	f.Fuzz(func(t *testing.T, path, before, after string) {
		hidden := Hide(core.Finding{Changes: []core.ShownChange{{Diff: []core.DiffLine{{Path: path, Before: json.RawMessage(before), After: json.RawMessage(after)}}}}})
		for _, d := range hidden.Changes[0].Diff {
			if len(d.Before) > 0 && !json.Valid(d.Before) || len(d.After) > 0 && !json.Valid(d.After) {
				t.Errorf("hiding made no JSON: %s, %s", d.Before, d.After)
			}
		}
		for _, l := range Diff(hidden.Changes[0].Diff) {
			for _, s := range []string{l.Field, l.Before, l.After} {
				if s != Visible(s) {
					t.Errorf("%q is not all visible", s)
				}
			}
			if l.Mark == '+' && l.Before != "" || l.Mark == '-' && l.After != "" || l.Mark != '+' && l.Mark != '-' && l.Mark != '~' {
				t.Errorf("%+v", l)
			}
		}
	})
}
