package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
	"github.com/shoreup/shoreup/shared/localcloud/runtimeapi"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/occurrence"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const (
	region  = "eu-west-1"
	signing = "8f742231b10e8888abcd99yyyzzz85a5"
	// barClick is what a click may take of our own time, from the request to the word in the queue, in a process that has just started. What runs beside
	// the measurement makes it longer, so that the test fails only at slack times that.
	barClick = 300 * time.Millisecond
	barStart = 30 * time.Millisecond
	barRSS   = 40 << 20
	slack    = 4
)

var plan = approval.Key{Account: "111122223333", Kind: approval.Fix, ID: "01KB0000000000000000000001", Hash: strings.Repeat("0a", 32)}

// rig is the function's binary with what it needs of AWS.
type rig struct {
	binary string
	env    []string
	words  queue.Source
	sink   *slacksink.Server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	server := emulatortest.ForTest(t)
	account := emulatortest.Account(t)
	cfg := server.Config(account, region)
	session := awsapi.NewSession(cfg, account, region)
	if err := occurrence.CreateTables(t.Context(), session, "shoreup"); err != nil {
		t.Fatal(err)
	}
	r := &rig{}
	var err error
	if r.sink, err = slacksink.Start(slacksink.Options{SigningSecret: signing}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.sink.Stop() })
	vars := map[string]string{}
	script := `url = sqs:CreateQueue {"QueueName":"shoreup-words"} QueueUrl
secretsmanager:CreateSecret {"Name":"shoreup/slack","SecretString":"{\"bot_token\":\"xoxb-local\"}"}
secretsmanager:CreateSecret {"Name":"shoreup/slack-signing","SecretString":"{\"signing_secret\":\"` + signing + `\"}"}`
	if err := setup.Run(t.Context(), session, script, vars); err != nil {
		t.Fatal(err)
	}
	r.words = queue.SQS(cfg, vars["url"], "arn:aws:sqs:"+region+":"+account+":shoreup-words")
	rules := filepath.Join(t.TempDir(), "shoreup.yaml")
	if err := os.WriteFile(rules, []byte("version: 1\nslack: { team: T0HOME0001 }\npeople:\n  - { name: ada, slack: U0ADA00001 }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.env = []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_SESSION_TOKEN=" + keys.SessionToken, "AWS_ENDPOINT_URL=" + server.URL(),
		"AWS_EC2_METADATA_DISABLED=true", "SHOREUP_ACCOUNT=" + account, "SHOREUP_TABLES=shoreup", "SHOREUP_RULES=" + rules, "SHOREUP_SLACK_SECRET=shoreup/slack", "SHOREUP_SLACK_SIGNING=shoreup/slack-signing", "SHOREUP_SLACK_URL=" + r.sink.APIURL(),
		"SHOREUP_WORDS_QUEUE_URL=" + vars["url"],
	}
	binaries, err := build.Functions(t.Context(), []string{"interact"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.binary = binaries["interact"]
	return r
}

func (r *rig) start(t *testing.T) *runtimeapi.Function {
	t.Helper()
	f, err := runtimeapi.Start(t.Context(), runtimeapi.Options{Binary: r.binary, Name: "shoreup-interact", Env: r.env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Stop() })
	return f
}

// click is the event that a function URL makes of a click.
func (r *rig) click(t *testing.T, action string, at time.Time) []byte {
	t.Helper()
	headers, body, err := r.sink.Interaction(map[string]any{
		"type": "block_actions", "team": map[string]any{"id": "T0HOME0001"}, "user": map[string]any{"id": "U0ADA00001", "team_id": "T0HOME0001"}, "trigger_id": "1.2.3",
		"container": map[string]any{"type": "message", "channel_id": "C0SECURITY", "message_ts": "1.2"},
		"actions":   []any{map[string]any{"type": "button", "action_id": action, "block_id": slackapp.Block, "value": slackapp.Value(plan, 1)}},
	}, at)
	if err != nil {
		t.Fatal(err)
	}
	e := lambdaevents.LambdaFunctionURLRequest{Version: "2.0", RawPath: "/", Headers: headers, Body: string(body)}
	e.RequestContext.HTTP.Method = "POST"
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func give(t *testing.T, f *runtimeapi.Function, event []byte) int {
	t.Helper()
	raw, err := f.Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var resp lambdaevents.LambdaFunctionURLResponse
	if err := json.Unmarshal(raw, &resp); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// received are the words that were queued.
func (r *rig) received(t *testing.T) []approval.Said {
	t.Helper()
	var out []approval.Said
	for {
		got, err := r.words.Receive(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return out
		}
		for _, m := range got {
			var s approval.Said
			if err := json.Unmarshal([]byte(m.Body), &s); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
	}
}

// The function as it is deployed, from its first moment: a click is queued as a word, once; the same click again is refused by another process, too.
func TestFromClickToQueued(t *testing.T) {
	r := newRig(t)
	const starts = 5
	var clicks, inits []time.Duration
	var rss int64
	var first []byte
	for i := range starts {
		event := r.click(t, "approve", time.Now().Add(time.Duration(i)*time.Second)) // signatures differ by their time
		f := r.start(t)
		began := time.Now()
		if status := give(t, f, event); status != 200 {
			t.Fatalf("answered %d", status)
		}
		clicks = append(clicks, time.Since(began))
		stats, err := f.Stats()
		if err != nil {
			t.Fatal(err)
		}
		inits, rss = append(inits, stats.InitToNext), max(rss, stats.RSSBytes)
		if first == nil {
			first = event
		} else if status := give(t, f, first); status != 409 {
			t.Errorf("the first click again: answered %d", status)
		}
		if err := f.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	answers, refused := 0, 0
	for _, s := range r.received(t) {
		switch {
		case s.Answer != nil && s.Answer.Key == plan && s.Answer.Identity == "U0ADA00001":
			answers++
		case s.Refused != nil && s.Refused.Code == "replay":
			refused++
		}
	}
	if answers != starts || refused != 1 {
		t.Errorf("%d words and %d refused ones, want %d and 1", answers, refused, starts)
	}
	slices.Sort(clicks)
	slices.Sort(inits)
	t.Logf("from click to queued in a new process: %s (the longest %s); to its first event: %s; memory %.1f MiB", median(clicks), clicks[starts-1], median(inits), float64(rss)/(1<<20))
	if median(clicks) > slack*barClick || median(inits) > slack*barStart || rss > barRSS {
		t.Errorf("the bars are %s, %s and %d MiB", barClick, barStart, barRSS>>20)
	}
}

func median(d []time.Duration) time.Duration { return d[len(d)/2].Round(10 * time.Microsecond) }

func TestStrangersAreSentAway(t *testing.T) {
	r := newRig(t)
	f := r.start(t)
	forged := strings.Replace(string(r.click(t, "approve", time.Now())), "v0=", "v0=0", 1)
	for name, c := range map[string]struct {
		event  string
		status int
	}{
		"nothing": {"{}", 400}, "forged": {forged, 401}, "late": {string(r.click(t, "approve", time.Now().Add(-time.Hour))), 401},
		"a form without a click": {string(r.click(t, "reject", time.Now())), 502}, // Slack knows no such trigger
	} {
		if status := give(t, f, []byte(c.event)); status != c.status {
			t.Errorf("%s: answered %d, want %d", name, status, c.status)
		}
	}
	var said []string
	for _, s := range r.received(t) {
		if s.Refused == nil {
			t.Errorf("a word was passed on: %+v", s)
			continue
		}
		said = append(said, s.Refused.Code)
	}
	slices.Sort(said)
	if fmt.Sprint(said) != "[forged late malformed]" { // one of each, whoever sends them
		t.Errorf("on the record are %v", said)
	}
}

func TestMissingVariables(t *testing.T) {
	t.Setenv("SHOREUP_WORDS_QUEUE_URL", "")
	if _, err := open(context.Background()); err == nil || !strings.Contains(err.Error(), "SHOREUP_WORDS_QUEUE_URL") {
		t.Errorf("without a queue of words: %v", err)
	}
}
