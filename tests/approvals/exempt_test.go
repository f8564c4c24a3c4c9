package approvals

import (
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// one is a dial that is open in eve's way, and about which people were asked.
func one(t *testing.T, c config) (*history, approval.Request) {
	t.Helper()
	h := &history{world: newWorld(t), tally: map[string]int{}}
	h.rules(c)
	h.queue = append(h.queue, h.change("open", eve))
	h.drain()
	return h, h.newest(approval.Fix)
}

// drain delivers what is queued, and what comes of it.
func (h *history) drain() {
	for len(h.queue) > 0 {
		m := h.queue[0]
		h.queue = h.queue[1:]
		if err := h.deliver(m, nil); err != nil {
			h.t.Fatalf("%s: %v", m, err)
		}
	}
}

func (h *history) newest(kind approval.Kind) approval.Request {
	h.t.Helper()
	var out approval.Request
	for _, r := range h.kept() {
		if r.Key.Kind == kind && !r.Asked.Before(out.Asked) {
			out = r
		}
	}
	if out.Key.Kind == "" {
		h.t.Fatalf("nobody was asked about a %s\n%s", kind, h)
	}
	return out
}

// says gives a person's word.
func (h *history) says(who string, v approval.Verdict, r approval.Request) {
	h.t.Helper()
	h.word(approval.Said{Answer: &approval.Answer{Key: r.Key, Round: r.Round, Verdict: v, Identity: who, Via: "cli", Why: h.tag()}}, deed{})
}

func (h *history) state(r approval.Request) approval.State {
	h.t.Helper()
	now, _, err := approval.Get(h.t.Context(), h.store, "shoreup-approvals", r.Key)
	if err != nil {
		h.t.Fatal(err)
	}
	return now.State
}

// exempted asks for an exemption and has it agreed to.
func (h *history) exempted(r approval.Request, until time.Time) approval.Request {
	h.t.Helper()
	h.model.until[r.Key.ID+"bo"] = until
	h.word(approval.Said{Exempt: &approval.Exempting{Key: r.Key, Identity: "U0BO000001", Exemption: approval.Exemption{
		Owner: "web", Reason: "press photos", Until: until,
		// What the request is about counts, and not what is said here.
		Control: "s3-bucket-public", Resource: h.elsewhere(), ARN: "arn:aws:dial:::other", Approver: "ada",
	}}}, deed{})
	x := h.newest(approval.Exempt)
	h.says("U0ADA00001", approval.Yes, x)
	return x
}

func (h *history) fine() {
	h.t.Helper()
	if found := h.model.check(); len(found) > 0 {
		h.t.Fatalf("%s\n%s", strings.Join(found, "\n"), h)
	}
}

// TestAnExemptionComesBeforeAYes: what was approved and then exempted is not written, whether the order or the event comes first; once the exemption has
// ended it is asked about anew.
func TestAnExemptionComesBeforeAYes(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"order", "sweep"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			h, r := one(t, files[0])
			h.says("U0ADA00001", approval.Yes, r)
			until := h.now.Add(48 * time.Hour)
			if x := h.exempted(r, until); h.state(x) != approval.Applied {
				t.Fatalf("the exemption is %s\n%s", h.state(x), h)
			}
			if first == "sweep" {
				h.queue = append([]message{h.sweep()}, h.queue...)
			}
			h.drain()
			if err := h.tick(nil); err != nil {
				t.Fatal(err)
			}
			if h.dial.value != "open" || h.state(r) != approval.Stale {
				t.Errorf("exempt, the dial is %s and the request %s\n%s", h.dial.value, h.state(r), h)
			}
			h.now = until.Add(-time.Millisecond)
			h.queue = append(h.queue, h.sweep())
			h.drain()
			if got := h.newest(approval.Fix); got.State != approval.Stale {
				t.Errorf("before the exemption ends there is %+v", got)
			}
			h.now = until
			h.queue = append(h.queue, h.sweep())
			h.drain()
			if got := h.newest(approval.Fix); got.State != approval.Pending || len(got.Votes) > 0 {
				t.Errorf("after it has ended there is %+v\n%s", got, h)
			}
			h.fine()
		})
	}
}

func (h *history) elsewhere() awsapi.Resource {
	return awsapi.Resource{Type: "Test::Dial", ID: "other", Account: "444455556666", Region: "us-east-1", Partition: "aws"}
}

// TestAnExemptionIsOfTheRequestsResource: whatever the asker writes about resource, control and approver, the row is the request's.
func TestAnExemptionIsOfTheRequestsResource(t *testing.T) {
	t.Parallel()
	h, r := one(t, files[0])
	h.exempted(r, h.now.Add(24*time.Hour))
	all, err := approval.Exemptions(t.Context(), h.store, "shoreup-approvals", h.account)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	if x := all[0]; x.Control != control || x.Resource != h.resource() || x.ARN != "arn:aws:dial:::dial" || x.Approver != "ada" || x.Owner != "web" {
		t.Errorf("it is %+v", x)
	}
	for name, ask := range map[string]struct{ control, id string }{"the same": {control, "dial"}, "another control": {"other", "dial"}, "another resource": {control, "dia"}} {
		where := h.resource()
		where.ID = ask.id
		_, ok, err := approval.Exempted(t.Context(), h.store, "shoreup-approvals", ask.control, where, h.now)
		if err != nil || ok != (name == "the same") {
			t.Errorf("%s: exempt %v, %v", name, ok, err)
		}
	}
	if others, err := approval.Exemptions(t.Context(), h.store, "shoreup-approvals", "444455556666"); err != nil || len(others) > 0 {
		t.Errorf("another account has %v, %v", others, err)
	}
}

// TestAnExemptionEndsWithWhatItWasAskedFor: one that was asked for while eve's change was at stake cannot be agreed to for somebody else's.
func TestAnExemptionEndsWithWhatItWasAskedFor(t *testing.T) {
	t.Parallel()
	h, r := one(t, files[0])
	h.word(approval.Said{Exempt: &approval.Exempting{Key: r.Key, Identity: "U0BO000001", Exemption: approval.Exemption{Owner: "web", Reason: "x", Until: h.now.Add(24 * time.Hour)}}}, deed{})
	x := h.newest(approval.Exempt)
	h.queue = append(h.queue, h.change("shut", eve))
	h.drain()
	h.queue = append(h.queue, h.change("open", "arn:aws:iam::111122223333:user/ada"))
	h.drain()
	h.says("U0ADA00001", approval.Yes, x)
	if h.state(x) != approval.Stale {
		t.Errorf("it is %s\n%s", h.state(x), h)
	}
	h.fine()
}

// TestAnExemptionLasts90DaysAtMost from when it is asked for; to the millisecond.
func TestAnExemptionLasts90DaysAtMost(t *testing.T) {
	t.Parallel()
	h, r := one(t, files[0])
	until := h.now.Add(approval.LongestExemption)
	if x := h.exempted(r, until); h.state(x) != approval.Applied {
		t.Fatalf("90 days are %s\n%s", h.state(x), h)
	}
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{until.Add(-time.Millisecond), true}, {until, false}, {until.Add(time.Hour), false}} {
		_, ok, err := approval.Exempted(t.Context(), h.store, "shoreup-approvals", control, h.resource(), c.at)
		if err != nil || ok != c.want {
			t.Errorf("at %s: exempt %v, %v", c.at, ok, err)
		}
	}
}

// TestAMalformedExemptionIsAnError: a row that cannot be read exempts nothing and lets nothing be written. What is new is recorded as an error; what was
// approved is not applied, and that is recorded as well. A row of something else in that place is none.
func TestAMalformedExemptionIsAnError(t *testing.T) {
	t.Parallel()
	good := `{"approver":"ada","arn":"arn:aws:dial:::dial","control":"test-dial-open","owner":"web","reason":"x","resource":{"account":"A","id":"dial","partition":"aws","region":"eu-west-1","type":"Test::Dial"},"until":"2027-01-01T00:00:00Z"}`
	for name, c := range map[string]struct {
		body  string
		wrong bool // it is an error, and not merely none
	}{
		"empty": {"", true}, "no JSON": {"{", true}, "another form": {`{"control":"test-dial-open","days":90}`, true}, "not canonical": {" " + good, true},
		"an end that is none": {strings.Replace(good, "2027-01-01T00:00:00Z", "never", 1), true}, "another control": {strings.Replace(good, control, "other", 1), false},
		"another resource": {strings.Replace(good, `"id":"dial"`, `"id":"other"`, 1), false}, "another account": {good, false},
		"over": {strings.Replace(good, "2027", "2025", 1), false}, "without an end": {strings.Replace(good, "2027-01-01", "0001-01-01", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, r := one(t, files[0])
			h.says("U0ADA00001", approval.Yes, r)
			body := c.body
			if name != "another account" {
				body = strings.Replace(body, `"account":"A"`, `"account":"`+h.account+`"`, 1)
			}
			key := "exempt#eu-west-1#Test::Dial#dial#" + control
			v := dynamodbapi.Key("account#"+h.account, key)
			v["request_body"], v["exempt_until"] = body, h.now.UnixMilli()
			h.aside(func() error {
				_, err := h.store.Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Put, Table: "shoreup-approvals", Put: v})
				return err
			})
			h.drain()
			want := map[bool]string{true: "error/error", false: "result/fixed"}[c.wrong]
			var kinds []string
			h.aside(func() error {
				all, err := h.log.List(t.Context(), h.account, 0, 0)
				for _, e := range all {
					kinds = append(kinds, string(e.Kind)+"/"+e.Outcome)
				}
				return err
			})
			if !strings.Contains(strings.Join(kinds, " "), want) || c.wrong != (h.dial.value == "open") {
				t.Errorf("the dial is %s, recorded %v; want %s", h.dial.value, kinds, want)
			}
			if !c.wrong {
				return
			}
			h.queue = append(h.queue, h.sweep()) // what is seen now is an error on record, too
			h.drain()
			if n := h.model.length(); int(n) <= len(kinds) {
				t.Errorf("the next look left no record")
			}
		})
	}
}
