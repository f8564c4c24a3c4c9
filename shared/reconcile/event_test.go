package reconcile

import (
	"encoding/json"
	"testing"
	"time"
)

const (
	member  = "111122223333"
	storage = "shoreup/shoreup-remediate-storage"
	restore = "shoreup/shoreup-restore"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// event is what CloudTrail records of a call, as far as a case says; the rest is the same in all.
type event struct {
	account, region, source, name string
	role, session, identity       string
	service, id                   string
	at                            time.Time
	params                        map[string]any
	more                          map[string]any // put over the record
}

// made is a call that the intent of [about] explains.
func made() event {
	return event{
		account: member, region: "eu-west-1", source: "s3.amazonaws.com", name: "PutBucketPublicAccessBlock", role: storage, session: "01PLAN", identity: "dana",
		id: "5b1a9f1e-1111-2222-3333-444455556666", at: noon.Add(2 * time.Second), params: map[string]any{"bucketName": "reports", "publicAccessBlock": ""},
	}
}

func (e event) with(change func(*event)) event {
	change(&e)
	return e
}

// envelope is the event as EventBridge delivers it. Its shape is that of the samples of package wirecloudtrail.
func (e event) envelope(t testing.TB) string {
	t.Helper()
	who := map[string]any{
		"type": "AssumedRole", "principalId": "AROAEXAMPLEROLEID0001:" + e.session, "accountId": member,
		"arn": "arn:aws:sts::" + member + ":assumed-role/" + e.role[len("shoreup/"):] + "/" + e.session,
		"sessionContext": map[string]any{
			"sessionIssuer":  map[string]any{"type": "Role", "arn": "arn:aws:iam::" + member + ":role/" + e.role, "accountId": member, "userName": e.role[len("shoreup/"):]},
			"sourceIdentity": e.identity,
		},
	}
	if e.service != "" {
		who["invokedBy"] = e.service
	}
	detail := map[string]any{
		"eventVersion": "1.11", "userIdentity": who, "eventTime": e.at.Format(time.RFC3339), "eventSource": e.source, "eventName": e.name, "awsRegion": e.region,
		"sourceIPAddress": "198.51.100.7", "requestParameters": e.params, "responseElements": nil, "eventID": e.id, "readOnly": false, "recipientAccountId": e.account,
	}
	for k, v := range e.more {
		detail[k] = v
	}
	raw, err := json.Marshal(map[string]any{
		"version": "0", "id": "env-" + e.id, "detail-type": "AWS API Call via CloudTrail", "source": "aws." + e.source[:len(e.source)-len(".amazonaws.com")],
		"account": e.account, "time": e.at.Format(time.RFC3339), "region": e.region, "resources": []any{}, "detail": detail,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (e event) call(t testing.TB) Call {
	t.Helper()
	c, err := Parse([]byte(e.envelope(t)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
