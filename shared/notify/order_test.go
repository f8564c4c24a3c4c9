package notify

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
)

// inOrder is a desk whose messages look a request up; each look takes the next state, and the last one stays.
func inOrder(t *testing.T, states []approval.Request) *desk {
	t.Helper()
	d, looks, asked := &desk{sink: sink(t, slacksink.Options{})}, 0, false
	d.sender, _ = sender(t, Config{Token: d.sink.Token(), Channel: "C0SECURITY", APIURL: d.sink.APIURL(), AccountName: named, Buttons: true,
		Point: func(_ context.Context, p approval.Pointer) error {
			d.pointers = append(d.pointers, p)
			return nil
		},
		Latest: func(_ context.Context, k approval.Key) (approval.Request, bool, error) {
			if !asked { // nobody is asked yet when the message is sent
				return approval.Request{}, false, nil
			}
			looks++
			if len(states) == 0 {
				return approval.Request{}, false, errors.New("down")
			}
			r := states[min(looks, len(states))-1]
			return r, r.Key == k, nil
		},
	})
	d.deliver(t, bodies(t, asking())...)
	asked = true
	return d
}

func pointers(list []approval.Request) []*approval.Request {
	var out []*approval.Request
	for i := range list {
		out = append(out, &list[i])
	}
	return out
}

func round2(r *approval.Request) { r.Round, r.Asked = 2, asksAt.Add(2*time.Hour) }

func TestNewsOutOfOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		states  []approval.Request // as the request is, look by look
		news    approval.News
		sent    approval.Request
		want    string // in the message
		not     string
		thread  string // of the one message below it; empty: there is none
		changes int
	}{
		"a yes that is told after what came of it": {[]approval.Request{requestOf(voted, ended(approval.Applied, "fixed"))}, approval.Word, requestOf(voted), "*Applied*", "*Next*", "", 1},
		"what came of a yes, as it is":             {[]approval.Request{requestOf(voted, ended(approval.Applied, "fixed"))}, approval.Over, requestOf(voted, ended(approval.Applied, "fixed")), "*Applied*", "*Next*", "*Applied*", 1},
		"applied while the yes is being told": {
			[]approval.Request{requestOf(voted), requestOf(voted, ended(approval.Applied, "fixed"))}, approval.Word, requestOf(voted), "*Applied*", "*Next*", "", 2,
		},
		"a yes that is told at once":                        {[]approval.Request{requestOf(voted)}, approval.Word, requestOf(voted), "*Next*", "*Applied*", "*Approved* by `ada`", 1},
		"where the request cannot be read":                  {nil, approval.Word, requestOf(voted), "*Next*", "*Applied*", "*Approved* by `ada`", 1},
		"where the request is not known":                    {[]approval.Request{{}}, approval.Word, requestOf(voted), "*Next*", "*Applied*", "*Approved* by `ada`", 1},
		"the end of a round after which it was asked again": {[]approval.Request{requestOf(round2)}, approval.Over, requestOf(ended(approval.Stale, "the rules say report")), "Asked again", "[ Approve ]", "*Asked again*", 1},
		"a word of such a round":                            {[]approval.Request{requestOf(round2)}, approval.Word, requestOf(voted), "*Asked again* at 2026-11-22 14:00:00 UTC", "[ Approve ]", "", 1},
		"a reminder of what is decided":                     {[]approval.Request{requestOf(voted)}, approval.Reminder, requestOf(), "Waits for approval", "*Next*", "", 0},
		"a reminder of what is not decided":                 {[]approval.Request{requestOf()}, approval.Reminder, requestOf(), "Waits for approval", "*Next*", "*Half of the time is over*", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			states := append([]approval.Request{}, c.states...)
			d := inOrder(t, states)
			ts := d.pointers[0].Posted.TS
			sent := c.sent
			for _, r := range append([]*approval.Request{&sent}, pointers(states)...) {
				r.Posted, r.Shown, r.Escalate = []approval.Place{{Channel: "C0SECURITY", TS: ts}}, d.pointers[0].Posted.Shown, nil
			}
			d.deliver(t, newsOf(t, sent, c.news))
			all := d.sink.Messages()
			text := slacksink.Render(all[0])
			if !strings.Contains(text, c.want) || strings.Contains(text, c.not) || all[0].Updates != c.changes {
				t.Errorf("after %d changes the message reads\n%s", all[0].Updates, text)
			}
			switch below := all[1:]; {
			case c.thread == "" && len(below) != 0, c.thread != "" && (len(below) != 1 || !strings.Contains(below[0].Text, c.thread)):
				t.Errorf("below it is %+v", below)
			}
		})
	}
}
