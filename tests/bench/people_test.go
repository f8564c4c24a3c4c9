package bench

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// What people need in the rules file and in Slack's secrets.
const (
	signingSecret = "bench"
	team, ada     = "T00000000", "U0ADA0001"
	people        = "slack: { team: " + team + " }\npeople:\n  - { name: ada, slack: " + ada + " }\n"
	slackToken    = `{"bot_token":"xoxb-local"}`
	slackSigning  = `{"signing_secret":"` + signingSecret + `"}`
)

// decided measures the functions of which people hear or to whom they speak.
func (r *rig) decided(n size) []figures {
	r.t.Helper()
	asked := r.received("decide", 1+n.warm)
	pointers := r.singles("decide", "a plan that waits for people: kept, and people asked", asked...)
	clicks := load{"somebody's click in Slack, verified and passed on", r.clicks(1 + n.warm), 1}
	page := r.request(lambdaevents.LambdaFunctionURLRequest{Version: "2.0", RawPath: "/", RequestContext: lambdaevents.LambdaFunctionURLRequestContext{
		AccountID: r.account, HTTP: lambdaevents.LambdaFunctionURLRequestContextHTTPDescription{Method: "GET"},
		Authorizer: &lambdaevents.LambdaFunctionURLRequestContextAuthorizerDescription{IAM: &lambdaevents.LambdaFunctionURLRequestContextAuthorizerIAMDescription{
			AccountID: r.account, UserARN: "arn:aws:iam::" + r.account + ":user/bo", CallerID: "AIDABO", UserID: "AIDABO",
		}},
	}})
	return []figures{
		r.measure("decide", n, pointers.payloads[0], pointers.after(1)),
		r.measure("interact", n, clicks.payloads[0], clicks.after(1)),
		r.measure("review", n, page, load{"the review page asks what waits", slices.Repeat([][]byte{page}, n.warm), 1}),
		r.measure("report", n, []byte("{}"), load{"the whole report of those fixes and requests", slices.Repeat([][]byte{[]byte("{}")}, n.sweeps), 1}),
	}
}

// clicks are requests of Slack as a function URL hands them over, each with another trigger: an equal one is refused.
func (r *rig) clicks(n int) [][]byte {
	r.t.Helper()
	value := slackapp.Value(approval.Key{Account: r.account, Kind: approval.Fix, ID: "01KB0000000000000000000001", Hash: strings.Repeat("0a", 32)}, 1)
	var out [][]byte
	for i := range n {
		headers, body, err := r.slack.Interaction(map[string]any{
			"type": "block_actions", "team": map[string]any{"id": team}, "user": map[string]any{"id": ada, "team_id": team}, "trigger_id": fmt.Sprintf("1.2.%d", i),
			"container": map[string]any{"type": "message", "channel_id": "C0SECURITY", "message_ts": fmt.Sprintf("1.%d", i)},
			"actions":   []any{map[string]any{"type": "button", "action_id": slackapp.Approve, "block_id": slackapp.Block, "value": value}},
		}, time.Now())
		if err != nil {
			r.t.Fatal(err)
		}
		e := lambdaevents.LambdaFunctionURLRequest{Version: "2.0", RawPath: "/", Headers: headers, Body: string(body)}
		e.RequestContext.HTTP.Method = "POST"
		out = append(out, r.request(e))
	}
	return out
}

func (r *rig) request(e lambdaevents.LambdaFunctionURLRequest) []byte {
	r.t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// intents are what was recorded before each of the fixes.
func (r *rig) intents() []audit.Entry {
	r.t.Helper()
	log := audit.New(dynamodbapi.NewStore(r.session()), tables+"-"+occurrence.AuditTable, time.Now, "bench")
	all, err := log.List(r.t.Context(), r.account, 0, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e audit.Entry) bool { return e.Kind != audit.Intent })
}

// ownCalls are what CloudTrail tells of the writes of those fixes, each with the intent that explains it.
func (r *rig) ownCalls(n int) []string {
	r.t.Helper()
	var out []string
	for _, e := range r.intents() {
		_, bucket, _ := strings.Cut(e.Resource, ":::")
		role := "shoreup-remediate-storage"
		detail := map[string]any{
			"eventVersion": "1.11", "eventTime": e.Time.Add(time.Second).UTC().Format(time.RFC3339), "eventSource": "s3.amazonaws.com", "eventName": "PutBucketPublicAccessBlock", "awsRegion": region,
			"sourceIPAddress": "198.51.100.7", "requestParameters": map[string]any{"bucketName": bucket, "publicAccessBlock": ""}, "responseElements": nil,
			"eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", e.Seq), "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": r.account,
			"userIdentity": map[string]any{
				"type": "AssumedRole", "principalId": "AROAEXAMPLE:" + e.Plan, "arn": "arn:aws:sts::" + r.account + ":assumed-role/" + role + "/" + e.Plan, "accountId": r.account,
				"sessionContext": map[string]any{"sourceIdentity": "shoreup", "sessionIssuer": map[string]any{
					"type": "Role", "arn": "arn:aws:iam::" + r.account + ":role/shoreup/" + role, "accountId": r.account, "userName": role}},
			},
		}
		raw, err := json.Marshal(map[string]any{
			"version": "0", "id": detail["eventID"], "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "account": r.account, "region": region,
			"time": detail["eventTime"], "resources": []string{}, "detail": detail,
		})
		if err != nil {
			r.t.Fatal(err)
		}
		if out = append(out, string(raw)); len(out) == n {
			return out
		}
	}
	r.t.Fatalf("the log has %d intents, want %d", len(out), n)
	return nil
}
