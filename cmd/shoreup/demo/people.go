package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/report/text"
)

const (
	signingSecret = "demo" // of the local Slack
	// asked is what people decide about: a role that anybody may assume. It stands behind nothing else in the company.
	asked = ":role/deploy"
)

// voters are the people of the rules file who say yes, by name and Slack's id. Who caused it is in nobody's list, so that it takes two.
var voters = []struct{ name, id string }{{"ada", "U0ADA00001"}, {"bo", "U0BO000001"}}

// listen connects the local Slack with the address that the installation has for it.
func (c *cloud) listen() error {
	address, err := c.stacks.Output(mainStack, "InteractUrl")
	if err != nil {
		return err
	}
	if c.clicks, err = c.stacks.Web(address); err != nil {
		return err
	}
	return nil
}

// hear brings a click to the installation, as Slack does: a signed request from outside.
func (c *cloud) hear(ctx context.Context, headers map[string]string, body []byte) (int, []byte, error) {
	if c.clicks == nil {
		return 0, nil, errors.New("the installation does not listen to Slack yet")
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(body))
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	out := httptest.NewRecorder()
	c.clicks.ServeHTTP(out, r)
	return out.Code, out.Body.Bytes(), nil
}

// approve lets two people click Approve on one of the plans that wait, and shows what the message says afterwards.
func (r *run) approve(ctx context.Context) error {
	r.title("In Slack, two people approve one of the plans that wait: who caused it is on nobody's list, so that one is not enough")
	for i, who := range voters {
		m, err := r.cloud.question()
		if err != nil {
			return err
		}
		if err := r.cloud.slack.Press(ctx, slacksink.Click{Channel: m.Channel, TS: m.TS, Action: slackapp.Approve, User: who.id}); err != nil {
			return fmt.Errorf("%s clicks Approve: %w", who.name, err)
		}
		fmt.Fprintf(r.out(), "%s clicks Approve: %d of %d\n", who.name, i+1, len(voters))
		if err := r.cloud.settle(ctx); err != nil {
			return err
		}
	}
	entries, err := r.hub.Engine.Log.List(ctx, account, 0, 10_000)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.out())
	lines := []audit.Line{}
	for _, e := range entries {
		if strings.HasSuffix(e.Resource, asked) {
			lines = append(lines, e.Line())
		}
	}
	return text.AuditTable(r.out(), lines, r.Text)
}

// question is the message that asks.
func (c *cloud) question() (slacksink.Message, error) {
	for _, m := range slices.Backward(c.slack.Messages()) {
		if bytes.Contains(m.Blocks, []byte(`"action_id":"`+slackapp.Approve+`"`)) && strings.Contains(slacksink.Render(m), asked) {
			return m, nil
		}
	}
	return slacksink.Message{}, fmt.Errorf("nobody was asked about %s within the time; look at functions.log (%s)", asked, time.Now().Format(time.TimeOnly))
}
