package interact_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

// Strangers are on the record once a minute and kind, however many they are and however many processes hear them, and the metric counts each.
func TestStrangersCannotFillTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := formOf(t, click("approve", slackapp.Value(plan, 1)))
	forged := signed(good, noon)
	forged.Headers["x-slack-signature"] = "v0=" + strings.Repeat("0", 64)
	get := signed(good, noon)
	get.RequestContext.HTTP.Method = "GET"
	large := signed(strings.Repeat("a", 400<<10), noon)
	codes := func() string {
		var out []string
		for _, s := range w.said {
			out = append(out, s.Refused.Code)
		}
		w.said = nil
		return fmt.Sprint(out)
	}
	looks, once := 0, w.handler.Once
	w.handler.Once = func(ctx context.Context, id string, until time.Time) (bool, error) {
		looks++
		return once(ctx, id, until)
	}
	for range 50 {
		for _, r := range []interact.Request{forged, get, large} {
			w.give(t, r)
		}
	}
	if got := codes(); got != "[forged malformed oversized]" || w.counts[interact.Forged] != 150 || looks != 3 {
		t.Errorf("on the record are %s, counted %v, the table was asked %d times", got, w.counts, looks)
	}
	another := *w // another process, which shares the table alone
	another.handler = newWorld(t).handler
	another.handler.Once, another.handler.Say = w.handler.Once, w.handler.Say
	another.give(t, forged)
	if got := codes(); got != "[]" {
		t.Errorf("another process records %s", got)
	}
	w.now = noon.Add(time.Minute)
	w.give(t, forged)
	w.give(t, forged)
	if got := codes(); got != "[forged]" {
		t.Errorf("in the next minute: %s", got)
	}
	forged.RequestContext.HTTP.SourceIP = "<!channel> of nowhere"
	w.now = noon.Add(2 * time.Minute)
	w.give(t, forged)
	if u := w.said[0].Refused; u.Identity != "an unknown address" || u.Why != "not signed (signature); more of this kind within the minute to 12:03:00 UTC are counted by the metric SlackForged alone" {
		t.Errorf("%+v", u)
	}
	w.said, w.now, w.failing = nil, noon.Add(3*time.Minute), errors.New("down")
	if resp := w.give(t, forged); resp.StatusCode != 401 || len(w.said) != 0 {
		t.Errorf("without the table: %d, %+v", resp.StatusCode, w.said)
	}
}

// A member id names a person within our workspace alone: from elsewhere it is recorded as nobody's, whoever has that id here.
func TestAStrangerHasNoMembersName(t *testing.T) {
	t.Parallel()
	const want = ada + " of workspace T0FOREIGN1"
	foreign := at(t, click("approve", slackapp.Value(plan, 1)), "user.team_id", "T0FOREIGN1")
	w := newWorld(t)
	r := signed(formOf(t, foreign), noon)
	for _, code := range []string{"stranger", "replay"} {
		w.said = nil
		w.give(t, r)
		if u := w.said[0].Refused; u.Code != code || u.Identity != want {
			t.Errorf("%+v, want a %s by %s", u, code, want)
		}
	}
	w = newWorld(t)
	w.now = noon.Add(time.Hour)
	w.give(t, r)
	if u := w.said[0].Refused; u.Code != "late" || u.Identity != want {
		t.Errorf("%+v", u)
	}
	w = newWorld(t)
	w.rules(t, "version: 1\n")
	w.give(t, signed(formOf(t, click("approve", slackapp.Value(plan, 1))), noon))
	if u := w.said[0].Refused; u.Code != "stranger" || u.Identity != ada+" of workspace "+team {
		t.Errorf("without a workspace of ours: %+v", u)
	}
}
