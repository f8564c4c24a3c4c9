package notify

import (
	"encoding/json"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// fixed is a bucket policy with a public statement next to a partner's, mended.
func fixed() core.Finding {
	return core.Finding{
		ID: "p-01KB0000000000000000000001", Hash: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		Control: "s3-bucket-public", Version: 1, Title: "Close buckets that anybody can read or write", Severity: core.Critical,
		ResourceType: "AWS::S3::Bucket", Resource: "acme-reports", ARN: "arn:aws:s3:::acme-reports", Account: "111122223333", Region: "eu-west-1",
		Outcome: core.Fixed, Reason: "read back: clean, and nothing else changed",
		Violations: []core.Violation{{Rule: "policy-public", Where: `policy statement 1 (Sid "Everyone")`, Reason: "anyone on the internet may do s3:GetObject"}},
		Changes: []core.ShownChange{{
			Call: "s3:PutBucketPolicy", Why: "take 1 public of 2 statements out of the policy",
			Input: json.RawMessage(`{"Bucket":"acme-reports","ExpectedBucketOwner":"111122223333"}`),
			Undo:  []awsapi.Call{{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"acme-reports"}`)}},
			Diff: []core.DiffLine{{Path: "policy.Statement[0]",
				Before: json.RawMessage(`{"Action":"s3:GetObject","Effect":"Allow","Principal":"*","Resource":"arn:aws:s3:::acme-reports/*","Sid":"Everyone"}`)}},
		}},
		Notes:    []string{"kept as they are: arn:aws:iam::444455556666:root"},
		Decision: core.Decision{Mode: "auto", Reason: "storage in prod is mended at once", Rule: "prod-storage"}, RulesVersion: "v1-aaaabbbbcccc",
		Context: core.Context{Owner: "team-data", Tags: map[string]string{"owner": "team-data"}},
		Cause: core.Cause{Origin: "event", Actor: "arn:aws:sts::111122223333:assumed-role/deploy/ann", Event: "s3.amazonaws.com:PutBucketPolicy",
			Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		Exposure: 41.3, Record: core.Record{Chain: "111122223333", Seq: 42, Hash: "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"},
	}
}

// waiting is a security group with a world-open rule next to others, which a person has to approve.
func waiting() core.Finding {
	f := fixed()
	f.ID, f.Hash, f.Exposure = "p-01KB0000000000000000000002", "aaaaaaaaaaaa1111", 0
	f.Control, f.Title, f.ResourceType = "ec2-security-group-open", "Close sensitive ports to the internet", "AWS::EC2::SecurityGroup"
	f.Resource, f.ARN = "sg-0a1b2c3d", "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d"
	f.Outcome, f.Reason = core.AwaitingApproval, "network changes are for people"
	f.Violations = []core.Violation{{Rule: "world-open", Where: "ingress tcp 22 from 0.0.0.0/0", Reason: "anyone on the internet can reach SSH"}}
	f.Changes = []core.ShownChange{{
		Call: "ec2:RevokeSecurityGroupIngress", Why: "shut out the world; 2 other rules stay as they are",
		Input: json.RawMessage(`{"GroupId":"sg-0a1b2c3d","SecurityGroupRuleIds":["sgr-1"]}`),
		Diff:  []core.DiffLine{{Path: "rules[0]", Before: json.RawMessage(`{"cidr":"0.0.0.0/0","egress":false,"from":22,"protocol":"tcp","to":22}`)}},
	}}
	f.NeverAuto, f.Notes = []string{"the group is attached to a load balancer"}, nil
	f.Decision = core.Decision{Mode: "approve", Reason: "network changes are for people", Rule: "network"}
	f.Context = core.Context{}
	f.Cause = core.Cause{Origin: "sweep", Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	f.Record = core.Record{Chain: "111122223333", Seq: 43, Hash: "999999999999aaaa"}
	return f
}

// advised is a volume that only people can encrypt.
func advised() core.Finding {
	f := waiting()
	f.ID, f.Hash = "p-01KB0000000000000000000003", "bbbbbbbbbbbb2222"
	f.Control, f.Title, f.Severity = "ec2-volume-encryption", "Encrypt EBS volumes", core.Medium
	f.Resource, f.ARN = "vol-1", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"
	f.Outcome, f.Reason = core.Reported, "no call can mend this safely: people have to"
	f.Violations = []core.Violation{{Rule: "volume-unencrypted", Where: "volume", Reason: "the volume is not encrypted"}}
	f.Changes, f.NeverAuto = nil, nil
	f.Advice = []core.Advice{{Title: "Move vol-1 to an encrypted volume", Steps: []string{"Take a snapshot of vol-1.", "Make an encrypted volume of it.", "Swap the volumes."},
		Outage: "minutes, while the volumes are swapped", Cost: "a snapshot and a second volume for a day"}}
	f.Decision = core.Decision{Mode: "report", Rule: "default"}
	f.Record = core.Record{Chain: "111122223333", Seq: 44, Hash: "888888888888bbbb"}
	return f
}

// blind is a resource that could not be read.
func blind() core.Finding {
	f := advised()
	f.ID, f.Hash, f.Advice, f.Violations, f.Decision = "", "", nil, nil, core.Decision{}
	f.Control, f.Title, f.Severity = "s3-bucket-public", "Close buckets that anybody can read or write", core.Critical
	f.Resource, f.ARN = "locked", "arn:aws:s3:::locked"
	f.Outcome, f.Reason = core.Blind, "we may not look: calling s3:GetBucketPolicy: AccessDenied; grant the read role this action"
	f.Record = core.Record{Chain: "111122223333", Seq: 45, Hash: "777777777777cccc"}
	return f
}
