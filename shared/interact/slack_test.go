package interact_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestASecretIsReadOnce(t *testing.T) {
	t.Parallel()
	now, reads := noon, 0
	text, fail := `{"signing_secret":"one"}`, error(nil)
	s := &interact.Secret[string]{Now: func() time.Time { return now }, Load: func(context.Context) (string, error) { reads++; return text, fail }, Parse: slackapp.ParseSigning}
	for _, c := range []struct {
		after time.Duration
		text  string
		fail  error
		want  string
		reads int
	}{
		{0, text, nil, "one", 1}, {14 * time.Minute, `{"signing_secret":"two"}`, nil, "one", 1}, {2 * time.Minute, `{"signing_secret":"two"}`, nil, "two", 2},
		{time.Hour, "", errors.New("down"), "two", 3}, {0, "{}", nil, "two", 4},
	} {
		now, text, fail = now.Add(c.after), c.text, c.fail
		if got, err := s.Get(t.Context()); got != c.want || err != nil || reads != c.reads {
			t.Errorf("after %s: %q, %v, %d reads; want %q and %d", c.after, got, err, reads, c.want, c.reads)
		}
	}
	for name, load := range map[string]func(context.Context) (string, error){
		"that was never read": func(context.Context) (string, error) { return "", errors.New("down") },
		"with a token in it":  func(context.Context) (string, error) { return `{"bot_token":"xoxb-1","signing_secret":"one"}`, nil },
	} {
		fresh := &interact.Secret[string]{Now: time.Now, Load: load, Parse: slackapp.ParseSigning}
		if got, err := fresh.Get(t.Context()); err == nil || got != "" {
			t.Errorf("a secret %s is %q", name, got)
		}
	}
}

// A person clicks, fills in the form, and the word arrives: the whole way through the strict stand-in for Slack.
func TestFormsOpenInSlack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules(t, strings.Replace(people, team, "T00000000", 1))
	w.handler.Now = time.Now
	sink, err := slacksink.Start(slacksink.Options{SigningSecret: secret, Deliver: func(_ context.Context, headers map[string]string, body []byte) (int, []byte, error) {
		r := interact.Request{Version: "2.0", Headers: headers, Body: string(body)}
		r.RequestContext.HTTP.Method = "POST"
		resp := w.give(t, r)
		return resp.StatusCode, []byte(resp.Body), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Stop() })
	token := &interact.Secret[slackapp.Secret]{Now: time.Now, Load: func(context.Context) (string, error) { return sink.Token(), nil }, Parse: slackapp.ParseSecret}
	w.handler.Show = interact.Views{Secret: token, URL: sink.APIURL(), Client: http.DefaultClient}.Open
	place := post(t, sink, slackapp.Value(plan, 1))
	for _, c := range []struct {
		action string
		values map[string]string
		wrong  string
	}{{"reject", map[string]string{"reason": "it is wanted"}, ""}, {"exempt", map[string]string{"reason": "photos", "owner": "web"}, ""}, {"exempt", map[string]string{"reason": "photos", "owner": "web", "until": "2020-01-01"}, "until"}} {
		w.said = nil
		if err := sink.Press(t.Context(), slacksink.Click{Channel: channel, TS: place, Action: c.action, User: ada}); err != nil {
			t.Fatal(err, sink.Refused())
		}
		views := sink.Views()
		wrong, err := sink.Submit(t.Context(), views[len(views)-1], c.values)
		if err != nil || (wrong[c.wrong] == "") != (c.wrong == "") {
			t.Errorf("%s: %v, %v", c.action, wrong, err)
		}
		if len(w.said) != 1 || (w.said[0].Refused != nil) != (c.wrong != "") {
			t.Errorf("%s: said %+v", c.action, w.said)
		}
	}
	// A click of a stranger is shown to have failed.
	err = sink.Press(t.Context(), slacksink.Click{Channel: channel, TS: place, Action: "approve", User: ada, UserTeam: "T0OTHER001"})
	if !errors.Is(err, slacksink.ErrAnswered) || !strings.Contains(err.Error(), "403") {
		t.Errorf("a stranger's click: %v", err)
	}
	if err := w.handler.Show(t.Context(), "1.2.3", w.formOf("reject")); err == nil || strings.Contains(err.Error(), "xoxb") {
		t.Errorf("a form without a click: %v", err)
	}
}

// formOf is a form as it is shown, with the fake's help.
func (w *world) formOf(id string) interact.Form {
	return interact.Form{Type: "modal", Callback: id}
}

func post(t *testing.T, sink *slacksink.Server, value string) string {
	t.Helper()
	button := func(id string) string {
		return `{"type":"button","action_id":"` + id + `","value":"` + value + `","text":{"type":"plain_text","text":"x"}}`
	}
	body := `{"channel":"` + channel + `","text":"x","blocks":[{"type":"actions","block_id":"decide","elements":[` + button("approve") + "," + button("reject") + "," + button("exempt") + `]}]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sink.APIURL()+"chat.postMessage", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+sink.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(sink.Messages()) != 1 {
		t.Fatal(sink.Refused())
	}
	return sink.Messages()[0].TS
}

// The table remembers, for everybody, and a write whose answer is lost is not taken for somebody else's.
func TestOnce(t *testing.T) {
	t.Parallel()
	cloud := tabletest.New(t)
	n := 0
	once := func() func(context.Context, string, time.Time) (bool, error) {
		return interact.Once(cloud.Store(), cloud.Table(occurrence.StateTable), func() string { n++; return strings.Repeat("x", n) })
	}
	one, other := once(), once()
	for i, c := range []struct {
		ask  func(context.Context, string, time.Time) (bool, error)
		id   string
		want bool
	}{{one, "a", true}, {one, "a", false}, {other, "a", false}, {other, "b", true}, {one, "b", false}} {
		if got, err := c.ask(t.Context(), c.id, noon); got != c.want || err != nil {
			t.Errorf("%d: %v, %v", i, got, err)
		}
	}
	lost := true
	cloud.Fail(func(string) tabletest.Fault {
		if lost {
			lost = false
			return tabletest.AnswerLost
		}
		return tabletest.None
	})
	if got, err := one(t.Context(), "c", noon); !got || err != nil {
		t.Errorf("after a lost answer: %v, %v", got, err)
	}
	cloud.Fail(func(string) tabletest.Fault { return tabletest.Lost })
	if got, err := one(t.Context(), "d", noon); got || err == nil {
		t.Errorf("without a table: %v, %v", got, err)
	}
}
