package text

import (
	"encoding/json"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

var ten = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// mixedGroup is a security group with a world-open rule next to others; a replacement is let in first.
func mixedGroup() core.Finding {
	return core.Finding{
		ID: "p-1", Hash: "0123456789abcdef0123", Control: "ec2-security-group-open", Version: 1, Title: "Close sensitive ports to the internet",
		Severity: core.Critical, Resource: "sg-0a1b", ARN: "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b", Account: "111122223333", Region: "eu-west-1",
		Outcome: core.AwaitingApproval, Reason: "network changes are for people", Reversible: core.Reversible,
		Violations: []core.Violation{
			{Where: "ingress tcp 22 from 0.0.0.0/0", Reason: "anyone on the internet can reach SSH"},
			{Where: "ingress udp 53 from 0.0.0.0/0", Reason: "anyone on the internet can reach DNS", Unsettled: true},
		},
		Changes: []core.ShownChange{
			{
				Call: "ec2:AuthorizeSecurityGroupIngress", Why: "let in what stays allowed: tcp 22 from 10.0.0.0/8", Input: json.RawMessage(`{"GroupId":"sg-0a1b"}`),
				Undo: []awsapi.Call{{Op: "ec2:RevokeSecurityGroupIngress"}},
				Diff: []core.DiffLine{{Path: "rules[0]", After: json.RawMessage(`{"cidr":"10.0.0.0/8","from":22,"protocol":"tcp","to":22}`)}},
			},
			{
				Call: "ec2:RevokeSecurityGroupIngress", Why: "shut out the world; 2 other rules stay as they are",
				Input: json.RawMessage(`{"GroupId":"sg-0a1b","SecurityGroupRuleIds":["sgr-0123456789abcdef0"]}`),
				Undo:  []awsapi.Call{{Op: "ec2:AuthorizeSecurityGroupIngress"}},
				Diff:  []core.DiffLine{{Path: "rules[1]", Before: json.RawMessage(`{"cidr":"0.0.0.0/0","from":22,"protocol":"tcp","to":22}`)}},
			},
		},
		NeverAuto: []string{"access is narrowed to what the rules file names, which a person should see first"},
		Decision:  core.Decision{Mode: "approve", Rule: "network", Reason: "network changes are for people"}, RulesVersion: "v1-aaaabbbbcccc",
		Context: core.Context{Owner: "team-web", Facts: []string{`group "web" in vpc-1, used by 2 network interfaces`}},
		Cause:   core.Cause{Origin: "event", Actor: "arn:aws:iam::111122223333:user/ops/bob", Event: "ec2.amazonaws.com:AuthorizeSecurityGroupIngress", Time: ten},
	}
}

const mixedGroupText = `# ec2-security-group-open  critical  arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b
  Close sensitive ports to the internet
  Waits for approval: network changes are for people

  wrong     ingress tcp 22 from 0.0.0.0/0: anyone on the internet can reach SSH
  wrong     ingress udp 53 from 0.0.0.0/0: anyone on the internet can reach DNS (not settled by
            AWS's documents: reported, never changed)
  change    let in what stays allowed: tcp 22 from 10.0.0.0/8
            + rules: {cidr: "10.0.0.0/8", from: 22, protocol: "tcp", to: 22}
            call ec2:AuthorizeSecurityGroupIngress {"GroupId":"sg-0a1b"}
  change    shut out the world; 2 other rules stay as they are
            - rules: {cidr: "0.0.0.0/0", from: 22, protocol: "tcp", to: 22}
            call ec2:RevokeSecurityGroupIngress {"GroupId":"sg-0a1b","SecurityGroupRuleIds":[
                 "sgr-0123456789abcdef0"]}
  careful   access is narrowed to what the rules file names, which a person should see first
  undo      2 calls back to exactly this state: ec2:RevokeSecurityGroupIngress,
            ec2:AuthorizeSecurityGroupIngress
  decision  approve (network)
  cause     user ops/bob, by ec2:AuthorizeSecurityGroupIngress, seen in an event at 2026-11-22
            10:00:00 UTC
  where     account prod (111122223333), eu-west-1, owner team-web
            group "web" in vpc-1, used by 2 network interfaces
  plan      hash 0123456789ab, p-1, rules v1-aaaabbbbcccc

`

// partner is a bucket policy whose public statement goes while a partner's stays.
func partner() core.Finding {
	return core.Finding{
		ID: "p-2", Hash: "aaaaaaaaaaaaaaaa", Control: "s3-bucket-public", Version: 1, Title: "Close buckets that anybody can read or write", Severity: core.Critical,
		Resource: "acme-reports", ARN: "arn:aws:s3:::acme-reports", Account: "111122223333", Region: "eu-west-1",
		Outcome: core.Planned, Reason: "storage is mended at once", Reversible: core.Reversible,
		Violations: []core.Violation{{Where: `policy statement 2 (Sid "Everyone")`, Reason: "anyone on the internet may do s3:GetObject"}},
		Changes: []core.ShownChange{{
			Call: "s3:PutBucketPolicy", Why: "take 1 public of 2 statements out of the policy", Input: json.RawMessage(`{"Bucket":"acme-reports","Policy":"{}"}`),
			Undo: []awsapi.Call{{Op: "s3:PutBucketPolicy"}},
			Diff: []core.DiffLine{
				{Path: "policy.Statement[1]", Before: json.RawMessage(`{"Sid":"Everyone","Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::acme-reports/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`)},
				{Path: "versioning", Before: json.RawMessage(`"Suspended"`), After: json.RawMessage(`"Enabled"`)},
			},
		}},
		Notes:    []string{"kept as they are: arn:aws:iam::444455556666:root"},
		Decision: core.Decision{Mode: "auto", Rule: "storage", Reason: "storage is mended at once"}, RulesVersion: "v1-aaaabbbbcccc",
		Cause: core.Cause{Origin: "sweep", Time: ten},
	}
}

const partnerText = `# s3-bucket-public  critical  arn:aws:s3:::acme-reports
  Close buckets that anybody can read or write
  Will be fixed: storage is mended at once

  wrong     policy statement 2 (Sid "Everyone"): anyone on the internet may do s3:GetObject
  change    take 1 public of 2 statements out of the policy
            - policy statement 2 (Sid "Everyone"): Allow s3:GetObject, s3:ListBucket on
                arn:aws:s3:::acme-reports/* for everyone (*) if aws:SecureTransport Bool true
            ~ versioning: "Suspended" -> "Enabled"
            call s3:PutBucketPolicy {"Bucket":"acme-reports","Policy":"{}"}
  note      kept as they are: arn:aws:iam::444455556666:root
  undo      1 call back to exactly this state: s3:PutBucketPolicy
  decision  auto (storage)
  cause     unknown, found by the sweep at 2026-11-22 10:00:00 UTC
  where     account prod (111122223333), eu-west-1, owner unknown
  plan      hash aaaaaaaaaaaa, p-2, rules v1-aaaabbbbcccc

`

func advised() core.Finding {
	return core.Finding{
		ID: "p-3", Hash: "bbbbbbbbbbbbbbbb", Control: "ec2-volume-encryption", Title: "Encrypt EBS volumes", Severity: core.Medium,
		Resource: "vol-1", ARN: "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", Account: "111122223333", Region: "eu-west-1",
		Outcome: core.Reported, Reason: "no call can mend this safely: people have to",
		Violations: []core.Violation{{Where: "volume", Reason: "the volume is not encrypted"}},
		Advice: []core.Advice{{
			Title: "Move vol-1 to an encrypted volume", Outage: "minutes, while the volumes are swapped", Cost: "a snapshot and a second volume for a day",
			Steps: []string{"Take a snapshot: aws ec2 create-snapshot --volume-id vol-1", "Make an encrypted volume of the snapshot in the same Availability Zone, with the same type, size and throughput as vol-1."},
		}},
		Decision: core.Decision{Mode: "report", Rule: "default", Reason: "no rule matches"}, RulesVersion: "v1-aaaabbbbcccc",
		Cause: core.Cause{Origin: "config"},
	}
}

const advisedText = `# ec2-volume-encryption  medium  arn:aws:ec2:eu-west-1:111122223333:volume/vol-1
  Encrypt EBS volumes
  Needs people: no call can mend this safely: people have to

  wrong     volume: the volume is not encrypted
  advice    Move vol-1 to an encrypted volume
            1. Take a snapshot: aws ec2 create-snapshot --volume-id vol-1
            2. Make an encrypted volume of the snapshot in the same Availability Zone, with the same
               type, size and throughput as vol-1.
            outage: minutes, while the volumes are swapped
            cost: a snapshot and a second volume for a day
  decision  report (default): no rule matches
  cause     unknown, found by AWS Config
  where     account prod (111122223333), eu-west-1, owner unknown
  plan      hash bbbbbbbbbbbb, p-3, rules v1-aaaabbbbcccc

`

func refused() core.Finding {
	f := partner()
	f.ID, f.Outcome, f.Changes, f.Notes, f.Violations = "p-4", core.Refused, nil, nil, f.Violations[:1]
	f.Reason = "freeze xmas until 2027-01-02: nothing is written"
	f.Decision = core.Decision{Mode: "refuse", Rule: "freeze xmas", Reason: f.Reason}
	return f
}

const refusedText = `# s3-bucket-public  critical  arn:aws:s3:::acme-reports
  Close buckets that anybody can read or write
  Refused: freeze xmas until 2027-01-02: nothing is written

  wrong     policy statement 2 (Sid "Everyone"): anyone on the internet may do s3:GetObject
  decision  refuse (freeze xmas)
  cause     unknown, found by the sweep at 2026-11-22 10:00:00 UTC
  where     account prod (111122223333), eu-west-1, owner unknown
  plan      hash aaaaaaaaaaaa, p-4, rules v1-aaaabbbbcccc

`

func fixed() core.Finding {
	f := partner()
	f.Outcome, f.Reason, f.Exposure = core.Fixed, "read back: clean, and nothing else changed", 200
	f.Changes[0].Diff = nil
	f.Cause.Actor, f.Cause.Origin = "arn:aws:sts::999988887777:assumed-role/deploy/ann", "event"
	f.Record = core.Record{Chain: "111122223333", Seq: 42, Hash: "fedcba9876543210"}
	return f
}

const fixedText = `# s3-bucket-public  critical  arn:aws:s3:::acme-reports
  Close buckets that anybody can read or write
  Fixed: read back: clean, and nothing else changed

  wrong     policy statement 2 (Sid "Everyone"): anyone on the internet may do s3:GetObject
  change    take 1 public of 2 statements out of the policy
            call s3:PutBucketPolicy {"Bucket":"acme-reports","Policy":"{}"}
  note      kept as they are: arn:aws:iam::444455556666:root
  undo      shoreup undo 111122223333/42
  decision  auto (storage): storage is mended at once
  cause     role deploy, session ann of account 999988887777, seen in an event at 2026-11-22
            10:00:00 UTC; open for 3 min 20 s
  where     account prod (111122223333), eu-west-1, owner unknown
  plan      hash aaaaaaaaaaaa, p-2, rules v1-aaaabbbbcccc
  record    111122223333/42, fedcba9876543210

`

// undoPlan has calls and no diff: what they lead to stands in the record of the fix.
func undoPlan() core.Finding {
	return core.Finding{
		ID: "p-5", Hash: "cccccccccccccccc", Control: "s3-bucket-public", Title: "Take back: Close buckets that anybody can read or write", Severity: core.Critical,
		Resource: "acme-reports", ARN: "arn:aws:s3:::acme-reports", Account: "111122223333", Region: "eu-west-1", Outcome: core.AwaitingApproval,
		Reason:   "takes back plan p-2",
		Changes:  []core.ShownChange{{Call: "s3:DeletePublicAccessBlock", Why: "take back: turn on Block Public Access", Input: json.RawMessage(`{"Bucket":"acme-reports"}`)}},
		Decision: core.Decision{Mode: "approve", Rule: "undo", Reason: "taking back a fix always needs a person"},
		Cause:    core.Cause{Origin: "cli", Time: ten},
	}
}

const undoPlanText = `# s3-bucket-public  critical  arn:aws:s3:::acme-reports
  Take back: Close buckets that anybody can read or write
  Waits for approval: takes back plan p-2

  change    take back: turn on Block Public Access
            call s3:DeletePublicAccessBlock {"Bucket":"acme-reports"}
  decision  approve (undo): taking back a fix always needs a person
  cause     unknown, asked for on the command line at 2026-11-22 10:00:00 UTC
  where     account prod (111122223333), eu-west-1, owner unknown
  plan      hash cccccccccccc, p-5

`

func blind() core.Finding {
	return core.Finding{
		Control: "s3-bucket-public", Title: "Close buckets that anybody can read or write", Severity: core.Critical, Resource: "locked", ARN: "arn:aws:s3:::locked",
		Account: "111122223333", Region: "eu-west-1", Outcome: core.Blind, Reason: "we may not look: AccessDenied; grant the read role this action",
	}
}

const blindText = `# s3-bucket-public  critical  arn:aws:s3:::locked
  Close buckets that anybody can read or write
  Cannot see: we may not look: AccessDenied; grant the read role this action

  where     account prod (111122223333), eu-west-1, owner unknown

`
