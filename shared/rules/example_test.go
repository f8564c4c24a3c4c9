package rules_test

import (
	"os"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/rules"
)

// The example is quoted where people learn the format, so what its comments promise has to hold.
func TestExampleFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f := mustLoad(t, string(data))
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC) // a Wednesday
	subject := func(control, account string, edits ...func(*rules.Subject)) rules.Subject {
		s := bucket(append([]func(*rules.Subject){func(s *rules.Subject) {
			s.Control, s.Account, s.EventTime = control, account, noon
		}}, edits...)...)
		return s
	}
	press := func(s *rules.Subject) { s.ResourceID, s.ResourceARN = "shop-press-kit", "arn:aws:s3:::shop-press-kit" }
	for _, c := range []struct {
		name    string
		subject rules.Subject
		at      time.Time
		mode    rules.Mode
		rule    string
	}{
		{"public bucket in production", subject("s3-bucket-public", prod), noon, rules.Auto, "close-public-buckets"},
		{"other finding in production", subject("s3-bucket-tls", prod), noon, rules.Approve, "production-asks"},
		{"access point in production", subject("s3-access-point-public", prod), noon, rules.Approve, "production-asks"},
		{"old public bucket", subject("s3-bucket-public", prod, origin(rules.OriginSweep)), noon, rules.Approve, "close-public-buckets"},
		{"old finding in the playground", subject("s3-bucket-tls", sandbox, origin(rules.OriginSweep)), noon, rules.Auto, "clean-up-the-playground"},
		{"Config's finding in the playground", subject("s3-bucket-tls", sandbox, origin(rules.OriginConfig)), noon, rules.Report, "default"},
		{"customer data", subject("s3-bucket-public", prod, tag("data", "customer")), noon, rules.Approve, "customer-data-asks"},
		{"press kit", subject("s3-bucket-public", prod, press), noon, rules.Exempt, "exceptions[0]"},
		{"not enrolled", subject("s3-bucket-public", "999999999999"), noon, rules.Refuse, "accounts"},
		{"Friday afternoon", subject("s3-bucket-public", prod), noon.AddDate(0, 0, 2).Add(2 * time.Hour), rules.Refuse, "freeze friday-afternoon"},
	} {
		s := c.subject
		s.EventTime = c.at
		if got := f.Decide(s, c.at); got.Mode != c.mode || got.Rule != c.rule {
			t.Errorf("%s: got %s by %s (%s), want %s by %s", c.name, got.Mode, got.Rule, got.Reason, c.mode, c.rule)
		}
	}
	if got := f.LimitFor(subject("s3-bucket-public", prod)).Max; got != 5 {
		t.Errorf("the limit in production is %d, want 5", got)
	}
	known := rules.Known{Controls: []string{"s3-bucket-public", "s3-access-point-public"}}
	if got := f.Warnings(noon, known); len(got) != 0 {
		t.Errorf("the example has warnings: %v", got)
	}
	if err := f.Check(known); err != nil {
		t.Errorf("the example has mistakes: %v", err)
	}
}

// "shoreup rules check" prints these steps, so their order and words are held here once in full.
func TestExplainInWords(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, `version: 1
trusted_tags: [env]
rules:
  - { name: disks, match: { services: [ec2] }, mode: report }
  - { name: buckets, match: { services: [s3] }, mode: auto }
  - { name: careful, match: { tags: { env: [prod] } }, mode: approve }
exceptions:
  - { control: s3-bucket-public, resource: logs-eu, owner: a, reason: b, expires: 2026-11-01 }
kill_switch: true
`)
	var got string
	for _, s := range f.Explain(bucket(tag("env", "dev"), origin(rules.OriginSweep)), now).Steps {
		mark := " "
		if s.Hit {
			mark = "*"
		}
		got += mark + s.Kind + " " + s.Name + ": " + s.Text + " [" + s.Mode.String() + "]\n"
	}
	const want = `*enrolment : no accounts are listed, so every account is enrolled [report]
 exception exceptions[0]: ran out after 2026-11-01 [report]
 rule disks: does not match: service is "s3" [report]
*rule buckets: matches and says auto [auto]
 tag rule careful: does not match: tag env is "dev" [auto]
*cap : an old finding (origin sweep) is automatic only if an auto rule names its origin [approve]
*kill switch : the kill switch is on, so nothing is written; otherwise: rule buckets (line 5) says auto; lowered to approve: an old finding (origin sweep) is automatic only if an auto rule names its origin [refuse]
*decision kill_switch: the kill switch is on, so nothing is written; otherwise: rule buckets (line 5) says auto; lowered to approve: an old finding (origin sweep) is automatic only if an auto rule names its origin [refuse]
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
