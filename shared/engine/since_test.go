package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

const askAll = "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n"

// by is an event of a user's.
func (r rig) by(user string, at time.Time) signal.Signal {
	s := r.signal()
	s.Actor, s.Time, s.EventID = signal.Actor{ARN: "arn:aws:iam::" + r.cloud.Session.Account + ":user/" + user}, at, "e-"+user
	return s
}

// A plan that takes the place of another counts from the first cause, and people are told all who had a hand in it; the record has each cause alone.
func TestTheFirstCauseCountsForTheNextPlan(t *testing.T) {
	t.Parallel()
	r := newRig(t, askAll)
	r.setup(publicBucket)
	first := time.Now().Add(-10 * time.Minute).UTC().Truncate(time.Second)
	r.settle(r.by("eve", first))
	r.setup(`s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}`)
	f := r.settle(r.by("bo", first.Add(5*time.Minute)))
	account := r.cloud.Session.Account
	if want := fmt.Sprintf("arn:aws:iam::%s:user/eve arn:aws:iam::%[1]s:user/bo", account); f.Cause.Person != want || !f.Since.Equal(first) {
		t.Errorf("caused by %q since %s, want %q since %s", f.Cause.Person, f.Since, want, first)
	}
	told := *r.told
	if last := told[len(told)-1]; len(told) != 2 || last.Cause.Person != f.Cause.Person || !last.Since.Equal(first) {
		t.Errorf("told %+v", last)
	}
	entries, err := r.Log.List(t.Context(), account, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].Kind == audit.Plan {
			var d struct{ Cause core.Cause }
			if err := json.Unmarshal(entries[i].Detail, &d); err != nil || d.Cause.Person != "arn:aws:iam::"+account+":user/bo" {
				t.Errorf("recorded %+v, %v", d, err)
			}
			break
		}
	}
}

// The deciding function is told of a click for what waits already, and of a decision that asks nobody any more.
func TestWhomTheDecidingFunctionIsPointedTo(t *testing.T) {
	t.Parallel()
	r := newRig(t, askAll)
	r.setup(publicBucket)
	var clicks []time.Time
	r.Ask = func(_ context.Context, _ string, _ awsapi.Resource, clicked time.Time) error {
		clicks = append(clicks, clicked)
		return nil
	}
	file, err := rules.Load([]byte("version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: report }\n"))
	if err != nil {
		t.Fatal(err)
	}
	click := r.picked(signal.AskedFix)
	click.Time = click.Time.Add(time.Minute)
	for i, c := range []struct {
		do   func()
		want []time.Time
	}{
		{func() { r.settle(r.signal()) }, []time.Time{{}}}, {func() { r.settle(r.signal()) }, nil}, {func() { r.settle(r.picked("")) }, nil},
		{func() { r.settle(r.picked(signal.AskedPlan)) }, nil}, {func() { r.settle(click) }, []time.Time{click.Time}},
		{func() { r.Rules = func(context.Context) *rules.File { return file }; r.settle(r.signal()) }, []time.Time{{}}},
		{func() { r.settle(r.signal()) }, nil}, {func() { r.settle(click) }, nil},
	} {
		clicks = nil
		if c.do(); len(clicks) != len(c.want) || len(clicks) > 0 && !clicks[0].Equal(c.want[0]) {
			t.Errorf("%d: pointed %v, want %v", i, clicks, c.want)
		}
	}
}
