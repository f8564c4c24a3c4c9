package occurrence

import (
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// An account is a partition with a section of open occurrences and one of how the last ones ended. Attribute names have an underscore,
// because DynamoDB reserves most plain words.
const (
	sectionOpen = "open#"
	sectionPast = "past#"

	// keepPast is how long it is known how an occurrence ended; the audit log knows it for ever.
	keepPast = 90 * 24 * time.Hour

	maxSortKey = 1024 // bytes, "Quotas in Amazon DynamoDB"
)

func partition(account string) string { return "account#" + account }

// key is the item of a control and a resource in a section. Control ids, types and Regions have no #, so that no two share one.
func (o Occurrence) key(section string) dynamodbapi.Values {
	sk := section + strings.Join([]string{o.Resource.Region, o.Resource.Type, o.Resource.ID, o.Control}, "#")
	if len(sk) > maxSortKey {
		sk = section + o.Resource.Region + "#sha256#" + canon.Hash([]byte(sk))
	}
	return dynamodbapi.Key(partition(o.Resource.Account), sk)
}

func (o Occurrence) values() dynamodbapi.Values {
	v := o.key(sectionOpen)
	for name, value := range map[string]any{
		"occ_id": o.ID, "occ_control": o.Control, "occ_state": string(o.State),
		"res_type": o.Resource.Type, "res_id": o.Resource.ID, "res_account": o.Resource.Account, "res_region": o.Resource.Region, "res_partition": o.Resource.Partition,
		"plan_id": o.PlanID, "plan_hash": o.PlanHash, "plan_bytes": string(o.Plan), "plan_decision": o.Decision, "plan_about": string(o.About),
		"opened_at": stamp(o.Opened), "cause_at": stamp(o.Cause), "occ_actor": o.Actor, "occ_person": o.Person, "occ_origin": o.Origin, "occ_finding": o.Finding, "occ_product": o.Product, "occ_rule": o.ConfigRule,
		"past_id": o.Past.ID, "past_outcome": o.Past.Outcome, "past_at": stamp(o.Past.Closed),
		"claim_owner": o.Owner, "claim_secret": o.claim, "claim_ends": millis(o.ClaimEnds), "claim_attempts": o.Attempts, "claim_fence": o.Fence,
	} {
		v[name] = value
	}
	return v
}

func occurrenceOf(v dynamodbapi.Values) (Occurrence, error) {
	o := Occurrence{
		ID: v.Text("occ_id"), Control: v.Text("occ_control"), State: State(v.Text("occ_state")),
		PlanID: v.Text("plan_id"), PlanHash: v.Text("plan_hash"), Decision: v.Text("plan_decision"), Plan: []byte(v.Text("plan_bytes")),
		Actor: v.Text("occ_actor"), Person: v.Text("occ_person"), Origin: v.Text("occ_origin"), Finding: v.Text("occ_finding"), Product: v.Text("occ_product"), ConfigRule: v.Text("occ_rule"), Past: pastOf(v),
		Owner: v.Text("claim_owner"), ClaimEnds: fromMillis(v.Int("claim_ends")), Attempts: v.Int("claim_attempts"), Fence: v.Int("claim_fence"),
	}
	o.Resource.Type, o.Resource.ID, o.Resource.Account = v.Text("res_type"), v.Text("res_id"), v.Text("res_account")
	o.Resource.Region, o.Resource.Partition = v.Text("res_region"), v.Text("res_partition")
	if len(o.Plan) == 0 {
		o.Plan = nil
	}
	if about := v.Text("plan_about"); about != "" {
		o.About = []byte(about)
	}
	o.Opened, o.Cause = unstamp(v.Text("opened_at")), unstamp(v.Text("cause_at"))
	switch o.State {
	case Open, Waiting, Applying:
		return o, nil
	}
	return Occurrence{}, fmt.Errorf("reading occurrence %s: %q is not a state", v.Text(dynamodbapi.SK), o.State)
}

// pastValues is what stays of a closed occurrence.
func (o Occurrence) pastValues() dynamodbapi.Values {
	v := o.key(sectionPast)
	v["past_id"], v["past_outcome"], v["past_at"], v["past_secret"] = o.ID, o.Outcome, stamp(o.ClosedAt), o.claim
	v[dynamodbapi.TTL] = o.ClosedAt.Add(keepPast).Unix()
	return v
}

func pastOf(v dynamodbapi.Values) Past {
	return Past{ID: v.Text("past_id"), Outcome: v.Text("past_outcome"), Closed: unstamp(v.Text("past_at"))}
}

// clean makes a time one that reads back equal.
func clean(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// unstamp reads what stamp wrote; anything else is no time.
func unstamp(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// millis makes a time a number, so that a condition can compare it.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
