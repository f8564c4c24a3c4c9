package approval

import (
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func pending(change ...func(*Request)) Request {
	r := Request{
		Key: Key{Account: "111122223333", Kind: Fix, ID: "occ", Hash: "h1"}, Round: 1, Cause: "sso:eve@example.com",
		Needed: 1, By: []string{"ada", "bo", "eve"}, Asked: noon, Expires: noon.Add(time.Hour), State: Pending,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func as(person string) Voter {
	return Voter{Person: person, Identity: []string{"sso:" + person + "@example.com"}, Via: "slack"}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	all := needs{by: []string{"ada", "bo", "cy", "eve"}, needed: 1}
	unknown := func(r *Request) { r.Cause = "" }
	voted := func(r *Request) { r.Votes = []Vote{{"ada", noon, "slack"}} }
	for _, c := range []struct {
		name    string
		request Request
		verdict Verdict
		who     string
		rule    needs
		after   time.Duration
		state   State  // where it counts
		code    string // where it is refused
	}{
		{"yes", pending(), Yes, "ada", all, 0, Approved, ""},
		{"no", pending(), No, "ada", all, 0, Rejected, ""},
		{"neither", pending(), "maybe", "ada", all, 0, "", "nothing"},
		{"the last moment", pending(), Yes, "ada", all, time.Hour - 1, Approved, ""},
		{"too late", pending(), Yes, "ada", all, time.Hour, "", "late"},
		{"not asked", pending(), Yes, "cy", all, 0, "", "not-permitted"},
		{"not any more", pending(), Yes, "ada", needs{by: []string{"bo"}, needed: 1}, 0, "", "not-permitted"},
		{"who caused it may not agree", pending(), Yes, "eve", all, 0, "", "four-eyes"},
		{"nor reject, which would keep it open", pending(), No, "eve", all, 0, "", "four-eyes"},
		{"capitals make no other person", pending(func(r *Request) { r.Cause = "sso:Ada@Example.com" }), Yes, "ada", all, 0, "", "four-eyes"},
		{"who asked for it may not agree", pending(func(r *Request) { r.Requester = "ada" }), Yes, "ada", all, 0, "", "four-eyes"},
		{"but may take it back", pending(func(r *Request) { r.Requester = "ada" }), No, "ada", all, 0, Rejected, ""},
		{"one of two, since nobody knows who caused it", pending(unknown), Yes, "ada", all, 0, Pending, ""},
		{"two of two", pending(unknown, voted), Yes, "bo", all, 0, Approved, ""},
		{"twice the same is one", pending(unknown, voted), Yes, "ada", all, 0, "", "again"},
		{"a yes of somebody who may not any more does not count", pending(unknown, voted), Yes, "bo", needs{by: []string{"bo", "eve"}, needed: 1}, 0, Pending, ""},
		{"the rules ask for more by now", pending(), Yes, "ada", needs{by: all.by, needed: 2}, 0, Pending, ""},
		{"rejecting what one approved", pending(unknown, voted), No, "ada", all, 0, Rejected, ""},
		{"approved already", pending(func(r *Request) { r.State = Approved }), Yes, "bo", all, 0, "", "ended"},
		{"rejected before it is applied", pending(func(r *Request) { r.State = Approved }), No, "bo", all, 0, Rejected, ""},
		{"lifting needs one besides who asked", pending(func(r *Request) { r.Key.Kind, r.Cause, r.Requester = Lift, "", "ada" }), Yes, "bo", all, 0, Approved, ""},
		{"people are changed by two", pending(unknown, func(r *Request) { r.Key.Kind = People }), Yes, "ada", all, 0, Pending, ""},
		{"unless there is only one", pending(unknown, func(r *Request) { r.Key.Kind = People }), Yes, "ada", needs{by: []string{"ada"}, needed: 1}, 0, Approved, ""},
	} {
		got, no := decide(c.request, c.verdict, as(c.who), "", c.rule, noon.Add(c.after))
		if no != nil && no.Code != c.code || no == nil && (c.code != "" || got.State != c.state) {
			t.Errorf("%s: got %s, %v; want %s%s", c.name, got.State, no, c.state, c.code)
		}
		if no != nil && (got.State != c.request.State || len(got.Votes) != len(c.request.Votes)) {
			t.Errorf("%s: it was refused and changed the request to %+v", c.name, got)
		}
	}
}

// Nothing that has ended can be decided, or ended another way.
func TestEndsAreFinal(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Rejected, Expired, Stale, Superseded, Applied} {
		r := pending(func(r *Request) { r.State = state })
		for _, v := range []Verdict{Yes, No} {
			if got, no := decide(r, v, as("ada"), "", needs{by: r.By, needed: 1}, noon); no == nil || got.State != state {
				t.Errorf("%s and then %s: %s, %v", state, v, got.State, no)
			}
		}
		for _, next := range []State{Rejected, Expired, Stale, Superseded, Applied} {
			if got, ok := end(r, next, "", noon); ok || got.State != state {
				t.Errorf("%s became %s", state, got.State)
			}
		}
	}
	if _, ok := end(pending(), Applied, "", noon); ok {
		t.Error("what nobody approved was applied")
	}
}

func TestDecideDoesNotShareVotes(t *testing.T) {
	t.Parallel()
	r := pending(func(r *Request) { r.Cause = ""; r.Votes = slices.Grow(r.Votes, 4) })
	one, _ := decide(r, Yes, as("ada"), "", needs{by: r.By, needed: 2}, noon)
	two, _ := decide(r, Yes, as("bo"), "", needs{by: r.By, needed: 2}, noon)
	if one.Votes[0].Person != "ada" || two.Votes[0].Person != "bo" {
		t.Errorf("the votes are one list: %v, %v", one.Votes, two.Votes)
	}
}

func TestIdentityOf(t *testing.T) {
	t.Parallel()
	const sso = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef"
	for _, c := range []struct {
		name string
		who  Caller
		want string
	}{
		{"IAM user", Caller{ARN: "arn:aws:iam::111122223333:user/ops/ada", Issuer: "arn:aws:iam::111122223333:user/ops/ada"}, "arn:aws:iam::111122223333:user/ops/ada"},
		{"Identity Center", Caller{ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada@example.com", Issuer: sso}, "sso:ada@example.com"},
		{"source identity", Caller{ARN: "arn:aws:sts::111122223333:assumed-role/admin/whatever", Issuer: "arn:aws:iam::111122223333:role/admin", SourceIdentity: "ada"}, "source:ada"},
		{"a session name that the caller chose", Caller{ARN: "arn:aws:sts::111122223333:assumed-role/admin/ada@example.com", Issuer: "arn:aws:iam::111122223333:role/admin"}, ""},
		{"a role that is only named like one of Identity Center", Caller{ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada@example.com", Issuer: "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_0123456789abcdef"}, ""},
		{"without an issuer", Caller{ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada@example.com"}, ""},
		{"root", Caller{ARN: "arn:aws:iam::111122223333:root", Issuer: "arn:aws:iam::111122223333:root"}, ""},
		{"a service", Caller{Issuer: "cloudformation.amazonaws.com"}, ""},
		{"a federated user", Caller{ARN: "arn:aws:sts::111122223333:federated-user/ada"}, ""},
		{"on behalf of a user", Caller{UserID: "544894e8-80c1-707f-60e3-3ba6510dfac1"}, "sso:544894e8-80c1-707f-60e3-3ba6510dfac1"},
		{"nobody", Caller{}, ""},
	} {
		if got := IdentityOf(c.who); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
