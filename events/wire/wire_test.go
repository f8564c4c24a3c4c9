package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	env, err := Decode([]byte(`{"version":"0","id":"i","detail-type":"d","source":"s","account":"a","time":"2026-03-01T11:00:07+01:00","region":"r","resources":["x"],"new-field":{},"detail":{"k":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Envelope{Version: "0", ID: "i", DetailType: "d", Source: "s", Account: "a", Time: "2026-03-01T11:00:07+01:00", Region: "r", Detail: []byte(`{"k":1}`)}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
	if want := time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC); env.When() != want {
		t.Errorf("time %v, want %v in UTC", env.When(), want)
	}
	if got := (Envelope{Time: "noon"}).When(); !got.IsZero() {
		t.Errorf("time of a bad text = %v", got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const head = `{"source":"s","detail-type":"d","detail":`
	for name, raw := range map[string]string{
		"nothing":        "",
		"null":           "null",
		"a list":         "[]",
		"a text":         `"x"`,
		"not JSON":       "{",
		"two objects":    head + `{}}{}`,
		"no source":      `{"detail-type":"d","detail":{}}`,
		"no detail-type": `{"source":"s","detail":{}}`,
		"source a list":  `{"source":["s"],"detail-type":"d"}`,
		"too large":      head + `"` + strings.Repeat("x", MaxBytes) + `"}`,
		"too deep":       head + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
	} {
		if _, err := Decode([]byte(raw)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got error %v, want ErrMalformed", name, err)
		}
	}
	largest := head + `"` + strings.Repeat("x", MaxBytes-len(head)-3) + `"}`
	if _, err := Decode([]byte(largest)); err != nil || len(largest) != MaxBytes {
		t.Errorf("%d bytes: %v, want the limit itself accepted", len(largest), err)
	}
}

func TestDecodeDetail(t *testing.T) {
	t.Parallel()
	var v struct {
		K int `json:"k"`
	}
	if err := (Envelope{Detail: []byte(" \n{\"k\":7,\"other\":1}")}).DecodeDetail(&v); err != nil || v.K != 7 {
		t.Errorf("got %d, %v", v.K, err)
	}
	for _, detail := range []string{"", "null", "[]", "7", `{"k":"x"}`, `{`, `{"k":1}{"k":2}`, `{"k":1}]`, `{"k":1e400}`, `{"k":1}` + strings.Repeat(" ", MaxBytes)} {
		err := (Envelope{ID: "the-id", Detail: []byte(detail)}).DecodeDetail(&v)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "the-id") && len(detail) < 100 {
			t.Errorf("detail %.20q: got error %v", detail, err)
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	good := signal.Signal{Class: "sweep", Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: "b", Account: "111122223333", Region: "cn-north-1"}
	if got := Settle(good); !got.Relevant || got.Partition != "aws-cn" {
		t.Errorf("got %+v", got)
	}
	for want, change := range map[string]func(*signal.Signal){
		`malformed account id "1"`:                              func(s *signal.Signal) { s.Account = "1" },
		`malformed account id ""`:                               func(s *signal.Signal) { s.Account = "" },
		`unknown partition: Region ""`:                          func(s *signal.Signal) { s.Region = "" },
		`partition "aws" does not agree with Region cn-north-1`: func(s *signal.Signal) { s.Partition = "aws" },
		`resource id "b*" holds a wildcard: an event names one resource, only our own sweep may mean all`: func(s *signal.Signal) { s.ResourceID = "b*" },
		`resource id "*" holds a wildcard: an event names one resource, only our own sweep may mean all`:  func(s *signal.Signal) { s.Class, s.ResourceID = "guardduty", "*" },
		"resource id is not an AWS identifier":                                     func(s *signal.Signal) { s.ResourceID = "b\nc" },
		"account \"b\" named as resource does not agree with account 111122223333": func(s *signal.Signal) { s.ResourceType = "AWS::::Account" },
	} {
		s := good
		change(&s)
		got := Settle(s)
		if got.Class != "invalid" || got.Relevant || got.Reason != want {
			t.Errorf("got %+v, want invalid: %s", got, want)
		}
	}
	all := good
	all.ResourceID = "*"
	if got := Settle(all); !got.Relevant || !got.Everything() {
		t.Errorf("a sweep of everything: %+v", got)
	}
	failed := all.Drop("the call failed")
	failed.Class = "cloudtrail"
	if got := Settle(failed); got.Class != "cloudtrail" || got.Reason != "the call failed" {
		t.Errorf("what leads nowhere anyway keeps its reason: %+v", got)
	}
	long := good
	long.ResourceID = strings.Repeat("b", 2049)
	if got := Settle(long); got.Class != "invalid" {
		t.Error("an id of 2049 bytes was accepted")
	}
}

func TestAgree(t *testing.T) {
	t.Parallel()
	s := signal.Signal{Class: "sweep", Relevant: true, Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
	for arn, want := range map[string]signal.Signal{
		"":                                       s,
		"sg-1":                                   s,
		"arn:aws:s3:::b":                         s,
		"arn:aws:iam::111122223333:role/r":       s,
		"arn:aws:sns:eu-west-1:111122223333:t":   s,
		"arn:aws:iam::aws:policy/ReadOnlyAccess": s.Drop("owned by AWS: arn:aws:iam::aws:policy/ReadOnlyAccess"),
		"arn:aws:iam::444455556666:role/r":       s.Invalid("ARN arn:aws:iam::444455556666:role/r does not agree with account 111122223333 of the event"),
		"arn:aws:sns:eu-west-2:111122223333:t":   s.Invalid("ARN arn:aws:sns:eu-west-2:111122223333:t does not agree with Region eu-west-1 of the event"),
		"arn:aws-us-gov:s3:::b":                  s.Invalid("ARN arn:aws-us-gov:s3:::b is not in partition aws of the event"),
		"arn:aws:sns:cn-north-1:111122223333:t":  s.Invalid(`malformed ARN "arn:aws:sns:cn-north-1:111122223333:t"`),
		"arn:" + strings.Repeat("x", 300):        s.Invalid(`malformed ARN "arn:` + strings.Repeat("x", 252) + `..."`),
	} {
		if diff := cmp.Diff(want, Agree(s, arn)); diff != "" {
			t.Errorf("%.60s (-want +got):\n%s", arn, diff)
		}
	}
}

func TestUnique(t *testing.T) {
	t.Parallel()
	a, b := signal.Signal{ResourceID: "a"}, signal.Signal{ResourceID: "b"}
	if diff := cmp.Diff([]signal.Signal{a, b}, Unique([]signal.Signal{a, b, a, b, a})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSettleChecksAnIDThatIsAnARN(t *testing.T) {
	t.Parallel()
	s := signal.Signal{Class: "sweep", Relevant: true, ResourceType: "AWS::SNS::Topic", Account: "111122223333", Region: "eu-west-1"}
	for id, class := range map[string]string{"arn:aws:sns:eu-west-1:111122223333:t": "sweep", "arn:aws:sns:eu-west-1:444455556666:t": "invalid"} {
		s.ResourceID = id
		if got := Settle(s); got.Class != class {
			t.Errorf("%s: class %s, want %s", id, got.Class, class)
		}
	}
}
